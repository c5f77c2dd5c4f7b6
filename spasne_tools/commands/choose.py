"""``spasne-map choose``: alpha, beta and global_scale for what a user wants to see, without labels."""

from __future__ import annotations

import argparse

from spasne_tools.commands import inputs
from spasne_tools.commands.arguments import (
    add_expression_arguments,
    add_no_pca_argument,
    add_section_arguments,
    add_tissue_arguments,
    numbers,
)
from spasne_tools.commands.outputs import check_can_write, check_figure_format
from spasne_tools.commands.positions import positions_named
from spasne_tools.commands.rows import rows_of
from spasne_tools.output_file import output_file
from spasne_tools.run.parameters import WEIGHTS, number_or_text

SUMMARY = "choose alpha, beta and global_scale without labels, from a sample of the rows"
EXAMPLES = """\
examples:
  spasne-map choose -i expression.csv.gz -x pixels.csv
  spasne-map choose -i section.h5ad --use_rep X_pca --goal paper --table tried.csv --plot front.png
  spasne-map choose -i expression.csv -x pixels.csv --least_r1 0.6 --least_r2 0.7
"""
# Options that choose_parameters takes under the same name.
TAKEN = (
    *WEIGHTS, "goal", "perplexity", "no_dims", "initial_dims", "pixel_scale", "use_pca", "random_state",
    "n_jobs", "verbose", "reference",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_expression_arguments(parser)
    add_tissue_arguments(parser)
    add_section_arguments(parser)
    parser.add_argument(
        "--goal",
        choices=("balanced", "paper"),
        default="balanced",
        help="balanced: the largest r1 * r2 * neighbours kept; paper: r1, r2 and neighbours in the "
        "tissue no lower than those of the reference, then as many in expression as can be kept",
    )
    parser.add_argument("--least_r1", type=float, help="in place of a goal: r1 at least this")
    parser.add_argument("--least_r2", type=float, help="in place of a goal: r2 at least this")
    parser.add_argument(
        "--reference",
        type=numbers,
        default=(8.0, 2.0, 1.0),
        help="alpha, beta and global_scale of goal paper, separated by commas",
    )
    for name in WEIGHTS:
        parser.add_argument(f"--{name}", type=number_or_text, default="auto", help="a number, or auto")
    parser.add_argument("-p", "--perplexity", type=float, default=50, help="effective number of neighbours")
    parser.add_argument("-d", "--no_dims", type=int, default=2, help="dimensions of the map")
    parser.add_argument("-n", "--initial_dims", type=int, default=0, help="components; 0: up to 200")
    parser.add_argument("--pixel_scale", type=number_or_text, default="raw", help="raw, unit or a factor")
    add_no_pca_argument(parser)
    parser.add_argument("--random_state", type=int, default=0, help="seed of the sample")
    parser.add_argument("--n_jobs", type=int, help="threads (default: all cores)")
    parser.add_argument("--table", help="table of all that was tried, .csv")
    parser.add_argument("--plot", help="figure of r1, r2 and neighbours kept, .png, .pdf or .svg")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the best of each round")


def run(options: argparse.Namespace) -> None:
    from spasne_tools.choose.choice import choose_parameters

    check_can_write(options.table, options.plot)
    check_figure_format(options.plot)
    expression = inputs.expression_named(options)
    rows = rows_of(expression)
    least = {"r1": options.least_r1, "r2": options.least_r2}
    choice = choose_parameters(
        inputs.data_of(expression, options, options.initial_dims),
        positions_named(options, rows, expression, needed=options.beta != 0),
        at_least={name: value for name, value in least.items() if value is not None} or None,
        sections=inputs.sections_named(options, rows, expression),
        **{name: getattr(options, name) for name in TAKEN},
    )
    if options.table:
        with output_file(options.table) as unfinished:
            choice.table.to_csv(unfinished, index=False, lineterminator="\n")
    if options.plot:
        with output_file(options.plot) as unfinished:
            choice.plot().savefig(unfinished, bbox_inches="tight")
    print(*(f"{name} {value:g}" for name, value in choice.scores.items()), sep="\n")
    print("embed with: " + " ".join(f"--{name} {value}" for name, value in choice.parameters.items()))
