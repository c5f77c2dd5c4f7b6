"""The fixed points that all points are compared with, and a space seen from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import issparse
from scipy.spatial import cKDTree

from spasne_tools.distances import squared_distances
from spasne_tools.validation import Matrix

EXACT_UP_TO = 5_000  # points that are all landmarks of each other, as in Sampling.exact_up_to
N_LANDMARKS = 256  # drawn above


@dataclass(frozen=True)
class Landmarks:
    """Rows that are landmarks (m,), and the place of each point among them (n,), -1 for what is none.

    `sampled`: they are some of the points, not all.
    """

    rows: np.ndarray
    place: np.ndarray
    sampled: bool

    @classmethod
    def draw(cls, points: np.ndarray, n: int, seed: int) -> Landmarks:
        """All of some points (rows of n), or a sample of them."""
        sampled = len(points) > EXACT_UP_TO
        rng = np.random.default_rng(seed)
        rows = np.sort(rng.choice(points, N_LANDMARKS, replace=False)) if sampled else points
        place = np.full(n, -1)
        place[rows] = np.arange(len(rows))
        return cls(rows, place, sampled)

    def cells(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where rows are landmarks: numbers of these rows, and their places."""
        own = np.flatnonzero(self.place[rows] >= 0)
        return own, self.place[rows[own]]

    def nearest_on(self, Y: np.ndarray) -> np.ndarray:
        """The place of the landmark nearest to each point of the map: (n,)."""
        return cKDTree(Y[self.rows]).query(Y)[1]


@dataclass(frozen=True)
class Space:
    """A map, expression or tissue: `matrix` (n, D) seen from `landmarks`.

    Distances are in units of the landmarks' root mean square distance from their mean, so that any numbers
    fit single precision.
    """

    matrix: Matrix
    landmarks: Landmarks

    @cached_property
    def _centre(self) -> np.ndarray | float:
        chosen = self.matrix[self.landmarks.rows]
        return 0.0 if issparse(chosen) else chosen.mean(axis=0, dtype=float)

    @cached_property
    def _unit(self) -> float:
        chosen = self._centred(self.landmarks.rows)
        largest = float(abs(chosen).max())
        if largest == 0:
            return 1.0
        scaled = chosen / largest
        squares = scaled.multiply(scaled).sum() if issparse(scaled) else np.square(scaled).sum()
        return largest * float(np.sqrt(squares / chosen.shape[0]))

    @cached_property
    def _anchors(self) -> Matrix:
        return self._centred(self.landmarks.rows) / self._unit

    def _centred(self, rows: np.ndarray) -> Matrix:
        chosen = self.matrix[rows]
        return chosen.astype(float) if issparse(chosen) else chosen - self._centre

    def squared(self, rows: np.ndarray) -> np.ndarray:
        """Squared distances of rows to all landmarks: float32 (rows, m)."""
        return squared_distances(self._centred(rows) / self._unit, self._anchors).astype(np.float32)
