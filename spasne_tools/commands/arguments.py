"""Flags that several commands share."""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from typing import Any

from spasne_tools.readers.anndata_io import DEFAULT_SPATIAL_KEY
from spasne_tools.readers.text_file import STANDARD_STREAM
from spasne_tools.run.method import LARGE
from spasne_tools.run.parameters import WEIGHTS, Flag, Parameters, check_parameters, is_start

SCREENED = ("alpha", "beta")  # of which `spasne-map screen` has grids


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
        ".npy, .npz (sparse), .h5ad, .zarr, .loom, .gem, or a folder: of Visium, Visium HD, Xenium, "
        "MERSCOPE, CosMx, Slide-seq, Stereo-seq, or with matrix.mtx, barcodes.tsv and features.tsv",
    )
    group.add_argument("--transpose", action="store_true", help="the input has genes in rows")
    group.add_argument(
        "--counts",
        action="store_true",
        help="the input holds counts: scale each row to the median total, take log(1 + x)"
        + (", then PCA" if reduced else ""),
    )
    group.add_argument(
        "--min_counts",
        type=int,
        default=1,
        help="with --counts: leave out rows with fewer counts, 1 by default: empty ones",
    )
    if reduced:
        group.add_argument("--hvg", type=int, help="with --counts: keep this many highly variable genes")
    group.add_argument("--layer", help="layer of AnnData to use in place of X")
    group.add_argument("--use_rep", help="entry of obsm of AnnData to use in place of X, such as X_pca")
    group.add_argument(
        "--bin", type=int, help="size of bins: micrometres of Visium HD (8), spots of a Stereo-seq .gem (50)"
    )


def add_tissue_arguments(parser: argparse.ArgumentParser) -> None:
    """-x and -l: positions and known classes."""
    group = parser.add_argument_group("positions and classes")
    group.add_argument(
        "-x",
        "--pixels",
        help="table of positions, rows matched by name wherever names are, by their order where there are "
        "none; without it those of the platform's folder or of AnnData, or none and no spatial term",
    )
    group.add_argument(
        "--pixel_columns",
        help="columns of the table of positions to use, separated by commas, where their names (x and y, "
        "center_x ...) do not tell; without a header they are numbered from 1",
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
        "--sections",
        help="table with the section of each row; distances in the tissue count within sections, and figures "
        "show them side by side",
    )
    group.add_argument(
        "--section_column", help="column of the table of sections, or of obs of a .h5ad file, to use"
    )


def add_parameter_arguments(
    parser: argparse.ArgumentParser, weights: bool = True, by_size: bool = False
) -> None:
    """The parameters of run_spasne, under their own names; without `weights` all but alpha and beta.

    `checked_parameters` collects them. `by_size`: the options hold WEIGHTS only where they are given, since
    all three are "auto" for large data where none of them is.
    """
    group = parser.add_argument_group("the map")
    for name, (default, flag) in _flags().items():
        if name in SCREENED and not weights:
            continue
        names = [f"-{flag.letter}"] if flag.letter else []
        names.append(f"--{name}")
        if by_size and name in WEIGHTS:
            otherwise = f"default: {default:g}; above {LARGE:,} rows auto if none of the three is given"
            text = f"{flag.help} ({otherwise})"
            group.add_argument(*names, type=flag.read, default=argparse.SUPPRESS, help=text)
        elif default is True:
            group.add_argument(*names, action="store_true", default=default, help=flag.help)
        else:
            group.add_argument(*names, type=flag.read, default=default, choices=flag.choices, help=flag.help)
    add_no_pca_argument(group)


def _flags() -> dict[str, tuple[Any, Flag]]:
    """Default and flag of each parameter that has one."""
    return {
        one.name: (one.default, one.metadata["flag"]) for one in fields(Parameters) if one.metadata["flag"]
    }


def add_no_pca_argument(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--no_pca",
        dest="use_pca",
        action="store_false",
        help="use the expression as it is, or as it is after --counts",
    )


def checked_parameters(options: argparse.Namespace) -> tuple[Parameters, str | None]:
    """The parameters, checked but for what is in files; and the file that `init` names, if it does."""
    given = vars(options)
    parameters = Parameters(**{name: given[name] for name in _flags() if name in given})
    start_file = None if is_start(parameters.init) else parameters.init
    parameters = replace(parameters, init="random" if start_file else parameters.init)
    check_parameters(parameters)
    return parameters, start_file


def add_output_argument(parser: argparse.ArgumentParser, what: str, default: str = STANDARD_STREAM) -> None:
    parser.add_argument("-o", "--output", default=default, help=what)


def numbers(text: str) -> tuple[float, ...]:
    """The numbers of a flag that takes several."""
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers separated by commas, found {text!r}") from None
