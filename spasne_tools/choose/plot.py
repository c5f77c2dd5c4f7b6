"""The front of what was tried: r1 against r2, coloured by the neighbours kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

__all__ = ["plot_choice"]

SIZE = (5.2, 4.2)  # inches
CHOSEN_COLOUR = "#d55e00"
NAMED = {"t-SNE": "s", "reference": "D"}  # rows of the table with a mark of their own


def plot_choice(table: pd.DataFrame, chosen: Mapping[str, float], title: str | None = None) -> Figure:
    """Draw every map that was tried by r1 and r2, its neighbours kept by colour, the chosen one ringed.

    Without positions r1 is drawn against the neighbours kept.

    Parameters
    ----------
    table, chosen
        ``table`` and ``scores`` of what ``spasne.choose_parameters`` returned.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import pandas as pd
    >>> scores = {"r1": 0.6, "r2": 0.7, "kept": 0.8}
    >>> figure = plot_choice(pd.DataFrame([{"stage": "final", **scores}]), scores)
    >>> figure.axes[0].get_xlabel()
    'r1: distances in expression'
    """
    has_space = bool(table["r2"].notna().any())
    height = "r2" if has_space else "kept"
    figure = Figure(figsize=SIZE, layout="constrained", dpi=100)
    ax = figure.subplots()
    tried = table[~table["stage"].isin(list(NAMED))]
    shades: dict[str, Any] = {"cmap": "viridis", "vmin": 0, "vmax": max(1.0, float(table["kept"].max()))}
    points = ax.scatter(tried["r1"], tried[height], c=tried["kept"], s=36, **shades)
    for name, marker in NAMED.items():
        row = table[table["stage"] == name]
        if len(row):
            look: dict[str, Any] = {"marker": marker, "edgecolor": "k", "s": 50, "label": name}
            ax.scatter(row["r1"], row[height], c=row["kept"], **look, **shades)
    ring: dict[str, Any] = {"facecolor": "none", "edgecolor": CHOSEN_COLOUR, "linewidth": 2, "s": 130}
    ax.scatter(chosen["r1"], chosen[height], label="chosen", **ring)
    figure.colorbar(points, label="neighbours kept (t-SNE: 1)")
    ax.set_xlabel("r1: distances in expression")
    ax.set_ylabel("r2: distances in the tissue" if has_space else "neighbours kept (t-SNE: 1)")
    ax.legend(frameon=False, fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)
    if title is not None:
        figure.suptitle(title, fontweight="bold")
    return figure
