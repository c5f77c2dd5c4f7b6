"""``spasne.pl``: figures and pages of AnnData objects that hold a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from spasne_tools.guards import warn_of_positions
from spasne_tools.output_file import output_file
from spasne_tools.page.anndata_page import export_html
from spasne_tools.plotting.anndata_colours import class_looks, read_column
from spasne_tools.plotting.anndata_images import AUTOMATIC, tissue_images, tissue_scale
from spasne_tools.plotting.figure import Colouring, colour_classes, colour_values, compose
from spasne_tools.plotting.greying import grey_out, is_kept
from spasne_tools.plotting.panels import Scores, make_panels
from spasne_tools.plotting.show import show_figure
from spasne_tools.plotting.style import Style, make_style, named
from spasne_tools.plotting.tissue import make_tissue
from spasne_tools.readers.anndata_io import (
    OBSM_KEY,
    find_map,
    find_table,
    labels,
    sections_of_maps,
)
from spasne_tools.readers.spatialdata_store import has_positions, positions_of

__all__ = ["export_html", "spasne"]

SCANPY_SIZE = 120_000  # that all points of a map share, in scanpy's figures


def spasne(
    adata: Any,
    color: str | Sequence[str] | None = None,
    *,
    basis: str | Sequence[str] = OBSM_KEY,
    spatial_key: str | None = "spatial",
    library_key: str | None = None,
    table_key: str | None = None,
    layer: str | None = None,
    gene_symbols: str | None = None,
    ncols: int = 1,
    img_key: str | None = AUTOMATIC,
    alpha_img: float = 1.0,
    crop_coord: tuple[float, float, float, float] | None = None,
    scalebar_dx: float | None = None,
    scalebar_units: str = "um",
    scores: Scores | None = None,
    image_like: bool = True,
    axes: tuple[int, int] = (0, 1),
    annotate: bool = False,
    kept: str | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
    **style: Any,
) -> Figure | None:
    """Draw the tissue and the map of an AnnData side by side, in the same colours.

    Options have the names and meanings of scanpy's and squidpy's figures.

    Parameters
    ----------
    adata : AnnData, or SpatialData with a table
    color : str or list of str, optional
        Columns of ``.obs`` and genes, mixed as one likes; several get a row of panels each. None: all
        observations alike. Classes have the colours of ``.uns["<color>_colors"]``, which are written there if
        they are missing, so that ``sc.pl.embedding`` shows the same ones.
    basis : str or list of str
        Keys of maps in ``.obsm``, with or without ``X_``.
    spatial_key : str, optional
        Positions in ``.obsm``, of SpatialData else the centroids of its shapes; None, or none there: only the
        map is drawn.
    library_key : str, optional
        Column of ``.obs`` that tells tissue sections apart; they are drawn beside each other, named. None:
        that which the map was made with, if any.
    table_key : str, optional
        The table of a SpatialData object that has several.
    layer : str, optional
        Where the genes' values are. None: ``.raw`` if there is one, else ``.X``.
    gene_symbols : str, optional
        Column of ``.var`` that holds the genes' names in `color`. None: ``.var_names``.
    ncols : int
        Colours side by side, 1 or more.
    img_key : str, optional
        The image of ``.uns[spatial_key]`` under the tissue: "hires", "lowres" ...; "auto": the first of these
        that is there; None: none.
    alpha_img : float
        Opacity of the image, 0 to 1.
    crop_coord : (left, right, top, bottom), optional
        Part of the tissue to show, in the unit of its positions.
    scalebar_dx : float, optional
        Length of one unit of the positions, in `scalebar_units`; draws a scale bar. None: what the scale
        factors of Visium HD say, else no bar.
    scalebar_units : "nm", "um", "mm", "cm" or "m"
    scores, image_like, axes, annotate
        As in ``spasne.plot_maps``.
    kept : str, optional
        Column of ``.obs`` with truth values or verdicts, such as "spasne_verdict" of
        ``spasne.tl.reliability``: observations that are not kept are grey.
    show : bool, optional
        True: show the figure, in the notebook or in a window, and return nothing.
    save : str or Path, optional
        File to write the figure to; its ending gives the format.
    **style
        palette, cmap, vmin, vmax, size, alpha, groups, na_color, title, ax, frameon, legend_loc,
        legend_fontsize, legend_title: see `spasne_tools.plotting.Style`. Without `size`, points of maps are
        as large as in ``sc.pl.embedding``.

    Returns
    -------
    matplotlib.figure.Figure or None
        Shown by a notebook that returns it.

    Raises
    ------
    ValueError
        There is no such map, column, gene or image, or an option is not what it can be.
    TypeError
        For an option of another name.
    ImportError
        anndata is missing (the extra ``spasne[anndata]``).

    Examples
    --------
    >>> import spasne  # doctest: +SKIP
    >>> spasne.tl.spasne(adata)  # doctest: +SKIP
    >>> spasne.pl.spasne(adata, color=["cell_type", "Mbp"], vmax="p99")  # doctest: +SKIP
    """
    table, looks = find_table(adata, table_key), make_style(style)
    if ncols < 1:
        raise ValueError(f"expected ncols of 1 or more, found {ncols}")
    bases = [basis] if isinstance(basis, str) else basis
    maps = _maps(table, bases)
    tissue = None
    if spatial_key is not None and has_positions(adata, table, spatial_key):
        sections = sections_of_maps(table, bases, library_key)
        pixels = positions_of(adata, table, spatial_key)
        warn_of_positions(pixels, np.asarray(pixels))
        tissue = make_tissue(
            pixels,
            sections,
            tissue_images(table, sections, img_key, spatial_key),
            downwards=image_like,
            image_alpha=alpha_img,
            crop=crop_coord,
            scale=tissue_scale(table, spatial_key, scalebar_dx, scalebar_units),
        )
    panels = [
        panel if panel.tissue is not None else replace(panel, size=SCANPY_SIZE / table.n_obs)
        for panel in make_panels(maps, tissue, axes, table.n_obs)
    ]
    if isinstance(color, str):
        looks = named(looks, color)
    colourings = _colourings(table, color, looks, layer, gene_symbols)
    if kept is not None:
        shown = is_kept(labels(table, kept, "kept"), table.n_obs)
        colourings = [grey_out(colouring, shown, looks) for colouring in colourings]
    figure = compose(colourings, panels, looks, scores, n_columns=ncols, annotate=annotate)
    if save is not None:
        with output_file(save) as unfinished:
            figure.savefig(unfinished, bbox_inches="tight")
    if show:
        show_figure(figure)
    return None if show else figure


def _maps(table: Any, bases: Sequence[str]) -> dict[str, np.ndarray]:
    """Maps by title."""
    maps = {}
    for basis in bases:
        key = find_map(table, basis)
        maps[key.removeprefix("X_")] = np.asarray(table.obsm[key])
    return maps


def _colourings(
    table: Any, color: str | Sequence[str] | None, style: Style, layer: str | None, gene_symbols: str | None
) -> list[Colouring]:
    """One for each colour; several have their names beside their rows."""
    if color is None:
        return [colour_classes(pd.Series(["observations"] * table.n_obs), style)]
    names = [color] if isinstance(color, str) else list(color)
    if not names:
        raise ValueError("expected at least one column or gene in color, found none")
    out = []
    for number, name in enumerate(names):
        column = read_column(table, name, layer, gene_symbols)
        title = None if isinstance(color, str) else name
        if column.is_continuous:
            numbers, limits = column.values.to_numpy(dtype=float), style.limits(number, len(names))
            out.append(colour_values(numbers, style, title, limits, gene=column.gene))
        else:
            looks = class_looks(table, name, style.palette)
            classes = table.obs[name].reset_index(drop=True)
            out.append(colour_classes(classes, style, title, looks))
    return out
