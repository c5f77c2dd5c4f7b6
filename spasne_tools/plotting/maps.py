"""Figures: tissue beside maps, genes on them, and a 3-D map painted on the tissue.

Figures are made without pyplot, so they need no display and leave no global state. Show one by returning it
in a notebook (after ``%matplotlib inline``), or keep it with ``figure.savefig("map.png", dpi=300)``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from spasne_tools.validation import MatrixLike, as_matrix, check_rows_match

__all__ = ["PALETTE", "palette", "plot_genes", "plot_maps", "plot_rgb", "side_by_side"]

# Six colours of Okabe and Ito, Color Universal Design (2008), continued so that for each k the first k keep a
# large smallest distance (Oklab) in normal, deuteranopic, protanopic and tritanopic vision, as simulated by
# Machado et al., IEEE TVCG 15 (2009) 1291.
PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#5a0f1e",
    "#1e00a5", "#00ff96", "#874b69", "#f0c3ff", "#a578ff", "#4b5a0f", "#a5c387",
    "#870069", "#874be1", "#b42d96", "#4b3cc3", "#b40000", "#78e13c",
)  # fmt: skip
MARKERS = ("o", "^", "s", "D")  # one round of the palette each
CONTINUOUS_COLOURS = "viridis"
PERCENTILES = (1.0, 99.0)  # of continuous values, where the colours end

PANEL_HEIGHT = 3.6  # inches
PANEL_WIDTHS = (1.6, 6.0)  # inches: narrowest and widest panel that a tissue's shape may ask for
LEGEND_WIDTH, BAR_WIDTH = 1.7, 0.4  # inches kept for a legend, and for a bar of colours in its place
LARGEST_VECTOR = 3_000  # points; more are drawn as pixels in vector formats
RASTER_DPI = 200
SECTION_GAP = 0.08  # between sections side by side, share of the widest one's width
# Share of a panel's area that its markers would cover without overlap: few points, and many.
TISSUE_COVER, MAP_COVER = (0.62, 1.3), (0.32, 0.6)
MARKER_AREAS = (0.15, 42.0)  # points^2
SCORE_HEIGHT = 18  # points between a panel and its title, for a line of scores
LEGEND_ROWS = 20  # a longer legend gets another column
NAME_SIZE = 7  # points, of class names on maps
GREY, MISSING_COLOUR = "#4d4d4d", "#d9d9d9"


# ---- colours ---------------------------------------------------------------------------------------------


def palette(labels: Any) -> dict[Any, tuple[str, str]]:
    """Colour and marker of each class, the same for the same classes.

    Classes keep the order of an ordered or unordered category and are else sorted as people sort (tumor_2
    before tumor_10). The first 20 have different colours, chosen to be told apart by colour-blind readers
    too; further ones repeat the colours with another marker.

    Parameters
    ----------
    labels : array-like
        Class of each spot; missing ones get no colour.

    Returns
    -------
    dict
        (colour, marker) by class, in legend order.

    Examples
    --------
    >>> palette(["b_10", "b_9", "a"])
    {'a': ('#0072b2', 'o'), 'b_9': ('#e69f00', 'o'), 'b_10': ('#009e73', 'o')}
    """
    values = pd.Series(labels)
    if isinstance(values.dtype, pd.CategoricalDtype):
        present = set(values.dropna().unique())
        classes = [name for name in values.cat.categories if name in present]
    else:
        classes = sorted(values.dropna().unique().tolist(), key=_natural)
    looks = [(colour, marker) for marker in MARKERS for colour in PALETTE]
    return {name: looks[i % len(looks)] for i, name in enumerate(classes)}


def _natural(name: Any) -> list[tuple[int, float, str]]:
    """Sort key: digits compare as numbers and come before words."""
    if isinstance(name, (int, float, np.number)):
        return [(0, float(name), "")]
    parts = re.split(r"(\d+)", str(name))
    return [(0, float(part), "") if part.isdigit() else (1, 0.0, part.lower()) for part in parts if part]


def is_continuous(colors: pd.Series) -> bool:
    """Floating-point numbers are drawn as continuous colours, anything else as classes."""
    return pd.api.types.is_float_dtype(colors.dtype)


def colour_limits(values: np.ndarray) -> Normalize:
    """Values at which the continuous colours end."""
    low, high = np.nanpercentile(values, PERCENTILES)
    return Normalize(low, high if high > low else low + 1)


# ---- panels and what is drawn in them --------------------------------------------------------------------


@dataclass(frozen=True)
class _Panel:
    """Points (n, 2) to draw: the tissue's or a map's."""

    title: str
    points: np.ndarray
    tissue: bool


@dataclass(frozen=True)
class _Layer:
    """Rows to draw, the last on top, and their looks as keywords of Axes.scatter."""

    rows: np.ndarray
    style: dict[str, Any]


def _panels(
    maps: MatrixLike | Mapping[str, MatrixLike] | None,
    pixels: MatrixLike | None,
    axes: tuple[int, int],
    n: int,
) -> list[_Panel]:
    """The tissue, where there are pixels, and each map; ValueError unless all have n rows."""
    if maps is None:
        maps = {}
    elif not isinstance(maps, Mapping):
        maps = {"Map": maps}
    if not maps and pixels is None:
        raise ValueError("expected at least one map, or pixels, found none")
    panels = [] if pixels is None else [_Panel("Tissue", _plane(pixels, (0, 1), "pixels", n), True)]
    return panels + [_Panel(title, _plane(Y, axes, f"map {title!r}", n), False) for title, Y in maps.items()]


def spread_line(matrix: np.ndarray) -> np.ndarray:
    """A 1-D map spread vertically at random so that its points can be seen."""
    height = np.ptp(matrix) * 0.15
    return np.column_stack([matrix[:, 0], np.random.default_rng(0).uniform(-height, height, len(matrix))])


def _plane(points: MatrixLike, axes: tuple[int, int], name: str, n: int) -> np.ndarray:
    """The two columns to draw."""
    matrix = as_matrix(points, name, allow_sparse=False)
    if len(matrix) != n:
        raise ValueError(f"expected {n} rows in {name}, one per colour, found {len(matrix)}")
    if matrix.shape[1] == 1:
        return spread_line(matrix)
    if max(axes) >= matrix.shape[1]:
        raise ValueError(f"expected {name} with at least {max(axes) + 1} columns, found {matrix.shape[1]}")
    return matrix[:, list(axes)]


def _mixed(n: int) -> np.ndarray:
    """Rows in random order, so that no class lies on top of the others."""
    return np.random.default_rng(0).permutation(n)


def _class_layers(labels: pd.Series) -> list[_Layer]:
    """Missing classes in grey below, then a layer for each marker."""
    looks, classes, missing = palette(labels), labels.astype(object), labels.isna().to_numpy()
    order = _mixed(len(labels))
    order = order[~missing[order]]
    colour = to_rgba_array([looks[name][0] for name in classes.iloc[order]])
    marker = np.array([looks[name][1] for name in classes.iloc[order]])
    layers = [_Layer(np.flatnonzero(missing), {"c": MISSING_COLOUR})]
    for shape in MARKERS:
        drawn = marker == shape
        if drawn.any():
            layers.append(_Layer(order[drawn], {"c": colour[drawn], "marker": shape}))
    return layers


def _value_layers(values: np.ndarray, norm: Normalize) -> list[_Layer]:
    """High values on top: a gene's few must not be hidden."""
    order = _mixed(len(values))
    order = order[np.argsort(values[order], kind="stable")]
    return [_Layer(order, {"c": values[order], "norm": norm, "cmap": CONTINUOUS_COLOURS})]


