"""Scores of a map: how well it keeps expression, space and known labels.

Every score is exact up to ``Sampling.exact_up_to`` points and is then estimated from a seeded sample, with a
standard error. Distances are computed in blocks, so no (n, n) matrix is ever held.

References
----------
.. [1] Zhou et al., Dimensionality reduction for visualizing spatially resolved profiling data using SpaSNE,
       GigaScience 14 (2025) giaf002: r1, r2 and the silhouette.
.. [2] Rousseeuw, Silhouettes, J. Comput. Appl. Math. 20 (1987) 53-65.
.. [3] Venna and Kaski, Neighborhood preservation in nonlinear projection methods, ICANN 2001:
       trustworthiness and continuity.
.. [4] Kobak and Berens, The art of using t-SNE for single-cell transcriptomics, Nat. Commun. 10 (2019) 5416:
       k-nearest-neighbour preservation (KNN) and the Spearman correlation of distances (CPD).
.. [5] Shang and Zhou, Spatially aware dimension reduction for spatial transcriptomics (SpatialPCA),
       Nat. Commun. 13 (2022) 7203: CHAOS and PAS.
.. [6] Moran, Notes on continuous stochastic phenomena, Biometrika 37 (1950) 17-23.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from scipy.spatial import cKDTree
from scipy.stats import rankdata

from spasne_tools.distances import distance_rows, pair_distances, squared_distances
from spasne_tools.validation import Matrix, MatrixLike, as_matrix, check_rows_match

__all__ = [
    "Estimate",
    "Sampling",
    "chaos",
    "continuity",
    "knn_preservation",
    "morans_i",
    "pairwise_correlation",
    "pas",
    "score_embedding",
    "silhouette",
    "trustworthiness",
]

BATCHES = 20  # parts of a sample of pairs, whose spread gives the standard error
RANK_NEIGHBOURS = 15  # k of trustworthiness and continuity in score_embedding
KNN_NEIGHBOURS = (10, 15)


@dataclass(frozen=True)
class Sampling:
    """When and how scores are estimated instead of computed in full.

    Parameters
    ----------
    exact_up_to : int
        Largest number of points for which every pair and every point is used; 5,000 is also where
        ``run_spasne`` passes from all pairs to sums in linear time.
    n_pairs : int
        Pairs drawn above that size (with replacement), and the most pairs that a Spearman correlation
        ranks at any size.
    n_points : int
        Points drawn above that size (without replacement) for scores that are means over points; each of them
        is still compared with all others.
    seed : int
        Seed of the draws.
    """

    exact_up_to: int = 5_000
    n_pairs: int = 1_000_000
    n_points: int = 2_000
    seed: int = 0


DEFAULT_SAMPLING = Sampling()


class Estimate(float):
    """A float that knows its standard error: 0.0 where nothing was sampled.

    Examples
    --------
    >>> Estimate(0.5, 0.01).standard_error
    0.01
    """

    standard_error: float

    def __new__(cls, value: float, standard_error: float = 0.0) -> Estimate:
        self = super().__new__(cls, value)
        self.standard_error = float(standard_error)
        return self

    def __reduce__(self) -> tuple:
        return Estimate, (float(self), self.standard_error)


def _points(X: MatrixLike, name: str, n: int | None = None) -> Matrix:
    """X with one row per spot (n, where known): dense and centred, which changes no distance, or CSR."""
    matrix = as_matrix(X, name)
    if matrix.shape[0] < 3:
        raise ValueError(f"expected at least 3 spots in {name}, found {matrix.shape[0]}")
    if n is not None and matrix.shape[0] != n:
        raise ValueError(f"expected {n} rows in {name}, one per spot, found {matrix.shape[0]}")
    return matrix if issparse(matrix) else matrix - matrix.mean(axis=0)


# ---- r1, r2: correlation of pairwise distances ------------------------------------------------------------


def _pearson(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else np.nan


def _pearson_of_all_pairs(A: Matrix, B: Matrix) -> float:
    """Pearson correlation of the distances of all n (n - 1) / 2 pairs, summed over blocks of them.

    The distances are shifted by their mean in the first block, so that the sums of squares lose no digits.
    """
    n, step = A.shape[0], 1024
    sums, shift, count = np.zeros(5), None, n * (n - 1) / 2
    for row in range(0, n, step):
        for column in range(row, n, step):
            rows, columns = slice(row, row + step), slice(column, column + step)
            a, b = (np.sqrt(squared_distances(X[rows], X[columns])) for X in (A, B))
            if row == column:
                upper = np.triu_indices(len(a), 1)
                a, b = a[upper], b[upper]
            a, b = a.ravel(), b.ravel()
            if shift is None:
                shift = a.mean(), b.mean()
            a, b = a - shift[0], b - shift[1]
            sums += a.sum(), b.sum(), a @ a, b @ b, a @ b
    sum_a, sum_b, sum_aa, sum_bb, sum_ab = sums
    scale = np.sqrt((sum_aa - sum_a**2 / count) * (sum_bb - sum_b**2 / count))
    return float((sum_ab - sum_a * sum_b / count) / scale) if scale > 0 else np.nan


def sampled_pairs(n: int, sampling: Sampling) -> tuple[np.ndarray, np.ndarray]:
    """Pairs i != j drawn uniformly with replacement."""
    rng = np.random.default_rng(sampling.seed)
    i = rng.integers(n, size=sampling.n_pairs)
    return i, (i + rng.integers(1, n, size=sampling.n_pairs)) % n


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
    [1] and [4] of the module.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(pairwise_correlation(X, 7 * X), 6)
    1.0
    """
    X = _points(X, "X")
    n = X.shape[0]
    Y = _points(Y, "Y", n)
    if kind not in ("pearson", "spearman"):
        raise ValueError(f'expected kind "pearson" or "spearman", found {kind!r}')
    if kind == "pearson" and n <= sampling.exact_up_to:
        return Estimate(_pearson_of_all_pairs(X, Y))
    exact = n * (n - 1) // 2 <= sampling.n_pairs
    i, j = np.triu_indices(n, 1) if exact else sampled_pairs(n, sampling)
    a, b = pair_distances(X, i, j), pair_distances(Y, i, j)

    def correlation(a: np.ndarray, b: np.ndarray) -> float:
        return _pearson(a, b) if kind == "pearson" else _pearson(rankdata(a), rankdata(b))

    if exact:
        return Estimate(correlation(a, b))
    batches = np.array_split(np.arange(len(a)), BATCHES)
    parts = [correlation(a[batch], b[batch]) for batch in batches]
    return Estimate(correlation(a, b), np.std(parts, ddof=1) / np.sqrt(BATCHES))


