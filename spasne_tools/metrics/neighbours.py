"""How well a map keeps neighbourhoods."""

from __future__ import annotations

import numpy as np

from spasne_tools.distances import distance_rows, nearest_first
from spasne_tools.metrics.checks import check_k, points
from spasne_tools.metrics.sampling import DEFAULT_SAMPLING, Estimate, Sampling, mean_of_sample, sampled_rows
from spasne_tools.validation import Matrix, MatrixLike

RANK_NEIGHBOURS = 15  # k of trustworthiness and continuity in score_embedding
KNN_NEIGHBOURS = (10, 15)


def nearest(X: Matrix, rows: np.ndarray, k: int) -> np.ndarray:
    """The k nearest points of each row, nearest first, itself excluded: (len(rows), k)."""
    out = np.empty((len(rows), k), dtype=np.int64)
    for part, squared in distance_rows(X, rows):
        out[part] = nearest_first(squared, k)
    return out


def _ranks(X: Matrix, rows: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Rank (1: nearest) that each given neighbour of each row has among all points of X."""
    out = np.empty(neighbours.shape, dtype=np.int64)
    for part, squared in distance_rows(X, rows):
        given = np.take_along_axis(squared, neighbours[part], axis=1)
        for column in range(neighbours.shape[1]):
            out[part, column] = 1 + (squared < given[:, column, None]).sum(axis=1)
    return out


def _overlap(near_X: np.ndarray, near_Y: np.ndarray, k: int, n: int) -> Estimate:
    shared = (near_X[:, :k, None] == near_Y[:, None, :k]).any(axis=2)
    return mean_of_sample(shared.mean(axis=1), n)


def _intruders(ranks: np.ndarray, n: int) -> Estimate:
    """1 - 2 / (n k (2n - 3k - 1)) * sum of (rank - k) over neighbours whose rank exceeds k [3]."""
    k = ranks.shape[1]
    penalty = np.maximum(ranks - k, 0).sum(axis=1)
    return mean_of_sample(1 - 2 / (k * (2 * n - 3 * k - 1)) * penalty, n)


def _both(X: MatrixLike, Y: MatrixLike, k: int, sampling: Sampling) -> tuple[Matrix, Matrix, np.ndarray]:
    X = points(X, "X")
    n = X.shape[0]
    check_k(k, n)
    return X, points(Y, "Y", n), sampled_rows(n, sampling)


def knn_preservation(
    X: MatrixLike, Y: MatrixLike, k: int = 10, sampling: Sampling = DEFAULT_SAMPLING
) -> Estimate:
    """Share of each point's k nearest neighbours in X that are also among its k nearest in Y, averaged [4]_.

    Parameters
    ----------
    X, Y : array-like (n, any)
        Expression or positions, and the map.
    k : int
        Below n / 2.
    sampling : Sampling

    Returns
    -------
    Estimate
        Between 0 and 1; k / (n - 1) by chance. Where points tie for place k (duplicates, a regular lattice)
        one of them is taken.

    Raises
    ------
    ValueError
        For shapes that do not match, nan or infinity, or k out of range.

    References
    ----------
    [4] of ``spasne_tools.metrics.scores``.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> float(knn_preservation(X, 7 * X))
    1.0
    """
    X, Y, rows = _both(X, Y, k, sampling)
    return _overlap(nearest(X, rows, k), nearest(Y, rows, k), k, X.shape[0])


def trustworthiness(
    X: MatrixLike, Y: MatrixLike, k: int = RANK_NEIGHBOURS, sampling: Sampling = DEFAULT_SAMPLING
) -> Estimate:
    """Whether points close together in the map Y are close together in X [3]_.

    T = 1 - 2 / (n k (2n - 3k - 1)) * sum over i and the k nearest j of i in Y of max(0, rank_X(i, j) - k),
    where rank_X(i, j) is 1 for the nearest point.

    Parameters
    ----------
    X, Y : array-like (n, any)
        Expression or positions, and the map.
    k : int
        Below n / 2.
    sampling : Sampling

    Returns
    -------
    Estimate
        Between 0 and 1, about 0.5 by chance.

    Raises
    ------
    ValueError
        For shapes that do not match, nan or infinity, or k out of range.

    References
    ----------
    [3] of ``spasne_tools.metrics.scores``; equal to ``sklearn.manifold.trustworthiness``.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> float(trustworthiness(X, 7 * X))
    1.0
    """
    X, Y, rows = _both(X, Y, k, sampling)
    return _intruders(_ranks(X, rows, nearest(Y, rows, k)), X.shape[0])


def continuity(
    X: MatrixLike, Y: MatrixLike, k: int = RANK_NEIGHBOURS, sampling: Sampling = DEFAULT_SAMPLING
) -> Estimate:
    """Whether points close together in X stay close together in the map Y [3]_.

    That is trustworthiness with X and Y exchanged; parameters, result and errors are the same.

    References
    ----------
    [3] of ``spasne_tools.metrics.scores``.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> float(continuity(X, 7 * X))
    1.0
    """
    return trustworthiness(Y, X, k, sampling)


def neighbourhood_scores(X: Matrix, Y: Matrix, near_Y: np.ndarray, rows: np.ndarray, space: str) -> dict:
    """The kNN preservations, trustworthiness and continuity of one space from one neighbour search in it."""
    n, near_X = X.shape[0], nearest(X, rows, near_Y.shape[1])
    scores = {f"knn{k}_{space}": _overlap(near_X, near_Y, k, n) for k in KNN_NEIGHBOURS}
    scores[f"trustworthiness_{space}"] = _intruders(_ranks(X, rows, near_Y[:, :RANK_NEIGHBOURS]), n)
    scores[f"continuity_{space}"] = _intruders(_ranks(Y, rows, near_X[:, :RANK_NEIGHBOURS]), n)
    return scores
