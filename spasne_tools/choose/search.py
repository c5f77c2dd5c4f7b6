"""The search for weights: a coarse set, steps around its best, and the few best from the lowest cost found.

A full grid would be mostly maps that nobody wants. Weights are tried in powers of two of alpha, of
beta / alpha and of sigma / (the automatic scale), from one cheap start; the last few are made as the final
map will be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from spasne_tools.choose.balance import Judge, Wish
from spasne_tools.choose.sample import SEED, Sample
from spasne_tools.run.automatic import automatic_scale
from spasne_tools.run.batch import Run

# alpha, beta and sigma in units of the automatic scale, spread over the region where good maps were found
COARSE = (
    (8, 4, 1), (8, 8, 1), (16, 4, 1), (16, 8, 0.5), (16, 16, 1), (32, 8, 1),
    (32, 16, 1), (32, 16, 0.5), (32, 32, 0.5), (64, 16, 2), (64, 32, 1), (128, 48, 1),
)  # fmt: skip
# Exponents of 2 by which a step changes these three: weight, space, scale.
STEPS = ((1.0, 1.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.0, 0.5))
ROUNDS = (1.0, 0.5)  # lengths of the steps
FINALISTS = 3
# Where r1 and r2 have to be so much: alpha and scale (as in COARSE) of lines along which beta is brought to
# where both exceed what is wanted by the same, in steps of these exponents of 2; the last few of final maps.
LINES = ((32, 1), (64, 1), (64, 0.5), (128, 1), (128, 0.7), (128, 0.5), (256, 0.5))
HALVINGS, LAST_HALVINGS = (0.5, 0.25, 0.125, 0.0625), (0.25, 0.125, 0.0625)
TRIAL_START, FINAL_START = "joint*0.3", "best"
TRIAL_GRADIENTS = 200  # at most, of a map that is to be ranked only
DIGITS = 3  # significant, of all that is tried
STAGES = ("coarse", "fine", "final")
NAMES = ("alpha", "beta", "global_scale")


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

    def run(self) -> dict[str, Any]:
        """The row of the best map."""
        unit = automatic_scale(self.sample.n_points, float(self.sample.parameters.perplexity))
        if self.wish.least:
            lines = [self._allowed((a, a / 2, f * unit)) for a, f in LINES]
            ranked = self._levelled("fine", lines, TRIAL_START, HALVINGS)
            self._levelled("final", ranked[:FINALISTS], self.final_start, LAST_HALVINGS)
            return self._best(self.final_start)
        self.try_all("coarse", (self._allowed((a, b, f * unit)) for a, b, f in COARSE), TRIAL_START)
        for length in ROUNDS:
            self.try_all("fine", self._around(self._best(TRIAL_START), length), TRIAL_START)
        ranked = [weights_of(row) for row in self._ranked(TRIAL_START)]
        self.try_all("final", ranked[:FINALISTS], self.final_start)
        return self._best(self.final_start)

    def _levelled(
        self, stage: str, lines: list[Weights], init: str, lengths: Iterable[float]
    ) -> list[Weights]:
        """Step beta of each of `lines` to where r1 and r2 exceed what is wanted alike; their best, ranked."""
        tried = [[weights] for weights in lines]
        self.try_all(stage, lines, init)
        for length in lengths:
            for line in tried:
                row = self._row(line[-1], init)
                power = length * (1 if row is None else self.wish.lean(row))
                line.append(self._allowed(line[-1]._replace(beta=line[-1].beta * 2**power)))
            self.try_all(stage, [line[-1] for line in tried], init)
        ranked = [weights_of(row) for row in self._ranked(init)]
        best = {next((weights for weights in ranked if weights in line), None) for line in tried}
        return [weights for weights in ranked if weights in best]

    def try_all(self, stage: str, wanted: Iterable[Weights], init: str) -> None:
        """Make and score a map of each of these weights that was not tried from this start yet."""
        known = {weights_of(row) for row in self._rows_from(init)}
        fresh = [weights for weights in dict.fromkeys(wanted) if weights not in known]
        runs = [Run(w.alpha, w.beta, SEED, self.sample.scale(w.global_scale)) for w in fresh]
        most = TRIAL_GRADIENTS if init == TRIAL_START else None
        for weights, made in zip(fresh, self.sample.maps(runs, init, most), strict=True):
            if made is not None:
                scores = self.judge.scores(made.Y)
                value, cost = self.wish.value(scores), made.report["cost"]
                found = {"stage": stage, "init": init, **weights._asdict(), **scores}
                self.rows.append({**found, "cost": cost, "value": value})
        if self.verbose and (best := self._best(init) if stage in STAGES else None):
            print(f"{stage}: {len(fresh)} maps more; best {told(best)}", flush=True)

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows)

    def _rows_from(self, init: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["init"] == init and row["stage"] in STAGES]

    def _ranked(self, init: str) -> list[dict[str, Any]]:
        return sorted(self._rows_from(init), key=lambda row: -row["value"])

    def _best(self, init: str) -> dict[str, Any]:
        return self._ranked(init)[0]

    def _row(self, weights: Weights, init: str) -> dict[str, Any] | None:
        return next((row for row in self._rows_from(init) if weights_of(row) == weights), None)

    def _around(self, row: dict[str, Any], length: float) -> Iterator[Weights]:
        for step in STEPS:
            for sign in (-1, 1):
                powers = zip(weights_of(row), step, strict=True)
                yield self._allowed(tuple(value * 2 ** (sign * length * power) for value, power in powers))

    def _allowed(self, values: tuple[float, ...]) -> Weights:
        """`values` with those that are fixed in place, rounded, and sigma at most 1."""
        found = dict(zip(NAMES, values, strict=True))
        found["global_scale"] = min(found["global_scale"], 1.0)
        rounded = {name: float(f"{value:.{DIGITS}g}") for name, value in found.items()}
        return Weights(**rounded | self.fixed)


def weights_of(row: dict[str, Any]) -> Weights:
    return Weights(*(row[name] for name in NAMES))


def told(row: dict[str, Any]) -> str:
    """A row in words."""
    space = "" if row["r2"] != row["r2"] else f", r2 {row['r2']:.2f}"
    return (
        f"alpha {row['alpha']:g}, beta {row['beta']:g}, global_scale {row['global_scale']:g} "
        f"(r1 {row['r1']:.2f}{space}, {row['kept']:.2f} of the neighbours that t-SNE keeps)"
    )
