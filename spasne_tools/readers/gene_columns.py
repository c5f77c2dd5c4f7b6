"""Which columns of expression are genes: identifiers, positions and control features are set apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.name_list import listed_names
from spasne_tools.no_genes import NoGenes, control_names, find_no_genes
from spasne_tools.readers.expression_file import Expression

KINDS = ("identifiers of rows", "positions", "control features")  # what is left out, for a message


def transposed(expression: Expression) -> Expression:
    """`expression`, which has genes in rows, with cells in rows; columns of text say more of the genes only.

    Raises
    ------
    ValueError
        There is no column of numbers.
    """
    values, genes = expression.values, expression.rows
    if isinstance(values, pd.DataFrame):
        numeric = np.array([pd.api.types.is_numeric_dtype(dtype) for dtype in values.dtypes])
        if not numeric.any():
            raise ValueError("expected columns of numbers to turn around, found text in all")
        texts = values.loc[:, ~numeric]
        if genes is None and texts.shape[1]:
            genes = pd.Index(texts.iloc[:, 0].astype(str))
        values = values.loc[:, numeric]
        return Expression(values.T, values.columns.astype(str), genes)
    return Expression(values.T, expression.genes, genes)


def genes_only(expression: Expression) -> Expression:
    """`expression` without the columns that are no genes, which become names of rows and positions.

    Identifiers and positions are looked for in tables, where they lie among genes; control features anywhere.

    Raises
    ------
    ValueError
        No gene is left.
    """
    if expression.genes is None:
        return expression
    names = list(expression.genes)
    found = NoGenes([], [], control_names(names))
    if isinstance(expression.values, pd.DataFrame):
        found = find_no_genes(names)
    left_out = {name for group in found for name in group}
    if not left_out:
        return expression
    kept = np.array([name not in left_out for name in names])
    if not kept.any():
        raise ValueError(f"expected genes, found {listed_names(names)}, which are none")
    parts = [f"{listed_names(group)} ({kind})" for kind, group in zip(KINDS, found, strict=True) if group]
    table: Any = expression.values
    return replace(
        expression,
        values=table.loc[:, kept] if isinstance(table, pd.DataFrame) else table[:, kept],
        genes=expression.genes[kept],
        identifiers=table[found.identifiers] if found.identifiers else expression.identifiers,
        positions=(
            table[found.positions]
            if found.positions and expression.positions is None
            else expression.positions
        ),
        notes=(*expression.notes, f"no genes, left out: {'; '.join(parts)}"),
    )
