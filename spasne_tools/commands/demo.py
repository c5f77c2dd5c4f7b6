"""``spasne-map demo``: t-SNE and SpaSNE of one data set, their scores and a figure."""

from __future__ import annotations

import argparse

from spasne_tools.commands import inputs

SUMMARY = "map a simulated section, or the published data, from counts to figure"
EXAMPLES = """\
examples:
  spasne-map demo
  spasne-map demo breast -o breast.png
"""
NAMES = ("simulated", "breast", "visual")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="?",
        choices=NAMES,
        default=NAMES[0],
        help="breast and visual are read from the folder that SPASNE_DATA names, or downloaded",
    )
    parser.add_argument("-o", "--output", default="demo.png", help="figure: .png, .pdf or .svg")


def run(options: argparse.Namespace) -> None:
    from spasne_tools.demo import run_demo

    inputs.check_can_write(options.output)
    inputs.check_figure_format(options.output)
    run_demo(options.name, options.output)
