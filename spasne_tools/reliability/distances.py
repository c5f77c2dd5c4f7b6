"""How far points are from all landmarks, so that a product of two rows is a correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FLAT = 1e-5  # relative spread of distances that is rounding

Cells = tuple[np.ndarray, np.ndarray]  # rows and columns of single entries


@dataclass(frozen=True)
class Distances:
    """Distances of points to landmarks, (rows, landmarks) float32; a point's distance to itself is 0 in all.

    Attributes
    ----------
    centred
        Less the row's mean.
    length : (rows,)
        Of the centred row; infinite where all its distances are equal, so that it correlates with nothing.
    own
        What is each point's own: centred, less the mean of all rows, made of length 1. A landmark that is far
        from everything is so for all points, wherever they lie.
    """

    centred: np.ndarray
    length: np.ndarray
    own: np.ndarray

    @classmethod
    def make(cls, distance: np.ndarray, itself: Cells) -> Distances:
        """`distance` is overwritten; `itself`: where a point is the landmark, with distance 0."""
        n_rows, n_landmarks = distance.shape
        others = n_landmarks - np.bincount(itself[0], minlength=n_rows)
        mean = distance.sum(axis=1) / others.astype(np.float32)
        centred = np.subtract(distance, mean[:, None], out=distance)
        centred[itself] = 0
        length = _lengths(centred, FLAT * mean * np.sqrt(others, dtype=np.float32))
        others = np.maximum(n_rows - np.bincount(itself[1], minlength=n_landmarks), 1)
        own = centred - centred.sum(axis=0) / others.astype(np.float32)
        own[itself] = 0
        own /= _lengths(own, FLAT * np.where(np.isinf(length), 1, length))[:, None]
        return cls(centred, length, own)

    def correlation(self, other: Distances) -> np.ndarray:
        """Pearson's, row by row."""
        product = np.einsum("ij,ij->i", self.centred, other.centred)
        return product / (self.length.astype(float) * other.length)


def _lengths(rows: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Of each row, infinite up to `least`."""
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.where(length <= least, np.float32(np.inf), length)
