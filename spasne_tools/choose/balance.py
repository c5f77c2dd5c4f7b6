"""How good a map is without labels: r1, r2 and the neighbours kept, beside a map by t-SNE of the same points.

The published r1 * r2 rises with the weights for ever: at large ones the local term has no say. Times the
share of neighbours kept, in units of what t-SNE keeps, it has a maximum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spasne_tools.choose.sample import Sample
from spasne_tools.metrics.neighbours import RANK_NEIGHBOURS, nearest
from spasne_tools.metrics.sampling import DEFAULT_SAMPLING
from spasne_tools.screening.scores import Targets, distances_within, rows_of_sections, standard_distances


@dataclass(frozen=True)
class Judge:
    """Scores maps of one sample. `kept_by_tsne` is the unit of `kept`; 1 until it is known."""

    targets: Targets
    near: np.ndarray
    has_space: bool
    kept_by_tsne: float = 1.0

    def scores(self, Y: np.ndarray) -> dict[str, float]:
        """r1, r2 (nan without positions), kept and their product, the balance."""
        k = self.near.shape[1]
        near = nearest(Y, np.arange(len(Y)), k)
        kept = float((self.near[:, :, None] == near[:, None, :]).any(axis=2).mean()) / self.kept_by_tsne
        found = self.targets.scores(Y)
        r1, r2 = found["r1"], found["r2"] if self.has_space else float("nan")
        return {"r1": r1, "r2": r2, "kept": kept, "balance": r1 * kept * (r2 if self.has_space else 1.0)}


def judge_of(sample: Sample) -> Judge:
    """What maps of the sample are compared with: all pairs and all neighbours, computed once."""
    m = sample.X.shape[0]
    expression = standard_distances(sample.X, DEFAULT_SAMPLING)
    sections = rows_of_sections(sample.sections)
    space = expression if sample.pixels is None else distances_within(sample.pixels, sections)
    targets = Targets(expression, space, sections=() if sample.pixels is None else sections)
    near = nearest(sample.X, np.arange(m), min(RANK_NEIGHBOURS, (m - 1) // 2))
    return Judge(targets, near, has_space=sample.pixels is not None)


@dataclass(frozen=True)
class Wish:
    """What is wanted of a map: the largest balance, or neighbours where r1 and r2 are at least so much."""

    least: dict[str, float]

    def value(self, scores: dict[str, float]) -> float:
        """Larger is better: the balance; or what is kept, below 0 by what r1 and r2 lack."""
        if not np.isfinite(scores["balance"]):
            return float("-inf")
        if not self.least:
            return scores["balance"]
        lacking = sum(max(0.0, least - scores[name]) for name, least in self.least.items())
        return -lacking if lacking > 0 else scores["kept"]

    def lean(self, scores: dict[str, float]) -> int:
        """1 where more weight for space would even out r1 and r2 beyond what is wanted of them, else -1."""
        spare = {name: scores[name] - self.least.get(name, scores[name]) for name in ("r1", "r2")}
        return 1 if spare["r1"] > spare["r2"] else -1

    def is_met(self, scores: dict[str, float]) -> bool:
        return all(scores[name] >= least for name, least in self.least.items())
