"""Whose rows are whose: the index of a table, and of arrays that were made of one.

An array has no index, and so rows in another order went unnoticed once a table of counts had become
components, or data a map. The index is kept beside the array, as long as the array lives.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.name_differences import Difference, find_difference, lost_digits, places_in

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

    They need not be written alike: an index that has lost its leading zeros still says where rows are.

    Raises
    ------
    ValueError
        They are.
    """
    mine, theirs = index_of(data), index_of(other)
    if mine is None or theirs is None or len(mine) != len(theirs) or mine.equals(theirs):
        return
    ordered = f"{name}.loc[{_index_named(data, of)}]"
    if mine.is_unique and mine.isin(theirs).all():
        raise ValueError(
            f"expected {name} in the row order of {of}, found the same index in another order; use {ordered}"
        )
    if not (mine.is_unique and theirs.is_unique):
        return
    found = difference_of_indexes(mine, theirs)
    if found is not None and found.reorders:
        raise ValueError(
            f"expected {name} in the row order of {of}, found the names of its rows in another order; "
            f"{found.said}; then use {ordered}, or {name}.to_numpy() if rows do go by their order"
        )


def rows_of_all(data: Any, other: Any, name: str) -> str:
    """How the rows of `data` are taken from an `other` that has more of them, where names tell; else ""."""
    mine, theirs = index_of(data), index_of(other)
    if mine is None or theirs is None or isinstance(mine, pd.RangeIndex):
        return ""
    tells = mine.is_unique and theirs.is_unique and mine.isin(theirs).all()
    return f"; use {name}.loc[{_index_named(data, 'data')}]" if tells else ""


def _index_named(data: Any, name: str) -> str:
    has_index = isinstance(data, (pd.DataFrame, pd.Series))
    return f"{name}.index" if has_index else f"the index of the table that {name} was made of"


def difference_of_indexes(mine: pd.Index, theirs: pd.Index) -> Difference | None:
    """What parts the names in two indexes; None where nothing tells, or pandas numbered the rows of one."""
    if isinstance(mine, pd.RangeIndex) or isinstance(theirs, pd.RangeIndex):
        return None
    kinds = [index.inferred_type for index in (mine, theirs)]
    wanted, texts = (pd.Index(list(map(str, index))) for index in (mine, theirs))
    places = places_in(wanted, texts)
    if rounded := lost_digits(wanted) or lost_digits(texts):
        return Difference(rounded, places)
    n_same = int(np.count_nonzero(places >= 0))
    if n_same == len(wanted) and kinds[0] != kinds[1]:
        return Difference(
            f"they differ in type only, {' and '.join(kinds)}: make both text (.index.astype(str))", places
        )
    if 2 * n_same > len(wanted) and kinds == ["string", "string"]:
        return Difference(f"only {n_same} of {len(wanted)} are in both: keep the rows of these", places)
    return find_difference(wanted, texts)
