"""A 3-D map painted on the tissue."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from spasne_tools.plotting.colour_scale import PERCENTILES
from spasne_tools.plotting.figure import Colouring, compose
from spasne_tools.plotting.layers import Layer, mixed
from spasne_tools.plotting.panels import make_panels
from spasne_tools.plotting.same_rows import check_same_rows
from spasne_tools.plotting.style import make_style
from spasne_tools.plotting.tissue import make_tissue
from spasne_tools.validation import MatrixLike, as_matrix

__all__ = ["plot_rgb"]


def plot_rgb(
    Y: MatrixLike, pixels: MatrixLike, *, image_like: bool = True, sections: Any = None, **style: Any
) -> Figure:
    """Paint a 3-D map on the tissue: its axes are red, green and blue.

    Each axis is scaled from its 1st to its 99th percentile, so spots of like colour are near each other in
    the map. Beside the tissue are two views of the map in the same colours.

    Parameters
    ----------
    Y : array-like (n, 3)
    pixels : array-like (n, 2 or more)
    image_like : bool
        Tissue with y downwards.
    sections : array-like (n,), optional
        The section of each spot: sections stand side by side, each under its name.
    **style
        size, alpha, title, ax, frameon: see `spasne_tools.plotting.Style`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        For another number of dimensions, or numbers of rows that differ.

    Examples
    --------
    >>> import numpy as np
    >>> Y = np.random.default_rng(0).normal(size=(50, 3))
    >>> [ax.get_title(loc="left") for ax in plot_rgb(Y, 1000 * Y).axes]
    ['Tissue', 'Axes 1 and 2', 'Axes 1 and 3']
    """
    check_same_rows(Y, {"pixels": pixels, "sections": sections})
    Y = as_matrix(Y, "Y", allow_sparse=False)
    if Y.shape[1] != 3:
        raise ValueError(f"expected a map with 3 dimensions, found {Y.shape[1]}")
    low, high = np.percentile(Y, PERCENTILES, axis=0)
    rgb = np.clip((Y - low) / np.where(high > low, high - low, 1), 0, 1)
    views = {"Axes 1 and 2": Y[:, [0, 1]], "Axes 1 and 3": Y[:, [0, 2]]}
    panels = make_panels(views, make_tissue(pixels, sections, downwards=image_like), (0, 1), len(Y))
    order = mixed(len(Y))
    return compose([Colouring([Layer(order, {"c": rgb[order]})])], panels, make_style(style))
