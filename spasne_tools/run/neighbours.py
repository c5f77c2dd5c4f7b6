"""Neighbour graphs that the caller brings, or that are found approximately.

Without one the executable finds the exact neighbours itself, in time n^2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from spasne_tools.guards import warn_of_graph, warn_of_short_rows
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import Matrix, check_neighbors

ROWS_PER_BLOCK = 4096
RECALL_SAMPLE = 300  # points whose neighbours are also found by brute force
RECALL_WANTED = 0.95
DEFAULT_SEED = 0  # of the search and of the sample where the caller's is negative
SAME_DISTANCE = 1e-5  # relative difference of squares that single precision may not tell

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
    return _nearest(blocks, n_points, n_points - 1, perplexity)


def _nearest(blocks: Blocks, n_points: int, n_wanted: int, perplexity: float) -> Graph:
    """The nearest `n_wanted` neighbours of each row, or as many as every row has."""
    lengths = np.concatenate([np.isfinite(distance).sum(axis=1) for _, distance in blocks()])
    least = int(lengths.min())
    if least < perplexity:
        raise ValueError(
            f"expected at least perplexity = {perplexity:g} neighbors of each point, found a point with "
            f"{least}; use more neighbors or a lower perplexity"
        )
    warn_of_short_rows(np.minimum(lengths, n_wanted))
    k = min(least, n_wanted)
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


def load_pynndescent() -> ModuleType:
    """The package that finds approximate neighbours; ImportError names the extra that brings it."""
    try:
        import pynndescent
    except ImportError as error:
        raise ImportError(
            f"expected the package pynndescent for neighbors='approximate', found none ({error}); install it "
            "with pip install 'spasne[large]'"
        ) from error
    return pynndescent


def approximate_graph(
    X: Matrix, perplexity: float, seed: int, n_jobs: int | None = None, verbose: bool = False
) -> Graph:
    """About the 3 * perplexity nearest neighbours of each row of `X`, by nearest-neighbour descent.

    The share found of the true ones is measured on a sample of rows; it is printed when `verbose`, and a
    UserWarning when below 0.95.

    References
    ----------
    Dong, Moses, Li: Efficient k-nearest neighbor graph construction for generic similarity measures.
    WWW 2011.
    """
    seed = seed if seed >= 0 else DEFAULT_SEED
    n_points, k = X.shape[0], min(int(3 * perplexity), X.shape[0] - 1)
    search = load_pynndescent().NNDescent(
        X.astype(np.float32), n_neighbors=k + 1, random_state=seed, n_jobs=-1 if n_jobs is None else n_jobs
    )
    index, distance = search.neighbor_graph
    distance[index < 0] = np.inf  # places that stayed empty
    graph = _nearest(_blocks_of_arrays(index, distance), n_points, k, perplexity)
    recall = measured_recall(X, graph, seed)
    if verbose:
        found = f"{graph.index.shape[1]} of each point, recall {recall:.3f}"
        print(f"approximate neighbours: {found}", flush=True)
    if recall < RECALL_WANTED:
        warn_user(
            f"the approximate neighbours hold {recall:.3f} of the true ones, less than {RECALL_WANTED}; "
            "neighbors=None finds them exactly"
        )
    return graph


def measured_recall(X: Matrix, graph: Graph, seed: int) -> float:
    """Share of the true k nearest neighbours that `graph` holds, over a seeded sample of points.

    Of neighbours equally far away each counts as true.
    """
    from spasne_tools.distances import distance_rows  # scipy.spatial, which most runs do without

    n_points, k = graph.index.shape
    rows = np.random.default_rng(seed).choice(n_points, min(RECALL_SAMPLE, n_points), replace=False)
    found = 0
    for part, squared in distance_rows(X.astype(np.float64, copy=False), rows):
        farthest = np.partition(squared, k - 1, axis=1)[:, k - 1 : k]
        near = np.take_along_axis(squared, graph.index[rows[part]].astype(np.int64), axis=1)
        found += int(np.count_nonzero(near <= farthest * (1 + SAME_DISTANCE)))
    return found / (len(rows) * k)
