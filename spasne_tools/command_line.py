"""The command line: ``python -m spasne -i expression.csv -x pixels.csv -o map.csv``, and ``bench-data``."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from spasne_tools.bench_data import add_arguments, write_bench_data
from spasne_tools.embedding import embed
from spasne_tools.executable import ERROR_PREFIX, ExecutableError
from spasne_tools.preprocessing import pca
from spasne_tools.tables import STANDARD_STREAM, has_row_names, read_table, write_map
from spasne_tools.validation import GRAPHS, METHODS, STARTS, Parameters, check_parameters, check_rows_match
from spasne_tools.version import __version__

BENCH_DATA = "bench-data"  # the one command among the first arguments; without it a map is made
EXIT_OTHER, EXIT_BAD_INPUT, EXIT_NUMERICAL, EXIT_INTERRUPTED = 1, 2, 3, 130


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_BAD_INPUT, f"{ERROR_PREFIX}{message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments, after the program's name or without it. None: those of the process.

    Returns
    -------
    int
        0: done; 2: bad input or arguments; 3: numerical trouble; 1: anything else; each but 0 with one line
        ``spasne: error: ...`` on standard error.
    """
    arguments = list(sys.argv if argv is None else argv)
    if arguments and not arguments[0].startswith("-") and arguments[0] != BENCH_DATA:
        arguments = arguments[1:]  # all arguments but that command are flags: this is the program's name
    if arguments[:1] == [BENCH_DATA]:
        options, run = _bench_data_parser().parse_args(arguments[1:]), _write_bench_data
    else:
        options, run = _parser().parse_args(arguments), _run
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = _show_warning
        try:
            run(options)
        except ExecutableError as error:
            known = (EXIT_BAD_INPUT, EXIT_NUMERICAL)
            return _fail(error, error.exit_code if error.exit_code in known else EXIT_OTHER)
        except ValueError as error:
            return _fail(error, EXIT_BAD_INPUT)
        except (OSError, ImportError, RuntimeError, MemoryError) as error:
            return _fail(error, EXIT_OTHER)
        except KeyboardInterrupt:
            return _fail("interrupted", EXIT_INTERRUPTED)
    return 0


def _fail(reason: BaseException | str, exit_code: int) -> int:
    message = " ".join((str(reason) or type(reason).__name__).split())
    print(f"{ERROR_PREFIX}{message}", file=sys.stderr)
    return exit_code


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"spasne: warning: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    defaults = Parameters()
    parser = _OneLineParser(
        prog="spasne",
        description="Map spatially resolved profiling data with SpaSNE.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog="Tables are CSV, tab or white space, with or without header and row names, .gz too; or .npy. "
        f"`spasne {BENCH_DATA} N -o FOLDER` simulates a section of N spots to try it on.",
    )
    parser.add_argument("--version", action="version", version=f"spasne {__version__}")
    _add_file_arguments(parser)
    parser.add_argument("--alpha", type=float, default=defaults.alpha, help="weight of global expression")
    parser.add_argument("--beta", type=float, default=defaults.beta, help="weight of space")
    parser.add_argument(
        "--exaggeration",
        type=float,
        default=defaults.exaggeration,
        help="factor on the local affinities up to iteration 250",
    )
    parser.add_argument(
        "-d", "--no_dims", type=int, default=defaults.no_dims, help="dimensions of the map, 1 to 3"
    )
    parser.add_argument(
        "-p",
        "--perplexity",
        type=float,
        default=defaults.perplexity,
        help="effective number of neighbours, at most (rows - 1) / 3",
    )
    parser.add_argument(
        "-t", "--theta", type=float, default=defaults.theta, help="0: exact; above 0: Barnes-Hut"
    )
    parser.add_argument(
        "-r", "--randseed", type=int, default=defaults.randseed, help="seed; below 0: a new one each time"
    )
    parser.add_argument(
        "-n",
        "--initial_dims",
        type=int,
        default=defaults.initial_dims,
        help="principal components kept; 0: up to 200",
    )
    parser.add_argument(
        "--use_pca",
        dest="use_pca",
        action="store_true",
        default=defaults.use_pca,
        help="reduce the expression by PCA first",
    )
    parser.add_argument("--no_pca", dest="use_pca", action="store_false", help="use the expression as it is")
    parser.add_argument("-m", "--max_iter", type=int, default=defaults.max_iter, help="iterations")
    parser.add_argument("-v", "--verbose", action="store_true", help="show progress")
    _add_new_parameters(parser, defaults)
    return parser


def _bench_data_parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog=f"spasne {BENCH_DATA}",
        description="Simulate a tissue section of any size: components, positions and layers as files.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_arguments(parser)
    return parser


def _write_bench_data(options: argparse.Namespace) -> None:
    write_bench_data(options.output, options.n_spots, options.components, options.genes, options.seed)
    print(f"{options.output}: {options.n_spots} spots, {options.components} components")


def _add_file_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-i", "--input", default=STANDARD_STREAM, help="expression table, rows are spots; -: stdin"
    )
    parser.add_argument(
        "-x", "--pixels", help="table of positions, rows as in the expression; without it no spatial term"
    )
    parser.add_argument(
        "--pixel_columns", help="columns of the table of positions to use, separated by commas"
    )
    parser.add_argument(
        "-l", "--labels", help="table of known classes, for the silhouette and the colours of --plot"
    )
    parser.add_argument("--label_column", help="column of the table of classes to use")
    parser.add_argument(
        "-o",
        "--output",
        default=STANDARD_STREAM,
        help="map: .csv with header and row names; .txt, .dat, .tsv or - (stdout): bare numbers",
    )
    parser.add_argument("--plot", help="figure of the tissue and the map, .png, .pdf or .svg")


