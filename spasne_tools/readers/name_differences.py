"""What parts two writings of the same names, and what to do about it."""

from __future__ import annotations

import re

import pandas as pd

_ENDING = re.compile(r"([-._]\d+)+$")
_BEGINNING = re.compile(r"^.*[_:#]")
# As spreadsheets and floating point write long numbers.
_ROUNDED = re.compile(r"\d(\.\d+)?e\+\d+|\d\.\d+e\d+", re.IGNORECASE)


def difference_of(wanted: pd.Index, texts: pd.Index) -> str:
    """What parts names that are meant to be the same, and what to do about it; "" where nothing tells."""
    if rounded := lost_digits(wanted) or lost_digits(texts):
        return rounded
    for pattern, part in ((_ENDING, "ending"), (_BEGINNING, "beginning")):
        bare = {pattern.sub("", text) for text in wanted}
        if len(bare) == wanted.nunique() and bare <= {pattern.sub("", text) for text in texts}:
            return f"they differ in their {part} only: write it alike in both"
    if {text.lower() for text in wanted} <= {text.lower() for text in texts}:
        return "they differ in upper and lower case only: write them alike in both"
    return ""


def lost_digits(names: pd.Index) -> str:
    """That some of `names` are numbers which a program has rounded, and what to do; "" where none is."""
    rounded = next(filter(_ROUNDED.fullmatch, names), None)
    if rounded is None:
        return ""
    return f"numbers such as {rounded} have lost digits: write them as text, all digits, in both"
