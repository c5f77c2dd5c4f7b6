"""Method `interpolation` against the objective written down over its sparse P, and what it promises besides.

The gradient is read off a single iteration. Of the global term columns of X may be left out, by a rule that
bounds the error as a share of the attraction. So errors are given as shares of the gradient where nothing is
left out, and of the attraction where something is or where the gradient itself vanishes.
"""

import functools
import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
import reference
from data_layout import floats, pack_case, record
from random_cases import random_case
from reference import Case
from scipy.spatial.distance import pdist

from spasne_tools.datasets import simulate_components

N_POINTS, N_FEATURES, PERPLEXITY = 403, 30, 15.0
N_NEIGHBOURS = 45  # 3 * PERPLEXITY
DEFAULT_ERROR, STRICT, STRICT_ERROR = 1e-3, 1e-5, 1e-4
COST_ERROR = 1e-3
FIRST_GAIN = 1 + reference.GAIN_STEP
RATE = 1000.0
SHAPES = ["random", "early", "compact", "principal"]
MAPS = [*itertools.product([1, 2], SHAPES), *itertools.product([3], SHAPES[:3])]
BOTH = {"spasne": (8.0, 2.0), "tsne": (0.0, 0.0)}


def packed(case, accuracy=None, index=None, distance=None):
    """data.dat of a case of method interpolation with the records that a Case does not hold."""
    end = record("end")
    data = pack_case(case)
    assert case.method == "interpolation" and data.endswith(end)
    data = data[: -len(end)]
    if accuracy is not None:
        data += record("accuracy", floats(accuracy))
    if index is not None:
        data += record("nbrindex", np.ascontiguousarray(index, dtype="<i4").tobytes())
    if distance is not None:
        data += record("nbrdist", np.ascontiguousarray(distance, dtype="<f4").tobytes())
    return data + end


@functools.cache
def problem(spectrum="full", n_space=2):
    """Clusters whose columns all vary alike (`full`) or ever less (`low`)."""
    case = random_case(1, n_points=N_POINTS, n_features=N_FEATURES, n_space=n_space)
    if spectrum == "low":
        case.X = case.X * np.arange(1, N_FEATURES + 1) ** -1.5
    return replace(case, method="interpolation", perplexity=PERPLEXITY, exaggeration=1.0)


@functools.cache
def problem_affinities(spectrum="full", n_space=2, offset=1.0):
    return reference.affinities(replace(problem(spectrum, n_space), pixel_offset=offset))


def principal_components(X, n_components):
    left, values, _ = np.linalg.svd(reference.scaled(X), full_matrices=False)
    return left[:, :n_components] * values[:n_components]


def early_map(X, no_dims):
    scores = principal_components(X, no_dims)
    return reference.INIT_SCALE * scores / scores[:, 0].std()


def large_map(no_dims, radius=40.0, n_groups=12):
    """Groups one unit wide, spread over a ball, as plain t-SNE makes them."""
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(n_groups, no_dims))
    distance = radius * rng.uniform(size=(n_groups, 1)) ** (1 / no_dims)
    centres *= distance / np.linalg.norm(centres, axis=1, keepdims=True)
    return centres[rng.integers(n_groups, size=N_POINTS)] + rng.normal(size=(N_POINTS, no_dims))


def make_map(shape, X, no_dims):
    if shape == "early":
        return early_map(X, no_dims)
    if shape == "principal":
        return 7e3 * early_map(X, no_dims)
    if shape == "large":
        return large_map(no_dims)
    size = {"random": 1.0, "compact": 0.1}[shape]
    return size * np.random.default_rng(4).normal(size=(len(X), no_dims))


def with_map(case, shape, no_dims, weights, **options):
    """The case at a map; in three dimensions a large one has a tree, which is exact for a small theta."""
    alpha, beta = weights
    theta = 0.02 if no_dims == 3 and shape == "large" else 0.5
    start = make_map(shape, case.X, no_dims)
    return replace(case, no_dims=no_dims, theta=theta, alpha=alpha, beta=beta, init=start, **options)


