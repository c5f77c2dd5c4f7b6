"""The one path from data to map: check, PCA, private folder, data.dat, executable, result.dat."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from spasne_tools.preprocessing import pca, pca_need
from spasne_tools.run import memory
from spasne_tools.run.callback import SnapshotReader
from spasne_tools.run.data_file import Problem, Result, read_result_file, write_data_file
from spasne_tools.run.executable import ExecutableError, OnLine, run_executable
from spasne_tools.run.neighbours import Graph, approximate_graph, given_graph, load_pynndescent
from spasne_tools.run.parameters import (
    Control,
    Parameters,
    Settings,
    check_parameters,
    values_of,
)
from spasne_tools.run.progress import ProgressPrinter
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import (
    LARGEST_POSITION,
    LARGEST_START,
    Matrix,
    MatrixLike,
    as_matrix,
    check_data,
    check_perplexity,
    check_rows_match,
    check_sections,
    check_size,
)

DATA_FILE, RESULT_FILE, REPORT_FILE = "data.dat", "result.dat", "report.json"
SNAPSHOT_FILE = "snapshot.dat"
DEFAULT_COMPONENTS = 200  # of PCA where initial_dims is 0, as published
START_SPREAD = 1e-4  # standard deviation of the published random start
# Below this mean squared distance the "1 +" in 1 + |si - sj|^2 flattens the spatial term.
SMALL_SQUARED_DISTANCE = 100.0
DEFAULT_CONTROL = Control()
LARGE = 5000  # points above which method "auto" interpolates where theta is above 0, as in spasne.cpp


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
    """Embed `data` and `pixels` as `parameters` say.

    Raises
    ------
    ValueError
        Something passed in is not what was expected; raised before any work.
    MemoryError
        The work would not fit into this machine's memory; raised before it begins.
    ImportError
        neighbors="approximate" without pynndescent.
    RuntimeError
        The executable is missing, of another version, or failed; it carries the executable's own message.
    """
    with in_folder(prepare_problem(data, pixels, parameters, verbose)) as written:
        return written.embed(verbose, parameters)


@dataclass(frozen=True)
class WrittenProblem:
    """A problem in a folder, its data no longer in memory; ``shape`` is that of its map."""

    folder: Path
    shape: tuple[int, int]
    max_iter: int

    def embed(self, verbose: bool, control: Control) -> Embedding:
        """Run the executable on it."""
        result = run_in_folder(self.folder, verbose, self.max_iter, control)
        return read_embedding(result, self.folder / REPORT_FILE, self.shape)


@contextmanager
def in_folder(problem: Problem) -> Iterator[WrittenProblem]:
    """`problem` written to a folder of its own, which lasts as long as the block.

    The problem is let go here: where the caller does so too, its memory is the executable's.
    """
    shape, max_iter = (problem.X.shape[0], problem.no_dims), problem.max_iter
    with tempfile.TemporaryDirectory(prefix="spasne-") as folder:  # mode 0700, one for each call
        write_data_file(Path(folder, DATA_FILE), problem)
        del problem
        yield WrittenProblem(Path(folder), shape, max_iter)


def read_embedding(result: Result, report: Path, expected: tuple[int, int]) -> Embedding:
    """`result` with its `report` (a file), its map checked to be of shape `expected`."""
    if result.Y.shape != expected:
        raise ExecutableError(
            f"expected a map of shape {expected} from the executable, found {result.Y.shape}"
        )
    return Embedding(result.Y, result.cost, json.loads(report.read_text(encoding="utf-8")))


def run_in_folder(
    folder: Path, verbose: bool, max_iter: int | None = None, control: Control = DEFAULT_CONTROL
) -> Result:
    """Run the executable on `folder`/data.dat and return its result; result.dat and report.json stay.

    `max_iter` (None: unknown) is the length of the progress bar.
    """
    arguments = folder_arguments(folder, control.threads)
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


def folder_arguments(folder: Path, threads: int | None) -> list[str | Path]:
    """Arguments of the executable that have it read and write in `folder`."""
    arguments: list[str | Path] = []
    for flag, name in (("--data", DATA_FILE), ("--result", RESULT_FILE), ("--report", REPORT_FILE)):
        arguments += [flag, folder / name]
    if threads is not None:
        arguments += ["--threads", str(threads)]
    return arguments


def prepare_problem(
    data: MatrixLike,
    pixels: MatrixLike | None,
    parameters: Parameters,
    verbose: bool = False,
    n_runs: int = 1,
) -> Problem:
    """Check all input and return what goes into data.dat, for `n_runs` in one; errors as in `embed`."""
    check_parameters(parameters)
    if isinstance(parameters.neighbors, str):
        load_pynndescent()
    matrix = check_data(data)
    n_points = matrix.shape[0]
    check_perplexity(parameters.perplexity, n_points)
    sections = check_sections(parameters.sections, data)
    positions, unit_free = _positions(data, pixels, n_points, sections, parameters)
    check_size(positions, LARGEST_POSITION, "pixels")
    start = _start_known_before_pca(positions if pixels is not None else None, matrix.shape, parameters)
    graph = None
    if parameters.neighbors is not None and not isinstance(parameters.neighbors, str):
        graph = given_graph(parameters.neighbors, n_points, parameters.perplexity)
    _check_memory(matrix, positions.shape[1], graph, parameters, n_runs)
    X = _reduced(matrix, parameters)
    if isinstance(parameters.init, str) and parameters.init == "pca":
        start = _spread_to_start(pca(X, parameters.no_dims))
    if isinstance(parameters.neighbors, str):
        threads = parameters.threads
        graph = approximate_graph(X, parameters.perplexity, parameters.randseed, threads, verbose)
    return Problem(
        **_settings(parameters, has_pixels=pixels is not None, has_graph=graph is not None),
        X=X,
        pixels=positions,
        space_offset=0.0 if unit_free else 1.0,
        start=start,
        sections=sections,
        graph=graph,
    )


def _settings(parameters: Parameters, has_pixels: bool, has_graph: bool) -> dict[str, Any]:
    """What the executable is told: `parameters` as plain numbers and words, as far as they apply."""
    settings = values_of(Settings, parameters)
    for one in fields(Settings):  # numbers of any type become Python's own
        if (value := settings[one.name]) is not None and not isinstance(value, str):
            settings[one.name] = int(value) if one.type == "int" else float(value)
    # Any negative seed asks for entropy; -1 stands for all, however large they are.
    settings["randseed"] = max(settings["randseed"], -1)
    if not has_pixels:
        settings["beta"] = 0.0
    if has_graph:
        settings["method"] = "interpolation"
    return settings


def _method(parameters: Parameters, n_points: int) -> str:
    """The method that a run takes, by the executable's own rule where it is "auto"."""
    if parameters.method != "auto":
        return parameters.method
    if parameters.neighbors is not None:
        return "interpolation"
    if parameters.theta == 0:
        return "exact"
    return "barnes_hut" if n_points <= LARGE else "interpolation"


