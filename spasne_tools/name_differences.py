"""What parts two writings of the same names, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

# As spreadsheets and floating point write long numbers.
_ROUNDED = re.compile(r"\d(\.\d+)?e\+\d+|\d\.\d+e\d+", re.IGNORECASE)
_ALIKE = "write them alike in both"
_AS_TEXT = "a program took them for numbers; have it read them as text (pandas: dtype=str)"


def _without(pattern: str, kept: str = "") -> Callable[[str], str]:
    """What takes away from a name what matches `pattern`, but for what is `kept` of it."""
    return partial(re.compile(pattern).sub, kept)


_bare_number = _without(r"^0*(\d+)(\.0+)?$", kept=r"\1")

# What names may differ in, what they are without it, and what to do; the first that explains most is said.
_PARTS: tuple[tuple[str, Callable[[str], str], str], ...] = (
    ("blanks or quotes around them", _without(r"^[\s'\"]+|[\s'\"]+$"), "strip these (pandas: .str.strip)"),
    ("leading zeros", _without(r"^0*(\d+)$", kept=r"\1"), _AS_TEXT),
    ("the .0 of floating point", _without(r"^(\d+)\.0+$", kept=r"\1"), _AS_TEXT),
    ("leading zeros and the .0 of floating point", _bare_number, _AS_TEXT),
    ("zeros before the numbers in them", _without(r"(?<![\d.])0+(?=\d)"), _ALIKE),
    ("punctuation", _without(r"^X(?=\d)|[\W_]+"), f"R does so without check.names=FALSE; {_ALIKE}"),
    ("their ending", _without(r"([-._]\d+)+$"), _ALIKE),
    ("their beginning", _without(r"^.*[_:#]"), _ALIKE),
    ("upper and lower case", str.lower, _ALIKE),
)


@dataclass(frozen=True)
class Difference:
    """``said``: what parts names, and the remedy; ``places`` (n,): where each is in the others, else -1."""

    said: str
    places: np.ndarray

    @property
    def reorders(self) -> bool:
        """Whether some are found at other places than their own."""
        return bool(((self.places >= 0) & (self.places != np.arange(len(self.places)))).any())


def difference_of(wanted: pd.Index, texts: pd.Index) -> str:
    """What parts names that are meant to be the same, and what to do about it; "" where nothing tells."""
    if rounded := lost_digits(wanted) or lost_digits(texts):
        return rounded
    found = find_difference(wanted, texts)
    return "" if found is None else found.said


def find_difference(wanted: pd.Index, texts: pd.Index) -> Difference | None:
    """What parts most of the names that are `wanted` and missing from `texts`; None where nothing tells.

    Names that would no longer be told apart are not the same names.
    """
    missing = np.flatnonzero(~wanted.isin(texts))
    for part, bare, remedy in _PARTS:
        mine, theirs = (pd.Index(list(map(bare, names))) for names in (wanted, texts))
        if mine.nunique() < wanted.nunique():
            continue
        places = places_in(mine, theirs)
        alike = missing[places[missing] >= 0]
        if 2 * len(alike) > len(missing):
            who = "they" if len(alike) == len(missing) else f"{len(alike)} of them"
            one, other = wanted[alike[0]], texts[places[alike[0]]]
            return Difference(f"{who} differ in {part} only, as {one!r} and {other!r} do: {remedy}", places)
    return None


def places_in(wanted: pd.Index, texts: pd.Index) -> np.ndarray:
    """Where each of `wanted` first is in `texts` (n,); -1 where it is not."""
    first = np.flatnonzero(~texts.duplicated())
    order = texts[first].get_indexer(wanted)
    return np.where(order < 0, -1, first[order])


def bare_numbers(names: pd.Index) -> pd.Index:
    """`names` as they are once a program has read whole numbers as such: 7 for 0007 and 7.0."""
    return pd.Index(list(map(_bare_number, names)), dtype=names.dtype)


def lost_digits(names: pd.Index) -> str:
    """That some of `names` are numbers which a program has rounded, and what to do; "" where none is."""
    rounded = next(filter(_ROUNDED.fullmatch, names), None)
    if rounded is None:
        return ""
    return f"numbers such as {rounded} have lost digits: write them as text, all digits, in both"
