"""Warnings about input that is hardly what was meant, one for each and the same in every face."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.coordinates import find_coordinates
from spasne_tools.features import control_features, is_identifier
from spasne_tools.name_list import listed_names
from spasne_tools.no_genes import find_no_genes
from spasne_tools.other_frames import column_names
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import Matrix, MatrixLike, as_matrix

MOST_DIMENSIONS = 3  # of space
LOOKED_AT = 200_000  # numbers that are looked at
ROWS_LOOKED_AT = 60
MANY = 8  # names in a message
# Logarithms of counts: multiples of the smallest, up to LARGEST_MULTIPLE, within TOLERANCE of whole numbers.
LARGEST_MULTIPLE, TOLERANCE, SAME_TOTAL = 20.0, 5e-3, 1e-3
LARGEST_LOGARITHM = 60.0
# Logarithms of genes' totals spread more than those of cells' by a factor that is rarely below this.
GENES_SPREAD, LEAST_SPREAD, FEWEST_TO_TELL = 1.5, 0.75, 50
SYMMETRY_LOOKED_AT = 1000  # rows of a graph


def warn_of_data(data: MatrixLike, matrix: Matrix, pixels: MatrixLike | None) -> None:
    """Of `data` and `pixels` as they were passed in; `matrix` is `data` as an array."""
    positions = None if pixels is None else as_matrix(pixels, "pixels", allow_sparse=False)
    if positions is not None and matrix.shape[1] <= MOST_DIMENSIONS < positions.shape[1]:
        warn_user(
            f"data has {matrix.shape[1]} columns and pixels {positions.shape[1]}, as if they were swapped: "
            "expression comes first, then positions"
        )
        return
    warn_of_columns(data, "data")
    if looks_like_counts(matrix):
        warn_user(
            "the expression holds whole numbers of 0 and more only, as counts do; preprocess_counts "
            'normalises them and takes logarithms first (AnnData: adata.obsm["X_pca"] = '
            "preprocess_counts(adata.X); command line: --counts)"
        )
    if positions is not None:
        warn_of_positions(pixels, positions)


def warn_of_columns(data: MatrixLike, name: str) -> None:
    """Where a DataFrame has columns that are no genes."""
    if (names := column_names(data)) is None:
        return
    kinds, found = ("identifiers", "positions", "control features"), find_no_genes(names)
    parts = [f"{listed_names(group)} ({kind})" for kind, group in zip(kinds, found, strict=True) if group]
    if parts:
        warn_user(
            f"{name} has columns that are no genes: {'; '.join(parts)}; leave them out, "
            f"{name}.drop(columns=[...])"
        )


def warn_of_positions(pixels: MatrixLike, positions: np.ndarray) -> None:
    """Where there are more columns than space has dimensions, or one that only numbers the rows."""
    n_rows, n_columns = positions.shape
    named = column_names(pixels)
    names = list(range(n_columns)) if named is None else named
    if n_columns > MOST_DIMENSIONS:
        coordinates = None if named is None else find_coordinates(named)
        remedy = f"pass pixels[{coordinates!r}]" if coordinates else "pass those of x, y and perhaps z"
        warn_user(
            f"all {n_columns} columns of pixels ({listed_names(names, MANY)}) are taken as positions; "
            f"{remedy} (on the command line --pixel_columns)"
        )
        return
    identifiers = [name for name in named or [] if is_identifier(name)]
    for name, column in zip(names, positions.T, strict=True):
        if column[0] in (0, 1) and np.array_equal(column, np.arange(n_rows) + column[0]):
            identifiers.append(name)
    if identifiers and n_columns > 1 and n_rows > 1:
        warn_user(
            f"column {identifiers[0]!r} of pixels numbers the rows and is taken as a position; leave it out"
        )


# ---- counts ----------------------------------------------------------------------------------------------


def looks_like_counts(matrix: Matrix) -> bool:
    """Whether all values looked at are whole numbers of 0 and more, some above 1."""
    sample = _sample(matrix)
    return bool(
        sample.size and sample.min() >= 0 and sample.max() > 1 and np.array_equal(sample, np.floor(sample))
    )


def _sample(matrix: Matrix) -> np.ndarray:
    """Values of rows from everywhere; of sparse data those that are stored."""
    if scipy.sparse.issparse(matrix):
        return np.asarray(matrix.data[:: max(1, matrix.nnz // LOOKED_AT)])
    step = max(1, matrix.shape[0] * matrix.shape[1] // LOOKED_AT)
    return np.asarray(matrix[::step]).ravel()


def warn_of_counts(counts: MatrixLike, matrix: Matrix) -> None:
    """Where what shall be normalised as counts is logarithms already, or has genes in rows."""
    warn_of_columns(counts, "counts")
    if looks_logged(matrix):
        warn_user(
            "the counts are logarithms of counts already: they are used as counts all the same; pass the "
            "counts, or leave out preprocess_counts (on the command line --counts)"
        )
    elif has_genes_in_rows(counts, matrix):
        warn_user(
            "the counts seem to have genes in rows and cells in columns; pass counts.T (on the command line "
            "--transpose)"
        )


def looks_logged(matrix: Matrix) -> bool:
    """Whether values are log(1 + scaled counts), to base e, 2 or 10.

    Such values give in each row whole multiples of one number, or in all rows the same total, when the
    logarithm is undone.
    """
    sample = _sample(matrix)
    if not sample.size or sample.min() < 0 or not 0 < sample.max() < LARGEST_LOGARITHM:
        return False
    if np.array_equal(sample, np.floor(sample)):
        return False
    rows = _some_rows(matrix)
    return any(_are_multiples(np.exp2(rows * factor) - 1) for factor in np.log2([np.e, 2.0, 10.0]))


def _some_rows(matrix: Matrix) -> np.ndarray:
    """Rows from everywhere, dense; of sparse data only the columns in which one of them has a value."""
    rows = matrix[:: max(1, matrix.shape[0] // ROWS_LOOKED_AT)]
    if not scipy.sparse.issparse(rows):
        return np.asarray(rows, dtype=np.float64)
    entries = rows.tocoo()
    columns, place = np.unique(entries.col, return_inverse=True)
    dense = np.zeros((rows.shape[0], len(columns)))
    dense[entries.row, place] = entries.data
    return dense


def _are_multiples(rows: np.ndarray) -> bool:
    totals = rows.sum(axis=1)
    if len(totals) > 2 and totals.min() > 0 and np.ptp(totals) < SAME_TOTAL * totals.mean():
        return True
    fitting = told = 0
    for row in rows:
        ratio = row[row > 0]
        ratio = ratio / ratio.min() if ratio.size else ratio
        ratio = ratio[(ratio > 1 + TOLERANCE) & (ratio < LARGEST_MULTIPLE)]
        told += ratio.size
        fitting += int(np.count_nonzero(np.abs(ratio - np.round(ratio)) < TOLERANCE))
    return told >= ROWS_LOOKED_AT and fitting > 0.8 * told


def has_genes_in_rows(counts: MatrixLike, matrix: Matrix) -> bool:
    """Whether rows are genes, by their names or because their totals differ as those of genes do."""
    if isinstance(counts, pd.DataFrame):
        rows_are = sum(map(_is_barcode, counts.index[:LOOKED_AT]))
        columns_are = sum(map(_is_barcode, counts.columns[:LOOKED_AT]))
        if rows_are or columns_are:
            return 2 * columns_are > len(counts.columns) and 2 * rows_are < len(counts.index)
        if control_features(counts.index).any():
            return True
    if min(matrix.shape) < FEWEST_TO_TELL:
        return False
    of_rows, of_columns = (_spread(np.asarray(matrix.sum(axis=axis)).ravel()) for axis in (1, 0))
    return of_rows > LEAST_SPREAD and of_rows > GENES_SPREAD * of_columns


def _is_barcode(name: Any) -> bool:
    """Whether it is a sequence, with what programs append: AAACATTTCCCGGATT-1."""
    text = str(name).split("-")[0].split("_")[-1]
    return len(text) >= 8 and set(text) <= set("ACGT")


def _spread(totals: np.ndarray) -> float:
    return float(np.log1p(totals).std())


# ---- graphs ----------------------------------------------------------------------------------------------


def warn_of_graph(matrix: Matrix) -> None:
    """Where a sparse matrix holds weights of edges, not distances: all the same, or as UMAP makes them."""
    values = matrix.data[matrix.data != 0]
    if values.size < 2 or values.max() > 1 + 1e-6:
        return
    if values.min() == values.max():
        found = f"{values.max():g} in all its entries, as a graph of neighbours without distances has"
    elif _are_connectivities(matrix):
        found = "weights up to 1 in each row, as connectivities are"
    else:
        return
    warn_user(
        f"neighbors, which shall hold distances, holds {found}; pass the matrix of distances "
        '(adata.obsp["distances"]), or leave neighbors away'
    )


def _are_connectivities(matrix: Matrix) -> bool:
    """Whether rows have a largest weight of 1 or near, and the matrix is symmetric."""
    some = matrix[:SYMMETRY_LOOKED_AT, :SYMMETRY_LOOKED_AT]
    largest = matrix[:SYMMETRY_LOOKED_AT].max(axis=1).toarray().ravel()
    near_1 = np.count_nonzero(largest > 0.99) > 0.9 * len(largest)
    return bool(near_1) and abs(some - some.T).max() < 1e-6


def warn_of_short_rows(lengths: np.ndarray) -> None:
    """Where one row with few neighbours has all others cut to as many."""
    least, usual = int(lengths.min()), int(np.median(lengths))
    if least < usual:
        rows = np.flatnonzero(lengths == least)
        warn_user(
            f"row {rows[0]} of neighbors has {least} neighbors ({len(rows)} such rows), most have {usual} or "
            f"more: all are cut to {least}; if zeros were dropped from the graph, distances of equal points, "
            "make it anew, or leave neighbors away"
        )
