"""A whole map in curves: neighbours kept over k, and distances on the map against those it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.distances import pair_distances
from spasne_tools.metrics.checks import LEAST_SPOTS, points
from spasne_tools.metrics.neighbours import nearest
from spasne_tools.metrics.sampling import Sampling, sampled_pairs
from spasne_tools.run.checks import integer
from spasne_tools.validation import Matrix, MatrixLike, check_rows_match, check_sections

LARGEST_K = 1_000
N_POINTS, N_PAIRS = 500, 100_000  # drawn


@dataclass(frozen=True)
class Curves:
    """What ``plot_curves`` draws.

    Attributes
    ----------
    neighbours : DataFrame
        By k, from 1: share of the k nearest in ``expression`` (and in ``space``) that are among the k nearest
        on the map, averaged over points, and the share by ``chance``, k / (n - 1).
    distances : DataFrame
        A row a pair of points: its distance in ``map``, ``expression`` and ``space`` (NaN across sections).
    """

    neighbours: pd.DataFrame
    distances: pd.DataFrame


def map_curves(
    Y: MatrixLike,
    data: MatrixLike,
    pixels: MatrixLike | None = None,
    *,
    sections: Any = None,
    random_state: int = 0,
) -> Curves:
    """Curves of a whole map: neighbours kept from k = 1 to 1,000, and distances.

    Parameters
    ----------
    Y, data, pixels, sections
        As in `map_reliability`.
    random_state : int
        Seed of the sample, 0 or more: 500 points, each compared with all, and 100,000 pairs.

    Returns
    -------
    Curves
        k ends at n - 1 where there are fewer than 1,001 points, and for space where a section ends.

    Raises
    ------
    ValueError
        For shapes that do not match, nan or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> Y = np.random.default_rng(0).normal(size=(200, 2))
    >>> curves = map_curves(Y, 3 * Y)
    >>> float(curves.neighbours["expression"].min())
    1.0
    """
    for name, other in {"Y": Y, "pixels": pixels}.items():
        if other is not None:
            check_rows_match(data, other, name)
    integer(0)("random_state", random_state)
    codes = check_sections(sections, data)
    data = points(data, "data")
    Y, n = points(Y, "Y"), data.shape[0]
    codes = np.zeros(n, np.int32) if codes is None else codes
    rows = np.random.default_rng(random_state).permutation(n)[:N_POINTS]
    curves = {"expression": _kept([(np.arange(n), rows)], data, Y)}
    i, j = sampled_pairs(n, Sampling(n_pairs=N_PAIRS, seed=random_state))
    distances = {"map": pair_distances(Y, i, j), "expression": pair_distances(data, i, j)}
    if pixels is not None:
        pixels = points(pixels, "pixels")
        curves["space"] = _kept(list(_sections(codes, rows)), pixels, Y)
        distances["space"] = np.where(codes[i] == codes[j], pair_distances(pixels, i, j), np.nan)
    neighbours = pd.DataFrame(curves).rename_axis("k")
    neighbours.index += 1
    return Curves(neighbours.assign(chance=neighbours.index / (n - 1)), pd.DataFrame(distances))


def _sections(codes: np.ndarray, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each section its points, and the places among them of those of `rows` that lie in it."""
    for code in range(codes.max() + 1):
        members = np.flatnonzero(codes == code)
        own = np.flatnonzero(np.isin(members, rows))
        if len(members) >= LEAST_SPOTS and len(own):
            yield members, own


def _kept(parts: list[tuple[np.ndarray, np.ndarray]], X: Matrix, Y: np.ndarray) -> pd.Series:
    """Share kept at k = 1, 2, ..., averaged over the rows of all parts; each part compared by itself."""
    most = min(LARGEST_K, max(len(members) for members, _ in parts) - 1)
    shared, counted = np.zeros(most), np.zeros(most)
    for members, rows in parts:
        k = min(most, len(members) - 1)
        of_part = [A if len(members) == len(Y) else A[members] for A in (X, Y)]
        near_X, near_Y = (nearest(A, rows, k) for A in of_part)
        for of_X, of_Y in zip(near_X, near_Y, strict=True):
            _, place_X, place_Y = np.intersect1d(of_X, of_Y, assume_unique=True, return_indices=True)
            shared[:k] += np.bincount(np.maximum(place_X, place_Y), minlength=k).cumsum()
        counted[:k] += len(rows)
    return pd.Series(shared / np.maximum(counted, 1) / np.arange(1, most + 1))
