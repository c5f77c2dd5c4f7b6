"""Names of classes on a map, each where its class is densest."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from scipy.ndimage import gaussian_filter

from spasne_tools.plotting.class_colours import Looks

NAME_SIZE = 7.0  # points
CELLS = 48  # of a grid over the map, on each side
BLUR = 1.5  # standard deviation of the density, in cells
DENSE_ENOUGH = (
    0.6  # of a class's largest density: where its name may stand, too, if others leave no room there
)
GREY = "#4d4d4d"


def write_names(
    ax: Axes,
    points: np.ndarray,
    labels: pd.Series,
    looks: Looks,
    font_size: float | str | None,
    panel_size: np.ndarray,
) -> None:
    """Each class's name where the class is dense and other names leave room, else moved up or down.

    `panel_size` is the width and height of the panel in points.
    """
    size = FontProperties(size=font_size or NAME_SIZE).get_size_in_points()
    classes = labels.astype(object).to_numpy()
    present = [name for name in looks if (classes == name).any()]
    if not present:
        return
    texts = [str(name) for name in present]
    low, extent = points.min(axis=0), np.where(np.ptp(points, axis=0) > 0, np.ptp(points, axis=0), 1)
    points_per_unit = (panel_size / extent).min()
    half = size * np.array([(0.3 * len(text), 0.7) for text in texts])
    members = [points[classes == name] for name in present]
    middle = _dense_places(members, low, extent, half / points_per_unit)
    shift = _push_apart(middle * points_per_unit, half)
    for text, at, up in zip(texts, middle, shift, strict=True):
        ax.annotate(
            text, at, (0, up), textcoords="offset points", ha="center", va="center", fontsize=size,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white", alpha=0.85)],
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": GREY} if abs(up) > size else None,
        )  # fmt: skip


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
