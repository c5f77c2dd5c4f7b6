"""What the flags of a command name: expression, positions, classes and sections, in one row order.

What is done on the way is printed; commands redirect standard output where results go there.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
import pandas as pd

from spasne_tools.commands.positions import positions_named
from spasne_tools.commands.rows import Rows, chosen_columns, read_matched, read_rows, rows_of
from spasne_tools.features import IN_TISSUE, is_identifier, on_tissue, plain_name
from spasne_tools.preprocessing import preprocess_counts, rows_with_counts
from spasne_tools.readers.expression_file import Expression, read_expression
from spasne_tools.readers.gene_columns import genes_only, transposed
from spasne_tools.run.prepare import DEFAULT_COMPONENTS
from spasne_tools.validation import Matrix, as_matrix


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


def expression_named(options: argparse.Namespace) -> Expression:
    """The file of --input, turned around with --transpose, without what is no gene and rows left out.

    Raises
    ------
    ValueError
        The file is missing, or not of the kind that its name and the flags say.
    """
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
        print(note, flush=True)
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
        table: pd.DataFrame | None = read_matched(options.pixels, rows_of(expression))[0]
    else:
        table = expression.annotation
    wanted = plain_name(IN_TISSUE)
    columns = [] if table is None else [column for column in table if plain_name(column) == wanted]
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
    annotation = None if expression is None else expression.annotation
    table: pd.DataFrame | None = None
    if file is None and annotation is not None:
        if column is not None:
            table = chosen_columns(annotation, column, options.input)
    else:
        if file is None and column is not None:
            file = options.pixels  # a table of positions often says more
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
