"""From counts to what is mapped: library-size normalisation, log1p, PCA; sparse counts stay sparse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.component_axes import remember_components
from spasne_tools.guards import warn_of_counts
from spasne_tools.principal_components import pca
from spasne_tools.row_index import index_of, remember_rows
from spasne_tools.validation import Matrix, MatrixLike, as_matrix
from spasne_tools.variable_genes import highly_variable

__all__ = ["log_normalise", "pca", "preprocess_counts", "rows_with_counts"]


def log_normalise(counts: MatrixLike, keep: Any = None) -> Matrix:
    """Scale each row of counts to the median library size and take log(1 + x): expression, ready to be drawn.

    The first steps of `preprocess_counts`, with its parameters and errors.

    Returns
    -------
    ndarray or, of sparse counts, scipy.sparse.csr_matrix of float64, shape (rows kept, genes)
        log(1 + count * median / total), total being the row's and median that of all rows that hold a count.

    Examples
    --------
    >>> import numpy as np
    >>> from spasne_tools.preprocessing import log_normalise
    >>> np.expm1(log_normalise([[1, 3], [4, 4], [9, 3]])).round(6)
    array([[2., 6.],
           [4., 4.],
           [6., 2.]])
    """
    matrix = as_matrix(counts, "counts")
    if matrix.min() < 0:
        raise ValueError(f"expected counts of 0 or more, found {matrix.min():g}")
    warn_of_counts(counts, matrix)
    rows = _row_numbers(keep, matrix.shape[0])
    totals = np.asarray(matrix.sum(axis=1)).ravel()
    if n_empty := int(np.count_nonzero(totals[rows] == 0)):
        raise ValueError(
            f"expected at least one count in each row, found {n_empty} rows without any, the first is row "
            f"{int(rows[np.argmin(totals[rows])])}; preprocess_counts(min_counts=1) leaves them out and "
            "returns the rows kept, to be taken of the positions too (AnnData: "
            "scanpy.pp.filter_cells(adata, min_counts=1) before)"
        )
    factors = np.median(totals[totals > 0]) / totals[rows]
    scaled = matrix[rows]
    if scipy.sparse.issparse(scaled):
        scaled.data *= np.repeat(factors, np.diff(scaled.indptr))
        return scaled.log1p()
    scaled *= factors[:, None]
    return np.log1p(scaled, out=scaled)


def _row_numbers(keep: Any, n: int) -> np.ndarray:
    """`keep` as row numbers; all n rows for None."""
    if keep is None:
        return np.arange(n)
    rows = np.asarray(keep)
    if rows.dtype == bool and rows.shape == (n,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or rows.size == 0 or not np.issubdtype(rows.dtype, np.integer):
        raise ValueError(
            f"expected keep to be a mask of the {n} rows or row numbers, at least one, found an array of "
            f"shape {np.shape(keep)} and type {np.asarray(keep).dtype}"
        )
    if rows.min() < 0 or rows.max() >= n:
        raise ValueError(
            f"expected row numbers from 0 to {n - 1} in keep, found {rows.min()} to {rows.max()}"
        )
    return rows


def rows_with_counts(counts: MatrixLike, least: int) -> np.ndarray:
    """Which rows of `counts` have `least` counts or more in all, as a mask (n,).

    Raises
    ------
    ValueError
        `least` is no integer of 1 or more, or no row has so many.
    """
    if isinstance(least, bool) or not isinstance(least, (int, np.integer)) or least < 1:
        raise ValueError(f"expected min_counts to be an integer of 1 or more, found {least!r}")
    totals = np.asarray(as_matrix(counts, "counts").sum(axis=1)).ravel()
    kept = totals >= least
    if not kept.any():
        raise ValueError(f"expected rows with {least} counts or more, found {totals.max():g} at most")
    return kept


def preprocess_counts(
    counts: MatrixLike,
    n_components: int | None = 200,
    hvg: int | None = None,
    *,
    keep: Any = None,
    min_counts: int | None = None,
) -> Matrix | tuple[Matrix, np.ndarray]:
    """Normalise counts to the median library size, take log(1 + x) and reduce to principal components.

    These are the steps before SpaSNE in the paper, equal to scanpy's normalize_per_cell, log1p and pca (up to
    the signs of components). Sparse counts stay sparse throughout.

    Parameters
    ----------
    counts : array, DataFrame or scipy.sparse matrix, shape (n, genes)
        Counts or intensities of 0 or more; rows are cells or spots.
    n_components : int or None, default 200
        Components wanted; at most min(n, genes) are returned. None: no PCA.
    hvg : int, optional
        Keep this many highly variable genes, before PCA, those of largest normalised dispersion (the "seurat"
        flavour of scanpy.pp.highly_variable_genes). None: all genes.
    keep : array-like, optional
        Rows to go on with after normalisation, as a mask (n,) or as row numbers: the library sizes of all
        rows give the median, those kept alone the genes and the components. So the paper does with spots
        that were annotated and spots that were not. None: all rows.
    min_counts : int, optional
        Leave out rows with fewer counts in all, 1 or more, before anything else; 1: empty rows. None: none is
        left out, and an empty one is an error.

    Returns
    -------
    ndarray of float64, shape (rows kept, min(n_components, rows kept, genes kept))
        Without PCA the logarithms themselves, (rows kept, genes kept); sparse where the counts are. Made of a
        DataFrame it is known to have its rows: positions with the same index in another order are refused.
    ndarray of int, shape (rows kept,)
        With `min_counts` only: the numbers of the rows kept, for ``pixels[kept]`` or ``pixels.iloc[kept]``.

    Raises
    ------
    ValueError
        A count is negative or not finite, a row to be kept has no count at all (see `min_counts`), `hvg` is
        not between 1 and the number of genes, or `keep` is neither a mask of the rows nor row numbers.

    Warns
    -----
    UserWarning
        `counts` that are logarithms already, have genes in rows, or have columns that are identifiers,
        positions or control features.

    References
    ----------
    Wolf, Angerer, Theis: SCANPY: large-scale single-cell gene expression data analysis. Genome Biology 19
    (2018) 15. Satija et al.: Spatial reconstruction of single-cell gene expression data. Nature Biotechnology
    33 (2015) 495.

    Examples
    --------
    >>> import numpy as np
    >>> from spasne import preprocess_counts
    >>> counts = np.random.default_rng(0).poisson(3.0, size=(100, 40))
    >>> preprocess_counts(counts, n_components=10).shape
    (100, 10)
    >>> annotated = np.arange(100) % 2 == 0
    >>> preprocess_counts(counts, n_components=10, keep=annotated).shape
    (50, 10)
    >>> counts[3] = 0
    >>> components, kept = preprocess_counts(counts, n_components=10, min_counts=1)
    >>> components.shape, kept[:5].tolist()
    ((99, 10), [0, 1, 2, 4, 5])
    """
    if min_counts is not None:
        matrix = counts if isinstance(counts, pd.DataFrame) else as_matrix(counts, "counts")
        full = rows_with_counts(matrix, min_counts)
        kept = _row_numbers(keep, len(full))
        kept = kept[full[kept]]
        places = np.cumsum(full) - 1  # of the rows that are left
        return preprocess_counts(matrix[full], n_components, hvg, keep=places[kept]), kept
    logged = log_normalise(counts, keep)
    if hvg is not None:
        logged = logged[:, highly_variable(logged, hvg)]
    made = logged if n_components is None else remember_components(pca(logged, n_components))
    named = keep is not None and index_of(counts) is not None
    return remember_rows(made, counts, _row_numbers(keep, len(counts)) if named else slice(None))
