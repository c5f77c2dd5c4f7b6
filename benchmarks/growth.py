"""How time and memory grow with the number of spots, up to a million.

``python -m benchmarks.growth``: simulated sections with 50 components (as ``spasne-map bench-data`` writes
them), alpha 8 and beta 2, defaults otherwise, two threads, each map made once, in a process of its own.
Writes benchmarks/results/growth.csv, a row as soon as its map is made, and prints the table of
benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.measure import ROOT
from benchmarks.speed import Case, in_process
from spasne_tools.metrics.scores import knn_preservation, score_embedding

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
RESULTS = ROOT / "benchmarks" / "results" / "growth.csv"


def scored(X: np.ndarray, pixels: np.ndarray, Y: np.ndarray) -> dict:
    """What the map keeps."""
    scores = score_embedding(Y, X, pixels)
    return {
        "r1": float(scores["r1"]),
        "r2": float(scores["r2"]),
        "knn15": float(knn_preservation(X, Y, 15)),
    }


def to_markdown(table: pd.DataFrame) -> str:
    lines = [
        "| N | whole call, s | neighbours, s | affinities, s | gradients | ms per gradient | grows as N^ | "
        "Python, GB | executable, GB | r1 | r2 |",
        "|" + "---|" * 11,
    ]
    logs = np.log(table[["n_spots", "ms_per_gradient"]]).diff()
    exponents = logs["ms_per_gradient"] / logs["n_spots"]
    for row, exponent in zip(table.itertuples(), exponents, strict=True):
        grows = "" if np.isnan(exponent) else f"{exponent:.2f}"
        lines.append(
            f"| {row.n_spots:,} | {row.seconds:,.1f} | {row.neighbours:,.1f} | {row.affinities:,.1f} | "
            f"{row.gradients} | {row.ms_per_gradient:,.1f} | {grows} | {row.python_gb:.2f} | "
            f"{row.executable_gb:.2f} | {row.r1:.3f} | {row.r2:.3f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="spots, smallest first")
    options = parser.parse_args(arguments)
    rows: list[dict] = []
    for size in options.sizes:
        rows.append(in_process(Case("growth", size), scored))
        print(rows[-1], flush=True)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.6g")
    print(to_markdown(pd.DataFrame(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
