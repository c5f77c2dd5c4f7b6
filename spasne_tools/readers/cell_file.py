"""The file in which a platform lists its cells, spots or beads: a text table, plain or zipped, or Parquet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from spasne_tools.extras import load_parquet
from spasne_tools.readers.table_layout import lacks_first_name
from spasne_tools.readers.text_file import open_text
from spasne_tools.user_warning import filtered

PARQUET = ".parquet"
SEPARATORS = "\t,;"  # else white space


def read_cell_table(path: Path, names: Sequence[str] | None = None) -> pd.DataFrame:
    """A table with a header (with `names`: without one), every field as text, or a Parquet file.

    A header that is a field shorter than the rows, as R writes it, lacks the name of the first column.

    Raises
    ------
    ValueError
        The file is empty, or no table, or has rows that are longer than its header.
    ImportError
        A Parquet file without pyarrow.
    """
    if path.suffix == PARQUET:
        return _read_parquet(path)
    try:
        separator = _separator(path)
        header = _header(path, separator) if names is None else {"header": None, "names": names}
        with open_text(path) as file, filtered("error", pd.errors.ParserWarning):
            table = pd.read_csv(
                file, sep=separator, dtype=str, keep_default_na=False, index_col=False, **header
            )
    except (OSError, EOFError, ValueError, pd.errors.ParserWarning) as error:
        raise ValueError(f"expected a table in {path}, found none that can be read ({error})") from None
    if table.empty:
        raise ValueError(f"expected rows in {path}, found none")
    return table


def _separator(path: Path) -> str:
    with open_text(path) as file:
        line = file.readline().decode()
    return next((mark for mark in SEPARATORS if mark in line), r"\s+")


def _header(path: Path, separator: str) -> dict[str, Any]:
    """How pandas is to read the header: with an empty name before it where rows have a field more."""
    with open_text(path) as file:
        lines = (line for line in io.TextIOWrapper(file, "utf-8") if line.strip())
        header, row = (_fields(next(lines, ""), separator) for _ in range(2))
    return {"header": 0, "names": ["", *header]} if lacks_first_name(header, row) else {}


def _fields(line: str, separator: str) -> list[str]:
    if separator not in SEPARATORS:
        return line.replace('"', "").split()
    return [field.strip() for field in next(csv.reader([line.strip("\n")], delimiter=separator), [])]


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
