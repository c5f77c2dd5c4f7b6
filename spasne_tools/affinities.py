"""Gaussian affinities among nearest neighbours, as t-SNE has them: each point's at one perplexity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from spasne_tools.distances import BLOCK_ENTRIES, nearest_first, squared_distances
from spasne_tools.validation import Matrix

ENTROPY_TOLERANCE, MAX_BISECTIONS = 1e-5, 100
LARGEST_PRECISION = 1e100


@dataclass(frozen=True)
class Gaussians:
    """exp(-precision (d^2 - nearest)), one for each of m points, its entropy ln(perplexity).

    All (m,): ``nearest`` is the smallest squared distance, which keeps numbers in range, ``total`` the sum.
    """

    precision: np.ndarray
    nearest: np.ndarray
    total: np.ndarray

    @classmethod
    def of(cls, squared: np.ndarray, perplexity: float) -> Gaussians:
        """By bisection, from squared distances (m, k).

        The entropy lies between the logarithm of how many are nearest and ln k; what lies beyond is
        approached.
        """
        closest = squared.min(axis=1)
        excess = squared - closest[:, None]
        typical = excess.mean(axis=1)
        low, high = np.zeros(len(excess)), np.full(len(excess), LARGEST_PRECISION)
        precision = 1 / np.where(typical > 0, typical, 1)
        for _ in range(MAX_BISECTIONS):
            p = np.exp(-precision[:, None] * excess)
            total = p.sum(axis=1)
            entropy = precision * (p * excess).sum(axis=1) / total + np.log(total)
            above = entropy - np.log(perplexity)
            found = np.abs(above) < ENTROPY_TOLERANCE  # no row depends on how long others take
            if found.all():
                break
            low, high = np.where(above > 0, precision, low), np.where(above > 0, high, precision)
            middle = np.where(high < LARGEST_PRECISION, (low + high) / 2, np.minimum(2 * precision, high))
            precision = np.where(found, precision, middle)
        return cls(precision, closest, total)

    def of_neighbours(self, squared: np.ndarray) -> np.ndarray:
        """p_j|i (m, k) of the distances that the Gaussians came from."""
        return np.exp(-self.precision[:, None] * (squared - self.nearest[:, None])) / self.total[:, None]

    def of_newcomers(self, squared: np.ndarray) -> np.ndarray:
        """p_new|j (new points, m): each new point beside the neighbours that j has."""
        return expit(-self.precision * (squared - self.nearest) - np.log(self.total))


def nearest(
    X: Matrix, reference_X: Matrix, perplexity: float, skip: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Index and squared distance of the 3 * perplexity nearest reference points of each row, (m, k) each.

    Nearest first; the first `skip` are left out.
    """
    n_found = min(reference_X.shape[0], max(1, int(3 * perplexity)) + skip)
    index = np.empty((X.shape[0], n_found - skip), np.int64)
    distance = np.empty(index.shape)
    step = max(1, BLOCK_ENTRIES // reference_X.shape[0])
    for start in range(0, len(index), step):
        rows = slice(start, start + step)
        squared = squared_distances(X[rows], reference_X)
        index[rows] = nearest_first(squared, n_found)[:, skip:]
        distance[rows] = np.take_along_axis(squared, index[rows], axis=1)
    return index, distance