def _draw(
    row: Sequence[Axes],
    panels: Sequence[_Panel],
    layers: Sequence[_Layer],
    scores: Mapping[str, Mapping[str, float]] | None,
    image_like: bool,
) -> None:
    """A row of panels in the same colours."""
    for ax, panel in zip(row, panels, strict=True):
        n = len(panel.points)
        area, rasterized = _marker_area(n, ax, panel.tissue), n > LARGEST_VECTOR
        for layer in layers:
            x, y = panel.points[layer.rows].T
            ax.scatter(x, y, s=area, linewidths=0, rasterized=rasterized, **layer.style)
        of_panel = None if scores is None else scores.get(panel.title, {})
        _finish(ax, panel.title, of_panel, panel.tissue and image_like)


def _panel_size(ax: Axes) -> np.ndarray:
    """Width and height in points, before the layout makes room for titles."""
    return np.array([ax.bbox.width, ax.bbox.height]) * 72 / ax.figure.dpi


def _marker_area(n: int, ax: Axes, tissue: bool) -> float:
    """Area of a marker in points^2, so that n of them are neither lost nor a blot."""
    cover = (TISSUE_COVER if tissue else MAP_COVER)[n > LARGEST_VECTOR]
    return float(np.clip(cover * _panel_size(ax).prod() / n, *MARKER_AREAS))


