"""The interactive page of an AnnData: its maps, columns, genes and the image of its tissue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from spasne_tools.page import export as page
from spasne_tools.page.trust import NUMBER, VERDICT
from spasne_tools.plotting.anndata_colours import class_looks
from spasne_tools.plotting.anndata_images import AUTOMATIC, tissue_images, tissue_scale
from spasne_tools.plotting.colour_scale import is_continuous
from spasne_tools.plotting.sections import side_by_side
from spasne_tools.readers.anndata_io import OBSM_KEY, find_map, find_table, sections_of_maps
from spasne_tools.readers.spatialdata_store import positions_of

__all__ = ["export_html"]

MOST_GENES = 300  # where none are named


def export_html(
    adata: Any,
    path: str | Path,
    color: str | Sequence[str] | None = None,
    *,
    basis: str | Sequence[str] = OBSM_KEY,
    genes: Sequence[str] | None = None,
    spatial_key: str = "spatial",
    library_key: str | None = None,
    table_key: str | None = None,
    layer: str | None = None,
    img_key: str | None = AUTOMATIC,
    scalebar_dx: float | None = None,
    scalebar_units: str = "um",
    **options: Any,
) -> Path:
    """Write the interactive page of an AnnData: ``spasne.export_html`` with what the object holds.

    Parameters
    ----------
    adata : AnnData, or SpatialData with a table
    path : str or Path
        File to write, usually ending in .html.
    color : str or list of str, optional
        Columns of ``.obs`` to colour by. None: those that are categories. Classes have the colours of
        ``.uns["<color>_colors"]``, which are written there if they are missing, as by ``spasne.pl.spasne``.
    basis : str or list of str
        Keys of maps in ``.obsm``, with or without their ``X_``: the page switches between several, such as
        ``["spasne", "umap"]``.
    genes : list of str, optional
        Genes to colour by, and to rank by what marks a selection. None: the 300 with the largest variance, of
        those that ``.var["highly_variable"]`` marks where it is there.
    spatial_key : str
        Positions in ``.obsm``, and images in ``.uns``.
    library_key : str, optional
        Column of ``.obs`` that tells tissue sections apart. They stand beside each other, without images.
        None: that which the map was made with, if any.
    table_key : str, optional
        The table of a SpatialData object that has several.
    layer : str, optional
        Where the genes' values are. None: ``.raw`` if there is one, else ``.X``.
    img_key : str, optional
        The image of ``.uns[spatial_key]`` under the spots: "hires", "lowres" ...; "auto": the first of these
        that is there; None: none.
    scalebar_dx : float, optional
        Length of one unit of the positions, in `scalebar_units`, for a scale bar. None: what the scale
        factors of Visium HD say, else no bar.
    scalebar_units : "nm", "um", "mm", "cm" or "m"
    **options
        As in ``spasne.export_html``: title, image_like, reliability. Without the last, it is what
        ``spasne.tl.reliability`` has put into ``.obs`` of the first of the maps.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ValueError
        There is no such map, column, gene or image, or positions are missing.
    ImportError
        anndata is missing (the extra ``spasne[anndata]``).

    Examples
    --------
    >>> import spasne  # doctest: +SKIP
    >>> spasne.tl.spasne(adata)  # doctest: +SKIP
    >>> spasne.pl.export_html(adata, "map.html", basis=["spasne", "umap"])  # doctest: +SKIP
    """
    table = find_table(adata, table_key)
    keys = [basis] if isinstance(basis, str) else list(basis)
    pixels = positions_of(adata, table, spatial_key)
    sections = sections_of_maps(table, keys, library_key)
    if sections is not None:
        pixels = side_by_side(pixels, sections)
    else:
        options = _image(table, spatial_key, img_key) | options
    if (scale := tissue_scale(table, spatial_key, scalebar_dx, scalebar_units)) is not None:
        options |= {"scalebar_dx": scale.length, "scalebar_units": scale.unit}
    trust = {f"{find_map(table, keys[0]).removeprefix('X_')}_{name}": name for name in (NUMBER, VERDICT)}
    if set(trust) <= set(table.obs):  # of the first map, by ``spasne.tl.reliability``
        found = table.obs[list(trust)].rename(columns=trust)
        options = {"reliability": found.reset_index(drop=True)} | options
    columns = _columns(table, color, besides=trust)
    return page.export_html(
        path,
        {key.removeprefix("X_"): np.asarray(table.obsm[find_map(table, key)]) for key in keys},
        pixels,
        labels=columns,
        palettes=_palettes(table, columns),
        genes=_genes(table, genes, layer),
        names=list(table.obs_names),
        **options,
    )


def _columns(table: Any, color: str | Sequence[str] | None, besides: Collection[str]) -> pd.DataFrame:
    """Those of obs that are asked for: numbers as floats, which are drawn as such, or classes.

    `besides` are on the page without being asked for.
    """
    if color is None:
        chosen = table.obs.drop(columns=list(besides), errors="ignore").select_dtypes("category")
    else:
        names = [color] if isinstance(color, str) else list(color)
        if missing := [name for name in names if name not in table.obs]:
            raise ValueError(
                f"expected color to be columns of obs, found {missing[0]!r}; genes go into `genes`"
            )
        chosen = table.obs[names]
    numbers = chosen.select_dtypes("number").columns
    return chosen.astype(dict.fromkeys(numbers, float)).reset_index(drop=True)


def _palettes(table: Any, columns: pd.DataFrame) -> dict[str, dict[Any, str]]:
    """The colours of each column of classes, as scanpy's figures show them."""
    classes = [name for name, values in columns.items() if not is_continuous(values)]
    looks = {name: class_looks(table, name, None) for name in classes}
    return {name: {label: colour for label, (colour, _) in of.items()} for name, of in looks.items()}


def _genes(table: Any, genes: Sequence[str] | None, layer: str | None) -> pd.DataFrame:
    source = table.raw if layer is None and table.raw is not None else table
    if genes is None:
        genes = _most_variable(_candidates(table, source), layer)
    elif missing := [name for name in genes if name not in source.var_names]:
        raise ValueError(f"expected genes among var_names, found {missing[0]!r}")
    values = _values(source[:, list(genes)], layer)
    return pd.DataFrame(values.toarray() if issparse(values) else values, columns=list(genes))


def _candidates(table: Any, source: Any) -> Any:
    """What of `source` holds the genes that are marked as highly variable; all of it where none are."""
    if "highly_variable" not in table.var:
        return source
    marked = table.var_names[table.var["highly_variable"].to_numpy(dtype=bool)]
    return source[:, [name for name in marked if name in source.var_names]]


def _values(table: Any, layer: str | None) -> Any:
    return table.X if layer is None else table.layers[layer]


def _most_variable(table: Any, layer: str | None) -> list[str]:
    """Names in the order of the variance, which for sparse values is E[x^2] - E[x]^2."""
    values = _values(table, layer)
    squares = values.multiply(values) if issparse(values) else np.square(values)
    variances = np.ravel(squares.mean(axis=0)) - np.square(np.ravel(values.mean(axis=0)))
    return list(table.var_names[np.argsort(-variances, kind="stable")[:MOST_GENES]])


def _image(table: Any, spatial_key: str, img_key: str | None) -> dict[str, Any]:
    """The image of a single section and its scale; nothing where there is none."""
    images = tissue_images(table, None, img_key, spatial_key)
    if not images:
        return {}
    image = images[None]
    left, right, *_ = image.extent
    return {"image": image.pixels, "image_scale": image.pixels.shape[1] / (right - left)}
