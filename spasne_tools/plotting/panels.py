"""The panels of a row: the tissue, where there is one, and each map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from spasne_tools.plotting.layers import Layer
from spasne_tools.plotting.plane import plane
from spasne_tools.plotting.style import GREY, Style
from spasne_tools.plotting.tissue import Tissue, draw_tissue, view_of
from spasne_tools.validation import MatrixLike

PANEL_HEIGHT = 3.6  # inches
PANEL_WIDTHS = (1.6, 6.0)  # inches: narrowest and widest panel that a tissue's shape may ask for
LARGEST_VECTOR = 3_000  # points; more are drawn as pixels in vector formats
# Share of a panel's area that its markers would cover without overlap: few points, and many.
TISSUE_COVER, MAP_COVER = (0.62, 1.3), (0.32, 0.6)
MARKER_AREAS = (0.15, 42.0)  # points^2
SCANPY_DOT = 4  # scanpy draws "." of matplotlib, which has a quarter of the area that its size says
MAP_MARGIN = 0.04  # around a map, share of its extent
SCORE_HEIGHT = 18  # points between a panel and its title, for a line of scores
FRAME_COLOUR = "#bfbfbf"

Scores = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Panel:
    """Points (n, 2) to draw, the tissue that they are where it is no map, and their size in scanpy's unit.

    Without a size the points cover a good part of the panel; `Style.size` goes before both.
    """

    title: str
    points: np.ndarray
    tissue: Tissue | None = None
    size: float | None = None

    @property
    def width(self) -> float:
        """Inches: a tissue is as wide as its shape asks for, a map is square."""
        if self.tissue is None:
            return PANEL_HEIGHT
        left, right, top, bottom = view_of(self.tissue)
        return float(np.clip(PANEL_HEIGHT * abs((right - left) / (bottom - top)), *PANEL_WIDTHS))


def make_panels(
    maps: MatrixLike | Mapping[str, MatrixLike] | None, tissue: Tissue | None, axes: tuple[int, int], n: int
) -> list[Panel]:
    """The tissue, where there is one, and each map; ValueError unless all have n rows."""
    if maps is None:
        maps = {}
    elif not isinstance(maps, Mapping):
        maps = {"Map": maps}
    if not maps and tissue is None:
        raise ValueError("expected at least one map, or pixels, found none")
    panels = [] if tissue is None else [Panel("Tissue", tissue.points, tissue)]
    panels += [Panel(str(title), plane(Y, axes, f"map {title!r}")) for title, Y in maps.items()]
    for panel in panels:
        if len(panel.points) != n:
            name = "pixels" if panel.tissue is not None else f"map {panel.title!r}"
            raise ValueError(f"expected {n} rows in {name}, one per colour, found {len(panel.points)}")
    return panels


def size_in_points(ax: Axes | None, panel: Panel, style: Style) -> np.ndarray:
    """Width and height of the panel: that of the axes given, or that for which the layout will make room."""
    if style.ax is None or ax is None:
        return 72 * np.array([panel.width, PANEL_HEIGHT])
    return np.array([ax.bbox.width, ax.bbox.height]) * 72 / ax.figure.dpi


def draw_panel(ax: Axes, panel: Panel, layers: Sequence[Layer], style: Style, scores: Scores | None) -> None:
    """Points, what the tissue shows under and beside them, and the title."""
    n = len(panel.points)
    size = style.size or panel.size
    room, in_tissue = size_in_points(ax, panel, style), panel.tissue is not None
    area = size / SCANPY_DOT if size else _marker_area(n, room, in_tissue)
    for layer in layers:
        x, y = panel.points[layer.rows].T
        ax.scatter(
            x, y, s=area, linewidths=0, rasterized=n > LARGEST_VECTOR,
            alpha=None if style.alpha == 1 else style.alpha, **layer.style,
        )  # fmt: skip
    if panel.tissue is not None:
        draw_tissue(ax, panel.tissue)
    else:
        middle, half = _square_around(panel.points)
        ax.set_xlim(middle[0] - half, middle[0] + half)
        ax.set_ylim(middle[1] - half, middle[1] + half)
    ax.set_aspect("equal", adjustable="box")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set(linewidth=0.6, color=FRAME_COLOUR, visible=style.frameon)
    of_panel = None if scores is None else scores.get(panel.title, {})
    ax.set_title(
        panel.title, fontsize=11, fontweight="bold", loc="left", pad=6 if of_panel is None else SCORE_HEIGHT
    )
    if of_panel is not None:
        ax.annotate(
            _score_text(of_panel), (0, 1), (0, 5), "axes fraction", "offset points", fontsize=9, color=GREY
        )


def _square_around(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Middle and half the side of a square that holds all points, and a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, float((high - low).max()) * (0.5 + MAP_MARGIN) or 1.0


def _marker_area(n: int, size: np.ndarray, tissue: bool) -> float:
    """Area of a marker in points^2, so that n of them are neither lost nor a blot in a panel of that size."""
    cover = (TISSUE_COVER if tissue else MAP_COVER)[n > LARGEST_VECTOR]
    return float(np.clip(cover * size.prod() / n, *MARKER_AREAS))


def _score_text(scores: Mapping[str, float]) -> str:
    """r1 = 0.66, r2 = 0.72, s = 0.00, kept = 0.42: two digits, and no minus before a zero."""
    symbols = {"r1": "$r_1$", "r2": "$r_2$", "s": "$s$", "kept": "kept"}
    return ", ".join(
        f"{symbols[name]} = {round(float(scores[name]), 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")
        for name in symbols
        if name in scores
    )
