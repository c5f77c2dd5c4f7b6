"""Random small problems in bulk: the executable, on every instruction set, against its slow twin in NumPy.

    python tests/soak.py [--count 10000] [--first 0] [--jobs 2]

Of each problem of random_problems.py: the cost of each term and point at the start, the gradient there, ten
iterations, ten gradients of fast steps, starts by name, and what the Python side writes of it, each beside
reference.py; instruction sets beside each other. Prints what disagrees, by number, and a line of counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import reference  # noqa: E402
import scipy.sparse  # noqa: E402
from compiled import INSTRUCTION_SETS  # noqa: E402
from data_layout import pack_case, unpack_result  # noqa: E402
from random_problems import problem  # noqa: E402
from reference import Case  # noqa: E402

from spasne_tools.run.data_file import write_data_file  # noqa: E402
from spasne_tools.run.parameters import Parameters  # noqa: E402
from spasne_tools.run.prepare import prepare_problem  # noqa: E402

FIRST_GAIN = 1 + reference.GAIN_STEP
# Errors allowed: of a cost as a share of all that its sum adds up, of a gradient as a share of the forces
# that it adds up, of a map as a share of the way that its points went.
EXACT = {"cost": 1e-9, "gradient": 1e-9, "map": 1e-7}
SUMMED_ON_A_GRID = {"cost": 5e-6, "gradient": 1e-3, "map": 2e-2}
BETWEEN_SETS = {"exact": 1e-10, "barnes_hut": 1e-10, "interpolation": 1e-4}  # of a gradient, as above


@dataclass
class Found:
    """What a run of the executable left: map, shares of the cost, report."""

    Y: np.ndarray
    cost: np.ndarray
    report: dict


class Refused(Exception):
    """A run ended with an error, told in one line."""


def run(binary: Path, packed: bytes | Case, isa: str = "") -> Found:
    """One run on the bytes of a data file or a case, with an instruction set or the best."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.joinpath("data.dat").write_bytes(pack_case(packed) if isinstance(packed, Case) else packed)
        done = subprocess.run(
            [binary, "--quiet", "--threads", "1", "--report", "report.json"],
            cwd=folder,
            env={**os.environ, "SPASNE_ISA": isa},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode != 0:
            raise Refused(f"exit code {done.returncode}: {done.stderr.strip()}")
        Y, _, cost = unpack_result(folder.joinpath("result.dat").read_bytes())
        return Found(Y, cost, json.loads(folder.joinpath("report.json").read_text()))


class Comparison:
    """One problem, computed both ways; `disagreements` are lines of text."""

    def __init__(self, number: int, binary: Path) -> None:
        self.case, self.binary = problem(number), binary
        self.bounds = dict(EXACT)
        if self.case.method == "interpolation":
            self.bounds |= SUMMED_ON_A_GRID
        self.rng = np.random.default_rng(number)
        self.disagreements: list[str] = []

    @cached_property
    def P_all(self):
        return reference.affinities(self.case)

    @property
    def weights(self):
        return self.case.alpha, self.case.beta, self.case.sigma, self.case.pairs

    def check(self) -> None:
        if not self.P_all[0].sum() > 1 - 1e-9:
            return  # the published search has run away: to no number, or to the smallest there are
        parts = (self.costs, self.gradient, self.descent, self.fast_steps, self.named_start, self.written)
        for part in parts:
            try:
                part()
            except Refused as error:
                self.disagreements.append(f"{part.__name__}: {error}")

    def expect(self, what: str, found, expected, unit: float, bound: float) -> None:
        """Note the largest difference where it is above `bound` of `unit`."""
        error = np.abs(np.asarray(found) - expected).max()
        if not error <= bound * unit:
            self.disagreements.append(f"{what}: off by {error / unit:.2g}, allowed {bound:.2g}")

    def expect_cost(self, what: str, found: Found) -> None:
        """Each term and each point's share, at the map that was found."""
        terms = reference.cost_terms(found.Y, self.P_all, *self.weights)
        parts = [found.report[f"cost_{name}"] for name in ("local", "global", "space")]
        unit = np.abs(terms).sum()
        if self.case.method == "interpolation":  # sums of numbers of 24 bits that cancel
            unit += 1 + self.case.alpha + self.case.beta
        self.expect(f"{what} of terms", parts, terms.sum(axis=1), unit, self.bounds["cost"])
        self.expect(f"{what} of points", found.cost, terms.sum(axis=0), unit, self.bounds["cost"])

    def costs(self) -> None:
        self.expect_cost("cost", run(self.binary, replace(self.case, max_iter=0)))

    def gradient(self) -> None:
        """Read off one iteration of a length that leaves its digits, on each instruction set."""
        case, Y = self.case, self.case.init
        P, P_global, P_space = self.P_all
        P_all = case.exaggeration * P, P_global, P_space
        if case.method == "barnes_hut":
            alpha, beta, sigma, pairs = self.weights
            slope = reference.tree_gradient(Y, P_all, alpha, beta, case.theta, sigma, pairs)
        else:
            slope = reference.gradient(Y, P_all, *self.weights)
        slope = slope - slope.mean(axis=0)
        forces = self.forces(P_all)
        size = np.abs(Y - Y.mean(axis=0)).max()
        rate = size / forces if min(size, forces) > 0 else 1.0  # all points in one place
        by_set = {}
        for isa in INSTRUCTION_SETS:
            moved = run(self.binary, replace(case, max_iter=1, learning_rate=rate), isa).Y - Y
            by_set[isa] = (moved.mean(axis=0) - moved) / (rate * FIRST_GAIN)
            self.expect(f"gradient, {isa}", by_set[isa], slope, forces, self.bounds["gradient"])
        for isa in INSTRUCTION_SETS[1:]:
            other = by_set[INSTRUCTION_SETS[0]]
            self.expect(f"{isa} beside baseline", by_set[isa], other, forces, BETWEEN_SETS[case.method])

    def forces(self, P_all) -> float:
        """The largest sum of the lengths of attracting forces on a point."""
        P, P_global, P_space = P_all
        alpha, beta, sigma, _ = self.weights
        d2 = reference.squared_distances(self.case.init)
        near, far = P / (1 + d2), sigma**2 * (alpha * P_global + beta * P_space) / (1 + sigma**2 * d2)
        return float(((near + far) * np.sqrt(d2)).sum(axis=1).max())

    def descent(self) -> None:
        case = self.case
        if case.method == "barnes_hut" and len(np.unique(case.init, axis=0)) < len(case.init):
            return  # once rounding has parted two points the tree, as published, has another leaf
        expected = reference.run(case)
        way = np.abs(expected - case.init + case.init.mean(axis=0)).max()
        size = np.abs(case.init - case.init.mean(axis=0)).max()
        unit = way if case.method == "interpolation" else max(way, size)
        for isa in INSTRUCTION_SETS:
            found = run(self.binary, case, isa)
            self.expect(f"ten iterations, {isa}", found.Y, expected, unit, self.bounds["map"])
        self.expect_cost("cost after ten iterations", found)

    def fast_steps(self) -> None:
        """The cost that they report is that of their map, and not above the start's."""
        if self.case.method == "barnes_hut":
            return
        case = replace(self.case, descent="fast", learning_rate=None, max_step=None)
        found = run(self.binary, case)
        self.expect_cost("cost after fast steps", found)

    def named_start(self) -> None:
        case = self.case
        if case.method == "barnes_hut" or case.alpha + case.beta == 0:
            return
        name = str(self.rng.choice(["joint", "joint*0.3", "joint*0", "spatial", "best"]))
        n_gradients = 60 if name == "best" else 10
        case = replace(case, init=None, start=name, descent="fast", learning_rate=None, max_step=None)
        found = run(self.binary, replace(case, max_iter=n_gradients))
        self.expect_cost(f"cost after start {name}", found)

    def written(self) -> None:
        """The file that the Python side writes, of dense and sparse data and in units of the positions."""
        case = self.case
        scale = self.rng.choice(["raw", "unit", "0.125"])
        pixels, offset = case.pixels, 1.0
        if case.sections is not None:
            pixels = pixels - np.stack([pixels[case.sections == code].mean(axis=0) for code in case.sections])
        if scale == "unit":
            d2 = reference.squared_distances(pixels)
            pairs = np.broadcast_to(case.pairs, d2.shape) * (1 - np.eye(len(d2)))
            mean = (d2 * pairs).sum() / pairs.sum()
            if mean == 0:
                return
            pixels, offset = (pixels - pixels.mean(axis=0)) / np.sqrt(mean), 0.0
        elif scale != "raw":
            pixels = pixels * float(scale)
        twin = replace(case, pixels=pixels, pixel_offset=None if offset == 1 else offset, max_iter=1)
        if twin.global_scale == 1:
            twin.global_scale = None
        expected, found = run(self.binary, twin), run(self.binary, self.packed_by_wrapper(scale))
        size = np.abs(expected.Y).max()
        self.expect(f"written, pixel_scale {scale}", found.Y, expected.Y, size, self.bounds["map"])

    def packed_by_wrapper(self, scale: str) -> bytes:
        case = self.case
        names = "alpha beta perplexity exaggeration no_dims theta learning_rate max_step method accuracy"
        given = {name: getattr(case, name) for name in names.split()}
        X = scipy.sparse.csr_matrix(case.X) if self.rng.random() < 0.5 else case.X
        parameters = Parameters(
            **given,
            randseed=case.seed,
            max_iter=1,
            global_scale=case.sigma,
            init=case.init,
            use_pca=False,
            pixel_scale=scale if scale in ("raw", "unit") else float(scale),
            neighbors=case.graph,
            sections=case.sections,
        )
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("ignore", UserWarning)
            path = Path(folder, "data.dat")
            write_data_file(path, prepare_problem(X, case.pixels, parameters))
            return path.read_bytes()


def compared(number: int, binary: Path) -> tuple[Case, list[str]]:
    """The problem of this number, and what disagrees."""
    comparison = Comparison(number, binary)
    with np.errstate(all="ignore"):
        comparison.check()
    return comparison.case, comparison.disagreements


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--first", type=int, default=0, help="number of the first problem (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--binary", type=Path, default=HERE.parent / "spasne")
    arguments = parser.parse_args()
    counts: Counter = Counter()
    numbers = range(arguments.first, arguments.first + arguments.count)
    binary = arguments.binary.resolve()
    with ProcessPoolExecutor(arguments.jobs) as processes:
        results = processes.map(partial(compared, binary=binary), numbers, chunksize=8)
        for number, (case, lines) in zip(numbers, results, strict=True):
            counts[f"{case.method} {case.no_dims}-D"] += 1
            counts["disagree"] += bool(lines)
            if lines:
                about = f"{number}: {case.method}, {len(case.X)} points, {case.no_dims} dimensions"
                print(about, *lines, sep="\n    ", flush=True)
    print(f"{len(numbers)} problems: {dict(sorted(counts.items()))}")
    return 1 if counts["disagree"] else 0


if __name__ == "__main__":
    sys.exit(main())
