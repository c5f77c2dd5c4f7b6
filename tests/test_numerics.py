"""Extreme numbers in all methods: a map of finite numbers, or exit code 2 or 3 with one line, never NaN."""

import json
import os
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from data_layout import pack_case, unpack_result
from random_cases import random_case

METHODS = ["exact", "barnes_hut", "interpolation"]
BASE = random_case(7, n_points=40, n_features=4, max_iter=60, perplexity=5.0)
RANDOM = np.random.default_rng(1)


def with_row(name, value, level=None):
    """All rows as they are, or of one level, but one."""
    array = getattr(BASE, name).copy() if level is None else np.full_like(getattr(BASE, name), level)
    array[7] = value
    return replace(BASE, **{name: array})


def scaled(factor):
    return [
        replace(BASE, X=BASE.X * factor),
        replace(BASE, pixels=BASE.pixels / 700 * factor),
        replace(BASE, pixels=BASE.pixels / 700 * factor, pixel_offset=0.0),
    ]


def weights(alpha, beta):
    return [replace(BASE, alpha=alpha, beta=beta)]


CASES = {
    **{f"unit of {factor:g}": scaled(factor) for factor in (1e-308, 1e-300, 1e-150, 1e150, 1e300, 1e307)},
    **{
        f"outlier at {value:g}": [with_row("X", value), with_row("pixels", value)]
        for value in (1e6, 1e100, 1e300, -1.7e308)
    },
    "all equal but one": [
        with_row("X", 2.0, 1.0),
        with_row("X", np.nextafter(0.1, 1), 0.1),
        with_row("pixels", 6.0, 5.0),
    ],
    "opposite ends": [
        replace(BASE, X=np.where(np.arange(40)[:, None] % every, -end, end) * np.ones(4))
        for every in (2, 20)
        for end in (1e300, 1.7e308)
    ],
    "perplexity": [replace(BASE, perplexity=p) for p in (13.0, 1.0, 1 / 3, 1e-300, 5e-324)],
    "least n": [
        random_case(3, n, n_features=3, max_iter=60, perplexity=(n - 1) / 3) for n in (2, 3, 4, 5, 8, 9)
    ],
    "weights of a million": [*weights(1e6, 1e6), *weights(1e6, 0.0), *weights(0.0, 1e6)],
    "weights beyond": [*weights(1e12, 1e12), *weights(1e300, 1e300)],
    "exaggeration": [replace(BASE, exaggeration=e) for e in (1e-300, 1e6, 1e300)],
    "global scale": [replace(BASE, global_scale=g) for g in (1e-300, 1e-99, 1e99, 1e300)],
    "learning rate": [replace(BASE, learning_rate=r) for r in (1e-300, 1e6, 1e300)],
    "step limit": [replace(BASE, max_step=limit) for limit in (1e-300, 1e300)],
    "theta": [replace(BASE, theta=theta) for theta in (1e-300, 10.0, 1e300)],
    "offset": [replace(BASE, pixel_offset=c) for c in (1e-300, 1e300)],
    "start": [replace(BASE, init=RANDOM.normal(size=(40, 2)) * s) for s in (1e-300, 1e50)],
    "one point far away at the start": [
        replace(BASE, init=np.eye(40, no_dims) * far, no_dims=no_dims, global_scale=scale)
        for no_dims in (1, 2, 3)
        for far in (1e12, 1e18, 1e100)
        for scale in (1.0, 1e100)
    ],
}  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", CASES)
def test_extreme_numbers(execute, name, method):
    max_iter = 2 if method == "interpolation" else 60  # a wide map takes the largest grid there is
    for case in CASES[name]:
        outcome = execute(replace(case, method=method, max_iter=max_iter), "--quiet", "--threads", 1)
        if outcome.returncode == 0:
            assert np.isfinite(outcome.Y).all() and np.isfinite(outcome.cost).all()
            assert outcome.stderr == ""
        else:
            assert outcome.returncode in (2, 3), outcome.stderr
            assert outcome.stderr.startswith("spasne: error: ") and outcome.stderr.count("\n") == 1
            assert not (outcome.folder / "result.dat").exists()


@pytest.mark.parametrize("name", ["unit of 1e+150", "unit of 1e+300", "weights of a million", "least n"])
def test_what_can_be_computed_is(execute, name):
    """X in any unit, weights of a million and the least n are no errors where steps are limited."""
    cases = CASES[name][:1] if name.startswith("unit") else CASES[name]
    for case in cases:
        outcome = execute(replace(case, method="exact", max_step=0.1), "--quiet", "--threads", 1)
        assert outcome.returncode == 0, outcome.stderr
        assert np.isfinite(outcome.Y).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_cost_that_overflows_is_a_numerical_error(execute, method):
    """One coordinate of 1e90 at the start: finite, but its square times the weights is not."""
    start = np.zeros((40, 2))
    start[3, 1] = 1e90
    case = replace(BASE, init=start, method=method, max_iter=0, global_scale=1e100)
    outcome = execute(case, "--quiet")
    assert outcome.returncode == 3
    assert "finite" in outcome.stderr
    assert not (outcome.folder / "result.dat").exists()


def peak_memory(binary, folder, case):
    """Bytes that the run had at most, and the iterations it did."""
    (folder / "data.dat").write_bytes(pack_case(case))
    command = [binary, "--quiet", "--threads", "2", "--report", "report.json"]
    child = subprocess.Popen([str(part) for part in command], cwd=folder)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return used.ru_maxrss * 1024, json.loads((folder / "report.json").read_text())["n_iter"]


@pytest.mark.parametrize("method", METHODS)
def test_memory_does_not_grow_with_the_iterations(spasne_binary, tmp_path, method):
    case = replace(BASE, no_dims=1, method=method, stop_tolerance=0.0)
    short, n_short = peak_memory(spasne_binary, tmp_path, replace(case, max_iter=300, max_step=0.01))
    long, n_long = peak_memory(spasne_binary, tmp_path, replace(case, max_iter=10_000, max_step=0.01))
    assert (n_short, n_long) == (300, 10_000)
    assert long - short < 10**6


def test_a_hundred_thousand_iterations(embed):
    case = random_case(9, 8, n_features=2, perplexity=2.0, max_iter=100_000, theta=0.0, stop_tolerance=0.0)
    outcome = embed(case, "--quiet", "--threads", 1)
    assert np.isfinite(outcome.Y).all() and np.isfinite(outcome.cost).all()
    assert len(unpack_result(outcome.result_bytes)[0]) == 8