# ---- means over points ------------------------------------------------------------------------------------


def _sampled_rows(n: int, sampling: Sampling) -> np.ndarray:
    """All points, or a seeded sample of them in increasing order."""
    if n <= sampling.exact_up_to or n <= sampling.n_points:
        return np.arange(n)
    return np.sort(np.random.default_rng(sampling.seed).choice(n, sampling.n_points, replace=False))


def _mean(values: np.ndarray, n: int) -> Estimate:
    """Mean over a sample drawn without replacement from n points, with its standard error."""
    m = len(values)
    error = np.std(values, ddof=1) * np.sqrt((1 - m / n) / m) if m < n else 0.0
    return Estimate(np.mean(values), error)


def _codes(labels: Any, n: int, name: str = "labels") -> tuple[np.ndarray, int]:
    """Labels as integers 0 .. number of classes - 1."""
    codes, classes = pd.factorize(np.asarray(labels))
    if codes.ndim != 1 or len(codes) != n:
        raise ValueError(f"expected {n} {name}, one per spot, found {len(codes)}")
    if (codes < 0).any():
        raise ValueError(f"expected {name} for every spot, found {(codes < 0).sum()} missing")
    return codes, len(classes)


def class_codes(labels: Any, n: int) -> tuple[np.ndarray, int]:
    """Labels that a silhouette can be computed for, as `_codes`."""
    codes, n_classes = _codes(labels, n)
    if not 2 <= n_classes < n:
        raise ValueError(f"expected between 2 and {n - 1} classes in labels, found {n_classes}")
    return codes, n_classes