def _finish(ax: Axes, title: str, scores: Mapping[str, float] | None, upside_down: bool) -> None:
    ax.set_aspect("equal", adjustable="datalim")
    if upside_down:
        ax.invert_yaxis()
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set(linewidth=0.6, color="#bfbfbf")
    pad = 6 if scores is None else SCORE_HEIGHT
    ax.set_title(title, fontsize=11, fontweight="bold", loc="left", pad=pad)
    if scores is not None:
        ax.annotate(
            _score_text(scores), (0, 1), (0, 5), "axes fraction", "offset points", fontsize=9, color=GREY
        )


def _score_text(scores: Mapping[str, float]) -> str:
    """r1 = 0.66, r2 = 0.72, s = 0.00: two digits, and no minus before a zero."""
    symbols = {"r1": "$r_1$", "r2": "$r_2$", "s": "$s$"}
    return ", ".join(
        f"{symbols[name]} = {round(float(scores[name]), 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")
        for name in symbols
        if name in scores
    )


def side_by_side(pixels: MatrixLike, sections: Any) -> np.ndarray:
    """Positions of several tissue sections moved so that the sections stand in a row, to be drawn at once.

    Parameters
    ----------
    pixels : array-like (n, 2 or more)
        Positions, each section's in a frame of its own.
    sections : array-like (n,)
        The section of each spot.

    Returns
    -------
    ndarray (n, 2 or more)
        In the order of `palette`, tops aligned, a small gap between neighbours.

    Raises
    ------
    ValueError
        For numbers of rows that differ, or a spot without a section.

    Examples
    --------
    >>> side_by_side([[0, 0], [10, 5], [500, 90], [510, 95]], ["a", "a", "b", "b"])
    array([[ 0. ,  0. ],
           [10. ,  5. ],
           [10.8,  0. ],
           [20.8,  5. ]])
    """
    moved = as_matrix(pixels, "pixels", allow_sparse=False).copy()
    names = pd.Series(sections).reset_index(drop=True)
    check_rows_match(moved, names, "sections")
    if names.isna().any():
        raise ValueError(f"expected a section of every row, found {names.isna().sum()} missing")
    parts = [(names == name).to_numpy() for name in palette(names)]
    gap = SECTION_GAP * max(np.ptp(moved[part, 0]) for part in parts)
    left = 0.0
    for part in parts:
        moved[part] -= moved[part].min(axis=0)
        moved[part, 0] += left
        left = moved[part, 0].max() + gap
    return moved


# ---- figures ---------------------------------------------------------------------------------------------


