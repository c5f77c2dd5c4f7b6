"""Tables on disk, with or without header and row names, separated and compressed in any usual way; arrays."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from spasne_tools.coordinates import find_coordinates
from spasne_tools.features import is_identifier, is_unnamed
from spasne_tools.readers.table_layout import Layout, find_layout, is_number, lacks_first_name
from spasne_tools.readers.text_file import READ_ERRORS, STANDARD_STREAM, open_text, shown_name
from spasne_tools.user_warning import filtered

ARRAY_SUFFIX = ".npy"
# From 3.1 on pandas reads numbers to the last digit unasked and warns about being asked.
EXACT_BY_DEFAULT = tuple(int(part) for part in pd.__version__.split(".")[:2]) >= (3, 1)
# What stands for a missing value; pandas' own list, which is not public.
NO_VALUE = [
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"),
    *("N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
]
WIDE = 100  # columns above which a table is parsed in parts, as pandas does unasked
HEAD = 1 << 20  # characters looked at first
LARGEST_COUNT = 2**31  # above which a whole number is rather a name


def read_table(file: str | Path, n_rows: int | None = None) -> pd.DataFrame:
    """Read a table of numbers or text, finding out about separator, header and row names.

    The separator is the first of tab, comma, semicolon, bar and white space that occurs in the first line, or
    the one that a line ``sep=;`` before it names; decimal commas are seen. Lines of comment (#) before the
    table are passed over. The first line is a header where it starts with an empty field or a usual name of
    row names or genes, is one field shorter than the second or holds text above numbers; and where it numbers
    the columns 0, 1, 2, ..., holds different whole numbers above none, or both lines are all text, unless
    this makes the number of rows differ from `n_rows`.
    The first column holds row names where its name is empty or a usual one (cell, barcode, index, ...), where
    it holds distinct texts beside other columns, or distinct whole numbers above 2^31. A last column without
    a name and without a value, as it comes of a separator that ends each line, is none, and so is a row
    without a value.

    Parameters
    ----------
    file : str or Path
        File name, plain, gzip, bz2, xz or a zip of one file, in UTF-8, UTF-16 or Windows' cp1252; "-" for
        standard input. A file of NumPy's (.npy) is an array of numbers.
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
        The file is missing, empty or not a table; the message says what it is and what to do.
    """
    if (array := _read_array(file)) is not None:
        return pd.DataFrame(array, columns=_numbers(array.shape[1]), copy=False)
    try:
        try:
            return _read_stream(open_text(file), file, n_rows)
        except UnicodeDecodeError:
            if file == STANDARD_STREAM:
                raise
            return _read_stream(open_text(file, fallback=True), file, n_rows)
    except READ_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"expected a table in {shown_name(file)}, found none that can be read ({reason})"
        ) from None


def _read_stream(stream: BinaryIO, file: str | Path, n_rows: int | None) -> pd.DataFrame:
    """The table in a `stream` of UTF-8 bytes, which is closed."""
    with stream:
        head = _head(stream)
        try:
            layout = find_layout(head)
        except (ValueError, csv.Error) as error:
            raise ValueError(f"expected a table in {shown_name(file)}, found {error}") from None
        stream.seek(len(head[: layout.top].encode()))
        if layout.ambiguous and n_rows is not None and _count_lines(stream) == n_rows:
            layout = layout.without_header()
        stream.seek(len(head[: layout.start].encode()))
        try:
            table = _parse(stream, layout)
        except UnicodeDecodeError:
            raise
        except pd.errors.EmptyDataError:
            raise ValueError(f"expected a table in {shown_name(file)}, found a header without rows") from None
        except ValueError as error:
            reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
            raise ValueError(
                f"expected a table in {shown_name(file)}, found lines that do not fit ({reason})"
            ) from None
    return _with_names(_without_empty_rows(table), layout, file)


def _head(stream: BinaryIO) -> str:
    """The beginning of `stream`, in whole lines, three at least where there are so many."""
    content = b""
    while part := stream.read(max(HEAD, len(content))):
        content += part
        if content.count(b"\n") > 2:
            content = content[: content.rindex(b"\n") + 1]
            break
    return content.decode()


def _count_lines(stream: BinaryIO) -> int:
    """Lines with something in them, up to the end of `stream`."""
    return sum(1 for line in stream for part in line.split(b"\r") if part.strip())


def _numbers(n_columns: int) -> pd.RangeIndex:
    """Names of columns without a header."""
    return pd.RangeIndex(1, n_columns + 1)


def _parse(stream: BinaryIO, layout: Layout) -> pd.DataFrame:
    """The body of a table, its columns numbered from 0; the first as text where it may hold names of rows."""
    options: dict[str, Any] = {} if EXACT_BY_DEFAULT else {"float_precision": "round_trip"}
    identifiers = _identifiers(layout)
    texts = list(identifiers)
    if _first_are_texts(layout):  # of which NA can be one
        texts.append(0)
        others = range(1, len(layout.rows[0]))
        options |= {"keep_default_na": False, "na_values": dict.fromkeys(others, NO_VALUE)}
    options |= {
        "dtype": dict.fromkeys(texts, str),
        "sep": layout.separator or r"\s+",
        "decimal": layout.decimal,
        "header": None,
        "skipinitialspace": True,
    }
    start = stream.tell()
    wide = len(layout.rows[0]) > WIDE
    with filtered("ignore", pd.errors.DtypeWarning):
        table = pd.read_csv(stream, low_memory=wide, **options)
        others = table.dtypes.drop([0, *identifiers])
        if wide and not all(map(pd.api.types.is_numeric_dtype, others)):
            stream.seek(start)  # parts of a column may differ in type
            table = pd.read_csv(stream, low_memory=False, **options)
    for place in identifiers:
        table[place] = _unless_padded(table[place], layout.decimal)
    return table


def _first_are_texts(layout: Layout) -> bool:
    return _has_named_index(layout) or not is_number(layout.rows[0][0])


def _identifiers(layout: Layout) -> list[int]:
    """Columns whose titles say that they name rows, but for the first."""
    names, first = layout.names or [], layout.rows[0]
    nameless = max(0, len(first) - len(names)) if first[-1] else 0  # R writes no name for row names
    places = [place + nameless for place, name in enumerate(names) if is_identifier(name)]
    return [place for place in places if 0 < place < len(first)]


def _unless_padded(texts: pd.Series, decimal: str) -> pd.Series:
    """The numbers that `texts` are, unless one of them would lose leading zeros as such."""
    if texts.str.fullmatch(r"0\d+").any():
        return texts
    try:
        return pd.to_numeric(texts.str.replace(decimal, ".", regex=False))
    except ValueError:
        return texts


def _has_named_index(layout: Layout) -> bool:
    if layout.names is None:
        return False
    return len(layout.names) < len(layout.rows[0]) or is_identifier(layout.names[0], first=True)


def _without_empty_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Spreadsheets end in lines of separators alone."""
    first = table.iloc[:, 0]
    suspects = np.flatnonzero(first.isna() | (first == ""))
    empty = suspects[table.iloc[suspects, 1:].isna().all(axis=1).to_numpy()]
    return table if len(empty) == 0 else table.drop(index=empty).reset_index(drop=True)


def _with_names(table: pd.DataFrame, layout: Layout, file: str | Path) -> pd.DataFrame:
    """`table` with the names that its file gives to columns and rows."""
    table, names = _without_empty_ends(table, layout, file)
    names = _with_first_name(names, layout.rows[0][: table.shape[1]], file)
    is_named = names is not None and (
        is_identifier(names[0], first=True) or _is_row_number(table, names) or _are_long_numbers(table)
    )
    if names is not None and len(names) != table.shape[1]:
        raise ValueError(
            f"expected {len(names)} columns in {shown_name(file)}, as its header has, found {table.shape[1]}"
        )
    if names is not None:
        table.columns = pd.Index(names)
    first = table.iloc[:, 0]
    if table.shape[1] > 1 and (is_named or not is_number(layout.rows[0][0]) and first.is_unique):
        rows = pd.Index(
            first.astype(str).str.strip().to_numpy(dtype=object), name=(names[0] or None) if names else None
        )
        table = table.iloc[:, 1:].set_axis(rows, axis=0)
    elif _first_are_texts(layout):
        texts = first.mask(first.isin(NO_VALUE))
        table = pd.concat([texts, table.iloc[:, 1:]], axis=1)
    if names is None:
        table.columns = _numbers(table.shape[1])
    return table


def _with_first_name(names: list[str] | None, row: list[str], file: str | Path) -> list[str] | None:
    """`names` with an empty one before them where they lack that of the first column, as R writes them."""
    if names is None:
        return None
    try:
        # A last field that is empty here is none in other rows, or the column would be gone.
        lacking = lacks_first_name(names, [*row[:-1], row[-1] or "NA"])
    except ValueError as error:
        raise ValueError(f"expected a table in {shown_name(file)}, found {error}") from None
    return ["", *names] if lacking else names


def _without_empty_ends(
    table: pd.DataFrame, layout: Layout, file: str | Path
) -> tuple[pd.DataFrame, list[str] | None]:
    """Without last columns that have neither name nor value; and the names of the others."""
    names, width = layout.names, table.shape[1]
    while names is not None and len(names) > width and not names[-1]:
        names = names[:-1]
    while width > 1 and _is_nameless(names, width) and table.iloc[:, width - 1].isna().all():
        if _may_be_shifted(names, width, layout):
            raise ValueError(
                f"expected a name of each column in {shown_name(file)}, found {len(names or [])} names over "
                f"{width} fields, the last of which are empty: either the first is the row's name, or lines "
                "end in a separator; complete the header"
            )
        width -= 1
        names = names if names is None else names[:width]
    return table.iloc[:, :width], names


def _is_nameless(names: list[str] | None, width: int) -> bool:
    """Whether the last of `width` columns has no name."""
    return names is None or len(names) < width or is_unnamed(names[width - 1])


def _may_be_shifted(names: list[str] | None, width: int, layout: Layout) -> bool:
    """Whether the header may lack the name of the first column as well as that of the last, an empty one."""
    if names is None or len(names) != width - 1 or is_identifier(names[0], first=True):
        return False
    return not is_number(layout.rows[0][0])


def _is_row_number(table: pd.DataFrame, names: list[str]) -> bool:
    """Whether the first column numbers the rows under the name X or X.1, as R reads what it wrote."""
    if re.fullmatch(r"x(\.\d+)?", names[0].lower()) is None or names[0] in (find_coordinates(names) or []):
        return False
    first = table.iloc[:, 0]
    return bool(pd.api.types.is_integer_dtype(first) and first.is_unique)


def _are_long_numbers(table: pd.DataFrame) -> bool:
    """Whether the first column holds different whole numbers that are too large for anything but names."""
    first = table.iloc[:, 0]
    if not pd.api.types.is_integer_dtype(first):  # of more digits than fit into a number
        return first.is_unique and all(len(text) > 18 and text.isdecimal() for text in first.astype(str))
    return bool(first.min() > LARGEST_COUNT and first.is_unique)


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