def silhouette(Y: MatrixLike, labels: Any, sampling: Sampling = DEFAULT_SAMPLING) -> Estimate:
    """Mean silhouette of a map under given labels, with Euclidean distances [2]_: the published s.

    Point i has s_i = (b - a) / max(a, b): a is its mean distance to the other points of its class, b the
    smallest mean distance to the points of another class. A point alone in its class has s_i = 0.

    Parameters
    ----------
    Y : array-like (n, n_dims)
    labels : array-like (n,)
        Class of each spot, of any type, none missing.
    sampling : Sampling

    Returns
    -------
    Estimate
        Between -1 and 1.

    Raises
    ------
    ValueError
        If there are fewer than 2 classes or as many as points, or labels are missing.

    References
    ----------
    [2] of the module.

    Examples
    --------
    >>> round(silhouette([[0, 0], [0, 1], [9, 0], [9, 1]], ["a", "a", "b", "b"]), 2)
    0.89
    """
    Y = _points(Y, "Y")
    n = Y.shape[0]
    codes, n_classes = class_codes(labels, n)
    members = np.zeros((n, n_classes))
    members[np.arange(n), codes] = 1
    size = members.sum(axis=0)
    rows = _sampled_rows(n, sampling)
    values = np.empty(len(rows))
    for part, squared in distance_rows(Y, rows):
        own, every = codes[rows[part]], np.arange(len(squared))
        squared[every, rows[part]] = 0.0
        total = np.sqrt(squared, out=squared) @ members
        a = total[every, own] / np.maximum(size[own] - 1, 1)
        others = total / size
        others[every, own] = np.inf
        b = others.min(axis=1)
        larger = np.maximum(a, b)
        scored = (size[own] > 1) & (larger > 0)
        values[part] = np.where(scored, (b - a) / np.where(scored, larger, 1), 0.0)
    return _mean(values, n)


# ---- neighbourhoods ---------------------------------------------------------------------------------------


def _check_k(k: int, n: int) -> None:
    if not 1 <= k < n / 2:
        raise ValueError(f"expected k between 1 and {(n - 1) // 2}, less than half of the spots, found {k}")


def _neighbours(X: Matrix, rows: np.ndarray, k: int) -> np.ndarray:
    """The k nearest points of each row, nearest first, itself excluded: (len(rows), k)."""
    out = np.empty((len(rows), k), dtype=np.int64)
    for part, squared in distance_rows(X, rows):
        near = np.argpartition(squared, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(squared, near, axis=1), axis=1, kind="stable")
        out[part] = np.take_along_axis(near, order, axis=1)
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
    return _mean(shared.mean(axis=1), n)


def _intruders(ranks: np.ndarray, n: int) -> Estimate:
    """1 - 2 / (n k (2n - 3k - 1)) * sum of (rank - k) over neighbours whose rank exceeds k [3]."""
    k = ranks.shape[1]
    penalty = np.maximum(ranks - k, 0).sum(axis=1)
    return _mean(1 - 2 / (k * (2 * n - 3 * k - 1)) * penalty, n)


def _both(X: MatrixLike, Y: MatrixLike, k: int, sampling: Sampling) -> tuple[Matrix, Matrix, np.ndarray]:
    X = _points(X, "X")
    n = X.shape[0]
    _check_k(k, n)
    return X, _points(Y, "Y", n), _sampled_rows(n, sampling)


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
    [4] of the module.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> float(knn_preservation(X, 7 * X))
    1.0
    """
    X, Y, rows = _both(X, Y, k, sampling)
    return _overlap(_neighbours(X, rows, k), _neighbours(Y, rows, k), k, X.shape[0])


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
    [3] of the module; equal to ``sklearn.manifold.trustworthiness``.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> float(trustworthiness(X, 7 * X))
    1.0
    """
    X, Y, rows = _both(X, Y, k, sampling)
    return _intruders(_ranks(X, rows, _neighbours(Y, rows, k)), X.shape[0])


def continuity(
    X: MatrixLike, Y: MatrixLike, k: int = RANK_NEIGHBOURS, sampling: Sampling = DEFAULT_SAMPLING
) -> Estimate:
    """Whether points close together in X stay close together in the map Y [3]_.

    That is trustworthiness with X and Y exchanged; parameters, result and errors are the same.

    References
    ----------
    [3] of the module.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> float(continuity(X, 7 * X))
    1.0
    """
    return trustworthiness(Y, X, k, sampling)


def _neighbourhood_scores(X: Matrix, Y: Matrix, near_Y: np.ndarray, rows: np.ndarray, space: str) -> dict:
    """The kNN preservations, trustworthiness and continuity of one space from one neighbour search in it."""
    n, near_X = X.shape[0], _neighbours(X, rows, near_Y.shape[1])
    scores = {f"knn{k}_{space}": _overlap(near_X, near_Y, k, n) for k in KNN_NEIGHBOURS}
    scores[f"trustworthiness_{space}"] = _intruders(_ranks(X, rows, near_Y[:, :RANK_NEIGHBOURS]), n)
    scores[f"continuity_{space}"] = _intruders(_ranks(Y, rows, near_X[:, :RANK_NEIGHBOURS]), n)
    return scores


# ---- domains and axes over space --------------------------------------------------------------------------


def _nearest_positions(pixels: np.ndarray, k: int) -> np.ndarray:
    """Indices (n, k) of the k nearest spots of every spot, itself excluded, from a k-d tree."""
    near = cKDTree(pixels).query(pixels, k + 1)[1]
    itself = near == np.arange(len(pixels))[:, None]
    return np.take_along_axis(near, np.argsort(itself, axis=1, kind="stable")[:, :k], axis=1)


def chaos(domains: Any, pixels: MatrixLike) -> float:
    """CHAOS: how scattered domains are over the tissue, smaller is more compact [5]_.

    Variant: that of SpatialPCA. Positions are standardised per column (sample standard deviation), each spot
    is joined to the nearest spot of its own domain, and the lengths are summed and divided by the number of
    spots. A spot alone in its domain adds nothing.

    Parameters
    ----------
    domains : array-like (n,)
        Domain of each spot, e.g. clusters found on the map.
    pixels : array-like (n, any)
        Positions; their unit does not matter.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For missing labels or another number of labels than positions.

    References
    ----------
    [5] of the module.

    Examples
    --------
    >>> round(chaos(["a", "a", "b", "b"], [[0, 0], [0, 1], [9, 0], [9, 1]]), 3)
    1.732
    """
    pixels = _points(pixels, "pixels")
    codes, n_domains = _codes(domains, pixels.shape[0], "domains")
    spread = pixels.std(axis=0, ddof=1)
    pixels = pixels / np.where(spread > 0, spread, 1)
    total = 0.0
    for domain in range(n_domains):
        members = pixels[codes == domain]
        if len(members) > 1:
            total += cKDTree(members).query(members, 2)[0][:, 1].sum()
    return float(total / len(pixels))


def pas(domains: Any, pixels: MatrixLike, k: int = 10) -> float:
    """PAS: share of abnormal spots, those whose domain differs from more than half of their k nearest [5]_.

    Variant: that of SpatialPCA, at k = 10 a spot is abnormal if at least six of the ten differ.

    Parameters
    ----------
    domains : array-like (n,)
        Domain of each spot, e.g. clusters found on the map.
    pixels : array-like (n, any)
        Positions.
    k : int
        Neighbours, below n / 2.

    Returns
    -------
    float
        Between 0 and 1, smaller is smoother.

    Raises
    ------
    ValueError
        For missing labels, another number of labels than positions, or k out of range.

    References
    ----------
    [5] of the module.

    Examples
    --------
    >>> pas(["a"] * 3 + ["b"] * 3, [[0], [1], [2], [7], [8], [9]], k=2)
    0.0
    """
    pixels = _points(pixels, "pixels")
    codes, _ = _codes(domains, pixels.shape[0], "domains")
    _check_k(k, len(pixels))
    different = codes[_nearest_positions(pixels, k)] != codes[:, None]
    return float((different.sum(axis=1) > k / 2).mean())


def morans_i(values: MatrixLike, pixels: MatrixLike, k: int = 6) -> np.ndarray:
    """Moran's I of values over space [6]_, with equal weights 1/k on the k nearest spots of each spot.

    I = sum_i z_i * (mean of z over the k nearest spots of i) / sum_i z_i^2, where z is the centred value. For
    a map the values are its axes; how it is turned is arbitrary, so compare the mean over the axes.

    Parameters
    ----------
    values : array-like (n,) or (n, m)
    pixels : array-like (n, any)
        Positions.
    k : int
        Neighbours; 6 is the ring around a spot of a hexagonal lattice.

    Returns
    -------
    ndarray (m,)
        About 0 without spatial order, near 1 for smooth values; nan for a constant.

    Raises
    ------
    ValueError
        For shapes that do not match, nan or infinity, or k out of range.

    References
    ----------
    [6] of the module.

    Examples
    --------
    >>> morans_i([1, 2, 3, 4, 5, 6], [[0], [1], [2], [3], [4], [5]], k=2).round(2)
    array([0.57])
    """
    values = np.asarray(values, dtype=float)
    z = _points(values.reshape(len(values), -1), "values")
    pixels = _points(pixels, "pixels", z.shape[0])
    _check_k(k, len(z))
    lag = np.zeros_like(z)
    for column in _nearest_positions(pixels, k).T:
        lag += z[column]
    power = (z * z).sum(axis=0)
    return np.where(power > 0, (z * lag).sum(axis=0) / k / np.where(power > 0, power, 1), np.nan)


