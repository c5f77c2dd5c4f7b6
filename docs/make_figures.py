"""The pictures and tables of the documentation, from the simulated tissue: ``make figures``.

Everything is written below this folder. Names of figures as arguments make only those.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from scipy.interpolate import make_interp_spline

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from spasne_tools.datasets import simulate_tissue  # noqa: E402
from spasne_tools.metrics.scores import knn_preservation, score_embedding  # noqa: E402
from spasne_tools.plotting.maps import plot_maps  # noqa: E402
from spasne_tools.preprocessing import preprocess_counts  # noqa: E402
from spasne_tools.run.embedding import embed  # noqa: E402
from spasne_tools.run.memory import BASE, Size, dense_need, interpolation_need  # noqa: E402
from spasne_tools.run.parameters import Parameters  # noqa: E402
from spasne_tools.simulation import Tissue  # noqa: E402

SEED = 1
NEIGHBOURS = 15
ROWS: Mapping[str, list[dict[str, Any]]] = {
    "alpha": [{"alpha": value, "beta": 2} for value in (0, 2, 8, 20)],
    "beta": [{"alpha": 8, "beta": value} for value in (0, 1, 4, 16)],
    "perplexity": [{"perplexity": value} for value in (5, 15, 50, 150)],
    "global_scale": [{"global_scale": value} for value in (1, 0.3, 0.1, 0.03)],
    "beta at global_scale 0.1": [{"global_scale": 0.1, "beta": value} for value in (2, 4, 8, 16)],
    "pixel_scale": [{"pixel_scale": value} for value in ("raw", 0.001, 0.0001, "unit")],
}
ALPHAS, BETAS = (2, 4, 8, 12, 16), (0.5, 1, 2, 4, 8)
MOMENTS = (0, 50, 250, 300, 1000)
RUN = {"theta": 0.0, "max_step": 0.25}  # nothing is repeated: a shorter run is the beginning of a longer one


@cache
def section() -> tuple[Tissue, np.ndarray]:
    tissue = simulate_tissue()
    return tissue, preprocess_counts(tissue.counts)


def mapped(**parameters: Any) -> tuple[np.ndarray, dict[str, float]]:
    """The map with `parameters`, the others as by default, and its scores."""
    tissue, data = section()
    Y = embed(data, tissue.pixels, Parameters(randseed=SEED, **parameters)).Y
    scores = score_embedding(Y, data, tissue.pixels, tissue.labels).to_dict()
    return Y, scores | {"knn": float(knn_preservation(data, Y, NEIGHBOURS))}


def parameter_row(name: str) -> None:
    """Maps over the values of one parameter, as a picture and as a table of scores."""
    tissue, _ = section()
    maps, scores = {}, {}
    varied = name.split()[0]
    for parameters in ROWS[name]:
        title = f"{varied} {parameters[varied]}"
        maps[title], scores[title] = mapped(**parameters)
    shown = {title: {key: score[key] for key in ("r1", "r2", "s")} for title, score in scores.items()}
    save(plot_maps(maps, tissue.labels, scores=shown, legend_title="Layer"), file_name(name))
    rows = [
        [title.removeprefix(varied).strip(), *(f"{score[key]:.3f}" for key in ("r1", "r2", "s", "knn"))]
        for title, score in scores.items()
    ]
    put_table(
        "parameters.md", file_name(name), [[name, "r1", "r2", "s", f"{NEIGHBOURS} nearest kept"], *rows]
    )


def put_table(page: str, name: str, rows: list[list[str]]) -> None:
    """Replace what is between the markers of `name` in `page` by a table; its first row is the header."""
    path, begin, end = HERE / page, f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    table = "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])
    before, rest = path.read_text(encoding="utf-8").split(begin)
    path.write_text(f"{before}{begin}\n\n{table}\n\n{end}{rest.split(end)[1]}", encoding="utf-8")


def file_name(name: str) -> str:
    return re.sub(r"\W+", "_", name)


def tissue_picture() -> None:
    """The section by layer and by cell type, and its map with default weights."""
    tissue, _ = section()
    Y, scores = mapped()
    shown = {"SpaSNE": {key: scores[key] for key in ("r1", "r2", "s")}}
    save(plot_maps({"SpaSNE": Y}, tissue.labels, tissue.pixels, scores=shown, legend_title="Layer"), "layers")
    save(plot_maps({"SpaSNE": Y}, tissue.cell_types, tissue.pixels, legend_title="Cell type"), "cell_types")


def trade_off() -> None:
    """r1, r2 and their product over alpha and beta."""
    tables = {score: pd.DataFrame(index=ALPHAS, columns=BETAS, dtype=float) for score in ("r1", "r2")}
    for alpha in ALPHAS:
        for beta in BETAS:
            scores = mapped(alpha=alpha, beta=beta, theta=0.0)[1]
            for score, table in tables.items():
                table.loc[alpha, beta] = scores[score]
    tables["r1 times r2"] = tables["r1"] * tables["r2"]
    figure = Figure(figsize=(10.5, 3.4), layout="constrained")
    for ax, (score, table) in zip(figure.subplots(1, 3), tables.items(), strict=True):
        ax.imshow(table, origin="lower", cmap="viridis", aspect="auto")
        middle = (table.to_numpy().min() + table.to_numpy().max()) / 2
        for (row, column), value in np.ndenumerate(table.to_numpy()):
            colour = "black" if value > middle else "white"
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=9)
        ax.set_xticks(range(len(BETAS)), [f"{beta:g}" for beta in BETAS])
        ax.set_yticks(range(len(ALPHAS)), [f"{alpha:g}" for alpha in ALPHAS])
        ax.set(xlabel="beta", ylabel="alpha")
        ax.set_title(score, loc="left", fontweight="bold")
    save(figure, "trade_off")


def kernels() -> None:
    """The weights that pairs get in the map, over their distance, and what a wrong distance costs."""
    d = np.linspace(0, 6, 400)
    figure = Figure(figsize=(9.5, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(d, 1 / (1 + d**2), "k", label="local: 1 / (1 + d²)")
    for number, sigma in enumerate((1, 0.3, 0.1)):
        weight = 1 + (sigma * d) ** 2
        left.plot(d, weight / weight.max(), f"C{number}", label=f"global, sigma {sigma:g}: 1 + sigma² d²")
        right.plot(d, sigma**2 * d / (1 + (sigma * d) ** 2), f"C{number}", label=f"global, sigma {sigma:g}")
    right.plot(d, d / (1 + d**2), "k--", label="local")
    left.set(xlabel="distance d in the map", ylabel="weight of a pair, largest 1", ylim=(0, 1.55))
    right.set(xlabel="distance d in the map", ylabel="pull on a pair, for one unit of W")
    for ax in (left, right):
        ax.legend(frameon=False, fontsize=8)
        ax.spines[["top", "right"]].set_visible(False)
    save(figure, "kernels")


def interpolation() -> None:
    """The kernel between the nodes of a grid, and the error over the spacing of the nodes."""

    def kernel(d: np.ndarray) -> np.ndarray:
        return 1 / (1 + d**2)

    figure = Figure(figsize=(9.5, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    d, nodes = np.linspace(-3, 3, 601), np.arange(-6, 6.5, 1.0)
    spline = make_interp_spline(nodes, kernel(nodes), k=3)
    left.plot(d, kernel(d), "k", label="kernel 1 / (1 + d²)")
    left.plot(d, spline(d), "C1--", label="cubic spline through the nodes")
    inside = nodes[np.abs(nodes) <= 3]
    left.plot(inside, kernel(inside), "C1o", markersize=4, label="nodes, 1 apart")
    left.set(xlabel="distance d", ylabel="kernel")
    spacings = np.array([1, 0.7, 0.5, 0.35, 0.25, 0.18, 0.125])
    for order in (4, 8):
        errors = []
        for spacing in spacings:
            nodes = spacing * np.arange(-np.ceil(12 / spacing), np.ceil(12 / spacing) + 1)
            found = make_interp_spline(nodes, kernel(nodes), k=order - 1)(d)
            errors.append(np.abs(found - kernel(d)).max())
        right.loglog(spacings, errors, "o-", label=f"splines of order {order}", markersize=4)
    right.set_xticks(spacings, [f"{spacing:g}" for spacing in spacings], minor=False)
    right.set_xticks([], minor=True)
    right.set(xlabel="spacing of the nodes, in widths of the kernel", ylabel="largest error of the kernel")
    for ax in (left, right):
        ax.legend(frameon=False, fontsize=8)
        ax.spines[["top", "right"]].set_visible(False)
    save(figure, "interpolation")


def run() -> None:
    """One run: the cost at each report, and the map at some moments."""
    tissue, data = section()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        embed(data, tissue.pixels, Parameters(randseed=SEED, **RUN), verbose=True)
    lines = re.findall(r"Iteration (\d+): error is ([\d.]+)", printed.getvalue())
    iterations, costs = np.array(lines, dtype=float).T
    maps = {f"{moment} iterations": mapped(max_iter=moment, **RUN)[0] for moment in MOMENTS}
    save(plot_maps(maps, tissue.labels, legend_title="Layer"), "run_maps")
    figure = Figure(figsize=(6, 2.8), layout="constrained")
    ax = figure.subplots()
    ax.plot(iterations, costs, "ko-", markersize=4)
    ax.axvline(250, color="C1", linestyle="--")
    ax.annotate("exaggeration ends", (250, costs.max()), (8, -4), textcoords="offset points", color="C1")
    ax.set(xlabel="iteration", ylabel="cost C")
    ax.spines[["top", "right"]].set_visible(False)
    save(figure, "run_cost")


def memory() -> None:
    """What spasne_tools.run.memory expects a run to take."""
    rows = [["spots", "exact, barnes_hut", "interpolation"]]
    for n_points in (1000, 5000, 20_000, 100_000, 1_000_000):
        size = Size(n_points, 50, 2, n_neighbours=150)
        needs = [(BASE + need(size)) / 1e9 for need in (dense_need, interpolation_need)]
        rows.append([f"{n_points:,}", *(f"{need:,.1f} GB" for need in needs)])
    put_table("faq.md", "memory", rows)


def save(figure: Figure, name: str) -> None:
    figure.savefig(HERE / "images" / f"{name}.png", dpi=110)
    print(f"images/{name}.png", flush=True)


FIGURES: dict[str, Callable[[], None]] = {
    **{name: lambda name=name: parameter_row(name) for name in ROWS},
    "tissue": tissue_picture,
    "trade_off": trade_off,
    "kernels": kernels,
    "interpolation": interpolation,
    "run": run,
    "memory": memory,
}


def main() -> None:
    wanted = sys.argv[1:] or list(FIGURES)
    if unknown := [name for name in wanted if name not in FIGURES]:
        sys.exit(f"expected names among {', '.join(FIGURES)}, found {unknown[0]}")
    with rc_context({"font.size": 9}):
        for name in wanted:
            FIGURES[name]()


if __name__ == "__main__":
    main()
