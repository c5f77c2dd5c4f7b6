"""``spasne-map plot``: the tissue and maps side by side, in the same colours."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.commands import inputs
from spasne_tools.commands.arguments import (
    add_expression_arguments,
    add_output_argument,
    add_section_arguments,
    add_tissue_arguments,
)
from spasne_tools.commands.outputs import check_can_write, check_figure_format
from spasne_tools.commands.positions import positions_named
from spasne_tools.commands.rows import read_rows, rows_of, rows_of_table
from spasne_tools.output_file import output_file
from spasne_tools.preprocessing import log_normalise
from spasne_tools.readers.anndata_io import DEFAULT_SPATIAL_KEY
from spasne_tools.readers.expression_file import Expression
from spasne_tools.readers.tables import read_table
from spasne_tools.validation import as_matrix

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUMMARY = "draw the tissue beside one or several maps, by class or by gene"
EXAMPLES = """\
examples:
  spasne-map plot map.csv -x pixels.csv -l labels.csv -o figure.png
  spasne-map plot tsne.csv spasne.csv -x pixels.csv -l labels.csv -o both.pdf --annotate
  spasne-map plot map.csv -i outs/filtered_feature_bc_matrix --counts --genes Mbp,Gad1 \\
      -x pixels.csv -o genes.png
  spasne-map plot map3d.csv -x pixels.csv --rgb -o painted.png
"""
NO_INPUT = ""
# Flags that say how to read an input, as they are where nobody gives them.
UNSET = {
    "transpose": False,
    "counts": False,
    "bin": None,
    "min_counts": 1,
    "layer": None,
    "use_rep": None,
    "spatial_key": DEFAULT_SPATIAL_KEY,
}


class Placed(TypedDict):
    """How figures are to place the tissue."""

    image_like: bool
    sections: np.ndarray | None


class Tissue(NamedTuple):
    """Positions and sections of the rows, None where there are none."""

    pixels: pd.DataFrame | None
    sections: np.ndarray | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("maps", nargs="+", help="tables of maps, as embed writes them; file names are titles")
    add_expression_arguments(parser, default=NO_INPUT, reduced=False)
    add_tissue_arguments(parser)
    add_section_arguments(parser)
    parser.add_argument("--genes", help="columns of the input to colour by, separated by commas")
    parser.add_argument("--rgb", action="store_true", help="paint the axes of a 3-D map on the tissue")
    parser.add_argument("--annotate", action="store_true", help="write the names of classes on the maps")
    parser.add_argument(
        "--upright", action="store_true", help="tissue with y upwards, not downwards as in an image"
    )
    add_output_argument(parser, "figure: .png, .pdf or .svg", default="map.png")


def run(options: argparse.Namespace) -> None:
    check_can_write(options.output)
    check_figure_format(options.output)
    expression = _expression_named(options)
    rows = rows_of_table(read_table(options.maps[0])) if expression is None else rows_of(expression)
    maps = {Path(file).name.split(".")[0]: read_rows(file, rows, file) for file in options.maps}
    if len(maps) < len(options.maps):
        raise ValueError("expected maps with different file names, which are their titles")
    pixels = positions_named(options, rows, expression)
    labels = inputs.labels_named(options, rows, expression)
    tissue = Tissue(pixels, inputs.sections_named(options, rows, expression))
    figure = _drawn(options, maps, tissue, labels, expression)
    with output_file(options.output) as unfinished:
        figure.savefig(unfinished, bbox_inches="tight")


def _expression_named(options: argparse.Namespace) -> Expression | None:
    """The file of --input, without which no flag may say how to read it."""
    if options.input != NO_INPUT:
        return inputs.expression_named(options)
    for name, unset in UNSET.items():
        if getattr(options, name) != unset:
            raise ValueError(f"expected an input (-i) with --{name}, found --{name} alone")
    return None


def _drawn(
    options: argparse.Namespace,
    maps: dict[str, pd.DataFrame | None],
    tissue: Tissue,
    labels: pd.Series | None,
    expression: Expression | None,
) -> Figure:
    from spasne_tools.plotting.genes import plot_genes
    from spasne_tools.plotting.maps import plot_maps
    from spasne_tools.plotting.rgb import plot_rgb

    pixels, placed = tissue.pixels, Placed(image_like=not options.upright, sections=tissue.sections)
    if options.rgb:
        if len(maps) > 1:
            raise ValueError(f"expected one map with --rgb, found {len(maps)}")
        if pixels is None:
            raise ValueError("expected positions (-x) to paint the map on, found none")
        return plot_rgb(next(iter(maps.values())), pixels, **placed)
    if options.genes is not None:
        values = _gene_values(options, expression)
        if pixels is not None:
            values.index = pixels.index
        return plot_genes(maps, values, pixels, **placed)
    if labels is None:
        raise ValueError(
            "expected something to colour by, found none: classes (-l, or --label_column of a .h5ad file), "
            "genes (-i and --genes) or --rgb"
        )
    return plot_maps(maps, labels, pixels, annotate=options.annotate, **placed)


def _gene_values(options: argparse.Namespace, expression: Expression | None) -> pd.DataFrame:
    if expression is None or expression.genes is None:
        raise ValueError("expected an input (-i) with named columns for --genes, found none")
    places = {str(gene): place for place, gene in reversed(list(enumerate(expression.genes)))}
    wanted = options.genes.split(",")
    if missing := [gene for gene in wanted if gene not in places]:
        some = ", ".join(list(places)[:5])
        raise ValueError(f"expected gene {missing[0]!r} in {options.input}, found {len(places)}: {some} ...")
    matrix = as_matrix(expression.values, "input")
    if options.counts or expression.is_counts:
        matrix = log_normalise(matrix)
    chosen = matrix[:, [places[gene] for gene in wanted]]
    return pd.DataFrame(chosen.toarray() if scipy.sparse.issparse(chosen) else chosen, columns=wanted)
