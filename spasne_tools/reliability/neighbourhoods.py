"""Which landmarks are near a point, at several scales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Nearness:
    """What points have near them, in one space.

    Attributes
    ----------
    near : float32 (rows, landmarks)
        The neighbours: 1 / their number for the landmarks within the smallest scale, else 0.
    nearness : float32 (rows, landmarks)
        Share of the scales that the landmark is within.
    radius : float32 (rows,)
        Squared distance to the farthest neighbour.
    """

    near: np.ndarray
    nearness: np.ndarray
    radius: np.ndarray


def scales(k: int, n_landmarks: int) -> np.ndarray:
    """Sizes of neighbourhoods: k, 2 k, 4 k ... up to half of the landmarks; k alone where there are few."""
    most = max(1, n_landmarks // (2 * k))
    return k * 2 ** np.arange(int(np.log2(most)) + 1)


def chance(sizes: np.ndarray, n_landmarks: int) -> float:
    """Nearness that a landmark drawn by chance has on average."""
    return float(np.mean(sizes) / n_landmarks)


def nearness(squared: np.ndarray, sizes: np.ndarray) -> Nearness:
    """Nearness by the ranks of squared distances (rows, landmarks).

    A landmark is within scale K of a point where it is among the K nearest; those that tie with the last are
    within too. An infinite distance (a point's to itself) is within none.
    """
    radii = np.sort(squared, axis=1)[:, sizes - 1]
    levels = np.zeros(squared.shape, np.uint8)
    within = np.empty(squared.shape, bool)
    for radius in radii.T[::-1]:
        np.less_equal(squared, radius[:, None], out=within)
        levels += within.view(np.uint8)
    near = within.astype(np.float32)
    near /= near.sum(axis=1, keepdims=True)
    return Nearness(near, levels * np.float32(1 / len(sizes)), radii[:, 0])


def neighbours_given(places: np.ndarray, n_landmarks: int) -> np.ndarray:
    """`near` of points whose neighbours are given (rows, k), as places among the landmarks."""
    near = np.zeros((len(places), n_landmarks), np.float32)
    np.add.at(near, (np.arange(len(places))[:, None], places), np.float32(1 / places.shape[1]))
    return near
