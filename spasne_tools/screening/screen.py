"""Screening of alpha and beta in two stages, as published: a rough grid, then a fine one around its best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.metrics.checks import class_codes
from spasne_tools.metrics.sampling import DEFAULT_SAMPLING
from spasne_tools.run.automatic import settle_scale
from spasne_tools.run.method import start_depends_on_seed
from spasne_tools.run.parameters import Control, Parameters, check_parameters
from spasne_tools.run.prepare import prepare_problem
from spasne_tools.screening.checkpoint import VERSION, Checkpoint
from spasne_tools.screening.runs import Finished, Workload
from spasne_tools.screening.schedule import (
    PUBLISHED_FINE_ALPHAS,
    PUBLISHED_FINE_BETAS,
    Cell,
    Grid,
    Schedule,
    as_schedule,
    fine_axis,
    runs_of,
)
from spasne_tools.screening.scores import Targets, distances_within, rows_of_sections, standard_distances
from spasne_tools.screening.table import best_cell, summarise
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import MatrixLike, as_matrix, check_rows_match, check_sections
from spasne_tools.version import __version__

__all__ = ["Schedule", "Screening", "screen_parameters"]

STAGES = ("rough", "fine", "both")
FIRST_SEED = 1  # 0 and 1 are the same stream
OF_EACH_RUN = ("alpha", "beta", "randseed")  # parameters that runs differ in
WITHOUT_EFFECT = tuple(one.name for one in fields(Control))  # on a map
NOT_SHARED = ("alpha", "beta", "callback", "callback_every")  # what runs have of their own, or have not


@dataclass(frozen=True)
class Screening:
    """What a screening found.

    Attributes
    ----------
    alpha, beta : float
        The chosen cell.
    randseed : int
        Of its repeat with the largest r1 * r2.
    Y : ndarray (n, no_dims)
        The map of that repeat: what ``run_spasne`` gives with these three.
    runs : DataFrame
        Every run: alpha, beta, randseed, r1, r2, ss, cost, repeated (its first attempt failed, see
        docs/failures.md), error ("" unless it ended in one) and the stage ("tsne", "rough" or "fine") that
        asked for it first.
    rough, fine : DataFrame or None
        Cells of each stage: alpha, beta, r1, r2, ss, sr and var as in the published tables, then repeats,
        randseed and score (see `screen_parameters`).
    tsne : DataFrame
        Mean and standard deviation of r1, r2 and ss over the runs of plain t-SNE; of one run the latter is
        nan.
    seconds : Series
        Time that each run took the executable, in the order of `runs`.
    global_scale : float
        The scale of all of them; the best where several were screened.
    scales : DataFrame or None
        The best cell at each scale, where several were screened: global_scale and the columns of a stage.
    """

    alpha: float
    beta: float
    randseed: int
    Y: np.ndarray
    runs: pd.DataFrame
    rough: pd.DataFrame | None
    fine: pd.DataFrame | None
    tsne: pd.DataFrame
    seconds: pd.Series
    global_scale: float = 1.0
    scales: pd.DataFrame | None = None

    @property
    def cells(self) -> pd.DataFrame:
        """The cells that the choice was made from."""
        table = self.rough if self.fine is None else self.fine
        assert table is not None
        return table


def screen_parameters(
    data: MatrixLike,
    pixels: MatrixLike,
    labels: Any = None,
    stage: str = "both",
    *,
    schedule: str | Schedule = "default",
    global_scales: Sequence[float] | None = None,
    checkpoint: str | Path | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
    **parameters: Any,
) -> Screening:
    """Choose alpha and beta by running `run_spasne` on a grid of them, and return the map of the best.

    Plain t-SNE (alpha = beta = 0) is run with several seeds; r1 of any map counts as 0 unless it is above the
    mean r1 of these. Of the repeats of a cell (alpha, beta) the one with the largest r1 * r2 is kept, and
    cells are ranked by r1 * r2 * exp(1 - sd(r1)), sd over its repeats (divided by their number) [1]_. The
    fine grid spans, in steps of 1, the rough values next to the best rough cell. Repeat k of every cell has
    seed ``randseed`` + k, so runs that both stages ask for are made once.

    Where the start does not depend on the seed, which is in method "interpolation" (above 5,000 points) and
    with any `init` but "random", repeats would all be the same map: then there is one run of t-SNE and one of
    each cell, whatever `schedule` says, and sd(r1) is 0.

    Parameters
    ----------
    data, pixels
        As for `run_spasne`; pixels are needed.
    labels : array-like (n,), optional
        Known classes, for the silhouette ss. They have no part in the choice.
    stage : {"both", "rough", "fine"}
        "rough" chooses from the rough grid; "fine" makes the published fine grid (alpha 5 to 20, beta 1 to
        10) without a rough one.
    schedule : {"default", "published"} or Schedule
        "published": 100 runs of t-SNE, 10 repeats of 30 rough cells, 20 of each fine one; about 3,500 runs.
        "default": 10 runs of t-SNE. Each grid is begun with one run of every second alpha and beta. A cell
        that scores less than 0.97 of the best so far is given up; neighbours in the grid of the others join.
        The 20 best get up to 3 repeats (rough) or 5 (fine), but no more than 3 where sd(r1) is at most 0.002,
        until nothing is left to do. About a tenth of the published runs.
        Or a `Schedule` of your own grids and numbers.
    global_scales : sequence of float, optional
        A third axis: the whole screening is made at each of these scales, and the best cell of all is chosen.
        None: at `global_scale` alone.
    checkpoint : str or Path, optional
        Folder for finished runs, one file each with scores and map. A screening that was killed goes on from
        it when called again, to the same result. It may be used again for another schedule, but only for the
        same data and parameters.
    n_jobs : int, optional
        Threads of the executable. None: all cores, or one for each worker where joblib spreads the runs.
    verbose : bool
        Print how far it is.
    **parameters
        Any other parameter of `run_spasne` but alpha, beta and callback; randseed, at least 1, is the first
        seed (default 1). With `sections` r2 is the mean within them, as of `score_embedding`.

    Returns
    -------
    Screening

    Raises
    ------
    ValueError
        As `run_spasne`, for `schedule` or `stage`, or where `checkpoint` holds something else.
    TypeError
        For any other keyword.
    RuntimeError
        As `run_spasne`. Numerical trouble of a single run is no error: the run counts as failed.

    Warns
    -----
    UserWarning
        No cell has an r1 above that of t-SNE: then the choice means nothing.

    Notes
    -----
    Runs are tasks of joblib; ``joblib.parallel_config`` spreads them over processes or a cluster::

        from dask.distributed import Client        # the extra spasne[distributed]
        client = Client("scheduler:8786")
        with joblib.parallel_config(backend="dask"):
            screening = screen_parameters(data, pixels, labels)

    Data, its principal components and its pairwise distances are computed once and sent to each worker once.
    The result does not depend on where runs are made, as long as the machines compute alike.

    References
    ----------
    .. [1] Zhou et al.: Dimensionality reduction for visualizing spatially resolved profiling data using
       SpaSNE. GigaScience 14 (2025) giaf002.

    Examples
    --------
    >>> from spasne import screen_parameters, simulate_tissue
    >>> from spasne_tools.screening.screen import Schedule
    >>> tissue = simulate_tissue(100, n_genes=50, seed=0)
    >>> grid = Schedule(rough_alphas=(2, 8), rough_betas=(1, 4), tsne_runs=2, rough_repeats=1)
    >>> found = screen_parameters(
    ...     tissue.counts, tissue.pixels, stage="rough", schedule=grid, perplexity=10, max_iter=100
    ... )
    >>> found.Y.shape, len(found.runs)
    ((100, 2), 6)
    """
    if stage not in STAGES:
        raise ValueError(f"expected stage to be {', '.join(map(repr, STAGES))}, found {stage!r}")
    plan = as_schedule(schedule)
    common, first_seed = _common_parameters(parameters, n_jobs)
    work = _workload(data, pixels, labels, common)
    if not start_depends_on_seed(common, len(work.pixels)):
        plan = replace(plan, tsne_runs=1, rough_repeats=1, fine_repeats=1)
        if verbose:
            print("the start does not depend on the seed: one run of t-SNE and one of each cell", flush=True)
    several = global_scales is not None
    found = []
    for scale in _checked_scales(global_scales, work.parameters):
        at_scale = replace(work, parameters=replace(work.parameters, global_scale=scale))
        if checkpoint is not None:
            path = Path(checkpoint, f"global_scale_{scale:g}") if several else Path(checkpoint)
            folder = Checkpoint(path, _identity(data, at_scale))
            folder.open()
            at_scale = replace(at_scale, checkpoint=folder)
        if verbose and several:
            print(f"global_scale {scale:g}", flush=True)
        found.append(_screen(Finished(at_scale, verbose), stage, plan, first_seed))
    return _best_scale(found) if several else found[0]


def _checked_scales(scales: Sequence[float] | None, common: Parameters) -> list[float]:
    """`scales`, or that of the parameters alone."""
    if scales is None:
        return [common.global_scale]
    if len(scales) == 0 or len(set(scales)) < len(scales):
        raise ValueError(f"expected global_scales to be different numbers, found {scales!r}")
    for scale in scales:
        if isinstance(scale, str):
            raise ValueError(f"expected numbers in global_scales, found {scale!r}")
        check_parameters(replace(common, global_scale=scale))
    return list(scales)


def _best_scale(found: Sequence[Screening]) -> Screening:
    """The screening of the largest score, with the best cell at each scale."""
    cells = [best_cell(screening.cells).to_dict() for screening in found]
    rows = [
        {"global_scale": screening.global_scale, **cell} for screening, cell in zip(found, cells, strict=True)
    ]
    scales = pd.DataFrame(rows)
    return replace(found[int(scales["score"].to_numpy().argmax())], scales=scales)


def _common_parameters(given: dict[str, Any], n_jobs: int | None) -> tuple[Parameters, int]:
    """Parameters that all runs share, and the first seed."""
    names = [field.name for field in fields(Parameters) if field.name not in ("n_jobs", *NOT_SHARED)]
    for name in given:
        if name not in names:
            raise TypeError(f"expected parameters among {', '.join(names)}, found {name!r}")
    first_seed = given.get("randseed", FIRST_SEED)
    common = Parameters(**{**given, "randseed": first_seed}, n_jobs=n_jobs)
    return common, first_seed


def _workload(data: MatrixLike, pixels: MatrixLike, labels: Any, parameters: Parameters) -> Workload:
    """Check all input; components, positions and distances, computed once."""
    if pixels is None:
        raise ValueError("expected pixels, without which there is nothing to choose beta by, found none")
    problem = prepare_problem(data, pixels, parameters)
    X = problem.X
    if parameters.randseed < FIRST_SEED:
        raise ValueError(f"expected randseed of at least {FIRST_SEED}, found {parameters.randseed}")
    codes = None
    if labels is not None:
        check_rows_match(data, labels, "labels")
        codes = class_codes(labels, X.shape[0])[0]
    positions = as_matrix(pixels, "pixels", allow_sparse=False)
    sections = rows_of_sections(check_sections(parameters.sections, data))
    targets = Targets(
        standard_distances(as_matrix(data, "data"), DEFAULT_SAMPLING),
        distances_within(positions, sections),
        codes,
        DEFAULT_SAMPLING,
        sections,
    )
    shared = settle_scale(replace(parameters, use_pca=False), X.shape[0])
    return Workload(X, positions, targets, shared, None)


def _identity(data: MatrixLike, work: Workload) -> dict[str, str]:
    """What runs of one checkpoint have in common, by name."""
    from joblib import hash as checksum

    identity = {
        VERSION: __version__,
        "data": checksum([as_matrix(data, "data"), work.X]),
        "pixels": checksum(work.pixels),
        "labels": checksum(work.targets.labels),
    }
    for field in fields(Parameters):
        if field.name not in (*OF_EACH_RUN, *WITHOUT_EFFECT):
            value = getattr(work.parameters, field.name)
            simple = float(value) if isinstance(value, (int, float)) else value
            identity[field.name] = str(simple) if isinstance(simple, (str, float)) else checksum(value)
    return identity


def _screen(finished: Finished, stage: str, plan: Schedule, first_seed: int) -> Screening:
    """t-SNE, then the stages wanted."""
    tsne_runs = runs_of({(0.0, 0.0): plan.tsne_runs}, first_seed)
    finished.finish(tsne_runs, "tsne")
    tsne = finished.table(tsne_runs)[["r1", "r2", "ss"]].agg(["mean", "std"])
    finished.threshold = float(tsne.loc["mean", "r1"])
    tables: dict[str, pd.DataFrame] = {}
    if stage != "fine":
        grid = Grid(plan.rough_alphas, plan.rough_betas, plan.rough_repeats, plan)
        tables["rough"] = _finish_stage(finished, "rough", grid, first_seed)
    if stage != "rough":
        alphas, betas = _fine_axes(plan, tables.get("rough"))
        grid = Grid(alphas, betas, plan.fine_repeats, plan)
        tables["fine"] = _finish_stage(finished, "fine", grid, first_seed)
    best = best_cell(tables["rough" if stage == "rough" else "fine"])
    if best["score"] == 0:
        warn_user(
            f"no cell has an r1 above that of t-SNE, {finished.threshold:.3f}: the choice means nothing"
        )
    runs = finished.table()
    return Screening(
        alpha=float(best["alpha"]),
        beta=float(best["beta"]),
        randseed=int(best["randseed"]),
        Y=finished.best_map((best["alpha"], best["beta"])),
        runs=runs.drop(columns="seconds"),
        rough=tables.get("rough"),
        fine=tables.get("fine"),
        tsne=tsne,
        seconds=runs["seconds"],
        global_scale=finished.work.parameters.global_scale,
    )


def _fine_axes(plan: Schedule, rough_table: pd.DataFrame | None) -> list[tuple[float, ...]]:
    """alphas and betas of the fine grid: given, else around the best rough cell, else the published ones."""
    best = None if rough_table is None else best_cell(rough_table)
    axes = []
    for given, name, rough, published in (
        (plan.fine_alphas, "alpha", plan.rough_alphas, PUBLISHED_FINE_ALPHAS),
        (plan.fine_betas, "beta", plan.rough_betas, PUBLISHED_FINE_BETAS),
    ):
        if given is None:
            given = published if best is None else fine_axis(rough, best[name], plan.fine_step)
        axes.append(given)
    return axes


def _finish_stage(finished: Finished, stage: str, grid: Grid, first_seed: int) -> pd.DataFrame:
    """Make the runs that a grid asks for, round by round; return its cells."""
    asked: dict[Cell, int] = {}
    wanted = grid.beginning()
    while wanted:
        # Repeats that an earlier stage has made count here too.
        asked |= {cell: max(repeats, finished.repeats(cell)) for cell, repeats in wanted.items()}
        runs = runs_of(asked, first_seed)
        finished.finish(runs, stage)
        table = summarise(finished.table(runs), finished.threshold)
        wanted = grid.more(table)
    return table
