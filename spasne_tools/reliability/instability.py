"""Which points have other surroundings on another map of the same data."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np

from spasne_tools.reliability.landmarks import Space
from spasne_tools.reliability.neighbourhoods import Nearness, chance, nearness
from spasne_tools.reliability.null import random_blocks


def instability(Y: Space, others: Sequence[Space], sizes: np.ndarray, pool: Executor) -> np.ndarray:
    """1 - the share of the neighbours on Y that are near on the other maps, averaged over them: (n,).

    Of the two directions the worse counts, as in ``reliability``. 0: the same neighbours everywhere, 1: as
    few as by chance.
    """
    n, landmarks = len(Y.matrix), Y.landmarks
    by_chance = chance(sizes, len(landmarks.rows) - (not landmarks.sampled))

    def seen(space: Space, rows: np.ndarray) -> Nearness:
        squared = space.squared(rows)
        squared[landmarks.cells(rows)] = np.inf
        return nearness(squared, sizes)

    def changed(rows: np.ndarray) -> np.ndarray:
        here, shares = seen(Y, rows), np.zeros(len(rows))
        for other in others:
            there = seen(other, rows)
            forth = np.einsum("ij,ij->i", here.near, there.nearness)
            back = np.einsum("ij,ij->i", there.near, here.nearness)
            shares += (np.minimum(forth, back) - by_chance) / (1 - by_chance)
        return np.clip(1 - shares / len(others), 0, 1)

    found, blocks = np.empty(n), random_blocks(n, 0)
    for rows, values in zip(blocks, pool.map(changed, blocks), strict=True):
        found[rows] = values
    return found
