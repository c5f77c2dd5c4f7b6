"""Starts that race on a sample of many points, and its map extended to all, beside slow twins in NumPy."""

import re

import numpy as np
import pytest
from compiled import feed, output_of
from reference import Case
from scipy import sparse

N_RACED = 2500
MANY = 10000  # points, from which starts race on a sample


def test_affine_fit_is_that_of_least_squares(program):
    random = np.random.default_rng(0)
    columns = random.normal(size=(60, 4))
    columns[:, 3] = 2 * columns[:, 0] - columns[:, 1] + 3  # says nothing new
    places = np.sort(random.choice(60, 25, replace=False)).astype(np.uint64)
    rows = random.normal(size=(25, 2))
    fitted = np.frombuffer(output_of(feed(program, ["fit", 60, 2, 25, 4], [places, rows, columns])))
    design = np.column_stack([np.ones(60), columns])
    expected = design @ np.linalg.lstsq(design[places], rows, rcond=None)[0]
    np.testing.assert_allclose(fitted.reshape(60, 2), expected, rtol=1e-9, atol=1e-9)


def spread(P, places, rows, sweeps=5):
    """What spread_over_neighbours does, by dense sums."""
    values, known = np.zeros((P.shape[0], rows.shape[1])), np.zeros(P.shape[0], bool)
    values[places], known[places] = rows, True
    given = known.copy()
    for _ in range(sweeps):
        weight, total = P @ known, P @ (values * known[:, None])
        reached = ~given & (weight > 0)
        values = np.where(reached[:, None], total / np.where(weight > 0, weight, 1)[:, None], values)
        known = known | reached
    return values


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_spread_over_neighbours(program, dims):
    random = np.random.default_rng(dims)
    half = np.triu(random.random((80, 80)) * (random.random((80, 80)) < 0.03), 1)
    half[-3:] = half[:, -3:] = 0  # three points without neighbours
    P = sparse.csr_matrix((half + half.T).astype(np.float32))
    places = np.sort(random.choice(80, 8, replace=False)).astype(np.uint64)
    rows = random.normal(size=(8, dims))
    arrays = [P.indptr.astype(np.uint64), P.indices.astype(np.uint32), P.data, places, rows]
    found = np.frombuffer(output_of(feed(program, ["spread", 80, dims, 8], arrays))).reshape(80, dims)
    expected = spread(P.toarray().astype(float), places.astype(int), rows)
    assert 20 < np.count_nonzero(expected.any(axis=1)) < 80
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("n_points", "perplexity", "of_sample"),
    [(40000, 50.0, 20.0), (40000, 400.0, 25.0), (40000, 15.0, 15.0), (1000000, 50.0, 20.0)],
)
def test_the_sample_of_a_wide_map_has_neighbourhoods_as_wide(program, n_points, perplexity, of_sample):
    """The perplexity of its size, from 20 on; a neighbourhood covers as much of both maps."""
    scale = 2.7 / np.sqrt(n_points)
    found = np.frombuffer(output_of(feed(program, ["room", perplexity, scale, n_points], [])))
    room = scale * np.sqrt(n_points / perplexity)
    np.testing.assert_allclose(found, [of_sample, room * np.sqrt(of_sample / N_RACED)])


def test_the_sample_of_a_compact_map_has_the_perplexity_and_scale_of_all(program):
    found = np.frombuffer(output_of(feed(program, ["room", 50.0, 1.0, 40000], [])))
    assert found.tolist() == [50, 1]


def tissue(n_points=MANY, seed=0, **options):
    """Types of cells in layers, in five columns, as a case of method interpolation."""
    random = np.random.default_rng(seed)
    S = random.random((n_points, 2)) * [40, 20]
    types = (S[:, 1] / 5 + random.normal(scale=0.7, size=n_points)).astype(int) % 6
    X = random.normal(size=(6, 5))[types] + 0.3 * random.normal(size=(n_points, 5)) + 0.02 * S[:, :1]
    return Case(
        X, S, **{"seed": seed, "method": "interpolation", "perplexity": 15.0, "max_iter": 150, **options}
    )


@pytest.mark.parametrize(("alpha", "beta", "scale"), [(8.0, 2.0, 1.0), (9.0, 4.0, 0.4)])
def test_costs_no_more_than_starts_of_all_points(embed, alpha, beta, scale):
    weights = {"alpha": alpha, "beta": beta, "global_scale": scale, "descent": "fast"}
    sampled = embed(tissue(**weights), "--report", "report.json").report
    assert sampled["starts"][-1]["points"] == N_RACED
    for start in ("joint", "joint*0.1"):
        alone = embed(tissue(start=start, **weights), "--report", "report.json").report
        assert alone["starts"] == []
        assert sampled["cost"] < alone["cost"] * (1 + 5e-4)


