"""Fast steps, mixed starts and the race, beside slow twins in NumPy and SciPy."""

import numpy as np
import pytest
import reference
from compiled import INSTRUCTION_SETS, compile_source, feed, output_of
from random_cases import random_case
from scipy.optimize import minimize
from scipy.spatial.distance import pdist

MEMORY = 10  # pairs that the inverse Hessian keeps


def cost(case, Y):
    P_all = reference.affinities(case)
    return reference.cost_terms(Y, P_all, case.alpha, case.beta, case.sigma, case.pairs).sum()


def fast(embed, seed=1, **options):
    options = {"descent": "fast", "start": "joint", "max_iter": 1000, **options}
    case = random_case(seed, **options)
    return case, embed(case, "--report", "report.json")


# --- the inverse Hessian ---


def dense_inverse_hessian(steps, changes, M=None):
    """By definition: H+ = (I - r s y') H (I - r y s') + r s s', first the newest pair's scaled M."""
    steps, changes = steps[-MEMORY:], changes[-MEMORY:]
    identity = np.eye(steps.shape[1])
    M = identity if M is None else M
    H = M * (steps[-1] @ changes[-1]) / (changes[-1] @ M @ changes[-1])
    for s, y in zip(steps, changes, strict=True):
        r = 1 / (s @ y)
        H = (identity - r * np.outer(s, y)) @ H @ (identity - r * np.outer(y, s)) + r * np.outer(s, s)
    return H


@pytest.fixture(scope="module")
def inverse_hessian(tmp_path_factory):
    return compile_source("test_inverse_hessian", tmp_path_factory.mktemp("cpp"))