def _add_new_parameters(parser: argparse.ArgumentParser, defaults: Parameters) -> None:
    parser.add_argument(
        "--method", default=defaults.method, choices=METHODS, help="how sums over pairs are taken"
    )
    parser.add_argument("--n_jobs", type=int, help="threads (default: all cores)")
    parser.add_argument(
        "--init", default=defaults.init, help=f"start: {', '.join(STARTS)} or a table (rows x no_dims)"
    )
    parser.add_argument("--learning_rate", type=_number_or_text, help="a number or auto")
    parser.add_argument(
        "--max_step", type=float, help="largest move of a point in one iteration; inf: no limit"
    )
    parser.add_argument(
        "--global_scale", type=float, default=defaults.global_scale, help="sigma of the global kernel"
    )
    parser.add_argument(
        "--pixel_scale",
        type=_number_or_text,
        default=defaults.pixel_scale,
        help="raw, unit (the unit of positions is made irrelevant) or a factor",
    )
    parser.add_argument(
        "--neighbors",
        choices=GRAPHS,
        help="find neighbours faster than exactly, with pynndescent (for 200,000 rows and more)",
    )
    parser.add_argument(
        "--accuracy", type=float, help="error allowed in the gradient by method interpolation (default: 1e-3)"
    )


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _run(options: argparse.Namespace) -> None:
    parameters = Parameters.from_arguments(vars(options))
    start_file = None if parameters.init in STARTS else parameters.init
    check_parameters(parameters if start_file is None else replace(parameters, init="random"))
    _check_can_write(options.output, options.plot)
    if options.plot:
        _check_figure_format(options.plot)
    data = read_table(options.input)
    pixels = _read_rows(options.pixels, data, "pixels", options.pixel_columns)
    labels = _read_labels(options.labels, data, options.label_column)
    if start_file is not None:
        parameters = replace(parameters, init=_read_rows(start_file, data, "init"))
    # What is printed must not mix with a map on standard output.
    printed_to = sys.stderr if options.output == STANDARD_STREAM else sys.stdout
    with contextlib.redirect_stdout(printed_to):
        positions = "" if pixels is None else f"; positions: {pixels.shape[1]} columns"
        print(f"expression: {data.shape[0]} rows, {data.shape[1]} columns{positions}", flush=True)
        Y = embed(data, pixels, parameters, options.verbose).Y
    write_map(options.output, Y, data.index if has_row_names(data) else None)
    scores = _scored(Y, data, pixels, labels)
    for name, value in scores.items():
        if not name.endswith("_se"):
            error = f" +- {scores[f'{name}_se']:.4f}" if f"{name}_se" in scores else ""
            print(f"{name} {value:.4f}{error}", file=printed_to)
    if options.plot:
        # Without classes the tissue is coloured by what varies most in expression.
        colors = pca(data, 1)[:, 0] if labels is None else labels
        _plot(options.plot, Y, colors, pixels, scores)


def _check_can_write(*files: str | None) -> None:
    """Find out before the work, not after it."""
    for path in (Path(file) for file in files if file is not None and file != STANDARD_STREAM):
        if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise ValueError(f"expected a file name in a folder that can be written to, found {str(path)!r}")


def _read_rows(
    file: str | None, data: pd.DataFrame, name: str, columns: str | None = None
) -> pd.DataFrame | None:
    """A table with the rows of `data`; only `columns` (names separated by commas) where given."""
    if file is None:
        if columns is not None:
            raise ValueError(f"expected a table of {name} for columns {columns!r}, found none")
        return None
    table = read_table(file, n_rows=len(data))
    if not (has_row_names(data) and has_row_names(table)) and len(table) == len(data):
        table = table.set_axis(data.index, axis=0)  # names on one side only: rows belong together by position
    check_rows_match(data, table, name)
    if columns is not None:
        wanted = columns.split(",")
        if missing := [column for column in wanted if column not in table.columns]:
            raise ValueError(
                f"expected column {missing[0]!r} in {file}, found {', '.join(map(str, table.columns))}"
            )
        table = table[wanted]
    return table


def _read_labels(file: str | None, data: pd.DataFrame, column: str | None) -> pd.Series | None:
    table = _read_rows(file, data, "labels", column)
    if table is None:
        return None
    if table.shape[1] != 1:
        raise ValueError(
            f"expected one column of labels in {file}, found {', '.join(map(str, table.columns))}; "
            "choose one with --label_column"
        )
    return table.iloc[:, 0]


def _scored(
    Y: np.ndarray, data: pd.DataFrame, pixels: pd.DataFrame | None, labels: pd.Series | None
) -> pd.Series:
    from spasne_tools.metrics import score_embedding  # scikit-learn, which --help need not wait for

    return score_embedding(Y, data, pixels, labels)


def _check_figure_format(file: str) -> None:
    from matplotlib.backend_bases import FigureCanvasBase

    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if Path(file).suffix[1:].lower() not in known:
        raise ValueError(f"expected a figure file that ends in one of {', '.join(known)}, found {file!r}")


def _plot(file: str, Y: np.ndarray, colors: Any, pixels: pd.DataFrame | None, scores: pd.Series) -> None:
    from spasne_tools.plotting import plot_maps

    figure = plot_maps({"SpaSNE": Y}, colors, pixels, scores={"SpaSNE": scores.to_dict()})
    figure.savefig(file, bbox_inches="tight")
