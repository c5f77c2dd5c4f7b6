"""Which runs a screening makes: its grids of alpha and beta, its repeats, and when a cell is given up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from spasne_tools.run.batch import Run
from spasne_tools.run.parameters import Parameters, check_parameters

Cell = tuple[float, float]  # alpha, beta

PUBLISHED_FINE_ALPHAS = tuple(float(alpha) for alpha in range(5, 21))
PUBLISHED_FINE_BETAS = tuple(float(beta) for beta in range(1, 11))
SPREAD_NEEDS = 3  # repeats from which a standard deviation is believed


@dataclass(frozen=True)
class Schedule:
    """Runs of a screening, without the seeds.

    One run of t-SNE and of each cell is made, whatever is asked for, where the start does not depend on the
    seed (`screen_parameters`).

    Parameters
    ----------
    rough_alphas, rough_betas : tuple of float
        The rough grid; defaults are the published ones.
    fine_alphas, fine_betas : tuple of float, optional
        The fine grid. None: derived from the best cell of the rough one (`fine_axis`); where there is no
        rough stage, the published fine grid (alpha 5 to 20, beta 1 to 10).
    fine_step : float
        Step of a derived fine grid.
    tsne_runs : int
        Runs of plain t-SNE whose mean r1 is the threshold.
    rough_repeats, fine_repeats : int
        Most runs of a cell.
    first_repeats : int
        Runs of a cell before it is judged; at least 1.
    margin : float
        A cell whose score is less than (1 - margin) times the best is given up: no more repeats. 1: none is.
    finalists : int
        Of the cells not given up, so many with the largest scores are repeated; others only once they come up
        among them. At least 1.
    nil_spread : float
        A cell gets no more repeats once sd(r1) over at least three is not above this. 0: only where all are
        the same.
    stride : int
        Every which value of alpha and of beta a grid is begun with. Cells next to one that is not given up
        are added until there are none.
    """

    rough_alphas: tuple[float, ...] = (2.0, 5.0, 10.0, 20.0, 30.0, 50.0)
    rough_betas: tuple[float, ...] = (1.0, 5.0, 10.0, 15.0, 25.0)
    fine_alphas: tuple[float, ...] | None = None
    fine_betas: tuple[float, ...] | None = None
    fine_step: float = 1.0
    tsne_runs: int = 10
    rough_repeats: int = 3
    fine_repeats: int = 5
    first_repeats: int = 1
    margin: float = 0.03
    finalists: int = 20
    nil_spread: float = 0.002
    stride: int = 2


SCHEDULES = {
    "default": Schedule(),
    "published": Schedule(
        tsne_runs=100, rough_repeats=10, fine_repeats=20, first_repeats=20, margin=1.0, stride=1
    ),
}


def as_schedule(schedule: str | Schedule) -> Schedule:
    """The schedule of that name, or the caller's own, checked."""
    if isinstance(schedule, str):
        if schedule not in SCHEDULES:
            raise ValueError(f"expected schedule {_names()} or a Schedule, found {schedule!r}")
        return SCHEDULES[schedule]
    if not isinstance(schedule, Schedule):
        raise ValueError(f"expected schedule {_names()} or a Schedule, found {type(schedule).__name__}")
    for name in ("rough_alphas", "rough_betas", "fine_alphas", "fine_betas"):
        _check_axis(name, getattr(schedule, name))
    for stage in ("rough", "fine"):
        alphas, betas = (getattr(schedule, f"{stage}_{axis}") for axis in ("alphas", "betas"))
        if alphas and betas and alphas[0] == betas[0] == 0:
            raise ValueError(f"expected a {stage} grid without alpha = beta = 0, which is t-SNE, found it")
    for name in ("tsne_runs", "rough_repeats", "fine_repeats", "first_repeats", "finalists", "stride"):
        if getattr(schedule, name) < 1:
            raise ValueError(f"expected {name} of at least 1, found {getattr(schedule, name)}")
    if not 0 <= schedule.margin <= 1:
        raise ValueError(f"expected margin between 0 and 1, found {schedule.margin}")
    if schedule.nil_spread < 0 or not schedule.fine_step > 0:
        raise ValueError(
            "expected nil_spread of 0 or more and fine_step above 0, "
            f"found {schedule.nil_spread} and {schedule.fine_step}"
        )
    return schedule


