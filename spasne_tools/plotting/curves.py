"""``spasne.plot_curves``: what a whole map keeps, at every scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from spasne_tools.reliability.curves import Curves

NAMES = {"expression": "expression", "space": "tissue"}
COLOURS = {"expression": "#0072b2", "space": "#e69f00"}  # of Okabe and Ito
CHANCE_COLOUR, MEDIAN_COLOUR = "#7f7f7f", "#d55e00"
PANEL = (3.6, 3.2)  # inches
BINS = 60  # of each distance
MEDIAN_BINS = 30
FARTHEST = 99.5  # percentile at which the axes of distances end


def plot_curves(curves: Curves, title: str | None = None) -> Figure:
    """Draw a whole map's curves: neighbours kept over k, and distances on the map against those it shows.

    Parameters
    ----------
    curves : Curves
        From ``spasne.map_curves``.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        Left, the share of the k nearest that are among the k nearest on the map, and by chance. Then the
        density of pairs of points over both distances, in units of their medians; the line is the median
        distance on the map.

    Examples
    --------
    >>> import numpy as np
    >>> from spasne import map_curves
    >>> Y = np.random.default_rng(0).normal(size=(200, 2))
    >>> figure = plot_curves(map_curves(Y, 3 * Y, Y))
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['k', 'distance in expression', 'distance in tissue']
    """
    shown = [name for name in NAMES if name in curves.neighbours]
    width = PANEL[0] * (1 + len(shown))
    figure = Figure(figsize=(width, PANEL[1]), layout="constrained", dpi=100)
    axes = figure.subplots(1, 1 + len(shown))
    _draw_neighbours(axes[0], curves.neighbours, shown)
    for ax, name in zip(axes[1:], shown, strict=True):
        _draw_distances(ax, curves.distances[[name, "map"]].dropna(), NAMES[name])
    if title is not None:
        figure.suptitle(title, fontweight="bold", x=0.01, ha="left")
    return figure


def _draw_neighbours(ax: Axes, neighbours: pd.DataFrame, shown: list[str]) -> None:
    for name in shown:
        ax.plot(neighbours.index, neighbours[name], color=COLOURS[name], label=NAMES[name])
    ax.plot(neighbours.index, neighbours["chance"], "--", color=CHANCE_COLOUR, label="chance")
    ax.set(xscale="log", xlabel="k", ylabel="share of k neighbours kept", ylim=(0, 1))
    ax.legend(frameon=False, fontsize=9)
    ax.spines[["top", "right"]].set_visible(False)


def _draw_distances(ax: Axes, distances: pd.DataFrame, name: str) -> None:
    """A density with the median of the distance on the map in each bin of the other."""
    units = distances.median()
    x, y = (distances / units.where(units > 0, 1)).to_numpy().T
    ends = np.percentile(x, FARTHEST), np.percentile(y, FARTHEST)
    within = (0, ends[0]), (0, ends[1])
    ax.hist2d(x, y, BINS, range=within, cmap="Greys", norm=LogNorm(), rasterized=True)
    edges = np.quantile(x, np.linspace(0, 1, MEDIAN_BINS + 1))
    medians = pd.Series(y).groupby(np.searchsorted(edges[1:-1], x, side="right")).median()
    middles = pd.Series(x).groupby(np.searchsorted(edges[1:-1], x, side="right")).median()
    ax.plot(middles, medians, color=MEDIAN_COLOUR, linewidth=2)
    ax.set(xlabel=f"distance in {name}", ylabel="distance on the map", xlim=within[0], ylim=within[1])
    ax.spines[["top", "right"]].set_visible(False)
