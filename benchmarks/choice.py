"""Weights chosen without labels beside the published ones, and beside the best cell of a grid.

``python -m benchmarks.choice``: for each data set maps of all points by t-SNE, with the paper's weights, and
with those of `choose_parameters` for goals "balanced" and "paper"; with those chosen from many more points;
and with those of the best cell of a grid of 7 x 7 x 4, ranked as the choice ranks: r1, r2, silhouette, the
share of points whose 15 neighbours on the map have their label as majority, neighbours kept in units of
t-SNE's, the balance. Writes benchmarks/results/choice.csv and prints the table of benchmarks/README.md. Data
of the paper need SPASNE_DATA or a connection.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from benchmarks.measure import ROOT
from benchmarks.sections import PUBLISHED_DATA, Section, section_of
from spasne_tools.choose.balance import Wish, judge_of
from spasne_tools.choose.choice import choose_parameters
from spasne_tools.choose.sample import MOST_POINTS, draw_sample
from spasne_tools.choose.search import FINAL_START, TRIAL_START, Search, Weights, weights_of
from spasne_tools.metrics.scores import knn_preservation, score_embedding
from spasne_tools.run.automatic import automatic_scale
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

NEIGHBOURS, SEED = 15, 1
EXACT_UP_TO = 5_000  # points of maps by exact sums, which depend on the seed: means of SEEDS
SEEDS = (1, 2, 3, 4, 5)
T_SNE, PAPER_WEIGHTS = Weights(0.0, 0.0, 1.0), Weights(8.0, 2.0, 1.0)
PUBLISHED = {"breast_cancer": Weights(9.0, 4.0, 1.0), "visual_cortex": Weights(9.0, 2.25, 1.0)}
# alpha, beta / alpha, and the scale in units of the automatic one
ALPHAS = (4, 8, 16, 32, 64, 128, 256)
SHARES = (0.125, 0.177, 0.25, 0.354, 0.5, 0.707, 1)
ROOMS = (0.5, 0.707, 1, 2)
FINAL_CELLS, CELLS_OF_ALL = 10, 2  # best ones made as the choice's last maps are; made of all points
MORE_POINTS = 5_000  # that weights are chosen from, to be compared with those of the sample
SCORES = ("r1", "r2", "s", "label", "kept")
RESULTS = ROOT / "benchmarks" / "results" / "choice.csv"


def label_agreement(Y: np.ndarray, labels: np.ndarray | None) -> float:
    """Share of points whose neighbours on the map have their label as the most frequent."""
    if labels is None:
        return float("nan")
    codes, names = pd.factorize(labels)
    near = cKDTree(Y).query(Y, NEIGHBOURS + 1)[1][:, 1:]
    votes = np.stack([(codes[near] == code).sum(axis=1) for code in range(len(names))], axis=1)
    return float((votes.argmax(axis=1) == codes).mean())


def map_of(section: Section, weights: Weights, init: str, seed: int = SEED) -> dict:
    """Scores of the map of all points, kept not yet in units of t-SNE's."""
    parameters = Parameters(
        **weights._asdict(), init=init, use_pca=False, randseed=seed,
        theta=0.0 if len(section.X) <= EXACT_UP_TO else 0.5,
    )  # fmt: skip
    start = time.perf_counter()
    found = embed(section.X, section.pixels, parameters)
    seconds = time.perf_counter() - start
    scores = score_embedding(found.Y, section.X, section.pixels, section.labels)
    return {
        **weights._asdict(), "init": init,
        "r1": float(scores["r1"]), "r2": float(scores["r2"]), "s": float(scores.get("s", np.nan)),
        "label": label_agreement(found.Y, section.labels),
        "kept": float(knn_preservation(section.X, found.Y, NEIGHBOURS)), "seconds": round(seconds, 1),
    }  # fmt: skip


def mean_of_seeds(section: Section, weights: Weights) -> dict:
    """As `map_of` from random starts, scores averaged; one map where the start is not random."""
    seeds = SEEDS if len(section.X) <= EXACT_UP_TO else SEEDS[:1]
    rows = [map_of(section, weights, "random", seed) for seed in seeds]
    return {**rows[0], **{name: float(np.mean([row[name] for row in rows])) for name in (*SCORES, "seconds")}}


# --- rows of the table ---


def plain_rows(section: Section) -> Iterator[dict]:
    """t-SNE, and the paper's weights."""
    yield {"map": "t-SNE", **mean_of_seeds(section, T_SNE)}
    yield {"map": "published weights", **mean_of_seeds(section, PUBLISHED.get(section.name, PAPER_WEIGHTS))}