def attraction(case, P_all):
    """The forces of P, Pg and Ps alone, added up."""
    P, P_global, P_space = P_all
    d2 = reference.squared_distances(case.init)
    sigma2 = case.sigma**2
    pull = case.exaggeration * P / (1 + d2)
    far = sigma2 * (case.alpha * P_global + case.beta * P_space) / (1 + sigma2 * d2)
    return reference.weighted_differences(pull + far, case.init)


@pytest.fixture
def gradient(embed):
    """A function from a case to its gradient at the start, but for its mean, which centring takes."""

    def measure(case, **records):
        step = {"max_iter": 1, "learning_rate": RATE, "max_step": np.inf, "stop_tolerance": 0.0}
        moved = embed(packed(replace(case, **step), **records)).Y - case.init
        return (moved.mean(axis=0) - moved) / (RATE * FIRST_GAIN)

    return measure


def expected_gradient(case, P_all):
    P, P_global, P_space = P_all
    P_all = case.exaggeration * P, P_global, P_space
    slope = reference.gradient(case.init, P_all, case.alpha, case.beta, case.sigma)
    return slope - slope.mean(axis=0)


def assert_gradient(gradient, case, P_all, of_attraction=False, strict=True):
    """At default and at strict accuracy, as shares of the gradient's norm or of the attraction's."""
    expected = expected_gradient(case, P_all)
    scale = np.linalg.norm(attraction(case, P_all) if of_attraction else expected)
    assert np.linalg.norm(gradient(case) - expected) < DEFAULT_ERROR * scale
    if strict:
        assert np.linalg.norm(gradient(case, accuracy=STRICT) - expected) < STRICT_ERROR * scale


# --- gradient ---


@pytest.mark.parametrize("weights", BOTH)
@pytest.mark.parametrize(("no_dims", "shape"), MAPS)
def test_gradient(gradient, no_dims, shape, weights):
    case = with_map(problem(), shape, no_dims, BOTH[weights])
    # fine grids take seconds in three dimensions
    assert_gradient(gradient, case, problem_affinities(), strict=no_dims < 3 or shape == "compact")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("no_dims", [1, 2])
def test_gradient_where_columns_vary_ever_less(gradient, no_dims, shape):
    case = with_map(problem("low"), shape, no_dims, BOTH["spasne"])
    assert_gradient(gradient, case, problem_affinities("low"), of_attraction=True)


@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_gradient_of_a_large_map(gradient, no_dims):
    assert_gradient(gradient, with_map(problem(), "large", no_dims, BOTH["tsne"]), problem_affinities())


@pytest.mark.parametrize("weights", BOTH)
@pytest.mark.parametrize("global_scale", [1.0, 5.0])
def test_few_points_in_a_wide_volume_are_summed_pair_by_pair(gradient, global_scale, weights):
    """A grid of the volume would be coarse and slow, and a tree with this theta off by a tenth and more."""
    case = replace(with_map(problem(), "large", 3, BOTH[weights]), theta=1.5, global_scale=global_scale)
    expected = expected_gradient(case, problem_affinities())
    error = np.linalg.norm(gradient(case) - expected)
    assert error < 1e-5 * np.linalg.norm(attraction(case, problem_affinities()))


def error_of_sums(embed, case, **records):
    return cost_of(embed, case, **records)[1]["error_of_sums"]


def test_the_error_of_sums_is_measured(embed, gradient):
    """On a coarse grid over a line, which is less work than pairs; here on all points, there on a sample."""
    case, P_all = with_map(problem(), "large", 1, BOTH["spasne"]), problem_affinities()
    d2 = reference.squared_distances(case.init)
    kernel = 1 / (1 + d2) - np.eye(N_POINTS)
    repulsion = reference.weighted_differences(kernel**2 / kernel.sum(), case.init)
    weights = case.alpha * P_all[1] + case.beta * P_all[2]
    force = reference.weighted_differences(weights / (1 + d2), case.init)
    length = np.sqrt(np.sum(repulsion**2) + np.sum(force**2))
    error = np.linalg.norm(gradient(case, accuracy=0.9) - expected_gradient(case, P_all)) / length
    assert error > 1e-4
    assert error_of_sums(embed, case, accuracy=0.9) == pytest.approx(error, rel=0.8)
    assert error_of_sums(embed, case, accuracy=1e-5) < error / 20


