"""What is drawn of the points, in which order and with which looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import Colormap, Normalize, to_rgba_array

from spasne_tools.plotting.class_colours import MARKERS, Looks


@dataclass(frozen=True)
class Layer:
    """Rows to draw, the last on top, and their looks as keywords of Axes.scatter."""

    rows: np.ndarray
    style: dict[str, Any]


def mixed(n: int) -> np.ndarray:
    """Rows in random order, so that no class lies on top of the others."""
    return np.random.default_rng(0).permutation(n)


def class_layers(labels: pd.Series, looks: Looks, missing_colour: str) -> list[Layer]:
    """Missing classes, and those without looks, in grey below, then a layer for each marker."""
    classes = labels.astype(object)
    known = classes.isin(list(looks)).to_numpy()
    order = mixed(len(labels))
    order = order[known[order]]
    colour = to_rgba_array([looks[name][0] for name in classes.iloc[order]])
    marker = np.array([looks[name][1] for name in classes.iloc[order]])
    layers = [Layer(np.flatnonzero(~known), {"c": missing_colour})]
    for shape in MARKERS:
        drawn = marker == shape
        if drawn.any():
            layers.append(Layer(order[drawn], {"c": colour[drawn], "marker": shape}))
    return layers


def value_layers(
    values: np.ndarray, norm: Normalize, colours: str | Colormap, is_grey: np.ndarray, grey: str
) -> list[Layer]:
    """High values on top, as a gene's few must not be hidden; rows that `is_grey` marks in grey below all."""
    order = mixed(len(values))
    order = order[~is_grey[order]]
    order = order[np.argsort(values[order], kind="stable")]
    coloured = Layer(order, {"c": values[order], "norm": norm, "cmap": colours})
    return [Layer(np.flatnonzero(is_grey), {"c": grey}), coloured] if is_grey.any() else [coloured]
