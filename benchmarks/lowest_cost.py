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

from benchmarks.kept_rows import with_rows
from benchmarks.measure import ROOT
from benchmarks.sections import PUBLISHED_DATA, Section, section_of
from benchmarks.speed import gradients_of_all_points
from spasne_tools.metrics.scores import score_embedding
from spasne_tools.run.automatic import ROOM
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

WEIGHTS = ((8, 2), (8, 8), (32, 8), (32, 16))
STARTS = ("joint", "joint*0.3", "joint*0.1", "joint*0", "spatial", "pca", "joint*3")
N_RANDOM, N_RANDOM_LARGE, LARGE = 20, 6, 10_000
NEIGHBOURS = 150
RESULTS = ROOT / "benchmarks" / "results" / "lowest_cost.csv"
PROBLEM = ["data", "alpha", "beta", "sigma"]
HEADER = (
    "| data | alpha, beta, sigma | default | lowest other | of | above it | published | winner | gradients "
    "| iterations | time |\n" + "|---" * 11 + "|"
)


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
        raced = found.report["starts"]
        return {
            "data": self.section.name,
            "alpha": self.alpha,
            "beta": self.beta,
            "sigma": float(f"{self.scale:.7g}"),  # as the file has it, so that a problem is found again
            "start": start,
            "cost": found.report["cost"],
            "r1": float(scores["r1"]),
            "r2": float(scores["r2"]),
            "gradients": gradients_of_all_points(found.report),
            "winner": raced[0]["start"] if raced else "",
            "seconds": round(found.report["seconds"]["optimise"], 2),
        }

    def runs_of(self, table: pd.DataFrame) -> pd.DataFrame:
        """Those of this problem."""
        same = (table["data"] == self.section.name) & np.isclose(table["sigma"], self.scale, rtol=1e-5)
        return table[same & (table["alpha"] == self.alpha) & (table["beta"] == self.beta)]


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


def starts(n_points: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names of all runs of a problem and what they are told, the default first."""
    yield "default", {}
    yield "published", {"descent": "published"}
    yield from ((start, {"init": start}) for start in STARTS)
    for seed in range(N_RANDOM if n_points <= LARGE else N_RANDOM_LARGE):
        yield f"random {seed}", {"init": 1e-6 * np.random.default_rng(seed).normal(size=(n_points, 2))}


def line_of(runs: pd.DataFrame) -> str:
    """A row of the table: what all runs of a problem came to."""
    table = runs.set_index("start")
    default, published, others = table.loc["default"], table.loc["published"], table["cost"].drop("default")
    times = [one["seconds"] for one in (default, published)]
    time = "" if np.isnan(times).any() else f"{times[0] / times[1]:.2f}"
    return (
        f"| {default['data']} | {default['alpha']:g}, {default['beta']:g}, {default['sigma']:.3g} "
        f"| {default['cost']:.4f} | {others.min():.4f} ({others.idxmin()}) | {len(others)} "
        f"| {100 * (default['cost'] / others.min() - 1):+.3f} % | {published['cost']:.4f} "
        f"| {default['winner']} | {default['gradients']:.0f} | {published['gradients']:.0f} | {time} |"
    )


def joined(before: pd.DataFrame, rows: list[dict]) -> pd.DataFrame:
    """All runs ever made, those of `rows` in the place of earlier ones of the same problem and start."""
    every = with_rows(before, rows, [*PROBLEM, "start"])
    places = {name: at for at, name in enumerate(pd.concat([before["data"], every["data"]]).unique())}
    return every.sort_values("data", key=lambda names: names.map(places), kind="stable")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lowest_cost", description=__doc__)
    parser.add_argument("--data", nargs="+", default=None, help="names; simulated ones by size[:columns]")
    parser.add_argument(
        "--default-only", action="store_true", help="only the default; others as the file has them"
    )
    options = parser.parse_args(arguments)
    real_ones = [*PUBLISHED_DATA, "osmfish", "starmap3d"] if os.environ.get("SPASNE_DATA") else []
    names = options.data or [*real_ones, "5000:50", "5000:200", "20000:50"]
    table = pd.DataFrame(columns=[*PROBLEM, "start"])
    if RESULTS.exists():
        table = pd.read_csv(RESULTS, keep_default_na=False, na_values={"seconds": ""})
    print(HEADER)
    for name in names:
        for setting in settings(replace(section_of(name), name=name)):
            if options.default_only and setting.runs_of(table).empty:
                continue
            wanted = [("default", {})] if options.default_only else starts(len(setting.section.X))
            rows = [setting.run(start, **told) for start, told in wanted]
            if options.default_only:  # times compare within one run of this program
                rows[0]["seconds"] = np.nan
            table = joined(table, rows)
            table.to_csv(RESULTS, index=False, float_format="%.7g")
            print(line_of(setting.runs_of(table)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
