"""AnnData in and out: which of its matrices is mapped, where positions and sections are, where a map goes.

The conventions are those of scanpy (Wolf et al., Genome Biology 19 (2018) 15) and squidpy (Palla et al.,
Nature Methods 19 (2022) 171).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse, isspmatrix

from spasne_tools.coordinates import find_coordinates
from spasne_tools.features import on_tissue
from spasne_tools.readers.overlaid import overlaid_sections
from spasne_tools.run.embedding import Embedding
from spasne_tools.run.parameters import Parameters
from spasne_tools.run.prepare import DEFAULT_COMPONENTS
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import Matrix

PCA_KEY, HIGHLY_VARIABLE = "X_pca", "highly_variable"  # where scanpy keeps them, in obsm and var
LOADINGS_KEY = "PCs"  # in varm
RAW = "raw"  # as a layer: .raw, where no layer has that name
SAMPLED_ROWS, STALE = 50, 0.05  # rows that X_pca is judged by, and the share of its spread that may differ
IN_TISSUE = "in_tissue"  # where Space Ranger's readers keep it, in obs
OBSM_KEY, UNS_KEY = "X_spasne", "spasne"
# Parameters that keys of the AnnData stand for, and what to use instead.
TAKEN = {
    "sections": "library_key",
    "randseed": "random_state",
    "use_pca": "use_rep or n_pcs",
    "initial_dims": "n_pcs",
}


def load_anndata() -> ModuleType:
    """The package anndata; ImportError names the extra that brings it."""
    try:
        import anndata
    except ImportError as error:
        raise ImportError(
            f"expected the package anndata, found none ({error}); install it "
            "with pip install 'spasne[anndata]'"
        ) from error
    return anndata


def find_table(data: Any, table_key: str | None = None) -> Any:
    """The AnnData that `data` is or, being SpatialData, holds as its table `table_key` (or its only one).

    Raises
    ------
    ValueError
        `data` is neither, or its table cannot be told.
    """
    AnnData = load_anndata().AnnData
    if isinstance(data, AnnData):
        return data
    tables = getattr(data, "tables", None)
    if tables is None and getattr(data, "table", None) is not None:
        tables = {"table": data.table}  # SpatialData before 0.1
    if not isinstance(tables, Mapping):
        raise ValueError(f"expected an AnnData or a SpatialData object, found {type(data).__name__}")
    names = ", ".join(map(repr, tables)) or "none"
    if table_key is None and len(tables) == 1:
        table_key = next(iter(tables))
    if table_key not in tables:
        asked = "one table, or its name as table_key" if table_key is None else f"a table {table_key!r}"
        raise ValueError(f"expected {asked}, found {names}")
    return tables[table_key]


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
    """obsm[use_rep] or X as asked; else obsm["X_pca"] or, where there is none, principal components of X.

    `layer` is taken in place of X, and X_pca then never ("raw": .raw, where no layer has that name).

    Those are made of the highly variable genes where var marks them, as scanpy.pp.pca does. `n_pcs` is the
    number of leading columns or components; with 0 it is X itself.

    Raises
    ------
    ValueError
        There is no such representation, or it has fewer columns.
    """
    check_count("n_pcs", n_pcs)
    if layer is not None:
        if use_rep not in (None, "X"):
            raise ValueError(
                f"expected a layer or a representation, found both (layer={layer!r} and use_rep={use_rep!r})"
            )
        use_rep = "X"
        if n_pcs is None:
            return _components_of_genes(adata, n_pcs, layer)
    implied = use_rep is None
    if use_rep is None:
        use_rep = "X" if n_pcs == 0 or PCA_KEY not in adata.obsm else PCA_KEY
        if use_rep == "X" and n_pcs != 0:
            return _components_of_genes(adata, n_pcs, layer)
    if use_rep in adata.obsm:
        matrix = obsm_matrix(adata, use_rep)
        n_columns = matrix.shape[1]
        if n_pcs is not None and n_pcs > n_columns:
            raise ValueError(f"expected n_pcs of at most {n_columns} in obsm[{use_rep!r}], found {n_pcs}")
        described = {"use_rep": use_rep, "n_pcs": n_pcs or n_columns}
        if implied and is_stale(adata):
            described["stale"] = True
            warn_user(
                f"obsm[{PCA_KEY!r}] is not of X as it is now (made before X changed, or of a layer); it is "
                "what is mapped: use_rep='X' maps components of X, use_rep='X_pca' says that this is meant"
            )
        return Representation(matrix[:, : n_pcs or None], 0, described)
    if use_rep != "X":
        present = ", ".join(map(repr, adata.obsm)) or "nothing"
        raise ValueError(f"expected use_rep to be 'X' or a key of obsm ({present}), found {use_rep!r}")
    if n_pcs:
        return _components_of_genes(adata, n_pcs, layer)
    taken = {"use_rep": "X"} | ({} if layer is None else {"layer": layer})
    return Representation(values_and_genes(adata, layer)[0], 0, taken)


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


def _components_of_genes(adata: Any, n_pcs: int | None, layer: str | None) -> Representation:
    values, var = values_and_genes(adata, layer)
    marked = HIGHLY_VARIABLE in var
    genes = values[:, var[HIGHLY_VARIABLE].to_numpy(dtype=bool)] if marked else values
    n_components = min(n_pcs or DEFAULT_COMPONENTS, *genes.shape)
    described = {"use_rep": "PCA of X", "n_pcs": n_components, "use_highly_variable": marked}
    described |= {} if layer is None else {"layer": layer}
    return Representation(genes, n_components, described)


def positions(adata: Any, spatial_key: str | None) -> np.ndarray | None:
    """obsm[spatial_key] (n, 2 or 3); None for None."""
    if spatial_key is None:
        return None
    if spatial_key not in adata.obsm:
        present = ", ".join(map(repr, adata.obsm)) or "nothing"
        columns = find_coordinates(adata.obs.columns, known_only=True)
        remedy = f"adata.obs[{columns}].to_numpy() are some to put there, " if columns else ""
        raise ValueError(
            f"expected positions in obsm[{spatial_key!r}], found {present} in obsm; {remedy}"
            "spatial_key names others, None makes a map without a spatial term"
        )
    return dense(adata.obsm[spatial_key])


def find_map(adata: Any, basis: str) -> str:
    """The key in obsm of the map `basis`, with or without its X_."""
    key = basis if basis in adata.obsm else f"X_{basis}"
    if key not in adata.obsm:
        present = ", ".join(map(repr, adata.obsm)) or "nothing"
        raise ValueError(f"expected a map in obsm[{basis!r}] (spasne.tl.spasne makes one), found {present}")
    return key


def labels(adata: Any, key: str | None, name: str) -> Any:
    """Column `key` of obs, asked for as parameter `name`; None for None."""
    if key is None:
        return None
    if key not in adata.obs:
        columns = ", ".join(map(str, adata.obs.columns)) or "none"
        raise ValueError(f"expected {name} to be a column of obs, found {key!r}; columns of obs: {columns}")
    return adata.obs[key].array


def neighbour_distances(adata: Any, neighbors_key: str | None) -> Matrix | None:
    """The matrix of distances that scanpy.pp.neighbors left under `neighbors_key`; None for None."""
    if neighbors_key is None:
        return None
    if neighbors_key not in adata.uns:
        raise ValueError(f"expected a graph of scanpy.pp.neighbors in uns[{neighbors_key!r}], found none")
    key = adata.uns[neighbors_key].get("distances_key", "distances")
    if key not in adata.obsp:
        present = ", ".join(map(repr, adata.obsp)) or "nothing"
        raise ValueError(f"expected distances of neighbours in obsp[{key!r}], found {present}")
    return adata.obsp[key]


def warn_of_spots(adata: Any, pixels: np.ndarray, library_key: str | None) -> None:
    """Where positions are of several sections and nobody says so, or of spots off the tissue."""
    if library_key is None and (message := overlaid_sections(adata.obs, pixels, adata.uns)):
        warn_user(message)
    if IN_TISSUE in adata.obs and (off := int((~on_tissue(adata.obs[IN_TISSUE])).sum())):
        warn_user(
            f"{off} of {adata.n_obs} spots are off the tissue; "
            f"adata[adata.obs[{IN_TISSUE!r}] == 1] leaves them out"
        )


def make_parameters(given: Mapping[str, Any], **known: Any) -> Parameters:
    """Parameters of the keywords that a caller gave and of those that the AnnData's keys stand for.

    Raises
    ------
    TypeError
        There is no such keyword, or a key of the AnnData stands for it.
    """
    names = {field.name for field in fields(Parameters)}
    for name in given:
        if name in TAKEN:
            raise TypeError(f"expected {TAKEN[name]} in place of {name} with AnnData, found {name}")
        if name not in names:
            allowed = ", ".join(sorted(names - set(TAKEN)))
            raise TypeError(f"expected parameters among {allowed}, found {name!r}")
    if twice := sorted(given.keys() & known.keys()):
        raise TypeError(f"expected {twice[0]} or the key of the AnnData that stands for it, found both")
    return Parameters(**known, **given)


def store(adata: Any, embedding: Embedding, params: Mapping[str, Any], key_added: str | None) -> None:
    """Write the map to obsm["X_spasne"] and its record to uns["spasne"], or both under `key_added`.

    The record holds "params" and "report", all of it of kinds that .h5ad can hold.
    """
    adata.obsm[key_added or OBSM_KEY] = embedding.Y
    adata.uns[key_added or UNS_KEY] = {
        "params": writable(params),
        "report": writable(embedding.report),
    }


def writable(record: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers, texts and dictionaries of them; of arrays only the word; None and functions are left out."""
    out: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            out[name] = writable(value)
        elif isinstance(value, (bool, int, float, str, np.generic)):
            out[name] = value
        elif value is not None and not callable(value):
            out[name] = "array"
    return out
