"""Chance: the places of other points of like density, and how many of them suit a point as well as its own.

Where places have nothing to do with the data, a point's own place is one among those of the points it is
compared with, drawn like any of them. So the rank of its own is uniform: the p-value of a permutation test.
"""

from __future__ import annotations

import numpy as np

ROWS_PER_BLOCK = 512  # points whose places are compared with each other
LEAST_IN_CLASS = 100  # points of like density
MOST_CLASSES = 4
SAME = 1e-5  # difference that rounding makes


def random_blocks(n: int, seed: int) -> list[np.ndarray]:
    """All points in random order, cut into blocks of about ROWS_PER_BLOCK."""
    order = np.random.default_rng(seed).permutation(n)
    return np.array_split(order, max(1, round(n / ROWS_PER_BLOCK)))


def density_classes(radius: np.ndarray) -> list[np.ndarray]:
    """Rows of a block in up to four classes of equal size, by the radius of their neighbourhoods."""
    n_classes = int(np.clip(len(radius) // LEAST_IN_CLASS, 1, MOST_CLASSES))
    return np.array_split(np.argsort(radius, kind="stable"), n_classes)


def rank_p_values(fit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Share of places that suit each point better than its own, ties broken at random: (rows,).

    Parameters
    ----------
    fit : (rows, rows)
        How well the place of row b suits point i; on the diagonal its own.
    """
    own = np.diag(fit)[:, None]
    better = (fit > own + SAME).sum(axis=1)
    equal = (np.abs(fit - own) <= SAME).sum(axis=1)  # its own too
    return (better + rng.random(len(fit)) * equal) / len(fit)