def chosen_row(section: Section, goal: str) -> dict:
    """With the time that choosing took."""
    reference = PUBLISHED.get(section.name, PAPER_WEIGHTS)
    start = time.perf_counter()
    choice = choose_parameters(section.X, section.pixels, goal=goal, reference=reference, use_pca=False)
    seconds = round(time.perf_counter() - start, 1)
    made = map_of(section, Weights(choice.alpha, choice.beta, choice.global_scale), choice.init)
    on_sample = {"balance_of_sample": choice.scores["balance"], "seconds_of_choice": seconds}
    return {"map": f"chosen: {goal}", **made, **on_sample}


def chosen_rows(section: Section) -> Iterator[dict]:
    """Weights of both goals."""
    for goal in ("balanced", "paper"):
        yield chosen_row(section, goal)


def rows_of_more_points(section: Section) -> Iterator[dict]:
    """Balanced weights chosen from MORE_POINTS in place of the sample, where there are more."""
    if len(section.X) <= MOST_POINTS:
        return
    search = new_search(section, MORE_POINTS)
    best = search.run()
    yield {"map": f"chosen from {len(search.sample.X):,}", **map_of(section, weights_of(best), best["init"])}


def grid_rows(section: Section) -> Iterator[dict]:
    """The best cells of a full grid on the sample, as maps of all points."""
    search = new_search(section, MOST_POINTS)
    unit = automatic_scale(search.sample.n_points, float(search.sample.parameters.perplexity))
    cells = [
        Weights(float(alpha), float(alpha * share), min(1.0, room * unit))
        for alpha in ALPHAS for share in SHARES for room in ROOMS
    ]  # fmt: skip
    search.try_all("coarse", cells, TRIAL_START)
    search.try_all("final", best_of(search, TRIAL_START, FINAL_CELLS), FINAL_START)
    balances = {weights_of(row): row["balance"] for row in search.rows if row["stage"] == "final"}
    for weights in best_of(search, FINAL_START, CELLS_OF_ALL):
        made = map_of(section, weights, FINAL_START)
        yield {"map": "cell of the grid", **made, "balance_of_sample": balances[weights]}


def new_search(section: Section, most_points: int) -> Search:
    """As `choose_parameters` begins."""
    sample = draw_sample(section.X, section.pixels, Parameters(use_pca=False), 0, most_points)
    search = Search(sample, judge_of(sample), Wish({}), {})
    search.try_all("t-SNE", [T_SNE], "random")
    search.judge = replace(search.judge, kept_by_tsne=search.rows[0]["kept"])
    return search


def best_of(search: Search, init: str, n_cells: int) -> list[Weights]:
    rows = [row for row in search.rows if row["init"] == init and row["stage"] in ("coarse", "final")]
    return [weights_of(row) for row in sorted(rows, key=lambda row: -row["balance"])[:n_cells]]


ROWS: dict[str, Callable[[Section], Iterator[dict]]] = {
    "plain": plain_rows,
    "chosen": chosen_rows,
    "more": rows_of_more_points,
    "grid": grid_rows,
}


def finished(section: Section, rows: list[dict]) -> list[dict]:
    """`rows` with kept in units of t-SNE's and the balance; one row for the grid, of the largest balances."""
    unit = next(row["kept"] for row in rows if row["map"] == "t-SNE")
    for row in rows:
        row["kept"] /= unit
        row["balance"] = row["r1"] * row["r2"] * row["kept"]
    cells = [row for row in rows if row["map"] == "cell of the grid"]
    found = [row for row in rows if row not in cells]
    if cells:
        best = max(cells, key=lambda row: row["balance"])
        on_sample = max(row["balance_of_sample"] for row in cells)
        found.append({**best, "map": "best of the grid", "balance_of_sample": on_sample})
    return [{"data": section.name, "n": len(section.X), **row} for row in found]


def listed_weights(row: dict) -> str:
    """alpha, beta, global_scale of a table's row."""
    return ", ".join(f"{row[name]:.3g}" for name in Weights._fields)


def to_markdown(table: pd.DataFrame) -> str:
    lines = [
        "| data | map | alpha, beta, global_scale | r1 | r2 | s | label | kept | balance |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        scores = " | ".join(
            "" if np.isnan(row[name]) else f"{row[name]:.3f}" for name in (*SCORES, "balance")
        )
        lines.append(f"| {row['data']} | {row['map']} | {listed_weights(row)} | {scores} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write after each data set, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.choice", description=__doc__)
    default = [*PUBLISHED_DATA, "osmfish", "1200", "5000", "20000:50", "50000:50"]
    parser.add_argument("--data", nargs="+", default=default, help="names; simulated ones by size[:columns]")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), help="which (default: all)")
    options = parser.parse_args(arguments)
    rows: list[dict] = []
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    for name in options.data:
        section = section_of(name)
        rows += finished(section, [row for kind in options.rows for row in ROWS[kind](section)])
        pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.6g")
        print(to_markdown(pd.DataFrame(rows)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
