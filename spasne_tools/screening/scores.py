"""Scores of many maps of the same spots: what does not depend on the map is computed once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse

from spasne_tools.distances import condensed_distances, pair_distances
from spasne_tools.forking import not_forked
from spasne_tools.metrics.checks import section_rows
from spasne_tools.metrics.sampling import DEFAULT_SAMPLING, Sampling, sampled_pairs, weighted_mean
from spasne_tools.metrics.silhouettes import silhouette
from spasne_tools.validation import Matrix


def standard_distances(X: Matrix, sampling: Sampling) -> np.ndarray:
    """Distances of pairs of rows of X (dense or CSR), shifted and scaled to mean 0 and length 1.

    Of all pairs up to ``sampling.exact_up_to`` rows, and of the same seeded sample of pairs above.
    """
    n = X.shape[0]
    if not issparse(X):
        X = X - X.mean(axis=0)  # which changes no distance and saves digits
    if n <= sampling.exact_up_to:
        distances = condensed_distances(X)
    else:
        distances = pair_distances(X, *sampled_pairs(n, sampling))
    distances -= distances.mean()
    length = np.sqrt(_dot(distances, distances))
    distances /= length if length > 0 else np.nan
    return distances


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    with not_forked():
        return float(a @ b)


def rows_of_sections(codes: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """The rows of each section that has an r2, as `score_embedding` takes them; none for one section."""
    return () if codes is None else tuple(section_rows(codes).values())


def distances_within(
    X: Matrix, sections: tuple[np.ndarray, ...], sampling: Sampling = DEFAULT_SAMPLING
) -> np.ndarray:
    """Standard distances within each section, one after the other; over all rows where there is one."""
    if not sections:
        return standard_distances(X, sampling)
    return np.concatenate([standard_distances(X[rows], sampling) for rows in sections])


@dataclass(frozen=True)
class Targets:
    """What a map is compared with: standard distances in expression and in space, and labels.

    The product of two standard distance vectors is Pearson's correlation, so each map costs one computation
    of its own distances. `sections`: the rows of each tissue section where there are several; distances in
    space are then those of the sections, one after the other.
    """

    expression: np.ndarray
    space: np.ndarray
    labels: np.ndarray | None = None
    sampling: Sampling = DEFAULT_SAMPLING
    sections: tuple[np.ndarray, ...] = ()

    def scores(self, Y: np.ndarray) -> dict[str, float]:
        """r1, r2 and the silhouette ss (nan without labels) of a map, as `score_embedding` gives them."""
        of_map = standard_distances(Y, self.sampling)
        return {
            "r1": _dot(self.expression, of_map),
            "r2": self._r2_within(Y) if self.sections else _dot(self.space, of_map),
            "ss": float("nan" if self.labels is None else silhouette(Y, self.labels, self.sampling)),
        }

    def _r2_within(self, Y: np.ndarray) -> float:
        """Mean of r2 within each section, weighted by their spots."""
        own, begin = [], 0
        for rows in self.sections:
            of_map = standard_distances(Y[rows], self.sampling)
            own.append(_dot(self.space[begin : begin + len(of_map)], of_map))
            begin += len(of_map)
        return float(weighted_mean(own, [len(rows) for rows in self.sections]))
