"""Names of classes on a map, each where its class is densest; numbers, where names would crowd it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from scipy.ndimage import gaussian_filter

from spasne_tools.plotting.style import GREY

NAME_SIZE = 7.0  # points
CELLS = 48  # of a grid over the map, on each side
BLUR = 1.5  # standard deviation of the density, in cells
# Of a class's largest density: where its name may stand, too, if others leave no room there.
DENSE_ENOUGH = 0.6
MOST_COVERED = 0.25  # of a panel, by names; more would hide what they name

FontSize = float | str | None


def names_crowd(texts: Sequence[str], font_size: FontSize, panel_size: np.ndarray) -> bool:
    """Whether these are too much text for a panel of that width and height (points)."""
    half = _half_sizes(texts, _points_of(font_size))
    return bool(4 * half.prod(axis=1).sum() > MOST_COVERED * panel_size.prod())


def write_names(
    ax: Axes,
    points: np.ndarray,
    labels: pd.Series,
    written: Mapping[Any, str],
    font_size: FontSize,
    panel_size: np.ndarray,
) -> None:
    """What is `written` for each class where the class is dense and others leave room, else moved up or down.

    `panel_size` is the width and height of the panel in points.
    """
    size = _points_of(font_size)
    classes = labels.astype(object).to_numpy()
    present = [name for name in written if (classes == name).any()]
    if not present:
        return
    texts = [written[name] for name in present]
    low, extent = points.min(axis=0), np.where(np.ptp(points, axis=0) > 0, np.ptp(points, axis=0), 1)
    points_per_unit = (panel_size / extent).min()
    half = _half_sizes(texts, size)
    members = [points[classes == name] for name in present]
    middle = _dense_places(members, low, extent, half / points_per_unit)
    centres = (middle - low - extent / 2) * points_per_unit
    room = np.maximum(panel_size[0] / 2 - half[:, 0], 0)
    aside = np.clip(centres[:, 0], -room, room) - centres[:, 0]  # within the panel
    centres[:, 0] += aside
    shifts = np.column_stack([aside, _push_apart(centres, half)])
    for text, at, shift in zip(texts, middle, shifts, strict=True):
        ax.annotate(
            text, at, shift, textcoords="offset points", ha="center", va="center", fontsize=size,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white", alpha=0.85)],
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": GREY} if abs(shift[1]) > size else None,
        )  # fmt: skip


def _points_of(font_size: FontSize) -> float:
    return FontProperties(size=font_size or NAME_SIZE).get_size_in_points()


def _half_sizes(texts: Sequence[str], size: float) -> np.ndarray:
    """Half the width and height of each text, points, about."""
    return size * np.array([(0.3 * len(text), 0.7) for text in texts])


def _dense_places(
    members: list[np.ndarray], low: np.ndarray, extent: np.ndarray, half: np.ndarray
) -> np.ndarray:
    """A point of each class: where it is densest, or nearly, and its box hits none that was set before.

    Classes with the fewest places to choose from are set first.
    """
    candidates = [_candidates(points, low, extent) for points in members]
    places = np.empty((len(members), 2))
    done: list[int] = []
    for i in sorted(range(len(members)), key=lambda i: len(candidates[i])):
        places[i] = candidates[i][0]
        for place in candidates[i]:
            apart = np.abs(places[done] - place)
            if not (apart < half[done] + half[i]).all(axis=1).any():
                places[i] = place
                break
        done.append(i)
    return places


def _candidates(points: np.ndarray, low: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Points of the class where it is dense enough, one for each cell of the grid, the densest first."""
    cells = np.minimum((points - low) / extent * CELLS, CELLS - 1).astype(int)
    counts = np.zeros((CELLS, CELLS))
    np.add.at(counts, tuple(cells.T), 1)
    density = gaussian_filter(counts, BLUR, mode="constant")
    numbers, first = np.unique(np.ravel_multi_index(cells.T, counts.shape), return_index=True)
    dense = density.ravel()[numbers]
    order = np.argsort(-dense, kind="stable")
    chosen = order[dense[order] >= DENSE_ENOUGH * dense.max()]
    return points[first[chosen]]


def _push_apart(centres: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Vertical shifts after which boxes of given half sizes hardly overlap."""
    at = centres.copy()
    earlier = np.sign(np.subtract.outer(np.arange(len(at)), np.arange(len(at))))
    for _ in range(200):
        apart = at[:, None] - at[None]
        overlap = (half[:, None] + half[None]) - np.abs(apart)
        overlap[np.arange(len(at)), np.arange(len(at))] = 0
        both = (overlap > 0).all(axis=2)
        if not both.any():
            break
        direction = np.where(apart[..., 1] == 0, earlier, np.sign(apart[..., 1]))
        at[:, 1] += 0.3 * np.where(both, overlap[..., 1] * direction, 0).sum(axis=1)
    return at[:, 1] - centres[:, 1]
