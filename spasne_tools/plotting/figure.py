"""A figure put together: for each column to colour by, a row of panels and its key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from spasne_tools.plotting.class_colours import Looks, as_hex, class_order, looks_of
from spasne_tools.plotting.class_names import names_crowd, write_names
from spasne_tools.plotting.colour_bar import ColourBar
from spasne_tools.plotting.colour_scale import CONTINUOUS_COLOURS, Limit, colour_limits
from spasne_tools.plotting.layers import Layer, class_layers, value_layers
from spasne_tools.plotting.legend import Legend
from spasne_tools.plotting.nearest import nearest_to
from spasne_tools.plotting.panels import PANEL_HEIGHT, Panel, Scores, draw_panel, size_in_points
from spasne_tools.plotting.style import ON_DATA, Style

RASTER_DPI = 200
TITLE_ROOM = 0.6  # inches


@dataclass(frozen=True)
class Colouring:
    """A column to colour by: how its points are drawn, and the key to that."""

    layers: list[Layer]
    key: Legend | ColourBar | None = None
    name: str | None = None  # beside its row of panels
    italic: bool = False  # a gene's
    labels: pd.Series | None = None
    looks: Looks | None = None


def colour_classes(
    labels: pd.Series, style: Style, name: str | None = None, looks: Looks | None = None
) -> Colouring:
    """Colours of classes: `looks`, which may have more than occur, or those of style.palette."""
    order = class_order(labels)
    looks = looks_of(order, style.palette) if looks is None else {known: looks[known] for known in order}
    if style.groups is not None:
        looks = {group: looks[group] for group in _chosen(style.groups, looks)}
    grey = as_hex(style.na_color)
    has_others = not labels.astype(object).isin(list(looks)).all()
    layers = class_layers(labels, looks, grey)
    return Colouring(layers, Legend(looks, grey if has_others else None), name, labels=labels, looks=looks)


def _chosen(groups: Any, looks: Looks) -> list[Any]:
    """`groups` in the order of the classes."""
    wanted = [groups] if np.isscalar(groups) else list(groups)
    for group in wanted:
        if group not in looks:
            raise ValueError(
                f"expected groups among the classes, found {group!r}{nearest_to(str(group), map(str, looks))}"
            )
    return [name for name in looks if name in wanted]


def colour_values(
    values: np.ndarray,
    style: Style,
    name: str | None = None,
    limits: tuple[Limit, Limit] = (None, None),
    gene: bool = False,
) -> Colouring:
    """Colours of numbers (n,): grey where missing and, unless cmap is given, where a gene is 0."""
    if np.isinf(values).any():
        raise ValueError(f"expected finite or missing numbers, found {int(np.isinf(values).sum())} infinite")
    is_grey = np.isnan(values)
    if gene and style.cmap is None and not (values < 0).any():
        is_grey |= values == 0
    grey, colours = as_hex(style.na_color), CONTINUOUS_COLOURS if style.cmap is None else style.cmap
    norm = colour_limits(values, *limits)
    key = ColourBar(norm, colours, grey if is_grey.any() else None)
    return Colouring(value_layers(values, norm, colours, is_grey, grey), key, name, italic=gene)


def compose(
    colourings: Sequence[Colouring],
    panels: Sequence[Panel],
    style: Style,
    scores: Scores | None = None,
    n_columns: int = 1,
    annotate: bool = False,
) -> Figure:
    """A row of panels for each colouring, or for every `n_columns` of them side by side."""
    panels, heading = _titled(panels, style)
    if annotate or style.legend_loc == ON_DATA:
        colourings = [_numbered(colouring, panels, style) for colouring in colourings]
    n_columns = min(n_columns, len(colourings))
    figure, rows = _grid(colourings, panels, style, n_columns)
    if heading is not None:
        figure.suptitle(heading, fontsize=12, fontweight="bold")
    for number, (row, colouring) in enumerate(zip(rows, colourings, strict=False)):
        untitled = style.ax is None and number >= n_columns
        for ax, panel in zip(row, panels, strict=True):
            shown = replace(panel, title="") if untitled else panel
            draw_panel(ax, shown, colouring.layers, style, scores)
        _name_classes(row, panels, colouring, style, annotate)
        if colouring.name is not None:
            row[0].set_ylabel(
                colouring.name, fontsize=11, fontstyle="italic" if colouring.italic else "normal"
            )
        if colouring.key is not None:
            colouring.key.draw(figure, list(row), style)
    for ax in rows[len(colourings) :].flat:
        ax.remove()
    return figure


def _titled(panels: Sequence[Panel], style: Style) -> tuple[list[Panel], str | None]:
    """The panels with the titles asked for, and the heading of the figure."""
    if style.title is None:
        return list(panels), None
    if isinstance(style.title, str) and len(panels) > 1 and style.ax is None:
        return list(panels), style.title
    titles = [style.title] if isinstance(style.title, str) else list(style.title)
    if len(titles) != len(panels):
        raise ValueError(f"expected {len(panels)} titles, one for each panel, found {len(titles)}")
    return [replace(panel, title=title) for panel, title in zip(panels, titles, strict=True)], None


def _grid(
    colourings: Sequence[Colouring], panels: Sequence[Panel], style: Style, n_columns: int
) -> tuple[Figure, np.ndarray]:
    """Axes by colouring and panel: those given, or those of a new figure with room for the keys."""
    if given := style.axes_given:
        if len(colourings) > 1 or len(given) != len(panels):
            wanted = (
                f"{len(panels)} axes, one for each panel" if len(colourings) == 1 else "one column with ax"
            )
            found = len(given) if len(colourings) == 1 else len(colourings)
            raise ValueError(f"expected {wanted}, found {found}")
        return cast(Figure, given[0].figure), np.array(given, dtype=object)[None]
    n_rows = -(-len(colourings) // n_columns)
    widths = [panel.width for panel in panels]
    keys = [
        max(
            (colouring.key.width(style) for colouring in colourings[column::n_columns] if colouring.key),
            default=0.1,
        )
        for column in range(n_columns)
    ]
    size = (sum(widths) * n_columns + sum(keys), PANEL_HEIGHT * n_rows + TITLE_ROOM)
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.07, compress=True)  # of panels that keep their shape
    figure = Figure(figsize=size, dpi=RASTER_DPI, layout=layout)
    axes = figure.subplots(n_rows, len(widths) * n_columns, squeeze=False, width_ratios=widths * n_columns)
    return figure, axes.reshape(-1, len(panels))


def _numbered(colouring: Colouring, panels: Sequence[Panel], style: Style) -> Colouring:
    """With numbers on the map, and in its legend, where names would crowd the map and there is a legend."""
    if colouring.looks is None or not isinstance(colouring.key, Legend) or style.legend_loc in (None, "none"):
        return colouring
    texts = [str(name) for name in colouring.looks]
    for number in _named(panels):
        ax = style.axes_given[number] if style.axes_given else None
        if names_crowd(texts, style.legend_fontsize, size_in_points(ax, panels[number], style)):
            return replace(colouring, key=replace(colouring.key, numbered=True))
    return colouring


def _named(panels: Sequence[Panel]) -> list[int]:
    """Which panels have the names of classes: the maps, or the tissue where there is no map."""
    maps = [number for number, panel in enumerate(panels) if panel.tissue is None]
    return maps or list(range(len(panels)))


def _name_classes(
    row: Sequence[Axes], panels: Sequence[Panel], colouring: Colouring, style: Style, annotate: bool
) -> None:
    """Names of classes, or the numbers that stand for them in the legend."""
    if colouring.labels is None or not (annotate or style.legend_loc == ON_DATA):
        return
    written = {name: str(name) for name in colouring.looks or {}}
    if isinstance(colouring.key, Legend) and colouring.key.numbered:
        written = colouring.key.numbers()
    for number in _named(panels):
        ax, panel = row[number], panels[number]
        size = size_in_points(ax, panel, style)
        write_names(ax, panel.points, colouring.labels, written, style.legend_fontsize, size)
