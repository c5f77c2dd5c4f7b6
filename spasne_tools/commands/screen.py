"""``spasne-map screen``: alpha and beta chosen from a grid, and the map of the best."""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import replace
from typing import Any

import pandas as pd

from spasne_tools.commands import inputs
from spasne_tools.commands.arguments import (
    add_expression_arguments,
    add_output_argument,
    add_parameter_arguments,
    add_section_arguments,
    add_tissue_arguments,
    checked_parameters,
    numbers,
)
from spasne_tools.commands.outputs import check_can_write, check_figure_format
from spasne_tools.commands.rows import read_rows
from spasne_tools.map_table import check_map_format, write_map
from spasne_tools.output_file import output_file
from spasne_tools.readers.text_file import STANDARD_STREAM

SUMMARY = "choose alpha and beta: many maps over a grid of both, the best one written"
EXAMPLES = """\
examples:
  spasne-map screen -i expression.csv.gz -x pixels.csv -o best.csv --table cells.csv --plot cells.png -v
  spasne-map screen -i section.h5ad --use_rep X_pca --checkpoint runs -o best.csv
  spasne-map screen -i expression.csv -x pixels.csv --alphas 5,8,12 --betas 1,2,4 --stage rough -o best.csv
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_expression_arguments(parser)
    add_tissue_arguments(parser)
    add_section_arguments(parser)
    parser.add_argument(
        "--schedule",
        choices=("default", "published"),
        default="default",
        help="default: about a tenth of the published runs; published: about 3,500 runs",
    )
    parser.add_argument(
        "--stage",
        choices=("both", "rough", "fine"),
        default="both",
        help="rough: the rough grid only; fine: the published fine grid without a rough one",
    )
    parser.add_argument("--alphas", type=numbers, help="of the rough grid, separated by commas")
    parser.add_argument("--betas", type=numbers, help="of the rough grid, separated by commas")
    parser.add_argument(
        "--global_scales", type=numbers, help="scales to screen at, a third axis, separated by commas"
    )
    parser.add_argument(
        "--checkpoint", help="folder for finished runs, from which a screening that was ended goes on"
    )
    parser.add_argument("--table", help="table of all cells, .csv: scores, success and spread")
    parser.add_argument("--plot", help="heat maps of the cells, .png, .pdf or .svg")
    parser.add_argument("-v", "--verbose", action="store_true", help="show how far it is")
    add_output_argument(parser, "map of the best cell, as of embed")
    add_parameter_arguments(parser, weights=False)
    parser.set_defaults(randseed=1)


def run(options: argparse.Namespace) -> None:
    from spasne_tools.screening.plot import plot_screening
    from spasne_tools.screening.screen import screen_parameters

    parameters, start_file = checked_parameters(options)
    check_map_format(options.output)
    check_can_write(options.output, options.table, options.plot)
    check_figure_format(options.plot)
    with contextlib.redirect_stdout(sys.stderr):
        expression, rows, pixels, labels, sections = inputs.read_inputs(options, needed=True)
        parameters = replace(parameters, sections=sections)
        if start_file is not None:
            parameters = replace(parameters, init=read_rows(start_file, rows, "init"))
    with contextlib.redirect_stdout(sys.stderr if options.output == STANDARD_STREAM else sys.stdout):
        found = screen_parameters(
            inputs.data_of(expression, options, parameters.initial_dims),
            pixels,
            labels,
            options.stage,
            schedule=_schedule(options),
            global_scales=options.global_scales,
            checkpoint=options.checkpoint,
            verbose=options.verbose,
            **_common(parameters),
        )
    write_map(options.output, found.Y, rows.names)
    if options.table:
        stages = {"rough": found.rough, "fine": found.fine}  # concat leaves out those that are None
        cells = pd.concat(stages, names=["stage"]).reset_index("stage")
        with output_file(options.table) as unfinished:
            cells.to_csv(unfinished, index=False, lineterminator="\n")
    if options.plot:
        with output_file(options.plot) as unfinished:
            plot_screening(found).savefig(unfinished, bbox_inches="tight")
    if options.output != STANDARD_STREAM:
        print(f"alpha {found.alpha:g}\nbeta {found.beta:g}\nrandseed {found.randseed}")
        if found.scales is not None:
            print(f"global_scale {found.global_scale:g}")


def _schedule(options: argparse.Namespace) -> Any:
    from spasne_tools.screening.schedule import as_schedule

    if options.stage == "fine" and (options.alphas or options.betas):
        raise ValueError("expected --alphas and --betas, which are of the rough grid, without --stage fine")
    given = {"rough_alphas": options.alphas, "rough_betas": options.betas}
    return replace(
        as_schedule(options.schedule),
        **{name: values for name, values in given.items() if values is not None},
    )


def _common(parameters: Any) -> dict[str, Any]:
    """What all runs share."""
    from spasne_tools.screening.screen import NOT_SHARED

    return {name: value for name, value in vars(parameters).items() if name not in NOT_SHARED}
