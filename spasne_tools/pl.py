"""``spasne.pl``: figures and pages of AnnData objects that hold a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from spasne_tools.page.anndata_page import export_html
from spasne_tools.plotting.maps import plot_genes, plot_maps, side_by_side
from spasne_tools.readers.anndata_io import OBSM_KEY, find_map, find_table, labels, positions

__all__ = ["export_html", "spasne"]


def spasne(
    adata: Any,
    color: str | Sequence[str] | None = None,
    *,
    basis: str = OBSM_KEY,
    spatial_key: str | None = "spatial",
    library_key: str | None = None,
    table_key: str | None = None,
    layer: str | None = None,
    **options: Any,
) -> Figure:
    """Draw the tissue and the map of an AnnData side by side, in the same colours.

    Parameters
    ----------
    adata : AnnData, or SpatialData with a table
    color : str or list of str, optional
        A column of ``.obs`` or a gene. Several, which must be numbers, get a row of panels each. None: all
        observations alike.
    basis : str
        The map's key in ``.obsm``, with or without its ``X_``.
    spatial_key : str, optional
        Positions in ``.obsm``; None, or none there: only the map is drawn.
    library_key : str, optional
        Column of ``.obs`` that tells tissue sections apart; they are drawn beside each other.
    table_key : str, optional
        The table of a SpatialData object that has several.
    layer : str, optional
        Where the genes' values are. None: ``.raw`` if there is one, else ``.X``.
    **options
        As in ``spasne.plot_maps``: scores, image_like, axes, annotate, legend_title; for several colours
        image_like and axes.

    Returns
    -------
    matplotlib.figure.Figure
        Shown by a notebook that returns it; ``figure.savefig("map.png")`` keeps it.

    Raises
    ------
    ValueError
        There is no such map, column or gene, or several classes are asked for at once.
    ImportError
        anndata is missing (the extra ``spasne[anndata]``).

    Examples
    --------
    >>> import spasne  # doctest: +SKIP
    >>> spasne.tl.spasne(adata)  # doctest: +SKIP
    >>> spasne.pl.spasne(adata, color="cell_type")  # doctest: +SKIP
    """
    table = find_table(adata, table_key)
    key = find_map(table, basis)
    maps = {key.removeprefix("X_"): np.asarray(table.obsm[key])}
    pixels = positions(table, spatial_key if spatial_key in table.obsm else None)
    sections = labels(table, library_key, "library_key")
    if pixels is not None and sections is not None:
        pixels = side_by_side(pixels, sections)
    if color is None:
        return plot_maps(maps, ["observations"] * table.n_obs, pixels, **options)
    if isinstance(color, str):
        options = {"legend_title": color} | options
        return plot_maps(maps, _values(table, color, layer), pixels, **options)
    columns = {name: _values(table, name, layer) for name in color}
    if classes := [name for name, column in columns.items() if not pd.api.types.is_float_dtype(column)]:
        raise ValueError(f"expected numbers in each of several colours, found classes in {classes[0]!r}")
    return plot_genes(maps, pd.DataFrame(columns), pixels, **options)


def _values(adata: Any, name: str, layer: str | None) -> pd.Series:
    """A column of obs or a gene's values: numbers as floats, which are drawn as such, or classes."""
    if name in adata.obs:
        column = adata.obs[name].reset_index(drop=True)
        numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        return column.astype(float) if numbers else column
    source = adata.raw if layer is None and adata.raw is not None else adata
    if name not in source.var_names:
        raise ValueError(f"expected color to be a column of obs or a gene, found {name!r}")
    values = source.obs_vector(name) if source is adata.raw else adata.obs_vector(name, layer=layer)
    return pd.Series(np.asarray(values, dtype=float))
