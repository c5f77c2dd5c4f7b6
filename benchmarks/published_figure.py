"""Every published cell beside ours, as scatter plots."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.published_tables import GROUPS, SCORES, STAGES

LOOKS = {  # colour and marker
    GROUPS[0]: ("#0072b2", "o"),
    GROUPS[1]: ("#e69f00", "^"),
    GROUPS[2]: ("#d55e00", "x"),
}
TITLES = {"r1": "$r_1$ (expression)", "r2": "$r_2$ (space)", "ss": "$s$ (silhouette)"}


def save_figure(cells: pd.DataFrame, path: Path, title: str) -> None:
    """Draw what `published_tables.compare` returns: a row for each grid, a column for each score."""
    with matplotlib.rc_context({"font.size": 9}):
        figure = Figure(figsize=(11, 7.4), layout="constrained")
        axes = figure.subplots(len(STAGES), len(SCORES))
        for row, stage in zip(axes, STAGES, strict=True):
            for ax, score in zip(row, SCORES, strict=True):
                _scatter(ax, cells[cells["stage"] == stage], score)
            row[0].set_ylabel(f"{stage} grid\nhere")
        for ax, score in zip(axes[0], SCORES, strict=True):
            ax.set_title(TITLES[score])
        handles, labels = axes[1, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(GROUPS), frameon=False,
                      title="repeats that fail with the published steps")  # fmt: skip
        figure.suptitle(title, fontweight="bold")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)


def _scatter(ax: Axes, cells: pd.DataFrame, score: str) -> None:
    x, y = cells[f"{score}_published"], cells[score]
    ends = np.nanmin([x, y]), np.nanmax([x, y])
    ax.plot(ends, ends, color="#b0b0b0", linewidth=0.8, zorder=0)
    for group, (colour, marker) in LOOKS.items():
        chosen = cells["group"] == group
        ax.scatter(
            x[chosen], y[chosen], s=22, color=colour, marker=marker, linewidths=1.1, label=group, alpha=0.8
        )
    ax.set(xlabel="published", aspect="equal")
