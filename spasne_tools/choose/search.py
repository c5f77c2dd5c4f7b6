"""The search for weights: a coarse set, steps around its best, and the few best from the lowest cost found.

A full grid would be mostly maps that nobody wants. Weights are tried in powers of two of alpha, of
beta / alpha and of sigma / (the automatic scale). The coarse maps have one cheap start; the steps start from
the best of these maps and need few gradients more; the last few are made as the final map will be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from spasne_tools.choose.balance import Judge, Wish
from spasne_tools.choose.sample import SEED, Sample
from spasne_tools.run.automatic import automatic_scale
from spasne_tools.run.batch import Run
from spasne_tools.run.embedding import Embedding
from spasne_tools.run.parameters import WEIGHTS

# alpha, beta and sigma in units of the automatic scale, spread over the region where good maps were found
COARSE = (
    (8, 4, 1), (16, 4, 1), (16, 8, 0.5), (16, 16, 1), (32, 8, 1), (32, 16, 1),
    (32, 16, 0.5), (32, 32, 0.5), (64, 8, 1), (64, 16, 0.5), (64, 32, 1), (128, 32, 1),
)  # fmt: skip
# Exponents of 2 by which a step changes these three: weight, space, scale.
STEPS = np.array([(1.0, 1.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.0, 0.5)])
SIGNS = (-1, 1)
LENGTHS, MOST_ROUNDS = (1.0, 0.5), 5  # of the steps; rounds of each length at most
LAST_POWERS = (0.0, 0.25, 0.5)  # exponents of 2, of beta of the best in the last few maps
FINALISTS = 2
# Where r1 and r2 have to be so much: alpha and scale (as in COARSE) of lines along which beta is brought to
# where both exceed what is wanted by the same, in steps of these exponents of 2; the last few of final maps.
LINES = ((64, 1), (64, 0.5), (128, 0.7), (128, 0.5), (256, 0.5))
HALVINGS, LAST_HALVINGS = (1.0, 0.5, 0.25, 0.125), (0.25, 0.125, 0.0625, 0.03125)
LAST_STEPS = (0.03125, 0.015625)
NEARLY = 0.02  # lacked in total by a last map from which small steps go on
WITHIN_REACH = 0.01  # of r1, r2 or what is kept in space, that the last steps of beta may make up
TRIAL_START, OTHER_START, FINAL_START = "joint*0.3", "joint", "best"  # the other: of another minimum
NEIGHBOUR = "neighbour"  # in place of a start's name: from a map of other weights
# Gradients at most, of maps that are to be ranked only: benchmarks/README.md
MOST_GRADIENTS = {"coarse": 60, "other": 60, "fine": 40, "near": 40}
MOST_OF_PART = 100  # of last maps of a part of the points, which have to score so much, after their race
DIGITS = 3  # significant, of all that is tried
STAGES = ("coarse", "other", "fine", "near", "final")
SCORES = ("r1", "r2", "kept", "kept_in_space")


class Weights(NamedTuple):
    """alpha, beta and global_scale of a map of all points."""

    alpha: float
    beta: float
    global_scale: float


@dataclass
class Search:
    """One search: what was tried and what it scored, in `rows`. `fixed`: what the user has given a value."""

    sample: Sample
    judge: Judge
    wish: Wish
    fixed: dict[str, float]
    final_start: str = FINAL_START
    verbose: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)
    maps: dict[tuple[str, Weights], np.ndarray] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """The row of the best map."""
        if self.wish.least:
            return self._run_along_lines()
        self.try_all("coarse", [self._allowed((a, b, f * self.unit)) for a, b, f in COARSE], TRIAL_START)
        centre = self._ranked("coarse")[0]
        start = self.maps["coarse", centre]
        for length in LENGTHS:
            centre = self._climbed(centre, length, start)
        last = [self._allowed(centre._replace(beta=centre.beta * 2**power)) for power in LAST_POWERS]
        self.try_all("final", last + self._ranked("fine")[:FINALISTS], self.final_start)
        return self._best("final")

    def _climbed(self, centre: Weights, length: float, start: np.ndarray) -> Weights:
        """Where steps of this length lead from `centre`: each alone, and all that lead up at once."""
        for _ in range(MOST_ROUNDS):
            around = [self._moved(centre, length * sign * step) for step in STEPS for sign in SIGNS]
            self.try_all("fine", [centre, *around], start)
            self.try_all("fine", [self._moved(centre, length * self._upwards(centre, length))], start)
            best = self._ranked("fine")[0]
            if best == centre:
                break
            centre = best
        return centre

    def _upwards(self, centre: Weights, length: float) -> np.ndarray:
        """The sum of the steps, of either sign, that lead up from `centre`."""
        total = np.zeros(len(WEIGHTS))
        for step in STEPS:
            rows = [self._row("fine", self._moved(centre, length * sign * step)) for sign in SIGNS]
            values = [-np.inf if row is None else row["value"] for row in rows]
            here = self._row("fine", centre)
            if here is None or max(values) > here["value"]:
                total += SIGNS[int(np.argmax(values))] * step
        return total

    def _run_along_lines(self) -> dict[str, Any]:
        lines = [self._allowed((a, a / 2, f * self.unit)) for a, f in LINES]
        self.try_all("coarse", lines, TRIAL_START)
        centre = self._ranked("coarse")[0]
        self.try_all("other", [centre], OTHER_START)
        kept = (self.maps.get((stage, centre)) for stage in ("coarse", "other"))
        starts = [one for one in kept if one is not None]
        tried = self._levelled("fine", lines, starts, HALVINGS)
        self.try_all("final", self._ranked("fine")[:1], self.final_start)
        sure, hopeful = (_leaders(tried, self._ranked_as_final(slack)) for slack in (0.0, WITHIN_REACH))
        last: dict[tuple[float, float], Weights] = {}
        for weights in (sure[0], hopeful[0], *sure):
            last.setdefault((weights.alpha, weights.global_scale), weights)
        return self._finish(list(last.values())[:FINALISTS])

    def _finish(self, lines: list[Weights]) -> dict[str, Any]:
        """Level each line from its own last map in few gradients, and make last maps where that leads.

        Of a part of the points the levelled maps are enough, if one of them has what is wanted: last ones
        tell no more of all points. A line whose last map lacks a little gets a small step more, or two.
        """
        self.try_all("final", lines, self.final_start)
        ends = [self._levelled_from_last(line) for line in lines if ("final", line) in self.maps]
        if self.sample.is_part:
            levelled = [row for weights in ends if (row := self._row("near", weights)) is not None]
            best = max(self._rows_of("final") + levelled, key=lambda row: row["value"])
            if self.wish.is_met(best):
                return {**best, "init": self.final_start}
        self.try_all("final", ends, self.final_start)
        for length in LAST_STEPS:
            rows = [self._row("final", weights) for weights in ends]
            lacking = [weights_of(row) for row in rows if row is not None and -NEARLY <= row["value"] < 0]
            ends = [self._stepped("final", weights, length) for weights in lacking]
            self.try_all("final", ends, self.final_start)
        return self._best("final")

    def _ranked_as_final(self, slack: float) -> list[Weights]:
        """The fine maps, ranked as if each fell short of a last map by as much as the one that has both.

        slack: so much less than what is wanted is enough.
        """
        wish = Wish({name: least - slack for name, least in self.wish.least.items()})
        last = self._rows_of("final")[0]
        near = self._row("fine", weights_of(last)) or last
        gains = {name: last[name] - near[name] for name in SCORES}

        def value(row: dict[str, Any]) -> float:
            return wish.value({**row, **{name: row[name] + gain for name, gain in gains.items()}})

        return [weights_of(row) for row in sorted(self._rows_of("fine"), key=lambda row: -value(row))]

    @property
    def unit(self) -> float:
        """The automatic scale of all points."""
        return automatic_scale(self.sample.n_points, self.sample.perplexity)

    def _levelled(
        self,
        stage: str,
        lines: list[Weights],
        starts: Sequence[str | np.ndarray],
        lengths: Iterable[float],
    ) -> list[list[Weights]]:
        """Step beta of each of `lines` to where r1 and r2 exceed what is wanted alike; what each tried."""
        tried = [[weights] for weights in lines]
        self.try_all(stage, lines, *starts)
        for length in lengths:
            for line in tried:
                line.append(self._stepped(stage, line[-1], length))
            self.try_all(stage, [line[-1] for line in tried], *starts)
        return tried

    def _levelled_from_last(self, weights: Weights) -> Weights:
        """Where small steps of beta lead from the last map with these weights."""
        start, stage = self.maps["final", weights], "final"
        for length in LAST_HALVINGS:
            weights, stage = self._stepped(stage, weights, length), "near"
            self.try_all(stage, [weights], start)
        return weights

    def _stepped(self, stage: str, weights: Weights, length: float) -> Weights:
        """With a little more beta or less, by what the map of `stage` lacks most or has to spare."""
        row = self._row(stage, weights)
        power = length * (1 if row is None else self.wish.lean(row))
        return self._allowed(weights._replace(beta=weights.beta * 2**power))

    def try_all(self, stage: str, wanted: Iterable[Weights], *starts: str | np.ndarray) -> None:
        """Make and score a map of each of these weights that was not tried in this stage yet.

        starts: names, or maps of other weights; of several the map of lowest cost counts.
        """
        fresh = [weights for weights in dict.fromkeys(wanted) if (stage, weights) not in self.maps]
        runs = [Run(w.alpha, w.beta, SEED, self.sample.scale(w.global_scale)) for w in fresh]
        made = [self.sample.maps(runs, start, self._most_gradients(stage)) for start in starts]
        names = [start if isinstance(start, str) else NEIGHBOUR for start in starts]
        for weights, maps in zip(fresh, zip(*made, strict=True), strict=True):
            found = [(name, one) for name, one in zip(names, maps, strict=True) if one is not None]
            if found:
                name, lowest = min(found, key=lambda one: float(one[1].report["cost"]))
                self.maps[stage, weights] = lowest.Y
                self._note({"stage": stage, "init": name, **weights._asdict()}, lowest)
        if self.verbose and stage in STAGES:
            print(f"{stage}: {len(fresh)} maps more; best {told(self._best(stage))}", flush=True)

    def _most_gradients(self, stage: str) -> int | None:
        if stage == "final" and self.wish.least and self.sample.is_part:
            return MOST_OF_PART
        return MOST_GRADIENTS.get(stage)

    def note_mean(self, tried: dict[str, Any], maps: Iterable[Embedding]) -> dict[str, Any]:
        """The row of means over maps of several starts, where no single one tells enough."""
        own = pd.DataFrame({**self.judge.scores(found.Y), "cost": found.report["cost"]} for found in maps)
        means: dict[str, Any] = own.mean().to_dict()
        self.rows.append({**tried, **means, "value": self.wish.value(means)})
        return self.rows[-1]

    def _note(self, tried: dict[str, Any], found: Embedding) -> None:
        scores = self.judge.scores(found.Y)
        value, cost = self.wish.value(scores), found.report["cost"]
        self.rows.append({**tried, **scores, "cost": cost, "value": value})

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows)

    def _rows_of(self, stage: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["stage"] == stage]

    def _ranked(self, stage: str) -> list[Weights]:
        return [weights_of(row) for row in sorted(self._rows_of(stage), key=lambda row: -row["value"])]

    def _best(self, stage: str) -> dict[str, Any]:
        return max(self._rows_of(stage), key=lambda row: row["value"])

    def _row(self, stage: str, weights: Weights) -> dict[str, Any] | None:
        return next((row for row in self._rows_of(stage) if weights_of(row) == weights), None)

    def _moved(self, centre: Weights, powers: np.ndarray) -> Weights:
        return self._allowed(tuple(np.array(centre) * 2**powers))

    def _allowed(self, values: tuple[float, ...]) -> Weights:
        """`values` with those that are fixed in place, rounded, and sigma at most 1."""
        found = dict(zip(WEIGHTS, values, strict=True))
        found["global_scale"] = min(found["global_scale"], 1.0)
        rounded = {name: float(f"{value:.{DIGITS}g}") for name, value in found.items()}
        return Weights(**rounded | self.fixed)


def _leaders(lines: list[list[Weights]], ranked: list[Weights]) -> list[Weights]:
    """The first of each line in `ranked`, in that order."""
    leaders = {next((weights for weights in ranked if weights in line), None) for line in lines}
    return [weights for weights in ranked if weights in leaders]


def weights_of(row: dict[str, Any]) -> Weights:
    return Weights(*(row[name] for name in WEIGHTS))


def told(row: dict[str, Any]) -> str:
    """A row in words."""
    space = "" if row["r2"] != row["r2"] else f", r2 {row['r2']:.2f}"
    return (
        f"alpha {row['alpha']:g}, beta {row['beta']:g}, global_scale {row['global_scale']:g} "
        f"(r1 {row['r1']:.2f}{space}, {row['kept']:.2f} of the neighbours that t-SNE keeps)"
    )
