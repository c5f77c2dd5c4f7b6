"""Which columns of expression are genes: identifiers, positions and control features are set apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.coordinates import find_coordinates
from spasne_tools.features import control_features, identifier_columns
from spasne_tools.readers.expression_file import Expression

FEWEST_GENES = 3  # beside positions: fewer may be a map, whose columns are called x and y as well
SHOWN = 4
IDENTIFIERS, POSITIONS, CONTROLS = "identifiers of rows", "positions", "control features"


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

    Identifiers and positions are told by name in tables, where they lie among genes; control features
    anywhere.
    """
    if expression.genes is None:
        return expression
    others: dict[str, list[Any]] = {}
    names = list(expression.genes)
    if isinstance(expression.values, pd.DataFrame):
        others[IDENTIFIERS] = identifier_columns(names)
        coordinates = find_coordinates(names, known_only=True) or []
        if len(names) - len(others[IDENTIFIERS]) - len(coordinates) >= FEWEST_GENES:
            others[POSITIONS] = coordinates
    controls = control_features(names)
    others[CONTROLS] = [name for name, control in zip(names, controls, strict=True) if control]
    left_out = {name for group in others.values() for name in group}
    if not left_out:
        return expression
    kept = np.array([name not in left_out for name in names])
    if not kept.any():
        raise ValueError(f"expected genes, found {_listed(names)}, which are none")
    parts = [f"{_listed(group)} ({kind})" for kind, group in others.items() if group]
    table: Any = expression.values
    identifiers, places = others.get(IDENTIFIERS), others.get(POSITIONS)
    return replace(
        expression,
        values=table.loc[:, kept] if isinstance(table, pd.DataFrame) else table[:, kept],
        genes=expression.genes[kept],
        identifiers=table[identifiers] if identifiers else expression.identifiers,
        positions=table[places] if places and expression.positions is None else expression.positions,
        notes=(*expression.notes, f"no genes, left out: {'; '.join(parts)}"),
    )


def _listed(names: list[Any]) -> str:
    shown = ", ".join(map(str, names[:SHOWN]))
    return f"{shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown
