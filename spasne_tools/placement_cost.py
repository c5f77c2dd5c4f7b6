"""What a place costs a new point on a map that stays as it is.

Add one point with data x and position s to the N points of the reference and leave those where they are. Of
SpaSNE's cost (docstring of spasne.run_spasne), written for the N + 1 points, what depends on the new point's
place y is, times (N + 1) / 2 and but for a constant,

    c(y) =   sum_j p_j log(1 + d_j^2)
           - (N + 1) sum_j (alpha g_j + beta h_j) log(1 + sigma^2 d_j^2)
           + (N + 1) / 2 log(1 + 2 / Z sum_j 1 / (1 + d_j^2))
           + (N + 1) / 2 (alpha + beta) log(1 + 2 / Zg sum_j (1 + sigma^2 d_j^2))

with d_j = |y - y_j|. Sums run over the reference alone, so new points do not act on one another.

p_j : (p_j|new + p_new|j) / 2, Gaussian affinities at the perplexity over the 3 * perplexity nearest points
g_j : (1 + |x - x_j|^2) / the sum of 1 + |x_a - x_b|^2 over ordered pairs of the N + 1 points
h_j : the same of positions, with the constant of Ps in the place of 1
Z, Zg : sums of 1 / (1 + d^2) and of 1 + sigma^2 d^2 over ordered pairs of the reference's places

Its gradient:

    c'(y) = 2 sum_j [ p_j k_j - (N + 1) (alpha g_j + beta h_j) r_j ] (y - y_j)
            - 2 (N + 1) sum_j k_j^2 (y - y_j) / (Z + 2 sum_j k_j)
            + 2 (N + 1) (alpha + beta) sigma^2 sum_j (y - y_j) / (Zg + 2 sum_j (1 + sigma^2 d_j^2))

with k_j = 1 / (1 + d_j^2) and r_j = sigma^2 / (1 + sigma^2 d_j^2).

Above MOST_SUMMED reference points, to bound time and memory, p_new|j is taken to equal p_j|new, and sums over
j run over the nearest in data and an even sample of the others, weighted to stand for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse

from spasne_tools.affinities import Gaussians, nearest
from spasne_tools.distances import BLOCK_ENTRIES, squared_distances
from spasne_tools.run.parameters import Objective
from spasne_tools.validation import Matrix

MOST_SUMMED = 5000
SAMPLE_SEED = 0
TINY = np.finfo(float).tiny


@dataclass(frozen=True)
class Reference(Objective):
    """A map, what it was made of and what it minimised, frozen; rows belong together.

    ``X`` (N, D), dense or CSR, in units of the largest number of the centred data; ``Y`` (N, no_dims); ``S``
    (N, any), positions as the executable got them, None without a spatial term; ``space_offset`` is the
    constant c of Ps = (c + d^2) / sum.
    """

    X: Matrix
    Y: np.ndarray
    S: np.ndarray | None
    space_offset: float = 1.0

    @property
    def n_points(self) -> int:
        return len(self.Y)

    @property
    def sampled(self) -> bool:
        return self.n_points > MOST_SUMMED

    @cached_property
    def sample(self) -> np.ndarray:
        """The points that sums over all points run over, in increasing order."""
        if not self.sampled:
            return np.arange(self.n_points)
        random = np.random.default_rng(SAMPLE_SEED)
        return np.sort(random.choice(self.n_points, MOST_SUMMED, replace=False))

    @cached_property
    def gaussians(self) -> Gaussians:
        """Of the reference points themselves, among their neighbours in the reference."""
        X = self.X.astype(float)
        return Gaussians.of(nearest(X, X, self.perplexity, skip=1)[1], self.perplexity)

    @cached_property
    def Z_local(self) -> float:
        """Sum of 1 / (1 + d^2) over ordered pairs, from those of the sample."""
        Y, total = self.Y[self.sample], 0.0
        step = max(1, BLOCK_ENTRIES // len(Y))
        for start in range(0, len(Y), step):
            total += float((1 / (1 + squared_distances(Y[start : start + step], Y))).sum())
        n, n_sample = self.n_points, len(Y)
        return (total - n_sample) * (n * (n - 1)) / (n_sample * (n_sample - 1))

    @cached_property
    def moments_X(self) -> Moments:
        return Moments.of(self.X)

    @cached_property
    def moments_Y(self) -> Moments:
        return Moments.of(self.Y)

    @cached_property
    def radius(self) -> float:
        """Root-mean-square distance from the map's centre."""
        return float(np.sqrt(self.Y.var(axis=0).sum()))


@dataclass(frozen=True)
class Moments:
    """Enough of points a_j to sum squared distances in closed form: their sum, and that of |a_j|^2."""

    n: int
    first: np.ndarray
    second: float

    @classmethod
    def of(cls, A: Matrix) -> Moments:
        first = np.asarray(A.sum(axis=0, dtype=float)).ravel()
        return cls(A.shape[0], first, float(_squared_norms(A).sum()))

    def sum_of_pairs(self, offset: float, factor: float = 1.0) -> float:
        """Sum over ordered pairs of offset + factor |a_i - a_j|^2."""
        squared = 2 * self.n * self.second - 2 * float(self.first @ self.first)
        return self.n * (self.n - 1) * offset + factor * squared

    def sums_to(self, B: Matrix, offset: float, factor: float = 1.0) -> np.ndarray:
        """For each row b of `B` the sum over j of offset + factor |b - a_j|^2."""
        squared = self.n * _squared_norms(B) - 2 * np.asarray(B @ self.first) + self.second
        return self.n * offset + factor * squared


