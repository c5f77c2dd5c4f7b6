"""The one path from data to map: check, PCA, private folder, data.dat, executable, result.dat."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from spasne_tools.data_file import Problem, Result, read_result_file, write_data_file
from spasne_tools.executable import ExecutableError, run_executable
from spasne_tools.preprocessing import pca
from spasne_tools.progress import ProgressPrinter
from spasne_tools.validation import (
    Matrix,
    MatrixLike,
    Parameters,
    as_matrix,
    check_data,
    check_parameters,
    check_perplexity,
    check_rows_match,
)

DATA_FILE, RESULT_FILE, REPORT_FILE = "data.dat", "result.dat", "report.json"
DEFAULT_COMPONENTS = 200  # of PCA where initial_dims is 0, as published
START_SPREAD = 1e-4  # standard deviation of the published random start
# Below this mean squared distance the "1 +" in 1 + |si - sj|^2 flattens the spatial term.
SMALL_SQUARED_DISTANCE = 100.0


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
    RuntimeError
        The executable is missing, of another version, or failed; it carries the executable's own message.
    """
    problem = prepare_problem(data, pixels, parameters)
    with tempfile.TemporaryDirectory(prefix="spasne-") as folder:  # mode 0700, one for each call
        write_data_file(Path(folder, DATA_FILE), problem)
        threads = None if parameters.n_jobs == -1 else parameters.n_jobs
        result = run_in_folder(Path(folder), verbose, parameters.max_iter, threads)
        report = json.loads(Path(folder, REPORT_FILE).read_text(encoding="utf-8"))
    expected = (problem.X.shape[0], parameters.no_dims)
    if result.Y.shape != expected:
        raise ExecutableError(
            f"expected a map of shape {expected} from the executable, found {result.Y.shape}"
        )
    return Embedding(result.Y, result.cost, report)


def run_in_folder(
    folder: Path, verbose: bool, max_iter: int | None = None, threads: int | None = None
) -> Result:
    """Run the executable on `folder`/data.dat and return its result; result.dat and report.json stay.

    `max_iter` (None: unknown) is the length of the progress bar, `threads` None means all cores.
    """
    arguments: list[str | Path] = []
    for flag, name in (("--data", DATA_FILE), ("--result", RESULT_FILE), ("--report", REPORT_FILE)):
        arguments += [flag, folder / name]
    if threads is not None:
        arguments += ["--threads", str(threads)]
    if verbose:
        with ProgressPrinter(max_iter) as show:
            run_executable(arguments, on_line=show)
    else:
        run_executable(arguments)
    return read_result_file(folder / RESULT_FILE)


def prepare_problem(data: MatrixLike, pixels: MatrixLike | None, parameters: Parameters) -> Problem:
    """Check all input and return what goes into data.dat; ValueError where it is not as expected."""
    check_parameters(parameters)
    matrix = check_data(data)
    n_points = matrix.shape[0]
    check_perplexity(parameters.perplexity, n_points)
    positions, unit_free = _positions(data, pixels, n_points, parameters)
    start = _start_known_before_pca(positions if pixels is not None else None, matrix.shape, parameters)
    X = _reduced(matrix, parameters)
    if isinstance(parameters.init, str) and parameters.init == "pca":
        start = _spread_to_start(pca(X, parameters.no_dims))
    return Problem(
        X=X,
        pixels=positions,
        alpha=float(parameters.alpha),
        beta=0.0 if pixels is None else float(parameters.beta),
        exaggeration=float(parameters.exaggeration),
        no_dims=int(parameters.no_dims),
        perplexity=float(parameters.perplexity),
        theta=float(parameters.theta),
        # Any negative seed asks for entropy; -1 stands for all, however large they are.
        seed=max(int(parameters.randseed), -1),
        max_iter=int(parameters.max_iter),
        extension=_extension(parameters, start, unit_free),
    )


