"""The one validator of what users pass: matrices of any kind become checked float arrays."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import scipy.sparse

# A DataFrame, an array, nested lists or, for data and counts, a scipy.sparse matrix.
MatrixLike: TypeAlias = Any
Matrix: TypeAlias = Any  # float64 (n, D): numpy.ndarray or scipy.sparse CSR

METHODS = ("auto", "exact", "barnes_hut", "interpolation")
STARTS = ("random", "pca", "spatial")
INT32_MAX = 2**31 - 1  # the files hold counts and seeds as int32


@dataclass(frozen=True)
class Parameters:
    """Parameters of one embedding; their meaning is in the docstring of spasne.run_spasne."""

    alpha: float = 8.0
    beta: float = 2.0
    exaggeration: float = 4
    no_dims: int = 2
    perplexity: float = 50
    theta: float = 0.5
    randseed: int = -1
    initial_dims: int = 0
    use_pca: bool = True
    max_iter: int = 1000
    method: str = "auto"
    n_jobs: int | None = None
    init: Any = "random"
    learning_rate: float | str | None = None
    max_step: float | None = None
    global_scale: float = 1.0
    pixel_scale: float | str = "raw"


def check_parameters(parameters: Parameters) -> None:
    """Check everything that can be judged without the data; ValueError otherwise."""
    for name in ("alpha", "beta", "theta"):
        _check_number(name, getattr(parameters, name), allow_zero=True)
    for name in ("exaggeration", "perplexity", "global_scale"):
        _check_number(name, getattr(parameters, name))
    for name, least in (("no_dims", 1), ("max_iter", 0), ("initial_dims", 0), ("randseed", -math.inf)):
        _check_integer(name, getattr(parameters, name), least)
    if parameters.no_dims > 3:
        raise ValueError(f"expected no_dims 1, 2 or 3, found {parameters.no_dims}")
    _check_n_jobs(parameters.n_jobs)
    _check_choice("method", parameters.method, METHODS)
    if isinstance(parameters.init, str):
        _check_choice("init", parameters.init, STARTS, "an array (n, no_dims)")
    if isinstance(parameters.learning_rate, str):
        _check_choice("learning_rate", parameters.learning_rate, ("auto",), "a positive number or None")
    elif parameters.learning_rate is not None:
        _check_number("learning_rate", parameters.learning_rate)
    if parameters.max_step is not None:
        _check_number("max_step", parameters.max_step, allow_infinity=True)
    if isinstance(parameters.pixel_scale, str):
        _check_choice("pixel_scale", parameters.pixel_scale, ("raw", "unit"), "a positive number")
    else:
        _check_number("pixel_scale", parameters.pixel_scale)


def check_perplexity(perplexity: float, n_points: int) -> None:
    """Check that `n_points` are enough for `perplexity`: n - 1 >= 3 * perplexity."""
    if n_points - 1 < 3 * perplexity:
        raise ValueError(
            f"expected perplexity at most (n - 1) / 3 = {(n_points - 1) / 3:g} for {n_points} points, "
            f"found {perplexity:g}"
        )


def _check_choice(name: str, value: str, choices: Sequence[str], otherwise: str = "") -> None:
    if not isinstance(value, str) or value not in choices:
        allowed = ", ".join(repr(choice) for choice in choices) + (f" or {otherwise}" if otherwise else "")
        raise ValueError(f"expected {name} to be {allowed}, found {value!r}")


def _check_number(name: str, value: Any, allow_zero: bool = False, allow_infinity: bool = False) -> None:
    wanted = "a number of 0 or more" if allow_zero else "a number above 0"
    try:
        number = math.nan if isinstance(value, (str, bool, np.bool_)) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    in_range = number >= 0 if allow_zero else number > 0
    if not in_range or (math.isinf(number) and not allow_infinity):
        raise ValueError(f"expected {name} to be {wanted}, found {value!r}")


def _check_integer(name: str, value: Any, least: float) -> None:
    wanted = "an integer" if least == -math.inf else f"an integer of {least} or more"
    try:
        number = math.nan if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        number = math.nan
    if not least <= number <= INT32_MAX:
        raise ValueError(f"expected {name} to be {wanted}, at most {INT32_MAX}, found {value!r}")


def _check_n_jobs(n_jobs: Any) -> None:
    if n_jobs is None:
        return
    try:
        number = 0 if isinstance(n_jobs, bool) else operator.index(n_jobs)
    except TypeError:
        number = 0
    if number < 1 and number != -1:
        raise ValueError(
            f"expected n_jobs to be None, -1 (both: all cores) or a number of threads, found {n_jobs!r}"
        )


def check_data(data: MatrixLike, name: str = "data") -> Matrix:
    """Return `data` as float64 (n, D), dense or CSR as it came; it must be finite and must vary."""
    matrix = as_matrix(data, name)
    lowest, highest = matrix.min(axis=0), matrix.max(axis=0)
    if scipy.sparse.issparse(matrix):
        lowest, highest = lowest.toarray(), highest.toarray()
    if np.array_equal(lowest, highest):
        raise ValueError(f"expected {name} with at least one column that varies, found every column constant")
    return matrix


def check_rows_match(data: MatrixLike, other: MatrixLike, name: str) -> None:
    """Check that `other` has the rows of `data`: as many and, with pandas objects, the same index."""
    n_points, n_other = _n_rows(data), _n_rows(other)
    if n_points != n_other:
        raise ValueError(f"expected {n_points} rows in {name}, as in data, found {n_other}")
    pandas_types = (pd.DataFrame, pd.Series)
    if not (isinstance(data, pandas_types) and isinstance(other, pandas_types)):
        return
    if data.index.equals(other.index):
        return
    if data.index.is_unique and data.index.isin(other.index).all():
        raise ValueError(
            f"expected {name} in the row order of data, found the same index in another order; "
            f"use {name}.loc[data.index]"
        )
    where = next(row for row in range(n_points) if data.index[row] != other.index[row])
    raise ValueError(
        f"expected {name} to have the index of data, found {other.index[where]!r} in place of "
        f"{data.index[where]!r} in row {where}; if the rows do belong together, pass {name}.to_numpy()"
    )


def _n_rows(matrix: MatrixLike) -> int:
    shape = getattr(matrix, "shape", None)
    return int(shape[0]) if shape else len(matrix)


def as_matrix(data: MatrixLike, name: str, allow_sparse: bool = True) -> Matrix:
    """Return `data` as a finite float64 matrix with at least one row and column, CSR where it came sparse."""
    if scipy.sparse.issparse(data):
        if not allow_sparse:
            raise ValueError(f"expected {name} to be dense, found a sparse matrix; use .toarray()")
        _check_kind(data.dtype, name)
        matrix = data.tocsr().astype(np.float64)
        values = matrix.data
    else:
        # By rows whatever it came as: another layout would be summed in another order, to another last digit.
        matrix = values = np.ascontiguousarray(_as_dense(data, name))
    if len(matrix.shape) != 2:
        raise ValueError(
            f"expected {name} with two dimensions, found shape {matrix.shape}; one column is .reshape(-1, 1)"
        )
    if 0 in matrix.shape:
        raise ValueError(f"expected {name} with at least one row and one column, found shape {matrix.shape}")
    if max(matrix.shape) > INT32_MAX:
        raise ValueError(
            f"expected {name} with at most {INT32_MAX} rows and columns, found shape {matrix.shape}"
        )
    n_bad = int(values.size - np.count_nonzero(np.isfinite(values)))
    if n_bad:
        raise ValueError(
            f"expected finite numbers in {name}, found {n_bad} that are missing (NaN) or infinite"
        )
    return matrix


def _as_dense(data: MatrixLike, name: str) -> np.ndarray:
    if isinstance(data, pd.DataFrame):
        return _frame_values(data, name)
    if isinstance(data, np.ma.MaskedArray):
        data = np.ma.filled(data.astype(np.float64), np.nan)
    try:
        array = np.asarray(data)
    except ValueError as error:  # rows of different lengths
        raise ValueError(
            f"expected {name} with rows of equal length, found something else ({error})"
        ) from None
    _check_kind(array.dtype, name)
    try:
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:  # objects that are no numbers
        raise ValueError(f"expected numbers in {name}, found something else ({error})") from None


def _check_kind(dtype: np.dtype, name: str) -> None:
    if dtype.kind not in "biufO":
        raise ValueError(f"expected real numbers in {name}, found type {dtype}")


def _frame_values(frame: pd.DataFrame, name: str) -> np.ndarray:
    for column, dtype in frame.dtypes.items():
        numeric = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)
        if not numeric and not pd.api.types.is_object_dtype(dtype):
            raise ValueError(
                f"expected numbers in every column of {name}, found column {column!r} of type {dtype}"
            )
    try:
        return frame.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"expected numbers in every column of {name}, found something else ({error})"
        ) from None