def test_an_accuracy_that_is_not_reached_is_told(embed):
    """Repulsion in a wide volume, with more points than have a theta of at most 0.2."""
    case = random_case(3, n_points=10_500, no_dims=3, theta=0.8, perplexity=3.0, max_iter=0, alpha=0, beta=0)
    case.init = 20 * np.random.default_rng(3).normal(size=(10_500, 3))
    outcome = embed(replace(case, method="interpolation"), "--report", "report.json")
    error = outcome.report["error_of_sums"]
    assert 0.01 < error < 1
    told = f"off by {round(100 * error, 2):g} % of their length, more than accuracy 0.001"
    assert told in outcome.stdout
    near = embed(replace(case, method="interpolation", theta=0.1), "--report", "report.json")
    assert near.report["error_of_sums"] < error / 10


@pytest.mark.parametrize("weights", BOTH)
@pytest.mark.parametrize("spectrum", ["low", "full"])
def test_gradient_of_a_final_map(embed, gradient, spectrum, weights):
    """Where it all but vanishes: as a share of the attraction."""
    alpha, beta = BOTH[weights]
    case = replace(problem(spectrum), alpha=alpha, beta=beta, max_iter=400)
    case = replace(case, init=embed(packed(case)).Y)
    P_all = problem_affinities(spectrum)
    pull = np.linalg.norm(attraction(case, P_all))
    assert np.linalg.norm(expected_gradient(case, P_all)) < 0.02 * pull
    assert_gradient(gradient, case, P_all, of_attraction=True)


@pytest.mark.parametrize(
    "options",
    [
        {"global_scale": 0.3},
        {"global_scale": 3.0},
        {"pixel_offset": 0.0},
        {"exaggeration": 4.0},
        {"alpha": 0.0},
        {"beta": 0.0},
        {"alpha": 30.0, "beta": 10.0, "global_scale": 0.03},
    ],
    ids=lambda options: " ".join(f"{name}={value:g}" for name, value in options.items()),
)
def test_gradient_with_options(gradient, options):
    case = replace(with_map(problem(), "principal", 2, BOTH["spasne"]), **options)
    assert_gradient(gradient, case, problem_affinities(offset=case.offset))


@pytest.mark.parametrize("n_space", [1, 3, 5])
def test_gradient_for_any_number_of_spatial_columns(gradient, n_space):
    case = with_map(problem(n_space=n_space), "compact", 2, BOTH["spasne"])
    assert_gradient(gradient, case, problem_affinities(n_space=n_space), of_attraction=True)


def test_far_larger_coordinates(gradient):
    case = with_map(problem(), "compact", 2, BOTH["spasne"])
    case = replace(case, X=case.X * 1e6 + 1e4, pixels=case.pixels * 1e4 + 1e7)
    assert_gradient(gradient, case, reference.affinities(case))


# --- cost ---


def cost_of(embed, case, **records):
    """(shares, report) at the start of a case."""
    outcome = embed(packed(replace(case, max_iter=0), **records), "--report", "report.json")
    return outcome.cost, outcome.report


def assert_cost(embed, case, P_all, **records):
    shares, report = cost_of(embed, case, **records)
    terms = reference.cost_terms(case.init, P_all, case.alpha, case.beta, case.sigma)
    parts = [report["cost_local"], report["cost_global"], report["cost_space"]]
    np.testing.assert_allclose(shares.sum(), report["cost"], rtol=1e-12)
    np.testing.assert_allclose(sum(parts), report["cost"], rtol=1e-12)
    np.testing.assert_allclose(parts, terms.sum(axis=1), rtol=COST_ERROR)
    np.testing.assert_allclose(report["cost"], terms.sum(), rtol=COST_ERROR)
    return shares, terms.sum(axis=0)