def _extension(
    parameters: Parameters, start: np.ndarray | None, unit_free: bool
) -> dict[str, str | float | np.ndarray]:
    """Records for what differs from the executable's own defaults."""
    extension: dict[str, str | float | np.ndarray] = {}
    if parameters.method != "auto":
        extension["method"] = parameters.method
    if parameters.learning_rate is not None:
        extension["lrate"] = 0.0 if parameters.learning_rate == "auto" else float(parameters.learning_rate)
    if parameters.max_step is not None:
        extension["maxstep"] = float(parameters.max_step)
    if start is not None:
        extension["init"] = start
    if parameters.global_scale != 1:
        extension["gscale"] = float(parameters.global_scale)
    if unit_free:
        extension["pxoffset"] = 0.0
    return extension


def _positions(
    data: MatrixLike, pixels: MatrixLike | None, n_points: int, parameters: Parameters
) -> tuple[np.ndarray, bool]:
    """Positions as the executable gets them, and whether their unit is to be made irrelevant."""
    if pixels is None:
        return np.zeros((n_points, 1)), False  # the file needs a column; beta is 0
    positions = as_matrix(pixels, "pixels", allow_sparse=False)
    check_rows_match(data, pixels, "pixels")
    spread = _mean_squared_distance(positions)
    if parameters.pixel_scale == "unit":
        if spread == 0:
            raise ValueError("expected pixels that differ for pixel_scale='unit', found all rows the same")
        return (positions - positions.mean(axis=0)) / np.sqrt(spread), True
    if parameters.pixel_scale != "raw":
        return positions * float(parameters.pixel_scale), False
    if parameters.beta > 0 and spread < SMALL_SQUARED_DISTANCE:
        warnings.warn(
            f"the mean squared distance between pixels is {spread:.3g}, below {SMALL_SQUARED_DISTANCE:g}: "
            "the spatial term nearly vanishes; use pixel_scale='unit', or a number that multiplies the "
            "pixels",
            UserWarning,
            stacklevel=2,
        )
    return positions, False


def _mean_squared_distance(positions: np.ndarray) -> float:
    """Mean of |si - sj|^2 over all pairs i != j, which is twice the summed variance of the columns."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(2 * positions.var(axis=0, ddof=1).sum())
    if not np.isfinite(mean):
        raise ValueError(
            "expected pixels whose squares can be summed, found values so large that they overflow"
        )
    return mean


def _reduced(matrix: Matrix, parameters: Parameters) -> np.ndarray:
    if parameters.use_pca:
        X = pca(matrix, parameters.initial_dims or DEFAULT_COMPONENTS)
    elif scipy.sparse.issparse(matrix):
        _check_dense_fits(matrix.shape)
        X = matrix.toarray()
    else:
        X = matrix
    if not np.isfinite(X).all():
        raise ValueError(
            "expected data whose squares can be summed, found values so large that they overflow"
        )
    return X


def _check_dense_fits(shape: tuple[int, int]) -> None:
    needed = 8 * shape[0] * shape[1]
    available = _available_memory()
    if available is not None and needed > available:
        raise ValueError(
            f"expected sparse data that fit into memory when dense (use_pca=False), found {shape[0]} x "
            f"{shape[1]} values, {needed / 1e9:.1f} GB with {available / 1e9:.1f} GB free; "
            "use use_pca=True, which keeps them sparse"
        )


def _available_memory() -> int | None:
    """Bytes of free physical memory, None where the system does not tell."""
    try:
        for line in (
            Path("/proc/meminfo").read_text().splitlines()
        ):  # Linux; counts caches that can be dropped
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _start_known_before_pca(
    positions: np.ndarray | None, data_shape: tuple[int, int], parameters: Parameters
) -> np.ndarray | None:
    """Check `parameters.init`; return the start (n, no_dims) unless it is random or made by PCA."""
    init, no_dims = parameters.init, parameters.no_dims
    if not isinstance(init, str):
        start = as_matrix(init, "init", allow_sparse=False)
        if start.shape != (data_shape[0], no_dims):
            raise ValueError(f"expected init of shape {(data_shape[0], no_dims)}, found {start.shape}")
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
