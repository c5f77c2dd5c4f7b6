"""The validator of what has rows: matrices of any kind become checked float arrays, labels become codes."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.other_frames import of_pandas
from spasne_tools.row_index import check_order, difference_of_indexes, rows_of_all

# A DataFrame, an array, nested lists or, for data and counts, a scipy.sparse matrix.
MatrixLike: TypeAlias = Any
Matrix: TypeAlias = Any  # float (n, D): numpy.ndarray or scipy.sparse CSR

INT32_MAX = 2**31 - 1  # the files hold counts and seeds as int32
# As in src/validation.h.
LARGEST_VALUE, LARGEST_POSITION, LARGEST_START = 5e307, 1e140, 1e100
CHECKED_AT_ONCE = 1 << 20  # numbers


def check_perplexity(perplexity: float, n_points: int) -> None:
    """Check that `n_points` are enough for `perplexity`: n - 1 >= 3 * perplexity."""
    if n_points - 1 < 3 * perplexity:
        raise ValueError(
            f"expected perplexity at most (n - 1) / 3 = {(n_points - 1) / 3:g} for {n_points} points, "
            f"found {perplexity:g}; use a lower perplexity or more points"
        )


def check_size(matrix: np.ndarray, largest: float, name: str) -> None:
    """Check that no number is so large that sums, or sums of squares, overflow."""
    if (found := float(np.abs(matrix).max())) > largest:  # in double: no float32 is that large
        raise ValueError(f"expected numbers of at most {largest:g} in {name}, found {found:g}")


def check_data(data: MatrixLike, name: str = "data") -> Matrix:
    """Return `data` as float (n, D), dense or CSR, float32 where it is; it must be finite and must vary."""
    matrix = as_matrix(data, name, keep_single=True)
    lowest, highest = matrix.min(axis=0), matrix.max(axis=0)
    if scipy.sparse.issparse(matrix):
        lowest, highest = lowest.toarray(), highest.toarray()
    check_size(np.array([lowest, highest]), LARGEST_VALUE, name)
    if np.array_equal(lowest, highest):
        raise ValueError(f"expected {name} with at least one column that varies, found every column constant")
    return matrix


def check_rows_match(data: MatrixLike, other: MatrixLike, name: str) -> None:
    """Check that `other` has the rows of `data`: as many and, with pandas objects, the same index.

    Arrays that were made of a table have its index, which may not be that of `other` in another order.
    """
    n_points, n_other = _n_rows(data), _n_rows(other)
    if n_points != n_other:
        turned = (getattr(data, "shape", None) or (0,))[1:] == (n_other,)
        transposed = "; data has as many columns: if these are the spots, pass data.T"
        remedy = transposed if turned else rows_of_all(data, other, name)
        raise ValueError(f"expected {n_points} rows in {name}, as in data, found {n_other}{remedy}")
    check_order(data, other, name)
    pandas_types = (pd.DataFrame, pd.Series)
    if not (isinstance(data, pandas_types) and isinstance(other, pandas_types)):
        return
    if data.index.equals(other.index):
        return
    where = next(row for row in range(n_points) if data.index[row] != other.index[row])
    mine, found = (index[where : where + 1].tolist()[0] for index in (data.index, other.index))
    difference = difference_of_indexes(data.index, other.index)
    said = "" if difference is None else f"{difference.said}; "
    raise ValueError(
        f"expected {name} to have the index of data, found {found!r} in place of {mine!r} in row {where}; "
        f"{said}if the rows do belong together, pass {name}.to_numpy()"
    )


def check_sections(sections: Any, data: MatrixLike) -> np.ndarray | None:
    """Return the section of each row of `data` as a code (n,) int32, 0 .. sections - 1; None: all in one."""
    if sections is None:
        return None
    try:
        labels = pd.Series(sections)
    except ValueError as error:  # several columns
        raise ValueError(f"expected sections with one label per row, found others ({error})") from None
    check_rows_match(data, labels if isinstance(sections, pd.Series) else labels.to_numpy(), "sections")
    try:
        codes, names = pd.factorize(labels)
    except TypeError as error:  # labels that cannot be compared, such as lists
        raise ValueError(f"expected sections with one label per row, found others ({error})") from None
    if n_missing := int(np.count_nonzero(codes < 0)):
        raise ValueError(f"expected a section of every row, found {n_missing} missing")
    return codes.astype(np.int32) if len(names) > 1 else None


def _n_rows(matrix: MatrixLike) -> int:
    shape = getattr(matrix, "shape", None)
    return int(shape[0]) if shape else len(matrix)


def as_matrix(data: MatrixLike, name: str, allow_sparse: bool = True, keep_single: bool = False) -> Matrix:
    """Return `data` as a finite float64 matrix with at least one row and column, CSR where it came sparse.

    keep_single: float32 stays float32, without a copy.
    """
    _check_is_matrix(data, name)
    data = data.to_memory() if hasattr(data, "to_memory") else of_pandas(data)  # of an AnnData on disk
    if scipy.sparse.issparse(data):
        if not allow_sparse:
            raise ValueError(f"expected {name} to be dense, found a sparse matrix; use .toarray()")
        _check_kind(data.dtype, name)
        matrix = data.tocsr().astype(_float_type(data.dtype, keep_single), copy=False)
        values = matrix.data
    else:
        # By rows whatever it came as: another layout would be summed in another order, to another last digit.
        matrix = values = np.ascontiguousarray(_as_dense(data, name, keep_single))
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
    if n_bad := _count_not_finite(values):
        raise ValueError(
            f"expected finite numbers in {name}, found {n_bad} that are missing (NaN) or infinite"
            f"{_first_not_finite(data, matrix)}"
        )
    return matrix


def _first_not_finite(data: MatrixLike, matrix: Matrix) -> str:
    """Where the first of them is, by name, in a DataFrame."""
    if not isinstance(data, pd.DataFrame):
        return ""
    row, column = np.argwhere(~np.isfinite(matrix))[0]
    others = np.count_nonzero(~np.isfinite(matrix).all(axis=0)) - 1
    more = f" ({others} more columns have some)" if others else ""
    return f", the first in column {data.columns[column]!r}, row {data.index[row]!r}{more}"


def _check_is_matrix(data: MatrixLike, name: str) -> None:
    """ValueError for containers that hold a matrix, and None where one is needed."""
    if hasattr(data, "obsm") and hasattr(data, "var_names") or hasattr(data, "tables"):
        kind = type(data).__name__
        raise ValueError(f"expected a matrix as {name}, found {kind}; spasne.tl.spasne maps {kind} objects")


def _count_not_finite(values: np.ndarray) -> int:
    """By blocks of rows, so that no array of that size is held besides."""
    rows = max(1, CHECKED_AT_ONCE // max(1, values[:1].size))
    blocks = (values[start : start + rows] for start in range(0, len(values), rows))
    return sum(block.size - int(np.count_nonzero(np.isfinite(block))) for block in blocks)


def _float_type(dtype: Any, keep_single: bool) -> type:
    return np.float32 if keep_single and dtype == np.float32 else np.float64


def _as_dense(data: MatrixLike, name: str, keep_single: bool) -> np.ndarray:
    if isinstance(data, pd.DataFrame):
        return _frame_values(data, name, keep_single)
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
        return array.astype(_float_type(array.dtype, keep_single), copy=False)
    except (TypeError, ValueError) as error:  # objects that are no numbers
        raise ValueError(f"expected numbers in {name}, found something else ({error})") from None


def _check_kind(dtype: np.dtype, name: str) -> None:
    if dtype.kind not in "biufO":
        raise ValueError(f"expected real numbers in {name}, found type {dtype}")


def _frame_values(frame: pd.DataFrame, name: str, keep_single: bool) -> np.ndarray:
    for column, dtype in frame.dtypes.items():
        numeric = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)
        if not numeric and not pd.api.types.is_object_dtype(dtype):
            raise ValueError(
                f"expected numbers in every column of {name}, found column {column!r} of type {dtype}"
                f"{_leave_out(column)}"
            )
    single = all(dtype == np.float32 for dtype in frame.dtypes)
    try:
        return frame.to_numpy(dtype=_float_type(np.float32 if single else None, keep_single), na_value=np.nan)
    except (TypeError, ValueError) as error:
        column = next((column for column in frame if not _are_numbers(frame[column])), None)
        where = "" if column is None else f" in column {column!r}"
        raise ValueError(
            f"expected numbers in every column of {name}, found something else{where} ({error})"
            f"{_leave_out(column)}"
        ) from None


def _are_numbers(values: Any) -> bool:
    try:
        pd.to_numeric(values)
    except (TypeError, ValueError):
        return False
    return True


def _leave_out(column: Any) -> str:
    """What to do about a `column` that holds no numbers."""
    return "" if column is None else "; leave it out, or make it the index where it names rows"


def check_neighbors(neighbors: Any, n_points: int) -> tuple[np.ndarray, np.ndarray] | Matrix:
    """Return `neighbors` as checked arrays (indices, distances), or as a CSR matrix where it came sparse."""
    if scipy.sparse.issparse(neighbors):
        return _distance_matrix(neighbors, n_points)
    wanted = "neighbors as (indices, distances) of shape (n, k) or as a sparse matrix of distances"
    if not isinstance(neighbors, (tuple, list)) or len(neighbors) != 2:
        raise ValueError(f"expected {wanted}, found {type(neighbors).__name__}")
    try:
        index, distance = (np.asarray(part) for part in neighbors)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"expected {wanted}, found something else ({error})") from None
    if index.dtype.kind == "f" and distance.dtype.kind in "iu":
        raise ValueError(
            f"expected {wanted}, found (distances, indices), as scikit-learn's kneighbors gives; pass them "
            "the other way round"
        )
    if index.dtype.kind not in "iu" or distance.dtype.kind not in "fiu":
        raise ValueError(f"expected {wanted}, found types {index.dtype} and {distance.dtype}")
    if index.ndim != 2 or index.shape != distance.shape or len(index) != n_points or index.size == 0:
        raise ValueError(
            f"expected {wanted}, {n_points} rows as in data, found shapes {index.shape} and {distance.shape}"
        )
    if index.min() < 0 or index.max() >= n_points:
        raise ValueError(
            f"expected indices of neighbors between 0 and {n_points - 1}, "
            f"found {index.min()} to {index.max()}"
        )
    _check_distances(distance)
    return index, distance


def _distance_matrix(neighbors: Matrix, n_points: int) -> Matrix:
    if neighbors.shape != (n_points, n_points):
        raise ValueError(
            f"expected neighbors as a sparse matrix of shape {(n_points, n_points)}, found {neighbors.shape}"
        )
    if neighbors.dtype.kind not in "fiu":
        raise ValueError(f"expected real numbers as distances of neighbors, found type {neighbors.dtype}")
    matrix = neighbors.tocsr()
    _check_distances(matrix.data)
    return matrix


def _check_distances(distance: np.ndarray) -> None:
    largest = float(np.finfo(np.float32).max)  # the files hold them as float32
    if distance.size and not (distance.min() >= 0 and distance.max() <= largest):
        raise ValueError(
            f"expected distances of neighbors between 0 and {largest:.3g}, "
            f"found {distance.min()} to {distance.max()}"
        )
