"""Whose rows are whose: the index of a table, and of arrays that were made of one.

An array has no index, and so rows in another order went unnoticed once a table of counts had become
components, or data a map. The index is kept beside the array, as long as the array lives.
"""

from __future__ import annotations

import weakref
from typing import Any

import pandas as pd

_remembered: dict[int, pd.Index] = {}  # by the id of the array


def remember_rows(array: Any, source: Any, rows: Any = slice(None)) -> Any:
    """`array`, whose rows are those of `source`, or `rows` of them, where it has names for them.

    Examples
    --------
    >>> table = pd.DataFrame({"Gad1": [1, 2]}, index=["AAC-1", "GGT-1"])
    >>> index_of(remember_rows(table.to_numpy() + 1, table)).tolist()
    ['AAC-1', 'GGT-1']
    """
    index = index_of(source)
    if index is not None and not isinstance(index, pd.RangeIndex) and not isinstance(array, pd.DataFrame):
        _remembered[id(array)] = index[rows]
        weakref.finalize(array, _remembered.pop, id(array), None).atexit = False
    return array


def index_of(rows: Any) -> pd.Index | None:
    """The index of a DataFrame or a Series, or what is remembered of an array; None where there is none."""
    if isinstance(rows, (pd.DataFrame, pd.Series)):
        return rows.index
    return _remembered.get(id(rows))


def check_order(data: Any, other: Any, name: str, of: str = "data") -> None:
    """Check that the rows of `other` are not those of `data` in another order, where both have an index.

    Raises
    ------
    ValueError
        They are.
    """
    mine, theirs = index_of(data), index_of(other)
    if mine is None or theirs is None or len(mine) != len(theirs) or mine.equals(theirs):
        return
    if mine.is_unique and mine.isin(theirs).all():
        has_index = isinstance(data, (pd.DataFrame, pd.Series))
        ordered = f"{of}.index" if has_index else f"the index of the table that {of} was made of"
        raise ValueError(
            f"expected {name} in the row order of {of}, found the same index in another order; use "
            f"{name}.loc[{ordered}]"
        )