# ---- the table --------------------------------------------------------------------------------------------


def _all_scores(
    Y: np.ndarray, data: Matrix, pixels: np.ndarray | None, domains: Any, sampling: Sampling
) -> dict[str, float]:
    """What score_embedding(full=True) adds to r1, r2 and s."""
    rows = _sampled_rows(len(Y), sampling)
    scores: dict[str, float] = {}
    near_Y = _neighbours(Y, rows, max(*KNN_NEIGHBOURS, RANK_NEIGHBOURS))
    spaces = {"expression": data} | ({} if pixels is None else {"space": pixels})
    for space, X in spaces.items():
        scores[f"spearman_{space}"] = pairwise_correlation(X, Y, "spearman", sampling)
        scores |= _neighbourhood_scores(X, Y, near_Y, rows, space)
    if pixels is not None:
        scores |= {f"moran_{axis}": value for axis, value in enumerate(morans_i(Y, pixels), 1)}
        if domains is not None:
            scores |= {"chaos": chaos(domains, pixels), "pas": pas(domains, pixels)}
    return scores


def score_embedding(
    Y: MatrixLike,
    data: MatrixLike,
    pixels: MatrixLike | None = None,
    labels: Any = None,
    *,
    domains: Any = None,
    full: bool = False,
    sampling: Sampling = DEFAULT_SAMPLING,
) -> pd.Series:
    """Scores of a map, as a labelled series.

    ===========================  =======================================================================
    r1                           Pearson correlation of all pairwise distances in `data` and in the map [1]_
    r2                           the same for `pixels` (needs them)
    s                            silhouette of the map under `labels` (needs them) [2]_
    *with full=True*
    spearman_expression, _space  as r1 and r2, on ranked distances [4]_
    knn10_, knn15_expression,    share of the 10 or 15 nearest neighbours kept [4]_
    knn10_, knn15_space
    trustworthiness_expression,  k = 15 [3]_
    continuity_expression, and
    both _space
    moran_1, moran_2, ...        Moran's I of each map axis over space, 6 nearest spots [6]_
    chaos, pas                   of `domains` over the tissue (need them) [5]_
    ===========================  =======================================================================

    Parameters
    ----------
    Y : array-like (n, n_dims)
        The map.
    data : array-like (n, D), DataFrame or sparse matrix
        What was given to ``run_spasne``: r1 refers to it.
    pixels : array-like (n, 2 or 3), optional
        Spatial positions.
    labels : array-like (n,), optional
        Known classes, for s.
    domains : array-like (n,), optional
        Domains found with the map (for example clusters on it), for CHAOS and PAS.
    full : bool
        All scores rather than r1, r2 and s.
    sampling : Sampling
        Above ``sampling.exact_up_to`` points scores are estimated.

    Returns
    -------
    pandas.Series
        Scores by name. Each score that was estimated from a sample is followed by its standard error, as
        ``<name>_se``.

    Raises
    ------
    ValueError
        For shapes that do not match, nan or infinity, missing labels; with full=True also below 32 spots,
        because 15 neighbours must be less than half of them.

    References
    ----------
    [1] to [6] of the module.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> data, pixels = rng.normal(size=(100, 20)), rng.uniform(0, 5000, size=(100, 2))
    >>> score_embedding(pixels / 1000, data, pixels).round(3)["r2"]
    np.float64(1.0)
    """
    for other, name in ((pixels, "pixels"), (Y, "Y"), (labels, "labels"), (domains, "domains")):
        if other is not None:
            check_rows_match(data, other, name)
    Y = _points(Y, "Y")
    n = len(Y)
    data = _points(data, "data", n)
    pixels = None if pixels is None else _points(pixels, "pixels", n)
    scores: dict[str, float] = {"r1": pairwise_correlation(data, Y, sampling=sampling)}
    if pixels is not None:
        scores["r2"] = pairwise_correlation(pixels, Y, sampling=sampling)
    if labels is not None:
        scores["s"] = silhouette(Y, labels, sampling)
    if full:
        scores |= _all_scores(Y, data, pixels, domains, sampling)
    rows = {}
    for name, value in scores.items():
        rows[name] = float(value)
        if isinstance(value, Estimate) and value.standard_error > 0:
            rows[f"{name}_se"] = value.standard_error
    return pd.Series(rows, name="score", dtype=float)
