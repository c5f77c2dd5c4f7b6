"""Weights chosen without labels beside the published ones, and beside the best cell of a grid.

``python -m benchmarks.choice``: for each data set maps of all points by t-SNE, with the paper's weights, and
with those of `choose_parameters` for goals "balanced" and "paper"; with those chosen from many more points;
and with those of the best cells of a grid of 7 x 7 x 4, of which each is made on the sample as the choice
makes its last maps: r1, r2, silhouette, the share of points whose 15 neighbours on the map have their label
as majority, neighbours kept in units of t-SNE's, the balance; CPU seconds of a map and of a choice. Work goes
to ``--processes`` of one thread each, with all data sets under way at once. Writes
benchmarks/results/choice.csv and prints the table of benchmarks/README.md. Data of the paper need
SPASNE_DATA or a connection; any other come as ``FILE.npz`` with X, pixels and, where known, labels.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from benchmarks.measure import ROOT
from benchmarks.sections import PUBLISHED_DATA, Section, section_of
from benchmarks.stopwatch import cpu_seconds
from spasne_tools.choose.balance import Wish, judge_of
from spasne_tools.choose.choice import choose_parameters
from spasne_tools.choose.sample import MOST_POINTS, Sample, draw_sample
from spasne_tools.choose.search import FINAL_START, Search, Weights, weights_of
from spasne_tools.metrics.scores import knn_preservation, score_embedding
from spasne_tools.run.automatic import automatic_scale
from spasne_tools.run.batch import Run
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
CELLS_OF_ALL = 4  # best ones, of which maps of all points are made
CELLS_AT_ONCE = 7  # of a process
MORE_POINTS = 5_000  # that weights are chosen from, to be compared with those of the sample
SCORES = ("r1", "r2", "s", "label", "kept")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
RESULTS = ROOT / "benchmarks" / "results" / "choice.csv"


def label_agreement(Y: np.ndarray, labels: np.ndarray | None) -> float:
    """Share of points whose neighbours on the map have their label as the most frequent."""
    if labels is None:
        return float("nan")
    codes, names = pd.factorize(labels)
    near = cKDTree(Y).query(Y, NEIGHBOURS + 1)[1][:, 1:]
    votes = np.stack([(codes[near] == code).sum(axis=1) for code in range(len(names))], axis=1)
    return float((votes.argmax(axis=1) == codes).mean())


# --- work of one process ---


def map_of(section: Section, weights: Weights, init: str, seed: int = SEED) -> dict:
    """Scores of the map of all points, kept not yet in units of t-SNE's."""
    parameters = Parameters(
        **weights._asdict(), init=init, use_pca=False, randseed=seed, n_jobs=1,
        theta=0.0 if len(section.X) <= EXACT_UP_TO else 0.5,
    )  # fmt: skip
    start = cpu_seconds()
    found = embed(section.X, section.pixels, parameters)
    seconds = cpu_seconds() - start
    scores = score_embedding(found.Y, section.X, section.pixels, section.labels)
    return {
        **weights._asdict(), "init": init,
        "r1": float(scores["r1"]), "r2": float(scores["r2"]), "s": float(scores.get("s", np.nan)),
        "label": label_agreement(found.Y, section.labels),
        "kept": float(knn_preservation(section.X, found.Y, NEIGHBOURS)), "cpu_seconds": round(seconds, 1),
    }  # fmt: skip


def chosen_row(section: Section, goal: str) -> dict:
    """With the time that choosing took."""
    reference = PUBLISHED.get(section.name, PAPER_WEIGHTS)
    start = cpu_seconds()
    choice = choose_parameters(
        section.X, section.pixels, goal=goal, reference=reference, use_pca=False, n_jobs=1
    )
    seconds = round(cpu_seconds() - start, 1)
    made = map_of(section, Weights(choice.alpha, choice.beta, choice.global_scale), choice.init)
    on_sample = {"balance_of_sample": choice.scores["balance"], "cpu_seconds_of_choice": seconds}
    return {"map": f"chosen: {goal}", **made, **on_sample}


def row_of_more_points(section: Section) -> dict:
    """Balanced weights chosen from MORE_POINTS in place of the sample."""
    sample = sample_of(section, MORE_POINTS)
    search = Search(sample, judge_of(sample), Wish({}), {})
    search.try_all("t-SNE", [T_SNE], "random")
    search.judge = replace(search.judge, kept_by_tsne=search.rows[0]["kept"])
    best = search.run()
    return {"map": f"chosen from {len(sample.X):,}", **map_of(section, weights_of(best), best["init"])}