@pytest.mark.parametrize("n_pairs", [1, 4, 10, 23])
def test_inverse_hessian(inverse_hessian, n_pairs):
    random = np.random.default_rng(n_pairs)
    A = random.normal(size=(21, 21))
    steps = random.normal(size=(n_pairs, 21))
    changes = steps @ (A @ A.T + np.eye(21))
    vector = random.normal(size=21)
    pairs = np.stack([steps, changes], axis=1)
    out = np.frombuffer(output_of(feed(inverse_hessian, [21, n_pairs], [pairs, vector])))
    np.testing.assert_allclose(out, dense_inverse_hessian(steps, changes) @ vector, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_pairs", [1, 4, 23])
def test_inverse_hessian_from_a_preconditioner(inverse_hessian, n_pairs):
    random = np.random.default_rng(n_pairs)
    A, B = random.normal(size=(2, 21, 21))
    M = B @ B.T + np.eye(21)
    steps = random.normal(size=(n_pairs, 21))
    changes = steps @ (A @ A.T + np.eye(21))
    vector = random.normal(size=21)
    triples = np.stack([steps, changes, changes @ M], axis=1)
    out = np.frombuffer(output_of(feed(inverse_hessian, [21, n_pairs, "M"], [triples, vector, M @ vector])))
    np.testing.assert_allclose(out, dense_inverse_hessian(steps, changes, M) @ vector, rtol=1e-8, atol=1e-8)


def test_a_pair_without_curvature_is_left_out(inverse_hessian):
    random = np.random.default_rng(0)
    step, vector = random.normal(size=(2, 21))
    useful = np.stack([step, 2 * step])
    useless = np.stack([vector, -vector])
    alone = output_of(feed(inverse_hessian, [21, 1], [useful, vector]))
    assert output_of(feed(inverse_hessian, [21, 2], [useful, useless, vector])) == alone


# --- the preconditioner ---


@pytest.fixture(scope="module")
def preconditioner(tmp_path_factory):
    return compile_source("test_preconditioner", tmp_path_factory.mktemp("cpp"))


@pytest.mark.parametrize("n_dims", [1, 2, 3])
@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
def test_preconditioner(preconditioner, n_dims, instruction_set):
    """M = (I + 25/13 (A + A^2)) D^-1, A = D^-1 P of affinities above half their mean; of row 7 none is."""
    n, random = 53, np.random.default_rng(n_dims)
    P = np.where(random.random((n, n)) < 0.3, random.random((n, n)), 0).astype(np.float32).astype(float)
    P[7] = P[:, 7] = 0
    P[7, 8] = 1e-3
    P = (P + P.T) * (1 - np.eye(n)) / 2
    vector = random.normal(size=(n_dims, n))
    heavy = np.where(P >= 0.5 * P.sum() / np.count_nonzero(P), P, 0)
    assert heavy[7].sum() == 0 and np.count_nonzero(heavy) < 0.8 * np.count_nonzero(P)
    D = np.where(heavy.any(axis=1), heavy.sum(axis=1), P.sum(axis=1))
    A = heavy / D[:, None]
    M = (np.eye(n) + 25 / 13 * (A + A @ A)) / D
    made = [feed(preconditioner, [n, n_dims, threads], [P, vector], instruction_set) for threads in (1, 3)]
    assert output_of(made[0]) == output_of(made[1])
    out = np.frombuffer(output_of(made[0])).reshape(n_dims, n)
    np.testing.assert_allclose(out, vector @ M.T, rtol=1e-4, atol=1e-4 * np.abs(vector @ M.T).max())
    np.testing.assert_allclose(M, M.T, atol=1e-12)
    assert np.linalg.eigvalsh(M).min() > 0


# --- the size of a map that has gathered ---


@pytest.fixture(scope="module")
def widened(tmp_path_factory):
    program = compile_source("test_widening", tmp_path_factory.mktemp("cpp"))

    def run(Y, size, widest=np.inf):
        *numbers, n_gradients = np.frombuffer(output_of(feed(program, [*Y.shape, size, widest], [Y])))
        return np.reshape(numbers, Y.shape), n_gradients

    return run


def rms_radius(Y):
    return np.sqrt((Y**2).sum() / len(Y))


@pytest.mark.parametrize("times", [1.02, 1.3, 2.2, 9.0])
@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_a_map_is_widened_to_its_size(widened, times, n_dims):
    Y = np.random.default_rng(n_dims).normal(size=(13, n_dims))
    Y -= Y.mean(axis=0)
    out, n_gradients = widened(Y, times * rms_radius(Y))
    ratio = rms_radius(out) / rms_radius(Y)
    assert times / 1.05 < ratio <= times and n_gradients <= 10
    np.testing.assert_allclose(out, ratio * Y, rtol=1e-12)


def test_a_map_is_never_narrowed(widened):
    Y = np.random.default_rng(0).normal(size=(13, 2))
    Y -= Y.mean(axis=0)
    out, n_gradients = widened(Y, 0.3 * rms_radius(Y))
    np.testing.assert_allclose(out, Y, rtol=1e-12)
    assert n_gradients == 1


def test_a_map_is_not_widened_beyond_what_the_objective_resolves(widened):
    Y = np.random.default_rng(0).normal(size=(13, 2))
    Y -= Y.mean(axis=0)
    out, _ = widened(Y, 5 * rms_radius(Y), widest=2 * rms_radius(Y))
    assert 1.5 <= rms_radius(out) / rms_radius(Y) < 2


# --- the minimum ---


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"no_dims": 1},
        {"no_dims": 3},
        {"global_scale": 0.2},
        {"alpha": 0.0},
        {"beta": 0.0},
        {"pixel_offset": 0.0, "global_scale": 0.5},
        {"sections": np.arange(120) % 3},
    ],
    ids=str,
)
def test_minimum_is_that_of_scipy(embed, options):
    """From where the fast steps end, an optimiser of another kind gains nothing."""
    case, outcome = fast(embed, **options)
    P_all = reference.affinities(case)
    shape = outcome.Y.shape

    def slope(y):
        Y = y.reshape(shape)
        return 4 * reference.gradient(Y, P_all, case.alpha, case.beta, case.sigma, case.pairs).ravel()

    found = cost(case, outcome.Y)
    start, options = outcome.Y.ravel(), {"maxiter": 30}
    further = minimize(lambda y: cost(case, y.reshape(shape)), start, jac=slope, method="CG", options=options)
    assert outcome.report["cost"] == pytest.approx(found, rel=1e-9)
    assert further.fun > found * (1 - 5e-5)


