"""Runs of a screening: what is finished, and batches of more, here or spread over the workers of joblib."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from spasne_tools.metrics.sampling import Sampling
from spasne_tools.run.batch import Run, embed_runs
from spasne_tools.run.embedding import Embedding
from spasne_tools.run.parameters import Parameters
from spasne_tools.screening.checkpoint import Checkpoint, Outcome
from spasne_tools.screening.schedule import Cell
from spasne_tools.screening.scores import Targets
from spasne_tools.validation import Matrix

STAGE_ORDER = ("tsne", "rough", "fine")
LARGEST_BATCH = 100  # runs of one process of the executable, between two lines of progress
BATCHES_PER_WORKER = 4  # at least, so that none waits long for the last


@dataclass(frozen=True)
class Workload:
    """All that the runs of a screening have in common."""

    X: Matrix
    pixels: np.ndarray
    targets: Targets
    parameters: Parameters
    checkpoint: Checkpoint | None


class Finished:
    """Finished runs: their table, and the map of the best repeat of each cell."""

    def __init__(self, work: Workload, verbose: bool) -> None:
        self.work, self.verbose = work, verbose
        self.threshold = -math.inf  # on r1, for the best repeat
        self._rows: dict[Run, dict] = {}
        self._best: dict[Cell, tuple[tuple[float, int], np.ndarray]] = {}

    def finish(self, runs: Sequence[Run], stage: str) -> None:
        """Have these runs finished, those that are not yet; `stage` is who asked for them."""
        missing = []
        for run in runs:
            if run in self._rows:
                continue
            stored = None if self.work.checkpoint is None else self.work.checkpoint.load(run)
            if stored is None:
                missing.append(run)
            else:
                self._add(stored, stage)
        if self.verbose:
            print(f"{stage}: {len(missing)} runs to do of {len(runs)}", flush=True)
        start, done = time.monotonic(), 0
        for batch in _batches(self.work, missing) if missing else ():
            for outcome in batch:
                if self.work.checkpoint is not None and self.work.checkpoint.load(outcome.run) is None:
                    self.work.checkpoint.save(outcome)
                self._add(outcome, stage)
            done += len(batch)
            if self.verbose:
                seconds = time.monotonic() - start
                print(f"{stage}: {done} of {len(missing)} runs in {seconds:.0f} s", flush=True)

    def _add(self, outcome: Outcome, stage: str) -> None:
        run = outcome.run
        self._rows[run] = {**outcome.row(), "stage": stage}
        product = outcome.r1 * outcome.r2 if outcome.r1 > self.threshold else 0.0
        key = (product, -run.randseed)
        cell = (run.alpha, run.beta)
        if cell not in self._best or key > self._best[cell][0]:
            self._best[cell] = (key, outcome.Y)

    def table(self, runs: Sequence[Run] | None = None) -> pd.DataFrame:
        """One row for each of these runs, or of all, in an order that does not depend on which was first."""
        rows = self._rows.values() if runs is None else [self._rows[run] for run in runs]
        table = pd.DataFrame(rows)
        stage = pd.Categorical(table["stage"], STAGE_ORDER)
        order = table.assign(stage=stage).sort_values(["stage", "alpha", "beta", "randseed"]).index
        return table.loc[order].reset_index(drop=True)

    def repeats(self, cell: Cell) -> int:
        """Finished runs of a cell."""
        return sum((run.alpha, run.beta) == cell for run in self._rows)

    def best_map(self, cell: Cell) -> np.ndarray:
        """The map of the repeat of a cell with the largest r1 * r2, of the first such."""
        return self._best[cell][1]


def _batches(work: Workload, runs: Sequence[Run]) -> Iterator[list[Outcome]]:
    """Make runs, in batches as they finish.

    Batches are tasks of joblib, so ``joblib.parallel_config`` says where they run. By default they follow one
    another in this process, each with all threads of ``parameters.n_jobs``; spread over several workers, each
    has one thread unless n_jobs says otherwise.
    """
    from joblib import Parallel, delayed, effective_n_jobs

    n_workers = effective_n_jobs(None)
    size, parameters = LARGEST_BATCH, work.parameters
    if n_workers > 1:
        size = min(size, math.ceil(len(runs) / (n_workers * BATCHES_PER_WORKER)))
        parameters = replace(parameters, n_jobs=parameters.n_jobs or 1)
    # Arrays as arguments of their own: joblib then sends them to each worker once.
    common = (work.targets.labels, work.targets.sampling, work.targets.sections, parameters, work.checkpoint)
    arrays = (work.X, work.pixels, work.targets.expression, work.targets.space)
    batches = [list(runs[start : start + size]) for start in range(0, len(runs), size)]
    try:
        parallel = Parallel(return_as="generator_unordered")
    except (TypeError, ValueError):
        raise ImportError("expected joblib 1.4 or later, found an older one; pip install -U joblib") from None
    yield from parallel(delayed(_run_batch)(batch, common, *arrays) for batch in batches)


def _run_batch(
    runs: list[Run],
    common: tuple[np.ndarray | None, Sampling, tuple[np.ndarray, ...], Parameters, Checkpoint | None],
    X: Matrix,
    pixels: np.ndarray,
    expression: np.ndarray,
    space: np.ndarray,
) -> list[Outcome]:
    """Make runs and score them, each kept at once where the checkpoint can be seen from here."""
    labels, sampling, sections, parameters, checkpoint = common
    targets = Targets(expression, space, labels, sampling, sections)
    if checkpoint is not None and not checkpoint.is_here():
        checkpoint = None
    done = []
    with closing(embed_runs(X, pixels, parameters, runs)) as results:
        for position, result in results:
            outcome = _outcome(runs[position], result, targets)
            if checkpoint is not None:
                checkpoint.save(outcome)
            done.append(outcome)
    return done


def _outcome(run: Run, result: Embedding | Exception, targets: Targets) -> Outcome:
    if isinstance(result, Exception):
        nothing = dict.fromkeys(("r1", "r2", "ss", "cost", "seconds"), math.nan)
        return Outcome(run, **nothing, repeated=False, error=str(result), Y=np.empty((0, 0)))
    report = result.report
    return Outcome(
        run,
        **targets.scores(result.Y),
        cost=report["cost"],
        repeated=report["repeated"],
        seconds=sum(report["seconds"].values()),
        error="",
        Y=result.Y,
    )
