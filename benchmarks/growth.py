"""How time and memory grow with the number of spots, up to a million.

``python -m benchmarks.growth``: simulated sections with 50 components (as ``spasne-map bench-data`` writes
them), alpha 8 and beta 2, defaults otherwise, each map made once. Writes benchmarks/results/growth.csv, a row
as soon as its map is made, and prints the table of benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.measure import ROOT
from benchmarks.worker import peaks_mb
from spasne_tools.commands.bench_data import COMPONENTS_FILE, PIXELS_FILE, write_bench_data
from spasne_tools.metrics.scores import knn_preservation, score_embedding
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
N_COMPONENTS = 50
CACHE, RESULTS = ROOT / "build" / "bench", ROOT / "benchmarks" / "results" / "growth.csv"


def run(n_spots: int) -> dict:
    """One map from files to scores; the memory is the largest of all maps so far."""
    folder = CACHE / f"section-{n_spots}"
    if not (folder / PIXELS_FILE).exists():
        write_bench_data(folder, n_spots, N_COMPONENTS)
    start = time.perf_counter()
    X, pixels = np.load(folder / COMPONENTS_FILE, mmap_mode="r"), np.load(folder / PIXELS_FILE)
    found = embed(X, pixels, Parameters(randseed=1, use_pca=False))
    seconds = time.perf_counter() - start
    python_gb, executable_gb = (peak / 1e3 for peak in peaks_mb())
    stages, n_iter = found.report["seconds"], found.report["n_iter"]
    scores = score_embedding(found.Y, X, pixels)
    return {
        "n": n_spots,
        "seconds": round(seconds, 1),
        "affinities": round(stages["affinities"], 1),
        "optimise": round(stages["optimise"], 1),
        "n_iter": n_iter,
        "ms_per_iteration": 1e3 * stages["optimise"] / n_iter,
        "python_gb": python_gb,
        "executable_gb": executable_gb,
        "cost": found.report["cost"],
        "r1": float(scores["r1"]),
        "r2": float(scores["r2"]),
        "knn15": float(knn_preservation(X, found.Y, 15)),
    }


def to_markdown(table: pd.DataFrame) -> str:
    lines = [
        "| N | whole call, s | affinities, s | iterations | ms per iteration | grows as N^ | "
        "Python, GB | executable, GB | r1 | r2 |",
        "|" + "---|" * 10,
    ]
    logs = np.log(table[["n", "ms_per_iteration"]]).diff()
    exponents = logs["ms_per_iteration"] / logs["n"]
    for row, exponent in zip(table.itertuples(), exponents, strict=True):
        grows = "" if np.isnan(exponent) else f"{exponent:.2f}"
        lines.append(
            f"| {row.n:,} | {row.seconds:,.1f} | {row.affinities:,.1f} | {row.n_iter} | "
            f"{row.ms_per_iteration:,.1f} | {grows} | {row.python_gb:.2f} | {row.executable_gb:.2f} | "
            f"{row.r1:.3f} | {row.r2:.3f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="spots, smallest first")
    options = parser.parse_args(arguments)
    rows: list[dict] = []
    for size in options.sizes:
        rows.append(run(size))
        print(rows[-1], flush=True)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.6g")
    print(to_markdown(pd.DataFrame(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
