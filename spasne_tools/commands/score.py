"""``spasne-map score``: how well a map keeps expression, space and known classes."""

from __future__ import annotations

import argparse
import contextlib
import sys

import pandas as pd

from spasne_tools.commands import inputs
from spasne_tools.commands.arguments import (
    add_expression_arguments,
    add_no_pca_argument,
    add_output_argument,
    add_section_arguments,
    add_tissue_arguments,
)
from spasne_tools.commands.outputs import check_can_write
from spasne_tools.commands.rows import Rows, read_rows
from spasne_tools.output_file import output_file
from spasne_tools.readers.text_file import STANDARD_STREAM

SUMMARY = "score a map: r1 (expression kept), r2 (space kept), s (classes apart)"
EXAMPLES = """\
examples:
  spasne-map score map.csv -i expression.csv -x pixels.csv -l labels.csv
  spasne-map score map.csv -i expression.csv -x pixels.csv --points points.csv
  spasne-map score map.csv -i section.h5ad --use_rep X_pca --label_column layer --full -o scores.csv
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("map", help="table of the map, as embed writes it")
    add_expression_arguments(parser)
    add_tissue_arguments(parser)
    add_section_arguments(parser)
    parser.add_argument(
        "--full", action="store_true", help="more scores: neighbours kept, rank correlations, Moran's I"
    )
    parser.add_argument(
        "--points", help="table to write of how far each point can be trusted: what it keeps, and a verdict"
    )
    add_no_pca_argument(parser)
    add_output_argument(parser, "table of the scores, .csv; -: lines on standard output")


def run(options: argparse.Namespace) -> None:
    from spasne_tools.metrics.scores import score_embedding
    from spasne_tools.reliability.points import map_reliability

    if options.points == STANDARD_STREAM:
        raise ValueError("expected the name of a file for --points, found -")
    check_can_write(options.output, options.points)
    with contextlib.redirect_stdout(sys.stderr):
        expression, rows, pixels, labels, sections = inputs.read_inputs(options)
        Y = read_rows(options.map, rows, "map")
    data = inputs.data_of(expression, options)
    if options.points is not None:
        write_points(options.points, rows, map_reliability(Y, data, pixels, sections=sections))
    scores = score_embedding(Y, data, pixels, labels, sections=sections, full=options.full)
    if options.output == STANDARD_STREAM:
        print(*lines_of(scores), sep="\n")
    else:
        with output_file(options.output) as unfinished:
            scores.to_csv(unfinished, index_label="name", lineterminator="\n")


def write_points(file: str, rows: Rows, table: pd.DataFrame) -> None:
    """The table by the names of the rows, and the share of each verdict on standard error."""
    with output_file(file) as unfinished:
        table.set_axis(rows.index, axis=0).to_csv(unfinished, lineterminator="\n")
    shares = table["verdict"].value_counts(normalize=True, sort=False)
    said = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    print(f"{file}: {said}", file=sys.stderr)


def lines_of(scores: pd.Series) -> list[str]:
    """A line for each score, with its standard error where it was estimated from a sample."""
    errors = {name: f"{name}_se" for name in scores.index}
    lines = []
    for name, value in scores.items():
        if name not in errors.values():
            error = f" +- {scores[errors[name]]:.4f}" if errors[name] in scores else ""
            lines.append(f"{name} {value:.4f}{error}")
    return lines
