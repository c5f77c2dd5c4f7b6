"""Where embeddings fail, over alpha, beta and seeds: with the published steps and with automatic ones.

``python -m benchmarks.failures --help``. A run has failed where its map is not finite or its final cost is
more than 1 % above the lowest cost known for its cell (data, theta, alpha, beta), over all seeds, step limits
and numbers of iterations. Writes every run, a table of cells and a figure for each data set.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.inputs import BREAST_SIZE, make_input
from benchmarks.measure import ROOT
from spasne_tools.metrics.scores import pairwise_correlation
from spasne_tools.run.data_file import Problem, read_result_file, write_data_file
from spasne_tools.run.embedding import embed
from spasne_tools.run.executable import ExecutableError, run_executable
from spasne_tools.run.parameters import Parameters

ALPHAS, QUICK_ALPHAS = (0, 2, 5, 9, 12, 15, 20, 30, 50), (9, 20, 50)
BETAS, QUICK_BETAS = (0, 1, 5, 10, 25), (0, 1, 25)
PERPLEXITY, EXAGGERATION = 50, 4.0
FAILED = 1.01  # times the lowest known cost of the cell
NUMERICAL_TROUBLE = 3  # the exit code of a run whose map is no longer finite
N_OUTLIERS, OUTLIER_FACTOR = 5, 1000
BEFORE, AFTER = "inf", "automatic"  # the published steps, and what a data file without a step limit gets
RACE = "best"  # the default of `interpolation`: fast steps, without a limit, from the best of several starts
CELL = ["data", "theta", "alpha", "beta"]
RUN = [*CELL, "max_iter", "max_step", "seed"]
DATA = ("breast", "simulated-200", "simulated-3000", "duplicates", "outliers", "line")


@dataclass(frozen=True)
class Tissue:
    """What is embedded: X (n, 200) and pixels (n, 1 or 2)."""

    X: np.ndarray
    pixels: np.ndarray


def load(name: str, cache: Path) -> Tissue:
    """Return a data set of DATA.

    duplicates: 300 spots and 300 more drawn from them with replacement; outliers: 400 spots, the profiles of
    five 1000 times as long; line: 400 spots with one coordinate.
    """
    if name == "breast" and not os.environ.get("SPASNE_DATA"):
        raise ValueError("expected the folder of the breast cancer data in SPASNE_DATA, found none")
    sizes = {"breast": BREAST_SIZE, "duplicates": 300, "outliers": 400, "line": 400}
    files = make_input(sizes.get(name) or int(name.removeprefix("simulated-")), cache)
    X, pixels = np.load(files.data), np.load(files.pixels)
    rng = np.random.default_rng(0)
    if name == "duplicates":
        rows = np.concatenate([np.arange(len(X)), rng.integers(len(X), size=len(X))])
        X, pixels = X[rows], pixels[rows]
    elif name == "outliers":
        X[rng.choice(len(X), N_OUTLIERS, replace=False)] *= OUTLIER_FACTOR
    elif name == "line":
        pixels = pixels[:, :1]
    return Tissue(X, pixels)


def run(tissue: Tissue, key: dict[str, Any]) -> dict[str, Any]:
    """One embedding by the executable; `key` holds the columns RUN."""
    if key["max_step"] == RACE:
        return run_race(tissue, key)
    problem = Problem(
        X=tissue.X,
        pixels=tissue.pixels,
        alpha=key["alpha"],
        beta=key["beta"],
        exaggeration=EXAGGERATION,
        perplexity=PERPLEXITY,
        theta=key["theta"],
        randseed=key["seed"],
        max_iter=key["max_iter"],
        max_step=None if key["max_step"] == AFTER else float(key["max_step"]),
    )
    with tempfile.TemporaryDirectory(prefix="failures-") as folder:
        data, result, report = (Path(folder, name) for name in ("data.dat", "result.dat", "report.json"))
        write_data_file(data, problem)
        try:
            run_executable(["--data", data, "--result", result, "--report", report, "--threads", "1"])
        except ExecutableError as error:
            if error.exit_code != NUMERICAL_TROUBLE:
                raise
            return {**key, "cost": np.nan, "repeated": False}
        Y = read_result_file(result).Y
        told = json.loads(report.read_text(encoding="utf-8"))
    radius = np.linalg.norm(Y - Y.mean(axis=0), axis=1)
    return {
        **key,
        "cost": told["cost"],
        "r1": float(pairwise_correlation(tissue.X, Y)),
        "r2": float(pairwise_correlation(tissue.pixels, Y)),
        "radius_ratio": radius.max() / np.median(radius),
        "repeated": told["repeated"],
        "n_iter": told["n_iter"],
        "longest_step": told["longest_step"],
        "seconds": told["seconds"]["optimise"],
    }


def run_race(tissue: Tissue, key: dict[str, Any]) -> dict[str, Any]:
    """The default run of `interpolation`; its cost is by the sums of the cell's other rows."""
    parameters = Parameters(
        alpha=key["alpha"], beta=key["beta"], perplexity=PERPLEXITY, exaggeration=EXAGGERATION,
        max_iter=key["max_iter"], method="interpolation", use_pca=False, n_jobs=1,
    )  # fmt: skip
    found = embed(tissue.X, tissue.pixels, parameters)
    method = "exact" if key["theta"] == 0 else "barnes_hut"
    as_it_is = replace(parameters, method=method, theta=key["theta"], init=found.Y, max_iter=0)
    judged = embed(tissue.X, tissue.pixels, as_it_is)
    return {
        **key,
        "cost": judged.report["cost"],
        "r1": float(pairwise_correlation(tissue.X, found.Y)),
        "r2": float(pairwise_correlation(tissue.pixels, found.Y)),
        "repeated": False,
        "n_iter": found.report["n_iter"],
        "seconds": found.report["seconds"]["optimise"],
    }


