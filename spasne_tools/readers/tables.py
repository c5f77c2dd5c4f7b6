"""Tables on disk: CSV, tab or white space, with or without header and row names, gzip too; .npy arrays."""

from __future__ import annotations

import csv
import gzip
import io
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from spasne_tools.output_file import output_file

GZIP_MAGIC = b"\x1f\x8b"
STANDARD_STREAM = "-"
MISSING = {"", "na", "nan", "null", "none"}
# First column names that announce row names, numeric ones too.
INDEX_NAMES = {
    "",
    "index",
    "id",
    "name",
    "cell",
    "cells",
    "cell_id",
    "cellid",
    "spot",
    "spots",
    "spot_id",
    "barcode",
    "barcodes",
    "sample",
    "unnamed: 0",
}
PLAIN_SUFFIXES = (".txt", ".dat", ".tsv")  # maps written as bare numbers, as published
TABLE_SUFFIXES = ("", ".csv", *PLAIN_SUFFIXES)  # .gz may follow
ARRAY_SUFFIX = ".npy"
# From 3.1 on pandas reads numbers to the last digit unasked and warns about being asked.
EXACT_BY_DEFAULT = tuple(int(part) for part in pd.__version__.split(".")[:2]) >= (3, 1)
MAP_COLUMNS = ("x_pos", "y_pos", "z_pos")  # as in the published maps


def read_table(file: str | Path, n_rows: int | None = None) -> pd.DataFrame:
    """Read a table of numbers or text, finding out about separator, header and row names.

    The separator is the first of tab, comma, semicolon and white space that occurs in the first line. The
    first line is a header where it starts with an empty field or a usual name of row names, is one field
    shorter than the second or holds text above numbers; and where it numbers the columns 0, 1, 2, ... or both
    lines are all text, unless this makes the number of rows differ from `n_rows`.
    The first column holds row names where its name is empty or a usual one (cell, barcode, index, ...) or
    where it holds distinct texts beside other columns.

    Parameters
    ----------
    file : str or Path
        File name, plain or gzip; "-" for standard input. A file of NumPy's (.npy) is an array of numbers.
    n_rows : int, optional
        Rows expected; settles whether there is a header where the text alone does not.

    Returns
    -------
    DataFrame
        Row names are in the index, as text; a table without them has a RangeIndex. Columns without a header
        are numbered from 1, row names not counted.

    Raises
    ------
    ValueError
        The file is missing, empty or not a table.
    """
    if (array := _read_array(file)) is not None:
        return pd.DataFrame(array, columns=_numbers(array.shape[1]), copy=False)
    text = _read_text(file).replace("\r\n", "\n").replace("\r", "\n")
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        raise ValueError(f"expected a table in {_shown(file)}, found an empty file")
    separator = next((mark for mark in "\t,;" if mark in lines[0]), None)
    first, second = (_fields(line, separator) for line in (lines[0], lines[min(1, len(lines) - 1)]))
    names = first if _has_header(first, second, len(lines), n_rows) else None
    if names is not None and len(names) == len(second) - 1:  # as written by R
        names = ["", *names]
    body = "\n".join(lines if names is None else lines[1:])
    try:
        table = _parse(body, separator)
        texts = _parse(body, separator, usecols=[0], dtype=str, keep_default_na=False)[0]  # NA can be a name
    except ValueError as error:
        raise ValueError(
            f"expected a table in {_shown(file)}, found lines that do not fit ({error})"
        ) from None
    if names is not None and len(names) != table.shape[1]:
        raise ValueError(
            f"expected {len(names)} columns in {_shown(file)}, as its header has, found {table.shape[1]}"
        )
    if names is not None:
        table.columns = pd.Index(names)
    named_index = names is not None and names[0].lower() in INDEX_NAMES
    if table.shape[1] > 1 and (named_index or not _is_number(second[0]) and texts.is_unique):
        rows = pd.Index(texts.to_numpy(), name=(names[0] or None) if names else None)
        table = table.iloc[:, 1:].set_axis(rows, axis=0)
    if names is None:
        table.columns = _numbers(table.shape[1])
    return table


def _numbers(n_columns: int) -> pd.RangeIndex:
    """Names of columns without a header."""
    return pd.RangeIndex(1, n_columns + 1)


def _parse(body: str, separator: str | None, **options: Any) -> pd.DataFrame:
    precision = {} if EXACT_BY_DEFAULT else {"float_precision": "round_trip"}
    return pd.read_csv(
        io.StringIO(body),
        sep=separator or r"\s+",
        header=None,
        skipinitialspace=True,
        low_memory=False,
        **precision,
        **options,
    )


def has_row_names(table: pd.DataFrame) -> bool:
    """Whether `read_table` found row names in the file of `table`."""
    return not isinstance(table.index, pd.RangeIndex)


