"""``spasne.tl``: maps of AnnData objects and what these keep, by the conventions of scanpy's tools."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from spasne_tools.choose.automatic import settled, weights_by_size
from spasne_tools.principal_components import pca
from spasne_tools.readers.anndata_files import section_column
from spasne_tools.readers.anndata_io import (
    OBSM_KEY,
    find_map,
    find_table,
    labels,
    make_parameters,
    neighbour_distances,
    recorded,
    store,
    warn_of_spots,
    writable,
)
from spasne_tools.readers.anndata_representation import check_count, choose_representation
from spasne_tools.readers.spatialdata_store import has_positions, positions_of
from spasne_tools.run.embedding import embed

__all__ = ["reliability", "spasne"]


def spasne(
    adata: Any,
    n_pcs: int | None = None,
    *,
    use_rep: str | None = None,
    layer: str | None = None,
    spatial_key: str | None = "spatial",
    library_key: str | None = None,
    neighbors_key: str | None = None,
    key_added: str | None = None,
    table_key: str | None = None,
    random_state: int | None = 0,
    copy: bool = False,
    verbose: bool = False,
    **parameters: Any,
) -> Any:
    """Map the observations of an AnnData, keeping expression and tissue structure.

    Parameters
    ----------
    adata : AnnData, or SpatialData with a table
        Observations are spots or cells. A view becomes an AnnData of its own, as with scanpy.
    n_pcs : int, optional
        Principal components, or leading columns of a key of ``.obsm``, to use. None: all there are, 200 where
        they are computed here, and with use_rep="X" ``.X`` as it is. 0: ``.X`` as it is.
    use_rep : str, optional
        "X", of which `n_pcs` says how many components are made, or a key of ``.obsm``. None:
        ``.obsm["X_pca"]``; where there is none, principal components of ``.X``. Components are made of the
        genes that ``.var["highly_variable"]`` marks if it is there, and not stored.
    layer : str, optional
        Values in place of ``.X``: a key of ``.layers``, or "raw" for ``.raw``. Then ``.obsm["X_pca"]`` is not
        used, since it may be of something else.
    spatial_key : str, optional
        Positions in ``.obsm``; of SpatialData without them the centroids of its shapes. None: no spatial
        term.
    library_key : str, optional
        Column of ``.obs`` that tells tissue sections apart; None: the one in which ``spasne.read`` found
        several, if it did. Distances in the tissue then count within sections only, so that all get one joint
        map; positions of all in the same unit of length.
    neighbors_key : str, optional
        Use the neighbour graph that scanpy.pp.neighbors left in ``.uns[neighbors_key]``, usually
        "neighbors"; it needs at least `perplexity` neighbours. None: they are found here.
    key_added : str, optional
        Key of both ``.obsm`` and ``.uns`` in place of "X_spasne" and "spasne".
    table_key : str, optional
        The table of a SpatialData object that has several.
    random_state : int, optional
        Seed of the start; None: a new start each time. In method "interpolation" (above 5,000 observations)
        the start does not depend on it.
    copy : bool
        Return a changed copy instead of changing `adata` (of SpatialData: a copy of its table).
    verbose : bool
        Print what is used and the progress.
    **parameters
        As in ``spasne.run_spasne``: alpha, beta, perplexity, no_dims, max_iter, method, pixel_scale ...
        Above 5,000 observations alpha, beta and global_scale are all "auto" where none of them is given, and
        one line says what was chosen; alpha=8, beta=2, global_scale=1 give the published map.

    Returns
    -------
    AnnData or None
        Nothing unless `copy`. Added: ``.obsm["X_spasne"]`` (n, no_dims), the map;
        ``.uns["spasne"]["params"]``, what it was made with; ``.uns["spasne"]["report"]``, what the executable
        says of the run (method, iterations, cost ...).

    Raises
    ------
    ValueError
        There is no such key, or an argument is not what ``spasne.run_spasne`` takes.
    TypeError
        An unknown parameter, or one that a key stands for (sections: library_key; randseed: random_state).
    ImportError
        anndata is missing (the extra ``spasne[anndata]``).
    RuntimeError, MemoryError
        As ``spasne.run_spasne``.

    Warns
    -----
    UserWarning
        ``.obsm["X_pca"]``, used because it is there, is not of ``.X`` as it is now.
        Spots off the tissue take part (``.obs["in_tissue"]`` 0), sections or fields of view lie over each
        other as if they were one, or something else is hardly what was meant: as ``spasne.run_spasne``.

    References
    ----------
    Zhou et al.: Dimensionality reduction for visualizing spatially resolved profiling data using SpaSNE.
    GigaScience 14 (2025) giaf002.

    Examples
    --------
    >>> import scanpy as sc, spasne  # doctest: +SKIP
    >>> adata = sc.read_h5ad("sections.h5ad")  # doctest: +SKIP
    >>> spasne.tl.spasne(adata, library_key="library_id", alpha=9, beta=4)  # doctest: +SKIP
    >>> sc.pl.embedding(adata, "spasne", color="library_id")  # doctest: +SKIP
    """
    table = find_table(adata, table_key)
    check_count("random_state", random_state)
    representation = choose_representation(table, use_rep, n_pcs, layer)
    if library_key is None:
        library_key = section_column(table)
    known = {
        "sections": labels(table, library_key, "library_key"),
        "randseed": -1 if random_state is None else random_state,
        "use_pca": representation.n_components > 0,
        "initial_dims": representation.n_components,
    }
    if neighbors_key is not None:
        known["neighbors"] = neighbour_distances(table, neighbors_key)
    asked = make_parameters(parameters, **known)
    used = weights_by_size(asked, parameters, table.n_obs)
    if verbose:
        print(*(f"{name}: {value}" for name, value in representation.described.items()), sep=", ", flush=True)
    pixels = positions_of(adata, table, spatial_key)
    if pixels is not None:
        warn_of_spots(table, pixels, library_key)
    used = settled(representation.matrix, pixels, used, verbose=verbose or used is not asked)
    embedding = embed(representation.matrix, pixels, used, verbose)
    record = representation.described | {
        "spatial_key": spatial_key,
        "library_key": library_key,
        "neighbors_key": neighbors_key,
        "random_state": random_state,
    }
    record |= {name: value for name, value in vars(used).items() if name not in known}
    target = table.copy() if copy else table
    store(target, embedding, record, key_added)
    return target if copy else None


def reliability(
    adata: Any,
    basis: str = OBSM_KEY,
    *,
    n_pcs: int | None = None,
    use_rep: str | None = None,
    layer: str | None = None,
    spatial_key: str | None = "spatial",
    library_key: str | None = None,
    neighbors_key: str | None = None,
    table_key: str | None = None,
    k: int = 15,
    random_state: int = 0,
    n_jobs: int | None = None,
    copy: bool = False,
) -> Any:
    """How far each observation's place on a map can be trusted: ``spasne.map_reliability`` on an AnnData.

    Parameters
    ----------
    adata : AnnData, or SpatialData with a table
    basis : str
        The map's key in ``.obsm``, with or without its ``X_``; any map, not only SpaSNE's.
    n_pcs, use_rep, layer, library_key, neighbors_key
        As in ``spasne.tl.spasne``. Where all of them are None and that made the map, they are what it used.
    spatial_key : str, optional
        Positions in ``.obsm``. None: expression only, as where there are none under "spatial".
    table_key : str, optional
        The table of a SpatialData object that has several.
    k, random_state, n_jobs
        As in ``spasne.map_reliability``.
    copy : bool
        Return a changed copy instead of changing `adata` (of SpatialData: a copy of its table).

    Returns
    -------
    AnnData or None
        Nothing unless `copy`. Added: the columns of ``spasne.map_reliability`` to ``.obs``, with the map's
        name before them ("spasne_verdict", "spasne_reliability" ...), and to
        ``.uns["spasne_reliability"]`` the parameters and the share of each verdict.

    Raises
    ------
    ValueError
        There is no such key, or an argument is not what ``spasne.map_reliability`` takes.
    ImportError
        anndata is missing (the extra ``spasne[anndata]``).

    Examples
    --------
    >>> spasne.tl.spasne(adata)  # doctest: +SKIP
    >>> spasne.tl.reliability(adata)  # doctest: +SKIP
    >>> adata.obs["spasne_verdict"].value_counts()  # doctest: +SKIP
    """
    from spasne_tools.reliability.points import map_reliability

    table = find_table(adata, table_key)
    key = find_map(table, basis)
    name = key.removeprefix("X_")
    asked: dict[str, Any] = {
        "use_rep": use_rep,
        "n_pcs": n_pcs,
        "layer": layer,
        "library_key": library_key,
        "neighbors_key": neighbors_key,
    }
    if all(value is None for value in asked.values()):
        asked |= _recorded(table, key, asked)
    data = choose_representation(table, asked["use_rep"], asked["n_pcs"], asked["layer"])
    if spatial_key == "spatial" and not has_positions(adata, table, spatial_key):
        spatial_key = None
    found = map_reliability(
        table.obsm[key],
        pca(data.matrix, data.n_components) if data.n_components else data.matrix,
        positions_of(adata, table, spatial_key),
        sections=labels(table, asked["library_key"], "library_key"),
        neighbors=neighbour_distances(table, asked["neighbors_key"]),
        k=k,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    target = table.copy() if copy else table
    columns = found.set_axis(table.obs_names, axis=0).add_prefix(f"{name}_")
    target.obs = pd.concat([target.obs.drop(columns=columns.columns, errors="ignore"), columns], axis=1)
    record = asked | {"basis": key, "spatial_key": spatial_key, "k": k, "random_state": random_state}
    shares = found["verdict"].value_counts(normalize=True, sort=False).to_dict()
    target.uns[f"{name}_reliability"] = {"params": writable(record), "verdicts": writable(shares)}
    return target if copy else None


def _recorded(table: Any, key: str, names: Collection[str]) -> dict[str, Any]:
    """What ``spasne`` noted that it used for the map in obsm[key]; nothing of other maps."""
    params = recorded(table, key)
    known = {name: params[name] for name in names if name in params}
    if known.get("use_rep") == "PCA of X":
        known["use_rep"] = None
    return known
