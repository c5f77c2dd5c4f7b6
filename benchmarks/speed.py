"""How long whole calls take at the sizes that matter, on few cores and on many.

``python -m benchmarks.speed`` (or ``make bench-speed``): simulated sections with alpha 8 and beta 2, exact
and approximate neighbours, two cores; short runs on ever more cores. Each map is made in a process of its
own, bound to as many cores as it has threads. Prints a table as it goes, and writes
benchmarks/results/speed.csv.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measure import ROOT
from benchmarks.worker import peaks_mb
from spasne_tools.commands.bench_data import COMPONENTS_FILE, PIXELS_FILE, write_bench_data
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

CACHE, RESULTS = ROOT / "build" / "bench", ROOT / "benchmarks" / "results" / "speed.csv"
SHORT = 20  # gradients: enough to see what one takes
THREADS = (1, 2, 4, 8, 16)
TEN_MILLION = 10_000_000
Scores = Callable[[np.ndarray, np.ndarray, np.ndarray], dict]


@dataclass(frozen=True)
class Case:
    """One map; ``wide``: by the scale and the weights with which maps are as wide as those of t-SNE."""

    name: str
    n_spots: int
    n_components: int = 50
    neighbors: str = "auto"
    threads: int = 2
    max_iter: int = 1000
    wide: bool = False
    perplexity: float = 50


def gradients_of_all_points(report: dict) -> int:
    """Of the last descent and of the race before it, but for what raced on a sample."""
    return report["n_iter"] + sum(
        one["gradients"] for one in report["starts"] if one["points"] == report["n_points"]
    )


def scaling(n_spots: int, threads: Iterable[int]) -> list[Case]:
    return [Case("scaling", n_spots, threads=count, max_iter=SHORT) for count in threads]


CASES = [
    Case("hundred thousand", 100_000),
    Case("hundred thousand", 100_000, neighbors="exact"),
    Case("many columns", 100_000, 200),
    Case("many columns", 100_000, 200, neighbors="exact"),
    Case("wide", 60_000, wide=True),
    *scaling(100_000, THREADS),
    Case("million", 1_000_000),
    *scaling(1_000_000, THREADS[1:]),
    Case("million exact", 1_000_000, neighbors="exact"),
    Case("million wide", 1_000_000, wide=True),
    *(Case("ten million", TEN_MILLION, 30, threads=count, perplexity=15) for count in (2, 16)),
]


def files_of(case: Case) -> tuple[Path, Path]:
    """Of the section's components and positions."""
    folder = CACHE / f"section-{case.n_spots}-{case.n_components}"
    return folder / COMPONENTS_FILE, folder / PIXELS_FILE


def run(case: Case, scored: Scores | None = None) -> dict:
    """One map, in the process that is asked: from files to the map, with the memory of both programs.

    The numbers that `scored` makes of X, positions and map are added.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: case.threads])
    components, positions = files_of(case)
    start = time.perf_counter()
    X, pixels = np.load(components, mmap_mode="r"), np.load(positions)
    objective = {"alpha": 8.0, "beta": 8.0, "global_scale": "auto"} if case.wide else {}
    settings = {
        "neighbors": case.neighbors,
        "max_iter": case.max_iter,
        "n_jobs": case.threads,
        "perplexity": case.perplexity,
    }
    log = case.n_spots == TEN_MILLION  # what it says on the way
    found = embed(X, pixels, Parameters(randseed=1, use_pca=False, **settings, **objective), verbose=log)
    seconds = time.perf_counter() - start
    python_gb, executable_gb = (peak / 1e3 for peak in peaks_mb())
    report, search = found.report, found.report["neighbours"]
    gradients = gradients_of_all_points(report)
    row = asdict(case) | {
        "isa": report["isa"],
        "seconds": seconds,
        "search": search["search"],
        "recall": search["recall"],
        "neighbours": search["seconds"],
        "affinities": report["seconds"]["affinities"] - search["seconds"],
        "optimise": report["seconds"]["optimise"],
        "gradients": gradients,
        "ms_per_gradient": 1e3 * report["seconds"]["optimise"] / max(1, gradients),
        "executable_gb": executable_gb,
        "python_gb": python_gb,
        "cost": report["cost"],
    }
    return row | scored(X, pixels, found.Y) if scored else row


def in_process(case: Case, scored: Scores | None = None) -> dict:
    """`run` in a fresh process for each map, so that no peak of memory is another's."""
    components, positions = files_of(case)
    if not positions.exists():
        write_bench_data(components.parent, case.n_spots, case.n_components)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(run, case, scored).result()


HEADER = (
    "| N | columns | search | threads | whole call, s | neighbours, s | recall | affinities, s | "
    "optimise, s | gradients | ms each | executable, GB | Python, GB |\n" + "|---" * 13 + "|"
)


def line_of(row: dict) -> str:
    wide = " (8, 8), wide" if row["wide"] else ""
    return (
        f"| {row['n_spots']:,}{wide} | {row['n_components']} | {row['search']} | {row['threads']} | "
        f"{row['seconds']:.1f} | {row['neighbours']:.1f} | {row['recall']:.3f} | {row['affinities']:.1f} | "
        f"{row['optimise']:.1f} | {row['gradients']} | {row['ms_per_gradient']:.1f} | "
        f"{row['executable_gb']:.2f} | {row['python_gb']:.2f} |"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print and write, a row as soon as its map is made."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    names = sorted({case.name for case in CASES})
    parser.add_argument("--cases", nargs="+", choices=names, default=names, help="only these")
    parser.add_argument("--most", type=int, default=1_000_000, metavar="N", help="none of more spots")
    options = parser.parse_args(arguments)
    rows: list[dict] = []
    print(HEADER, flush=True)
    for case in CASES:
        at_hand = case.threads <= (os.cpu_count() or 1)
        if case.name not in options.cases or case.n_spots > options.most or not at_hand:
            continue
        rows.append(in_process(case))
        print(line_of(rows[-1]), flush=True)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.6g")
    return 0


if __name__ == "__main__":
    sys.exit(main())
