"""``spasne.choose_parameters``: alpha, beta and global_scale for what a user wants to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from spasne_tools.choose.balance import Wish, judge_of
from spasne_tools.choose.reference import MOST_POINTS as MOST_OF_REFERENCE
from spasne_tools.choose.reference import Reference
from spasne_tools.choose.sample import Sample, draw_more, draw_sample
from spasne_tools.choose.search import FINAL_START, NEARLY, Search, Weights, told, weights_of
from spasne_tools.run.automatic import is_auto
from spasne_tools.run.parameters import WEIGHTS, Parameters, check_parameters, is_start
from spasne_tools.user_warning import warn_user
from spasne_tools.validation import MatrixLike

__all__ = ["Choice", "choose_parameters"]

GOALS = ("balanced", "paper")
PUBLISHED = (8.0, 2.0, 1.0)
# What r1 and r2 of the map of all points may fall short of the sample's: benchmarks/README.md
LOSS = {"r1": 0.03, "r2": 0.03}
LOSS_BESIDE_REFERENCE = {"r1": 0.015, "r2": 0.0}
# What maps of a sample can share; the others are of the run that follows, or of published steps.
SHARED = (
    "perplexity",
    "no_dims",
    "exaggeration",
    "max_iter",
    "use_pca",
    "initial_dims",
    "init",
    "pixel_scale",
)


@dataclass(frozen=True)
class Choice:
    """Weights that were chosen, and why.

    Attributes
    ----------
    alpha, beta, global_scale : float
    init : str
        The start for the run that follows.
    scores : dict
        r1, r2, kept and balance of the map of the sample with these weights.
    table : DataFrame
        All that was tried: stage ("t-SNE", "reference", "coarse", "other", "fine", "near", "final"), init
        ("neighbour": from the map of other weights, with few steps), alpha, beta, global_scale (of all
        points), r1, r2, kept (in units of what t-SNE keeps), balance, kept_in_space (the share of the 50
        nearest in the tissue that are among the 50 nearest on the map), cost, and value, by which the wish
        ranks.
    """

    alpha: float
    beta: float
    global_scale: float
    init: str
    scores: dict[str, float]
    table: pd.DataFrame

    @property
    def parameters(self) -> dict[str, Any]:
        """Keywords for ``run_spasne``: the three weights and the start that they were chosen with."""
        return {name: getattr(self, name) for name in (*WEIGHTS, "init")}

    def __str__(self) -> str:
        return told({name: getattr(self, name) for name in WEIGHTS} | self.scores)

    def plot(self, title: str | None = None) -> Any:
        """The front of r1, r2 and neighbours kept, a matplotlib figure; see ``plot_choice``."""
        from spasne_tools.choose.plot import plot_choice

        return plot_choice(self.table, self.scores, title)


def choose_parameters(
    data: MatrixLike,
    pixels: MatrixLike | None = None,
    *,
    goal: str = "balanced",
    at_least: Mapping[str, float] | None = None,
    reference: Sequence[float] = PUBLISHED,
    alpha: float | str = "auto",
    beta: float | str = "auto",
    global_scale: float | str = "auto",
    sections: Any = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
    **parameters: Any,
) -> Choice:
    """Choose alpha, beta and global_scale without labels, by a short search on at most 1,500 of the points.

    Parameters
    ----------
    data, pixels, sections
        As for `run_spasne`. Without pixels there is no r2, and beta is 0.
    goal : {"balanced", "paper"}
        "balanced": the largest r1 * r2 * kept, where kept is the share of each point's 15 nearest in
        expression that are among its 15 nearest on the map, in units of what t-SNE keeps. "paper": r1, r2 and
        the surroundings kept in the tissue no lower than on the map of all points with the `reference`
        weights, and then as many neighbours as can be kept. See Notes.
    at_least : dict, optional
        In place of a goal: {"r1": 0.6, "r2": 0.7}, or one of the two; then as many neighbours as can be kept.
    reference : (alpha, beta, global_scale), default (8, 2, 1)
        Weights of goal "paper"; the default is the published one.
    alpha, beta, global_scale : float or "auto"
        A number stays as it is, and the others are chosen for it.
    random_state : int
        Seed of the sample.
    n_jobs : int, optional
        Threads. None: all cores.
    verbose : bool
        Print the best of each round.
    **parameters
        Of `run_spasne`: perplexity, no_dims, exaggeration, max_iter, use_pca, initial_dims, pixel_scale, and
        init (a name).

    Returns
    -------
    Choice

    Raises
    ------
    ValueError, TypeError
        An argument is not what is described here or in `run_spasne`.
    RuntimeError
        As `run_spasne`.

    Warns
    -----
    UserWarning
        Nothing that was tried has what is wanted; the nearest is returned.

    Notes
    -----
    m of n points are mapped with m / n of the perplexity, at least 10. So their neighbourhoods are as wide in
    expression as those of all, and the same weights give much the same scores. Of the 15 nearest m / n are
    counted too, at least 5. Where the perplexity is not as much smaller as the sample, scales are larger, for
    the same room.

    The map that goal "paper" looks to is of all points (of 20,000, where there are more), and judged at those
    of the sample. Up to 1,500 points its scores are means over five random starts, by exact sums. Up to 5,000
    they are means over two; where the map of lowest cost is another, half the way to its scores is asked for.
    Above 5,000 points, where a run begins at no random start, they are those of the lowest cost. Where the
    map of the sample hardly has what is wanted, that of all points is made too before anything is said.

    Examples
    --------
    >>> from spasne import choose_parameters, run_spasne, simulate_tissue
    >>> tissue = simulate_tissue(100, n_genes=50, seed=0)
    >>> choice = choose_parameters(tissue.counts, tissue.pixels, perplexity=10, max_iter=20)
    >>> Y = run_spasne(tissue.counts, tissue.pixels, perplexity=10, max_iter=20, **choice.parameters)
    >>> Y.shape, sorted(choice.scores)
    ((100, 2), ['balance', 'kept', 'r1', 'r2'])
    """
    if len(reference) != len(PUBLISHED):
        raise ValueError(f"expected reference to be alpha, beta and global_scale, found {reference!r}")
    weights = {"alpha": alpha, "beta": beta, "global_scale": global_scale}
    if pixels is None:
        if not is_auto(beta) and beta not in (0, PUBLISHED[1]):
            raise ValueError(f"expected pixels with beta={beta!r}, found none; pass them, or beta=0")
        weights["beta"] = 0.0
    shared = _shared_parameters(parameters, weights, sections, n_jobs)
    least = _checked_wish(goal, at_least, pixels is not None and weights["beta"] != 0)
    space = pixels if weights["beta"] != 0 else None
    sample = draw_sample(data, space, shared, random_state)
    fixed = {name: float(value) for name, value in weights.items() if not isinstance(value, str)}
    search = Search(sample, judge_of(sample), _wish(least, sample), fixed, _final_start(shared), verbose)
    search.judge = replace(search.judge, kept_by_tsne=_kept_by_tsne(search))
    reference_maps = None
    if goal == "paper" and at_least is None:
        more = draw_more(sample, data, space, shared, random_state, MOST_OF_REFERENCE)
        reference_maps = Reference.of(search, more)
        least = reference_maps.scores(_reference_weights(reference, search))
        search.wish = _wish(least, sample, LOSS_BESIDE_REFERENCE)
    best = search.rows[0] if fixed.get("alpha") == fixed.get("beta") == 0 else search.run()
    if not search.wish.is_met(best) and not _meets(best, Wish(least), reference_maps):
        _warn_of_wish(search.wish if reference_maps is None else Wish(least), best)
    scores = {name: best[name] for name in ("r1", "r2", "kept", "balance")}
    return Choice(**{name: best[name] for name in (*WEIGHTS, "init")}, scores=scores, table=search.table())


def _shared_parameters(
    given: dict[str, Any], weights: dict[str, Any], sections: Any, n_jobs: int | None
) -> Parameters:
    for name in given:
        if name not in SHARED:
            raise TypeError(f"expected keywords among {', '.join(SHARED)}, found {name!r}")
    if not isinstance(given.get("init", "random"), str):
        raise ValueError("expected init to be a name here, found an array; give it to the run that follows")
    check_parameters(Parameters(**given, **weights, n_jobs=n_jobs))
    return Parameters(**given, sections=sections, n_jobs=n_jobs)


def _checked_wish(goal: str, at_least: Mapping[str, float] | None, has_space: bool) -> dict[str, float]:
    if goal not in GOALS:
        raise ValueError(f"expected goal to be {' or '.join(map(repr, GOALS))}, found {goal!r}")
    least = dict(at_least or {})
    for name, value in least.items():
        if name not in ("r1", "r2") or not -1 <= value <= 1:
            raise ValueError(f"expected r1 and r2 of -1 to 1 in at_least, found {name!r}: {value!r}")
    if "r2" in least and not has_space:
        raise ValueError("expected pixels and beta above 0 with r2 in at_least, found none")
    return least


def _wish(least: dict[str, float], sample: Sample, loss: Mapping[str, float] = LOSS) -> Wish:
    """r1 and r2 so high on the sample that the map of all points has what is wanted."""
    if not sample.is_part:
        return Wish(least)
    return Wish({name: value + loss.get(name, 0.0) for name, value in least.items()})


def _meets(best: dict[str, Any], wish: Wish, maps: Reference | None) -> bool:
    """Whether the map of all points has what the sample's lacks, or has without anything to spare."""
    if maps is None or not maps.is_of_more or wish.value(best) < -NEARLY:
        return False
    scores = maps.judged(weights_of(best), best["init"])
    return scores is not None and wish.is_met(scores)


def _warn_of_wish(wish: Wish, best: dict[str, Any]) -> None:
    wanted = " and ".join(f"{name} of {least:.3g}" for name, least in wish.least.items())
    warn_user(
        f"nothing that was tried has {wanted} or more; the nearest is {told(best)}; "
        'ask for less, or leave weights that are given on "auto"'
    )


def _final_start(shared: Parameters) -> str:
    named = is_start(shared.init) and shared.init != "random"
    return shared.init if named else FINAL_START


def _kept_by_tsne(search: Search) -> float:
    """Neighbours that t-SNE keeps of the sample, by the published steps from a random start."""
    search.try_all("t-SNE", [Weights(0.0, 0.0, 1.0)], "random")
    row = search.rows[0]
    unit = row["kept"] if row["kept"] > 0 else 1.0
    for name in ("kept", "balance", "value"):
        row[name] /= unit
    return unit


def _reference_weights(reference: Sequence[float], search: Search) -> Weights:
    weights = Weights(*(float(value) for value in reference))
    return weights if search.judge.has_space else weights._replace(beta=0.0)
