"""The two columns of a map, or of positions, that are drawn."""

from __future__ import annotations

import numpy as np

from spasne_tools.validation import MatrixLike, as_matrix


def spread_line(matrix: np.ndarray) -> np.ndarray:
    """A 1-D map spread vertically at random so that its points can be seen."""
    height = np.ptp(matrix) * 0.15
    return np.column_stack([matrix[:, 0], np.random.default_rng(0).uniform(-height, height, len(matrix))])


def plane(points: MatrixLike, axes: tuple[int, int], name: str) -> np.ndarray:
    """The columns `axes` (n, 2); of a 1-D map, that and random heights."""
    matrix = as_matrix(points, name, allow_sparse=False)
    if matrix.shape[1] == 1:
        return spread_line(matrix)
    if max(axes) >= matrix.shape[1]:
        raise ValueError(f"expected {name} with at least {max(axes) + 1} columns, found {matrix.shape[1]}")
    return matrix[:, list(axes)]
