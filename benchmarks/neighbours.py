"""The search for neighbours alone, beside the libraries that people use for it.

``python -m benchmarks.neighbours``: simulated sections of each size with 50 components, the 150 nearest
neighbours of each spot, all programs on the same number of threads. A library that trades time for recall is
tried with ever more thorough settings until it finds 0.98 of the true neighbours of a sample of spots; times
are of that setting. CPU seconds are those of all threads, which say more on a busy machine; this project's
are of the whole executable, which makes the affinities as well. Libraries that are not installed are left out
(``pip install pynndescent hnswlib faiss-cpu``). Prints a table and writes
benchmarks/results/neighbours.csv, after each program.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from benchmarks.measure import ROOT
from benchmarks.stopwatch import cpu_seconds
from spasne_tools.commands.bench_data import COMPONENTS_FILE, PIXELS_FILE, write_bench_data
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

CACHE, RESULTS = ROOT / "build" / "bench", ROOT / "benchmarks" / "results" / "neighbours.csv"
K, N_COMPONENTS, LEAST, SAMPLED = 150, 50, 0.98, 500


class Spent(NamedTuple):
    """Seconds by the clock, and CPU seconds of this process and of its children."""

    seconds: float
    cpu_seconds: float

    @classmethod
    def until_now(cls) -> Spent:
        return cls(time.perf_counter(), cpu_seconds())

    def since(self, earlier: Spent) -> Spent:
        return Spent(self.seconds - earlier.seconds, self.cpu_seconds - earlier.cpu_seconds)

    def and_then(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds)


# Takes X and the number of threads; yields setting after setting: its name, the time spent, the indices.
Search: TypeAlias = Callable[[np.ndarray, int], Iterator[tuple[str, Spent, np.ndarray]]]


def timed(search: Callable[[], Any]) -> tuple[Spent, Any]:
    start = Spent.until_now()
    found = search()
    return Spent.until_now().since(start), found


def scikit_learn(X: np.ndarray, threads: int) -> Iterator[tuple[str, Spent, np.ndarray]]:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=K, algorithm="brute", n_jobs=threads)
    yield "brute", *timed(lambda: search.fit(X).kneighbors(return_distance=False))


def pynndescent(X: np.ndarray, threads: int) -> Iterator[tuple[str, Spent, np.ndarray]]:
    from pynndescent import NNDescent

    def search(rows: np.ndarray) -> np.ndarray:
        return NNDescent(rows, n_neighbors=K + 1, random_state=1, n_jobs=threads).neighbor_graph[0]

    search(X[:1000])  # compiles
    yield "default", *timed(lambda: search(X))


def hnswlib(X: np.ndarray, threads: int) -> Iterator[tuple[str, Spent, np.ndarray]]:
    from hnswlib import Index

    index = Index("l2", X.shape[1])
    index.init_index(len(X), M=16, ef_construction=200, random_seed=1)
    built, _ = timed(lambda: index.add_items(X, num_threads=threads))
    for ef in (200, 400, 800, 1600):
        index.set_ef(ef)
        asked, found = timed(lambda: index.knn_query(X, K + 1, num_threads=threads)[0])
        yield f"M 16, ef {ef}", built.and_then(asked), found


def faiss(X: np.ndarray, threads: int) -> Iterator[tuple[str, Spent, np.ndarray]]:
    import faiss

    faiss.omp_set_num_threads(threads)
    n_lists = int(4 * np.sqrt(len(X)))
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(X.shape[1]), X.shape[1], n_lists)

    def build() -> None:
        index.train(X)
        index.add(X)

    built, _ = timed(build)
    for n_probes in (16, 32, 64, 128, 192, 256, 384, 512):
        index.nprobe = n_probes
        asked, found = timed(lambda: index.search(X, K + 1)[1])
        yield f"IVF {n_lists}, {n_probes} probes", built.and_then(asked), found


PEERS: dict[str, Search] = {
    "scikit-learn": scikit_learn,
    "faiss": faiss,
    "hnswlib": hnswlib,
    "pynndescent": pynndescent,
}


def recall_of(X: np.ndarray, found: np.ndarray) -> float:
    """The share of sampled rows' true neighbours that are in `found`, which may hold the rows too."""
    rows = np.random.default_rng(0).choice(len(X), min(SAMPLED, len(X)), replace=False)
    hits = 0
    for row in rows:
        d2 = np.square(X - X[row]).sum(axis=1)
        d2[row] = np.inf
        true = np.argpartition(d2, K)[:K]
        hits += np.isin(true, found[row]).sum()
    return hits / (len(rows) * K)


def ours(X: np.ndarray, pixels: np.ndarray, kind: str, threads: int) -> dict:
    """By the executable, which measures the recall itself."""
    settings = {"neighbors": kind, "n_jobs": threads, "max_iter": 0, "use_pca": False}
    whole, made = timed(lambda: embed(X, pixels, Parameters(method="interpolation", **settings)))
    search = made.report["neighbours"]
    return {
        "program": f"SpaSNE {kind}",
        "setting": "",
        "seconds": search["seconds"],
        "cpu_seconds": whole.cpu_seconds,
        "recall": search["recall"],
    }


def peer(name: str, X: np.ndarray, threads: int) -> dict | None:
    """The first setting that finds enough, else the last; None where the library is not installed."""
    row = None
    try:
        for setting, spent, found in PEERS[name](X, threads):
            row = {"program": name, "setting": setting, **spent._asdict(), "recall": recall_of(X, found)}
            if row["recall"] >= LEAST:
                break
    except ImportError as error:
        print(f"{name} is left out: {error}", flush=True)
    return row


def all_programs(X: np.ndarray, pixels: np.ndarray, peers: Sequence[str], threads: int) -> Iterator[dict]:
    """Row after row, each as soon as it is measured."""
    for kind in ("approximate", "exact"):
        yield ours(X, pixels, kind, threads)
    for name in peers:
        row = peer(name, X, threads)
        if row is not None:
            yield row


def to_markdown(rows: Sequence[dict]) -> str:
    lines = ["| N | program | setting | seconds | CPU seconds | recall |", "|---|---|---|---|---|---|"]
    for row in rows:
        measured = f"{row['seconds']:.1f} | {row['cpu_seconds']:.1f} | {row['recall']:.3f}"
        lines.append(f"| {row['n']:,} | {row['program']} | {row['setting']} | {measured} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.neighbours", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000], help="spots")
    parser.add_argument("--threads", type=int, default=2, help="of every program")
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS), help="only these")
    options = parser.parse_args(arguments)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    rows: list[dict] = []
    for size in options.sizes:
        folder = CACHE / f"section-{size}-{N_COMPONENTS}"
        if not (folder / PIXELS_FILE).exists():
            write_bench_data(folder, size, N_COMPONENTS)
        X = np.load(folder / COMPONENTS_FILE).astype(np.float32)
        pixels = np.load(folder / PIXELS_FILE)
        for row in all_programs(X, pixels, options.peers, options.threads):
            rows.append({"n": size, **row})
            print(rows[-1], flush=True)
            RESULTS.parent.mkdir(parents=True, exist_ok=True)
            pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.6g")
    print(to_markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
