"""Many embeddings of the same data, with other weights or seeds, in one run of the executable."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from spasne_tools.run.data_file import Problem, read_result_file, write_data_file
from spasne_tools.run.embedding import (
    DATA_FILE,
    REPORT_FILE,
    RESULT_FILE,
    Embedding,
    folder_arguments,
    read_embedding,
)
from spasne_tools.run.executable import ExecutableError, executable_lines
from spasne_tools.run.own_folder import own_folder
from spasne_tools.run.parameters import Parameters, check_parameters
from spasne_tools.run.prepare import prepare_problem
from spasne_tools.validation import MatrixLike

DONE_LINE = re.compile(r"run (\d+) done")
FAILED_LINE = re.compile(r"run (\d+) failed: (.*)")
NUMERICAL = 3  # the executable's exit code for numerical trouble

# Position among the runs and what the run gave. A generator, so that it can be closed early.
Results: TypeAlias = Generator[tuple[int, "Embedding | ExecutableError"], None, None]


@dataclass(frozen=True)
class Run:
    """What the runs of a batch may differ in; their meaning is in the docstring of spasne.run_spasne."""

    alpha: float
    beta: float
    randseed: int
    global_scale: float | None = None  # None: that of the parameters they share


def embed_runs(
    data: MatrixLike, pixels: MatrixLike | None, parameters: Parameters, runs: Sequence[Run]
) -> Results:
    """Embed the same data once for each of `runs`; affinities and distances are computed once for all.

    Runs go side by side, one thread each while there are as many runs as threads, or by method
    "interpolation" one after another, each on all threads. Each map equals, bit by bit, what `embed` returns
    for it alone.

    Parameters
    ----------
    data, pixels
        As in spasne.run_spasne; pixels None: beta counts as 0 in every run.
    parameters : Parameters
        What the runs share. Its alpha, beta and randseed play no part.
    runs : sequence of Run
        None of them: nothing is yielded.

    Returns
    -------
    generator of (int, Embedding or ExecutableError)
        Position in `runs` and what it gave, as runs finish. A run with numerical trouble gives its error in
        place of a map and leaves the others alone. Closing the generator (contextlib.closing) ends the
        executable and leaves no file behind.

    Raises
    ------
    ValueError, MemoryError, ImportError
        As `embed`, before this function returns.
    RuntimeError
        While the generator is advanced: the executable is missing, of another version, or failed as a whole.

    Examples
    --------
    >>> import numpy as np
    >>> from spasne_tools.run.parameters import Parameters
    >>> random = np.random.default_rng(0)
    >>> data, pixels = random.normal(size=(60, 8)), random.uniform(0, 1000, size=(60, 2))
    >>> runs = [Run(alpha=9, beta=beta, randseed=1) for beta in (0, 4)]
    >>> maps = dict(embed_runs(data, pixels, Parameters(perplexity=10, max_iter=50), runs))
    >>> sorted(maps), maps[1].Y.shape
    ([0, 1], (60, 2))
    """
    if parameters.callback is not None:
        raise ValueError("expected no callback for several runs at once, found one")
    runs = list(runs)
    for run in runs:
        check_parameters(_with(parameters, run))
    if not runs:
        return _no_runs()
    # The largest beta: warnings and memory are those of the run that asks for most.
    largest_beta = 0 if pixels is None else max(run.beta for run in runs)
    asking = replace(parameters, alpha=max(run.alpha for run in runs), beta=largest_beta)
    problem = prepare_problem(data, pixels, asking, n_runs=len(runs))
    rows = [(run.alpha, 0 if pixels is None else run.beta, max(run.randseed, -1)) for run in runs]
    scales = None
    if any(run.global_scale is not None for run in runs):
        of_all = problem.global_scale
        own = [of_all if run.global_scale is None else run.global_scale for run in runs]
        scales = np.array(own, dtype=np.float64)
    problem = replace(problem, runs=np.array(rows, dtype=np.float64), scales=scales)
    return _finished_runs(problem, len(runs), parameters.threads)


def _no_runs() -> Results:
    yield from ()


def _with(parameters: Parameters, run: Run) -> Parameters:
    scale = parameters.global_scale if run.global_scale is None else run.global_scale
    return replace(parameters, alpha=run.alpha, beta=run.beta, randseed=run.randseed, global_scale=scale)


def _finished_runs(problem: Problem, n_runs: int, threads: int | None) -> Results:
    expected = (problem.X.shape[0], problem.no_dims)
    n_failed = 0
    with own_folder() as folder:
        write_data_file(folder / DATA_FILE, problem)
        del problem  # its memory is the executable's now
        arguments = folder_arguments(folder, threads, temporary=True)
        with contextlib.closing(executable_lines(arguments, quiet=True)) as lines:
            try:
                for line in lines:
                    if done := DONE_LINE.fullmatch(line):
                        yield int(done[1]), _take_embedding(folder, int(done[1]), expected)
                    elif failed := FAILED_LINE.fullmatch(line):
                        n_failed += 1
                        yield int(failed[1]), ExecutableError(failed[2], NUMERICAL)
            except ExecutableError:
                if n_failed < n_runs:  # else every run has told its own error
                    raise


def _take_embedding(folder: Path, run: int, expected: tuple[int, int]) -> Embedding:
    """Read what run number `run` left in `folder` and remove it, so that thousands stay small on disk."""
    result, report = (
        folder / f"{Path(name).stem}.{run}{Path(name).suffix}" for name in (RESULT_FILE, REPORT_FILE)
    )
    embedding = read_embedding(read_result_file(result), report, expected)
    for file in (result, report):
        file.unlink()
    return embedding
