"""Weights chosen without labels beside the published ones, and beside the best cell of a grid.

``python -m benchmarks.choice``: for each data set maps of all points by t-SNE, with the paper's weights, and
with those of `choose_parameters` for goals "balanced" and "paper": r1, r2, silhouette, the share of points
whose 15 neighbours on the map have their label as majority, neighbours kept in units of t-SNE's, the balance.
Then, on the sample of the choice, the balance of a grid's best cell, its three best made as the choice's last
maps are. Writes benchmarks/results/choice.csv and prints the table of benchmarks/README.md. Data of the paper
need SPASNE_DATA or a connection.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from benchmarks.measure import ROOT
from benchmarks.quality import Section, real, simulated
from spasne_tools.choose.balance import Wish, judge_of
from spasne_tools.choose.choice import Choice, choose_parameters
from spasne_tools.choose.sample import draw_sample
from spasne_tools.choose.search import FINAL_START, FINALISTS, TRIAL_START, Search, Weights, weights_of
from spasne_tools.datasets import load_dataset
from spasne_tools.metrics.scores import knn_preservation, score_embedding
from spasne_tools.run.automatic import automatic_scale
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

NEIGHBOURS, SEED = 15, 1
PUBLISHED = {"breast_cancer": (9.0, 4.0, 1.0), "visual_cortex": (9.0, 2.25, 1.0)}
GRID = {"alpha": (8, 16, 32, 64), "beta / alpha": (0.25, 0.5, 1), "room": (0.5, 1, 2)}
RESULTS = ROOT / "benchmarks" / "results" / "choice.csv"


def section_of(name: str) -> Section:
    if name in PUBLISHED:
        data = load_dataset(name)
        labels = None if data.labels is None else np.asarray(data.labels).ravel().astype(str)
        return Section(name, np.asarray(data.data, float), np.asarray(data.pixels, float), labels)
    return real("osmfish_cortex_4839", "counts.npz") if name == "osmfish" else simulated(int(name))


def label_agreement(Y: np.ndarray, labels: np.ndarray | None) -> float:
    """Share of points whose neighbours on the map have their label as the most frequent."""
    if labels is None:
        return float("nan")
    codes, names = pd.factorize(labels)
    near = cKDTree(Y).query(Y, NEIGHBOURS + 1)[1][:, 1:]
    votes = np.stack([(codes[near] == code).sum(axis=1) for code in range(len(names))], axis=1)
    return float((votes.argmax(axis=1) == codes).mean())


def map_of(section: Section, weights: Sequence[float], init: str) -> dict:
    """Scores of the map of all points."""
    alpha, beta, scale = weights
    parameters = Parameters(
        alpha=alpha, beta=beta, global_scale=scale, init=init, use_pca=False, randseed=SEED,
        theta=0.0 if len(section.X) <= 5000 else 0.5,
    )  # fmt: skip
    start = time.perf_counter()
    found = embed(section.X, section.pixels, parameters)
    seconds = time.perf_counter() - start
    scores = score_embedding(found.Y, section.X, section.pixels, section.labels)
    return {
        "alpha": alpha, "beta": beta, "global_scale": scale, "init": init,
        "r1": float(scores["r1"]), "r2": float(scores["r2"]), "s": float(scores.get("s", np.nan)),
        "label": label_agreement(found.Y, section.labels),
        "kept": float(knn_preservation(section.X, found.Y, NEIGHBOURS)), "seconds": round(seconds, 1),
    }  # fmt: skip


def best_of_grid(section: Section) -> float:
    """The largest balance of a full grid on the sample that choices are made on."""
    sample = draw_sample(section.X, section.pixels, Parameters(use_pca=False), 0)
    search = Search(sample, judge_of(sample), Wish({}), {})
    search.try_all("t-SNE", [Weights(0.0, 0.0, 1.0)], "random")
    unit = automatic_scale(sample.n_points, 50)
    cells = [
        Weights(float(a), float(a * ratio), min(1.0, room * unit))
        for a in GRID["alpha"] for ratio in GRID["beta / alpha"] for room in GRID["room"]
    ]  # fmt: skip
    search.try_all("coarse", cells, TRIAL_START)
    tried = search.table()
    ranked = tried[tried["stage"] == "coarse"].sort_values("balance", ascending=False)
    finalists = [weights_of(row) for row in ranked.head(FINALISTS).to_dict("records")]
    search.try_all("final", finalists, FINAL_START)
    table = search.table()
    return float(table.loc[table["stage"] != "t-SNE", "balance"].max() / table["kept"].iloc[0])


def compared(section: Section, grid: bool) -> list[dict]:
    """All rows of one data set."""
    published = PUBLISHED.get(section.name, (8.0, 2.0, 1.0))
    rows = [
        {"map": "t-SNE", **map_of(section, (0.0, 0.0, 1.0), "random")},
        {"map": "published weights", **map_of(section, published, "random")},
    ]
    for goal in ("balanced", "paper"):
        start = time.perf_counter()
        choice: Choice = choose_parameters(
            section.X, section.pixels, goal=goal, reference=published, use_pca=False
        )
        seconds = time.perf_counter() - start
        made = map_of(section, (choice.alpha, choice.beta, choice.global_scale), choice.init)
        on_sample = {"balance_of_sample": choice.scores["balance"], "seconds_of_choice": round(seconds, 1)}
        rows.append({"map": f"chosen: {goal}", **made, **on_sample})
    if grid:
        rows[2]["best_of_grid"] = best_of_grid(section)
    unit = rows[0]["kept"]
    for row in rows:
        row["kept"] /= unit
        row["balance"] = row["r1"] * row["r2"] * row["kept"]
    return [{"data": section.name, "n": len(section.X), **row} for row in rows]


def to_markdown(table: pd.DataFrame) -> str:
    names = ["r1", "r2", "s", "label", "kept", "balance"]
    lines = [
        "| data | map | alpha, beta, global_scale | r1 | r2 | s | label | kept | balance |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        weights = ", ".join(f"{row[name]:g}" for name in ("alpha", "beta", "global_scale"))
        scores = " | ".join("" if np.isnan(row[name]) else f"{row[name]:.3f}" for name in names)
        lines.append(f"| {row['data']} | {row['map']} | {weights} | {scores} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write after each data set, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.choice", description=__doc__)
    default = ["breast_cancer", "visual_cortex", "osmfish", "1200", "5000", "20000"]
    parser.add_argument("--data", nargs="+", default=default, help="names, or spots of simulated tissue")
    parser.add_argument("--no_grid", action="store_true", help="without the grid")
    options = parser.parse_args(arguments)
    rows: list[dict] = []
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    for name in options.data:
        rows += compared(section_of(name), not options.no_grid)
        pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.6g")
        print(to_markdown(pd.DataFrame(rows)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
