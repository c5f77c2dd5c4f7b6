"""Failed maps are noticed, repeated with a step limit and said to be; healthy runs are untouched."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from random_cases import failing_case, random_case

from benchmarks.failures import CELL, cells, judge

STEP_LIMIT = 0.05  # src/safe_descent.h
EARLY, PROBE = 250, 100  # iterations: src/optimiser.h, src/safe_descent.h
RELATIVE_ROUNDING = 1e-12


def healthy_case(**options):
    """Plain t-SNE, which needs no limit."""
    values = {"n_points": 300, "perplexity": 50, "alpha": 0, "beta": 0, "max_iter": 1000}
    return dataclasses.replace(random_case(1, **{**values, **options}), seed=2)


@pytest.fixture
def told(embed):
    """A function that runs a Case and returns (map, report, printed lines)."""

    def run(case):
        outcome = embed(case, "--report", "report.json")
        report = outcome.report
        return outcome.Y, report, outcome.stdout

    return run


@pytest.mark.parametrize("theta", [0, 0.5])
def test_a_failed_map_is_repeated_and_repaired(told, theta):
    _, failed, said = told(failing_case(theta=theta, max_step=np.inf))
    assert not failed["repeated"] and "unstable" not in said
    Y, repaired, said = told(failing_case(theta=theta))
    assert repaired["repeated"]
    assert repaired["max_step"] == STEP_LIMIT
    assert repaired["cost"] < failed["cost"] / 2
    assert "the first run was unstable" in said and "made again" in said
    assert "steps of at most 0.05" in said
    radius = np.linalg.norm(Y - Y.mean(axis=0), axis=1)
    assert radius.max() < 10 * np.median(radius)


def first_run(said):
    """Of a run that failed: its cost at each report and at its end, and that of the probe."""
    before, note = said.split("the first run was unstable ")
    ends = re.match(r"\(cost (\S+), where 100 limited steps reach (\S+)\)", note).groups()
    reports = re.findall(r"Iteration +(\d+): error is (\S+)", before)
    return {int(number): float(cost) for number, cost in reports}, *map(float, ends)


def is_hopeless(costs, reached):
    """At two reports in a row high, compared with the probe's, and the second not falling."""
    before = [0, *costs]
    stuck = [cost > 1.5 * reached and cost > 0.95 * last for cost, last in zip(costs, before, strict=False)]
    return any(one and other for one, other in zip(stuck, stuck[1:], strict=False))