def test_wide_maps_of_many_points_gather_and_race_no_more(embed):
    """P exaggerated less and less leaves little for the descent after it; without a sample it ends higher."""
    n = 30000
    wide = {"alpha": 16.0, "beta": 8.0, "global_scale": 4 / np.sqrt(n), "max_iter": 60, "descent": "fast"}
    outcome = embed(tissue(n, **wide), "--report", "report.json")
    told = outcome.report["starts"]
    assert [one["points"] for one in told] == [n] + [N_RACED] * 5
    assert told[0]["start"] == told[1]["start"]
    assert re.search(f"gathered in {told[0]['gradients']} gradients: cost", outcome.stdout)
    assert told[0]["cost"] < outcome.report["cost"] * (1 + 3e-2)
    alone = embed(tissue(n, start=told[0]["start"], **wide), "--report", "report.json").report
    assert outcome.report["cost"] < alone["cost"] * (1 - 5e-3)


@pytest.mark.parametrize(
    "options",
    [
        {"n_points": MANY - 1},
        {"perplexity": 500.0},  # more neighbours than a sample can tell
        {"alpha": 8.0, "beta": 2.0, "global_scale": 0.1},  # wide, under light global terms
        {"sections": np.arange(MANY) % 200},  # a dozen points of each in a sample
    ],
)
def test_where_all_points_race(embed, options):
    case = tissue(**{"max_iter": 50, "descent": "fast", **options})
    told = embed(case, "--report", "report.json").report["starts"]
    assert len(told) > 1 and {one["points"] for one in told} == {case.X.shape[0]}


GATHERED = re.compile(r"gathered once more: cost ([0-9.]+) before, ([0-9.]+) after")


def test_wide_maps_that_all_points_race_for_gather_once_more(embed):
    """Of the maps before and after, the lower goes on."""
    wide = {"alpha": 8.0, "beta": 2.0, "global_scale": 0.1, "max_iter": 50, "descent": "fast"}
    outcome = embed(tissue(MANY + 1, **wide), "--report", "report.json")
    before, after = map(float, GATHERED.search(outcome.stdout).groups())
    assert before != after and outcome.report["cost"] <= min(before, after) * (1 + 1e-4)


@pytest.mark.parametrize("options", [{"n_points": MANY}, {"global_scale": 1.0}], ids=["fewer", "compact"])
def test_other_maps_gather_no_more_than_at_first(embed, options):
    wide = {"n_points": MANY + 1, "alpha": 8.0, "beta": 2.0, "global_scale": 0.1, "perplexity": 5.0}
    outcome = embed(tissue(**{**wide, "max_iter": 50, "descent": "fast", **options}))
    assert "costs by start" in outcome.stdout and not GATHERED.search(outcome.stdout)


def test_sections_race_on_a_sample(embed):
    codes = np.arange(MANY) % 9  # the ninth is rare
    codes[codes == 8] = np.where(np.arange(np.count_nonzero(codes == 8)) == 0, 8, 0)
    told = embed(tissue(sections=codes, max_iter=50), "--report", "report.json").report["starts"]
    assert told[-1]["points"] == N_RACED


def test_same_bytes_for_any_number_of_threads(embed):
    case = tissue(max_iter=50)
    one, two, three = (embed(case, "--threads", str(n)).result_bytes for n in (1, 2, 3))
    assert one == two == three


def test_without_one_of_the_global_terms(embed):
    for weights in ({"alpha": 0.0, "beta": 20.0}, {"alpha": 20.0, "beta": 0.0}):
        case = tissue(max_iter=50, descent="fast", **weights)
        outcome = embed(case, "--report", "report.json")
        assert outcome.report["starts"][-1]["points"] == N_RACED
        assert np.isfinite(outcome.report["cost"])


def test_an_outlier_keeps_the_scale_of_the_sample(embed):
    """All of X is divided by its largest value, which must be the sample's too."""
    case = tissue(max_iter=200)
    case.X[1234, 2] = 60.0
    sampled = embed(case, "--report", "report.json").report
    alone = tissue(max_iter=200, start="joint", descent="fast")
    alone.X[1234, 2] = 60.0
    assert sampled["starts"][-1]["points"] == N_RACED
    assert sampled["cost"] < embed(alone, "--report", "report.json").report["cost"] * (1 + 5e-4)


def test_cooling_takes_its_time_with_fewer_points_too(embed):
    """Four parts of 20 gradients at least, unless points have come to rest before."""
    wide = {"alpha": 16.0, "beta": 8.0, "global_scale": 4 / np.sqrt(MANY), "max_iter": 50, "descent": "fast"}
    told = embed(tissue(**wide), "--report", "report.json").report["starts"]
    assert told[0]["points"] == MANY and 80 <= told[0]["gradients"] <= 100