def _names() -> str:
    return ", ".join(repr(name) for name in SCHEDULES)


def _check_axis(name: str, values: Sequence[float] | None) -> None:
    if values is None:
        return
    if len(values) == 0 or list(values) != sorted(set(values)):
        raise ValueError(f"expected {name} to be increasing numbers, found {values!r}")
    for value in values:
        weights = {"alpha": value} if name.endswith("alphas") else {"beta": value}
        check_parameters(replace(Parameters(), **weights))  # type: ignore[arg-type]


def fine_axis(rough: Sequence[float], best: float, step: float) -> tuple[float, ...]:
    """Values of the fine grid on one axis: from the rough value below the best one to that above it.

    They begin at the lower of the two and go on by `step`; the upper one is always among them. At an end of
    the rough grid the fine one ends there too. This is how the published fine grid follows from the published
    rough one, whose best cell is (10, 5): alpha 5 to 20 and beta 1 to 10 are its neighbours.

    Examples
    --------
    >>> fine_axis((1, 5, 10, 15, 25), 5, 1)
    (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0)
    >>> fine_axis((1, 5, 10, 15, 25), 25, 4)
    (15.0, 19.0, 23.0, 25.0)
    """
    where = list(rough).index(best)
    low, high = float(rough[max(where - 1, 0)]), float(rough[min(where + 1, len(rough) - 1)])
    n_steps = int(np.floor((high - low) / step * (1 + 1e-12)))
    values = [low + number * step for number in range(n_steps + 1)]
    return tuple(values if values[-1] >= high else [*values, high])


class Grid:
    """Cells of one stage, and which of their runs come next."""

    def __init__(self, alphas: Sequence[float], betas: Sequence[float], repeats: int, schedule: Schedule):
        self.alphas = tuple(float(alpha) for alpha in alphas)
        self.betas = tuple(float(beta) for beta in betas)
        self.repeats, self.schedule = repeats, schedule
        self.first = min(schedule.first_repeats, repeats)

    def beginning(self) -> dict[Cell, int]:
        """Repeats wanted of the cells that the stage begins with."""
        alphas, betas = (_thinned(axis, self.schedule.stride) for axis in (self.alphas, self.betas))
        return {(alpha, beta): self.first for alpha in alphas for beta in betas}

    def more(self, table: pd.DataFrame) -> dict[Cell, int]:
        """Repeats wanted of cells for which `table`, the summary so far, calls for more; none: the end."""
        wanted: dict[Cell, int] = {}
        done = set(zip(table["alpha"], table["beta"], strict=True))
        in_race = table[table["score"] >= (1 - self.schedule.margin) * table["score"].max()]
        best_first = in_race.sort_values("score", ascending=False, kind="stable")
        for rank, row in enumerate(best_first.itertuples()):
            if rank < self.schedule.finalists and not self._settled(row.repeats, row.var):
                wanted[row.alpha, row.beta] = min(max(SPREAD_NEEDS, 2 * row.repeats), self.repeats)
            wanted |= {cell: self.first for cell in self._around(row.alpha, row.beta) if cell not in done}
        return wanted

    def _settled(self, repeats: int, variance: float) -> bool:
        nil = repeats >= SPREAD_NEEDS and np.sqrt(variance) <= self.schedule.nil_spread
        return repeats >= self.repeats or nil

    def _around(self, alpha: float, beta: float) -> Iterator[Cell]:
        a, b = self.alphas.index(alpha), self.betas.index(beta)
        for i in range(max(a - 1, 0), min(a + 2, len(self.alphas))):
            for j in range(max(b - 1, 0), min(b + 2, len(self.betas))):
                yield self.alphas[i], self.betas[j]


def _thinned(axis: Sequence[float], stride: int) -> Sequence[float]:
    """Every `stride`-th value, and the last."""
    return sorted({*axis[::stride], axis[-1]})


def runs_of(wanted: dict[Cell, int], first_seed: int) -> list[Run]:
    """The runs of cells, repeat by repeat: the k-th of each cell has seed first_seed + k."""
    most = max(wanted.values(), default=0)
    return [
        Run(alpha, beta, first_seed + repeat)
        for repeat in range(most)
        for (alpha, beta), repeats in wanted.items()
        if repeat < repeats
    ]
