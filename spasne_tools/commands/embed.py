"""``spasne-map embed``: expression and positions in, a map, its scores and a figure out."""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import replace

import pandas as pd

from spasne_tools.choose.automatic import settled, weights_by_size
from spasne_tools.commands import inputs
from spasne_tools.commands.arguments import (
    add_expression_arguments,
    add_output_argument,
    add_parameter_arguments,
    add_section_arguments,
    add_tissue_arguments,
    checked_parameters,
)
from spasne_tools.commands.outputs import check_can_write, check_figure_format
from spasne_tools.commands.rows import read_rows
from spasne_tools.commands.score import lines_of
from spasne_tools.map_table import check_map_format, write_map
from spasne_tools.metrics.checks import class_codes
from spasne_tools.output_file import output_file
from spasne_tools.principal_components import pca
from spasne_tools.readers.text_file import STANDARD_STREAM
from spasne_tools.run.automatic import note_of_blur
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters
from spasne_tools.run.summary import in_words, summary_of
from spasne_tools.user_warning import warn_user

FIRST_COMPONENT = "first principal component of expression"
SUMMARY = "map spots or cells; also done where flags come without a command"
EXAMPLES = """\
examples:
  spasne-map embed -i expression.csv.gz -x pixels.csv -o map.csv --alpha 9 --beta 4
  spasne-map embed -i expression.csv -x meta.csv --pixel_columns x,y -l meta.csv --label_column layer \\
      -o map.csv --plot map.png -v
  spasne-map embed -i outs -o map.csv --plot map.png
  spasne-map embed -i section.h5ad --use_rep X_pca --label_column layer -o map.csv
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_expression_arguments(parser, default=STANDARD_STREAM)
    add_tissue_arguments(parser)
    add_section_arguments(parser)
    add_output_argument(
        parser,
        "map: .csv with header and row names; .npy: an array; .txt, .dat, .tsv or - (standard output): bare "
        "numbers",
    )
    parser.add_argument("--plot", help="figure of the tissue and the map, .png, .pdf or .svg")
    parser.add_argument("-v", "--verbose", action="store_true", help="show progress")
    add_parameter_arguments(parser, by_size=True)


def run(options: argparse.Namespace) -> None:
    parameters, start_file = checked_parameters(options)
    check_map_format(options.output)
    check_can_write(options.output, options.plot)
    check_figure_format(options.plot)
    # What is printed must not mix with a map on standard output.
    printed_to = sys.stderr if options.output == STANDARD_STREAM else sys.stdout
    with contextlib.redirect_stdout(printed_to):
        expression, rows, pixels, labels, sections = inputs.read_inputs(options, needed=parameters.beta != 0)
        scored_labels = _without_missing(labels)
        if start_file is not None:
            parameters = replace(parameters, init=read_rows(start_file, rows, "init"))
        parameters = replace(parameters, sections=sections)
        positions = "" if pixels is None else f"; positions: {pixels.shape[1]} columns"
        print(f"expression: {rows.count} rows, {expression.values.shape[1]} columns{positions}", flush=True)
        data = inputs.data_of(expression, options, parameters.initial_dims)
        _warn_without_space(pixels, parameters)
        parameters = weights_by_size(parameters, vars(options), rows.count)
        parameters = settled(data, pixels, parameters, verbose=True)
        if not options.verbose and (note := note_of_blur(parameters, rows.count)):
            print(note, flush=True)
        made = embed(data, pixels, parameters, options.verbose)
        if not options.verbose:  # else said already
            print(*summary_of(made.report, parameters), sep="\n", flush=True)
    Y = made.Y
    write_map(options.output, Y, rows.names)
    scores = _scored(Y, data, pixels, scored_labels, parameters.sections)
    said = [] if options.verbose else [in_words(scores)]  # else said already
    print(*lines_of(scores), *said, sep="\n", file=printed_to)
    if options.plot:
        from spasne_tools.plotting.maps import plot_maps

        # Without classes the tissue is coloured by what varies most in expression.
        colors = pd.Series(pca(data, 1)[:, 0], name=FIRST_COMPONENT) if labels is None else labels
        figure = plot_maps(
            {"SpaSNE": Y}, colors, pixels, scores={"SpaSNE": scores.to_dict()}, sections=sections
        )
        with output_file(options.plot) as unfinished:
            figure.savefig(unfinished, bbox_inches="tight")
    files = [file for file in (options.output, options.plot) if file and file != STANDARD_STREAM]
    if files:
        print(f"wrote {' and '.join(files)}", file=printed_to)


def _warn_without_space(pixels: pd.DataFrame | None, parameters: Parameters) -> None:
    """Warn where the map will know nothing of space and nobody asked for that."""
    if pixels is None and parameters.sections is None and parameters.beta == Parameters().beta:
        warn_user(
            "no positions were given or found: the map has no spatial term; -x names a table of positions, "
            "--beta 0 says that a map of expression alone is wanted"
        )


def _without_missing(labels: pd.Series | None) -> pd.Series | None:
    """Classes that the silhouette can be computed of; None, with a warning, where some are missing.

    What the scores would refuse after the work is refused here, before it.
    """
    if labels is None:
        return None
    if n_missing := int(labels.isna().sum()):
        warn_user(
            f"{n_missing} of {len(labels)} rows have no class (labels): the silhouette s is left out, and "
            "they are grey in the figure"
        )
        return None
    class_codes(labels, len(labels))
    return labels


def _scored(Y: object, data: object, pixels: object, labels: object, sections: object) -> pd.Series:
    from spasne_tools.metrics.scores import score_embedding  # scikit-learn, which --help need not wait for

    if pixels is None:
        sections = None  # which the scores of space alone need
    return score_embedding(Y, data, pixels, labels, sections=sections)
