"""What a run came to, in a few sentences: printed where verbose, and by the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.run.method import LARGE
from spasne_tools.run.parameters import Parameters
from spasne_tools.validation import MatrixLike


def summary_of(report: Mapping[str, Any], parameters: Parameters) -> list[str]:
    """Lines about a run: method and why, iterations and rest, seconds and cost, whether it was made again.

    `report` is that of the executable (docs/file_format.md); what it lacks is left out.
    """
    method, n_points = report.get("method", "?"), report.get("n_points")
    made = "map" if n_points is None else f"map of {n_points:,} points"
    lines = [f"{made} by method {method}, {_reason(parameters, method)}"]
    seconds = report.get("seconds")
    time = f" in {sum(seconds.values()):.1f} s" if seconds else ""
    cost = f"; cost {report['cost']:.4f}" if "cost" in report else ""
    steps = "fast steps" if report.get("descent") == "fast" else "iterations"
    lines.append(f"{report.get('n_iter', 0):,} {steps}{time}, {_ending(report)}{cost}")
    if (found := report.get("neighbours")) and found["search"] == "approximate":
        lines.append(f"neighbours: {found['recall']:.1%} of the true ones, by a sample")
    if contenders := report.get("starts"):
        lines.append(_race(contenders, n_points))
    if report.get("repeated"):
        lines.append(_repetition(report))
    return lines


def _race(contenders: list[dict], n_points: int | None) -> str:
    """Which start won, and of how many points."""
    n_raced = contenders[-1].get("points", n_points)
    raced = sum(one.get("points", n_points) == n_raced for one in contenders)
    where = "" if n_raced == n_points else f", raced on a sample of {n_raced:,} points"
    return f"the best of {raced} starts{where}: {contenders[0]['start']}"


def _reason(parameters: Parameters, method: str) -> str:
    """Why this method."""
    if parameters.method != "auto":
        return "as asked"
    if parameters.implies_interpolation:
        given = "neighbours were given" if parameters.gives_graph else "approximate neighbours were asked for"
        return f"because {given}"
    if parameters.theta == 0:
        return "because theta is 0"
    if method == "exact":
        return f"which fast steps take for up to {LARGE:,} points"
    return f"chosen for {'up to' if method == 'barnes_hut' else 'more than'} {LARGE:,} points"


def _ending(report: Mapping[str, Any]) -> str:
    if report.get("stopped"):
        return "stopped by the callback"
    if report.get("converged"):
        return "then the map was at rest"
    if report.get("method") == "barnes_hut":
        return "as many as asked for"
    return "as many as allowed, the map not quite at rest"


def _repetition(report: Mapping[str, Any]) -> str:
    """In calm words: the map is good, and this is how it came about."""
    if report.get("max_step") is None:
        return "made twice, because the first map looked unstable; the better one was kept"
    return (
        "unstable with the published steps; made again with smaller ones "
        f"(at most {report['max_step']:g}), which needs nothing of you"
    )


def print_kept(Y: np.ndarray, data: MatrixLike, pixels: MatrixLike | None, sections: Any) -> None:
    """r1 and r2 of a map in words; nothing where there are none, as of sections of two points."""
    from spasne_tools.metrics.scores import score_embedding  # a silent run need not wait for it

    try:
        scores = score_embedding(Y, data, pixels, sections=None if pixels is None else sections).dropna()
    except ValueError:  # the map is made all the same
        return
    if "r1" in scores:
        print(in_words(scores), flush=True)


def in_words(scores: pd.Series) -> str:
    """r1 and r2 as a sentence: how well distances on the map follow those in expression and in the tissue."""
    kept = {"r1": "expression", "r2": "tissue"}
    said = [
        f"{what} {_degree(scores[name])} ({name} {scores[name]:.2f})"
        for name, what in kept.items()
        if name in scores
    ]
    return f"distances on the map follow those in {' and those in the '.join(said)}"


def _degree(correlation: float) -> str:
    """A word for a correlation."""
    steps = {"very closely": 0.8, "closely": 0.6, "moderately": 0.4, "loosely": 0.2}
    return next((word for word, least in steps.items() if correlation >= least), "hardly at all")
