"""An interactive page in one file: tissue and map side by side, linked, to be opened in any browser.

Arguments become columns and places (tables.py, columns.py, layouts.py), these become compressed blocks and a
header that describes them (blocks.py), and document.py puts them into one file with the scripts of browser/.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps

from spasne_tools.output_file import output_file
from spasne_tools.page.blocks import Blocks
from spasne_tools.page.columns import describe_columns
from spasne_tools.page.document import assemble
from spasne_tools.page.layouts import tissue_of, view
from spasne_tools.page.tables import columns_of, names_of
from spasne_tools.plotting.maps import CONTINUOUS_COLOURS, MISSING_COLOUR
from spasne_tools.validation import MatrixLike, as_matrix

__all__ = ["export_html"]


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
    map_points, tissue_points = (as_matrix(Y, "Y", allow_sparse=False), tissue_of(pixels, Y))
    label_columns = columns_of(labels, "labels", (Y, pixels))
    gene_columns = columns_of(genes, "genes", (Y, pixels))
    point_names = names_of(names, len(map_points), (Y, pixels, labels, genes))
    blocks = Blocks()
    header = {
        "title": "SpaSNE" if title is None else title,
        "n": len(map_points),
        "views": [
            view("Tissue", tissue_points, bool(image_like), blocks),
            view("Map", map_points, False, blocks),
        ],
        "columns": describe_columns(label_columns, gene_columns, blocks),
        "names": None if point_names is None else blocks.add(json.dumps(point_names).encode("ascii")),
        "ramp": _ramp(blocks),
        "missing": MISSING_COLOUR,
    }
    content = assemble(header, blocks)
    with output_file(path) as unfinished:
        unfinished.write_bytes(content)
    return Path(path)


def _ramp(blocks: Blocks) -> int:
    """Block of the continuous colours: 256 times red, green, blue."""
    colours = colormaps[CONTINUOUS_COLOURS](np.arange(256), bytes=True)
    return blocks.add(np.ascontiguousarray(colours[:, :3]).tobytes())
