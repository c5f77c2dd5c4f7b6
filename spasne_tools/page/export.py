"""An interactive page in one file: tissue and map side by side, linked, to be opened in any browser.

The page is put together from the files beside this one. It holds its data as zlib-compressed arrays in base64
and asks the network for nothing, which its content security policy enforces.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import zlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps

from spasne_tools.output_file import output_file
from spasne_tools.plotting.maps import (
    CONTINUOUS_COLOURS,
    LARGEST_VECTOR,
    MAP_COVER,
    MARKERS,
    MISSING_COLOUR,
    PALETTE,
    TISSUE_COVER,
    colour_limits,
    is_continuous,
    palette,
    spread_line,
)
from spasne_tools.validation import MatrixLike, as_matrix, check_rows_match
from spasne_tools.version import __version__

__all__ = ["export_html"]

# The palette on a dark ground. Colours with an Oklab lightness L below 0.6 are those of the palette with
# L' = 0.45 + (L - 0.28) (0.6 - 0.45) / (0.6 - 0.28): visible, in the same order, hue and chroma kept.
DARK_PALETTE = (
    "#197dbe", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#8a3d45",
    "#3643d5", "#00ff96", "#995b79", "#f0c3ff", "#a578ff", "#62732c", "#a5c387",
    "#a72e85", "#8d52e8", "#be389f", "#5d54dc", "#ca281e", "#78e13c",
)  # fmt: skip
DARK = dict(zip(PALETTE, DARK_PALETTE, strict=True))

STYLES = ("page.css",)
SCRIPTS = ("decode.js", "drawing.js", "panel.js", "legend.js", "page.js")
LARGEST_CODE = 65_534  # of values and positions as 16-bit integers; the code above is a missing value
MOST_AXES = 3
MOST_CLASSES = 500  # a longer legend is of no use


def export_html(
    path: str | Path,
    Y: MatrixLike,
    pixels: MatrixLike,
    *,
    labels: Any = None,
    genes: Any = None,
    title: str | None = None,
    names: Sequence[Any] | None = None,
    image_like: bool = True,
) -> Path:
    """Write an interactive page of tissue and map, to be opened in a browser or sent to a colleague.

    One file, without any access to the network. Points encircled in one panel light up in both; colours are
    those of any column of `labels` or `genes`; a selection can be saved as CSV. It is made for up to 200,000
    points, takes about 8 bytes a point, and up to 3 a point for each column. See docs/page.md.

    Parameters
    ----------
    path : str or Path
        File to write, usually ending in .html; replaced where it exists, in an existing folder.
    Y : array-like (n, 1 or more)
        The map. With 3 columns or more, the page offers pairs of the first three; a 1-D map is spread
        vertically at random.
    pixels : array-like (n, 1 or more)
        Positions in the tissue, in the row order of `Y`; treated alike.
    labels : array-like (n,), DataFrame (n, columns) or dict of array-likes by name, optional
        As in ``plot_maps``, floating-point numbers are drawn as continuous colours (from the 1st to the 99th
        percentile), anything else as classes, at most 500 in a column, in the colours of ``palette``. Missing
        ones are grey.
    genes : DataFrame (n, genes) or dict of array-likes by name, optional
        Numbers drawn as continuous colours, usually log-normalised expression of chosen genes. Kept with 16
        bits between smallest and largest.
    title : str, optional
        Heading of the page. None: "SpaSNE".
    names : sequence of n, optional
        Name of each point, shown beside the pointer and in saved selections. None: the index of `Y`,
        `pixels`, `labels` or `genes`, of the first that is of pandas with an index that names rows, else row
        numbers from 0.
    image_like : bool
        Tissue with y downwards, as in the image that the positions refer to.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ValueError
        For numbers of rows that differ or pandas objects with another index, values that are missing (in
        positions) or infinite, more than 500 classes (pass floating-point numbers, or pass them as `names`),
        or arguments of another kind than described.
    OSError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from spasne import export_html
    >>> Y = np.random.default_rng(0).normal(size=(90, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = export_html(f"{folder}/map.html", Y, 1000 * Y, labels={"layer": ["L1", "L2", "L3"] * 30})
    ...     page.name, page.stat().st_size < 100_000
    ('map.html', True)
    """
    if title is not None and not isinstance(title, str):
        raise ValueError(f"expected title to be text, found {title!r}")
    columns = {"labels": _columns(labels, "labels", Y, pixels), "genes": _columns(genes, "genes", Y, pixels)}
    blocks = _Blocks()
    map_points, tissue_points = (as_matrix(Y, "Y", allow_sparse=False), _tissue(pixels, Y))
    header = {
        "title": "SpaSNE" if title is None else title,
        "n": len(map_points),
        "views": [
            _view("Tissue", tissue_points, TISSUE_COVER, bool(image_like), blocks),
            _view("Map", map_points, MAP_COVER, False, blocks),
        ],
        "columns": [
            _column(name, values, kind, blocks)
            for kind, table in columns.items()
            for name, values in table.items()
        ],
        "names": _names(names, len(map_points), (Y, pixels, labels, genes), blocks),
        "ramp": _ramp(blocks),
        "missing": MISSING_COLOUR,
    }
    content = _assemble(header, blocks)
    with output_file(path) as unfinished:
        unfinished.write_bytes(content)
    return Path(path)


def _tissue(pixels: MatrixLike, Y: MatrixLike) -> np.ndarray:
    points = as_matrix(pixels, "pixels", allow_sparse=False)
    check_rows_match(Y, pixels, "pixels")
    return points


# ---- what users pass -------------------------------------------------------------------------------------


def _columns(table: Any, name: str, Y: MatrixLike, pixels: MatrixLike) -> dict[str, pd.Series]:
    """The columns of `table` by name, checked to have the rows of the map and of the tissue."""
    if table is None:
        return {}
    if isinstance(table, str) or not hasattr(table, "__len__"):
        raise ValueError(f"expected {name} to be a table or array-like, found {table!r}")
    if isinstance(table, pd.DataFrame):
        columns = [(str(column), table.iloc[:, number]) for number, column in enumerate(table.columns)]
    elif isinstance(table, Mapping):
        columns = [(str(column), _series(values, column)) for column, values in table.items()]
    elif name == "genes":
        raise ValueError(
            f"expected genes as a DataFrame or dict, so that they have names, found {type(table).__name__}"
        )
    else:
        series = _series(table, name)
        columns = [("Label" if series.name is None else str(series.name), series)]
    twice = pd.Index([column for column, _ in columns])
    if not twice.is_unique:
        raise ValueError(f"expected different names in {name}, found {twice[twice.duplicated()][0]!r} twice")
    for column, values in columns:
        for other in (Y, pixels):
            check_rows_match(other, values, f"{name} {column!r}" if len(columns) > 1 else name)
    return dict(columns)


def _series(values: Any, name: Any) -> pd.Series:
    if isinstance(values, pd.Series):
        return values
    dimensions = np.ndim(values) if isinstance(values, np.ndarray) else getattr(values, "ndim", 1)
    if isinstance(values, str) or not hasattr(values, "__len__") or dimensions != 1:
        raise ValueError(f"expected {name} with one value for each point, found {type(values).__name__}")
    return pd.Series(values)


def _names(given: Any, n_points: int, tables: Sequence[Any], blocks: _Blocks) -> int | None:
    """Block of the names of the points, a JSON list; None: row numbers."""
    if given is None:
        indices = [table.index for table in tables if isinstance(table, (pd.DataFrame, pd.Series))]
        given = next((index for index in indices if not isinstance(index, pd.RangeIndex)), None)
        if given is None:
            return None
    if isinstance(given, str) or not hasattr(given, "__len__") or len(given) != n_points:
        found = repr(given) if isinstance(given, str) or not hasattr(given, "__len__") else len(given)
        raise ValueError(f"expected names for {n_points} points, found {found}")
    return blocks.add(json.dumps([str(name) for name in given]).encode("ascii"))


# ---- arrays ----------------------------------------------------------------------------------------------


class _Blocks:
    """The arrays of a page, each compressed and in base64."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, content: bytes) -> int:
        """Number by which the page finds the content."""
        self.texts.append(base64.b64encode(zlib.compress(content)).decode("ascii"))
        return len(self.texts) - 1


def _quantised(values: np.ndarray) -> tuple[bytes, float, float]:
    """16-bit codes from smallest to largest, and these two; NaN has the code above."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    step = (high - low) / LARGEST_CODE or 1.0
    codes = np.where(np.isnan(values), LARGEST_CODE + 1, np.rint((values - low) / step))
    return codes.astype("<u2").tobytes(), low, high


def _view(
    title: str, points: np.ndarray, cover: tuple[float, float], downwards: bool, blocks: _Blocks
) -> dict[str, Any]:
    """What the page must know of a panel: its axes, which way is up, how much of it its markers cover."""
    if points.shape[1] == 1:
        points = spread_line(points)
    axes = []
    for axis in points.T[:MOST_AXES]:
        codes, low, high = _quantised(axis)
        axes.append({"block": blocks.add(codes), "extent": high - low})
    return {
        "title": title,
        "axes": axes,
        "downwards": downwards,
        "cover": cover[len(points) > LARGEST_VECTOR],
    }


def _column(name: str, values: pd.Series, kind: str, blocks: _Blocks) -> dict[str, Any]:
    """What the page must know of a column to colour by."""
    described = f"{kind} {name!r}"
    if kind == "genes" or is_continuous(values):
        numbers = _numbers(values, described)
        limits = colour_limits(numbers)
        codes, low, high = _quantised(numbers)
        return {
            "name": name, "kind": kind, "block": blocks.add(codes), "low": low, "high": high,
            "limits": [limits.vmin, limits.vmax],
        }  # fmt: skip
    try:
        looks = palette(values)
        codes = pd.Categorical(values, categories=list(looks)).codes
    except TypeError as error:
        raise ValueError(f"expected one class for each point in {described}, found {error}") from None
    if len(looks) > MOST_CLASSES:
        raise ValueError(
            f"expected at most {MOST_CLASSES} classes in {described}, found {len(looks)}; numbers of a "
            "measurement must be of a floating-point type, and names of points go into `names`"
        )
    classes = [
        {"name": str(label), "light": colour, "dark": DARK[colour], "marker": MARKERS.index(marker)}
        for label, (colour, marker) in looks.items()
    ]
    content = np.where(codes < 0, LARGEST_CODE + 1, codes).astype("<u2").tobytes()
    return {"name": name, "kind": kind, "block": blocks.add(content), "classes": classes}


def _numbers(values: pd.Series, described: str) -> np.ndarray:
    """Float64, NaN where missing; at least one is not."""
    if pd.api.types.is_complex_dtype(values.dtype):
        raise ValueError(f"expected real numbers in {described}, found type {values.dtype}")
    try:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers in {described}, found something else ({error})") from None
    if np.isinf(numbers).any():
        raise ValueError(f"expected finite numbers in {described}, found {np.isinf(numbers).sum()} infinite")
    if np.isnan(numbers).all():
        raise ValueError(f"expected at least one number in {described}, found none")
    return numbers


def _ramp(blocks: _Blocks) -> int:
    """Block of the continuous colours: 256 times red, green, blue."""
    colours = colormaps[CONTINUOUS_COLOURS](np.arange(256), bytes=True)
    return blocks.add(np.ascontiguousarray(colours[:, :3]).tobytes())


# ---- the file --------------------------------------------------------------------------------------------


def _assemble(header: Mapping[str, Any], blocks: _Blocks) -> bytes:
    """The whole file. Text of the user's is escaped here, and nowhere else does it become HTML."""
    style, script = ("\n".join(_asset(name) for name in names) for names in (STYLES, SCRIPTS))
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    elements = [
        f'<script type="text/plain" id="block-{number}">{text}</script>'
        for number, text in enumerate(blocks.texts)
    ]
    page = Template(_asset("page.html")).substitute(
        version=__version__,
        policy=policy,
        title=html.escape(header["title"]),
        style=style,
        script=script,
        header=_json_for_html(header),
        blocks="\n".join(elements),
    )
    return page.encode("utf-8", errors="replace")


def _asset(name: str) -> str:
    return (files("spasne_tools") / "page" / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """The text as a source that a content security policy allows, by its hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _json_for_html(content: Any) -> str:
    """JSON in ASCII that no HTML parser takes for a tag or an entity."""
    text = json.dumps(content, allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
