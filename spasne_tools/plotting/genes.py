"""Genes on the tissue and on maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from spasne_tools.plotting.figure import colour_values, compose
from spasne_tools.plotting.panels import make_panels
from spasne_tools.plotting.same_rows import check_same_rows
from spasne_tools.plotting.style import make_style
from spasne_tools.plotting.tissue import make_tissue
from spasne_tools.validation import MatrixLike, as_matrix

__all__ = ["plot_genes"]


def plot_genes(
    maps: MatrixLike | Mapping[str, MatrixLike] | None,
    expression: pd.DataFrame,
    pixels: MatrixLike | None = None,
    *,
    n_columns: int = 1,
    image_like: bool = True,
    axes: tuple[int, int] = (0, 1),
    sections: Any = None,
    **style: Any,
) -> Figure:
    """Draw genes on the tissue and on maps: a row of panels for each gene, or for every few.

    Parameters
    ----------
    maps, pixels, image_like, axes, sections, **style
        As in `plot_maps`.
    expression : DataFrame (n, genes)
        Values of the genes to draw, usually log-normalised; each gene has its own colour scale, from the 1st
        to the 99th percentile. Zeros are grey unless `cmap` is given.
    n_columns : int
        Genes side by side, 1 or more.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        For numbers of rows that differ, values that are no finite numbers, n_columns below 1, or an option
        that cannot be.
    TypeError
        For an option of another name.

    Examples
    --------
    >>> import numpy as np
    >>> Y = np.random.default_rng(0).normal(size=(50, 2))
    >>> len(plot_genes(Y, pd.DataFrame({"Gad1": Y[:, 0], "Mbp": Y[:, 1]}), 1000 * Y).axes)
    6
    """
    if n_columns < 1:
        raise ValueError(f"expected n_columns of 1 or more, found {n_columns}")
    check_same_rows(maps, {"pixels": pixels, "expression": expression, "sections": sections})
    values, looks = as_matrix(expression, "expression"), make_style(style)
    tissue = None if pixels is None else make_tissue(pixels, sections, downwards=image_like)
    panels = make_panels(maps, tissue, axes, len(values))
    colourings = [
        colour_values(values[:, i], looks, str(gene), looks.limits(i, values.shape[1]), gene=True)
        for i, gene in enumerate(expression.columns)
    ]
    return compose(colourings, panels, looks, n_columns=n_columns)
