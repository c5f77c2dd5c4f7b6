"""The table in which a platform lists its cells, spots or beads: names, positions and what else is known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from spasne_tools.coordinates import find_coordinates
from spasne_tools.features import is_unnamed
from spasne_tools.readers.text_file import open_text

PARQUET = ".parquet"


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
                f"{row} (rows of this kind: {int(bad.sum())})"
            )
        return found


def read_cell_table(path: Path, names: Sequence[str] | None = None) -> pd.DataFrame:
    """A table with a header (with `names`: without one), every field as text, or a Parquet file.

    Raises
    ------
    ValueError
        The file is empty, or no table.
    ImportError
        A Parquet file without pyarrow.
    """
    if path.suffix == PARQUET:
        return _read_parquet(path)
    header: dict[str, object] = {} if names is None else {"header": None, "names": names}
    try:
        with open_text(path) as file:
            table = pd.read_csv(
                file, sep=_separator(path), dtype=str, keep_default_na=False, index_col=False, **header
            )
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"expected a table in {path}, found none that can be read ({error})") from None
    if table.empty:
        raise ValueError(f"expected rows in {path}, found none")
    return table


def _separator(path: Path) -> str:
    with open_text(path) as file:
        line = file.readline().decode()
    return next((mark for mark in "\t,;" if mark in line), r"\s+")


def load_parquet() -> ModuleType:
    """The module pyarrow.parquet; ImportError names the extra that brings it."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            f"expected the package pyarrow to read Parquet files, found none ({error}); install it with "
            "pip install 'spasne[spatial]'"
        ) from error
    return pyarrow.parquet


def _read_parquet(path: Path) -> pd.DataFrame:
    parquet = load_parquet()
    try:
        table = parquet.read_table(path).to_pandas()
    except (OSError, ValueError) as error:
        raise ValueError(
            f"expected a Parquet file in {path}, found none that can be read ({error})"
        ) from None
    if not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index()
    return table.apply(_decoded)


def _decoded(column: pd.Series) -> pd.Series:
    """Text where a program wrote bytes."""
    if len(column) and isinstance(column.iloc[0], bytes):
        return column.map(bytes.decode)
    return column


def first_line(path: Path) -> list[str]:
    """The fields of the first line of a table, to tell whether it is a header."""
    separator = _separator(path)
    with open_text(path) as file:
        return re.split(separator, file.readline().decode().strip().replace('"', ""))


def column_names(path: Path) -> list[str]:
    """Names of the columns of a table with a header, or of a Parquet file."""
    if path.suffix == PARQUET:
        return [str(name) for name in load_parquet().read_schema(path).names]
    return first_line(path)


def indexed(table: pd.DataFrame, names: pd.Index, source: str) -> tuple[pd.DataFrame, str]:
    """`table` indexed by the column that holds the most of `names`, and that column's name.

    Raises
    ------
    ValueError
        No column holds any of them.
    """
    wanted = pd.Index(names.astype(str))
    texts = {column: table[column].astype(str) for column in table if _may_hold_names(table[column])}
    found = {column: int(wanted.isin(values).sum()) for column, values in texts.items()}
    best = max(found, key=lambda column: found[column], default=None)
    if best is None or found[best] == 0:
        shown = [f"{values.iloc[0]} ({column or 'unnamed'})" for column, values in texts.items()][:4]
        raise ValueError(
            f"expected the names of the counts' rows, such as {wanted[0]}, in {source}, found 0 of "
            f"{len(wanted)} in any column, e.g. {', '.join(shown) or 'no texts'}{_suffix_hint(wanted, texts)}"
        )
    return table.drop(columns=[best]).set_axis(pd.Index(texts[best], name=best), axis=0), str(best)


def _may_hold_names(column: pd.Series) -> bool:
    return not pd.api.types.is_float_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _suffix_hint(wanted: pd.Index, texts: dict[str, pd.Series]) -> str:
    """Whether all would be found but for an ending such as -1, which a program cut off or added."""
    bare = set(wanted.str.replace(r"[-.]\d+$", "", regex=True))
    for values in texts.values():
        if bare <= set(values.str.replace(r"[-.]\d+$", "", regex=True)):
            return "; without an ending such as -1 they would match: put it back where it was lost"
    return ""


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
            raise ValueError(f"expected each row's name once in {where}, found {twice[0]} twice")
    places = cells.table.index.get_indexer(wanted) if cells.table.index.is_unique else None
    if places is None:  # names that are there twice are not asked for
        unique = cells.table[~cells.table.index.duplicated(keep=False)]
        places, table = unique.index.get_indexer(wanted), unique
    else:
        table = cells.table
    found = int((places >= 0).sum())
    if found < len(wanted):
        absent = wanted[places < 0][0]
        raise ValueError(
            f"expected all {len(wanted)} rows of the counts in {cells.source}, found {found} of them, e.g. "
            f"not {absent} (it has names such as {cells.table.index[0]}); drop the others from the counts"
        )
    note = (
        f"matched {found} of {len(wanted)} rows by {cells.source}; positions: {', '.join(cells.coordinates)}"
    )
    return table.iloc[places], note
