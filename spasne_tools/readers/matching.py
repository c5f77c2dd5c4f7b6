"""Rows of one table looked for in another: by name, in whatever column the names are, or with an error.

Rows go by their order only where one side does not name them at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spasne_tools.coordinates import find_coordinates
from spasne_tools.features import is_field_of_view, is_identifier, is_unnamed, plain_name

ROW_NAMES = "row names"  # how an index without a name is called
CELL_NUMBERS = ("cellid", "cellnumber", "cell")  # within a field of view
MOST_COLUMNS = 100  # of numbers that are looked at for names of rows
LARGEST_EXACT = 2**53  # of whole numbers in double precision
_ENDING = re.compile(r"([-._]\d+)+$")
_BEGINNING = re.compile(r"^.*[_:#]")


@dataclass(frozen=True)
class Names:
    """A column that may name rows: its ``title``, its ``texts`` and whether it certainly does (``sure``)."""

    title: str
    texts: pd.Index
    sure: bool


@dataclass(frozen=True)
class Wanted:
    """Rows to be found: what may name them; their numbers (``taken``) among the ``n_read`` of their file."""

    names: Sequence[Names]
    taken: np.ndarray
    n_read: int


@dataclass(frozen=True)
class Match:
    """``order``: the table's row for each row wanted; ``said``: what was done; ``by``: the names used."""

    order: np.ndarray
    said: str
    by: Names | None = None


@dataclass(frozen=True)
class Found:
    """Names on both sides that agree, and the row of the other side for each of ours."""

    mine: Names
    other: Names
    order: np.ndarray


def names_of(table: pd.DataFrame, index: bool = True) -> list[Names]:
    """What may name the rows of `table`: columns of texts or whole numbers, and the index unless it is none.

    Coordinates are none. Fields of view and cells' numbers, which count anew in each, name rows together.
    """
    columns = []
    if index:
        columns.append((table.index.name or "", pd.Series(table.index)))
    coordinates = set(find_coordinates(table.columns) or [])
    columns += [
        (column, table.iloc[:, place])
        for place, column in enumerate(table.columns)
        if column not in coordinates
        and (
            place < MOST_COLUMNS
            or is_identifier(column)
            or not pd.api.types.is_numeric_dtype(table.dtypes.iloc[place])
        )
    ]
    found = _with_fields(table)
    for place, (column, values) in enumerate(columns):
        if (texts := _texts(values)) is not None:
            sure = is_identifier(column) or index and place == 0
            title = ROW_NAMES if is_unnamed(column) else str(column)
            found.append(Names(title, texts, sure and not (is_unnamed(column) and _counts(texts))))
    return found


def _texts(column: pd.Series) -> pd.Index | None:
    """The values as texts; None for what names nothing."""
    if pd.api.types.is_bool_dtype(column) or column.isna().any():
        return None
    if pd.api.types.is_float_dtype(column):
        values = column.to_numpy(dtype=float)
        if not (np.abs(values) < LARGEST_EXACT).all() or (values != np.floor(values)).any():
            return None
        column = column.astype(np.int64)
    elif pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_complex_dtype(column):
        return None
    return pd.Index(column.astype(str).str.strip().to_numpy(dtype=object))


def _counts(texts: pd.Index) -> bool:
    """Whether they are 0, 1, 2 ... or 1, 2, 3 ... in order: numbers of rows that any table can have."""
    if len(texts) == 0 or texts[0] not in ("0", "1"):
        return False
    start = int(texts[0])
    return texts[-1] == str(start + len(texts) - 1) and list(texts) == list(
        map(str, range(start, start + len(texts)))
    )


def _with_fields(table: pd.DataFrame) -> list[Names]:
    """Field of view and cell's number as one name, where both are there."""
    fields = [column for column in table.columns if is_field_of_view(column)]
    cells = [column for name in CELL_NUMBERS for column in table.columns if plain_name(column) == name]
    if len(fields) != 1 or not cells:
        return []
    parts = [_texts(table[column]) for column in (fields[0], cells[0])]
    if parts[0] is None or parts[1] is None:
        return []
    joined = pd.Index([f"{field} {cell}" for field, cell in zip(*parts, strict=True)], dtype=object)
    return [Names(f"{fields[0]} and {cells[0]}", joined, True)]


def match_rows(wanted: Wanted, table: pd.DataFrame, file: str, index: bool = True) -> Match:
    """Find the rows `wanted` in `table`, which was read from `file` and may hold more.

    Parameters
    ----------
    wanted : Wanted
    table : DataFrame
    file : str
        Its name, for messages.
    index : bool
        Whether the index of `table` holds names that were in the file.

    Returns
    -------
    Match

    Raises
    ------
    ValueError
        Both sides name their rows but some are missing, there twice, or found in two columns in different
        orders; or rows would have to go by their order and are not as many.
    """
    theirs = names_of(table, index)
    whole = [
        Found(mine, other, order)
        for mine in wanted.names
        for other in theirs
        if _may_match(mine, other, wanted.n_read == len(table))
        and (order := _order(mine, other, wanted.taken)) is not None
    ]
    count = len(wanted.taken)
    if whole:
        best = _best(whole, file)
        more = "" if len(table) == count else f" ({len(table)} rows there)"
        return Match(
            best.order, f"matched {count} of {count} rows by {file}:{best.other.title}{more}", best.other
        )
    _check_no_names_in_vain(wanted.names, theirs, file)
    _check_no_numbers_in_another_order(wanted.names, theirs, file)
    if len(table) not in (count, wanted.n_read):
        raise ValueError(
            f"expected {wanted.n_read} rows in {file}, as in the input, found {len(table)}; name the rows in "
            "both, so that they can be matched"
        )
    order = np.arange(count) if len(table) == count else wanted.taken
    return Match(order, f"rows of {file} taken in the order of the input: {_why(wanted.names, theirs)}")


