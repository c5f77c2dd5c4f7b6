"""What is compared. Each program is imported and run in a fresh process of its own (worker.py).

Nothing is imported here but the standard library: what a program needs, it imports in ``load``.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EARLY_ITERATIONS = 250  # of all iterations, with exaggeration; the executable's own number
SEED = 1


@dataclass(frozen=True)
class Task:
    """One run: a program, its input (files made by inputs.py) and the settings shared by all."""

    program: str
    data: str
    pixels: str
    alpha: float
    beta: float
    perplexity: float
    iterations: int
    threads: int


# (X, pixels, task) -> the map, and what the program says of its run: "n_iter" and, for ours, the stages in
# seconds.
Run = Callable[[Any, Any, Task], tuple[Any, dict[str, Any]]]


@dataclass(frozen=True)
class Program:
    """How to import a program (``load`` returns what is timed) and at which sizes it runs unless asked."""

    label: str
    load: Callable[[], Run]
    smallest: int = 0
    largest: int = 10**9
    is_peer: bool = False


def _spasne(
    method: str, theta: float, *, plain: bool = False, descent: str | None = None
) -> Callable[[], Run]:
    """The whole call: check, PCA, data file, executable, result file. plain: t-SNE, alpha = beta = 0."""

    def load() -> Run:
        import spasne  # noqa: F401  all that a user imports, so that its import time is the user's
        from spasne_tools.run.embedding import embed

        def run(X: Any, pixels: Any, task: Task) -> tuple[Any, dict[str, Any]]:
            parameters = dataclasses.replace(_parameters(task, method, theta, plain), descent=descent)
            found = embed(X, None if plain else pixels, parameters)
            return found.Y, _told(found.report)

        return run

    return load


def _exact_without_stop() -> Run:
    """As run_spasne(theta=0), but all iterations are done: the data file says that none may be saved."""
    import spasne  # noqa: F401
    from spasne_tools.run.data_file import write_data_file
    from spasne_tools.run.embedding import DATA_FILE, REPORT_FILE, run_in_folder
    from spasne_tools.run.parameters import Control
    from spasne_tools.run.prepare import prepare_problem

    def run(X: Any, pixels: Any, task: Task) -> tuple[Any, dict[str, Any]]:
        problem = prepare_problem(X, pixels, _parameters(task, "exact", 0.0, plain=False))
        problem = dataclasses.replace(problem, stop_tolerance=0.0)
        with tempfile.TemporaryDirectory(prefix="spasne-") as folder:
            write_data_file(Path(folder, DATA_FILE), problem)
            found = run_in_folder(Path(folder), verbose=False, control=Control(n_jobs=task.threads))
            return found.Y, _told(json.loads(Path(folder, REPORT_FILE).read_text(encoding="utf-8")))

    return run


def _parameters(task: Task, method: str, theta: float, plain: bool) -> Any:
    from spasne_tools.run.parameters import Parameters

    return Parameters(
        alpha=0.0 if plain else task.alpha,
        beta=0.0 if plain else task.beta,
        perplexity=task.perplexity,
        theta=theta,
        randseed=SEED,
        max_iter=task.iterations,
        method=method,
        n_jobs=task.threads,
    )


def _told(report: dict[str, Any]) -> dict[str, Any]:
    return {"n_iter": report["n_iter"], "isa": report["isa"], **report["seconds"]}


def divergence(task: Task, Y: Any) -> float:
    """KL(P || Q) of a map, P from the exact nearest neighbours: the same measure for all programs."""
    import numpy as np

    from spasne_tools.run.embedding import embed

    parameters = dataclasses.replace(_parameters(task, "interpolation", 0.5, plain=True), init=Y, max_iter=0)
    return embed(np.load(task.data), None, parameters).report["cost_local"]


def _opentsne(gradient: str) -> Callable[[], Run]:
    def load() -> Run:
        from openTSNE import TSNE

        def run(X: Any, pixels: Any, task: Task) -> tuple[Any, dict[str, Any]]:
            early = min(EARLY_ITERATIONS, task.iterations)
            found = TSNE(
                perplexity=task.perplexity,
                early_exaggeration_iter=early,
                n_iter=task.iterations - early,
                negative_gradient_method=gradient,
                n_jobs=task.threads,
                random_state=SEED,
            ).fit(X)
            return found, {"n_iter": task.iterations}

        return run

    return load


def _scikit_learn(module: str) -> Callable[[], Run]:
    """scikit-learn's t-SNE, or one with its interface."""

    def load() -> Run:
        import importlib
        import inspect

        TSNE = importlib.import_module(module).TSNE
        known = inspect.signature(TSNE).parameters
        iterations = "max_iter" if "max_iter" in known else "n_iter"  # before 1.5

        def run(X: Any, pixels: Any, task: Task) -> tuple[Any, dict[str, Any]]:
            n_iter = max(EARLY_ITERATIONS, task.iterations)  # it takes no fewer
            settings: dict[str, Any] = {iterations: n_iter}
            tsne = TSNE(perplexity=task.perplexity, n_jobs=task.threads, random_state=SEED, **settings)
            Y = tsne.fit_transform(X)
            return Y, {"n_iter": int(tsne.n_iter_)}

        return run

    return load


