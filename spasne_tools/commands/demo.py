"""``spasne-map demo``: the whole way on one data set, from counts over two maps to a figure and scores."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.commands.outputs import check_can_write, check_figure_format
from spasne_tools.output_file import output_file
from spasne_tools.preprocessing import log_normalise, preprocess_counts
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

SUMMARY = "map a simulated section, or the published data, from counts to figure and page"
EXAMPLES = """\
examples:
  spasne-map demo
  spasne-map demo breast -o breast.png
"""
LAYERS_TO_SEE = (
    "In the SpaSNE map the layers follow each other as they do in the tissue; in the t-SNE map they do not.\n"
    "Open {page}: circle some points of the map, and the same cells light up in the tissue."
)
REGIONS_TO_SEE = (
    "In the SpaSNE map neighbouring regions of the tissue are neighbours; in the t-SNE map they are mixed.\n"
    "Open {page}: circle some points of the map, and the same spots light up in the tissue."
)


@dataclass(frozen=True)
class Example:
    """Data ready to be mapped, and the weights that suit them."""

    title: str
    data: np.ndarray | pd.DataFrame
    pixels: pd.DataFrame
    labels: pd.Series
    legend_title: str
    alpha: float
    beta: float
    randseed: int
    what_to_see: str
    genes: pd.DataFrame | None = None


def _simulated() -> Example:
    from spasne_tools.simulation import simulate_tissue

    tissue = simulate_tissue()
    title = f"simulated cortex, {tissue.counts.shape[0]} spots, {tissue.counts.shape[1]} genes"
    return Example(
        title, preprocess_counts(tissue.counts), tissue.pixels, tissue.labels, "Layer", alpha=9, beta=4,
        randseed=3, what_to_see=LAYERS_TO_SEE,
        genes=pd.DataFrame(log_normalise(tissue.counts).toarray(), columns=tissue.genes.index),
    )  # fmt: skip


def _breast() -> Example:
    from spasne_tools.datasets import load_dataset

    d = load_dataset("breast_cancer")
    title = f"human breast cancer (Visium), {len(d.data)} spots"
    return Example(title, d.data, d.pixels, d.labels, "Class", 9, 4, randseed=1, what_to_see=REGIONS_TO_SEE)


def _visual() -> Example:
    from spasne_tools.datasets import load_dataset

    d = load_dataset("visual_cortex")
    title = f"mouse visual cortex (STARmap), {len(d.data)} cells"
    return Example(title, d.data, d.pixels, d.labels, "Layer", 9, 2.25, randseed=5, what_to_see=LAYERS_TO_SEE)


DATA: dict[str, Callable[[], Example]] = {"simulated": _simulated, "breast": _breast, "visual": _visual}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="?",
        choices=tuple(DATA),
        default="simulated",
        help="breast and visual are read from the folder that SPASNE_DATA names, or downloaded",
    )
    parser.add_argument(
        "-o",
        "--output",
        default="demo.png",
        help="figure: .png, .pdf or .svg; the page goes beside it, as .html",
    )


def run(options: argparse.Namespace) -> None:
    check_can_write(options.output, str(Path(options.output).with_suffix(".html")))
    check_figure_format(options.output)
    run_demo(options.name, options.output)


def run_demo(data: str = "simulated", output: str = "demo.png") -> pd.DataFrame:
    """Map a data set by t-SNE and by SpaSNE, print their scores, and save a figure and a linked page of them.

    Parameters
    ----------
    data : "simulated", "breast" or "visual"
        Simulated tissue needs nothing; the others are those of ``load_dataset``.
    output : str
        File of the figure; its ending gives the format (png, pdf, svg). The page goes beside it, as .html.

    Returns
    -------
    DataFrame
        A row for each map: alpha, beta, r1, r2, s and seconds.

    Raises
    ------
    ValueError
        For another name.
    FileNotFoundError
        A real data set that is not at hand and cannot be downloaded.

    Examples
    --------
    >>> run_demo("breast", "breast.png")  # doctest: +SKIP
    """
    if data not in DATA:
        raise ValueError(f"expected data to be one of {', '.join(DATA)}, found {data!r}")
    from spasne_tools.page.export import export_html
    from spasne_tools.plotting.maps import plot_maps  # matplotlib, which --help need not wait for

    example = DATA[data]()
    n_components, n_classes = example.data.shape[1], example.labels.nunique()
    print(f"{example.title}: {n_components} components, {n_classes} classes", flush=True)
    weights = {"t-SNE": (0.0, 0.0), "SpaSNE": (example.alpha, example.beta)}
    maps, rows = {}, {}
    for name, (alpha, beta) in weights.items():
        print(f"{name} (alpha {alpha:g}, beta {beta:g}) ...", flush=True)
        maps[name], rows[name] = _map_and_score(example, alpha, beta)
    table = pd.DataFrame(rows).T
    figure = plot_maps(
        maps, example.labels, example.pixels, scores=table.to_dict("index"), legend_title=example.legend_title
    )
    with output_file(output) as unfinished:
        figure.savefig(unfinished, format=unfinished.suffix[1:] or "png")  # no other files than those named
    page = export_html(
        Path(output).with_suffix(".html"), dict(reversed(maps.items())), example.pixels, title=example.title,
        labels={example.legend_title: example.labels}, genes=example.genes,
    )  # fmt: skip
    print(f"\n{_formatted(table)}\n\nr1: expression kept, r2: space kept, s: classes apart (silhouette)")
    print(f"\n{example.what_to_see.format(page=page)}\n\nwrote {output} and {page}")
    return table


def _map_and_score(example: Example, alpha: float, beta: float) -> tuple[np.ndarray, dict[str, Any]]:
    from spasne_tools.metrics.scores import score_embedding

    start = time.perf_counter()
    parameters = Parameters(alpha=alpha, beta=beta, randseed=example.randseed)
    Y = embed(example.data, example.pixels, parameters).Y
    seconds = time.perf_counter() - start
    scores = score_embedding(Y, example.data, example.pixels, example.labels)
    return Y, {"alpha": alpha, "beta": beta, **scores, "seconds": seconds}


def _formatted(table: pd.DataFrame) -> str:
    digits = {"alpha": "{:g}", "beta": "{:g}", "seconds": "{:.1f}"}
    return table.to_string(formatters={name: digits.get(name, "{:.3f}").format for name in table.columns})