def start_depends_on_seed(parameters: Parameters, n_points: int) -> bool:
    """Whether another seed is another start: in method interpolation "random" means principal axes."""
    is_random = isinstance(parameters.init, str) and parameters.init == "random"
    return is_random and _method(parameters, n_points) != "interpolation"


def _check_memory(
    matrix: Matrix, n_space: int, graph: Graph | None, parameters: Parameters, n_runs: int
) -> None:
    """MemoryError if the wrapper or the executable would need more than there is."""
    n_points, n_columns = matrix.shape
    n_features = n_columns
    held = matrix.data.nbytes + (matrix.indices.nbytes if scipy.sparse.issparse(matrix) else 0)
    preparing = 0.0
    if parameters.use_pca:
        n_features = min(n_columns, n_points, parameters.initial_dims or DEFAULT_COMPONENTS)
        preparing = pca_need(matrix.shape, n_features)
    size = memory.Size(
        n_points,
        n_features,
        n_space,
        n_neighbours=int(3 * parameters.perplexity) if graph is None else graph.index.shape[1],
        given=parameters.neighbors is not None,
    )
    if isinstance(parameters.neighbors, str):
        preparing = max(preparing, memory.search_need(size))
    if _method(parameters, n_points) == "interpolation":
        need, remedy = memory.interpolation_need(size), "use fewer components (initial_dims) or points"
    else:
        need, remedy = memory.dense_need(size, n_runs), "use method='interpolation' or fewer points"
    memory.check_memory(held + max(preparing, need), n_points, remedy)


