"""The positions that a command maps: of the table that a flag names, or those that came with the input."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.commands.rows import Rows, chosen_columns, read_matched
from spasne_tools.coordinates import are_local, find_coordinates
from spasne_tools.features import is_field_of_view, is_identifier
from spasne_tools.readers.expression_file import Expression
from spasne_tools.readers.matching import Match
from spasne_tools.readers.overlaid import overlaid_sections
from spasne_tools.readers.totals import unlike_totals
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import as_matrix


def positions_named(
    options: argparse.Namespace, rows: Rows, expression: Expression | None, needed: bool = False
) -> pd.DataFrame | None:
    """The table of --pixels, else the positions that came with the input, else None.

    Without --pixel_columns they are the columns whose names say so, or else all that identify nothing.
    `needed`: a platform's files and AnnData should have some; that they have none is an error.

    Raises
    ------
    ValueError
        There are none where they are needed; a row or a column is missing, or a column holds text.
    """
    if options.pixels is None:
        return _positions_of_input(options, expression, needed)
    table, match = read_matched(options.pixels, rows)
    if options.pixel_columns is not None:
        pixels = chosen_columns(table, options.pixel_columns, options.pixels)
    else:
        pixels = position_columns(table, match)
        _warn_of_fields(table, pixels)
    print(f"{match.said}; positions: {', '.join(map(str, pixels.columns))}", flush=True)
    _warn_of_sections(options, table, pixels)
    if expression is not None and (options.counts or expression.is_counts):
        sums = np.asarray(as_matrix(expression.values, "input").sum(axis=1)).ravel()
        if message := unlike_totals(sums, table, Path(options.pixels).name):
            warn_user(message)
    return pixels


def _positions_of_input(
    options: argparse.Namespace, expression: Expression | None, needed: bool
) -> pd.DataFrame | None:
    found = None
    if expression is not None:
        if needed and expression.no_positions is not None:
            raise ValueError(
                f"{expression.no_positions}; -x names a table of some, --beta 0 makes a map without space"
            )
        found = expression.positions
        if found is not None and expression.sections is None and expression.annotation is not None:
            _warn_of_sections(options, expression.annotation, found)
    if options.pixel_columns is None:
        return found
    if found is None:
        raise ValueError(f"expected a table of pixels for columns {options.pixel_columns!r}, found none")
    return chosen_columns(found, options.pixel_columns, options.input)


def _warn_of_sections(options: argparse.Namespace, table: pd.DataFrame, pixels: pd.DataFrame) -> None:
    """Where the rows of several sections have positions and nobody says so."""
    if getattr(options, "sections", None) is None and getattr(options, "section_column", None) is None:
        numeric = all(pd.api.types.is_numeric_dtype(dtype) for dtype in pixels.dtypes)
        if numeric and (message := overlaid_sections(table, pixels)):
            warn_user(message)


def _warn_of_fields(table: pd.DataFrame, pixels: pd.DataFrame) -> None:
    """Where positions count from the corner of a field of view, and no column says of which."""
    if are_local(pixels.columns) and not any(map(is_field_of_view, table.columns)):
        warn_user(
            f"positions within fields of view ({', '.join(map(str, pixels.columns))}) are taken as those in "
            "the tissue: several fields would lie over each other; --pixel_columns chooses others"
        )


def position_columns(table: pd.DataFrame, match: Match) -> pd.DataFrame:
    """The columns of `table` that are positions, by their names or for want of others."""
    named = find_coordinates(table.columns)
    if named is not None and all(pd.api.types.is_numeric_dtype(table[column]) for column in named):
        return table[[column for column in named if not table[column].isna().all()]]
    columns = _values(table, match)
    texts = [column for column in columns if not pd.api.types.is_numeric_dtype(table[column])]
    if texts:
        raise ValueError(
            f"expected numbers in every column of pixels, found text in {', '.join(map(str, texts))}; choose "
            f"the columns of positions among {', '.join(map(str, table.columns))} with --pixel_columns, or "
            "write numbers alone, without units or marks of thousands, for such as "
            f"{_a_text(table[texts[0]])!r}"
        )
    numbering = [column for column in columns if _numbers_rows(table[column], match)]
    if len(columns) - len(numbering) > 1:
        columns = [column for column in columns if column not in numbering]
    return table[columns]


def _a_text(column: pd.Series) -> str:
    """The first value that is no number, else the first."""
    known = column.dropna().astype(str)
    return next(iter([*known[pd.to_numeric(known, errors="coerce").isna()], *known]), "")


def _numbers_rows(column: pd.Series, match: Match) -> bool:
    """Whether a column counts the rows of its file."""
    values = column.to_numpy()
    first = values[match.order == 0]
    return (
        pd.api.types.is_integer_dtype(column)
        and len(first) == 1
        and first[0] in (0, 1)
        and np.array_equal(values, match.order + first[0])
    )


def _values(table: pd.DataFrame, match: Match) -> list[Any]:
    """Columns that neither name rows, nor the fields of view that they are in, nor are empty."""
    by = None if match.by is None else match.by.title
    left = [
        column
        for column in table.columns
        if str(column) != by and not is_identifier(column) and not is_field_of_view(column)
    ]
    return [column for column in left if not table[column].isna().all()] or left