def _manifolds(repulsion: str) -> Callable[[], Run]:
    def load() -> Run:
        import manifolds_rs

        def run(X: Any, pixels: Any, task: Task) -> tuple[Any, dict[str, Any]]:
            manifolds_rs.set_num_threads(task.threads)
            settings = {"n_epochs": task.iterations, "approx": repulsion, "seed": SEED}
            tsne = manifolds_rs.TSNE(perplexity=float(task.perplexity), **settings)
            return tsne.fit_transform(X), {"n_iter": task.iterations}

        return run

    return load


def _umap() -> Run:
    """For context, with its defaults: another objective. A seed would leave it one thread."""
    import umap

    def run(X: Any, pixels: Any, task: Task) -> tuple[Any, dict[str, Any]]:
        return umap.UMAP(n_jobs=task.threads).fit_transform(X), {}

    import numpy as np

    umap.UMAP(n_neighbors=5, n_epochs=2).fit_transform(np.random.default_rng(0).random((50, 5)))  # compiles
    return run


PROGRAMS = {
    "exact": Program("SpaSNE exact", _spasne("exact", 0.0), largest=10_000),
    "exact_full": Program("SpaSNE exact, no early stop", _exact_without_stop, largest=10_000),
    "exact_fast": Program("SpaSNE exact, fast steps", _spasne("exact", 0.0, descent="fast"), largest=10_000),
    "barnes_hut": Program("SpaSNE Barnes-Hut", _spasne("barnes_hut", 0.5), largest=10_000),
    "interpolation": Program("SpaSNE interpolation", _spasne("interpolation", 0.5), smallest=5_001),
    "interpolation_tsne": Program(
        "SpaSNE interpolation, plain t-SNE", _spasne("interpolation", 0.5, plain=True), smallest=5_001
    ),
    "opentsne_tree": Program("openTSNE tree, t-SNE", _opentsne("bh"), largest=10_000, is_peer=True),
    "opentsne_grid": Program("openTSNE grid, t-SNE", _opentsne("fft"), is_peer=True),
    "sklearn": Program("scikit-learn, t-SNE", _scikit_learn("sklearn.manifold"), largest=5_000, is_peer=True),
    "sklearnex": Program(
        "scikit-learn-intelex, t-SNE", _scikit_learn("sklearnex.manifold"), largest=10_000, is_peer=True
    ),
    "manifolds_tree": Program(
        "manifolds-rs tree, t-SNE", _manifolds("barnes_hut"), largest=10_000, is_peer=True
    ),
    "manifolds_grid": Program("manifolds-rs grid, t-SNE", _manifolds("fft"), is_peer=True),
    "umap": Program("UMAP", _umap, is_peer=True),
}
