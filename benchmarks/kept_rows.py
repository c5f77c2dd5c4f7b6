"""Rows of a table of results that is made again in parts: new ones in the place of earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd


def with_rows(earlier: pd.DataFrame, rows: Sequence[dict], by: Sequence[str]) -> pd.DataFrame:
    """`earlier` without what has the values of `rows` in the columns `by`, and then `rows`.

    Examples
    --------
    >>> earlier = pd.DataFrame({"n": [1, 1, 2], "r1": [0.1, 0.2, 0.3]})
    >>> with_rows(earlier, [{"n": 1, "r1": 0.9}], ["n"])
       n   r1
    0  2  0.3
    1  1  0.9
    """
    table, keys = pd.DataFrame(rows), list(by)
    if earlier.empty:
        return table
    kept = ~pd.MultiIndex.from_frame(earlier[keys]).isin(pd.MultiIndex.from_frame(table[keys]))
    return pd.concat([earlier[kept], table], ignore_index=True)


def put_rows(path: Path, rows: Sequence[dict], by: Sequence[str]) -> pd.DataFrame:
    """The table at `path` with `rows` in it, sorted by the columns `by`; written too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    earlier = pd.read_csv(path) if path.exists() else pd.DataFrame()
    table = with_rows(earlier, rows, by).sort_values(list(by), kind="stable", ignore_index=True)
    table.to_csv(path, index=False, float_format="%.6g")
    return table