def test_a_hopeless_run_is_left_early_and_one_that_falls_is_not(told):
    """By the costs that are printed, which on each machine are others."""
    kinds = set()
    for seed in range(1, 13):
        case = failing_case(seed=seed, n_points=40, perplexity=40 / 7, alpha=5, max_iter=800)
        _, report, said = told(case)
        if not report["repeated"]:
            continue
        costs, cost, reached = first_run(said)
        judged = [costs[number] for number in sorted(costs) if number > EARLY]
        assert cost == pytest.approx(judged[-1], abs=1e-5) and cost > 1.005 * reached
        assert not is_hopeless(judged[:-1], reached)
        left = len(costs) < 800 // 50
        assert left == (is_hopeless(judged, reached) and len(judged) < (800 - EARLY) // 50)
        high = judged[0] > 1.5 * reached and judged[1] > 1.5 * reached
        kinds.add("left" if left else "fell" if high else "late")
    assert {"left", "fell"} <= kinds


def test_seeds_agree_after_repair(told):
    costs = [told(failing_case(seed=seed))[1]["cost"] for seed in (1, 2, 3)]
    assert max(costs) < 1.01 * min(costs)


@pytest.mark.parametrize("theta", [0, 0.5])
def test_a_healthy_run_is_untouched(told, theta):
    unlimited = told(healthy_case(theta=theta, max_step=np.inf))
    automatic = told(healthy_case(theta=theta))
    np.testing.assert_array_equal(automatic[0], unlimited[0])
    for _, report, said in (unlimited, automatic):
        assert not report["repeated"] and report["max_step"] is None
        assert "failed" not in said
    assert automatic[1]["longest_step"] == unlimited[1]["longest_step"] > 1


def test_the_probe_leaves_no_snapshots(embed):
    outcome = embed(healthy_case(theta=0, max_iter=400), "--snapshots", "snapshot.dat", "--every", "40")
    seen = [int(number) for number in re.findall(r"^snapshot (\d+)", outcome.stdout, re.M)]
    assert seen == list(range(40, 401, 40))


def test_a_given_limit_is_respected_and_not_judged(told):
    _, report, said = told(failing_case(max_step=0.02))
    assert report["max_step"] == 0.02
    assert 0.01 < report["longest_step"] <= 0.02 * (1 + RELATIVE_ROUNDING)
    assert not report["repeated"] and "failed" not in said


def test_the_automatic_limit_is_respected(told):
    """The limit is relative to the root-mean-square radius, which stays below 1 here."""
    Y, report, _ = told(failing_case())
    assert np.sqrt(np.mean(np.sum(Y**2, axis=1))) < 1
    assert report["longest_step"] <= STEP_LIMIT * (1 + RELATIVE_ROUNDING)


def test_limited_steps_settle(told):
    """At a constant limit points jump to and fro to the end; the automatic one shrinks. All else is equal."""
    _, restless, _ = told(failing_case(alpha=50, beta=0, exaggeration=1, max_step=STEP_LIMIT))
    _, settled, _ = told(failing_case(alpha=50, beta=0))
    assert settled["repeated"]
    assert settled["cost"] < 0.997 * restless["cost"]


def test_short_runs_are_not_judged(told):
    """The probe's cost says nothing about a run whose late phase is shorter than the probe's."""
    last_unjudged = EARLY + PROBE // 2
    _, report, said = told(failing_case(max_iter=last_unjudged))
    assert not report["repeated"] and "failed" not in said and report["longest_step"] > 1
    _, report, _ = told(failing_case(max_iter=last_unjudged + 1))
    assert report["repeated"]


def test_a_repeated_run_starts_where_the_first_did(told):
    """A start that is given is also the start of the repeat: another start gives another map."""
    start = np.random.default_rng(3).normal(size=(200, 2)) * 1e-4
    Y, report, _ = told(failing_case(init=start))
    again, _, _ = told(failing_case(init=start))
    np.testing.assert_array_equal(Y, again)
    mirrored, _, _ = told(failing_case(init=start * [1, -1]))
    assert report["repeated"]
    np.testing.assert_allclose(mirrored[:, 0], Y[:, 0], atol=1e-9)
    np.testing.assert_allclose(mirrored[:, 1], -Y[:, 1], atol=1e-9)


STARTS = {
    "wide": lambda Y: 50 * Y,
    "very wide": lambda Y: 5000 * Y,
    "beyond all distances": lambda Y: 1e12 * Y,
    "beyond their squares": lambda Y: 1e60 * Y,
    "elsewhere": lambda Y: 0.1 * Y + 1e6,
}


@pytest.mark.parametrize("method", ["exact", "barnes_hut", "interpolation"])
@pytest.mark.parametrize("start", STARTS)
def test_a_start_of_any_size_anywhere(told, method, start):
    """In a wide map forces hardly act, and a run and a probe that begin there fail alike."""
    shape = np.random.default_rng(4).normal(size=(200, 2))
    case = failing_case(method=method, theta=0.5, max_iter=500)
    usual = told(case)[1]["cost"]
    assert told(dataclasses.replace(case, init=STARTS[start](shape)))[1]["cost"] < 1.01 * usual


@pytest.mark.parametrize(("radius", "compact"), [(9.9, False), (10.1, True)])
def test_from_which_size_on_a_start_is_made_compact(told, radius, compact):
    shape = np.random.default_rng(4).normal(size=(200, 2))
    shape -= shape.mean(axis=0)
    shape *= radius / np.sqrt(np.mean(np.sum(shape**2, axis=1)))
    _, report, said = told(failing_case(init=shape))
    assert report["repeated"] and ("from the same start, made compact," in said) == compact


def test_where_the_start_lies_changes_nothing(told):
    start = np.random.default_rng(4).normal(size=(200, 2))
    reports = [told(failing_case(init=start + shift, max_iter=0))[1] for shift in (0, 1e7)]
    assert reports[1]["cost"] == pytest.approx(reports[0]["cost"], rel=1e-7)


def test_judged_by_the_lowest_cost_of_the_cell():
    """Over seeds, limits and numbers of iterations; a map that is not finite has failed."""
    runs = pd.DataFrame({"cost": [2.0, 2.019, 2.021, np.nan, 5.0], "alpha": [1, 1, 1, 1, 2]})
    runs = runs.assign(data="x", theta=0.5, beta=1, max_step=["inf", "automatic", "inf", "inf", "inf"])
    runs = runs.assign(max_iter=[500, 1000, 1000, 1000, 1000], seed=1, repeated=False, r1=0.5, r2=0.5)
    judged = judge(runs)
    assert judged["failed"].tolist() == [False, False, True, True, False]
    table = cells(judged).set_index([*CELL, "max_iter", "max_step"])
    assert table.loc[("x", 0.5, 1, 1, 1000, "inf"), "failed"] == 2
