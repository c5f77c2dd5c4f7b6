"""What scores accept: points, labels and numbers of neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from spasne_tools.validation import Matrix, MatrixLike, as_matrix

LEAST_SPOTS = 3  # that have a correlation of distances


def points(X: MatrixLike, name: str, n: int | None = None) -> Matrix:
    """X with one row per spot (n, where known): dense and centred, which changes no distance, or CSR."""
    matrix = as_matrix(X, name)
    if matrix.shape[0] < LEAST_SPOTS:
        raise ValueError(f"expected at least {LEAST_SPOTS} spots in {name}, found {matrix.shape[0]}")
    if n is not None and matrix.shape[0] != n:
        raise ValueError(f"expected {n} rows in {name}, one per spot, found {matrix.shape[0]}")
    return matrix if issparse(matrix) else matrix - matrix.mean(axis=0)


def label_codes(labels: Any, n: int, name: str = "labels") -> tuple[np.ndarray, int]:
    """Labels as integers 0 .. number of classes - 1."""
    codes, classes = pd.factorize(np.asarray(labels))
    if codes.ndim != 1 or len(codes) != n:
        raise ValueError(f"expected {n} {name}, one per spot, found {len(codes)}")
    if (codes < 0).any():
        raise ValueError(f"expected {name} for every spot, found {(codes < 0).sum()} missing")
    return codes, len(classes)


def section_rows(codes: np.ndarray, least: int = LEAST_SPOTS) -> dict[int, np.ndarray]:
    """The rows of each section of at least so many spots, by its code."""
    rows = {code: np.flatnonzero(codes == code) for code in range(codes.max() + 1)}
    kept = {code: own for code, own in rows.items() if len(own) >= least}
    if not kept:
        raise ValueError(f"expected a section of at least {least} spots, found none in sections")
    return kept


def class_codes(labels: Any, n: int) -> tuple[np.ndarray, int]:
    """Labels that a silhouette can be computed for, as `label_codes`."""
    codes, n_classes = label_codes(labels, n)
    if not 2 <= n_classes < n:
        raise ValueError(f"expected between 2 and {n - 1} classes in labels, found {n_classes}")
    return codes, n_classes


def check_k(k: int, n: int) -> None:
    if not 1 <= k < n / 2:
        raise ValueError(f"expected k between 1 and {(n - 1) // 2}, less than half of the spots, found {k}")
