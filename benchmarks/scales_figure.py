"""Maps of one tissue side by side, by type above and by layer below."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.sections import Section
from benchmarks.small_pictures import save_small

SIZE, DPI = (10, 6.9), 90
MOST_POINTS = 15_000  # drawn, chosen at random
INK, LARGEST = 12_000, 3.0  # of all points together and of one, in square points
PALETTES = {"type": "tab20", "layer": "viridis"}


def save_figure(section: Section, maps: Mapping[str, tuple[np.ndarray, Mapping]], path: Path) -> Figure:
    """`maps` by their titles, each (n, 2) with its row of scores, of a simulated `section`."""
    n = len(section.X)
    rows = np.random.default_rng(0).permutation(n)[:MOST_POINTS]
    look = {"s": min(LARGEST, INK / len(rows)), "linewidths": 0}
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots(2, len(maps), squeeze=False)
    for row, (name, labels) in enumerate((("type", section.types), ("layer", section.labels))):
        classes = pd.Categorical(labels)
        colours = _colours(len(classes.categories), PALETTES[name])
        for ax, (title, (Y, scores)) in zip(axes[row], maps.items(), strict=True):
            ax.scatter(*Y[rows].T, c=colours[classes.codes[rows]], **look)
            ax.set_aspect("equal", adjustable="datalim")
            ax.axis("off")
            if row == 0:
                ax.set_title(f"{title}\n{_listed(scores)}", fontsize=9)
        marks = [
            Line2D([], [], marker="o", linestyle="", color=colour, label=one)
            for colour, one in zip(colours, classes.categories, strict=True)
        ]
        place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "frameon": False, "fontsize": 8}
        axes[row, -1].legend(handles=marks, title=name, **place)
    save_small(figure, path, DPI)
    return figure


def _listed(scores: Mapping) -> str:
    return f"r1 {scores['r1']:.2f}, r2 {scores['r2']:.2f}, kept {scores['kept_of_tsne']:.2f}"


def _colours(n_classes: int, palette: str) -> np.ndarray:
    table = matplotlib.colormaps[palette]
    at = np.arange(n_classes) if palette.startswith("tab") else np.linspace(0, 0.95, n_classes)
    return np.array([table(value) for value in at])
