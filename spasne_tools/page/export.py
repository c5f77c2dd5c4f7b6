"""An interactive page in one file: tissue and map side by side, linked, to be opened in any browser.

Arguments become columns and places (tables.py, columns.py, layouts.py), these become compressed blocks and a
header that describes them (blocks.py), and document.py puts them into one file with the scripts of browser/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps

from spasne_tools.output_file import output_file
from spasne_tools.page.blocks import Blocks
from spasne_tools.page.columns import describe_columns
from spasne_tools.page.document import assemble
from spasne_tools.page.layouts import describe_layouts, maps_of, tissue_of
from spasne_tools.page.tables import columns_of, names_of
from spasne_tools.page.tissue_image import describe_image
from spasne_tools.page.trust import VERDICT, describe_trust, trust_columns
from spasne_tools.plotting.class_colours import MISSING_COLOUR, Palette
from spasne_tools.plotting.colour_scale import CONTINUOUS_COLOURS
from spasne_tools.plotting.greying import VERDICT_COLOURS
from spasne_tools.plotting.scale_bar import METRES, Scale
from spasne_tools.run.checks import number
from spasne_tools.validation import MatrixLike

__all__ = ["export_html"]


def export_html(
    path: str | Path,
    Y: MatrixLike | Mapping[str, MatrixLike],
    pixels: MatrixLike,
    *,
    labels: Any = None,
    genes: Any = None,
    reliability: Any = None,
    palettes: Mapping[str, Palette] | None = None,
    title: str | None = None,
    names: Sequence[Any] | None = None,
    image_like: bool = True,
    image: Any = None,
    image_scale: float = 1.0,
    scalebar_dx: float | None = None,
    scalebar_units: str = "um",
) -> Path:
    """Write an interactive page of tissue and map, to be opened in a browser or sent to a colleague.

    One file, without any access to the network. Points encircled in one panel light up in both; colours are
    those of any column of `labels` or `genes`; the page ranks the genes that mark a selection, and keeps and
    saves selections. It is made for up to 200,000 points. docs/page.md tells how large pages are.

    Parameters
    ----------
    path : str or Path
        File to write, usually ending in .html; replaced where it exists, in an existing folder.
    Y : array-like (n, 1 or more), or dict of them by name
        The map, or several maps of the same points, of which the page shows one at a time, the first first.
        A map with 3 columns or more turns, or is shown by two of its first three; a 1-D map is spread
        vertically at random.
    pixels : array-like (n, 1 or more)
        Positions in the tissue, in the row order of `Y`; treated alike.
    labels : array-like (n,), DataFrame (n, columns) or dict of array-likes by name, optional
        As in ``plot_maps``, floating-point numbers are drawn as continuous colours (from the 1st to the 99th
        percentile), anything else as classes, at most 500 in a column, in the colours of ``palette``. Missing
        ones are grey.
    genes : DataFrame (n, genes) or dict of array-likes by name, optional
        Numbers drawn as continuous colours, usually log-normalised expression, and ranked by what marks a
        selection: give all genes that could. Up to 20 are kept with 16 bits between smallest and largest;
        more are kept with 8 bits, and their smallest value, usually 0, takes hardly any room.
    reliability : DataFrame of ``map_reliability``, or array-like (n,) of numbers from 0 to 1, optional
        How far each point's place on the map can be trusted: a column to colour by, and a slider that hides
        what is below. With the column "verdict" of the DataFrame, which is one to colour by, too, the legend
        names the share of each class that is kept.
    palettes : dict of palettes by column of `labels`, optional
        Colours of classes, where they are not to be those of ``palette``: each a dict by class, a sequence,
        or the name of one of matplotlib's colour maps.
    title : str, optional
        Heading of the page. None: "SpaSNE".
    names : sequence of n, optional
        Name of each point, shown beside the pointer and in saved selections. None: the index of `Y`,
        `pixels`, `labels` or `genes`, of the first that is of pandas with an index that names rows, else row
        numbers from 0.
    image_like : bool
        Tissue with y downwards, as in the image that the positions refer to.
    image : array-like (height, width) or (height, width, 3 or 4), optional
        Image of the tissue, of bytes or of numbers from 0 to 1, drawn under the points, with `image_like`
        only. It is reduced to at most 2,000 pixels a side and kept as JPEG.
    image_scale : float
        Pixels of `image` for a unit of `pixels`, above 0: of Visium's "hires" image, tissue_hires_scalef. The
        image's left upper corner is position (0, 0).
    scalebar_dx : float, optional
        Length of a unit of `pixels` in `scalebar_units`, above 0, for a scale bar. None: no bar.
    scalebar_units : "nm", "um", "mm", "cm" or "m"

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ValueError
        For numbers of rows that differ or pandas objects with another index, values that are missing (in
        positions) or infinite, more than 500 classes (pass floating-point numbers, or pass them as `names`),
        an image without `image_like`, or arguments of another kind than described.
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
    ...     page.name, page.stat().st_size < 200_000
    ('map.html', True)
    """
    if title is not None and not isinstance(title, str):
        raise ValueError(f"expected title to be text, found {title!r}")
    if image is not None and not image_like:
        raise ValueError("expected image_like to be true with an image, found it false")
    maps = maps_of(Y)
    tissue = tissue_of(pixels, maps)
    given = (*maps.values(), pixels)
    trust = trust_columns(reliability, given)
    columns = columns_of(labels, "labels", given) | trust, columns_of(genes, "genes", given)
    if VERDICT in trust:
        palettes = {VERDICT: VERDICT_COLOURS} | dict(palettes or {})
    point_names = names_of(names, len(tissue), (*given, labels, genes, reliability))
    blocks = Blocks()
    header: dict[str, Any] = {
        "title": "SpaSNE" if title is None else title,
        "n": len(tissue),
        **describe_layouts(tissue, maps, bool(image_like), blocks),
        "columns": describe_columns(*columns, palettes or {}, blocks),
        "reliability": describe_trust(trust, columns[0]),
        "names": None if point_names is None else blocks.add(json.dumps(point_names).encode("ascii")),
        "ramp": _ramp(blocks),
        "missing": MISSING_COLOUR,
    }
    of_tissue = header["views"][0]
    of_tissue["micrometres"] = (
        None if scalebar_dx is None else _micrometres(Scale(scalebar_dx, scalebar_units))
    )
    if image is not None:
        number()("image_scale", image_scale)
        of_tissue["image"] = describe_image(image, float(image_scale), blocks)
    content = assemble(header, blocks)
    with output_file(path) as unfinished:
        unfinished.write_bytes(content)
    return Path(path)


def _micrometres(unit: Scale) -> float:
    return float(unit.length * METRES[unit.unit] / METRES["um"])


def _ramp(blocks: Blocks) -> int:
    """Block of the continuous colours: 256 times red, green, blue."""
    colours = colormaps[CONTINUOUS_COLOURS](np.arange(256), bytes=True)
    return blocks.add(np.ascontiguousarray(colours[:, :3]).tobytes())