@pytest.mark.parametrize("start", ["joint", "best", "joint*0.1", "spatial", None])
def test_costs_no_more_than_published_steps(embed, start):
    case, outcome = fast(embed, seed=3, start=start, alpha=9.0, beta=4.0)
    published = embed(random_case(3, alpha=9.0, beta=4.0, max_iter=1000, theta=0))
    assert cost(case, outcome.Y) < cost(case, published.Y) * 1.002


def test_takes_tens_of_gradients(embed):
    _, outcome = fast(embed, n_points=300)
    assert outcome.report["converged"] and outcome.report["n_iter"] < 150


def test_cost_never_rises(embed):
    costs = [fast(embed, seed=5, max_iter=n, global_scale=0.1)[1].report["cost"] for n in (1, 5, 20, 80)]
    assert costs == sorted(costs, reverse=True) and costs[-1] < costs[0]


@pytest.mark.parametrize("method", ["exact", "interpolation"])
@pytest.mark.parametrize("start", ["joint", "best"])
def test_same_bytes_on_any_number_of_threads(embed, method, start):
    case = random_case(6, n_points=403, method=method, start=start, descent="fast", max_iter=60)
    assert len({embed(case, "--threads", n).result_bytes for n in (1, 2, 3, 16)}) == 1


@pytest.mark.parametrize("start", ["joint", "spatial"])
def test_goes_on_where_costs_have_risen(embed, start):
    """Where a step may be longer than forces reach, it leads over bumps of the cost."""
    _, outcome = fast(embed, start=start, global_scale=1e-3)
    published = embed(random_case(1, global_scale=1e-3, max_iter=1000, theta=0))
    assert outcome.report["cost"] < published.cost.sum()


@pytest.mark.parametrize(
    ("options", "rest"),
    [
        ({"method": "exact"}, 1e-6),
        ({"method": "interpolation"}, 1e-4),
        ({"method": "interpolation", "accuracy": 1e-2}, 1e-3),
        ({"method": "interpolation", "alpha": 0.0, "beta": 0.0}, 3e-5),
    ],
)
def test_where_a_run_rests(embed, options, rest):
    """A run ends as one of the same tolerance, and not as one of five times or a fifth of it."""

    def n_gradients(**tolerance):
        return fast(embed, 7, n_points=600, global_scale=0.05, **options, **tolerance)[1].report["n_iter"]

    sooner, same, later = (n_gradients(stop_tolerance=rest * factor) for factor in (5, 1, 1 / 5))
    assert sooner < same < later
    assert n_gradients() == same


def test_a_run_cut_short_has_not_converged(embed):
    case, settled = fast(embed, seed=2, max_iter=25)
    one, further = (fast(embed, seed=2, start=None, init=settled.Y, max_iter=n)[1] for n in (2, 30))
    assert one.report["cost"] > further.report["cost"] * (1 + 1e-5)
    assert not one.report["converged"]


# --- starts ---


def joint_distances(case, of_joint=1.0):
    """Squared distances of the joint start in enough dimensions, by the formula of mixed_starts.h."""
    X, S = reference.scaled(case.X), case.pixels
    x, s = (reference.squared_distances(A) for A in (X, S))
    off = ~np.eye(len(X), dtype=bool)
    w = of_joint * case.beta * (1 + x[off].mean()) / (case.alpha * (case.offset + s[off].mean()))
    return (x + w * s) / (1 + w * case.offset) / case.sigma**2


def classical_scaling(d2, n_dims):
    """Torgerson's: the best axes for these squared distances."""
    n = len(d2)
    centring = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-centring @ d2 @ centring / 2)
    return vectors[:, ::-1][:, :n_dims] * np.sqrt(values[::-1][:n_dims])


