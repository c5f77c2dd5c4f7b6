"""Figures: tissue beside maps, genes on them, and a 3-D map painted on the tissue.

Figures are made without pyplot, so they need no display and leave no global state. Show one by returning it
in a notebook (after ``%matplotlib inline``), or keep it with ``figure.savefig("map.png", dpi=300)``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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

__all__ = ["PALETTE", "palette", "plot_genes", "plot_maps", "plot_rgb"]

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
LARGEST_VECTOR = 3_000  # points; more are drawn as pixels in vector formats
RASTER_DPI = 200
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


# ---- one panel -------------------------------------------------------------------------------------------


def spread_line(matrix: np.ndarray) -> np.ndarray:
    """A 1-D map spread vertically at random so that its points can be seen."""
    height = np.ptp(matrix) * 0.15
    return np.column_stack([matrix[:, 0], np.random.default_rng(0).uniform(-height, height, len(matrix))])


def _plane(points: MatrixLike, axes: tuple[int, int], name: str) -> np.ndarray:
    """The two columns to draw."""
    matrix = as_matrix(points, name, allow_sparse=False)
    if matrix.shape[1] == 1:
        return spread_line(matrix)
    if max(axes) >= matrix.shape[1]:
        raise ValueError(f"expected {name} with at least {max(axes) + 1} columns, found {matrix.shape[1]}")
    return matrix[:, list(axes)]


def _panel_size(ax: Axes) -> np.ndarray:
    """Width and height in points, before the layout makes room for titles."""
    return np.array([ax.bbox.width, ax.bbox.height]) * 72 / ax.figure.dpi


def _marker_area(n: int, ax: Axes, tissue: bool) -> float:
    """Area of a marker in points^2, so that n of them are neither lost nor a blot."""
    cover = (TISSUE_COVER if tissue else MAP_COVER)[n > LARGEST_VECTOR]
    return float(np.clip(cover * _panel_size(ax).prod() / n, *MARKER_AREAS))


def _scatter(ax: Axes, points: np.ndarray, area: float, rasterized: bool, **style: Any) -> None:
    ax.scatter(points[:, 0], points[:, 1], s=area, linewidths=0, rasterized=rasterized, **style)


def _draw(ax: Axes, points: np.ndarray, colors: pd.Series, norm: Normalize | None, tissue: bool) -> None:
    """One panel's points, in random order so that no class lies on top of the others."""
    order = np.random.default_rng(0).permutation(len(points))
    area, rasterized = _marker_area(len(points), ax, tissue), len(points) > LARGEST_VECTOR
    if norm is not None:
        values = colors.to_numpy(dtype=float)
        order = order[np.argsort(values[order], kind="stable")]  # a gene's high values must not be hidden
        _scatter(ax, points[order], area, rasterized, c=values[order], norm=norm, cmap=CONTINUOUS_COLOURS)
        return
    looks, classes = palette(colors), colors.astype(object)
    missing = colors.isna().to_numpy()
    _scatter(ax, points[missing], area, rasterized, c=MISSING_COLOUR)
    order = order[~missing[order]]
    colour = to_rgba_array([looks[name][0] for name in classes.iloc[order]])
    marker = np.array([looks[name][1] for name in classes.iloc[order]])
    for shape in MARKERS:
        drawn = marker == shape
        if drawn.any():
            _scatter(ax, points[order[drawn]], area, rasterized, c=colour[drawn], marker=shape)


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


# ---- figures ---------------------------------------------------------------------------------------------