# --- all runs ---


def keys(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The runs that are asked for; seeds outermost, so that a run that is cut short covers the whole grid."""
    seeds = range(1, options.seeds + 1)
    for seed, theta, alpha, beta, max_iter, max_step in itertools.product(
        seeds, options.theta, options.alphas, options.betas, options.max_iter, options.max_step
    ):
        values = (options.data, float(theta), float(alpha), float(beta), max_iter, max_step, seed)
        yield dict(zip(RUN, values, strict=True))


def run_all(options: argparse.Namespace) -> pd.DataFrame:
    """All runs of one data set, `options.jobs` at a time, added to those in the output folder (--keep)."""
    path = options.output / "failures.csv"
    known = read_runs(path) if path.exists() else pd.DataFrame(columns=RUN)
    if not options.keep:
        known = known[known["data"] != options.data]
    done = set(known[RUN].itertuples(index=False, name=None))
    todo = [key for key in keys(options) if tuple(key.values()) not in done]
    tissue = load(options.data, options.cache)
    rows, start = [], time.monotonic()
    with ThreadPoolExecutor(options.jobs) as pool:
        for row in pool.map(lambda key: run(tissue, key), todo):
            rows.append(row)
            if len(rows) % 20 == 0 or len(rows) == len(todo):
                said = f"{options.data}: {len(rows)} of {len(todo)} runs in {time.monotonic() - start:.0f} s"
                print(said, flush=True)
                write_runs(pd.concat([known, pd.DataFrame(rows)], ignore_index=True), path)
    return read_runs(path)


def read_runs(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"max_step": str})


def write_runs(runs: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    runs.sort_values(RUN).to_csv(path, index=False, float_format="%.6g")


# --- what they say ---


def judge(runs: pd.DataFrame) -> pd.DataFrame:
    """`runs` with "excess", the cost over the lowest known of its cell minus 1, and "failed"."""
    excess = runs["cost"] / runs.groupby(CELL)["cost"].transform("min") - 1
    return runs.assign(excess=excess, failed=~(excess <= FAILED - 1))


def cells(judged: pd.DataFrame) -> pd.DataFrame:
    """One row for each cell, number of iterations and step limit: failures and spread over seeds."""
    grouped = judged.groupby([*CELL, "max_iter", "max_step"])
    table = grouped.agg(
        seeds=("seed", "size"), failed=("failed", "sum"), repeated=("repeated", "sum"),
        worst=("excess", "max"), r1_mean=("r1", "mean"), r1_sd=("r1", "std"),
        r2_mean=("r2", "mean"), r2_sd=("r2", "std"),
    )  # fmt: skip
    spread = grouped["cost"].max() / grouped["cost"].min() - 1
    return table.assign(cost_spread=spread).reset_index()


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each data set, theta, number of iterations and step limit: the worst over cells."""
    grouped = table.groupby(["data", "theta", "max_iter", "max_step"], sort=False)
    summary = grouped.agg(
        runs=("seeds", "sum"), failed=("failed", "sum"), repeated=("repeated", "sum"), worst=("worst", "max"),
        cost_spread=("cost_spread", "max"), r1_sd=("r1_sd", "max"), r2_sd=("r2_sd", "max"),
    )  # fmt: skip
    return summary.reset_index()


def to_markdown(summary: pd.DataFrame) -> str:
    columns = "data, theta, iterations, max_step, runs, failed, repeated, above best, spread, sd(r1), sd(r2)"
    lines = ["| " + columns.replace(", ", " | ") + " |", "|---" * (columns.count(",") + 1) + "|"]
    for row in summary.itertuples():
        cost = f"{100 * row.worst:.2f} % | {100 * row.cost_spread:.2f} %"
        line = (
            f"| {row.data} | {row.theta:g} | {row.max_iter} | {row.max_step} | {row.runs} | {row.failed} "
            f"| {row.repeated} | {cost} | {row.r1_sd:.4f} | {row.r2_sd:.4f} |"
        )
        lines.append(line.replace(" nan ", "  "))  # of a single seed
    return "\n".join(lines)


# --- figure ---


def save_figure(table: pd.DataFrame, path: Path) -> None:
    """Heat maps over alpha and beta for each theta: failure rate before, after, and spread of cost after."""
    table = table.assign(rate=table["failed"] / table["seeds"], spread=100 * table["cost_spread"])
    panels = (
        (BEFORE, "rate", "published steps: share of seeds that fail", "{:.0%}", "Reds", 1.0),
        (AFTER, "rate", "automatic limit: share of seeds that fail", "{:.0%}", "Reds", 1.0),
        (AFTER, "spread", "automatic limit: spread of cost over seeds, %", "{:.2f}", "Blues", 1.0),
    )
    thetas = sorted(table["theta"].unique())
    with matplotlib.rc_context({"font.size": 9}):
        figure = Figure(figsize=(13, 0.6 + 3.4 * len(thetas)), layout="constrained")
        axes = figure.subplots(len(thetas), len(panels), squeeze=False)
        for row, theta in enumerate(thetas):
            for ax, (max_step, value, title, text, colours, top) in zip(axes[row], panels, strict=True):
                part = table[(table["theta"] == theta) & (table["max_step"] == max_step)]
                grid = part.pivot(index="beta", columns="alpha", values=value)
                ax.imshow(grid, origin="lower", aspect="auto", cmap=colours, vmin=0, vmax=top)
                for (i, j), number in np.ndenumerate(grid.to_numpy()):
                    colour = "k" if number < 0.6 else "w"
                    ax.text(j, i, text.format(number), ha="center", va="center", color=colour)
                ax.set(title=title, xlabel="alpha", ylabel=f"beta (theta {theta:g})")
                ax.set_xticks(range(grid.shape[1]), [f"{alpha:g}" for alpha in grid.columns])
                ax.set_yticks(range(grid.shape[0]), [f"{beta:g}" for beta in grid.index])
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)


