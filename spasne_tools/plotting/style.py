"""How a figure looks: one vocabulary for all figures, that of scanpy and squidpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.legend import Legend

from spasne_tools.plotting.class_colours import MISSING_COLOUR, Palette, as_hex
from spasne_tools.plotting.colour_scale import Limit
from spasne_tools.plotting.nearest import nearest_to
from spasne_tools.run.checks import number, optional

GREY = "#4d4d4d"  # of what is written or drawn beside the points
RIGHT_MARGIN, ON_DATA = "right margin", "on data"
LEGEND_PLACES = (RIGHT_MARGIN, ON_DATA, "none", *Legend.codes)


@dataclass(frozen=True)
class Style:
    """Options that `plot_maps`, `plot_genes`, `plot_rgb` and ``spasne.pl.spasne`` share.

    Attributes
    ----------
    palette : sequence or dict of colours, or name of a colour map, optional
        Colours of classes; a dict goes by class. None: those of `spasne_tools.plotting.palette`.
    cmap : str or matplotlib Colormap, optional
        Colours of numbers. None: viridis, and zeros of genes in `na_color`.
    vmin, vmax : float, str or None, or a list of them, one for each column of numbers
        Where the colours of numbers end: a value, or a percentile such as "p99". None: the 1st and 99th.
    size : float, optional
        Size of a point in the unit of ``sc.pl.embedding``: four times its area in points². None: so that the
        points cover a good part of their panel.
    alpha : float
        Opacity of the points, above 0 and up to 1.
    groups : class or list of classes, optional
        Draw only these in their colours, all others in `na_color` below them.
    na_color : colour
        Of points without a class or number.
    title : str or list of str, optional
        Above the figure, or above its only panel; a list: a title for each panel, from left to right.
    ax : matplotlib Axes, or list of Axes, optional
        Draw into these, as many as there are panels, instead of a new figure.
    frameon : bool
        Draw a frame around each panel.
    legend_loc : str or None
        "right margin"; "on data", the names of classes on the map, or, where these would crowd it, numbers
        that the right margin explains; a place in the last panel that matplotlib knows, such as "upper left";
        None or "none", no legend.
    legend_fontsize : float or str, optional
        Points, or "small", "medium" ...
    legend_title : str, optional
        Above the legend, or beside the bar of colours. None: the name of the column drawn, where it has one;
        "": nothing.
    """

    palette: Palette | None = None
    cmap: Any = None
    vmin: Limit | Sequence[Limit] = None
    vmax: Limit | Sequence[Limit] = None
    size: float | None = None
    alpha: float = 1.0
    groups: Any = None
    na_color: Any = MISSING_COLOUR
    title: str | Sequence[str] | None = None
    ax: Axes | Sequence[Axes] | None = None
    frameon: bool = True
    legend_loc: str | None = RIGHT_MARGIN
    legend_fontsize: float | str | None = None
    legend_title: str | None = None

    def __post_init__(self) -> None:
        optional(number())("size", self.size)
        number()("alpha", self.alpha)
        if self.alpha > 1:
            raise ValueError(f"expected alpha of at most 1, found {self.alpha!r}")
        as_hex(self.na_color, "na_color")
        if self.legend_loc is not None and self.legend_loc not in LEGEND_PLACES:
            raise ValueError(
                f"expected legend_loc to be None or one of {', '.join(LEGEND_PLACES)}, "
                f"found {self.legend_loc!r}"
            )
        if isinstance(self.cmap, str) and self.cmap not in colormaps:
            raise ValueError(
                f"expected cmap to name one of matplotlib's colour maps, found {self.cmap!r}"
                f"{nearest_to(self.cmap, colormaps)}"
            )

    @property
    def axes_given(self) -> list[Axes]:
        """The axes to draw into; none where a figure is to be made."""
        if self.ax is None:
            return []
        return [self.ax] if isinstance(self.ax, Axes) else list(np.ravel(np.asarray(self.ax)))

    def limits(self, column: int, n_columns: int) -> tuple[Limit, Limit]:
        """vmin and vmax of one of the columns drawn."""
        return (
            _of_column("vmin", self.vmin, column, n_columns),
            _of_column("vmax", self.vmax, column, n_columns),
        )


def make_style(given: Mapping[str, Any]) -> Style:
    """The style that keywords ask for; TypeError, with the nearest name, for one that is none."""
    known = [field.name for field in fields(Style)]
    for name in given:
        if name not in known:
            raise TypeError(
                f"expected options among {', '.join(known)}, found {name!r}{nearest_to(name, known)}"
            )
    return Style(**given)


def named(style: Style, name: Any) -> Style:
    """`style` with the `name` of the column drawn as the legend's title, where none was asked for."""
    if style.legend_title is None and isinstance(name, str):
        return replace(style, legend_title=name)
    return style


def _of_column(name: str, given: Limit | Sequence[Limit], column: int, n_columns: int) -> Limit:
    if given is None or isinstance(given, (str, int, float, np.number)):
        return given
    if len(given) != n_columns:
        raise ValueError(f"expected one {name}, or {n_columns}, one for each column, found {len(given)}")
    return given[column]