def _squared_norms(A: Matrix) -> np.ndarray:
    if scipy.sparse.issparse(A):
        return np.asarray(A.astype(float).power(2).sum(axis=1)).ravel()
    return np.einsum("ij,ij->i", A, A, dtype=float)


@dataclass(frozen=True)
class Columns:
    """The reference points that the sums of m new points run over, each (m, columns).

    ``index`` of the point, ``squared`` distance in data, ``affinity`` p_j, ``weight``: how many it stands
    for.
    """

    index: np.ndarray
    squared: np.ndarray
    affinity: np.ndarray
    weight: np.ndarray


def all_columns(reference: Reference, X: Matrix, near: Columns) -> Columns:
    """Columns of all reference points, or where they are too many, the `near` ones and the sample."""
    index = np.broadcast_to(reference.sample, (X.shape[0], len(reference.sample)))
    squared = squared_distances(X, reference.X[reference.sample].astype(float))
    affinity = np.zeros(index.shape)
    if not reference.sampled:
        np.put_along_axis(affinity, near.index, near.affinity, axis=1)
        affinity += reference.gaussians.of_newcomers(squared)
        return Columns(index, squared, affinity / 2, np.ones(index.shape))
    own = np.full(reference.n_points, -1)
    own[reference.sample] = np.arange(len(reference.sample))
    row, place_in_sample = np.nonzero(own[near.index] >= 0)[0], own[near.index]
    weight = np.ones(index.shape)
    weight[row, place_in_sample[place_in_sample >= 0]] = 0
    weight *= (reference.n_points - near.index.shape[1]) / weight.sum(axis=1, keepdims=True)
    parts = zip(
        (near.index, near.squared, near.affinity, near.weight),
        (index, squared, affinity, weight),
        strict=True,
    )
    return Columns(*(np.concatenate(pair, axis=1) for pair in parts))


class PlacementCost:
    """c(y) of this module and its gradient for a block of m new points."""

    def __init__(
        self, reference: Reference, columns: Columns, X: Matrix, S: np.ndarray | None = None
    ) -> None:
        self.n = reference.n_points
        self.affinity, self.weight = columns.affinity, columns.weight
        self.places = np.stack([reference.Y[columns.index, axis] for axis in range(reference.Y.shape[1])])
        self.scale2 = reference.global_scale**2
        self.Z_local, self.moments = reference.Z_local, reference.moments_Y
        self.Z_global = self.moments.sum_of_pairs(1.0, self.scale2)
        self.both = reference.alpha
        self.pull = self._pull(reference.alpha, columns.squared, 1.0, reference.moments_X, X)
        if S is not None and reference.S is not None:
            squared, moments = squared_to(reference.S, columns.index, S), Moments.of(reference.S)
            self.both += reference.beta
            self.pull += self._pull(reference.beta, squared, reference.space_offset, moments, S)
        self.pull *= columns.weight

    def _pull(
        self, factor: float, squared: np.ndarray, offset: float, moments: Moments, new: Matrix
    ) -> np.ndarray:
        """(N + 1) times alpha g or beta h."""
        total = moments.sum_of_pairs(offset) + 2 * moments.sums_to(new, offset)
        return (self.n + 1) * factor * (offset + squared) / np.maximum(total, TINY)[:, None]

    def __call__(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cost (m,) and gradient (m, no_dims) at places `y` (m, no_dims)."""
        difference = y.T[:, :, None] - self.places
        squared = (difference**2).sum(axis=0)
        kernel = 1 / (1 + squared)
        spread = 1 + self.scale2 * squared
        near_sum = 2 * (self.weight * kernel).sum(axis=1)
        far_sum = 2 * self.moments.sums_to(y, 1.0, self.scale2)
        cost = (self.affinity * np.log1p(squared) - self.pull * np.log(spread)).sum(axis=1)
        cost += (self.n + 1) / 2 * np.log1p(near_sum / self.Z_local)
        cost += (self.n + 1) / 2 * self.both * np.log1p(far_sum / self.Z_global)
        repulsion = (self.n + 1) * self.weight * kernel / (self.Z_local + near_sum)[:, None]
        force = (self.affinity - repulsion) * kernel - self.scale2 * self.pull / spread
        gradient = 2 * np.einsum("ij,dij->id", force, difference)
        outward = (self.n * y - self.moments.first) / (self.Z_global + far_sum)[:, None]
        return cost, gradient + 2 * (self.n + 1) * self.both * self.scale2 * outward


def squared_to(A: np.ndarray, index: np.ndarray, B: np.ndarray) -> np.ndarray:
    """|a_j - b_i|^2 (m, columns), j from row i of `index`."""
    return sum((A[index, axis] - B[:, axis : axis + 1]) ** 2 for axis in range(A.shape[1]))
