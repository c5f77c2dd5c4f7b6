"""Seconds and memory over the number of points, both axes logarithmic."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from benchmarks.programs import PROGRAMS

PANELS = {"seconds": "seconds of the whole call", "peak_mb": "peak memory in MB"}


def save_figure(table: pd.DataFrame, path: Path) -> None:
    """Draw the medians that ``summary.summarise`` returns; peers are dashed."""
    with matplotlib.rc_context({"font.size": 9}):
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        axes = figure.subplots(1, len(PANELS))
        for ax, (column, title) in zip(axes, PANELS.items(), strict=True):
            _draw(ax, table, column, title)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", frameon=False)
        figure.savefig(path, dpi=150)


def _draw(ax: Axes, table: pd.DataFrame, column: str, title: str) -> None:
    for number, (name, program) in enumerate(PROGRAMS.items()):
        line = table[(table["program"] == name) & table[column].notna()]
        if len(line):
            style = "s--" if program.is_peer else "o-"
            x, y = line["n_points"], line[column]
            ax.plot(x, y, style, color=f"C{number}", label=program.label, markersize=4)
    ax.set(xscale="log", yscale="log", xlabel="points", title=title)
    sizes = sorted(table["n_points"].unique())
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.grid(alpha=0.3)
