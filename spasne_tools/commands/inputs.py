"""What the flags of a command name, read and brought into one row order."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from spasne_tools.coordinates import find_coordinates
from spasne_tools.features import is_identifier, on_tissue, plain_name
from spasne_tools.preprocessing import preprocess_counts, rows_with_counts
from spasne_tools.readers.expression_file import Expression, read_expression
from spasne_tools.readers.gene_columns import genes_only, transposed
from spasne_tools.readers.matching import Match, Wanted, match_rows
from spasne_tools.readers.overlaid import overlaid_sections
from spasne_tools.readers.row_names import names_of
from spasne_tools.readers.tables import STANDARD_STREAM, has_row_names, read_table
from spasne_tools.readers.totals import unlike_totals
from spasne_tools.run.prepare import DEFAULT_COMPONENTS
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import Matrix, as_matrix

IN_TISSUE = "intissue"  # as `plain_name` has it
# The list of spots of Space Ranger 1 has no header.
POSITIONS_LIST = "tissue_positions"
LIST_COLUMNS = ("in_tissue", "array_row", "array_col", "pxl_row_in_fullres", "pxl_col_in_fullres")


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


class Inputs(NamedTuple):
    """All that is known of the rows, in one order."""

    expression: Expression
    rows: Rows
    pixels: pd.DataFrame | None
    labels: pd.Series | None
    sections: np.ndarray | None


def read_inputs(options: argparse.Namespace, needed: bool = False) -> Inputs:
    """What --input, --pixels, --labels and --sections name; `needed`: as in `positions_named`."""
    expression = expression_named(options)
    rows = rows_of(expression)
    return Inputs(
        expression,
        rows,
        positions_named(options, rows, expression, needed),
        labels_named(options, rows, expression),
        sections_named(options, rows, expression),
    )


def say(line: str) -> None:
    """Print what was done; commands redirect it where it does not mix with results."""
    print(line, flush=True)


def expression_named(options: argparse.Namespace) -> Expression:
    """The file of --input, turned around with --transpose; genes and rows in use only, and which is said."""
    found = read_expression(options.input, options.layer, options.use_rep, options.spatial_key, options.bin)
    if options.transpose and found.is_counts:
        raise ValueError(
            f"expected no --transpose for {options.input}, whose rows are told from its format; drop the flag"
        )
    if options.transpose:
        found = transposed(found)
    found = genes_only(found)
    if options.counts or found.is_counts:
        found = _with_counts(found, options.min_counts)
    found = _on_tissue(found, options)
    for note in found.notes:
        say(note)
    return found


def _with_counts(expression: Expression, least: int) -> Expression:
    """The rows with `least` counts or more."""
    kept = rows_with_counts(as_matrix(expression.values, "input"), least)
    if kept.all():
        return expression
    left_out = np.count_nonzero(~kept)
    return expression.keep(kept, f"left out {left_out} of {len(kept)} rows with fewer than {least} counts")


def _on_tissue(expression: Expression, options: argparse.Namespace) -> Expression:
    """The rows that their table of positions, or the annotation, does not say are off the tissue."""
    if options.pixels is not None:
        table: pd.DataFrame | None = _read_matched(options.pixels, rows_of(expression))[0]
    else:
        table = expression.annotation
    columns = [] if table is None else [column for column in table if plain_name(column) == IN_TISSUE]
    if table is None or len(columns) != 1:
        return expression
    on = on_tissue(table[columns[0]])
    if not on.any():
        raise ValueError(f"expected rows on the tissue, found {columns[0]} 0 in all {len(on)}")
    if on.all():
        return expression
    return expression.keep(
        on, f"left out {np.count_nonzero(~on)} of {len(on)} rows off the tissue ({columns[0]} 0)"
    )


def rows_of(expression: Expression) -> Rows:
    values = expression.values
    numbers = expression.row_numbers()
    n_read = expression.n_read or len(numbers)
    named = expression.rows is not None
    index = expression.rows if expression.rows is not None else pd.RangeIndex(len(numbers))
    if isinstance(values, pd.DataFrame):
        index = values.index
    own = (
        pd.DataFrame(index=index)
        if expression.identifiers is None
        else expression.identifiers.set_axis(index)
    )
    if expression.annotation is not None:
        annotation = expression.annotation
        own = annotation[[column for column in annotation if is_identifier(column)]].set_axis(index)
    wanted = Wanted(names_of(own.set_axis(index), index=named), numbers, n_read)
    return Rows(index, wanted, expression.genes, values.shape[1], named)


def rows_of_table(table: pd.DataFrame) -> Rows:
    """The rows of a table that was read from a file."""
    named = has_row_names(table)
    names = names_of(pd.DataFrame(index=table.index), index=named)
    return Rows(table.index, Wanted(names, np.arange(len(table)), len(table)), named=named)


def data_of(expression: Expression, options: argparse.Namespace, n_components: int = 0) -> Matrix:
    """What is mapped and what r1 refers to: components of counts with --counts, else the input as it is.

    With --no_pca the normalised counts themselves.
    """
    if options.counts or expression.is_counts:
        wanted = (n_components or DEFAULT_COMPONENTS) if options.use_pca else None
        return preprocess_counts(expression.values, wanted, options.hvg)
    if options.hvg is not None:
        raise ValueError("expected --counts with --hvg, found --hvg alone")
    return expression.values


def read_rows(file: str | None, rows: Rows, name: str, columns: str | None = None) -> pd.DataFrame | None:
    """The table `file` in the order of `rows`; only `columns` (names separated by commas) where given.

    Rows are matched by name, in whatever column of the table the names are, and it may hold more; by their
    order only where one side does not name them. It is said which.
    """
    if file is None:
        if columns is not None:
            raise ValueError(f"expected a table of {name} for columns {columns!r}, found none")
        return None
    table, match = _read_matched(file, rows)
    say(match.said)
    return table if columns is None else chosen_columns(table, columns, file)


def _read_matched(file: str, rows: Rows) -> tuple[pd.DataFrame, Match]:
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
    if list(table.columns) == list(
        LIST_COLUMNS
    ):  # by their names and, where these were not in the file, by number
        places |= {str(place + 1): place for place in range(len(LIST_COLUMNS))}
    wanted = columns.split(",")
    if missing := [column for column in wanted if column not in places]:
        raise ValueError(f"expected column {missing[0]!r} in {file}, found {', '.join(places)}")
    return table.iloc[:, [places[column] for column in wanted]]


def positions_named(
    options: argparse.Namespace, rows: Rows, expression: Expression | None, needed: bool = False
) -> pd.DataFrame | None:
    """The table of --pixels, else the positions that came with the input, else none.

    Without --pixel_columns they are the columns whose names say so, or else all that identify nothing.
    `needed`: a platform's files and AnnData should have some; that they have none is an error.
    """
    if options.pixels is None:
        if needed and expression is not None and expression.no_positions is not None:
            raise ValueError(
                f"{expression.no_positions}; -x names a table of some, --beta 0 makes a map without space"
            )
        found = None if expression is None else expression.positions
        if found is not None and expression is not None and expression.sections is None:
            if expression.annotation is not None:
                _warn_of_sections(options, expression.annotation, found)
        if options.pixel_columns is None:
            return found
        if found is None:
            raise ValueError(f"expected a table of pixels for columns {options.pixel_columns!r}, found none")
        return chosen_columns(found, options.pixel_columns, options.input)
    table, match = _read_matched(options.pixels, rows)
    if options.pixel_columns is not None:
        pixels = chosen_columns(table, options.pixel_columns, options.pixels)
    else:
        pixels = position_columns(table, match)
    say(f"{match.said}; positions: {', '.join(map(str, pixels.columns))}")
    _warn_of_sections(options, table, pixels)
    if expression is not None and (options.counts or expression.is_counts):
        sums = np.asarray(as_matrix(expression.values, "input").sum(axis=1)).ravel()
        if message := unlike_totals(sums, table, Path(options.pixels).name):
            warn_user(message)
    return pixels


def _warn_of_sections(options: argparse.Namespace, table: pd.DataFrame, pixels: pd.DataFrame) -> None:
    """Where the rows of several sections have positions and nobody says so."""
    if getattr(options, "sections", None) is None and getattr(options, "section_column", None) is None:
        numeric = all(pd.api.types.is_numeric_dtype(dtype) for dtype in pixels.dtypes)
        if numeric and (message := overlaid_sections(table, pixels)):
            warn_user(message)


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
    """Columns that neither name rows nor are empty."""
    by = None if match.by is None else match.by.title
    left = [column for column in table.columns if str(column) != by and not is_identifier(column)]
    return [column for column in left if not table[column].isna().all()] or left


def labels_named(options: argparse.Namespace, rows: Rows, expression: Expression | None) -> pd.Series | None:
    """The column of classes of --labels, else of the annotation of a .h5ad file, else none.

    Some may be missing.
    """
    labels = _one_column(options, "label", rows, expression)
    if labels is None or not labels.isna().any():
        return labels
    known = labels.dropna()
    if known.empty:
        raise ValueError(f"expected classes in labels, found all {len(labels)} missing")
    # Beside missing ones whole numbers are read as floating point, which is drawn as no class.
    whole = pd.api.types.is_float_dtype(labels.dtype) and (known % 1 == 0).all()
    return labels.astype("Int64") if whole else labels


def sections_named(
    options: argparse.Namespace, rows: Rows, expression: Expression | None
) -> np.ndarray | None:
    """The section of each row: of --sections, else of AnnData's or the platform's annotation, else none."""
    if options.sections is None and options.section_column is None and expression is not None:
        return expression.sections
    column = _one_column(options, "section", rows, expression)
    return None if column is None else column.to_numpy()


def _one_column(
    options: argparse.Namespace, what: str, rows: Rows, expression: Expression | None
) -> pd.Series | None:
    """The column that the flags --`what`s (a table, else that of --pixels) and --`what`_column name."""
    file, column = getattr(options, f"{what}s"), getattr(options, f"{what}_column")
    annotated = expression is not None and expression.annotation is not None
    if file is None and column is not None and not annotated:
        file = options.pixels  # a table of positions often says more
    if file is None and expression is not None and expression.annotation is not None:
        if column is None:
            return None
        table: pd.DataFrame | None = chosen_columns(expression.annotation, column, options.input)
    else:
        table = read_rows(file, rows, f"{what}s", column)
    if table is None:
        return None
    if table.shape[1] > 1 and len(left := [name for name in table if not is_identifier(name)]) == 1:
        table = table[left]
    if table.shape[1] != 1:
        raise ValueError(
            f"expected one column of {what}s in {file or options.input}, found "
            f"{', '.join(map(str, table.columns))}; choose one with --{what}_column"
        )
    return table.iloc[:, 0]


def check_can_write(*files: str | None) -> None:
    """Find out before the work, not after it."""
    for file in files:
        if file is None or file == STANDARD_STREAM:
            continue
        path = Path(os.path.realpath(file))
        is_device = path.exists() and not path.is_file() and not path.is_dir()
        written = path if is_device else path.parent  # as output_file does
        if path.is_dir() or not written.exists() or not os.access(written, os.W_OK):
            raise ValueError(f"expected a file name in a folder that can be written to, found {file!r}")


def check_figure_format(file: str | None) -> None:
    if file is None:
        return
    from matplotlib.backend_bases import FigureCanvasBase

    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if Path(file).suffix[1:].lower() not in known:
        raise ValueError(f"expected a figure file that ends in one of {', '.join(known)}, found {file!r}")
