"""Tissue and maps side by side, coloured by one column.

Figures are made without pyplot, so they need no display and leave no global state. Show one by returning it
in a notebook (after ``%matplotlib inline``), or keep it with ``figure.savefig("map.png", dpi=300)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from spasne_tools.other_frames import of_pandas
from spasne_tools.plotting.colour_scale import is_continuous
from spasne_tools.plotting.figure import colour_classes, colour_values, compose
from spasne_tools.plotting.greying import grey_out, is_kept
from spasne_tools.plotting.panels import Scores, make_panels
from spasne_tools.plotting.same_rows import check_same_rows
from spasne_tools.plotting.style import make_style, named
from spasne_tools.plotting.tissue import make_tissue
from spasne_tools.validation import MatrixLike

__all__ = ["plot_maps"]


def plot_maps(
    maps: MatrixLike | Mapping[str, MatrixLike] | None,
    colors: Any,
    pixels: MatrixLike | None = None,
    *,
    scores: Scores | None = None,
    image_like: bool = True,
    axes: tuple[int, int] = (0, 1),
    annotate: bool = False,
    sections: Any = None,
    kept: Any = None,
    **style: Any,
) -> Figure:
    """Draw the tissue and one or several maps side by side, in the same colours, with one legend.

    Parameters
    ----------
    maps : array-like (n, n_dims), dict of them, or None
        A map, or maps by title; None: the tissue only. 1-D maps are spread vertically at random.
    colors : array-like (n,)
        Floating-point numbers are drawn as continuous colours (from the 1st to the 99th percentile), anything
        else as classes (see `palette`); missing ones in grey. The name of a Series stands above the legend.
    pixels : array-like (n, 2 or more), optional
        Positions in the tissue; None: maps only.
    scores : dict, optional
        By title of a map, its scores, for example from ``score_embedding``: r1, r2, s and kept (share of the
        neighbours that t-SNE keeps) appear under the title, as far as they are given.
    image_like : bool
        Tissue with y downwards, as in the image that the positions refer to.
    axes : (int, int)
        Columns of maps with 3 dimensions to draw.
    annotate : bool
        Write each class's name on the maps where the class is densest, so that reading needs no colours.
        Where names would crowd a map: numbers, which the legend explains.
    sections : array-like (n,), optional
        The section of each spot: sections stand side by side, each under its name.
    kept : array-like (n,), optional
        Truth values, or the verdicts of ``map_reliability``: points that are not kept are grey.
    **style
        palette, cmap, vmin, vmax, size, alpha, groups, na_color, title, ax, frameon, legend_loc,
        legend_fontsize, legend_title: see `spasne_tools.plotting.Style`.

    Returns
    -------
    matplotlib.figure.Figure
        Points are rasterised above 3,000, so that a PDF of it stays small.

    Raises
    ------
    ValueError
        For numbers of rows that differ, something that is no matrix, or an option that cannot be.
    TypeError
        For an option of another name.

    Examples
    --------
    >>> import numpy as np
    >>> Y = np.random.default_rng(0).normal(size=(90, 2))
    >>> scores = {"SpaSNE": {"r1": 0.5, "r2": 1}}
    >>> figure = plot_maps({"SpaSNE": Y}, ["a", "b", "c"] * 30, 1000 * Y, scores=scores)
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['Tissue', 'SpaSNE']
    >>> figure = plot_maps(Y, ["a", "b", "c"] * 30, groups=["a"], legend_loc="on data", size=20)
    """
    check_same_rows(maps, {"pixels": pixels, "colors": colors, "sections": sections, "kept": kept})
    colors = pd.Series(of_pandas(colors)).reset_index(drop=True)
    looks = named(make_style(style), colors.name)
    tissue = None if pixels is None else make_tissue(pixels, sections, downwards=image_like)
    panels = make_panels(maps, tissue, axes, len(colors))
    if is_continuous(colors):
        colouring = colour_values(colors.to_numpy(dtype=float), looks, limits=looks.limits(0, 1))
    else:
        colouring = colour_classes(colors, looks)
    if kept is not None:
        colouring = grey_out(colouring, is_kept(kept, len(colors)), looks)
    return compose([colouring], panels, looks, scores, annotate=annotate)
