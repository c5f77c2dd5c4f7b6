"""Places new points on a map that stays as it is: each where it costs least, by steepest descent."""

from __future__ import annotations

import numpy as np

from spasne_tools.affinities import Gaussians, nearest
from spasne_tools.placement_cost import TINY, Columns, PlacementCost, Reference, all_columns, squared_to
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import Matrix

ROWS_AT_ONCE = 2048  # new points whose neighbours are held
PAIRS_AT_ONCE = 1 << 18  # pairs of a new and a reference point whose forces are summed at once
SAME = 1e-6  # data no farther apart than this share of the largest number are the same point
MAX_STEPS = 200
LONGEST_STEP, SHORTEST_STEP = 0.1, 1e-4  # of the map's root-mean-square radius; the longest at first


def place(reference: Reference, X: Matrix, S: np.ndarray | None = None) -> np.ndarray:
    """Places (m, no_dims) on the reference's map of new points with data `X` and positions `S`.

    A point that the reference holds already (the same data and, where given, position) gets that one's
    place. Every other starts at the mean of its neighbours' places, weighted by affinity, and moves down the
    cost in at most MAX_STEPS steps of limited length, none of which increases it; rows that need more are
    warned about.

    Parameters
    ----------
    reference : Reference
    X : (m, D), dense or CSR
        In the units of the reference's, as are positions.
    S : (m, any), optional
        None: no spatial term.
    """
    X = X.astype(float)
    reference_X = reference.X.astype(float)
    placed, n_short = np.empty((X.shape[0], reference.Y.shape[1])), 0
    for start in range(0, len(placed), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        positions = None if S is None or reference.S is None else S[rows]
        near = nearest(X[rows], reference_X, reference.perplexity)
        placed[rows], arrived = _place_rows(reference, X[rows], positions, *near)
        n_short += int(np.count_nonzero(~arrived))
    if n_short:
        warn_user(
            f"{n_short} of {len(placed)} rows had not arrived at their places after {MAX_STEPS} steps; "
            "they may be far from all data of the map"
        )
    return placed


def _place_rows(
    reference: Reference, X: Matrix, S: np.ndarray | None, index: np.ndarray, squared: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places (m, no_dims), and which rows arrived there (m,)."""
    same = squared <= SAME**2
    if S is not None and reference.S is not None:
        same &= squared_to(reference.S, index, S) <= SAME**2 * reference.S.var(axis=0).sum()
    known = np.asarray(same.any(axis=1))
    placed = np.empty((len(index), reference.Y.shape[1]))
    placed[known] = reference.Y[index[known, same[known].argmax(axis=1)]]
    affinity = Gaussians.of(squared, reference.perplexity).of_neighbours(squared)
    others, arrived = np.flatnonzero(~known), known.copy()
    step = max(1, PAIRS_AT_ONCE // (index.shape[1] + len(reference.sample)))
    for start in range(0, len(others), step):
        part = others[start : start + step]
        near = Columns(index[part], squared[part], affinity[part], np.ones((len(part), index.shape[1])))
        columns = all_columns(reference, X[part], near)
        cost = PlacementCost(reference, columns, X[part], None if S is None else S[part])
        middle = np.einsum("ij,ijk->ik", near.affinity, reference.Y[near.index])
        placed[part], arrived[part] = _descend(cost, middle, reference.radius)
    return placed, arrived


def _descend(cost: PlacementCost, y: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Steepest descent, each row by itself, with the step lengths of Barzilai and Borwein (1988).

    A step that would increase the cost is not made, and the next is a quarter of it. Steps have a longest
    length, twice as long after two that reached it and lowered the cost: the way may be long. A row whose
    step is shorter than SHORTEST_STEP has arrived. Places (m, no_dims), and which rows arrived (m,).
    """
    value, gradient = cost(y)
    rate = LONGEST_STEP / 4 * radius / np.maximum(np.linalg.norm(gradient, axis=1), TINY)
    longest, was_cut = np.full(len(y), LONGEST_STEP * radius), np.zeros(len(y), bool)
    for _ in range(MAX_STEPS):
        step = -rate[:, None] * gradient
        length = np.linalg.norm(step, axis=1)
        moving = length > SHORTEST_STEP * radius
        if not moving.any():
            break
        step *= (moving * np.minimum(1, longest / np.maximum(length, TINY)))[:, None]
        new_value, new_gradient = cost(y + step)
        better = moving & (new_value <= value)
        squared = np.einsum("ij,ij->i", step, step)
        curvature = np.einsum("ij,ij->i", step, new_gradient - gradient)
        next_rate = np.where(curvature > 0, squared / np.where(curvature > 0, curvature, 1), 2 * rate)
        rate = np.where(better, next_rate, np.where(moving, rate / 4, rate))
        cut = better & (length > longest)
        longest = np.where(cut & was_cut, 2 * longest, longest)
        was_cut = cut
        y = np.where(better[:, None], y + step, y)
        value = np.where(better, new_value, value)
        gradient = np.where(better[:, None], new_gradient, gradient)
    return y, rate * np.linalg.norm(gradient, axis=1) <= SHORTEST_STEP * radius