@pytest.mark.parametrize("n_dims", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"pixel_offset": 0.0}, {"global_scale": 0.1, "beta": 20.0}], ids=str)
@pytest.mark.parametrize(("name", "of_joint"), [("joint", 1), ("joint*0.3", 0.3), ("joint*0", 0)])
def test_mixed_starts(embed, name, of_joint, options, n_dims):
    case, outcome = fast(embed, start=name, max_iter=0, no_dims=n_dims, **options)
    expected = pdist(classical_scaling(joint_distances(case, of_joint), n_dims))
    np.testing.assert_allclose(pdist(outcome.Y), expected, atol=3e-3 * expected.max())


def test_start_of_positions_lies_as_they_do(embed):
    case, outcome = fast(embed, start="spatial", max_iter=0)
    centred = case.pixels - case.pixels.mean(axis=0)
    assert np.corrcoef(outcome.Y.ravel(), centred.ravel())[0, 1] > 0.9999


def test_without_space_the_joint_start_is_of_expression_alone(embed):
    _, joint = fast(embed, start="joint", beta=0.0, max_iter=0)
    _, expression = fast(embed, start="joint*0", beta=0.0, max_iter=0)
    assert joint.result_bytes == expression.result_bytes


def test_sections_are_centred_in_the_joint_start(embed):
    sections = np.arange(120) % 2
    case = random_case(1, start="joint", max_iter=0, descent="fast", sections=sections)
    moved = random_case(1, start="joint", max_iter=0, descent="fast", sections=sections)
    moved.pixels = moved.pixels + 1e5 * sections[:, None]
    np.testing.assert_allclose(pdist(embed(moved).Y), pdist(embed(case).Y), atol=1e-6)


def test_points_that_are_alike_part(embed):
    case = random_case(2, start="joint*0", descent="fast", max_iter=300)
    case.X[1], case.pixels[1] = case.X[0], case.pixels[0] + 400
    Y = embed(case).Y
    assert np.linalg.norm(Y[0] - Y[1]) > 1e-3


@pytest.mark.parametrize("scale", [1e-100, 1e-80, 1e80, 1e100])
def test_joint_start_at_any_scale(embed, scale):
    """Squares of such maps are no numbers; their distances are those of scale 1 but for a factor."""
    plain, scaled = (
        pdist(fast(embed, start="joint", max_iter=0, global_scale=one)[1].Y) for one in (1, scale)
    )
    np.testing.assert_allclose(scaled / scaled.max(), plain / plain.max(), atol=1e-6)


@pytest.mark.parametrize("weights", [{"alpha": 1e-320}, {"alpha": 1e-300}])
def test_weights_that_leave_space_alone(embed, weights):
    """As the positions lie, though the quotient of such weights is no number."""
    _, joint = fast(embed, start="joint", max_iter=0, pixel_offset=0.0, **weights)
    _, spatial = fast(embed, start="spatial", max_iter=0)
    joint, spatial = pdist(joint.Y), pdist(spatial.Y)
    np.testing.assert_allclose(joint / joint.max(), spatial / spatial.max(), atol=1e-3)


@pytest.mark.parametrize("flat", [[1], [0, 1]], ids=["line", "point"])
def test_a_start_on_a_line_or_a_point_leaves_it(embed, flat):
    _, free = fast(embed)
    init = np.random.default_rng(0).normal(size=(120, 2))
    init[:, flat] = 3e5
    _, outcome = fast(embed, start=None, init=init)
    assert outcome.report["cost"] < free.report["cost"] * 1.1


@pytest.mark.parametrize("method", ["exact", "interpolation"])
def test_a_start_far_away_is_the_start(embed, method):
    init = np.random.default_rng(0).normal(size=(120, 2))
    here, far = (fast(embed, start=None, init=init + at, method=method)[1] for at in (0, 2.0**30))
    assert "made compact" not in far.stdout
    assert far.report["cost"] == pytest.approx(here.report["cost"], rel=1e-3)