def plot_maps(
    maps: MatrixLike | Mapping[str, MatrixLike] | None,
    colors: Any,
    pixels: MatrixLike | None = None,
    *,
    scores: Mapping[str, Mapping[str, float]] | None = None,
    image_like: bool = True,
    axes: tuple[int, int] = (0, 1),
    annotate: bool = False,
    legend_title: str | None = None,
) -> Figure:
    """Draw the tissue and one or several maps side by side, in the same colours, with one legend.

    Parameters
    ----------
    maps : array-like (n, n_dims), dict of them, or None
        A map, or maps by title; None: the tissue only. 1-D maps are spread vertically at random.
    colors : array-like (n,)
        Floating-point numbers are drawn as continuous colours (from the 1st to the 99th percentile), anything
        else as classes (see `palette`); missing classes in grey.
    pixels : array-like (n, 2 or more), optional
        Positions in the tissue; None: maps only.
    scores : dict, optional
        By title of a map, its scores, for example from ``score_embedding``: r1, r2 and s appear under the
        title.
    image_like : bool
        Tissue with y downwards, as in the image that the positions refer to.
    axes : (int, int)
        Columns of maps with 3 dimensions to draw.
    annotate : bool
        Write each class's name on the maps at its median point, so that reading needs no colours.
    legend_title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        Points are rasterised above 3,000, so that a PDF of it stays small.

    Raises
    ------
    ValueError
        For numbers of rows that differ, or something that is no matrix.

    Examples
    --------
    >>> import numpy as np
    >>> Y = np.random.default_rng(0).normal(size=(90, 2))
    >>> scores = {"SpaSNE": {"r1": 0.5, "r2": 1}}
    >>> figure = plot_maps({"SpaSNE": Y}, ["a", "b", "c"] * 30, 1000 * Y, scores=scores)
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['Tissue', 'SpaSNE']
    """
    colors = pd.Series(colors).reset_index(drop=True)
    panels = _panels(maps, pixels, axes, len(colors))
    figure, grid = _grid(panels, 1)
    if is_continuous(colors):
        norm = colour_limits(colors.to_numpy(dtype=float))
        _draw(grid[0], panels, _value_layers(colors.to_numpy(dtype=float), norm), scores, image_like)
        _color_bar(figure, grid[0], norm, legend_title)
        return figure
    _draw(grid[0], panels, _class_layers(colors), scores, image_like)
    for ax, panel in zip(grid[0], panels, strict=True):
        if annotate and not panel.tissue:
            _annotate(ax, panel.points, colors)
    _legend(figure, colors, legend_title)
    return figure