def _read_array(file: str | Path) -> np.ndarray | None:
    """The rows of a .npy file, left on disk until they are used; None for any other file."""
    if file == STANDARD_STREAM or Path(file).suffix.lower() != ARRAY_SUFFIX:
        return None
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"expected an array in {file}, found none that can be read ({error})") from None
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"expected an array of rows and columns in {file}, found shape {array.shape}")
    return array


def _read_text(file: str | Path) -> str:
    try:
        content = sys.stdin.buffer.read() if file == STANDARD_STREAM else Path(file).read_bytes()
        if content.startswith(GZIP_MAGIC):
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"expected a table in {_shown(file)}, found none that can be read ({reason})"
        ) from None


def _shown(file: str | Path) -> str:
    return "standard input" if file == STANDARD_STREAM else str(file)


def _fields(line: str, separator: str | None) -> list[str]:
    fields = next(
        csv.reader(
            [line.strip() if separator is None else line], delimiter=separator or " ", skipinitialspace=True
        )
    )
    return [field.strip() for field in fields]


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return field.lower() in MISSING
    return True


def _has_header(first: Sequence[str], second: Sequence[str], n_lines: int, n_rows: int | None) -> bool:
    numeric = [_is_number(field) for field in second]
    if len(first) == len(second) - 1 or first[0].lower() in INDEX_NAMES:
        return True
    if any(not _is_number(name) and below for name, below in zip(first, numeric, strict=False)):
        return True
    numbered = any(
        len(names) > 1 and list(names) == [str(number) for number in range(len(names))]
        for names in (first, first[1:])
    )
    # Column numbers can be values, and text above text can be either: then the number of lines decides.
    return (numbered or not any(numeric)) and n_lines != n_rows


def check_map_format(file: str | Path) -> None:
    """ValueError unless `write_map` knows what the name `file` ends in."""
    if file == STANDARD_STREAM or Path(file).suffix.lower() == ARRAY_SUFFIX:
        return
    if _table_suffix(Path(file)) not in TABLE_SUFFIXES:
        known = ", ".join([*filter(None, TABLE_SUFFIXES), ARRAY_SUFFIX])
        raise ValueError(f"expected a map file that ends in one of {known}, found {str(file)!r}")


def _table_suffix(path: Path) -> str:
    """What a name ends in, .gz aside."""
    return Path(path.stem if path.suffix.lower() == ".gz" else path.name).suffix.lower()


def write_map(file: str | Path, Y: np.ndarray, index: pd.Index | None) -> None:
    """Write the map `Y` (n, no_dims) to `file`, which appears complete or not at all.

    CSV with a header, and with `index` as row names where given; bare tab-separated numbers where the name
    ends in .txt, .dat or .tsv (.gz may follow) or is "-", standard output; an array of NumPy's where it ends
    in .npy. Other names are for `check_map_format` to refuse.
    """
    if file == STANDARD_STREAM:
        _write_numbers(sys.stdout, Y)
        return
    path = Path(file)
    if path.suffix.lower() == ARRAY_SUFFIX:
        with output_file(path) as unfinished, open(unfinished, "wb") as array:
            np.save(array, Y)
        return
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with output_file(path) as unfinished, opened(unfinished, "wt", encoding="utf-8", newline="") as out:
        if _table_suffix(path) in PLAIN_SUFFIXES:
            _write_numbers(out, Y)
        else:
            frame = pd.DataFrame(Y, columns=list(MAP_COLUMNS[: Y.shape[1]]), index=index)
            frame.to_csv(out, index=index is not None, lineterminator="\n")


def _write_numbers(out: TextIO, Y: np.ndarray) -> None:
    for row in Y.tolist():
        out.write("\t".join(map(repr, row)) + "\n")


def load_data(file: str | Path | TextIO) -> np.ndarray:
    """Read a table of numbers separated by white space, without header or row names.

    Parameters
    ----------
    file : str, Path or open text file
        A file name ending in .gz is unzipped.

    Returns
    -------
    ndarray of float64, shape (rows, columns)

    Raises
    ------
    ValueError
        A field is not a number, the rows differ in length, or there are none.

    Examples
    --------
    >>> import io
    >>> from spasne import load_data
    >>> load_data(io.StringIO("1 2 3\\n4 5 6\\n"))
    array([[1., 2., 3.],
           [4., 5., 6.]])
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about no rows: an error below
        try:
            table = np.loadtxt(file, dtype=np.float64, ndmin=2)
        except ValueError as error:
            raise ValueError(f"expected a table of numbers, found something else ({error})") from None
    if table.size == 0:
        raise ValueError("expected a table of numbers, found no rows")
    return table
