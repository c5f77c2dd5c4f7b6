"""What is left of neighbours and of space as points become more: t-SNE, the paper's weights, chosen ones.

``python -m benchmarks.scales``: simulated tissue of each size and perplexity, 50 columns, method
`interpolation`: r1, r2, the share of 15 nearest neighbours kept in units of what t-SNE keeps, and the share
of points whose 15 neighbours on the map have their type, and their layer, as the most frequent. t-SNE is made
both ways, by published steps and by fast ones; what keeps more is the unit. Puts its rows into
benchmarks/results/scales.csv, in place of those of the same size and perplexity, and prints the table of
benchmarks/README.md. ``--figures docs/images`` draws the maps of each size, ``maps_3000.png``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import kept_rows
from benchmarks.choice import NEIGHBOURS, PAPER_WEIGHTS, T_SNE, label_agreement, listed_weights
from benchmarks.measure import ROOT
from benchmarks.scales_figure import save_figure
from benchmarks.sections import Section, section_of
from spasne_tools.choose.choice import choose_parameters
from spasne_tools.choose.search import Weights
from spasne_tools.metrics.scores import knn_preservation, score_embedding
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

SIZES = (1_000, 5_000, 20_000, 100_000)
COLUMNS = 50
CHOSEN = "chosen weights"
# weights and steps of each map but that of CHOSEN
MAPS = {
    "t-SNE": (T_SNE, "published"),
    "t-SNE, fast steps": (T_SNE, "fast"),
    "published weights": (PAPER_WEIGHTS, "fast"),
}
SHOWN = ("t-SNE", "published weights", CHOSEN)
RESULTS = ROOT / "benchmarks" / "results" / "scales.csv"


def run(
    section: Section,
    name: str,
    weights: Weights,
    descent: str,
    perplexity: float,
    method: str = "interpolation",
) -> tuple[dict, np.ndarray]:
    """One map: its row and its places. Exact sums start where `interpolation` does."""
    parameters = Parameters(
        **weights._asdict(), method=method, descent=descent, use_pca=False, perplexity=perplexity,
        init="best" if method == "exact" else "random",
    )  # fmt: skip
    found = embed(section.X, section.pixels, parameters)
    scores = score_embedding(found.Y, section.X, section.pixels)
    row = {
        "n": len(section.X), "perplexity": perplexity, "map": name, **weights._asdict(),
        "r1": float(scores["r1"]), "r2": float(scores["r2"]),
        "kept": float(knn_preservation(section.X, found.Y, NEIGHBOURS)),
        "type": label_agreement(found.Y, section.types), "layer": label_agreement(found.Y, section.labels),
        "cost": found.report["cost"], "n_iter": found.report["n_iter"],
        "seconds": round(sum(found.report["seconds"].values()), 1),
    }  # fmt: skip
    return row, found.Y


def made(section: Section, name: str, perplexity: float) -> tuple[dict, np.ndarray]:
    """The map of this name, of MAPS or CHOSEN."""
    if name != CHOSEN:
        return run(section, name, *MAPS[name], perplexity)
    start = time.perf_counter()
    choice = choose_parameters(section.X, section.pixels, perplexity=perplexity, use_pca=False)
    seconds = round(time.perf_counter() - start, 1)
    chosen = Weights(choice.alpha, choice.beta, choice.global_scale)
    row, Y = run(section, name, chosen, "fast", perplexity)
    return {**row, "seconds_of_choice": seconds}, Y


def finished(rows: Sequence[dict]) -> list[dict]:
    """`rows` of one tissue with what is kept in units of t-SNE's."""
    unit = max(row["kept"] for row in rows if row["map"].startswith("t-SNE"))
    return [{**row, "kept_of_tsne": row["kept"] / unit} for row in rows]


def to_markdown(table: pd.DataFrame) -> str:
    lines = [
        "| N | perplexity | map | alpha, beta, global_scale | r1 | r2 | kept | type | layer |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        scores = " | ".join(f"{row[name]:.3f}" for name in ("r1", "r2", "kept_of_tsne", "type", "layer"))
        lines.append(
            f"| {row['n']:,} | {row['perplexity']:g} | {row['map']} | {listed_weights(row)} | {scores} |"
        )
    return "\n".join(lines)


def put_rows(rows: Sequence[dict]) -> pd.DataFrame:
    """The table of all tissues with `rows` of one in it, from the smallest to the largest; written too."""
    return kept_rows.put_rows(RESULTS, rows, ("n", "perplexity"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write after each tissue, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scales", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="spots")
    parser.add_argument("--perplexities", type=float, nargs="+", default=[50.0], help="of each size")
    parser.add_argument("--figures", type=Path, help="folder for pictures of the maps of each size")
    options = parser.parse_args(arguments)
    for size in options.sizes:
        section = section_of(f"{size}:{COLUMNS}")
        for perplexity in options.perplexities:
            found = [made(section, name, perplexity) for name in (*MAPS, CHOSEN)]
            rows = finished([row for row, _ in found])
            table = put_rows(rows)
            if options.figures:
                shown = {
                    row["map"]: (Y, row)
                    for row, (_, Y) in zip(rows, found, strict=True)
                    if row["map"] in SHOWN
                }
                save_figure(section, shown, options.figures / f"maps_{size}.png")
    print(to_markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
