"""AnnData in and out: its table, positions, sections and neighbours, and where a map goes.

The conventions are those of scanpy (Wolf et al., Genome Biology 19 (2018) 15) and squidpy (Palla et al.,
Nature Methods 19 (2022) 171).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from spasne_tools.coordinates import find_coordinates
from spasne_tools.extras import load_anndata
from spasne_tools.features import IN_TISSUE, on_tissue
from spasne_tools.readers.anndata_representation import dense
from spasne_tools.readers.overlaid import overlaid_sections
from spasne_tools.run.embedding import Embedding
from spasne_tools.run.parameters import Parameters
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import Matrix

OBSM_KEY, UNS_KEY = "X_spasne", "spasne"
DEFAULT_SPATIAL_KEY = "spatial"  # of positions in obsm, of images in uns
RECORD = "spasne_read"  # in uns: what `spasne.read` did
# Parameters that keys of the AnnData stand for, and what to use instead.
TAKEN = {
    "sections": "library_key",
    "randseed": "random_state",
    "use_pca": "use_rep or n_pcs",
    "initial_dims": "n_pcs",
}


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


def recorded(adata: Any, key: str) -> Mapping[str, Any]:
    """What ``spasne.tl.spasne`` noted that it made the map in obsm[key] with; nothing of other maps."""
    record = adata.uns.get(UNS_KEY if key == OBSM_KEY else key, {})
    params = record.get("params", {}) if isinstance(record, Mapping) else {}
    return params if isinstance(params, Mapping) else {}


def sections_of_maps(adata: Any, bases: Sequence[str], library_key: str | None) -> Any:
    """Column `library_key` of obs, or that of the sections which a map was made with; None without any."""
    if library_key is None:
        noted = (recorded(adata, find_map(adata, basis)).get("library_key") for basis in bases)
        library_key = next((column for column in noted if column in adata.obs), None)
    return labels(adata, library_key, "library_key")


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
