"""Rows of one table looked for in another: by name, in whatever column the names are, or with an error.

Rows go by their order only where one side does not name them at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spasne_tools.features import plain_name
from spasne_tools.name_differences import bare_numbers, difference_of
from spasne_tools.readers.row_names import ROW_NAMES, Names, are_numbers, counts_rows, names_of


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
        _check_not_by_chance(best, wanted.names, theirs, file)
        more = "" if len(table) == count else f" ({len(table)} rows there)"
        if counts_rows(best.mine.texts) and not (best.mine.sure and best.other.sure):
            more = f"{more}, which only counts rows"
        return Match(
            best.order, f"matched {count} of {count} rows by {file}:{best.other.title}{more}", best.other
        )
    _check_no_names_in_vain(wanted.names, theirs, file)
    _check_no_other_numbers(wanted.names, theirs, file)
    _check_no_bare_numbers(wanted, theirs, file)
    if len(table) not in (count, wanted.n_read):
        raise ValueError(
            f"expected {wanted.n_read} rows in {file}, as in the input, found {len(table)}; name the rows in "
            "both, so that they can be matched"
        )
    order = np.arange(count) if len(table) == count else wanted.taken
    return Match(order, f"rows of {file} taken in the order of the input: {_why(wanted.names, theirs)}")


def _may_match(mine: Names, other: Names, as_many: bool) -> bool:
    """Numbers that only count the rows say nothing of another column, nor where one side has more rows."""
    if not counts_rows(mine.texts) or mine.sure and other.sure:
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
            raise _in_two_orders(ranked[0].other, found.other, file)
    return ranked[0]


def _check_not_by_chance(best: Found, own: Sequence[Names], theirs: Sequence[Names], file: str) -> None:
    """ValueError where numbers were found in a column that need not be names, and others say otherwise."""
    if best.other.sure or not are_numbers(best.mine.texts):
        return
    sure = [names for names in theirs if names.sure]
    if any(mine.sure and mine.texts.isin(other.texts).any() for mine in own for other in sure):
        _check_no_names_in_vain(own, sure, file)
    if counts_rows(best.mine.texts):
        _check_no_other_numbers(own, theirs, file)
    elif best.mine.sure and counts_rows(_in_order(best.other.texts)):
        _check_no_rival(best, theirs, file)


def naming_column(wanted: pd.Index, table: pd.DataFrame, file: str) -> tuple[Names | None, list[Names]]:
    """The column of `table` that holds the most of the names `wanted`; and all that may name rows.

    A column that certainly names rows goes before all others. Where there is one, row numbers are none, and
    another column must hold all names.

    Raises
    ------
    ValueError
        Two columns hold all names, in different orders.
    """
    columns = names_of(table, index=False)
    if any_sure := any(names.sure for names in columns):
        columns = [names for names in columns if names.sure or names.title != ROW_NAMES]
    held = []
    for names in (names for names in columns if names.column is not None):
        hits = int(wanted.isin(names.texts).sum())
        if hits and (names.sure or hits == len(wanted) or not any_sure):
            held.append((names.sure, hits, names))
    if not held:
        return None, columns
    sure, most, best = max(held, key=lambda each: each[:2])
    mine, taken = Names("", wanted, True), np.arange(len(wanted))
    rivals = [names for *rank, names in held if rank == [sure, most]]
    orders = [(names, order) for names in rivals if (order := _order(mine, names, taken)) is not None]
    for names, order in orders[1:]:
        if not np.array_equal(order, orders[0][1]):
            raise _in_two_orders(orders[0][0], names, file)
    return best, columns


def _in_two_orders(one: Names, other: Names, file: str) -> ValueError:
    return ValueError(
        f"expected one column of {file} with the names of the rows, found them in {one.title} and, in "
        f"another order, in {other.title}; drop the one that does not name rows"
    )


def _check_no_names_in_vain(own: Sequence[Names], theirs: Sequence[Names], file: str) -> None:
    """ValueError where both sides name their rows; it says how far they agree, and what may part them."""
    pairs = []
    for mine in (names for names in own if names.sure):
        for other in theirs:
            hits = int(mine.texts.isin(other.texts).sum())
            if other.sure or _is_text(other) or 2 * hits > len(mine.texts) and not counts_rows(mine.texts):
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
    raise _not_all_found(mine, other, hits, file)


def _not_all_found(mine: Names, other: Names, hits: int, file: str) -> ValueError:
    total = len(mine.texts)
    absent = mine.texts[~mine.texts.isin(other.texts)][0]
    example = f"e.g. not {absent!r}" if hits else f"e.g. {absent!r} here and {other.texts[0]!r} there"
    return ValueError(
        f"expected the names of all {total} rows of the input in {file}, found {hits} of {total} in "
        f"{other.title}, {example}{_remedy(mine.texts, other.texts, hits)}"
    )


def _check_no_other_numbers(own: Sequence[Names], theirs: Sequence[Names], file: str) -> None:
    """ValueError where most numbers of our rows stand in a column of theirs that does not count its own."""
    for mine in (names for names in own if names.sure and counts_rows(names.texts)):
        for other in theirs:
            if not other.texts.is_unique or counts_rows(other.texts):
                continue
            hits, total = int(mine.texts.isin(other.texts).sum()), len(mine.texts)
            if hits == total == len(other.texts):
                found = f"the numbers of {mine.title} in another order in {other.title}"
            else:
                found = f"{hits} of the {total} numbers of {mine.title} in {other.title}"
            if 2 * hits > total:
                raise ValueError(
                    f"expected the rows of {file} in the order of the input, found {found}; give that column "
                    "the same title, or drop it if it does not name rows"
                )


def _check_no_bare_numbers(wanted: Wanted, theirs: Sequence[Names], file: str) -> None:
    """ValueError where names such as 0007 or 7.0 stand, as numbers, in an order of their own in a column.

    A column whose title does not say that it names rows is read as numbers, which have no leading zeros.
    """
    for mine in (names for names in wanted.names if names.sure):
        bare = bare_numbers(mine.texts)
        if bare.equals(mine.texts):
            continue
        for other in (names for names in theirs if not names.sure and names.texts.is_unique):
            in_order = len(other.texts) == wanted.n_read and bare.equals(other.texts[wanted.taken])
            tells = not (in_order or counts_rows(bare) and counts_rows(other.texts))
            if tells and 2 * int(bare.isin(other.texts).sum()) > len(bare):
                said = _not_all_found(mine, other, int(mine.texts.isin(other.texts).sum()), file)
                raise ValueError(f"{said}; call {other.title} cell_id, so that it is read as text here, too")


def _check_no_rival(best: Found, theirs: Sequence[Names], file: str) -> None:
    """ValueError where names were found among row numbers, and most of them in what counts no rows, too."""
    total = len(best.mine.texts)
    for other in theirs:
        hits = int(best.mine.texts.isin(other.texts).sum())
        if total > hits > total / 2 and other.texts.is_unique and not counts_rows(other.texts):
            raise ValueError(
                f"expected the names of all rows in one column of {file}, found row numbers in "
                f"{best.other.title} and {hits} of the {total} names in {other.title}; drop the one that "
                "does not name rows"
            )


def _in_order(numbers: pd.Index) -> pd.Index:
    return numbers[np.argsort(pd.to_numeric(numbers, errors="coerce"))]


def _is_text(names: Names) -> bool:
    return names.texts.is_unique and not are_numbers(names.texts)


def _remedy(wanted: pd.Index, texts: pd.Index, hits: int) -> str:
    """What would make them agree."""
    if difference := difference_of(wanted, texts):
        return f"; {difference}"
    if hits:
        return "; drop the rows that are missing from the input, or complete the table"
    return "; name the rows alike in both"


def _why(own: Iterable[Names], theirs: Iterable[Names]) -> str:
    sides = {"the input": own, "the table": theirs}
    nameless = [side for side, names in sides.items() if not any(name.sure for name in names)]
    return f"there are no names of rows in {' and '.join(nameless)}"
