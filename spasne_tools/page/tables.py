"""What users pass to a page: labels and genes of several kinds become columns by name, points get names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.other_frames import is_polars
from spasne_tools.validation import MatrixLike, check_rows_match

__all__ = ["columns_of", "names_of"]


def columns_of(table: Any, name: str, of_points: Sequence[MatrixLike]) -> dict[str, pd.Series]:
    """The columns of `table`, which is the argument `name`, by their names.

    Each is checked to have the rows of every matrix `of_points`.
    """
    if table is None:
        return {}
    columns = _named_columns(table, name)
    for column, times in Counter(column for column, _ in columns).items():
        if times > 1:
            raise ValueError(f"expected different names in {name}, found {column!r} twice")
    for column, values in columns:
        for points in of_points:
            check_rows_match(points, values, f"{name} {column!r}" if len(columns) > 1 else name)
    return {column: _series(values, column) for column, values in columns}


def _named_columns(table: Any, name: str) -> list[tuple[str, Any]]:
    """Names and values, of which those alone have an index that came with one."""
    if isinstance(table, str) or not hasattr(table, "__len__"):
        raise ValueError(f"expected {name} to be a table or array-like, found {table!r}")
    if isinstance(table, pd.DataFrame):
        return [(str(column), table.iloc[:, number]) for number, column in enumerate(table.columns)]
    if is_polars(table):
        one = not hasattr(table, "columns")
        table = {table.name or "Label": table} if one else {column: table[column] for column in table.columns}
    if isinstance(table, Mapping):
        return [(str(column), _one_for_each(values, column)) for column, values in table.items()]
    if name == "genes":
        raise ValueError(
            f"expected genes as a DataFrame or dict, so that they have names, found {type(table).__name__}"
        )
    title = table.name if isinstance(table, pd.Series) else None
    return [("Label" if title is None else str(title), _one_for_each(table, name))]


def _one_for_each(values: Any, name: Any) -> Any:
    """`values`, checked to be one for each point."""
    if isinstance(values, pd.Series):
        return values
    dimensions = np.ndim(values) if isinstance(values, np.ndarray) else getattr(values, "ndim", 1)
    if isinstance(values, str) or not hasattr(values, "__len__") or dimensions != 1:
        raise ValueError(f"expected {name} with one value for each point, found {type(values).__name__}")
    return values


def _series(values: Any, name: Any) -> pd.Series:
    if isinstance(values, pd.Series):
        return values
    # Text as it is: strings of pandas' own may not hold every text that a list of Python's can.
    is_text = not isinstance(values, np.ndarray) and any(isinstance(value, str) for value in values)
    return pd.Series(values, dtype=object if is_text else None)


def names_of(given: Any, n_points: int, tables: Sequence[Any]) -> list[str] | None:
    """The names `given`, else the index of the first of `tables` that has one; None: row numbers will do."""
    if given is None:
        indices = [table.index for table in tables if isinstance(table, (pd.DataFrame, pd.Series))]
        given = next((index for index in indices if not isinstance(index, pd.RangeIndex)), None)
        if given is None:
            return None
    if isinstance(given, str) or not hasattr(given, "__len__") or len(given) != n_points:
        found = repr(given) if isinstance(given, str) or not hasattr(given, "__len__") else len(given)
        raise ValueError(f"expected names for {n_points} points, found {found}")
    return [str(name) for name in given]