@pytest.mark.parametrize("weights", BOTH)
@pytest.mark.parametrize(("no_dims", "shape"), MAPS)
def test_cost(embed, no_dims, shape, weights):
    case = with_map(problem(), shape, no_dims, BOTH[weights])
    shares, expected = assert_cost(embed, case, problem_affinities())
    np.testing.assert_allclose(shares, expected, rtol=0, atol=COST_ERROR * np.abs(expected).max())


@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_cost_of_a_large_map(embed, no_dims):
    case = with_map(problem(), "large", no_dims, BOTH["tsne"])
    assert_cost(embed, case, problem_affinities())


@pytest.mark.parametrize("theta", [0.0, 0.5, 3.0])
def test_cost_of_a_large_map_whatever_the_tree(embed, theta):
    """Costs are summed with theta of at most 0.2; with 0.5 this one is off by 3e-3, with 3 by 0.05."""
    case = replace(with_map(problem(), "large", 3, BOTH["tsne"]), theta=theta)
    expected = reference.cost_shares(case.init, problem_affinities(), 0, 0).sum()
    assert cost_of(embed, case)[1]["cost"] == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize("options", [{"global_scale": 0.3}, {"global_scale": 3.0}, {"pixel_offset": 0.0}])
def test_cost_with_options(embed, options):
    case = replace(with_map(problem(), "principal", 2, BOTH["spasne"]), **options)
    assert_cost(embed, case, problem_affinities(offset=case.offset))


@pytest.mark.parametrize("shape", SHAPES)
def test_cost_where_columns_vary_ever_less(embed, shape):
    """The sum holds to the default accuracy, each part to a tenth of it."""
    case, P_all = with_map(problem("low"), shape, 2, BOTH["spasne"]), problem_affinities("low")
    assert cost_of(embed, case)[1]["cost"] == pytest.approx(
        reference.cost_shares(case.init, P_all, case.alpha, case.beta).sum(), rel=COST_ERROR
    )
    assert_cost(embed, case, P_all, accuracy=1e-4)


