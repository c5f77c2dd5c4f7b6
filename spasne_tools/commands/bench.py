"""``spasne-map bench``: how long maps of simulated sections take on this machine."""

from __future__ import annotations

import argparse
import time

from spasne_tools.commands.arguments import add_parameter_arguments, checked_parameters
from spasne_tools.run.embedding import embed

SUMMARY = "time this machine on simulated sections"
EXAMPLES = """\
examples:
  spasne-map bench
  spasne-map bench 1000 10000 100000 --n_jobs 4
"""
SIZES = (1000, 3000, 10000)
COLUMNS = ("spots", "method", "iterations", "read", "affinities", "optimise", "whole call")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, metavar="N", help="numbers of spots")
    parser.add_argument("--components", type=int, default=50, help="principal components of the expression")
    add_parameter_arguments(parser)


def run(options: argparse.Namespace) -> None:
    from spasne_tools.simulation import check_sizes, simulate_components

    for n_spots in options.sizes:
        check_sizes(n_spots, 500, options.components)
    parameters, start_file = checked_parameters(options)
    if start_file is not None:
        raise ValueError(
            f"expected --init without a table, which fits one number of spots, found {start_file}"
        )
    print("  ".join(f"{name:>13}" for name in COLUMNS) + "   (seconds)", flush=True)
    report = {}
    for n_spots in options.sizes:
        components, pixels, _ = simulate_components(n_spots, options.components)
        start = time.perf_counter()
        report = embed(components, pixels, parameters).report
        seconds = [report["seconds"][stage] for stage in ("read", "affinities", "optimise")]
        cells = [str(n_spots), report["method"], str(report["n_iter"])]
        cells += [f"{value:.2f}" for value in [*seconds, time.perf_counter() - start]]
        print("  ".join(f"{cell:>13}" for cell in cells), flush=True)
    print(f"spasne {report['version']}, {report['threads']} threads, {report['isa']}")
