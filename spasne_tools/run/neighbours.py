"""Neighbour graphs that the caller brings. Without one the executable finds neighbours itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from spasne_tools.guards import warn_of_graph, warn_of_short_rows
from spasne_tools.validation import Matrix, check_neighbors

ROWS_PER_BLOCK = 4096

# Indices and distances of consecutive rows; a distance of infinity marks what is no neighbour.
Block: TypeAlias = tuple[np.ndarray, np.ndarray]
Blocks: TypeAlias = Callable[[], Iterator[Block]]


@dataclass(frozen=True)
class Graph:
    """Neighbours of each point, without itself: ``index`` (n, k) int32, ``distance`` (n, k) float32."""

    index: np.ndarray
    distance: np.ndarray


def given_graph(neighbors: Any, n_points: int, perplexity: float) -> Graph:
    """The graph that a caller passed as `neighbors`, checked.

    A point's entry for itself is dropped. Where rows differ in length, the nearest are taken, as many as the
    shortest row has.

    Parameters
    ----------
    neighbors : (indices, distances), each array-like (n, k), or a scipy.sparse matrix of distances (n, n)
        Stored zeros of the matrix are neighbours at distance 0.

    Raises
    ------
    ValueError
        Shapes, indices or distances are not as described, a neighbour comes twice, or a point has fewer
        neighbours than the perplexity.
    """
    checked = check_neighbors(neighbors, n_points)
    if not isinstance(checked, tuple):
        warn_of_graph(checked)
    blocks = _blocks_of_arrays(*checked) if isinstance(checked, tuple) else _blocks_of_matrix(checked)
    return _nearest(blocks, n_points, perplexity)


def _nearest(blocks: Blocks, n_points: int, perplexity: float) -> Graph:
    """The nearest neighbours of each row, as many as every row has."""
    lengths = np.concatenate([np.isfinite(distance).sum(axis=1) for _, distance in blocks()])
    least = int(lengths.min())
    if least < perplexity:
        raise ValueError(
            f"expected at least perplexity = {perplexity:g} neighbors of each point, found a point with "
            f"{least}; use more neighbors or a lower perplexity"
        )
    lengths = np.minimum(lengths, n_points - 1)
    warn_of_short_rows(lengths)
    k = int(lengths.min())
    graph = Graph(np.empty((n_points, k), np.int32), np.empty((n_points, k), np.float32))
    start = 0
    for index, distance in blocks():
        part = slice(start, start + len(index))
        nearest = np.argsort(distance, axis=1, kind="stable")[:, :k]
        graph.index[part] = np.take_along_axis(index, nearest, axis=1)
        graph.distance[part] = np.take_along_axis(distance, nearest, axis=1)
        _check_different(graph.index[part], start)
        start = part.stop
    return graph


def _check_different(index: np.ndarray, first_row: int) -> None:
    ordered = np.sort(index, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    if twice.any():
        raise ValueError(
            "expected different neighbors of each point, found one twice in row "
            f"{first_row + int(np.argmax(twice))}"
        )


def _blocks_of_arrays(index: np.ndarray, distance: np.ndarray) -> Blocks:
    def blocks() -> Iterator[Block]:
        for start in range(0, len(index), ROWS_PER_BLOCK):
            part = slice(start, start + ROWS_PER_BLOCK)
            own = np.arange(start, start + len(index[part]))[:, None]
            yield index[part], np.where(index[part] == own, np.inf, distance[part])

    return blocks


def _blocks_of_matrix(matrix: Matrix) -> Blocks:
    n_points = matrix.shape[0]

    def blocks() -> Iterator[Block]:
        for start in range(0, n_points, ROWS_PER_BLOCK):
            bounds = matrix.indptr[start : start + ROWS_PER_BLOCK + 1]
            row = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
            place = np.arange(bounds[0], bounds[-1]) - bounds[row]
            index = np.zeros((len(bounds) - 1, int(np.diff(bounds).max(initial=1))), np.int64)
            distance = np.full(index.shape, np.inf)
            column = matrix.indices[bounds[0] : bounds[-1]]
            index[row, place] = column
            value = matrix.data[bounds[0] : bounds[-1]]
            distance[row, place] = np.where(column == row + start, np.inf, value)
            yield index, distance

    return blocks
