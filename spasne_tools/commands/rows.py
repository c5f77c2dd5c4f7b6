"""The rows of the input, and tables brought into their order.

Rows are matched by name, in whatever column of a table the names are; by their order only where one side does
not name them. It is printed which.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from spasne_tools.features import is_identifier
from spasne_tools.readers import visium
from spasne_tools.readers.expression_file import Expression
from spasne_tools.readers.matching import Match, Wanted, match_rows
from spasne_tools.readers.row_names import names_of
from spasne_tools.readers.tables import has_row_names, read_table

# The list of spots of Space Ranger 1 has no header.
POSITIONS_LIST = "tissue_positions"
LIST_COLUMNS = visium.COLUMNS[1:]  # the first holds names


@dataclass(frozen=True)
class Rows:
    """The rows of the input: their ``index``, what may name them, and the names of the input's columns."""

    index: pd.Index
    wanted: Wanted
    columns: pd.Index | None = None
    n_columns: int | None = None
    named: bool = False

    @property
    def count(self) -> int:
        return len(self.index)

    @property
    def names(self) -> pd.Index | None:
        """Names to write beside the map."""
        return self.index if self.named else None


def rows_of(expression: Expression) -> Rows:
    """The rows of what was read, and all that may name them: names in its file, columns of identifiers."""
    values, numbers = expression.values, expression.row_numbers()
    named = expression.rows is not None
    index = expression.rows if expression.rows is not None else pd.RangeIndex(len(numbers))
    if isinstance(values, pd.DataFrame):
        index = values.index
    identifiers = pd.DataFrame(index=index)
    if expression.annotation is not None:
        annotation = expression.annotation
        identifiers = annotation[[column for column in annotation if is_identifier(column)]].set_axis(index)
    elif expression.identifiers is not None:
        identifiers = expression.identifiers.set_axis(index)
    wanted = Wanted(names_of(identifiers, index=named), numbers, expression.n_read or len(numbers))
    return Rows(index, wanted, expression.genes, values.shape[1], named)


def rows_of_table(table: pd.DataFrame) -> Rows:
    """The rows of a table that was read from a file."""
    named = has_row_names(table)
    names = names_of(pd.DataFrame(index=table.index), index=named)
    return Rows(table.index, Wanted(names, np.arange(len(table)), len(table)), named=named)


def read_rows(file: str | None, rows: Rows, name: str, columns: str | None = None) -> pd.DataFrame | None:
    """The table `file` in the order of `rows`; only `columns` (names separated by commas) where given.

    None without a file. The table may hold more rows; `name` says in messages what it is of.

    Raises
    ------
    ValueError
        Columns are asked for without a file; the table lacks one of them, or a row.
    """
    if file is None:
        if columns is not None:
            raise ValueError(f"expected a table of {name} for columns {columns!r}, found none")
        return None
    table, match = read_matched(file, rows)
    print(match.said, flush=True)
    return table if columns is None else chosen_columns(table, columns, file)


def read_matched(file: str, rows: Rows) -> tuple[pd.DataFrame, Match]:
    """The table `file` in the order of `rows`, and how that was found."""
    table = read_table(file, n_rows=rows.wanted.n_read)
    named = has_row_names(table)
    if POSITIONS_LIST in Path(file).name and list(table.columns) == list(range(1, len(LIST_COLUMNS) + 1)):
        table.columns = pd.Index(LIST_COLUMNS)
    try:
        match = match_rows(rows.wanted, table, Path(file).name, named)
    except ValueError:
        if _are_columns(table, named, rows):
            raise ValueError(
                f"expected the {rows.count} rows of the input in {file}, found {len(table)}, which are the "
                "input's columns; if these are the spots, add --transpose"
            ) from None
        raise
    if match.by is None:
        _check_no_names_among_genes(table, named, rows, file)
    return table.iloc[match.order].set_axis(rows.index, axis=0), match


def _check_no_names_among_genes(table: pd.DataFrame, named: bool, rows: Rows, file: str) -> None:
    """ValueError where rows would go by order, though a column of numbers may name them on both sides."""
    genes = () if rows.columns is None else {name for name in rows.columns if isinstance(name, str)}
    for names in names_of(table, named):
        if names.column in genes and names.texts.is_unique:
            raise ValueError(
                f"expected names of rows under a title that says so, found {names.column!r} both in {file} "
                "and among the columns of the input; call it cell_id in both if it names rows, else drop it"
            )


def _are_columns(table: pd.DataFrame, named: bool, rows: Rows) -> bool:
    """Whether what `table` has in rows is rather what the input has in columns."""
    as_many = len(table) == rows.n_columns != rows.count
    if rows.columns is None:
        return as_many
    columns, index = (pd.Index(names.astype(str)) for names in (rows.columns, rows.index))
    found = [names.texts for names in names_of(table, named) if names.sure]
    some_rows = any(index.isin(texts).any() for texts in found)
    return as_many and not some_rows or any(columns.isin(texts).all() for texts in found)


def chosen_columns(table: pd.DataFrame, columns: str, file: str) -> pd.DataFrame:
    """The columns named, separated by commas; those without names are numbered from 1."""
    places = {str(column): place for place, column in enumerate(table.columns)}
    if list(table.columns) == list(LIST_COLUMNS):  # by name or, as in the file without a header, by number
        places |= {str(place + 1): place for place in range(len(LIST_COLUMNS))}
    wanted = columns.split(",")
    if missing := [column for column in wanted if column not in places]:
        raise ValueError(f"expected column {missing[0]!r} in {file}, found {', '.join(places)}")
    return table.iloc[:, [places[column] for column in wanted]]
