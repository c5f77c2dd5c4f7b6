"""What the scale sigma of the global kernel, `global_scale`, does to maps of different sizes.

``python -m benchmarks.scales``: on simulated tissue of each size, alpha 8 and beta 2, sigma from 1 (the
paper) down, and t-SNE beside them: r1, r2 and the share of 15 nearest neighbours kept in expression and
in space. Writes benchmarks/results/scales.csv and prints the table of benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.inputs import make_input
from benchmarks.measure import ROOT
from benchmarks.quality import Section
from spasne_tools.metrics.scores import knn_preservation, score_embedding
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

ALPHA, BETA, SEED, NEIGHBOURS = 8.0, 2.0, 1, 15
RESULTS = ROOT / "benchmarks" / "results" / "scales.csv"


def run(section: Section, sigma: float | None) -> dict:
    """One map; sigma None: t-SNE."""
    parameters = Parameters(
        alpha=0.0 if sigma is None else ALPHA, beta=0.0 if sigma is None else BETA, method="interpolation",
        global_scale=sigma or 1.0, use_pca=False, randseed=SEED,
    )  # fmt: skip
    found = embed(section.X, section.pixels, parameters)
    scores = score_embedding(found.Y, section.X, section.pixels)
    return {
        "n": len(section.X),
        "map": "t-SNE" if sigma is None else f"sigma {sigma:g}",
        "r1": float(scores["r1"]),
        "r2": float(scores["r2"]),
        "knn15": float(knn_preservation(section.X, found.Y, NEIGHBOURS)),
        "knn15_space": float(knn_preservation(section.pixels, found.Y, NEIGHBOURS)),
        "cost_local": found.report["cost_local"],
        "n_iter": found.report["n_iter"],
        "seconds": round(sum(found.report["seconds"].values()), 1),
    }


def to_markdown(table: pd.DataFrame) -> str:
    lines = ["| N | map | r1 | r2 | 15 neighbours kept | in space |", "|---|---|---|---|---|---|"]
    for row in table.itertuples():
        scores = " | ".join(f"{value:.3f}" for value in (row.r1, row.r2, row.knn15, row.knn15_space))
        lines.append(f"| {row.n:,} | {row.map} | {scores} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scales", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[3000, 10_000, 100_000], help="spots")
    parser.add_argument("--sigmas", type=float, nargs="+", default=[1.0, 0.3, 0.1, 0.03], help="scales")
    options = parser.parse_args(arguments)
    rows = []
    for size in options.sizes:
        files = make_input(size, ROOT / "build" / "bench")
        section = Section(files.name, np.load(files.data), np.load(files.pixels), None)
        for sigma in (None, *options.sigmas):
            rows.append(run(section, sigma))
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(RESULTS, index=False, float_format="%.6g")
    print(to_markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