@pytest.mark.parametrize(
    ("n_points", "no_dims", "sections"),
    [(403, 2, None), (800, 3, None), (403, 2, np.arange(403) % 8 // 7)],
    ids=["2-D", "3-D", "sections"],
)
def test_cost_of_few_points_is_exact_at_any_weight(embed, n_points, no_dims, sections):
    """A grid leaves 5e-6 of each divergence here: with these weights 0.02."""
    case = random_case(1, n_points=n_points, n_features=3, n_space=2, sections=sections, no_dims=no_dims)
    case = replace(case, method="interpolation", perplexity=PERPLEXITY, alpha=4000.0, beta=300.0)
    case.init = 0.3 * np.random.default_rng(3).normal(size=(n_points, no_dims))
    shares, report = cost_of(embed, case)
    terms = reference.cost_terms(case.init, reference.affinities(case), case.alpha, case.beta, 1, case.pairs)
    parts = [report["cost_local"], report["cost_global"], report["cost_space"]]
    assert (np.abs(parts - terms.sum(axis=1)) < 1e-8 * np.array([1, case.alpha, case.beta])).all()
    np.testing.assert_allclose(shares, terms.sum(axis=0), rtol=0, atol=1e-9 * case.alpha)


def test_cost_without_exaggeration(embed):
    case = with_map(problem(), "random", 2, BOTH["spasne"])
    exaggerated, plain = (cost_of(embed, replace(case, exaggeration=factor))[0] for factor in (4.0, 1.0))
    np.testing.assert_array_equal(exaggerated, plain)


def test_cost_where_entropies_are_sampled(embed):
    case = random_case(2, n_points=1900, n_features=12, perplexity=10.0, method="interpolation")
    case.init = np.random.default_rng(2).normal(size=(1900, 2))
    assert_cost(embed, case, reference.affinities(case))


# --- whole runs ---


@pytest.fixture(scope="module")
def tissue():
    X, pixels, _ = simulate_components(1500, n_components=50, n_genes=200, seed=3)
    return Case(X, pixels.to_numpy(float), perplexity=30.0, max_iter=1000, init=early_map(X, 2))


def scores(case, Y):
    """(r1, r2): correlations of distances in the map with those in expression and in space."""
    return np.array([np.corrcoef(pdist(other), pdist(Y))[0, 1] for other in (case.X, case.pixels)])


def test_as_good_as_exact(embed, tissue):
    """Both costs by the definition over all pairs, the maps from the same start with limited steps."""
    exact = embed(replace(tissue, method="exact", max_step=0.05)).Y
    fast = embed(replace(tissue, method="interpolation")).Y
    P_all = reference.affinities(replace(tissue, method="exact"))
    costs = [reference.cost_terms(Y, P_all, tissue.alpha, tissue.beta).sum() for Y in (fast, exact)]
    assert costs[0] < 1.005 * costs[1]
    np.testing.assert_allclose(scores(tissue, fast), scores(tissue, exact), rtol=0, atol=0.005)


def test_better_than_chance(embed, tissue):
    """Scores near 0 at a random start, which the map leaves far behind."""
    start = np.random.default_rng(6).normal(size=tissue.init.shape) * reference.INIT_SCALE
    Y = embed(replace(tissue, method="interpolation", init=start, max_iter=300)).Y
    assert np.all(np.abs(scores(tissue, start)) < 0.05)
    assert np.all(scores(tissue, Y) > [0.5, 0.15])


def test_order_of_rows_does_not_matter(embed):
    """But for rounding, and for the orientation of the principal axes."""
    case = replace(problem(), max_iter=400)
    order = np.random.default_rng(7).permutation(N_POINTS)
    Y = embed(packed(case)).Y
    permuted = np.empty_like(Y)
    permuted[order] = embed(packed(replace(case, X=case.X[order], pixels=case.pixels[order]))).Y
    np.testing.assert_allclose(scores(case, permuted), scores(case, Y), rtol=0, atol=0.01)
    assert np.corrcoef(pdist(permuted), pdist(Y))[0, 1] > 0.99


@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_same_bytes_for_any_number_of_threads(embed, no_dims):
    case = random_case(8, n_points=2500, no_dims=no_dims, method="interpolation", max_iter=12)
    results = {embed(case, "--threads", threads).result_bytes for threads in (1, 2, 3, 16)}
    results.add(embed(case).result_bytes)
    assert len(results) == 1


# --- start, learning rate, step limit, choice of method ---


@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_published_steps_start_from_the_principal_axes(embed, no_dims):
    case = replace(problem("low"), no_dims=no_dims, max_iter=0, descent="published")
    start, expected = embed(packed(case)).Y, early_map(case.X, no_dims)
    start *= np.sign(np.sum(start * expected, axis=0))
    np.testing.assert_allclose(start, expected, rtol=0, atol=1e-3 * reference.INIT_SCALE)


def test_no_iterations_return_a_given_start_as_it_is(embed):
    start = np.random.default_rng(9).normal(size=(N_POINTS, 2)) + 5
    np.testing.assert_array_equal(embed(packed(replace(problem(), max_iter=0, init=start))).Y, start)


@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_a_start_wider_than_the_grid(execute, no_dims):
    """Its shape counts, its size does not; without iterations, which leave it as it is, it has no cost."""
    case = replace(problem(), no_dims=no_dims, max_iter=30, max_step=0.01, alpha=0, beta=0)
    shape = np.random.default_rng(12).normal(size=(N_POINTS, no_dims))
    shape -= shape.mean(axis=0)
    compact = shape * 1e-4 / shape.std(axis=0).max()
    wide, small = (execute(packed(replace(case, init=start))) for start in (1e4 * shape, compact))
    assert "wider than the grid" in wide.stdout and "wider" not in small.stdout
    np.testing.assert_allclose(wide.Y, small.Y, rtol=0, atol=1e-6 * np.abs(small.Y).max())
    assert_rejected(execute(packed(replace(case, init=1e4 * shape, max_iter=0))))


@pytest.mark.parametrize(
    ("learning_rate", "exaggeration", "expected"),
    [(None, 4, 500), (None, 0.1, 10 * N_POINTS), (0.0, 4, 500), (0.0, 0.1, 10 * N_POINTS), (70.0, 0.1, 70)],
)
def test_learning_rate(embed, learning_rate, exaggeration, expected):
    case = replace(
        problem(), max_iter=1, learning_rate=learning_rate, exaggeration=exaggeration, descent="published"
    )
    assert cost_of(embed, case)[1]["learning_rate"] == pytest.approx(expected)


def longest_move(embed, case):
    """(longest move, limit) that one iteration reports."""
    outcome = embed(packed(replace(case, max_iter=1, learning_rate=1e8)), "--report", "report.json")
    report = outcome.report
    return report["longest_step"], report["max_step"]


@pytest.mark.parametrize(("size", "radius"), [(0.1, 1.0), (30.0, 30.0 * np.sqrt(2))])
def test_step_limit_follows_the_map(embed, size, radius):
    """0.05 of the root-mean-square radius, or of 1 on a smaller map."""
    start = np.random.default_rng(10).normal(size=(N_POINTS, 2))
    start -= start.mean(axis=0)
    start *= size / np.sqrt(np.mean(start**2))
    longest, limit = longest_move(embed, replace(problem(), init=start, alpha=0.0, beta=0.0))
    assert limit == 0.05
    assert longest == pytest.approx(0.05 * radius, rel=1e-6)


def test_given_step_limit_is_a_length(embed):
    start = 30 * np.random.default_rng(11).normal(size=(N_POINTS, 2))
    longest, limit = longest_move(embed, replace(problem(), init=start, alpha=0.0, beta=0.0, max_step=0.2))
    assert limit == 0.2
    assert longest == pytest.approx(0.2)


@pytest.mark.parametrize(("n_points", "method"), [(5000, "barnes_hut"), (5001, "interpolation")])
def test_automatic_method(embed, n_points, method):
    case = random_case(12, n_points=n_points, n_features=4, max_iter=2)
    outcome = embed(case, "--report", "report.json")
    report = outcome.report
    assert report["method"] == method
    assert re.search(rf"\bmethod {method}\b", outcome.stdout)
    assert report["descent"] == ("fast" if method == "interpolation" else "published")


def test_published_steps_of_a_large_map(embed):
    case = random_case(12, n_points=5001, n_features=4, max_iter=2, descent="published")
    report = embed(case, "--report", "report.json").report
    assert (report["method"], report["max_step"]) == ("interpolation", 0.05)
    assert report["learning_rate"] == pytest.approx(5001 / case.exaggeration)


# --- neighbours from the caller ---


@functools.cache
def graph(n_neighbours=N_NEIGHBOURS):
    """(indices, distances) in the units of X."""
    index, d2 = reference.nearest_neighbours(problem().X, n_neighbours)
    return index, np.sqrt(d2)


def test_exact_neighbours_change_nothing(embed):
    """In any order within their rows. Another rounding of distances may end a bisection one step earlier."""
    case = replace(with_map(problem(), "random", 2, BOTH["spasne"]), max_iter=20)
    index, distance = graph()
    shuffled = np.random.default_rng(13).permuted(np.tile(np.arange(N_NEIGHBOURS), (N_POINTS, 1)), axis=1)
    given = [np.take_along_axis(array, shuffled, axis=1) for array in (index, distance)]
    expected = embed(packed(case)).Y
    found = embed(packed(case, None, *given)).Y
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_all_others_as_neighbours_are_the_dense_affinities(gradient):
    case = with_map(problem(), "compact", 2, BOTH["spasne"])
    P_all = reference.affinities(replace(case, method="exact"))
    index, distance = graph(N_POINTS - 1)
    expected = expected_gradient(case, P_all)
    size = np.linalg.norm(expected)
    given = gradient(case, accuracy=STRICT, index=index, distance=distance)
    assert np.linalg.norm(given - expected) < STRICT_ERROR * size
    assert np.linalg.norm(gradient(case, accuracy=STRICT) - expected) > 10 * STRICT_ERROR * size


def changed(array, value):
    array = array.copy()
    array[5, 3] = value
    return array


def assert_rejected(outcome):
    assert outcome.returncode == 2, (outcome.returncode, outcome.stderr)
    assert outcome.stderr.startswith("spasne: error: ") and outcome.stderr.count("\n") == 1
    assert {path.name for path in outcome.folder.iterdir()} == {"data.dat"}


INDEX, DISTANCE = graph()
BAD_GRAPHS = {
    "index_n": (changed(INDEX, N_POINTS), DISTANCE),
    "negative_index": (changed(INDEX, -1), DISTANCE),
    "itself": (changed(INDEX, 5), DISTANCE),
    "twice": (changed(INDEX, INDEX[5, 4]), DISTANCE),
    "fewer_than_the_perplexity": (INDEX[:, :14], DISTANCE[:, :14]),
    "as_many_as_points": (np.tile(INDEX, 9)[:, :N_POINTS], np.tile(DISTANCE, 9)[:, :N_POINTS]),
    "fewer_distances": (INDEX, DISTANCE[:, :-1]),
    "fewer_indices": (INDEX[:, :-1], DISTANCE),
    "incomplete_row": (INDEX.ravel()[:-1], DISTANCE.ravel()[:-1]),
    "empty": (INDEX[:0], DISTANCE[:0]),
    "negative_distance": (INDEX, changed(DISTANCE, -1e-3)),
    "nan_distance": (INDEX, changed(DISTANCE, np.nan)),
    "infinite_distance": (INDEX, changed(DISTANCE, np.inf)),
    "indices_only": (INDEX, None),
    "distances_only": (None, DISTANCE),
}


@pytest.mark.parametrize("name", BAD_GRAPHS)
def test_bad_graph(execute, name):
    assert_rejected(execute(packed(problem(), None, *BAD_GRAPHS[name])))


@pytest.mark.parametrize("accuracy", [0.0, -1e-3, 1.0, np.inf, np.nan])
def test_bad_accuracy(execute, accuracy):
    assert_rejected(execute(packed(problem(), accuracy)))


# --- edge cases ---


def many_duplicates(case):
    case.X[: N_NEIGHBOURS + 20] = case.X[0]


def duplicated_points(case):
    case.X[200:400], case.pixels[200:400] = case.X[:200], case.pixels[:200]


def constant_columns(case):
    case.X[:, [0, 3]] = 7
    case.pixels[:, 0] = -2


def one_column(case):
    case.X, case.pixels = case.X[:, :1], case.pixels[:, :1]


def few_points(case):
    case.X, case.pixels = case.X[: N_NEIGHBOURS + 2], case.pixels[: N_NEIGHBOURS + 2]


def fewest_points(case):
    case.X, case.pixels = case.X[: N_NEIGHBOURS + 1], case.pixels[: N_NEIGHBOURS + 1]


def outlier(case):
    case.X[17], case.pixels[17] = 1e6, 1e7


def positions_at_one_spot(case):
    case.pixels[:] = 3


def point_far_from_the_map(case):
    case.init = np.random.default_rng(14).normal(size=(N_POINTS, case.no_dims))
    case.init[17] = 1e4
    case.max_iter = 2  # steps grow with the map, and grids with both


def everything_in_one_point(case):
    case.init = np.full((N_POINTS, case.no_dims), 0.25)


@pytest.mark.parametrize("weights", BOTH)
@pytest.mark.parametrize("no_dims", [1, 2, 3])
@pytest.mark.parametrize(
    "change",
    [
        many_duplicates,
        duplicated_points,
        constant_columns,
        one_column,
        few_points,
        fewest_points,
        outlier,
        positions_at_one_spot,
        point_far_from_the_map,
        everything_in_one_point,
    ],
)
def test_edge_case(embed, change, no_dims, weights):
    alpha, beta = BOTH[weights]
    base = problem()
    case = replace(
        base, X=base.X.copy(), pixels=base.pixels.copy(), no_dims=no_dims, max_iter=15, alpha=alpha, beta=beta
    )
    change(case)
    outcome = embed(packed(case))
    assert np.all(np.isfinite(outcome.Y)) and np.all(np.isfinite(outcome.cost))
