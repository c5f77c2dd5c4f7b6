"""How a table is laid out in its file: separator, decimal mark, lines before it, header.

All is told from the first lines; `read_table` says what it makes of them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from spasne_tools.features import is_identifier, plain_name

MOST_LINES = 24  # that are looked at
MISSING = {"", "na", "nan", "null", "none", "n/a", "#n/a", "<na>"}
# First names of a header over columns that are cells.
FEATURE_NAMES = frozenset(
    """
    ensembl ensemblid feature featureid featurename features gene geneid geneids genename genenames genes
    genesymbol marker markers probe probeid probes protein symbol symbols target transcript
    """.split()
)
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")
_DECIMAL_POINT = re.compile(r"[-+]?\d*\.\d+([eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_FEWEST_IDS = 5  # distinct whole numbers in a row that are rather names of columns than values


@dataclass(frozen=True)
class Layout:
    """Where the parts of a table are and what separates them; ``separator`` None is white space.

    The table begins at character ``top`` of the text and its body, of which ``rows`` are the first, at
    ``start``. ``names`` are those of the header, None without one; where ``ambiguous``, they may be values.
    """

    separator: str | None
    decimal: str
    top: int
    start: int
    names: list[str] | None
    rows: list[list[str]]
    ambiguous: bool = False

    def without_header(self) -> Layout:
        """The same with the header taken for the first row."""
        rows = self.rows if self.names is None else [self.names, *self.rows]
        return replace(self, start=self.top, names=None, rows=rows, ambiguous=False)


def find_layout(head: str) -> Layout:
    """The layout of a table of which `head` is the beginning, in whole lines.

    Raises
    ------
    ValueError
        There is no line with something in it, or numbers whose commas can mean two things.
    """
    lines = _lines(head)
    skipped, separator, header_comment = _preamble(lines)
    if skipped == len(lines):
        raise ValueError("an empty file")
    body = "".join(lines[skipped:])
    separator, decimal = _separator(body, separator)
    rows = _rows(body, separator)
    top = start = sum(map(len, lines[:skipped]))
    certain, ambiguous = _is_header(rows)
    if header_comment is not None and not certain:
        names = _rows(header_comment, separator)[0]
        if len(names) in (len(rows[0]), len(rows[0]) - 1) and not all(map(is_number, names)):
            return Layout(separator, decimal, top, start, names, rows)
    if not certain and not ambiguous:
        return Layout(separator, decimal, top, start, None, rows)
    start += _length_of_first_row(lines[skipped:], separator)
    return Layout(separator, decimal, top, start, rows[0], rows[1:] or rows, ambiguous)


def _lines(text: str) -> list[str]:
    """With their ends, which are those of any system."""
    return io.StringIO(text, newline="").readlines()


def _preamble(lines: Sequence[str]) -> tuple[int, str | None, str | None]:
    """Lines before the table; the separator that a line ``sep=;`` names; the last comment, without its #."""
    separator, comment = None, None
    for number, line in enumerate(lines):
        named = _SEPARATOR_LINE.fullmatch(line.strip("\r\n"))
        if named:
            separator = named[1]
        elif line.startswith("#"):
            comment = line.lstrip("#").strip() or comment
        elif line.strip():
            return number, separator, comment
    return len(lines), separator, comment


def _separator(body: str, given: str | None) -> tuple[str | None, str]:
    """The separator, None for white space, and the decimal mark."""
    first = re.sub('"[^"]*"', "", _lines(body)[0])
    found: list[str | None] = [mark for mark in "\t,;|" if mark in first]
    if given is None and found[:1] == [","]:
        for other in [*found[1:], None]:
            if _has_decimal_commas(_rows(body, other), alone=True):
                return other, ","
        evenly = {mark: _splits_evenly(body, mark) for mark in found if mark is not None}
        if not evenly[","] and evenly.get(";"):
            return ";", "."
    separator = given or (found[0] if found else None)
    return separator, "," if separator != "," and _has_decimal_commas(_rows(body, separator)) else "."


def _splits_evenly(body: str, separator: str) -> bool:
    widths = {len(row) for row in _rows(body, separator)}
    return len(widths) == 1 and widths != {1}


