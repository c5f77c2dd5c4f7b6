"""Which matrix of an AnnData is mapped: an entry of obsm, X, a layer, or principal components of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse, isspmatrix

from spasne_tools.run.prepare import DEFAULT_COMPONENTS
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import Matrix

PCA_KEY, HIGHLY_VARIABLE = "X_pca", "highly_variable"  # where scanpy keeps them, in obsm and var
LOADINGS_KEY = "PCs"  # in varm
RAW = "raw"  # as a layer: .raw, where no layer has that name
SAMPLED_ROWS, STALE = 50, 0.05  # rows that X_pca is judged by, and the share of its spread that may differ


@dataclass(frozen=True)
class Representation:
    """What of an AnnData is mapped: `matrix` (n, D), or its `n_components` principal components if above 0.

    ``described`` goes to the record of the run.
    """

    matrix: Matrix
    n_components: int
    described: dict[str, Any]


def choose_representation(
    adata: Any, use_rep: str | None, n_pcs: int | None, layer: str | None = None
) -> Representation:
    """What of `adata` is mapped.

    ================================  ======================================================================
    `layer` given                     principal components of that layer ("raw": of .raw, where no layer has
                                      that name)
    nothing given                     obsm["X_pca"]; where there is none, principal components of X
    `use_rep` a key of obsm           that entry
    `use_rep` "X"                     X as it is; with `n_pcs` that many principal components of it
    ================================  ======================================================================

    `n_pcs` is the number of components, or of leading columns of an entry of obsm; with 0 X, or the layer, is
    taken as it is. Components are those of the highly variable genes where var marks them, as by
    scanpy.pp.pca.

    Raises
    ------
    ValueError
        There is no such representation, it has fewer columns, or a layer and an entry of obsm are asked for.

    Warns
    -----
    UserWarning
        obsm["X_pca"], taken because it is there, is not of X as it is now.
    """
    check_count("n_pcs", n_pcs)
    if layer is not None and use_rep not in (None, "X"):
        raise ValueError(
            f"expected a layer or a representation, found both (layer={layer!r} and use_rep={use_rep!r})"
        )
    stored = use_rep is None and n_pcs != 0 and PCA_KEY in adata.obsm
    if layer is not None or use_rep is None and not stored:
        return _of_genes(adata, layer, n_pcs, reduced=n_pcs != 0)
    if use_rep is None:
        return _of_entry(adata, PCA_KEY, n_pcs, implied=True)
    if use_rep in adata.obsm:
        return _of_entry(adata, use_rep, n_pcs)
    if use_rep != "X":
        present = ", ".join(map(repr, adata.obsm)) or "nothing"
        raise ValueError(f"expected use_rep to be 'X' or a key of obsm ({present}), found {use_rep!r}")
    return _of_genes(adata, None, n_pcs, reduced=bool(n_pcs))


def _of_entry(adata: Any, key: str, n_pcs: int | None, implied: bool = False) -> Representation:
    """obsm[key], or its `n_pcs` leading columns; `implied`: nobody has named it."""
    matrix = obsm_matrix(adata, key)
    n_columns = matrix.shape[1]
    if n_pcs is not None and n_pcs > n_columns:
        raise ValueError(f"expected n_pcs of at most {n_columns} in obsm[{key!r}], found {n_pcs}")
    described = {"use_rep": key, "n_pcs": n_pcs or n_columns}
    if implied and is_stale(adata):
        described["stale"] = True
        warn_user(
            f"obsm[{key!r}] is not of X as it is now (made before X changed, or of a layer); it is what is "
            f"mapped: use_rep='X' with n_pcs=50 maps components of X, use_rep={key!r} says that this is meant"
        )
    return Representation(matrix[:, : n_pcs or None], 0, described)


def _of_genes(adata: Any, layer: str | None, n_pcs: int | None, reduced: bool) -> Representation:
    """X or a layer: as it is, or where `reduced` its principal components, `n_pcs` or the usual number."""
    values, var = values_and_genes(adata, layer)
    of_layer = {} if layer is None else {"layer": layer}
    if not reduced:
        return Representation(values, 0, {"use_rep": "X"} | of_layer)
    marked = HIGHLY_VARIABLE in var
    genes = values[:, var[HIGHLY_VARIABLE].to_numpy(dtype=bool)] if marked else values
    n_components = min(n_pcs or DEFAULT_COMPONENTS, *genes.shape)
    described = {"use_rep": "PCA of X", "n_pcs": n_components, "use_highly_variable": marked}
    return Representation(genes, n_components, described | of_layer)


def values_and_genes(adata: Any, layer: str | None) -> tuple[Matrix, Any]:
    """X, or a layer, or .raw as layer "raw", in memory; and the table of its genes.

    Raises
    ------
    ValueError
        It is not there.
    """
    if layer == RAW and layer not in adata.layers and adata.raw is not None:
        return in_memory(adata.raw.X), adata.raw.var
    if layer is not None:
        if layer not in adata.layers:
            present = ", ".join(adata.layers) or "nothing"
            raise ValueError(f"expected {layer!r} in layers, found {present}")
        return in_memory(adata.layers[layer]), adata.var
    if adata.X is None:
        layers = ", ".join([*adata.layers, *([RAW] if adata.raw is not None else [])]) or "none"
        raise ValueError(
            f"expected X in the AnnData, found none; name a layer ({layers}) or an entry of obsm "
            f"({', '.join(adata.obsm) or 'none'})"
        )
    return in_memory(adata.X), adata.var


def is_stale(adata: Any) -> bool:
    """Whether obsm["X_pca"] differs from the projection of X on varm["PCs"], judged by some of the rows.

    False where X or the loadings are not there. A constant difference is the mean that was subtracted.
    """
    loadings = adata.varm.get(LOADINGS_KEY)
    stored = np.asarray(adata.obsm[PCA_KEY], dtype=float)
    if loadings is None or adata.X is None or loadings.shape[1] != stored.shape[1]:
        return False
    rows = np.unique(np.linspace(0, adata.n_obs - 1, SAMPLED_ROWS).astype(int))
    projected = np.asarray(in_memory(adata.X[rows]) @ np.asarray(loadings))
    difference, spread = projected - stored[rows], stored[rows]
    difference = difference - difference.mean(axis=0)
    return bool(np.linalg.norm(difference) > STALE * np.linalg.norm(spread - spread.mean(axis=0)))


def check_count(name: str, value: Any) -> None:
    """ValueError unless `value` is None or an integer of 0 or more."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if value is not None and not (whole and value >= 0):
        raise ValueError(f"expected {name} to be None or an integer of 0 or more, found {value!r}")


def obsm_matrix(adata: Any, key: str) -> Matrix:
    """obsm[key] (n, D), an array, DataFrame or sparse matrix there, as an array or CSR."""
    entry = adata.obsm[key]
    return entry.tocsr() if issparse(entry) else dense(entry)


def dense(entry: Any) -> np.ndarray:
    """An entry of obsm as an array; what it masks is missing."""
    if issparse(entry):
        return entry.toarray()
    if isinstance(entry, np.ma.MaskedArray):
        return np.ma.filled(entry.astype(np.float64), np.nan)
    return np.asarray(entry)


def in_memory(values: Any) -> Matrix:
    """Values of an AnnData that may be on disk (backed) or to be computed (dask), in memory.

    An array of scipy's newer kind becomes a matrix, which all else here expects.
    """
    if hasattr(values, "to_memory"):  # AnnData's sparse matrices on disk
        values = values.to_memory()
    elif hasattr(values, "compute"):  # dask
        values = values.compute()
    elif type(values).__module__.startswith(("h5py", "zarr")):
        values = values[()]
    return csr_matrix(values) if issparse(values) and not isspmatrix(values) else values