def _positions(
    data: MatrixLike,
    pixels: MatrixLike | None,
    n_points: int,
    sections: np.ndarray | None,
    parameters: Parameters,
) -> tuple[np.ndarray, bool]:
    """Positions as the executable gets them, and whether their unit is to be made irrelevant.

    Sections are centred each by itself: what lies between them means nothing.
    """
    if pixels is None:
        return np.zeros((n_points, 1)), False  # the file needs a column; beta is 0
    positions = as_matrix(pixels, "pixels", allow_sparse=False)
    check_rows_match(data, pixels, "pixels")
    if sections is not None:
        positions = _centred_within(positions, sections)
        if parameters.beta > 0 and sections.max() == n_points - 1:
            raise ValueError("expected sections of two rows or more, found one row in each; use beta=0")
    spread = _mean_squared_distance(positions, sections)
    if parameters.pixel_scale == "unit":
        if spread == 0:
            where = "" if sections is None else " within a section"
            raise ValueError(
                f"expected pixels that differ{where} for pixel_scale='unit', found all rows the same"
            )
        return (positions - positions.mean(axis=0)) / np.sqrt(spread), True
    factor = 1.0 if parameters.pixel_scale == "raw" else float(parameters.pixel_scale)
    if parameters.beta > 0 and spread * factor * factor < SMALL_SQUARED_DISTANCE:
        scaled = "" if factor == 1 else f" with pixel_scale={factor:g}"
        warn_user(
            f"the mean squared distance between pixels is {spread * factor * factor:.3g}{scaled}, below "
            f"{SMALL_SQUARED_DISTANCE:g}: the spatial term nearly vanishes; use pixel_scale='unit', or a "
            "larger number that multiplies the pixels"
        )
    return positions * factor, False


def _centred_within(positions: np.ndarray, sections: np.ndarray) -> np.ndarray:
    counts = np.bincount(sections)
    means = np.stack([np.bincount(sections, column) / counts for column in positions.T], axis=1)
    return positions - means[sections]


def _mean_squared_distance(positions: np.ndarray, sections: np.ndarray | None) -> float:
    """Mean of |si - sj|^2 over all pairs i != j (within sections), 0 without pairs.

    In one section it is twice the summed variance of the columns.
    """
    groups = [positions]
    if sections is not None:
        by_section = positions[np.argsort(sections, kind="stable")]
        groups = np.split(by_section, np.cumsum(np.bincount(sections))[:-1])
    paired = [group for group in groups if len(group) > 1]
    n_pairs = np.array([len(group) * (len(group) - 1) for group in paired], dtype=float)
    with np.errstate(over="ignore", invalid="ignore"):
        means = np.array([2 * group.var(axis=0, ddof=1).sum() for group in paired])
        mean = float(means @ (n_pairs / n_pairs.sum()))
    if not np.isfinite(mean):
        raise ValueError(
            "expected pixels whose squares can be summed, found values so large that they overflow"
        )
    return mean


def _reduced(matrix: Matrix, parameters: Parameters) -> Matrix:
    if not parameters.use_pca:
        return matrix
    X = pca(matrix, parameters.initial_dims or DEFAULT_COMPONENTS)
    if not np.isfinite(X).all():
        raise ValueError(
            "expected data whose squares can be summed, found values so large that they overflow"
        )
    return X


def _start_known_before_pca(
    positions: np.ndarray | None, data_shape: tuple[int, int], parameters: Parameters
) -> np.ndarray | None:
    """Check `parameters.init`; return the start (n, no_dims) unless it is random or made by PCA."""
    init, no_dims = parameters.init, parameters.no_dims
    if not isinstance(init, str):
        start = as_matrix(init, "init", allow_sparse=False)
        if start.shape != (data_shape[0], no_dims):
            raise ValueError(f"expected init of shape {(data_shape[0], no_dims)}, found {start.shape}")
        check_size(start, LARGEST_START, "init")
        return start
    if init == "pca":
        n_kept = (
            min(data_shape[1], parameters.initial_dims or no_dims) if parameters.use_pca else data_shape[1]
        )
        _check_has_axes(n_kept, no_dims, "data")
    if init != "spatial":
        return None
    if positions is None:
        raise ValueError("expected pixels for init='spatial', found none")
    _check_has_axes(positions.shape[1], no_dims, "pixels")
    # As many columns as the map has stay as they are, so that a tissue keeps its orientation.
    return _spread_to_start(positions if positions.shape[1] == no_dims else pca(positions, no_dims))


def _check_has_axes(n_axes: int, no_dims: int, name: str) -> None:
    if n_axes < no_dims:
        raise ValueError(
            f"expected at least no_dims = {no_dims} columns in {name} for this init, found {n_axes}"
        )


def _spread_to_start(axes: np.ndarray) -> np.ndarray:
    """`axes` centred, the widest brought to the standard deviation of the published start."""
    widest = axes.std(axis=0).max()
    if widest == 0:
        raise ValueError("expected rows that differ for this init, found all rows the same")
    return (axes - axes.mean(axis=0)) * (START_SPREAD / widest)
