"""Positions in the tissue as the executable gets them: in their unit or without one, section by section."""

from __future__ import annotations

import numpy as np

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
    spread = _mean_squared_distance(positions, sections)
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


def _mean_squared_distance(positions: np.ndarray, sections: np.ndarray | None) -> float:
    """Mean of |si - sj|^2 over all pairs i != j (within sections), 0 without pairs.

    In one section it is twice the summed variance of the columns.
    """
    groups = [positions]
    if sections is not None:
        by_section = positions[np.argsort(sections, kind="stable")]
        groups = np.split(by_section, np.cumsum(np.bincount(sections))[:-1])
    paired = [group for group in groups if len(group) > 1]
    n_pairs = np.array([len(group) * (len(group) - 1) for group in paired], dtype=float)
    with np.errstate(over="ignore", invalid="ignore"):
        means = np.array([2 * group.var(axis=0, ddof=1).sum() for group in paired])
        mean = float(means @ (n_pairs / n_pairs.sum()))
    if not np.isfinite(mean):
        raise ValueError(
            "expected pixels whose squares can be summed, found values so large that they overflow"
        )
    return mean
