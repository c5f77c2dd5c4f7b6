"""Whether the default start finds the lowest of many minima, and what it takes to find it.

``python -m benchmarks.lowest_cost``: for each data set and weights, at sigma 1 and at the scale that leaves
room for neighbours, the default run of method `interpolation`, the published steps from principal axes, and
the fast steps from each start of the race alone and from random starts (20 of them; 6 above 10,000 points).
All on one graph of neighbours, so that costs compare. Writes benchmarks/results/lowest_cost.csv with every
run and prints one line for each problem. Real data where SPASNE_DATA names their folder.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from benchmarks.measure import ROOT
from benchmarks.quality import Section, real, simulated
from spasne_tools.datasets import load_dataset
from spasne_tools.metrics.scores import score_embedding
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

WEIGHTS = ((8, 2), (8, 8), (32, 8), (32, 16))
ROOM = 2.7  # sigma sqrt(n) at which a map has room for its neighbours
STARTS = ("joint", "joint*0.3", "joint*0.1", "joint*0", "spatial", "pca", "joint*3")
N_RANDOM, N_RANDOM_LARGE, LARGE = 20, 6, 10_000
NEIGHBOURS = 150
RESULTS = ROOT / "benchmarks" / "results" / "lowest_cost.csv"


@dataclass(frozen=True)
class Setting:
    """A problem: data, weights, scale and the graph that all its runs share."""

    section: Section
    graph: tuple[np.ndarray, np.ndarray]
    alpha: float
    beta: float
    scale: float

    def run(self, start: str, **options: Any) -> dict:
        parameters = replace(
            Parameters(
                alpha=self.alpha, beta=self.beta, global_scale=self.scale, use_pca=False, randseed=1,
                method="interpolation", neighbors=self.graph,
            ),
            **options,
        )  # fmt: skip
        found = embed(self.section.X, self.section.pixels, parameters)
        scores = score_embedding(found.Y, self.section.X, self.section.pixels)
        starts = found.report["starts"]
        return {
            "data": self.section.name,
            "alpha": self.alpha,
            "beta": self.beta,
            "sigma": self.scale,
            "start": start,
            "cost": found.report["cost"],
            "r1": float(scores["r1"]),
            "r2": float(scores["r2"]),
            "gradients": found.report["n_iter"] + sum(one["gradients"] for one in starts),
            "winner": starts[0]["start"] if starts else "",
            "seconds": round(found.report["seconds"]["optimise"], 2),
        }


def sections(names: Sequence[str]) -> Iterator[Section]:
    for name in names:
        kind, _, columns = name.partition(":")
        if kind in ("breast_cancer", "visual_cortex"):
            dataset = load_dataset(kind)
            found = Section(kind, dataset.data.to_numpy(float), dataset.pixels.to_numpy(float), None)
        elif kind == "osmfish":
            found = real("osmfish_cortex_4839", "counts.npz")
        elif kind == "starmap3d":
            found = real("starmap3d_cortex_32845", "intensity.npz")
        else:
            found = simulated(int(kind))
        X = found.X[:, : int(columns)] if columns else found.X
        yield replace(found, name=name, X=X)


def settings(section: Section) -> Iterator[Setting]:
    X = section.X
    distance, index = NearestNeighbors(n_neighbors=NEIGHBOURS + 1, algorithm="brute").fit(X).kneighbors(X)
    keep = index != np.arange(len(X))[:, None]  # duplicated rows come before the row itself, or for it
    keep[keep.all(axis=1), -1] = False
    shape = (len(X), NEIGHBOURS)
    graph = index[keep].reshape(shape).astype(np.int32), distance[keep].reshape(shape).astype(np.float32)
    for scale in (1.0, ROOM / np.sqrt(len(section.X))):
        for alpha, beta in WEIGHTS:
            yield Setting(section, graph, float(alpha), float(beta), float(scale))


def compare(setting: Setting) -> list[dict]:
    """All runs of a problem, the default first."""
    n = len(setting.section.X)
    rows = [setting.run("default"), setting.run("published", descent="published")]
    rows += [setting.run(start, init=start) for start in STARTS]
    for seed in range(N_RANDOM if n <= LARGE else N_RANDOM_LARGE):
        start = np.random.default_rng(seed).normal(size=(n, 2))
        rows.append(setting.run(f"random {seed}", init=1e-6 * start))
    return rows


def line_of(rows: list[dict]) -> str:
    table = pd.DataFrame(rows).set_index("start")
    default, published, lowest = table.loc["default"], table.loc["published"], table["cost"].drop("default")
    return (
        f"| {default['data']} | {default['alpha']:g}, {default['beta']:g}, {default['sigma']:.3g} "
        f"| {default['cost']:.4f} | {lowest.min():.4f} ({lowest.idxmin()}) "
        f"| {100 * (default['cost'] / lowest.min() - 1):+.3f} % | {published['cost']:.4f} "
        f"| {default['winner']} | {default['gradients']:.0f} "
        f"| {default['seconds'] / published['seconds']:.2f} |"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lowest_cost", description=__doc__)
    parser.add_argument("--data", nargs="+", default=None, help="names; simulated ones by size[:columns]")
    options = parser.parse_args(arguments)
    real_ones = ["breast_cancer", "visual_cortex", "osmfish"] if os.environ.get("SPASNE_DATA") else []
    names = options.data or [*real_ones, "5000:50", "5000:200", "20000:50"]
    titles = ("data", "alpha, beta, sigma", "default", "lowest other", "above it")
    print(f"| {' | '.join((*titles, 'published', 'winner', 'gradients', 'time'))} |")
    print("|---|---|---|---|---|---|---|---|---|")
    rows: list[dict] = []
    for section in sections(names):
        for setting in settings(section):
            found = compare(setting)
            print(line_of(found), flush=True)
            rows += found
            pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.7g")
    return 0


if __name__ == "__main__":
    sys.exit(main())
