"""Several tissue sections in one panel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.plotting.class_colours import class_order
from spasne_tools.validation import MatrixLike, as_matrix, check_rows_match

SECTION_GAP = 0.08  # between sections side by side, share of the widest one's width


def side_by_side(pixels: MatrixLike, sections: Any) -> np.ndarray:
    """Positions of several tissue sections moved so that the sections stand in a row, to be drawn at once.

    Parameters
    ----------
    pixels : array-like (n, 2 or more)
        Positions, each section's in a frame of its own.
    sections : array-like (n,)
        The section of each spot.

    Returns
    -------
    ndarray (n, 2 or more)
        In the order of `palette`, tops aligned, a small gap between neighbours.

    Raises
    ------
    ValueError
        For numbers of rows that differ, or a spot without a section.

    Examples
    --------
    >>> side_by_side([[0, 0], [10, 5], [500, 90], [510, 95]], ["a", "a", "b", "b"])
    array([[ 0. ,  0. ],
           [10. ,  5. ],
           [10.8,  0. ],
           [20.8,  5. ]])
    """
    moved = as_matrix(pixels, "pixels", allow_sparse=False).copy()
    for part, shift in section_shifts(moved, sections).values():
        moved[part] += shift
    return moved


def section_shifts(pixels: np.ndarray, sections: Any) -> dict[Any, tuple[np.ndarray, np.ndarray]]:
    """Of each section, in order: which rows are its own (n,), and by how much they move."""
    names = pd.Series(sections).reset_index(drop=True)
    check_rows_match(pixels, names, "sections")
    if names.isna().any():
        raise ValueError(f"expected a section of every row, found {names.isna().sum()} missing")
    parts = {name: (names == name).to_numpy() for name in class_order(names)}
    gap = SECTION_GAP * max(np.ptp(pixels[part, 0]) for part in parts.values())
    shifts, left = {}, 0.0
    for name, part in parts.items():
        shift = -pixels[part].min(axis=0)
        shift[0] += left
        left = pixels[part, 0].max() + shift[0] + gap
        shifts[name] = (part, shift)
    return shifts
