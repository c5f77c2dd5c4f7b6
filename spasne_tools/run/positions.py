"""Positions in the tissue as the executable gets them: in their unit or without one, section by section."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spasne_tools.run.parameters import Parameters
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import (
    LARGEST_POSITION,
    MatrixLike,
    as_matrix,
    check_rows_match,
    check_size,
)

# Below this mean squared distance the "1 +" in 1 + |si - sj|^2 flattens the spatial term.
SMALL_SQUARED_DISTANCE = 100.0
# Pieces of tissue hardly differ so much in length; one in millimetres beside one in pixels does. Sections of
# fewer rows than FEWEST_ROWS may be as small as they like.
UNLIKE_LENGTHS, FEWEST_ROWS = 30.0, 10


def prepared_positions(
    data: MatrixLike,
    pixels: MatrixLike | None,
    n_points: int,
    sections: np.ndarray | None,
    parameters: Parameters,
) -> tuple[np.ndarray, bool]:
    """Positions as the executable gets them, and whether their unit is to be made irrelevant.

    Sections are centred each by itself: what lies between them means nothing.
    """
    if pixels is None:
        return np.zeros((n_points, 1)), False  # the file needs a column; beta is 0
    positions = as_matrix(pixels, "pixels", allow_sparse=False)
    check_rows_match(data, pixels, "pixels")
    if sections is not None:
        positions = _centred_within(positions, sections)
        if parameters.beta > 0 and sections.max() == n_points - 1:
            raise ValueError("expected sections of two rows or more, found one row in each; use beta=0")
    spreads, sizes = _spreads_within(positions, sections)
    n_pairs = sizes * (sizes - 1)
    spread = float(spreads @ (n_pairs / n_pairs.sum()))
    if not np.isfinite(spread):
        raise ValueError(
            "expected pixels whose squares can be summed, found values so large that they overflow"
        )
    if sections is not None and parameters.beta > 0:
        _warn_of_units(spreads, sizes, parameters)
    if parameters.pixel_scale == "unit":
        if spread == 0:
            where = "" if sections is None else " within a section"
            raise ValueError(
                f"expected pixels that differ{where} for pixel_scale='unit', found all rows the same"
            )
        return _checked((positions - positions.mean(axis=0)) / np.sqrt(spread)), True
    factor = 1.0 if parameters.pixel_scale == "raw" else float(parameters.pixel_scale)
    if parameters.beta > 0 and spread * factor * factor < SMALL_SQUARED_DISTANCE:
        scaled = "" if factor == 1 else f" with pixel_scale={factor:g}"
        warn_user(
            f"the mean squared distance between pixels is {spread * factor * factor:.3g}{scaled}, below "
            f"{SMALL_SQUARED_DISTANCE:g}: the spatial term nearly vanishes; use pixel_scale='unit', or a "
            "larger number that multiplies the pixels"
        )
    return _checked(positions * factor), False


def _checked(positions: np.ndarray) -> np.ndarray:
    check_size(positions, LARGEST_POSITION, "pixels")
    return positions


def _centred_within(positions: np.ndarray, sections: np.ndarray) -> np.ndarray:
    counts = np.bincount(sections)
    means = np.stack([np.bincount(sections, column) / counts for column in positions.T], axis=1)
    return positions - means[sections]


def _spreads_within(positions: np.ndarray, sections: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean of |si - sj|^2 over the pairs i != j of each section, 0 where it has none; and its rows.

    It is twice the summed variance of the columns.
    """
    groups = [positions]
    if sections is not None:
        by_section = positions[np.argsort(sections, kind="stable")]
        groups = np.split(by_section, np.cumsum(np.bincount(sections))[:-1])
    with np.errstate(over="ignore", invalid="ignore"):
        spreads = [2 * group.var(axis=0, ddof=1).sum() if len(group) > 1 else 0.0 for group in groups]
    return np.array(spreads), np.array([len(group) for group in groups], dtype=float)


def _warn_of_units(spreads: np.ndarray, sizes: np.ndarray, parameters: Parameters) -> None:
    """Where a section is so small beside another that its unit is hardly the same: its space has no say."""
    lengths = np.sqrt(np.where((sizes >= FEWEST_ROWS) & (spreads > 0), spreads, np.nan))
    if np.isnan(lengths).all():
        return
    least, most = int(np.nanargmin(lengths)), int(np.nanargmax(lengths))
    if (ratio := lengths[most] / lengths[least]) > UNLIKE_LENGTHS:
        names = pd.factorize(pd.Series(parameters.sections))[1]
        warn_user(
            f"section {names[most]} is {ratio:.3g} times as large as section {names[least]}, whose positions "
            "hardly count beside it; if their units differ (px, mm), bring pixels to one"
        )