def _may_match(mine: Names, other: Names, as_many: bool) -> bool:
    """Numbers that only count the rows say nothing of another column, nor where one side has more rows."""
    if not _counts(mine.texts) or mine.sure and other.sure:
        return True
    return as_many and (other.sure or other.title in (ROW_NAMES, "X"))


def _order(mine: Names, other: Names, taken: np.ndarray) -> np.ndarray | None:
    """Where each row of `mine` is in `other`; None unless each is there, once, or both are the same."""
    if mine.sure and other.sure and mine.texts.equals(other.texts):
        return np.arange(len(taken))
    if not mine.texts.is_unique:
        return None
    once = np.flatnonzero(~other.texts.duplicated(keep=False))
    order = other.texts[once].get_indexer(mine.texts)
    return None if (order < 0).any() else once[order]


def _best(whole: Sequence[Found], file: str) -> Found:
    """The match by names of one title, else by sure names; those of a rank must agree in the order."""

    def rank(found: Found) -> tuple[bool, bool, bool]:
        sure = found.mine.sure and found.other.sure
        same = sure and plain_name(found.mine.title) == plain_name(found.other.title)
        return not found.mine.texts.is_unique, not same, not sure

    ranked = sorted(whole, key=rank)
    for found in ranked[1:]:
        if rank(found) == rank(ranked[0]) and not np.array_equal(found.order, ranked[0].order):
            raise ValueError(
                f"expected one column of {file} with the names of the rows, found them in "
                f"{ranked[0].other.title} and, in another order, in {found.other.title}; drop the one that "
                "does not name rows"
            )
    return ranked[0]


def _check_no_names_in_vain(own: Sequence[Names], theirs: Sequence[Names], file: str) -> None:
    """ValueError where both sides name their rows; it says how far they agree, and what may part them."""
    pairs = []
    for mine in (names for names in own if names.sure):
        for other in theirs:
            hits = int(mine.texts.isin(other.texts).sum())
            if other.sure or _is_text(other) or 2 * hits > len(mine.texts) and not _counts(mine.texts):
                pairs.append((hits, mine, other))
    if not pairs:
        return
    hits, mine, other = max(pairs, key=lambda pair: (pair[0], pair[2].sure))
    total = len(mine.texts)
    if hits == total:
        twice = mine.texts if not mine.texts.is_unique else other.texts[other.texts.isin(mine.texts)]
        where = "the input" if not mine.texts.is_unique else f"{file}:{other.title}"
        raise ValueError(
            f"expected different names of rows in {where}, found {twice[twice.duplicated()][0]!r} twice; "
            "make them unique, for instance with the name of the section"
        )
    absent = mine.texts[~mine.texts.isin(other.texts)][0]
    example = f"e.g. not {absent!r}" if hits else f"e.g. {absent!r} here and {other.texts[0]!r} there"
    raise ValueError(
        f"expected the names of all {total} rows of the input in {file}, found {hits} of {total} in "
        f"{other.title}, {example}{_remedy(mine.texts, other.texts, hits)}"
    )


def _check_no_numbers_in_another_order(own: Sequence[Names], theirs: Sequence[Names], file: str) -> None:
    """ValueError where names that count our rows stand in a column of theirs, but in another order."""
    for mine in (names for names in own if names.sure and _counts(names.texts)):
        for other in theirs:
            if not mine.texts.equals(other.texts) and sorted(mine.texts) == sorted(other.texts):
                raise ValueError(
                    f"expected the rows of {file} in the order of the input, found the numbers of "
                    f"{mine.title} in another order in {other.title}; give that column the same title, or "
                    "drop it if it does not name rows"
                )


def _is_text(names: Names) -> bool:
    return names.texts.is_unique and not all(text.lstrip("-").isdecimal() for text in names.texts[:20])


def _remedy(wanted: pd.Index, texts: pd.Index, hits: int) -> str:
    """What would make them agree."""
    for pattern, part in ((_ENDING, "ending"), (_BEGINNING, "beginning")):
        bare = {pattern.sub("", text) for text in wanted}
        if len(bare) == wanted.nunique() and bare <= {pattern.sub("", text) for text in texts}:
            return f"; they differ in their {part} only: write it alike in both"
    if {text.lower() for text in wanted} <= {text.lower() for text in texts}:
        return "; they differ in upper and lower case only: write them alike in both"
    if hits:
        return "; drop the rows that are missing from the input, or complete the table"
    return "; name the rows alike in both"


def _why(own: Iterable[Names], theirs: Iterable[Names]) -> str:
    sides = {"the input": own, "the table": theirs}
    nameless = [side for side, names in sides.items() if not any(name.sure for name in names)]
    return f"there are no names of rows in {' and '.join(nameless)}"
