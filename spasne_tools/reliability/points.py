"""``spasne.map_reliability``: what a map keeps of each point's surroundings, and how much of it is chance."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.blas_threads import at_most
from spasne_tools.metrics.checks import check_k
from spasne_tools.reliability.comparison import Promise, compare
from spasne_tools.reliability.instability import instability
from spasne_tools.reliability.landmarks import Landmarks, Space
from spasne_tools.reliability.neighbourhoods import scales
from spasne_tools.reliability.verdicts import judged
from spasne_tools.run.checks import integer, optional, threads
from spasne_tools.run.neighbours import given_graph
from spasne_tools.validation import (
    LARGEST_POSITION,
    Matrix,
    MatrixLike,
    as_matrix,
    check_data,
    check_rows_match,
    check_sections,
    check_size,
)


def map_reliability(
    Y: MatrixLike,
    data: MatrixLike,
    pixels: MatrixLike | None = None,
    *,
    k: int = 15,
    sections: Any = None,
    neighbors: Any = None,
    other_maps: Sequence[MatrixLike] = (),
    random_state: int = 0,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """How far each point of a map can be trusted: what it keeps of the point's surroundings.

    Up to 5,000 points each is compared with all others, above with 256 landmarks drawn from them, so that
    "the k nearest" are then the k nearest landmarks. Formulas and sources: docs/reliability_of_maps.md.

    Parameters
    ----------
    Y : array-like (n, n_dims)
        The map.
    data : array-like (n, D), DataFrame or sparse matrix
        What was given to ``run_spasne``.
    pixels : array-like (n, 1 or more), optional
        Positions in the tissue. None: expression only.
    k : int
        Neighbours at the smallest scale, 1 or more and below n / 2; larger scales are 2 k, 4 k ...
    sections : array-like (n,), optional
        The tissue section of each point: positions are then compared within sections. Sections of fewer than
        2 k + 2 points have NaN for the tissue.
    neighbors : (indices, distances) or scipy.sparse matrix, optional
        Neighbours in expression, as ``run_spasne`` takes them, at least k of each point. Above 5,000 points
        each of the k nearest then counts at the landmark that is nearest to it on the map.
    other_maps : sequence of array-like (n, any)
        Maps of the same data from other seeds or starts, for the column ``instability``.
    random_state : int
        Seed of landmarks, of comparisons and of ties, 0 or more. Results do not depend on `n_jobs`.
    n_jobs : int, optional
        Threads. None or -1: all cores.

    Returns
    -------
    DataFrame
        A row a point, with the index of `data` where that is a DataFrame:

        ================  ====================================================================================
        kept_expression   share of the neighbours in expression that are near on the map, over all scales:
                          0 by chance (it can be below), 1 at best
        true_expression   the same the other way: of the neighbours on the map, how near in expression
        r1                Pearson correlation of the point's distances on the map and in expression
        kept_space,       the same for the tissue (with `pixels`)
        true_space, r2
        p                 share of the places of other points, of like density, that would suit the point
                          better, by all of the above together: uniform if places are given by chance
        ``p_kept_...``,   the same by neighbours alone (the worse of kept and true), by distances alone
        p_r1, p_r2
        q, ``q_...``      p-values adjusted for false discovery over points
        reliability       mean of the smaller of kept and true, and r1; with `pixels` of those of the tissue
                          as well; at least 0
        verdict           "kept", "uncertain" or "misplaced", an ordered category
        instability       with `other_maps`: 1 - the share of the neighbours on the map that are near on
                          those, averaged over them; 0: the same everywhere, 1: as few as by chance
        ================  ====================================================================================

        Rule of the verdict. Misplaced: every tenth place would suit the point better (p above 0.1), or every
        fifth by its distances (p_r1 above 0.2, with `pixels` p_r2 as well). Kept: not misplaced, the place is
        beyond chance (q of at most 0.05), and enough of the surroundings are real, in expression or in the
        tissue: the smaller of kept and true is at least 0.5, and at least 0.75 of what is usual on the map
        (the median over points). Uncertain: neither.

    Raises
    ------
    ValueError
        For shapes that do not match, nan or infinity, a map, data or positions that do not vary, or k out of
        range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> Y = rng.uniform(size=(400, 2))
    >>> data = Y @ rng.normal(size=(2, 20))
    >>> Y[:3] = 1 - Y[:3]  # three points go astray
    >>> table = map_reliability(Y, data)
    >>> table["verdict"][:3].tolist(), table["verdict"][3:].value_counts().to_dict()
    (['misplaced', 'misplaced', 'misplaced'], {'kept': 397, 'uncertain': 0, 'misplaced': 0})
    """
    others = {f"other_maps[{number}]": other for number, other in enumerate(other_maps)}
    for name, other in {"Y": Y, "pixels": pixels, **others}.items():
        if other is not None:
            check_rows_match(data, other, name)
    index = data.index if isinstance(data, pd.DataFrame) else None
    codes = check_sections(sections, data)
    data = check_data(data)
    Y, pixels = positions(Y, "Y"), None if pixels is None else positions(pixels, "pixels")
    others = {name: positions(other, name) for name, other in others.items()}
    check_numbers(len(Y), k, random_state, n_jobs)
    graph = None if neighbors is None else given_graph(neighbors, len(Y), k).index[:, :k]
    with at_most(1), ThreadPoolExecutor(n_threads(n_jobs)) as pool:  # a thread a block
        parts = [
            compare(promises, rows, random_state, pool)
            for rows, promises in _groups(Y, data, pixels, codes, graph, (k, random_state))
        ]
        table = judged(pd.concat(parts).sort_index())
        if others:
            landmarks = Landmarks.draw(np.arange(len(Y)), len(Y), random_state)
            maps = [Space(other, landmarks) for other in (Y, *others.values())]
            table["instability"] = instability(maps[0], maps[1:], scales(k, len(landmarks.rows)), pool)
    return table if index is None else table.set_axis(index, axis=0)


def check_numbers(n: int, k: int, random_state: int, n_jobs: int | None) -> None:
    integer(1)("k", k)
    check_k(k, n)
    integer(0)("random_state", random_state)
    optional(threads)("n_jobs", n_jobs)


def n_threads(n_jobs: int | None) -> int:
    return os.cpu_count() or 1 if n_jobs is None or n_jobs == -1 else n_jobs


def positions(points: MatrixLike, name: str) -> np.ndarray:
    """A map or places in the tissue, (n, any), which must not all be one place."""
    matrix = as_matrix(points, name, allow_sparse=False)
    check_size(matrix, LARGEST_POSITION, name)
    if _at_one_place(matrix):
        raise ValueError(f"expected points that differ in {name}, found all at one place")
    return matrix


def _at_one_place(matrix: np.ndarray) -> bool:
    return bool((matrix == matrix[0]).all())


def _groups(
    Y: np.ndarray,
    data: Matrix,
    pixels: np.ndarray | None,
    codes: np.ndarray | None,
    graph: np.ndarray | None,
    k_and_seed: tuple[int, int],
) -> Iterator[tuple[np.ndarray, list[Promise]]]:
    """Points that are compared with each other, and the promises made to them.

    Points of sections that are too small, or one place, make a group without the tissue.
    """
    k, seed = k_and_seed
    everyone = np.arange(len(Y))
    landmarks = Landmarks.draw(everyone, len(Y), seed)
    whole = Space(Y, landmarks)
    expression = Promise.make("expression", whole, Space(data, landmarks), k, graph)
    if pixels is None or codes is None:
        space = [] if pixels is None else [Promise.make("space", whole, Space(pixels, landmarks), k)]
        yield everyone, [expression, *space]
        return
    left = np.ones(len(Y), bool)
    for code in range(codes.max() + 1):
        rows = np.flatnonzero(codes == code)
        if len(rows) >= 2 * k + 2 and not (_at_one_place(pixels[rows]) or _at_one_place(Y[rows])):
            own = Landmarks.draw(rows, len(Y), seed)
            left[rows] = False
            yield rows, [expression, Promise.make("space", Space(Y, own), Space(pixels, own), k)]
    if left.all():
        raise ValueError(
            f"expected a section of at least {2 * k + 2} points, not all at one place, found none in sections"
        )
    if left.any():
        yield np.flatnonzero(left), [expression]
