"""Frames and series of polars, which many read tables with, as pandas has them."""

from __future__ import annotations

from typing import Any

import pandas as pd


def is_polars(table: Any) -> bool:
    """Whether `table` is a frame or a series of polars."""
    return type(table).__module__.startswith("polars.")


def of_pandas(table: Any) -> Any:
    """`table` as a DataFrame or Series of pandas' where it is one of polars', else as it is.

    Neither polars nor pyarrow is needed: columns are taken as arrays. Rows of polars have no names, so that
    they go by their order.

    Raises
    ------
    ValueError
        It is a LazyFrame, which holds no values yet.

    Examples
    --------
    >>> of_pandas([1, 2])
    [1, 2]
    """
    if not is_polars(table):
        return table
    if hasattr(table, "collect"):
        raise ValueError("expected values in memory, found a LazyFrame of polars; .collect() reads them")
    if hasattr(table, "columns"):
        return pd.DataFrame({name: of_pandas(table[name]) for name in table.columns})
    return pd.Series(table.to_numpy(), name=table.name or None)


def column_names(table: Any) -> list[Any] | None:
    """The names of the columns of a DataFrame, of pandas or polars; None for what has none.

    Examples
    --------
    >>> column_names(pd.DataFrame({"x": [1], "y": [2]})), column_names([[1, 2]])
    (['x', 'y'], None)
    """
    if isinstance(table, pd.DataFrame) or is_polars(table) and hasattr(table, "columns"):
        return list(table.columns)
    return None