# --- command ---


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.failures", description=__doc__)
    add = parser.add_argument
    add("--data", choices=DATA, default="breast", help="(default: %(default)s, which needs SPASNE_DATA)")
    add("--theta", type=float, nargs="+", default=[0.0, 0.5], help="(default: 0 0.5)")
    add("--alphas", type=float, nargs="+", help=f"(default: {' '.join(map(str, ALPHAS))})")
    add("--betas", type=float, nargs="+", help=f"(default: {' '.join(map(str, BETAS))})")
    add("--seeds", type=int, help="seeds 1 .. SEEDS (default: 5)")
    add("--max-iter", type=int, nargs="+", default=[1000], help="(default: 1000)")
    add(
        "--max-step",
        nargs="+",
        default=[BEFORE, AFTER],
        help="automatic, inf, a length, or best: interpolation as it is by default (default: inf automatic)",
    )
    add("--quick", action="store_true", help="few cells, two seeds")
    add("--keep", action="store_true", help="do not repeat runs that the output folder already holds")
    add("--jobs", type=int, default=2, help="runs at a time, each with one thread (default: %(default)s)")
    add(
        "--output",
        type=Path,
        default=ROOT / "benchmarks" / "results",
        help="folder (default: benchmarks/results)",
    )
    add(
        "--cache",
        type=Path,
        default=ROOT / "build" / "bench",
        help="folder of input data (default: build/bench)",
    )
    options = parser.parse_args(arguments)
    options.alphas = options.alphas or list(QUICK_ALPHAS if options.quick else ALPHAS)
    options.betas = options.betas or list(QUICK_BETAS if options.quick else BETAS)
    options.seeds = options.seeds or (2 if options.quick else 5)
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one data set, write and print the tables; 1 where a run with automatic steps has failed, else 0."""
    options = parse(arguments)
    table = cells(judge(run_all(options)))
    table.to_csv(options.output / "failures_cells.csv", index=False, float_format="%.5g")
    text = to_markdown(summarise(table))
    (options.output / "failures.md").write_text(text + "\n", encoding="utf-8")
    own = table[(table["data"] == options.data) & (table["max_iter"] == max(options.max_iter))]
    if {BEFORE, AFTER} <= set(own["max_step"]):
        save_figure(own, options.output / f"failures_{options.data}.png")
    print(text)
    return int(own.loc[own["max_step"] == AFTER, "failed"].any())


if __name__ == "__main__":
    sys.exit(main())