def _has_decimal_commas(rows: Sequence[Sequence[str]], alone: bool = False) -> bool:
    """Whether numbers are written with a comma; `alone`: and no other field below the first row has one."""
    fields = [field for row in rows for field in row]
    numbers = [field for field in fields if _DECIMAL_COMMA.fullmatch(field)]
    with_commas = [field for row in rows[1:] for field in row if "," in field]
    if not numbers or any(_DECIMAL_POINT.fullmatch(field) for field in fields):
        return False
    if alone and (len(rows[0]) < 2 or not all(map(_DECIMAL_COMMA.fullmatch, with_commas))):
        return False
    if all(_THOUSANDS.fullmatch(field) for field in numbers):
        raise ValueError(
            f"numbers such as {numbers[0]}, whose comma can set off decimals or thousands; write them with "
            "a decimal point and no other mark"
        )
    return True


def _rows(body: str, separator: str | None) -> list[list[str]]:
    """The fields of the first lines that hold something."""
    lines = io.StringIO(body, newline="")
    stripped = (" ".join(line.split()) + "\n" for line in lines) if separator is None else lines
    rows = []
    for row in csv.reader(stripped, delimiter=separator or " ", skipinitialspace=True):
        if any(field.strip() for field in row):
            rows.append([field.strip() for field in row])
        if len(rows) == MOST_LINES:
            break
    return rows


def _length_of_first_row(lines: Sequence[str], separator: str | None) -> int:
    """Characters up to the end of the first row, which a quoted line end may make longer than a line."""
    reader = csv.reader(iter(lines), delimiter=separator or " ")
    next(reader)
    return sum(map(len, lines[: reader.line_num]))


def is_number(field: str) -> bool:
    """Whether a field is a number or stands for a missing one."""
    try:
        float(field.replace(",", "."))
    except ValueError:
        return field.lower() in MISSING
    return True


def _is_header(rows: Sequence[Sequence[str]]) -> tuple[bool, bool]:
    """Whether the first row is a header: for certain; or perhaps, which the number of rows decides."""
    first, second = rows[0], rows[min(1, len(rows) - 1)]
    if len(first) == len(second) - 1 or is_identifier(first[0], first=True):
        return True, False
    numeric = [is_number(field) for field in second]
    if any(not is_number(name) and below for name, below in zip(first, numeric, strict=False)):
        return True, False
    if _are_ids(first[1:]) and not is_number(first[0]):
        if plain_name(first[0]) in FEATURE_NAMES:
            return True, False
        data = [row[1:] for row in rows[1:]]
        if len(first) > _FEWEST_IDS and sum(map(_are_ids, data)) * 2 < len(data):
            return False, True
    numbered = any(
        len(names) > 1 and list(names) == [str(number) for number in range(len(names))]
        for names in (first, first[1:])
    )
    # Column numbers can be values, and text above text can be either.
    return False, numbered or not any(numeric)


def lacks_first_name(names: Sequence[str], row: Sequence[str]) -> bool:
    """Whether the header `names` is a field shorter than the `row` below it, for want of the first name.

    So R writes tables. A header whose first name is that of row names, or of genes, does not lack it.

    Raises
    ------
    ValueError
        The header is a field shorter, but it may be the last name that is missing.

    Examples
    --------
    >>> lacks_first_name(["x", "y"], ["AAC-1", "5", "7"]), lacks_first_name(["cell", "x"], ["AAC-1", "5"])
    (True, False)
    """
    if len(row) != len(names) + 1:
        return False
    is_named = is_identifier(names[0]) or plain_name(names[0]) in FEATURE_NAMES
    if row[-1] and not (is_named and row[0] != row[1]):
        return True
    if not row[-1] and (is_named or is_identifier(names[0], first=True) or is_number(row[0])):
        return False  # a separator ends each line
    raise ValueError(
        f"{len(names)} names over {len(row)} fields, so that {names[0] or 'the first'} can be the name of "
        f"{row[0]} or of {row[1]}; complete the header"
    )


def _are_ids(fields: Sequence[str]) -> bool:
    """Whether they are different whole numbers, as numbers of cells are and counts hardly ever."""
    return len(fields) > 1 and len(set(fields)) == len(fields) and all(field.isdecimal() for field in fields)
