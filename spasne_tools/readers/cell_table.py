"""The table in which a platform lists its cells, spots or beads: names, positions and what else is known."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spasne_tools.coordinates import find_coordinates
from spasne_tools.features import is_unnamed
from spasne_tools.name_differences import difference_of, lost_digits
from spasne_tools.readers.matching import naming_column


@dataclass(frozen=True)
class CellTable:
    """``table`` is indexed by names of rows; ``coordinates`` are its columns with x, y and maybe z."""

    table: pd.DataFrame
    coordinates: tuple[str, ...]
    source: str

    def positions(self, table: pd.DataFrame) -> pd.DataFrame:
        """The coordinates of the rows of `table`, as numbers.

        Raises
        ------
        ValueError
            One is no number.
        """
        found = table[list(self.coordinates)].apply(pd.to_numeric, errors="coerce").astype(np.float64)
        if (bad := found.isna().any(axis=1).to_numpy()).any():
            row = table.index[bad][0]
            values = ", ".join(map(str, table.loc[[row], list(self.coordinates)].iloc[0]))
            raise ValueError(
                f"expected numbers in {', '.join(self.coordinates)} of {self.source}, found {values} for "
                f"{row} (rows of this kind: {int(bad.sum())}){_decimal_hint(values)}"
            )
        return found


def _decimal_hint(values: str) -> str:
    return "; write decimals with a point" if re.search(r"\d,\d", values) else ""


def indexed(table: pd.DataFrame, names: pd.Index, source: str) -> tuple[pd.DataFrame, str]:
    """`table` indexed by the column that names the rows, and that column's name.

    Raises
    ------
    ValueError
        No column holds any of `names`, or two hold all of them in different orders.
    """
    wanted = pd.Index(names.astype(str))
    best, columns = naming_column(wanted, table, source)
    if best is None:
        shown = [f"{column.texts[0]} ({column.column or 'unnamed'})" for column in columns][:4]
        differences = (difference_of(wanted, column.texts) for column in columns)
        hint = next((f"; {difference}" for difference in differences if difference), "")
        raise ValueError(
            f"expected the names of the counts' rows, such as {wanted[0]}, in {source}, found 0 of "
            f"{len(wanted)} in any column, e.g. {', '.join(shown) or 'no texts'}{hint}"
        )
    left = table.drop(columns=[best.column])
    return left.set_axis(best.texts.rename(best.column), axis=0), str(best.column)


def located(table: pd.DataFrame, names: pd.Index, source: str) -> CellTable:
    """`table` by name and with the coordinates that the names of its columns tell."""
    by_name, column = indexed(table, names, source)
    coordinates = find_coordinates(by_name.columns)
    if coordinates is None:
        raise ValueError(
            f"expected columns of positions in {source}, such as x and y, found "
            f"{', '.join(map(str, by_name.columns[:12]))}"
        )
    shown = f"{source}:{'row names' if is_unnamed(column) else column}"
    return CellTable(by_name, tuple(coordinates), shown)


def aligned(cells: CellTable, names: pd.Index) -> tuple[pd.DataFrame, str]:
    """The rows `names` of the table of `cells`, in this order; and a line that says so.

    Raises
    ------
    ValueError
        A name is missing, or is there twice on either side.
    """
    wanted = pd.Index(names.astype(str))
    for index, where in ((wanted, "the counts"), (cells.table.index, cells.source)):
        if not index.is_unique and (twice := index[index.duplicated()].intersection(wanted)).size:
            rounded = f"; {hint}" if (hint := lost_digits(twice)) else ""
            raise ValueError(f"expected each row's name once in {where}, found {twice[0]} twice{rounded}")
    places = cells.table.index.get_indexer(wanted) if cells.table.index.is_unique else None
    if places is None:  # names that are there twice are not asked for
        unique = cells.table[~cells.table.index.duplicated(keep=False)]
        places, table = unique.index.get_indexer(wanted), unique
    else:
        table = cells.table
    found = int((places >= 0).sum())
    if found < len(wanted):
        absent = wanted[places < 0][0]
        hint = difference_of(wanted, cells.table.index) or "drop the others from the counts"
        raise ValueError(
            f"expected all {len(wanted)} rows of the counts in {cells.source}, found {found} of them, e.g. "
            f"not {absent} (it has names such as {cells.table.index[0]}); {hint}"
        )
    note = (
        f"matched {found} of {len(wanted)} rows by {cells.source}; positions: {', '.join(cells.coordinates)}"
    )
    return table.iloc[places], note
