"""What the flags of a command name, read and brought into one row order."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.preprocessing import preprocess_counts
from spasne_tools.readers.expression_file import Expression, read_expression
from spasne_tools.readers.tables import STANDARD_STREAM, has_row_names, read_table
from spasne_tools.run.prepare import DEFAULT_COMPONENTS
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import Matrix, check_rows_match

MOST_DIMENSIONS = 3  # of space
LOOKED_AT = 1000  # values that tell counts from anything else


@dataclass(frozen=True)
class Rows:
    """How many rows there are, and their names, where there are any; how many columns the input has."""

    count: int
    names: pd.Index | None
    n_columns: int | None = None

    def frame(self) -> pd.DataFrame:
        """A table of these rows without columns."""
        return pd.DataFrame(index=pd.RangeIndex(self.count) if self.names is None else self.names)


def expression_named(options: argparse.Namespace) -> Expression:
    """The file of --input, turned around with --transpose."""
    found = read_expression(options.input, options.layer, options.use_rep, options.spatial_key, options.bin)
    if options.transpose and found.is_counts:
        raise ValueError(
            f"expected no --transpose for {options.input}, whose rows are told from its format; drop the flag"
        )
    return Expression(found.values.T, found.genes, found.rows) if options.transpose else found


def rows_of(expression: Expression) -> Rows:
    return Rows(expression.values.shape[0], expression.rows, expression.values.shape[1])


def data_of(expression: Expression, options: argparse.Namespace, n_components: int = 0) -> Matrix:
    """What is mapped and what r1 refers to: components of counts with --counts, else the input as it is.

    With --no_pca the normalised counts themselves.
    """
    if options.counts or expression.is_counts:
        wanted = (n_components or DEFAULT_COMPONENTS) if options.use_pca else None
        return preprocess_counts(expression.values, wanted, options.hvg)
    if options.hvg is not None:
        raise ValueError("expected --counts with --hvg, found --hvg alone")
    if _looks_like_counts(expression.values):
        warn_user(
            "the expression holds whole numbers of 0 and more only, as counts do; --counts normalises them "
            "and takes logarithms first"
        )
    return expression.values


def _looks_like_counts(values: pd.DataFrame | np.ndarray | Matrix) -> bool:
    if scipy.sparse.issparse(values):
        sample = np.asarray(values.data[:LOOKED_AT])
    else:
        rows = max(1, LOOKED_AT // max(1, values.shape[1]))
        sample = np.asarray(values[:rows]).ravel()
    if sample.dtype.kind not in "biuf" or sample.size == 0:
        return False
    return bool(np.all(sample >= 0) and np.all(sample == np.floor(sample)) and sample.max() > 1)


def read_rows(file: str | None, rows: Rows, name: str, columns: str | None = None) -> pd.DataFrame | None:
    """The table `file` in the order of `rows`; only `columns` (names separated by commas) where given.

    Where both sides name their rows they are matched by name, and the table may hold more of them; else rows
    belong together by position.
    """
    if file is None:
        if columns is not None:
            raise ValueError(f"expected a table of {name} for columns {columns!r}, found none")
        return None
    table = read_table(file, n_rows=rows.count)
    if len(table) == rows.n_columns != rows.count:
        raise ValueError(
            f"expected {rows.count} rows in {name}, as in the input, found {len(table)}, as many as the "
            "input has columns; if these are the spots, add --transpose"
        )
    reference = rows.frame()
    if rows.names is not None and has_row_names(table):
        if table.index.is_unique and rows.names.isin(table.index).all():
            table = table.loc[rows.names]
    elif len(table) == rows.count:
        table = table.set_axis(reference.index, axis=0)
    check_rows_match(reference, table, name)
    return table if columns is None else chosen_columns(table, columns, file)


def chosen_columns(table: pd.DataFrame, columns: str, file: str) -> pd.DataFrame:
    """The columns named, separated by commas; those without names are numbered from 1."""
    places = {str(column): place for place, column in enumerate(table.columns)}
    wanted = columns.split(",")
    if missing := [column for column in wanted if column not in places]:
        raise ValueError(f"expected column {missing[0]!r} in {file}, found {', '.join(places)}")
    return table.iloc[:, [places[column] for column in wanted]]


def positions_named(
    options: argparse.Namespace, rows: Rows, expression: Expression | None, needed: bool = False
) -> pd.DataFrame | None:
    """The table of --pixels, else the positions of a platform's files or of AnnData, else none.

    `needed`: the latter should have some, and have none: that is an error.
    """
    if needed and options.pixels is None and expression is not None and expression.no_positions is not None:
        raise ValueError(
            f"{expression.no_positions}; -x names a table of positions, --beta 0 makes a map without space"
        )
    pixels = _positions_found(options, rows, expression)
    if pixels is None or options.pixel_columns is not None:
        return pixels
    texts = [
        str(column) for column, dtype in pixels.dtypes.items() if not pd.api.types.is_numeric_dtype(dtype)
    ]
    if texts:
        raise ValueError(
            f"expected numbers in every column of pixels, found text in {', '.join(texts)}; choose the "
            f"columns of positions among {', '.join(map(str, pixels.columns))} with --pixel_columns"
        )
    if pixels.shape[1] > MOST_DIMENSIONS:
        warn_user(
            f"all {pixels.shape[1]} columns of pixels ({', '.join(map(str, pixels.columns))}) are taken as "
            "positions; --pixel_columns chooses some"
        )
    return pixels


def _positions_found(
    options: argparse.Namespace, rows: Rows, expression: Expression | None
) -> pd.DataFrame | None:
    if options.pixels is None and expression is not None and expression.positions is not None:
        if options.pixel_columns is None:
            return expression.positions
        return chosen_columns(expression.positions, options.pixel_columns, options.input)
    return read_rows(options.pixels, rows, "pixels", options.pixel_columns)


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
    """The column that the flags --`what`s (a table) and --`what`_column name."""
    file, column = getattr(options, f"{what}s"), getattr(options, f"{what}_column")
    if file is None and expression is not None and expression.annotation is not None:
        if column is None:
            return None
        table: pd.DataFrame | None = chosen_columns(expression.annotation, column, options.input)
    else:
        table = read_rows(file, rows, f"{what}s", column)
    if table is None:
        return None
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
