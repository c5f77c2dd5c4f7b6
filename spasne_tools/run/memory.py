"""How much memory an embedding takes, estimated before the work, and the refusal of one that cannot fit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

BASE = 2e8  # of the interpreter, the executable and grids, whatever the number of points
DOUBLE, FLOAT, INDEX = 8, 4, 4
ENTRY = FLOAT + INDEX  # of a neighbour graph or of sparse affinities
SYMMETRISED = 1.75  # entries of the symmetrised affinities for each neighbour: 1 to 2, seldom above this
MORE_CHARGES = 16  # charges besides the columns of X and of the positions, and arrays of the length n
CONTROL_GROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Size:
    """What the memory depends on. n_neighbours: of each point; given: they come in the data file."""

    n_points: int
    n_features: int
    n_space: int
    n_neighbours: int
    given: bool = False


def dense_need(size: Size, n_runs: int = 1) -> float:
    """Bytes that the executable takes for all pairs: two halves of a symmetric matrix, and X twice.

    Several runs share them, and each has a third half while it is under way; one at a time is enough.
    """
    n = size.n_points
    halves = 2 if n_runs == 1 else 3
    return DOUBLE * n * n * halves / 2 + 2 * DOUBLE * n * size.n_features


def interpolation_need(size: Size) -> float:
    """Bytes that the executable takes with sparse affinities, at the largest of its stages."""
    n, graph = size.n_points, ENTRY * size.n_points * size.n_neighbours
    X = DOUBLE * n * (size.n_features + size.n_space)
    affinities = SYMMETRISED * graph
    charges = DOUBLE * n * (size.n_features + size.n_space + MORE_CHARGES)
    given = graph if size.given else 0
    searching = X + FLOAT * n * size.n_features + graph
    symmetrising = X + graph + graph / 8 + affinities  # the graph, a part of its transpose, the result
    return given + max(2 * X, searching, symmetrising, X + affinities + charges)


def check_memory(need: float, n_points: int, remedy: str) -> None:
    """Refuse work that takes more bytes than the machine has.

    Raises
    ------
    MemoryError
        It does; the message says what `remedy` there is.
    """
    present = physical_memory()
    if present is not None and need + BASE > present:
        raise MemoryError(
            f"expected work that fits into memory, found {n_points} points that need about "
            f"{(need + BASE) / 1e9:.3g} GB where there are {present / 1e9:.3g} GB; {remedy}"
        )


def physical_memory() -> int | None:
    """Bytes that this machine or container has; None where the system does not tell."""
    known = []
    try:
        known.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, AttributeError):
        pass
    for file in CONTROL_GROUP_LIMITS:
        try:
            known.append(int(Path(file).read_text(encoding="ascii")))
        except (OSError, ValueError):  # no such group, or "max": no limit
            continue
    return min(known, default=None)