def plot_genes(
    maps: MatrixLike | Mapping[str, MatrixLike] | None,
    expression: pd.DataFrame,
    pixels: MatrixLike | None = None,
    *,
    n_columns: int = 1,
    image_like: bool = True,
    axes: tuple[int, int] = (0, 1),
) -> Figure:
    """Draw genes on the tissue and on maps: a row of panels for each gene, or for every few.

    Parameters
    ----------
    maps, pixels, image_like, axes
        As in `plot_maps`.
    expression : DataFrame (n, genes)
        Values of the genes to draw, usually log-normalised; each gene has its own colour scale, from the 1st
        to the 99th percentile.
    n_columns : int
        Genes side by side, 1 or more.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        For numbers of rows that differ, values that are no finite numbers, or n_columns below 1.

    Examples
    --------
    >>> import numpy as np
    >>> Y = np.random.default_rng(0).normal(size=(50, 2))
    >>> len(plot_genes(Y, pd.DataFrame({"Gad1": Y[:, 0], "Mbp": Y[:, 1]}), 1000 * Y).axes)
    6
    """
    if n_columns < 1:
        raise ValueError(f"expected n_columns of 1 or more, found {n_columns}")
    values = pd.DataFrame(as_matrix(expression, "expression"), columns=expression.columns)
    panels = _panels(maps, pixels, axes, len(values))
    n_columns = min(n_columns, values.shape[1])
    figure, grid = _grid(panels * n_columns, -(-values.shape[1] // n_columns), n_columns)
    rows = grid.reshape(-1, len(panels))  # one for each gene, and what is left over
    for number, (row, (gene, level)) in enumerate(zip(rows, values.items(), strict=False)):
        norm = colour_limits(level.to_numpy())
        titled = panels if number < n_columns else [replace(panel, title="") for panel in panels]
        _draw(list(row), titled, _value_layers(level.to_numpy(), norm), None, image_like)
        row[0].set_ylabel(str(gene), fontsize=11, fontstyle="italic")
        _color_bar(figure, list(row), norm, None)
    for ax in rows[values.shape[1] :].flat:
        ax.remove()
    return figure


def plot_rgb(Y: MatrixLike, pixels: MatrixLike, *, image_like: bool = True) -> Figure:
    """Paint a 3-D map on the tissue: its axes are red, green and blue.

    Each axis is scaled from its 1st to its 99th percentile, so spots of like colour are near each other in
    the map. Beside the tissue are two views of the map in the same colours.

    Parameters
    ----------
    Y : array-like (n, 3)
    pixels : array-like (n, 2 or more)
    image_like : bool
        Tissue with y downwards.

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
    Y = as_matrix(Y, "Y", allow_sparse=False)
    if Y.shape[1] != 3:
        raise ValueError(f"expected a map with 3 dimensions, found {Y.shape[1]}")
    low, high = np.percentile(Y, PERCENTILES, axis=0)
    rgb = np.clip((Y - low) / np.where(high > low, high - low, 1), 0, 1)
    panels = _panels({"Axes 1 and 2": Y[:, [0, 1]], "Axes 1 and 3": Y[:, [0, 2]]}, pixels, (0, 1), len(Y))
    figure, grid = _grid(panels, 1)
    order = _mixed(len(Y))
    _draw(grid[0], panels, [_Layer(order, {"c": rgb[order]})], None, image_like)
    return figure


# ---- layout ----------------------------------------------------------------------------------------------


def _grid(panels: Sequence[_Panel], n_rows: int, n_legends: int = 1) -> tuple[Figure, np.ndarray]:
    """Axes of equal height, a tissue's as wide as its shape asks for, maps' square; room for legends."""
    widths = []
    for panel in panels:
        width, height = np.ptp(panel.points, axis=0)
        shape = width / height if panel.tissue and height > 0 else 1.0
        widths.append(float(np.clip(PANEL_HEIGHT * shape, *PANEL_WIDTHS)))
    size = (sum(widths) + LEGEND_WIDTH * n_legends, PANEL_HEIGHT * n_rows + 0.6)
    figure = Figure(figsize=size, dpi=RASTER_DPI, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.07))
    return figure, figure.subplots(n_rows, len(widths), squeeze=False, width_ratios=widths)


def _annotate(ax: Axes, points: np.ndarray, colors: pd.Series) -> None:
    """Each class's name near its median point, pushed up or down where two names would overlap."""
    names = [str(name) for name in palette(colors)]
    middle = np.array([np.median(points[(colors == name).to_numpy()], axis=0) for name in palette(colors)])
    points_per_unit = (_panel_size(ax) / np.ptp(points, axis=0)).min()
    half = NAME_SIZE * np.array([(0.3 * len(name), 0.7) for name in names])
    shift = _push_apart(middle * points_per_unit, half)
    for name, at, up in zip(names, middle, shift, strict=True):
        ax.annotate(
            name, at, (0, up), textcoords="offset points", ha="center", va="center", fontsize=NAME_SIZE,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "alpha": 0.8, "linewidth": 0},
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": GREY} if abs(up) > NAME_SIZE else None,
        )  # fmt: skip


def _push_apart(centres: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Vertical shifts after which boxes of given half sizes hardly overlap."""
    at = centres.copy()
    for _ in range(200):
        apart = at[:, None] - at[None]
        overlap = (half[:, None] + half[None]) - np.abs(apart)
        overlap[np.arange(len(at)), np.arange(len(at))] = 0
        both = (overlap > 0).all(axis=2)
        if not both.any():
            break
        earlier = np.sign(np.subtract.outer(np.arange(len(at)), np.arange(len(at))))
        direction = np.where(apart[..., 1] == 0, earlier, np.sign(apart[..., 1]))
        at[:, 1] += 0.3 * np.where(both, overlap[..., 1] * direction, 0).sum(axis=1)
    return at[:, 1] - centres[:, 1]


def _legend(figure: Figure, colors: pd.Series, title: str | None) -> None:
    handles = [
        Line2D([], [], lw=0, marker=marker, ms=6.5, markeredgewidth=0, color=colour, label=str(name))
        for name, (colour, marker) in palette(colors).items()
    ]
    figure.legend(
        handles=handles, loc="outside right center", title=title, fontsize=9, frameon=False, alignment="left",
        ncols=1 + (len(handles) - 1) // LEGEND_ROWS, columnspacing=0.8, handletextpad=0.2, labelspacing=0.35,
    )  # fmt: skip


def _color_bar(figure: Figure, panels: Sequence[Axes], norm: Normalize, title: str | None) -> None:
    scale = ScalarMappable(norm, CONTINUOUS_COLOURS)
    share = BAR_WIDTH / sum(ax.bbox.width / figure.dpi for ax in panels)
    bar = figure.colorbar(scale, ax=list(panels), fraction=share, pad=share / 2, shrink=0.8, aspect=18)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, width=0.6)
    if title:
        bar.set_label(title, fontsize=9)
