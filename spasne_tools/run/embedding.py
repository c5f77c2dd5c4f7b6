"""The one path from data to map: prepare a problem, write it to a private folder, run it, read the result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spasne_tools.run.callback import SnapshotReader
from spasne_tools.run.data_file import Problem, Result, read_result_file, write_data_file
from spasne_tools.run.executable import ExecutableError, OnLine, run_executable
from spasne_tools.run.own_folder import own_folder
from spasne_tools.run.parameters import Control, Parameters
from spasne_tools.run.prepare import prepare_problem
from spasne_tools.run.progress import ProgressPrinter
from spasne_tools.run.summary import print_kept, summary_of
from spasne_tools.validation import MatrixLike

DATA_FILE, RESULT_FILE, REPORT_FILE = "data.dat", "result.dat", "report.json"
SNAPSHOT_FILE = "snapshot.dat"
DEFAULT_CONTROL = Control()


@dataclass(frozen=True)
class Embedding:
    """A map and how it came about.

    ``Y`` is (n, no_dims), ``cost_per_point`` (n,) sums to the final cost; ``report`` holds what the
    executable reports (docs/file_format.md, --report): method, iterations done, cost, seconds and so on.
    """

    Y: np.ndarray
    cost_per_point: np.ndarray
    report: dict[str, Any]


def embed(
    data: MatrixLike, pixels: MatrixLike | None, parameters: Parameters, verbose: bool = False
) -> Embedding:
    """Embed `data` and `pixels` as `parameters` say; where `verbose`, say at the end what it came to.

    Raises
    ------
    ValueError
        Something passed in is not what was expected; raised before any work.
    MemoryError
        The work would not fit into this machine's memory; raised before it begins.
    RuntimeError
        The executable is missing, of another version, or failed; it carries the executable's own message.
    """
    with in_folder(prepare_problem(data, pixels, parameters, verbose)) as written:
        made = written.embed(verbose, parameters)
    if verbose:
        print_kept(made.Y, data, pixels, parameters.sections)
    return made


@dataclass(frozen=True)
class WrittenProblem:
    """A problem in a folder, its data no longer in memory; ``shape`` is that of its map."""

    folder: Path
    shape: tuple[int, int]
    max_iter: int

    def embed(self, verbose: bool, parameters: Parameters) -> Embedding:
        """Run the executable on it; where `verbose`, say at the end what it came to."""
        result = run_in_folder(self.folder, verbose, self.max_iter, parameters, True)
        embedding = read_embedding(result, self.folder / REPORT_FILE, self.shape)
        if verbose:
            print(*summary_of(embedding.report, parameters), sep="\n", flush=True)
        return embedding


@contextmanager
def in_folder(problem: Problem) -> Iterator[WrittenProblem]:
    """`problem` written to a folder of its own, which lasts as long as the block.

    The problem is let go here: where the caller does so too, its memory is the executable's.
    """
    shape, max_iter = (problem.X.shape[0], problem.no_dims), problem.max_iter
    with own_folder() as folder:
        write_data_file(folder / DATA_FILE, problem)
        del problem
        yield WrittenProblem(folder, shape, max_iter)


def read_embedding(result: Result, report: Path, expected: tuple[int, int]) -> Embedding:
    """`result` with its `report` (a file), its map checked to be of shape `expected`."""
    if result.Y.shape != expected:
        raise ExecutableError(
            f"expected a map of shape {expected} from the executable, found {result.Y.shape}"
        )
    return Embedding(result.Y, result.cost, json.loads(report.read_text(encoding="utf-8")))


def run_in_folder(
    folder: Path,
    verbose: bool,
    max_iter: int | None = None,
    control: Control = DEFAULT_CONTROL,
    temporary: bool = False,
) -> Result:
    """Run the executable on `folder`/data.dat and return its result; result.dat and report.json stay.

    `max_iter` (None: unknown) is the length of the progress bar. `temporary` as in `folder_arguments`.
    """
    arguments = folder_arguments(folder, control.threads, temporary)
    with ExitStack() as stack:
        on_line: OnLine | None = None
        if verbose:
            printer = ProgressPrinter(max_iter, hidden=f"wrote {folder / RESULT_FILE}")
            on_line = stack.enter_context(printer)
        if control.callback is not None:
            on_line = SnapshotReader(folder / SNAPSHOT_FILE, control.callback, on_line)
            arguments += ["--snapshots", folder / SNAPSHOT_FILE, "--every", str(control.callback_every)]
            arguments += [] if verbose else ["--quiet"]
        run_executable(arguments, on_line)
    return read_result_file(folder / RESULT_FILE)


def folder_arguments(folder: Path, threads: int | None, temporary: bool) -> list[str | Path]:
    """Arguments of the executable that have it read and write in `folder`.

    `temporary`: the folder is one of this package, and the executable removes it where this process is gone.
    """
    arguments: list[str | Path] = []
    for flag, name in (("--data", DATA_FILE), ("--result", RESULT_FILE), ("--report", REPORT_FILE)):
        arguments += [flag, folder / name]
    if threads is not None:
        arguments += ["--threads", str(threads)]
    if temporary:
        arguments.append("--temporary")
    return arguments
