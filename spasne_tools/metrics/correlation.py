"""r1 and r2: correlation of all pairwise distances."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.stats import rankdata

from spasne_tools.distances import pair_distances, squared_distances
from spasne_tools.forking import not_forked
from spasne_tools.metrics.checks import points
from spasne_tools.metrics.sampling import DEFAULT_SAMPLING, Estimate, Sampling, sampled_pairs
from spasne_tools.validation import Matrix, MatrixLike

BATCHES = 20  # parts of a sample of pairs, whose spread gives the standard error
BLOCK_ROWS = 1024  # of which all pairs are held at once

Pairs = Iterable[tuple[np.ndarray, np.ndarray]]  # distances of the same pairs in A and in B, part by part


def _pearson(parts: Pairs) -> float:
    """Pearson correlation over all parts.

    Distances are shifted by their mean in the first part, so that the sums of squares lose no digits.
    """
    sums, shift, count = np.zeros(5), None, 0
    for a, b in parts:
        if shift is None:
            shift = a.mean(), b.mean()
        a, b = a - shift[0], b - shift[1]
        with not_forked():
            sums += a.sum(), b.sum(), a @ a, b @ b, a @ b
        count += len(a)
    sum_a, sum_b, sum_aa, sum_bb, sum_ab = sums
    scale = np.sqrt((sum_aa - sum_a**2 / count) * (sum_bb - sum_b**2 / count))
    return float((sum_ab - sum_a * sum_b / count) / scale) if scale > 0 else np.nan


def _all_pairs(A: Matrix, B: Matrix) -> Pairs:
    """All n (n - 1) / 2 pairs, block by block."""
    n, step = A.shape[0], BLOCK_ROWS
    for row in range(0, n, step):
        for column in range(row, n, step):
            rows, columns = slice(row, row + step), slice(column, column + step)
            a, b = (np.sqrt(squared_distances(X[rows], X[columns])) for X in (A, B))
            if row == column:
                upper = np.triu_indices(len(a), 1)
                a, b = a[upper], b[upper]
            yield a.ravel(), b.ravel()


def pairwise_correlation(
    X: MatrixLike, Y: MatrixLike, kind: str = "pearson", sampling: Sampling = DEFAULT_SAMPLING
) -> Estimate:
    """Correlation between the Euclidean distances of all pairs of spots in X and in Y.

    With Pearson's correlation, Y the map and X the data given to ``run_spasne`` this is the published r1, and
    with X the spatial positions r2 [1]_. With ``kind="spearman"`` the distances are ranked first (the CPD
    of [4]_).

    Parameters
    ----------
    X, Y : array-like (n, any), DataFrames or sparse matrices
        The same spots in the same order. At least 3.
    kind : "pearson" or "spearman"
    sampling : Sampling
        Pearson: all pairs up to ``exact_up_to`` points, then ``n_pairs`` drawn ones. Spearman: all pairs
        where there are at most ``n_pairs``, else ``n_pairs`` drawn ones.

    Returns
    -------
    Estimate
        A float; nan where all distances in X or in Y are equal. Its ``standard_error`` is 0.0 if all pairs
        were used, else the spread over 20 parts of the sample divided by sqrt(20).

    Raises
    ------
    ValueError
        For shapes that do not match, nan or infinity, or another kind.

    References
    ----------
    [1] and [4] of ``spasne_tools.metrics.scores``.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(pairwise_correlation(X, 7 * X), 6)
    1.0
    """
    X = points(X, "X")
    n = X.shape[0]
    Y = points(Y, "Y", n)
    if kind not in ("pearson", "spearman"):
        raise ValueError(f'expected kind "pearson" or "spearman", found {kind!r}')
    if kind == "pearson" and n <= sampling.exact_up_to:
        return Estimate(_pearson(_all_pairs(X, Y)))
    exact = n * (n - 1) // 2 <= sampling.n_pairs
    i, j = np.triu_indices(n, 1) if exact else sampled_pairs(n, sampling)
    a, b = pair_distances(X, i, j), pair_distances(Y, i, j)

    def correlation(a: np.ndarray, b: np.ndarray) -> float:
        return _pearson([(a, b) if kind == "pearson" else (rankdata(a), rankdata(b))])

    if exact:
        return Estimate(correlation(a, b))
    batches = np.array_split(np.arange(len(a)), BATCHES)
    parts = [correlation(a[batch], b[batch]) for batch in batches]
    return Estimate(correlation(a, b), np.std(parts, ddof=1) / np.sqrt(BATCHES))
