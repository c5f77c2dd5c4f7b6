"""Euclidean distances between rows, dense or sparse, in blocks of bounded size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import issparse
from scipy.spatial.distance import cdist, pdist

from spasne_tools.forking import not_forked
from spasne_tools.validation import Matrix

BLOCK_ENTRIES = 1 << 22  # distances held at once: 32 MB
LOW_DIMENSION = 8  # up to here differences are as fast as a matrix product, and free of cancellation


def squared_distances(A: Matrix, B: Matrix) -> np.ndarray:
    """Squared Euclidean distances (len A, len B): |a|^2 + |b|^2 - 2 a.b, or differences in few dimensions."""
    if issparse(A):
        norm_a, norm_b = (np.asarray(M.multiply(M).sum(axis=1)).ravel() for M in (A, B))
        product = (A @ B.T).toarray()
    elif A.shape[1] <= LOW_DIMENSION:
        return cdist(A, B, "sqeuclidean")
    else:
        norm_a, norm_b = np.einsum("ij,ij->i", A, A), np.einsum("ij,ij->i", B, B)
        with not_forked():
            product = A @ B.T
    product *= -2.0
    product += norm_a[:, None]
    product += norm_b
    return np.maximum(product, 0.0, out=product)


def nearest_first(squared: np.ndarray, k: int) -> np.ndarray:
    """Columns of the `k` smallest of each row of distances (m, n), the nearest first: (m, k)."""
    near = np.argpartition(squared, k - 1, axis=1)[:, :k]
    order = np.argsort(np.take_along_axis(squared, near, axis=1), axis=1, kind="stable")
    return np.take_along_axis(near, order, axis=1)


def condensed_distances(X: Matrix) -> np.ndarray:
    """Distances of all pairs i < j, row after row: (n (n - 1) / 2,)."""
    n = X.shape[0]
    if not issparse(X) and X.shape[1] <= LOW_DIMENSION:
        return pdist(X)
    out = np.empty(n * (n - 1) // 2)
    step, filled = max(1, BLOCK_ENTRIES // n), 0
    for start in range(0, n, step):
        block = squared_distances(X[start : start + step], X[start:])
        upper = block[np.arange(block.shape[1]) > np.arange(len(block))[:, None]]
        np.sqrt(upper, out=out[filled : filled + len(upper)])
        filled += len(upper)
    return out


def pair_distances(X: Matrix, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Distance of each pair (i[k], j[k])."""
    out = np.empty(len(i))
    step = max(1, BLOCK_ENTRIES // (8 * X.shape[1]))
    for start in range(0, len(i), step):
        part = slice(start, start + step)
        difference = X[i[part]] - X[j[part]]
        if issparse(difference):
            out[part] = np.asarray(difference.multiply(difference).sum(axis=1)).ravel()
        else:
            out[part] = np.einsum("ij,ij->i", difference, difference)
    return np.sqrt(out)


def distance_rows(X: Matrix, rows: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield (slice of rows, squared distances from them to all points, infinity to the point itself)."""
    step = max(1, BLOCK_ENTRIES // X.shape[0])
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        squared = squared_distances(X[rows[part]], X)
        squared[np.arange(len(squared)), rows[part]] = np.inf
        yield part, squared
