"""Several tissue sections: spatial pairs within sections only, in the executable, against the reference."""

import itertools
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import reference
from data_layout import MAGIC, pack_case, record
from random_cases import random_case

N_POINTS = 120
ALPHA, BETA = 8.0, 2.0
FIRST_GAIN = 1 + reference.GAIN_STEP
RATE = 1000.0
LAYOUTS = {
    "two": np.arange(N_POINTS) % 2,
    "blocks": np.repeat([2, 0, 1], [11, 40, N_POINTS - 51]),
    "one_alone": np.where(np.arange(N_POINTS) == 37, 1, 0),
    "pairs": np.arange(N_POINTS) // 2,
}


def in_sections(layout="blocks", seed=70, **options):
    return random_case(seed, sections=LAYOUTS[layout], **options)


# --- the reference itself ---


@pytest.mark.parametrize("sigma", [1.0, 0.3])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradient_is_a_quarter_of_the_costs_slope(layout, sigma):
    case = in_sections(layout)
    P_all, Y, step = reference.affinities(case), np.random.default_rng(1).normal(size=(N_POINTS, 2)) * 2, 1e-5
    slope = np.zeros_like(Y)
    for index in itertools.product(range(3), range(2)):
        shift = np.zeros_like(Y)
        shift[index] = step
        above, below = (
            reference.cost_shares(Y + side * shift, P_all, ALPHA, BETA, sigma, case.pairs).sum()
            for side in (1, -1)
        )
        slope[index] = (above - below) / (2 * step)
    gradient = reference.gradient(Y, P_all, ALPHA, BETA, sigma, case.pairs)
    np.testing.assert_allclose(4 * gradient[:3], slope[:3], rtol=0, atol=1e-6 * np.abs(gradient).max())


def test_spatial_affinities_are_normalised_within_sections_together():
    case = in_sections("blocks")
    P_space = reference.affinities(case)[2]
    assert P_space.sum() == pytest.approx(1)
    assert np.all((P_space > 0) == (case.pairs.astype(bool) & ~np.eye(N_POINTS, dtype=bool)))


# --- dense methods ---


def assert_agrees_with_reference(case, outcome):
    expected = reference.run(case)
    np.testing.assert_allclose(outcome.Y, expected, rtol=0, atol=1e-7 * np.abs(expected).max())
    terms = reference.cost_terms(
        outcome.Y, reference.affinities(case), case.alpha, case.beta, case.sigma, case.pairs
    )
    scale = np.abs(terms).sum(axis=0).max()
    np.testing.assert_allclose(outcome.cost, terms.sum(axis=0), rtol=0, atol=1e-9 * scale)
    report = json.loads((outcome.folder / "report.json").read_text())
    parts = [report["cost_local"], report["cost_global"], report["cost_space"]]
    np.testing.assert_allclose(parts, terms.sum(axis=1), rtol=1e-7)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("theta", [0, 0.5])
@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_short_run(embed, no_dims, theta, layout):
    case = in_sections(layout, no_dims=no_dims, theta=theta)
    assert_agrees_with_reference(case, embed(case, "--report", "report.json"))


@pytest.mark.parametrize("theta", [0, 0.5])
@pytest.mark.parametrize(
    "options",
    [
        {"alpha": 0.0},
        {"beta": 0.0},
        {"global_scale": 0.3},
        {"global_scale": 3.0, "pixel_offset": 0.0},
        {"pixel_offset": 5e4, "n_space": 3},
    ],
    ids=lambda options: " ".join(f"{name}={value:g}" for name, value in options.items()),
)
def test_short_run_with_options(embed, options, theta):
    case = in_sections(theta=theta, **options)
    assert_agrees_with_reference(case, embed(case, "--report", "report.json"))


@pytest.mark.parametrize("method", ["exact", "barnes_hut"])
def test_one_section_changes_nothing(embed, method):
    case = random_case(71, method=method, max_iter=60, global_scale=0.5)
    in_one = replace(case, sections=np.zeros(N_POINTS))
    assert embed(in_one).result_bytes == embed(case).result_bytes
    assert embed(replace(in_one, sections=LAYOUTS["one_alone"])).result_bytes != embed(case).result_bytes


@pytest.mark.parametrize("method", ["exact", "barnes_hut"])
def test_where_a_section_lies_is_irrelevant(embed, method):
    """Whole coordinates and shifts, so that nothing is rounded on the way in."""
    case = in_sections(method=method)
    case.pixels = np.round(case.pixels)
    moved = replace(case, pixels=case.pixels + 1e6 * LAYOUTS["blocks"][:, None])
    expected = embed(case).Y
    np.testing.assert_allclose(embed(moved).Y, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def test_same_bytes_for_any_number_of_threads(embed):
    results = {embed(in_sections(max_iter=60), "--threads", threads).result_bytes for threads in (1, 2, 7)}
    assert len(results) == 1


def test_log_tells(embed):
    assert re.search(r"\b3 sections: .*\bwithin\b", embed(in_sections("blocks", max_iter=0)).stdout)
    assert "sections" not in embed(random_case(70, max_iter=0)).stdout


# --- what is rejected ---


def with_sections(codes, **options):
    case = random_case(72, n_points=40, max_iter=2, **options)
    payload = np.asarray(codes, dtype="<i4").tobytes()
    records = [record("sections", payload), record("end")]
    if case.pixel_offset is None:
        return pack_case(case) + MAGIC + b"".join(records)
    return pack_case(case)[: -len(records[1])] + b"".join(records)


@pytest.mark.parametrize(
    ("codes", "mentions"),
    [
        ([0] * 39, "sections"),
        ([0] * 41, "sections"),
        ([], "sections"),
        ([0] * 39 + [-1], "-1 at point 39"),
        ([0] * 39 + [40], "40 at point 39"),
        ([0] * 39 + [2**31 - 1], "at point 39"),
        ([0, 2] * 20, "none of code 1"),
        ([1] * 40, "none of code 0"),
        (range(40), "two points"),
    ],
    ids=["one_too_few", "one_too_many", "none", "negative", "n", "huge", "gap", "no_0", "all_alone"],
)
def test_bad_sections(execute, codes, mentions):
    outcome = execute(with_sections(codes), memory_limited=True)
    assert outcome.returncode == 2, (outcome.returncode, outcome.stderr)
    assert outcome.stderr.startswith("spasne: error: ") and outcome.stderr.count("\n") == 1
    assert mentions in outcome.stderr
    assert {path.name for path in outcome.folder.iterdir()} == {"data.dat"}


def test_one_position_in_each_section_without_offset_is_rejected(execute):
    """Ps would be 0 / 0; positions that differ between sections do not help."""
    codes = np.arange(40) % 2
    case = replace(random_case(72, n_points=40, max_iter=2, pixel_offset=0.0), sections=codes)
    case.pixels = 100.0 * codes[:, None] + [0, 1]
    outcome = execute(case)
    assert outcome.returncode == 2 and "within a section" in outcome.stderr
    case.pixels[7] += 1
    assert execute(case).returncode == 0


def test_sections_of_one_point_each_will_do_without_the_spatial_term(embed):
    assert np.all(np.isfinite(embed(with_sections(range(40), beta=0.0)).Y))
