"""The published screening of the breast cancer data made again, cell by cell: ``make reproduce``.

About 3,500 maps for each theta. Each finished one is kept below build/reproduce, so a run that was stopped or
killed goes on where it was when the command is given again. Writes the tables and figures of
docs/reproduction.md and every run to benchmarks/results.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmarks.measure import ROOT
from benchmarks.published_figure import save_figure
from benchmarks.published_tables import (
    choice_table,
    compare,
    difference_table,
    failed_table,
    load_published,
    markdown,
    tsne_table,
)
from benchmarks.stopwatch import read_times, stopwatch
from benchmarks.summary import replace_between_markers
from spasne import run_spasne
from spasne_tools.datasets import Dataset, load_dataset
from spasne_tools.metrics.scores import score_embedding
from spasne_tools.screening.plot import plot_screening
from spasne_tools.screening.schedule import (
    PUBLISHED_FINE_ALPHAS,
    PUBLISHED_FINE_BETAS,
    SCHEDULES,
    fine_axis,
)
from spasne_tools.screening.screen import Schedule, Screening, screen_parameters
from spasne_tools.screening.table import best_cell

THETAS = (0.5, 0.0)
PAGE, IMAGES = ROOT / "docs" / "reproduction.md", ROOT / "docs" / "images"
RESULTS = ROOT / "benchmarks" / "results"
CACHE = ROOT / "build" / "reproduce"
# Every published cell is wanted, whichever rough one is best here.
FINE_GRID = {"fine_alphas": PUBLISHED_FINE_ALPHAS, "fine_betas": PUBLISHED_FINE_BETAS}
PUBLISHED = replace(SCHEDULES["published"], **FINE_GRID)
SHORT = {
    "default": SCHEDULES["default"],
    "default, published fine grid": replace(SCHEDULES["default"], **FINE_GRID),
}
FULL = "published"
RIDGE_TEXT = "Further scores, from t-SNE to the largest weights (seed 1):"
QUICK = replace(PUBLISHED, tsne_runs=3, rough_repeats=1, fine_repeats=1)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reproduce", description=__doc__)
    add = parser.add_argument
    add("--theta", type=float, nargs="+", default=list(THETAS), help="(default: 0.5 0)")
    add("--threads", type=int, help="(default: all cores)")
    add("--quick", action="store_true", help="one repeat of each cell, to try the command")
    add("--cache", type=Path, default=CACHE, help="folder of finished runs (default: build/reproduce)")
    add("--page", type=Path, default=PAGE, help="(default: docs/reproduction.md)")
    add("--results", type=Path, default=RESULTS, help="folder of tables (default: benchmarks/results)")
    add("--images", type=Path, default=IMAGES, help="folder of figures (default: docs/images)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM; the same command goes on from here"))
    published, dataset = load_published(), load_dataset("breast_cancer")
    schedules = SHORT | {FULL: QUICK if options.quick else PUBLISHED}
    screenings: dict[float, dict[str, Screening]] = {}
    for theta in options.theta:
        screenings[theta] = {
            name: screen(dataset, theta, schedule, folder_of(name, theta, options.cache), options.threads)
            for name, schedule in schedules.items()
        }
        write_results(screenings[theta][FULL], theta, published, options)
    replace_between_markers(options.page, describe(screenings, published, options))
    print(f"wrote {options.page}")


def screen(
    dataset: Dataset, theta: float, schedule: Schedule, folder: Path, threads: int | None
) -> Screening:
    """One screening, timed; each in a folder of its own, so that none saves time by another's runs."""
    print(f"\n{folder.name}", flush=True)
    with stopwatch(times_of(folder)):
        return screen_parameters(
            dataset.data,
            dataset.pixels,
            dataset.labels,
            schedule=schedule,
            checkpoint=folder,
            n_jobs=threads,
            verbose=True,
            theta=theta,
        )


def folder_of(name: str, theta: float, cache: Path) -> Path:
    return cache / f"{name.replace(', ', '-').replace(' ', '-')}-theta{theta:g}"


def times_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-times.json")