def plot_maps(
    maps: MatrixLike | Mapping[str, MatrixLike],
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
    maps : array-like (n, n_dims) or dict of them
        A map, or maps by title. 1-D maps are spread vertically at random.
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
    if not isinstance(maps, Mapping):
        maps = {"Map": maps}
    if not maps:
        raise ValueError("expected at least one map, found none")
    panels = {} if pixels is None else {"Tissue": _plane(pixels, (0, 1), "pixels")}
    panels |= {title: _plane(Y, axes, f"map {title!r}") for title, Y in maps.items()}
    colors = _color_series(colors, panels)
    norm = colour_limits(colors.to_numpy(dtype=float)) if is_continuous(colors) else None
    on_tissue = [pixels is not None and number == 0 for number in range(len(panels))]
    figure, grid = _grid([list(panels.values())], on_tissue)
    for ax, (title, points), tissue in zip(grid[0], panels.items(), on_tissue, strict=True):
        _draw(ax, points, colors, norm, tissue)
        _finish(ax, title, None if scores is None else scores.get(title, {}), tissue and image_like)
        if annotate and norm is None and not tissue:
            _annotate(ax, points, colors)
    if norm is None:
        _legend(figure, colors, legend_title)
    else:
        _color_bar(figure, grid[0], norm, legend_title)
    return figure


def plot_genes(
    maps: MatrixLike | Mapping[str, MatrixLike],
    expression: pd.DataFrame,
    pixels: MatrixLike | None = None,
    *,
    image_like: bool = True,
    axes: tuple[int, int] = (0, 1),
) -> Figure:
    """Draw genes (rows of panels) on the tissue and on maps (columns of panels).

    Parameters
    ----------
    maps, pixels, image_like, axes
        As in `plot_maps`.
    expression : DataFrame (n, genes)
        Values of the genes to draw, usually log-normalised; each gene has its own colour scale, from the 1st
        to the 99th percentile.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        For numbers of rows that differ, or values that are no finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> Y = np.random.default_rng(0).normal(size=(50, 2))
    >>> len(plot_genes(Y, pd.DataFrame({"Gad1": Y[:, 0], "Mbp": Y[:, 1]}), 1000 * Y).axes)
    6
    """
    if not isinstance(maps, Mapping):
        maps = {"Map": maps}
    panels = {} if pixels is None else {"Tissue": _plane(pixels, (0, 1), "pixels")}
    panels |= {title: _plane(Y, axes, f"map {title!r}") for title, Y in maps.items()}
    values = pd.DataFrame(as_matrix(expression, "expression"), columns=expression.columns)
    for title, points in panels.items():
        check_rows_match(values, points, title)
    on_tissue = [pixels is not None and number == 0 for number in range(len(panels))]
    figure, grid = _grid([list(panels.values())] * values.shape[1], on_tissue)
    for number, (row, (gene, level)) in enumerate(zip(grid, values.items(), strict=True)):
        norm = colour_limits(level.to_numpy())
        for ax, (title, points), tissue in zip(row, panels.items(), on_tissue, strict=True):
            _draw(ax, points, level, norm, tissue)
            _finish(ax, "" if number else title, None, tissue and image_like)
        row[0].set_ylabel(str(gene), fontsize=11, fontstyle="italic")
        _color_bar(figure, row, norm, None)
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
    check_rows_match(Y, pixels, "pixels")
    low, high = np.percentile(Y, PERCENTILES, axis=0)
    rgb = np.clip((Y - low) / np.where(high > low, high - low, 1), 0, 1)
    panels = {
        "Tissue": _plane(pixels, (0, 1), "pixels"),
        "Axes 1 and 2": Y[:, [0, 1]],
        "Axes 1 and 3": Y[:, [0, 2]],
    }
    figure, grid = _grid([list(panels.values())], [True, False, False])
    order = np.random.default_rng(0).permutation(len(Y))
    for ax, (title, points) in zip(grid[0], panels.items(), strict=True):
        area = _marker_area(len(Y), ax, title == "Tissue")
        _scatter(ax, points[order], area, len(Y) > LARGEST_VECTOR, c=rgb[order])
        _finish(ax, title, None, title == "Tissue" and image_like)
    return figure


# ---- layout ----------------------------------------------------------------------------------------------


def _color_series(colors: Any, panels: Mapping[str, np.ndarray]) -> pd.Series:
    series = pd.Series(colors).reset_index(drop=True)
    for title, points in panels.items():
        if len(points) != len(series):
            raise ValueError(f"expected {len(series)} rows in {title}, one per colour, found {len(points)}")
    return series


def _grid(rows: Sequence[Sequence[np.ndarray]], on_tissue: Sequence[bool]) -> tuple[Figure, np.ndarray]:
    """Panels of equal height, a tissue's as wide as its shape asks for, maps' square."""
    widths = []
    for points, tissue in zip(rows[0], on_tissue, strict=True):
        width, height = np.ptp(points, axis=0)
        shape = width / height if tissue and height > 0 else 1.0
        widths.append(float(np.clip(PANEL_HEIGHT * shape, *PANEL_WIDTHS)))
    size = (sum(widths) + 1.7, PANEL_HEIGHT * len(rows) + 0.6)
    figure = Figure(figsize=size, dpi=RASTER_DPI, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.07))
    grid = figure.subplots(len(rows), len(widths), squeeze=False, width_ratios=widths)
    return figure, grid


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
    bar = figure.colorbar(scale, ax=list(panels), fraction=0.04, pad=0.02, shrink=0.8, aspect=18)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, width=0.6)
    if title:
        bar.set_label(title, fontsize=9)
