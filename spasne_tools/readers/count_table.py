"""Tables of counts as vendors write them, row by row into a sparse matrix: names, then a value a column.

The whole table is never held as numbers or as text: a row of counts is converted at once by NumPy, which
takes a quarter of the time of pandas, and only what is not zero is kept.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.readers.table_layout import lacks_first_name
from spasne_tools.readers.text_file import open_text
from spasne_tools.user_warning import filtered

COMMENT = b"#"
SEPARATORS = ("\t", ",", ";")


@dataclass(frozen=True)
class CountTable:
    """``ids`` (rows, 1 or more) of text, the names of the columns of values, and ``counts`` as CSR."""

    ids: pd.DataFrame
    columns: pd.Index
    counts: scipy.sparse.csr_matrix


def header_of(path: Path) -> tuple[list[str], str, int]:
    """The fields of the first line that is no comment, their separator, and the comments above it."""
    with open_text(path) as file:
        skipped = 0
        for raw in file:
            if raw.strip() and not raw.startswith(COMMENT):
                line = raw.decode().rstrip("\r\n")
                separator = next((mark for mark in SEPARATORS if mark in line), ",")
                return _split(line, separator), separator, skipped
            skipped += 1
    raise ValueError(f"expected a table in {path}, found an empty file")


def read_count_table(path: Path, is_id: Callable[[int, str], bool]) -> CountTable:
    """Read a table of counts with a header, which may lack the name of the first column, as R writes it.

    Parameters
    ----------
    path : Path
        Comma, tab or semicolon between fields, plain or gzip; lines that start with # above the header are
        left out.
    is_id : callable
        ``is_id(place, name)`` says whether a column of the header names rows.

    Raises
    ------
    ValueError
        A row has more or fewer values than the header, or one that is no number; the message has the line.
    """
    header, separator, skipped = header_of(path)
    header = _complete(header, path, separator, skipped)
    ids = [place for place, name in enumerate(header) if is_id(place, name)]
    parser = _Row(path, header, separator, ids)
    names: list[list[str]] = []
    data, indices, lengths = [], [], []
    with open_text(path) as file:
        for _ in range(skipped + 1):
            file.readline()
        for number, line in enumerate(file, skipped + 2):
            if not line.strip():
                continue
            texts, values = parser.parse(line, number)
            places = np.flatnonzero(values)
            names.append(texts)
            data.append(_narrow(values[places]))
            indices.append(places.astype(np.int32))
            lengths.append(places.size)
    columns = pd.Index([name for place, name in enumerate(header) if place not in set(ids)])
    counts = _csr(data, indices, lengths, len(columns))
    return CountTable(
        pd.DataFrame(names, columns=[header[place] for place in ids], dtype=str), columns, counts
    )


def _complete(header: list[str], path: Path, separator: str, skipped: int) -> list[str]:
    """`header` with a name, which is empty, for the first field of the rows where it has none."""
    with open_text(path) as file:
        row = next((line for line in islice(file, skipped + 1, None) if line.strip()), b"")
    fields = _split(row.decode().rstrip("\r\n"), separator) if row else []
    if fields and not fields[-1]:  # a separator ends each line
        return header
    try:
        return ["", *header] if lacks_first_name(header, fields) else header
    except ValueError as error:
        raise ValueError(f"expected a table in {path}, found {error}") from None


def _csr(
    data: list[np.ndarray], indices: list[np.ndarray], lengths: list[int], n_columns: int
) -> scipy.sparse.csr_matrix:
    indptr = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    joined = np.concatenate(data) if data else np.empty(0)
    places = np.concatenate(indices) if indices else np.empty(0, dtype=np.int32)
    return scipy.sparse.csr_matrix((joined, places, indptr), shape=(len(lengths), n_columns))


def _narrow(values: np.ndarray) -> np.ndarray:
    """Whole numbers in four bytes where they fit."""
    fits = values.dtype.kind == "i" and values.size > 0 and np.abs(values).max() <= np.iinfo(np.int32).max
    return values.astype(np.int32) if fits else values


class _Row:
    """How the lines of one table are taken apart."""

    def __init__(self, path: Path, header: list[str], separator: str, ids: list[int]) -> None:
        self.path, self.header, self.separator, self.ids = path, header, separator, ids
        self.n_values = len(header) - len(ids)
        self.ids_lead = ids == list(range(len(ids)))

    def parse(self, line: bytes, number: int) -> tuple[list[str], np.ndarray]:
        """Names and values of a line: all at once where names come first and nothing is quoted."""
        mark = self.separator.encode()
        if self.ids_lead and b'"' not in line:
            parts = line.rstrip(b"\r\n").split(mark, len(self.ids))
            values = _numbers_of(parts[-1], self.separator) if len(parts) > len(self.ids) else None
            if values is not None and len(values) == self.n_values:
                return [part.decode().strip() for part in parts[:-1]], values
        fields = _split(line.decode().rstrip("\r\n"), self.separator)
        if len(fields) == len(self.header) + 1 and fields[-1] == "":  # a separator ends each line
            fields = fields[:-1]
        if len(fields) != len(self.header):
            raise ValueError(
                f"expected {len(self.header)} fields in line {number} of {self.path}, as its header has, "
                f"found {len(fields)}"
            )
        return [fields[place] for place in self.ids], np.array(list(self._numbers(fields, number)))

    def _numbers(self, fields: list[str], number: int) -> Iterator[float]:
        skipped = set(self.ids)
        for place, field in enumerate(fields):
            if place in skipped:
                continue
            try:
                yield float(field)
            except ValueError:
                raise ValueError(
                    f"expected a number in column {self.header[place]!r} in line {number} of {self.path}, "
                    f"found {field!r}"
                ) from None


def _numbers_of(text: bytes, separator: str) -> np.ndarray | None:
    """The numbers in `text`, as integers where all are whole; None where something else is there."""
    mark = separator.encode()
    bare = (text + mark).replace(b".0" + mark, mark)[:-1]  # whole numbers that a program wrote as 3.0
    whole = _whole_numbers(bare, separator)
    if whole is not None:
        return whole
    try:
        return np.array(list(map(float, text.split(mark))))
    except ValueError:
        return None


def _whole_numbers(text: bytes, separator: str) -> np.ndarray | None:
    with filtered("error", DeprecationWarning):  # what it says of text that is no number
        try:
            return np.fromstring(text, dtype=np.int64, sep=separator)
        except (DeprecationWarning, ValueError):
            return None


def _split(line: str, separator: str) -> list[str]:
    return [field.strip() for field in next(csv.reader([line], delimiter=separator))]
