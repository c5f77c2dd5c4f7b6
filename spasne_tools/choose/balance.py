"""How good a map is without labels: r1, r2 and the neighbours kept, beside a map by t-SNE of the same points.

The published r1 * r2 rises with the weights for ever: at large ones the local term has no say. Times the
share of neighbours kept, in units of what t-SNE keeps, it has a maximum.

r2 is of all distances, the long ones above all. Whether a spot's surroundings stay together is told by the
share of its nearest in the tissue that are among its nearest on the map. Of maps with the same r1 and r2 it
is higher where regions of the tissue hold together, as labels show (benchmarks/README.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from spasne_tools.choose.sample import Sample
from spasne_tools.metrics.neighbours import RANK_NEIGHBOURS, nearest
from spasne_tools.metrics.sampling import DEFAULT_SAMPLING
from spasne_tools.screening.scores import Targets, distances_within, rows_of_sections, standard_distances

SURROUNDINGS = 50  # nearest in the tissue, whose share on the map is judged
LEAST_NEAREST = 5  # of a sample, of either kind


@dataclass(frozen=True)
class Near:
    """The k nearest of each of `rows`: `are_near` (len(rows), len(rows)), true for those of each row."""

    rows: np.ndarray
    are_near: np.ndarray
    k: int

    @classmethod
    def of(cls, points: np.ndarray, rows: np.ndarray, k: int) -> Near:
        """The k nearest, or as many as leave a choice among few rows."""
        every = np.arange(len(rows))
        k = min(k, (len(rows) - 1) // 2)
        are_near = np.zeros((len(rows), len(rows)), dtype=bool)
        are_near[every[:, None], nearest(points[rows], every, k)] = True
        return cls(rows, are_near, k)

    def kept(self, Y: np.ndarray) -> np.ndarray:
        """Of each row, the share of them that are among as many nearest on the map, (len(rows),)."""
        on_map = nearest_on_map(Y[self.rows], self.k)
        return self.are_near[np.arange(len(on_map))[:, None], on_map].mean(axis=1)


def nearest_on_map(Y: np.ndarray, k: int) -> np.ndarray:
    """The k nearest of each of few columns, itself excluded: as `nearest`, in a quarter of its time."""
    found = cKDTree(Y).query(Y, np.arange(1, k + 2))[1]
    is_other = found != np.arange(len(Y))[:, None]
    is_other[is_other.all(axis=1), -1] = False  # among more than k at the same place
    return found[is_other].reshape(len(Y), k)


@dataclass(frozen=True)
class Judge:
    """Scores maps of one sample. `kept_by_tsne` is the unit of `kept`; 1 until it is known.

    `in_space` has the nearest in the tissue, of each section; none without positions.
    """

    targets: Targets
    in_expression: Near
    in_space: tuple[Near, ...]
    kept_by_tsne: float = 1.0

    @property
    def has_space(self) -> bool:
        return bool(self.in_space)

    def scores(self, Y: np.ndarray) -> dict[str, float]:
        """r1, r2, kept, their product (the balance), and kept_in_space; r2 and that nan without positions."""
        kept = float(self.in_expression.kept(Y).mean()) / self.kept_by_tsne
        found = self.targets.scores(Y)
        r1 = found["r1"]
        if not self.has_space:
            return {"r1": r1, "r2": np.nan, "kept": kept, "balance": r1 * kept, "kept_in_space": np.nan}
        r2 = found["r2"]
        in_space = float(np.concatenate([near.kept(Y) for near in self.in_space]).mean())
        return {"r1": r1, "r2": r2, "kept": kept, "balance": r1 * kept * r2, "kept_in_space": in_space}


def judge_of(sample: Sample) -> Judge:
    """What maps of the sample are compared with: all pairs and all neighbours, computed once.

    Of a sample as many are counted as it has of the 15 nearest in expression and 50 in the tissue of all.
    """
    every = np.arange(sample.X.shape[0])
    expression = standard_distances(sample.X, DEFAULT_SAMPLING)
    in_expression = Near.of(sample.X, every, _in_sample(RANK_NEIGHBOURS, sample))
    if sample.pixels is None:
        return Judge(Targets(expression, expression), in_expression, ())
    sections = rows_of_sections(sample.sections)
    space = distances_within(sample.pixels, sections)
    k = _in_sample(SURROUNDINGS, sample)
    in_space = tuple(Near.of(sample.pixels, rows, k) for rows in sections or (every,))
    return Judge(Targets(expression, space, sections=sections), in_expression, in_space)


def _in_sample(k: int, sample: Sample) -> int:
    return max(LEAST_NEAREST, round(k * sample.share))


@dataclass(frozen=True)
class Wish:
    """What is wanted of a map: the largest balance, or neighbours where other scores are at least so much."""

    least: dict[str, float]

    def value(self, scores: dict[str, float]) -> float:
        """Larger is better: the balance; or what is kept, below 0 by what others lack."""
        if not np.isfinite(scores["balance"]):
            return float("-inf")
        if not self.least:
            return scores["balance"]
        lacking = sum(max(0.0, least - scores[name]) for name, least in self.least.items())
        return -lacking if lacking > 0 else scores["kept"]

    def lean(self, scores: dict[str, float]) -> int:
        """1 where more weight for space would even out r1 and the worse score of space, else -1."""
        spare = {name: scores[name] - self.least.get(name, scores[name]) for name in ("r1", "r2")}
        if "kept_in_space" in self.least:
            spare["r2"] = min(spare["r2"], scores["kept_in_space"] - self.least["kept_in_space"])
        return 1 if spare["r1"] > spare["r2"] else -1

    def is_met(self, scores: dict[str, float]) -> bool:
        return all(scores[name] >= least for name, least in self.least.items())