def scores_of_cells(section: Section, init: str, cells: Sequence[Weights]) -> list[dict[str, float]]:
    """Scores of maps of the sample, kept not in units of t-SNE's."""
    sample = sample_of(section, MOST_POINTS)
    judge = judge_of(sample)
    runs = [Run(w.alpha, w.beta, SEED, sample.scale(w.global_scale)) for w in cells]
    return [judge.scores(made.Y) if made else {"balance": -np.inf} for made in sample.maps(runs, init)]


def sample_of(section: Section, most_points: int) -> Sample:
    """As `choose_parameters` draws it."""
    return draw_sample(section.X, section.pixels, Parameters(use_pca=False, n_jobs=1), 0, most_points)


# --- rows of the table ---


def plain_rows(section: Section, pool: ProcessPoolExecutor) -> Iterator[dict]:
    """t-SNE, and the paper's weights: means of maps from random starts; one map where no start is random."""
    seeds = SEEDS if len(section.X) <= EXACT_UP_TO else SEEDS[:1]
    both = {"t-SNE": T_SNE, "published weights": PUBLISHED.get(section.name, PAPER_WEIGHTS)}
    made = {
        name: pool.map(partial(map_of, section, weights, "random"), seeds) for name, weights in both.items()
    }
    for name, results in made.items():
        rows = list(results)
        means = {score: float(np.mean([row[score] for row in rows])) for score in (*SCORES, "cpu_seconds")}
        yield {"map": name, **rows[0], **means}


def chosen_rows(section: Section, pool: ProcessPoolExecutor) -> Iterator[dict]:
    """Weights of both goals."""
    return pool.map(partial(chosen_row, section), ("balanced", "paper"))


def rows_of_more_points(section: Section, pool: ProcessPoolExecutor) -> Iterator[dict]:
    """Where there are more points than in a sample."""
    if len(section.X) > MOST_POINTS:
        yield pool.submit(row_of_more_points, section).result()


def grid_rows(section: Section, pool: ProcessPoolExecutor) -> Iterator[dict]:
    """The best cells of a full grid on the sample, as maps of all points."""
    cells = cells_of(len(section.X))
    parts = [cells[k : k + CELLS_AT_ONCE] for k in range(0, len(cells), CELLS_AT_ONCE)]
    unit = pool.submit(scores_of_cells, section, "random", [T_SNE])
    found = [
        scores for part in pool.map(partial(scores_of_cells, section, FINAL_START), parts) for scores in part
    ]
    balances = {
        weights: scores["balance"] / unit.result()[0]["kept"]
        for weights, scores in zip(cells, found, strict=True)
    }
    best = sorted(cells, key=lambda weights: -balances[weights])[:CELLS_OF_ALL]
    made = pool.map(map_of, [section] * len(best), best, [FINAL_START] * len(best))
    for weights, row in zip(best, made, strict=True):
        yield {"map": "cell of the grid", **row, "balance_of_sample": balances[weights]}


def cells_of(n_points: int) -> list[Weights]:
    unit = automatic_scale(n_points, float(Parameters().perplexity))
    return [
        Weights(float(alpha), float(alpha * share), min(1.0, room * unit))
        for alpha in ALPHAS for share in SHARES for room in ROOMS
    ]  # fmt: skip


ROWS: dict[str, Callable[[Section, ProcessPoolExecutor], Iterator[dict]]] = {
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


def rows_of(name: str, kinds: Sequence[str], pool: ProcessPoolExecutor) -> list[dict]:
    """The rows of one data set: kinds side by side, as far as the processes go."""
    section = section_of(name)
    with ThreadPoolExecutor(len(kinds)) as side_by_side:
        found = list(side_by_side.map(lambda kind: list(ROWS[kind](section, pool)), kinds))
    return finished(section, [row for rows in found for row in rows])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write after each data set, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.choice", description=__doc__)
    default = [*PUBLISHED_DATA, "osmfish", "1200", "5000", "20000:50", "50000:50"]
    parser.add_argument(
        "--data", nargs="+", default=default, help="names; simulated ones by size[:columns]; .npz"
    )
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), help="which (default: all)")
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count(), help="of one thread (default: all cores)"
    )
    options = parser.parse_args(arguments)
    kinds = list(dict.fromkeys(["plain", *options.rows]))
    os.environ.update(ONE_THREAD)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict] = []
    with (
        ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool,
        ThreadPoolExecutor(len(options.data)) as side_by_side,
    ):
        for found in side_by_side.map(lambda name: rows_of(name, kinds, pool), options.data):
            rows += found
            pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.6g")
            print(to_markdown(pd.DataFrame(rows)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
