"""What a run is judged by and how a failed one is made again: by what runs say, against the slow twin."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pytest
import reference
from random_cases import failing_case
from test_executable import assert_agrees_with_reference

from spasne_tools.run.embedding import embed as embed_data
from spasne_tools.run.parameters import Parameters

STEP_LIMIT, PROBE, FAILED, EARLY = 0.05, 100, 1.005, 250  # src/safe_descent.h
SPREAD = 1e-4  # of a start: src/starts.h
OTHER_START = "a start from the positions reaches a lower cost: repeating from there"
TOO_WIDE = "the start is wider than the grid of this method: made compact"
PRINTED = 1e-5  # of a cost, in the last place


def from_columns(rows):
    """A start of these columns: centred, the widest with the spread of a random start."""
    rows = rows - rows.mean(axis=0)
    return rows * SPREAD / rows.std(axis=0).max()


@dataclass
class Told:
    """What a run says: the cost that its probe reaches, and of each of its descents the costs by iteration.

    `from_positions`: how many descents came before the other start was taken; None: it never was.
    """

    report: dict
    descents: list
    reference: float | None
    from_positions: int | None

    @property
    def ends(self):
        return [descent[max(descent)] for descent in self.descents]


@pytest.fixture
def told(embed):
    """A function that runs a Case and returns what it says."""

    def run(case):
        outcome = embed(case, "--report", "report.json")
        descents, from_positions = [], None
        for line in outcome.stdout.splitlines():
            if found := re.match(r"Iteration +(\d+): error is (\S+)", line):
                if found[1] == "50":
                    descents.append({})
                descents[-1][int(found[1])] = float(found[2])
            elif line == OTHER_START:
                from_positions = len(descents)
        probe = re.search(rf"where {PROBE} limited steps reach (\S+)\)", outcome.stdout)
        return Told(outcome.report, descents, float(probe[1]) if probe else None, from_positions)

    return run


def wide_case(shape_seed=4, learning_rate=10.0, **weights):
    """A start so wide that the run fails however small its steps are; with small ones no rounding grows."""
    wide = 5000 * np.random.default_rng(shape_seed).normal(size=(40, 2))
    values = {"n_points": 40, "perplexity": 40 / 7, "init": wide, "learning_rate": learning_rate}
    return failing_case(**{**values, **weights})


def cost_by_hand(case, start, n_iter, exaggeration, last_early=EARLY):
    """The cost that limited steps from these columns reach, by the slow twin."""
    run = replace(case, init=from_columns(start), max_iter=n_iter, exaggeration=exaggeration)
    Y = reference.run(run, last_early=last_early, limit=STEP_LIMIT)
    return reference.cost_shares(Y, reference.affinities(case), case.alpha, case.beta).sum()


def assert_begins_as(costs, case, start, exaggeration):
    """The first reports of a descent are those of limited steps from these columns."""
    for at in (50, 100):
        assert costs[at] == pytest.approx(cost_by_hand(case, start, at + 1, exaggeration), abs=PRINTED)


# --- judged ---


@pytest.mark.parametrize("learning_rate", [3.0, 10.0])
def test_the_probe_is_a_short_run_with_limited_steps(told, learning_rate):
    case = wide_case(alpha=1, learning_rate=learning_rate)
    cost = cost_by_hand(case, case.init, PROBE, exaggeration=1.0, last_early=PROBE // 2)
    assert told(case).reference == pytest.approx(cost, rel=2e-6)  # printed with six digits


@pytest.mark.parametrize(("alpha", "beta"), [(2, 1), (1, 2), (8, 2)])
def test_a_healthy_run_of_high_cost_is_not_repeated(told, alpha, beta):
    calm = told(failing_case(learning_rate=10.0, alpha=alpha, beta=beta))
    assert calm.report["cost"] > 1.2 and not calm.report["repeated"] and len(calm.descents) == 1


def test_costs_of_the_exaggerated_map_say_nothing(told):
    """High at iteration 250 and not falling at 300: the first report that counts is that of 300."""
    for seed in range(1, 9):
        run = told(failing_case(seed=seed, n_points=100, perplexity=15, max_iter=800))
        assert run.report["repeated"] and max(run.descents[0]) >= 350


# --- repeated ---


@pytest.mark.parametrize(("alpha", "exaggeration"), [(20, 0.25), (5, 0.6), (1, 1.0)])
def test_a_repeat_begins_with_an_exaggeration_that_suits_alpha(told, alpha, exaggeration):
    case = wide_case(alpha=alpha)
    assert_begins_as(told(case).descents[1], case, case.init, exaggeration)


@pytest.mark.parametrize(("alpha", "too_high"), [(20, False), (5, True)])
def test_a_second_repeat_is_not_exaggerated_and_made_where_the_first_ends_too_high(told, alpha, too_high):
    for shape_seed in (4, 5, 6):
        case = wide_case(shape_seed, alpha=alpha)
        run = told(case)
        assert (run.ends[1] > FAILED * run.reference) == too_high
        _, _, *more = run.descents
        assert len(more) == too_high
        for repeat in more:
            assert_begins_as(repeat, case, case.init, 1.0)
        assert run.report["cost"] == pytest.approx(min(run.ends), abs=PRINTED)


def stranding_case():
    """Limited steps from this start leave points on the wrong side; from the positions they do not."""
    return wide_case(8, alpha=1, beta=20)


def test_a_repeat_that_strands_is_made_again_from_the_positions(told):
    case = stranding_case()
    run = told(case)
    assert run.from_positions == 2
    assert_begins_as(run.descents[2], case, case.pixels, 1.0)
    assert run.report["cost"] == pytest.approx(run.ends[2], abs=PRINTED) and run.ends[2] < run.ends[1]


@pytest.mark.usefixtures("real_executable")
def test_a_repeat_that_is_stopped_is_the_last(capsys):
    """Though a start from the positions would reach less."""
    case, seen = stranding_case(), []

    def callback(iteration, cost, Y):
        repeats = bool(seen) and iteration < seen[-1]
        seen.append(iteration)
        return repeats

    names = ("alpha", "beta", "perplexity", "theta", "max_iter", "learning_rate", "init")
    parameters = Parameters(
        **{name: getattr(case, name) for name in names}, use_pca=False, callback=callback, callback_every=100
    )
    stopped = embed_data(case.X, case.pixels, parameters, verbose=True).report
    assert stopped["repeated"] and stopped["stopped"]
    assert seen.count(100) == 2 and seen[-1] == 100
    said = capsys.readouterr().out
    assert "made again" in said and OTHER_START not in said and "converged" not in said


# --- wide starts ---


@pytest.mark.parametrize("theta", [0, 0.5])
def test_a_wide_start_of_exact_sums_is_taken_as_it_is(embed, theta):
    case = replace(wide_case(theta=theta), max_iter=5)
    outcome = embed(case)
    assert TOO_WIDE not in outcome.stdout
    assert_agrees_with_reference(case, outcome)


def interpolated(**options):
    values = {"theta": 0.5, "method": "interpolation", "descent": "published"}
    return replace(wide_case(), **{**values, **options})


@pytest.mark.parametrize("max_iter", [1, 2])
def test_a_start_wider_than_the_grid_is_made_compact(embed, max_iter):
    case = interpolated(max_iter=max_iter)
    outcome = embed(case)
    assert TOO_WIDE in outcome.stdout
    assert np.abs(outcome.Y).max() < 1


def test_without_iterations_it_is_refused(execute):
    outcome = execute(interpolated(max_iter=0))
    assert outcome.returncode == 2 and "expected a start that the grid" in outcome.stderr


def test_method_interpolation_knows_no_other_start(told):
    """Its positions are gone by then."""
    run = told(interpolated(init=wide_case().init / 50))
    assert run.report["repeated"] and len(run.descents) > 1 and run.from_positions is None
