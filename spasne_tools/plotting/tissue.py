"""What lies under and beside the points of a tissue: its image, the names of its sections, a scale bar."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from spasne_tools.plotting.plane import plane
from spasne_tools.plotting.scale_bar import Scale, draw_scale_bar
from spasne_tools.plotting.sections import section_shifts
from spasne_tools.plotting.style import GREY
from spasne_tools.validation import MatrixLike

MARGIN = 0.03  # around the points, share of their extent
NAME_ROOM = 0.06  # above the points where sections are named, share of their height


@dataclass(frozen=True)
class TissueImage:
    """An image (height, width, 3 or 4) and where it lies in the positions: left, right, top, bottom."""

    pixels: np.ndarray
    extent: tuple[float, float, float, float]


@dataclass(frozen=True)
class Tissue:
    """Positions (n, 2) and what is drawn with them.

    ``names`` holds the middle and the top of each section; ``crop`` is left, right, top, bottom in the
    positions. With an image, or `downwards`, y grows downwards.
    """

    points: np.ndarray
    downwards: bool = True
    images: tuple[TissueImage, ...] = ()
    image_alpha: float = 1.0
    names: dict[str, tuple[float, float]] = field(default_factory=dict)
    crop: tuple[float, float, float, float] | None = None
    scale: Scale | None = None


def make_tissue(
    pixels: MatrixLike,
    sections: Any = None,
    images: dict[Any, TissueImage] | None = None,
    **options: Any,
) -> Tissue:
    """The tissue of `pixels`; with `sections` these stand side by side, each with its name and its image.

    `images` go by section, the only one by None; `options` are the other attributes of `Tissue`.
    """
    points, images = plane(pixels, (0, 1), "pixels"), images or {}
    if sections is None:
        return Tissue(points, images=tuple(images.values()), **options)
    points, names, moved = points.copy(), {}, []
    for name, (part, shift) in section_shifts(points, sections).items():
        points[part] += shift
        x, y = points[part].T
        top = y.min() if options.get("downwards", True) else y.max()
        names[str(name)] = (float(x.min() + x.max()) / 2, float(top))
        if name in images:
            moved.append(_moved(images[name], shift))
    return Tissue(points, images=tuple(moved), names=names, **options)


def _moved(image: TissueImage, shift: np.ndarray) -> TissueImage:
    left, right, top, bottom = image.extent
    return TissueImage(image.pixels, (left + shift[0], right + shift[0], top + shift[1], bottom + shift[1]))


def draw_tissue(ax: Axes, tissue: Tissue) -> None:
    """All but the points: which part is shown, which way is up, images, names of sections, scale bar."""
    left, right, top, bottom = view_of(tissue)
    for image in tissue.images:
        # matplotlib's extent ends with bottom and top; rows of an image go down from its top.
        extent = (*image.extent[:2], image.extent[3], image.extent[2])
        ax.imshow(
            image.pixels, extent=extent, alpha=tissue.image_alpha, zorder=0, interpolation="antialiased"
        )
    ax.set_xlim(left, right)
    ax.set_ylim(*((bottom, top) if tissue.downwards else (top, bottom)))
    for name, at in tissue.names.items():
        ax.annotate(
            name, at, (0, 3), textcoords="offset points", ha="center", va="bottom", fontsize=8, color=GREY
        )
    if tissue.scale is not None:
        draw_scale_bar(ax, tissue.scale, right - left)


def view_of(tissue: Tissue) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of what is shown: the crop, else the points and a margin."""
    if tissue.crop is not None:
        return tissue.crop
    low, high = tissue.points.min(axis=0), tissue.points.max(axis=0)
    margin = MARGIN * float((high - low).max()) or 1.0
    over = NAME_ROOM * (high[1] - low[1]) if tissue.names else 0.0
    above, below = (over, 0.0) if tissue.downwards else (0.0, over)
    return (
        float(low[0] - margin), float(high[0] + margin),
        float(low[1] - margin - above), float(high[1] + margin + below),
    )  # fmt: skip
