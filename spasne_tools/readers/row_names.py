"""What may name the rows of a table: which of its columns, as texts that compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.coordinates import find_coordinates
from spasne_tools.features import is_field_of_view, is_identifier, is_unnamed, plain_name

ROW_NAMES = "row names"  # how an index without a name is called
CELL_NUMBERS = ("cellid", "cellnumber", "cell")  # within a field of view
MOST_COLUMNS = 100  # of numbers that are looked at for names of rows
LARGEST_EXACT = 2**53  # of whole numbers in double precision


@dataclass(frozen=True)
class Names:
    """A column that may name rows: its ``title``, its ``texts`` and whether it certainly does (``sure``).

    ``column`` is what its table calls it, where the title is for messages.
    """

    title: str
    texts: pd.Index
    sure: bool
    column: Any = None


def names_of(table: pd.DataFrame, index: bool = True) -> list[Names]:
    """What may name the rows of `table`: columns of texts or whole numbers, and the index unless it is none.

    Coordinates are none. Fields of view and cells' numbers, which count anew in each, name rows together.
    """
    columns = []
    if index:
        columns.append((table.index.name or "", pd.Series(table.index)))
    coordinates = set(find_coordinates(table.columns) or [])
    columns += [
        (column, table.iloc[:, place])
        for place, column in enumerate(table.columns)
        if column not in coordinates
        and (
            place < MOST_COLUMNS
            or is_identifier(column)
            or not pd.api.types.is_numeric_dtype(table.dtypes.iloc[place])
        )
    ]
    found = _with_fields(table)
    for place, (column, values) in enumerate(columns):
        sure = is_identifier(column) or index and place == 0
        if (texts := _texts(values, sure)) is not None:
            title = ROW_NAMES if is_unnamed(column) else str(column)
            sure = sure and not (is_unnamed(column) and counts_rows(texts))
            found.append(Names(title, texts, sure, column))
    return found


def _texts(column: pd.Series, sure: bool = False) -> pd.Index | None:
    """The values as texts; None for what names nothing.

    A column that is `sure` to name rows does so with names that are missing or have lost digits, too: these
    are found nowhere, which is an error, where without any names rows would go by their order.
    """
    known = column.dropna()
    if pd.api.types.is_bool_dtype(column) or not sure and len(known) < len(column) or known.empty:
        return None
    if pd.api.types.is_float_dtype(column):
        values = known.to_numpy(dtype=float)
        exact = np.abs(values) < LARGEST_EXACT
        if not sure and not exact.all() or (values != np.floor(values)).any():
            return None
        if exact.all():
            column = column.astype("Int64")
    elif pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_complex_dtype(column):
        return None
    return pd.Index(column.astype(str).str.strip().fillna("").to_numpy(dtype=object))


def counts_rows(texts: pd.Index) -> bool:
    """Whether they are 0, 1, 2 ... or 1, 2, 3 ... in order: numbers of rows that any table can have."""
    if len(texts) == 0 or texts[0] not in ("0", "1"):
        return False
    start = int(texts[0])
    return texts[-1] == str(start + len(texts) - 1) and list(texts) == list(
        map(str, range(start, start + len(texts)))
    )


def _with_fields(table: pd.DataFrame) -> list[Names]:
    """Field of view and cell's number as one name, where both are there."""
    fields = [column for column in table.columns if is_field_of_view(column)]
    cells = [column for name in CELL_NUMBERS for column in table.columns if plain_name(column) == name]
    if len(fields) != 1 or not cells:
        return []
    parts = [_texts(table[column]) for column in (fields[0], cells[0])]
    if parts[0] is None or parts[1] is None:
        return []
    joined = pd.Index([f"{field} {cell}" for field, cell in zip(*parts, strict=True)], dtype=object)
    return [Names(f"{fields[0]} and {cells[0]}", joined, True)]


def are_numbers(texts: pd.Index) -> bool:
    """Whether they are whole numbers, judged by the first."""
    return all(text.lstrip("-").isdecimal() for text in texts[:20])
