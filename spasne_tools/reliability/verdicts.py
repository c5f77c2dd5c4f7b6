"""From p-values to verdicts: false discovery over points, and the rule."""

from __future__ import annotations

import numpy as np
import pandas as pd

LEVEL = 0.05  # false discoveries among points called kept
HALF = 0.5  # of a neighbourhood
OF_USUAL = 0.75  # share of what is usual on the map: a point torn from half of its cluster keeps less
MANY_PLACES = 0.1  # share of places that suit a misplaced point better
MANY_BY_DISTANCES = 0.2  # the same by distances alone, which tell neighbouring places apart less sharply
VERDICTS = ("kept", "uncertain", "misplaced")


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Adjusted p-values q: taking those of at most q controls the rate of false discoveries at q [1]_.

    NaN stays NaN and does not count.

    References
    ----------
    .. [1] Benjamini and Hochberg, Controlling the false discovery rate, JRSS B 57 (1995) 289-300.
    """
    q = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return q


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """The table of ``compare`` with q-values, reliability and verdicts."""
    for name in [name for name in table if name.startswith("p")]:
        table["q" + name.removeprefix("p")] = benjamini_hochberg(table[name].to_numpy())
    parts = [_smaller_share(table, space) for space in _asked(table)]
    parts += [table[r] for r in ("r1", "r2") if r in table]
    table["reliability"] = pd.concat(parts, axis=1).mean(axis=1).clip(lower=0)
    table["verdict"] = verdicts(table)
    return table


def verdicts(table: pd.DataFrame) -> pd.Categorical:
    """The verdict on each row of a table with p, q, kept, true and the p-values of distances."""
    surroundings = pd.concat([_smaller_share(table, space) for space in _asked(table)], axis=1).max(axis=1)
    enough = surroundings >= max(HALF, OF_USUAL * surroundings.median())
    by_distances = table[[name for name in ("p_r1", "p_r2") if name in table]].min(axis=1)
    misplaced = (table["p"] > MANY_PLACES) | (by_distances > MANY_BY_DISTANCES)
    codes = np.select([misplaced, (table["q"] <= LEVEL) & enough], [2, 0], default=1)
    return pd.Categorical.from_codes(codes, VERDICTS, ordered=True)


def _asked(table: pd.DataFrame) -> list[str]:
    return [space for space in ("expression", "space") if f"kept_{space}" in table]


def _smaller_share(table: pd.DataFrame, space: str) -> pd.Series:
    return table[[f"kept_{space}", f"true_{space}"]].min(axis=1)
