"""Starts of any size and place under the sanitizers.

    make build/asan/spasne
    python tests/fuzz/random_starts.py [--count N] [--seed S]

For method interpolation in one to three dimensions, whose grids the fuzzer mostly leaves out for their time.
Every run has to end in a result or in one line of error.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
EXECUTABLE = HERE.parents[1] / "build" / "asan" / "spasne"
sys.path.insert(0, str(HERE.parent))

from data_layout import pack_case  # noqa: E402
from random_cases import random_case  # noqa: E402

EXPONENTS = (-300, -100, -20, -3, 0, 1, 2, 3, 6, 12, 16, 18, 30, 60, 99, 100)
LARGEST = 1e100  # of starts and scales: src/validation.h
SECONDS = 120  # that a run may take


def magnitude(rng: np.random.Generator) -> float:
    return 10.0 ** int(rng.choice(EXPONENTS))


def random_start(rng: np.random.Generator, n: int, no_dims: int) -> np.ndarray:
    """A cloud of any size; or one point elsewhere, all but one in one place, far away, half in one place."""
    start = rng.normal(size=(n, no_dims)) * magnitude(rng)
    kind, one = rng.integers(5), rng.integers(n)
    if kind == 1:
        start[one] *= magnitude(rng)
    elif kind == 2:
        start = np.zeros((n, no_dims))
        start[one, rng.integers(no_dims)] = magnitude(rng)
    elif kind == 3:
        start += magnitude(rng)
    elif kind == 4:
        start[rng.random(n) < 0.5] = start[0]
    return np.clip(start, -LARGEST, LARGEST)


def random_problem(rng: np.random.Generator) -> bytes:
    n, no_dims = int(rng.integers(3, 60)), int(rng.integers(1, 4))
    case = random_case(
        int(rng.integers(1000)),
        n,
        n_features=int(rng.integers(1, 6)),
        max_iter=int(rng.choice([0, 1, 2, 5])),
        perplexity=max(1 / 3, (n - 1) / 3 * rng.random()),
        no_dims=no_dims,
        alpha=float(rng.choice([0, 8, 1e6])),
        beta=float(rng.choice([0, 2, 1e6])),
    )
    scale = np.clip(magnitude(rng), 1 / LARGEST, LARGEST) if rng.random() < 0.4 else 1.0
    sections = np.arange(n) % 2 if rng.random() < 0.3 else None
    start = random_start(rng, n, no_dims)
    return pack_case(
        replace(case, method="interpolation", init=start, global_scale=float(scale), sections=sections)
    )


def ends_well(data: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "data.dat").write_bytes(data)
        command = [EXECUTABLE, "--quiet", "--threads", "1"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        written = Path(folder, "result.dat").exists()
    if done.returncode == 0:
        return written and done.stderr == ""
    one_line = done.stderr.startswith("spasne: error: ") and done.stderr.count("\n") == 1
    return done.returncode in (2, 3) and one_line and not written


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    for number in range(options.count):
        data = random_problem(rng)
        if not ends_well(data):
            failed = HERE.parents[1] / "build" / f"random_start_{number}.dat"
            failed.write_bytes(data)
            print(f"start {number} of seed {options.seed} failed: {failed}")
            return 1
    print(f"{options.count} starts ended well")
    return 0


if __name__ == "__main__":
    sys.exit(main())
