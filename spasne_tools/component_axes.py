"""Whose axes principal components have: those of one decomposition say nothing of those of another.

Components of new rows that were decomposed by themselves look like any others, as many columns and all, and
were placed on a map all the same. The array that a decomposition made is remembered as long as it lives.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from spasne_tools.saved_map import data_checksum
from spasne_tools.user_warning import warn_user

_made: set[int] = set()  # by the id of the array


def remember_components(array: np.ndarray) -> np.ndarray:
    """`array`, which is known from now on to be all components of one decomposition."""
    _made.add(id(array))
    weakref.finalize(array, _made.discard, id(array)).atexit = False
    return array


def axes_of(rows: Any) -> str | None:
    """What names the decomposition that `rows` are of, or slices of; None where it is not known.

    Examples
    --------
    >>> components = remember_components(np.eye(3))
    >>> axes_of(components[:2]) == axes_of(components[2:]), axes_of(np.eye(3))
    (True, None)
    """
    while isinstance(rows, np.ndarray):
        if id(rows) in _made:
            return data_checksum(rows)
        rows = rows.base
    return None


def warn_of_other_axes(rows: Any, axes: str | None) -> None:
    """Where `rows` are known to be of another decomposition than that named `axes`."""
    if axes is not None and (own := axes_of(rows)) is not None and own != axes:
        warn_user(
            "X are components of other counts than those of the map, and have axes of their own: their "
            "places mean nothing; preprocess_counts(counts of all rows) gives components that go together"
        )
