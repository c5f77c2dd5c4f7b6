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

SIZE, DPI = (10, 6.9), 90
MOST_POINTS = 15_000  # drawn, chosen at random
PALETTES = {"type": "tab20", "layer": "viridis"}


def save_figure(section: Section, maps: Mapping[str, np.ndarray], path: Path) -> None:
    """`maps` by their titles, each (n, 2), of a simulated `section`."""
    n = len(next(iter(maps.values())))
    rows = np.random.default_rng(0).permutation(n)[:MOST_POINTS]
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots(2, len(maps), squeeze=False)
    for row, (name, labels) in enumerate((("type", section.types), ("layer", section.labels))):
        classes = pd.Categorical(labels)
        colours = _colours(len(classes.categories), PALETTES[name])
        for ax, (title, Y) in zip(axes[row], maps.items(), strict=True):
            ax.scatter(*Y[rows].T, c=colours[classes.codes[rows]], s=0.8, linewidths=0)
            ax.set_aspect("equal")
            ax.axis("off")
            if row == 0:
                ax.set_title(title, fontsize=11)
        marks = [
            Line2D([], [], marker="o", linestyle="", color=colour, label=one)
            for colour, one in zip(colours, classes.categories, strict=True)
        ]
        look = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "frameon": False, "fontsize": 8}
        axes[row, -1].legend(handles=marks, title=name, **look)
    figure.savefig(path, dpi=DPI)


def _colours(n_classes: int, palette: str) -> np.ndarray:
    table = matplotlib.colormaps[palette]
    at = np.arange(n_classes) if palette.startswith("tab") else np.linspace(0, 0.95, n_classes)
    return np.array([table(value) for value in at])
