"""Flags that several commands share."""

from __future__ import annotations

import argparse
from dataclasses import replace

from spasne_tools.readers.expression_file import DEFAULT_SPATIAL_KEY
from spasne_tools.readers.tables import STANDARD_STREAM
from spasne_tools.run.validation import GRAPHS, METHODS, STARTS, Parameters, check_parameters


def add_expression_arguments(
    parser: argparse.ArgumentParser, default: str | None = None, reduced: bool = True
) -> None:
    """-i and how to read it; required where there is no `default`. Not `reduced`: used gene by gene."""
    group = parser.add_argument_group("expression")
    group.add_argument(
        "-i",
        "--input",
        default=default,
        required=default is None,
        help="expression, rows are spots or cells: a table (.csv, .tsv, .txt, .gz too; -: standard input), "
        ".npy, .npz (sparse), .h5ad, or a folder with matrix.mtx, barcodes.tsv and features.tsv",
    )
    group.add_argument("--transpose", action="store_true", help="the input has genes in rows")
    group.add_argument(
        "--counts",
        action="store_true",
        help="the input holds counts: scale each row to the median total, take log(1 + x)"
        + (", then PCA" if reduced else ""),
    )
    if reduced:
        group.add_argument("--hvg", type=int, help="with --counts: keep this many highly variable genes")
    group.add_argument("--layer", help="layer of a .h5ad file to use in place of X")
    group.add_argument("--use_rep", help="entry of obsm of a .h5ad file to use in place of X, such as X_pca")


def add_tissue_arguments(parser: argparse.ArgumentParser) -> None:
    """-x and -l: positions and known classes."""
    group = parser.add_argument_group("positions and classes")
    group.add_argument(
        "-x",
        "--pixels",
        help="table of positions, rows as in the input or, where both name their rows, by name; without it "
        "those of a .h5ad file, or none and no spatial term",
    )
    group.add_argument(
        "--pixel_columns",
        help="columns of the table of positions to use, separated by commas; without a header they are "
        "numbered from 1",
    )
    group.add_argument(
        "--spatial_key", default=DEFAULT_SPATIAL_KEY, help="entry of obsm of a .h5ad file with the positions"
    )
    group.add_argument("-l", "--labels", help="table of known classes, for the silhouette and for colours")
    group.add_argument(
        "--label_column", help="column of the table of classes, or of obs of a .h5ad file, to use"
    )


def add_section_arguments(parser: argparse.ArgumentParser) -> None:
    """--sections: which rows lie in one section."""
    group = parser.add_argument_group("several sections")
    group.add_argument(
        "--sections", help="table with the section of each row; distances in the tissue count within sections"
    )
    group.add_argument(
        "--section_column", help="column of the table of sections, or of obs of a .h5ad file, to use"
    )


def add_parameter_arguments(parser: argparse.ArgumentParser, weights: bool = True) -> None:
    """The parameters of run_spasne, under their own names; without `weights` all but alpha and beta.

    `checked_parameters` collects them.
    """
    defaults = Parameters()
    group = parser.add_argument_group("the map")
    if weights:
        group.add_argument("--alpha", type=float, default=defaults.alpha, help="weight of global expression")
        group.add_argument("--beta", type=float, default=defaults.beta, help="weight of space")
    group.add_argument(
        "--exaggeration",
        type=float,
        default=defaults.exaggeration,
        help="factor on the local affinities up to iteration 250",
    )
    group.add_argument(
        "-d", "--no_dims", type=int, default=defaults.no_dims, help="dimensions of the map, 1 to 3"
    )
    group.add_argument(
        "-p",
        "--perplexity",
        type=float,
        default=defaults.perplexity,
        help="effective number of neighbours, at most (rows - 1) / 3",
    )
    group.add_argument(
        "-t", "--theta", type=float, default=defaults.theta, help="0: exact; above 0: Barnes-Hut"
    )
    group.add_argument(
        "-r",
        "--randseed",
        type=int,
        default=defaults.randseed,
        help="seed of a random start; below 0: a new one each time",
    )
    group.add_argument(
        "-n",
        "--initial_dims",
        type=int,
        default=defaults.initial_dims,
        help="principal components kept; 0: up to 200",
    )
    group.add_argument(
        "--use_pca",
        dest="use_pca",
        action="store_true",
        default=defaults.use_pca,
        help="reduce the expression by PCA first",
    )
    add_no_pca_argument(group)
    group.add_argument("-m", "--max_iter", type=int, default=defaults.max_iter, help="iterations")
    _add_new_parameters(group, defaults)


def add_no_pca_argument(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--no_pca",
        dest="use_pca",
        action="store_false",
        help="use the expression as it is, or as it is after --counts",
    )


def _add_new_parameters(group: argparse._ArgumentGroup, defaults: Parameters) -> None:
    group.add_argument(
        "--method", default=defaults.method, choices=METHODS, help="how sums over pairs are taken"
    )
    group.add_argument("--n_jobs", type=int, help="threads (default: all cores)")
    group.add_argument(
        "--init", default=defaults.init, help=f"start: {', '.join(STARTS)} or a table (rows x no_dims)"
    )
    group.add_argument("--learning_rate", type=_number_or_text, help="a number or auto")
    group.add_argument(
        "--max_step", type=float, help="largest move of a point in one iteration; inf: no limit"
    )
    group.add_argument(
        "--global_scale", type=float, default=defaults.global_scale, help="sigma of the global kernel"
    )
    group.add_argument(
        "--pixel_scale",
        type=_number_or_text,
        default=defaults.pixel_scale,
        help="raw, unit (the unit of positions is made irrelevant) or a factor",
    )
    group.add_argument(
        "--neighbors",
        choices=GRAPHS,
        help="find neighbours faster than exactly, with pynndescent (for 200,000 rows and more)",
    )
    group.add_argument(
        "--accuracy", type=float, help="error allowed in the gradient by method interpolation (default: 1e-3)"
    )


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def checked_parameters(options: argparse.Namespace) -> tuple[Parameters, str | None]:
    """The parameters, checked but for what is in files; and the file that `init` names, if it does."""
    parameters = replace(Parameters.from_arguments(vars(options)), sections=None)
    start_file = None if parameters.init in STARTS else parameters.init
    parameters = replace(parameters, init="random" if start_file else parameters.init)
    check_parameters(parameters)
    return parameters, start_file


def add_output_argument(parser: argparse.ArgumentParser, what: str, default: str = STANDARD_STREAM) -> None:
    parser.add_argument("-o", "--output", default=default, help=what)
