"""From runs to cells: the published summary of a screening, and the rank of its cells."""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ["alpha", "beta", "r1", "r2", "ss", "sr", "var"]  # of the published tables


def counted_r1(r1: pd.Series, threshold: float) -> pd.Series:
    """r1, but 0 where it is not above the threshold (or where the run failed and there is none)."""
    return r1.where(r1 > threshold, 0.0)


def summarise(runs: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """One row for each cell (alpha, beta), as in the published tables, by alpha and beta.

    Parameters
    ----------
    runs : DataFrame
        One row for each run: alpha, beta, randseed, r1, r2, ss.
    threshold : float
        Mean r1 of plain t-SNE.

    Returns
    -------
    DataFrame
        alpha, beta; r1 (0 where not above the threshold), r2 and ss of the repeat with the largest r1 * r2,
        of the first such; sr, the share of repeats above the threshold; var, the variance of r1 (0 where not
        above it) over repeats, divided by their number, 0 where there is one run; and further: repeats,
        randseed of the repeat kept, and the score r1 * r2 * exp(1 - sqrt(var)).

    Examples
    --------
    >>> runs = pd.DataFrame({"randseed": [1, 2], "r1": [0.2, 0.5], "r2": 0.7, "ss": 0.0})
    >>> runs = runs.assign(alpha=9.0, beta=4.0)
    >>> summarise(runs, 0.3)[COLUMNS].to_dict("records")
    [{'alpha': 9.0, 'beta': 4.0, 'r1': 0.5, 'r2': 0.7, 'ss': 0.0, 'sr': 0.5, 'var': 0.0625}]
    """
    runs = runs.sort_values(["alpha", "beta", "randseed"]).assign(r1=counted_r1(runs["r1"], threshold))
    product = (runs["r1"] * runs["r2"]).fillna(0.0)
    cells = runs.groupby(["alpha", "beta"], sort=True)
    kept = runs.loc[product.groupby([runs["alpha"], runs["beta"]]).idxmax()]
    table = kept[["alpha", "beta", "r1", "r2", "ss"]].reset_index(drop=True)
    table["sr"] = cells["r1"].agg(lambda r1: (r1 > 0).mean()).to_numpy()
    table["var"] = cells["r1"].var(ddof=0).to_numpy()
    table["repeats"] = cells.size().to_numpy()
    table["randseed"] = kept["randseed"].to_numpy()
    return table.assign(score=scores(table))


def scores(table: pd.DataFrame) -> pd.Series:
    """What cells are ranked by: r1 * r2 * exp(1 - sd(r1)), from the columns of a published table."""
    return (table["r1"] * table["r2"]).fillna(0.0) * np.exp(1 - np.sqrt(table["var"]))


def best_cell(table: pd.DataFrame) -> pd.Series:
    """The row of the highest score, the first such."""
    return table.loc[table["score"].idxmax()]
