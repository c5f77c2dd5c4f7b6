"""Heat maps of a screening: what each cell scores, how its repeats spread, and where the optimum is."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from spasne_tools.screening.screen import Screening
from spasne_tools.screening.table import best_cell, scores

__all__ = ["plot_screening"]

PANELS = {
    "product": "$r_1 r_2$",
    "sd": "1000 sd($r_1$)",
    "score": "$r_1 r_2\\,$exp(1 \N{MINUS SIGN} sd($r_1$))",
}
COLOURS = {"product": "viridis", "sd": "magma_r", "score": "viridis"}
CELL_SIZE = (0.34, 0.3)  # inches
SMALLEST_PANEL = (2.6, 2.0)  # inches
NOT_RUN, OPTIMUM = "#e3e3e3", "#d55e00"
DARK = 0.45  # luminance of a cell below which its number is white


def plot_screening(screening: Screening | pd.DataFrame, *, title: str | None = None) -> Figure:
    """Draw r1 * r2, sd(r1) and the score of every cell over alpha and beta, the optimum framed.

    Parameters
    ----------
    screening : Screening or DataFrame
        What `screen_parameters` returned (a row of panels for each stage), or one table with the columns
        alpha, beta, r1, r2 and var, such as a published one. Grey: cells that were not run, or for sd not
        repeated.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        The table lacks one of these columns, or has no cells.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = [[8, 4, 0.63, 0.75, 0.0], [9, 4, 0.66, 0.72, 0.0]]
    >>> table = pd.DataFrame(cells, columns=["alpha", "beta", "r1", "r2", "var"])
    >>> [axes.get_title() for axes in plot_screening(table).axes][0]
    '$r_1 r_2$'
    """
    if isinstance(screening, pd.DataFrame):
        tables = {"": _checked(screening)}
    else:
        stages = {"rough grid": screening.rough, "fine grid": screening.fine}
        tables = {name: table for name, table in stages.items() if table is not None}
    shapes = [(table["alpha"].nunique(), table["beta"].nunique()) for table in tables.values()]
    sizes = np.maximum(np.array(shapes) * CELL_SIZE, SMALLEST_PANEL)
    heights = sizes[:, 1].tolist()
    with matplotlib.rc_context({"font.size": 9}):
        figure = Figure(
            figsize=(len(PANELS) * (sizes[:, 0].max() + 1.1), sizes[:, 1].sum() + 0.9 * len(tables)),
            layout="constrained",
        )
        grid = figure.subplots(len(tables), len(PANELS), squeeze=False, height_ratios=heights)
        for row, (name, table) in zip(grid, tables.items(), strict=True):
            _draw_row(row, name, table)
        if title is not None:
            figure.suptitle(title, fontweight="bold")
    return figure


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    """The table without its row of t-SNE, which the published tables begin with."""
    if missing := [name for name in ("alpha", "beta", "r1", "r2", "var") if name not in table]:
        raise ValueError(f"expected a column {missing[0]!r} in the table, found {list(table.columns)}")
    cells = table[(table["alpha"] > 0) | (table["beta"] > 0)]
    if cells.empty:
        raise ValueError("expected cells in the table, found none but t-SNE")
    return cells


def _draw_row(row: np.ndarray, name: str, table: pd.DataFrame) -> None:
    values = table.assign(product=table["r1"] * table["r2"], sd=_spread(table), score=scores(table))
    best = best_cell(values)
    for ax, (column, heading) in zip(row, PANELS.items(), strict=True):
        _heat_map(ax, values, column)
        position = values.pivot(index="beta", columns="alpha", values=column)
        corner = position.columns.get_loc(best["alpha"]) - 0.5, position.index.get_loc(best["beta"]) - 0.5
        ax.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=OPTIMUM, linewidth=2.2, zorder=3))
        ax.set(title=heading, xlabel="alpha")
    row[0].set_ylabel(f"{name}\nbeta" if name else "beta")
    row[-1].set_title(f"{PANELS['score']}: best ({best['alpha']:g}, {best['beta']:g}), {best['score']:.3f}")


def _spread(table: pd.DataFrame) -> pd.Series:
    """1000 sd(r1); none where there was one repeat."""
    spread = 1000 * np.sqrt(table["var"])
    return spread.where(table["repeats"] > 1) if "repeats" in table else spread


def _heat_map(ax: Axes, values: pd.DataFrame, column: str) -> None:
    grid = values.pivot(index="beta", columns="alpha", values=column)
    low = 0.0 if column == "sd" else float(grid.min(axis=None))
    high = float(grid.max(axis=None))
    norm = Normalize(low, high if high > low else low + 1.0)
    colours = ScalarMappable(norm, COLOURS[column])
    ax.set_facecolor(NOT_RUN)
    ax.imshow(np.ma.masked_invalid(grid), origin="lower", aspect="auto", cmap=colours.cmap, norm=norm)
    for (i, j), number in np.ndenumerate(grid.to_numpy()):
        if np.isfinite(number):
            dark = colours.to_rgba(number)[:3] @ np.array([0.2126, 0.7152, 0.0722]) < DARK
            text = f"{number:.{0 if number >= 10 else 1}f}" if column == "sd" else f"{number:.2f}"
            ax.text(
                j,
                i,
                text if column == "sd" else text.removeprefix("0"),
                ha="center",
                va="center",
                fontsize=6.5,
                color="w" if dark else "k",
            )
    ax.set_xticks(range(grid.shape[1]), [f"{alpha:g}" for alpha in grid.columns])
    ax.set_yticks(range(grid.shape[0]), [f"{beta:g}" for beta in grid.index])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
