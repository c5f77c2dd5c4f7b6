"""What map_reliability costs beside the map itself, in CPU seconds, which a busy machine changes little.

``python -m benchmarks.reliability_cost``: simulated tissue of 50 components, alpha 8, beta 2, all else by
default. Above ``--maps_up_to`` points the map is not made: its place takes the positions. Writes
results/reliability_cost.csv.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.measure import ROOT
from benchmarks.stopwatch import cpu_seconds
from spasne import map_reliability, run_spasne
from spasne_tools.datasets import simulate_components

RESULTS = ROOT / "benchmarks" / "results" / "reliability_cost.csv"
N_COMPONENTS, SEED = 50, 0
KILOBYTES = 1024  # a megabyte, in the unit of ru_maxrss


def largest_memory() -> float:
    """Of this process, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES


def run(n: int, with_map: bool) -> dict:
    X, pixels, _ = simulate_components(n, N_COMPONENTS, seed=SEED)
    positions = np.asarray(pixels, dtype=float)
    before, seconds = cpu_seconds(), np.nan
    Y = positions
    if with_map:
        Y = run_spasne(X, positions, use_pca=False)
        seconds = cpu_seconds() - before
    map_reliability(Y[:1000], X[:1000])  # imports
    before, memory = cpu_seconds(), largest_memory()
    map_reliability(Y, X, positions)
    own = cpu_seconds() - before
    return {
        "n": n,
        "map": seconds,
        "reliability": own,
        "share": own / seconds,
        "MB": largest_memory() - memory,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability_cost", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 30_000, 100_000, 1_000_000])
    parser.add_argument("--maps_up_to", type=int, default=100_000)
    options = parser.parse_args(arguments)
    rows = []
    for n in options.sizes:
        rows.append(run(n, n <= options.maps_up_to))
        print(rows[-1], flush=True)
        pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.4g")
    return 0


if __name__ == "__main__":
    sys.exit(main())