def test_a_start_without_iterations_must_be_within_the_grid(execute):
    init = 1e6 * np.random.default_rng(0).normal(size=(120, 2))
    outcome = execute(random_case(1, method="interpolation", descent="fast", init=init, max_iter=0))
    assert outcome.returncode == 2 and "expected a start that the grid" in outcome.stderr


def test_weights_beyond_numbers_are_told(execute):
    outcome = execute(random_case(1, descent="fast", start="joint", alpha=1e300, max_iter=60))
    assert outcome.returncode == 3 and "gradient of the map is not finite" in outcome.stderr


# --- the race ---


def test_race_ends_lower_than_each_of_its_starts(embed):
    case, best = fast(embed, seed=4, start="best", n_points=300, global_scale=0.15, alpha=8.0, beta=8.0)
    told = best.report["starts"]
    assert {"joint", "joint*0.3", "joint*0.1", "joint*0", "spatial"} == {one["start"] for one in told}
    for one in told:
        _, alone = fast(
            embed, seed=4, start=one["start"], n_points=300, global_scale=0.15, alpha=8.0, beta=8.0
        )
        assert best.report["cost"] < alone.report["cost"] * (1 + 2e-4)


def test_best_is_the_default_of_interpolation(embed):
    plain = random_case(7, n_points=200, method="interpolation", max_iter=60)
    named = random_case(7, n_points=200, method="interpolation", max_iter=60, start="best", descent="fast")
    assert embed(plain).result_bytes == embed(named).result_bytes


def test_published_steps_are_the_default_without_global_terms(embed):
    plain = random_case(7, n_points=200, method="interpolation", max_iter=60, alpha=0.0, beta=0.0)
    named = random_case(
        7, n_points=200, method="interpolation", max_iter=60, alpha=0.0, beta=0.0, descent="published"
    )
    assert embed(plain).result_bytes == embed(named).result_bytes


@pytest.mark.parametrize("method", ["exact", "interpolation"])
def test_runs_of_a_batch_are_those_alone(embed, method):
    runs, scales = np.array([[8.0, 2.0, 1.0], [16.0, 12.0, 1.0]]), np.array([1.0, 0.2])
    shared = {"method": method, "descent": "fast", "start": "best", "max_iter": 60}
    batch = embed(random_case(8, runs=runs, scales=scales, **shared))
    for k, ((alpha, beta, _), scale) in enumerate(zip(runs, scales, strict=True)):
        alone = embed(random_case(8, alpha=alpha, beta=beta, global_scale=scale, **shared))
        assert (batch.folder / f"result.{k}.dat").read_bytes() == alone.result_bytes


def test_costs_of_starts_are_told(embed):
    outcome = embed(random_case(9, start="best", descent="fast", max_iter=60), "--report", "report.json")
    winner = outcome.report["starts"][0]["start"]
    line = next(line for line in outcome.stdout.splitlines() if line.startswith("costs by start: "))
    assert winner in line and line.count(",") == 4


# --- what is refused ---


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": "jiont"}, 'or spatial, found "jiont"'),
        ({"start": "joint*"}, "expected a start best"),
        ({"start": "joint*-1"}, "expected a start best"),
        ({"start": "joint*0.1x"}, "expected a start best"),
        ({"start": "joint", "init": np.ones((120, 2))}, "expected a start or the name of one, found both"),
        ({"descent": "slow"}, 'expected descent auto, published or fast, found "slow"'),
        ({"descent": "fast", "method": "barnes_hut"}, "expected published steps with method barnes_hut"),
        ({"descent": "fast", "learning_rate": 100.0}, "expected no learning rate and no step limit"),
        ({"descent": "fast", "max_step": 1.0}, "expected no learning rate and no step limit"),
        ({"runs": np.ones((2, 3)), "scales": np.ones(3)}, "expected 16 bytes in extension record scales"),
        ({"runs": np.ones((2, 3)), "scales": np.array([1.0, -1.0])}, "a global scale above 0 in run 1"),
    ],
)
def test_refused(execute, options, message):
    outcome = execute(random_case(1, **options))
    assert outcome.returncode == 2
    assert message in outcome.stderr
