"""Columns of expression that are no genes: identifiers of rows, positions and control features, by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from spasne_tools.coordinates import find_coordinates
from spasne_tools.features import control_features, identifier_columns

FEWEST_GENES = 3  # beside positions: fewer may be a map, whose columns are called x and y as well


class NoGenes(NamedTuple):
    """Names of columns, by what they are."""

    identifiers: list[Any]
    positions: list[Any]
    controls: list[Any]


def find_no_genes(columns: Sequence[Any]) -> NoGenes:
    """Those of the names of a table's `columns` that are no genes.

    Examples
    --------
    >>> find_no_genes(["cell_ID", "x", "y", "Gad1", "Mbp", "Sst", "NegPrb1"])
    NoGenes(identifiers=['cell_ID'], positions=['x', 'y'], controls=['NegPrb1'])
    >>> find_no_genes(["x", "y"]).positions
    []
    """
    identifiers = identifier_columns(columns)
    positions = find_coordinates(columns, known_only=True) or []
    if len(columns) - len(identifiers) - len(positions) < FEWEST_GENES:
        positions = []
    return NoGenes(identifiers, positions, control_names(columns))


def control_names(names: Sequence[Any]) -> list[Any]:
    """Those of `names` that are of control features."""
    return [name for name, control in zip(names, control_features(names), strict=True) if control]