def write_results(
    screening: Screening, theta: float, published: dict[str, pd.DataFrame], options: argparse.Namespace
) -> None:
    """Every run and every cell as CSV, scatter plots and heat maps."""
    options.results.mkdir(parents=True, exist_ok=True)
    options.images.mkdir(parents=True, exist_ok=True)
    cells, end = compare(screening, published), f"theta{theta:g}"
    for name, table in (("runs", screening.runs), ("cells", cells)):
        path = options.results / f"reproduction_{name}_{end}.csv"
        table.to_csv(path, index=False, float_format="%.6g")
    title = f"Published cells and ours, theta {theta:g}"
    save_figure(cells, options.images / f"reproduction_{end}.png", title)
    figure = plot_screening(screening, title=f"Screening, theta {theta:g}")
    figure.savefig(options.images / f"screening_{end}.png", dpi=90)


def describe(
    screenings: dict[float, dict[str, Screening]],
    published: dict[str, pd.DataFrame],
    options: argparse.Namespace,
) -> str:
    """The tables of the page."""
    full = {theta: pair[FULL] for theta, pair in screenings.items()}
    parts = ["## t-SNE", tsne_table(full), "## The choice", choice_table(full, published["fine"])]
    parts += [schedule_table(screenings, options.cache), RIDGE_TEXT, ridge_table(full)]
    for theta, screening in full.items():
        cells, end = compare(screening, published), f"theta{theta:g}"
        parts += [
            f"## Cells, theta {theta:g}",
            difference_table(cells),
            f"![Published cells and ours](images/reproduction_{end}.png)",
            "Fine cells in which every repeat fails with the published steps, means over beta, ours and "
            "(published):",
            failed_table(cells),
            f"![Heat maps of the screening](images/screening_{end}.png)",
        ]
    return "\n\n".join(parts)


def ridge_table(screenings: dict[float, Screening]) -> str:
    """Scores of maps from t-SNE by the published choice to the largest weights, neighbours included."""
    dataset, rows = load_dataset("breast_cancer"), []
    names = ["r1", "r2", "s", "knn10_expression", "knn10_space", "trustworthiness_expression"]
    for theta, found in screenings.items():
        for alpha, beta in dict.fromkeys([(0, 0), (9, 4), (found.alpha, found.beta), (50, 25)]):
            Y = run_spasne(dataset.data, dataset.pixels, alpha, beta, theta=theta, randseed=1)
            scores = score_embedding(Y, dataset.data, dataset.pixels, dataset.labels, full=True)
            cell = f"({alpha:g}, {beta:g})"
            rows.append([f"{theta:g}", cell, *(f"{scores[name]:.3f}" for name in names)])
    return markdown(["theta", "alpha, beta", *names], rows)


def schedule_table(screenings: dict[float, dict[str, Screening]], cache: Path) -> str:
    """What each schedule costs and chooses; the choice scored by the table of the published schedule."""
    head = [
        "theta",
        "schedule",
        "runs",
        "wall",
        "CPU",
        "best rough cell, its fine grid",
        "choice",
        "score in the full table",
    ]
    rows = []
    for theta, pair in screenings.items():
        full = pair[FULL].fine.set_index(["alpha", "beta"])["score"]
        for name, found in pair.items():
            times, best = read_times(times_of(folder_of(name, theta, cache))), best_cell(found.rough)
            partly = "" if times["sessions"] == times["sessions_timed"] else "more than "
            grid = [
                fine_axis(axis, best[weight], 1)
                for axis, weight in ((PUBLISHED.rough_alphas, "alpha"), (PUBLISHED.rough_betas, "beta"))
            ]
            score = full.get((found.alpha, found.beta))
            rows.append(
                [
                    f"{theta:g}",
                    name,
                    f"{len(found.runs)}",
                    f"{partly}{times['wall'] / 60:.1f} min",
                    f"{partly}{times['cpu'] / 60:.1f} min",
                    f"({best['alpha']:g}, {best['beta']:g}): {grid[0][0]:g} to {grid[0][-1]:g}, "
                    f"{grid[1][0]:g} to {grid[1][-1]:g}",
                    f"({found.alpha:g}, {found.beta:g})",
                    "not in it" if score is None else f"{score:.4f} ({score / full.max():.2%} of best)",
                ]
            )
    return markdown(head, rows)


if __name__ == "__main__":
    main()
