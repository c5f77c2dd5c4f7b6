"""The reference itself: gradient against cost, tree against all pairs, random numbers against libc."""

import ctypes
import itertools
import platform
from dataclasses import replace

import numpy as np
import pytest
import reference
from data_layout import pack_case, unpack_case, unpack_result
from random_cases import random_case
from reference import INIT_SCALE, LEARNING_RATE, squared_distances

ALPHA, BETA = 8.0, 2.0


@pytest.fixture(params=[1, 2, 3], ids=lambda d: f"{d}d")
def Y(request):
    """A map a few units wide."""
    return np.random.default_rng(request.param).normal(size=(60, request.param)) * 2


@pytest.fixture(scope="module")
def P_all():
    return reference.affinities(random_case(0, n_points=60))


# --- random start ---


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library here is not the GNU one")
@pytest.mark.parametrize("seed", [0, 1, 2, 5, 42, 127773, 2**31 - 2, 2**31 - 1])
def test_rand_is_the_c_librarys(seed):
    libc = ctypes.CDLL(None)
    libc.srand(ctypes.c_uint(seed))
    expected = [libc.rand() for _ in range(2000)]
    assert list(itertools.islice(reference.glibc_rand(seed), 2000)) == expected


def test_rand_begins_as_known_for_seed_1():
    assert list(itertools.islice(reference.glibc_rand(1), 3)) == [1804289383, 846930886, 1681692777]


def test_random_start_is_gaussian():
    start = reference.random_start(3, 5000, 2) / INIT_SCALE
    quantiles = np.quantile(start, [0.1587, 0.5, 0.8413])
    np.testing.assert_allclose(quantiles, [-1, 0, 1], atol=0.05)
    assert abs(np.corrcoef(start.T)[0, 1]) < 0.05


def test_random_start_is_filled_row_by_row():
    flat = reference.random_start(7, 12, 1)
    np.testing.assert_array_equal(reference.random_start(7, 4, 3), flat.reshape(4, 3))


# --- affinities ---


@pytest.mark.parametrize("perplexity", [3.0, 12.0, 26.0])
def test_rows_have_the_perplexity_asked_for(perplexity):
    d2 = squared_distances(np.random.default_rng(0).normal(size=(80, 5)) * 0.4)
    rows = np.array([reference.row_affinities(row, i, perplexity) for i, row in enumerate(d2)])
    logs = np.log(rows, out=np.zeros_like(rows), where=~np.eye(80, dtype=bool))
    np.testing.assert_allclose(np.exp(-np.sum(rows * logs, axis=1)), perplexity, rtol=1.1e-5)
    np.testing.assert_allclose(rows.sum(axis=1), 1)


def test_search_goes_from_precision_1_to_minus_a_half():
    """The precision found is then -0.5 + 1.5 k / 2^m, which halving 1 would not give."""
    row = reference.row_affinities(np.array([0.0, 1, 4, 4, 4]), 0, 2.5)
    precision = np.log(row[1] / row[2]) / 3
    assert 0 < precision < 1
    steps = (precision + 0.5) / 1.5 * 2**20
    assert abs(steps - round(steps)) < 1e-5


def test_published_search_runs_away_where_minus_a_half_is_too_sharp():
    assert np.isnan(reference.row_affinities(np.array([0.0, 1, 1, 1, 4]), 0, 3.3)).any()
    assert np.isfinite(reference.row_affinities(np.array([0.0, 1, 1, 1, 4]), 0, 3.1)).all()


def test_affinities_are_symmetric_and_sum_to_one():
    for P in reference.affinities(random_case(1, n_points=60, n_space=3)):
        np.testing.assert_allclose(P, P.T, rtol=1e-12)
        np.testing.assert_allclose(P.sum(), 1)
        assert np.all(np.diag(P) == 0)


def test_expression_is_scaled_and_positions_are_not():
    case = random_case(2, n_points=60)
    rescaled = replace(case, X=case.X * 7 - 3, pixels=case.pixels / 100)
    P, P_global, P_space = reference.affinities(case)
    Q, Q_global, Q_space = reference.affinities(rescaled)
    np.testing.assert_allclose(Q, P, rtol=1e-9)
    np.testing.assert_allclose(Q_global, P_global, rtol=1e-9)
    assert np.abs(Q_space - P_space).max() > 0.01 * P_space.max()


def test_without_offset_the_unit_of_the_positions_is_irrelevant():
    S = random_case(2, n_points=60).pixels
    np.testing.assert_allclose(
        reference.global_affinities(S / 1000, 0), reference.global_affinities(S, 0), rtol=1e-9
    )


# --- objective ---


@pytest.mark.parametrize("sigma", [1.0, 0.3])
@pytest.mark.parametrize(("alpha", "beta"), [(0, 0), (ALPHA, 0), (0, BETA), (ALPHA, BETA)])
def test_gradient_is_a_quarter_of_the_costs_slope(Y, P_all, alpha, beta, sigma):
    slope, step = np.zeros_like(Y), 1e-5
    for index in itertools.product(range(3), range(Y.shape[1])):
        shift = np.zeros_like(Y)
        shift[index] = step
        above = reference.cost_shares(Y + shift, P_all, alpha, beta, sigma).sum()
        below = reference.cost_shares(Y - shift, P_all, alpha, beta, sigma).sum()
        slope[index] = (above - below) / (2 * step)
    gradient = reference.gradient(Y, P_all, alpha, beta, sigma)
    np.testing.assert_allclose(4 * gradient[:3], slope[:3], rtol=0, atol=1e-6 * np.abs(gradient).max())


def test_gradient_collapses_to_one_matrix(Y, P_all):
    """Sum of W K (y_i - y_j), minus Q's repulsion, plus Qg's linear force; W = P - alpha Pg - beta Ps."""
    P, P_global, P_space = P_all
    W = P - ALPHA * P_global - BETA * P_space
    kernel = 1 / (1 + squared_distances(Y))
    Z_local, Z_global = kernel.sum() - len(Y), (1 / kernel).sum() - len(Y)
    linear = (len(Y) * Y - Y.sum(axis=0)) / Z_global
    repulsion = reference.weighted_differences(kernel**2, Y) / Z_local
    merged = reference.weighted_differences(W * kernel, Y) - repulsion + (ALPHA + BETA) * linear
    gradient = reference.gradient(Y, P_all, ALPHA, BETA)
    np.testing.assert_allclose(merged, gradient, rtol=0, atol=1e-12 * np.abs(gradient).max())


def test_normaliser_of_the_global_kernel_has_a_closed_form(Y):
    n, sigma = len(Y), 0.7
    closed = n * (n - 1) + sigma**2 * (2 * n * np.sum(Y**2) - 2 * np.sum(Y.sum(axis=0) ** 2))
    direct = 1 + sigma**2 * squared_distances(Y)
    np.testing.assert_allclose(closed, direct.sum() - n)
    np.testing.assert_allclose(reference.map_affinities(Y, sigma)[1][0, 1], direct[0, 1] / closed)


def test_cost_has_the_merged_form(Y, P_all):
    """C = const + sum W log(1 + d^2) + log Z + (alpha + beta) log Zg."""
    P, P_global, P_space = P_all
    d2 = squared_distances(Y)
    W = P - ALPHA * P_global - BETA * P_space
    weights = zip((1, ALPHA, BETA), P_all, strict=True)
    const = sum(w * np.sum(M[M > 0] * np.log(M[M > 0])) for w, M in weights)
    log_Z = np.log(np.sum(1 / (1 + d2)) - len(Y))
    log_Z_global = np.log(np.sum(1 + d2) - len(Y))
    merged = const + np.sum(W * np.log1p(d2)) + log_Z + (ALPHA + BETA) * log_Z_global
    np.testing.assert_allclose(reference.cost_shares(Y, P_all, ALPHA, BETA).sum(), merged, rtol=1e-12)


def test_terms_of_the_cost_are_divergences(Y, P_all):
    local, far, space = reference.cost_terms(Y, P_all, ALPHA, BETA).sum(axis=1)
    assert min(local, far, space) > 0
    Q, Q_global, _ = reference.map_affinities(Y)
    np.testing.assert_allclose(
        reference.cost_terms(Y, (Q, Q_global, Q_global), ALPHA, BETA).sum(axis=1), 0, atol=1e-12
    )


# --- tree ---


def test_tree_with_tiny_theta_sums_all_pairs(Y, P_all):
    exact = reference.gradient(Y, P_all, ALPHA, BETA, 0.6)
    by_tree = reference.tree_gradient(Y, P_all, ALPHA, BETA, 1e-9, 0.6)
    np.testing.assert_allclose(by_tree, exact, rtol=0, atol=1e-12 * np.abs(exact).max())


def test_tree_sums_approach_all_pairs_as_theta_falls(Y):
    kernel = 1 / (1 + squared_distances(Y))
    repulsion = reference.weighted_differences(kernel**2, Y)
    errors = [np.abs(reference.tree_sums(Y, theta)[0] - repulsion).max() for theta in (0.8, 0.4, 0.1, 0.0)]
    assert errors == sorted(errors, reverse=True)
    assert 0 < errors[2] < 0.05 * np.abs(repulsion).max()
    assert errors[3] < 1e-12 * np.abs(repulsion).max()


def test_global_normaliser_of_the_tree_is_too_small():
    """It misses the spread inside the cells that it summarises; part of the published numbers."""
    Y = np.random.default_rng(4).normal(size=(300, 2)) * 10
    closed = np.sum(1 + squared_distances(Y)) - len(Y)
    assert 0.9 * closed < reference.tree_sums(Y, 0.5)[2] < 0.999 * closed


def test_cells_partition_the_points(Y):
    def check(node, half_width):
        assert node.half_width == pytest.approx(half_width)
        np.testing.assert_allclose(node.mean, Y[node.members].mean(axis=0))
        if not node.children:
            assert len(node.members) == 1
            return
        assert 1 <= len(node.children) <= 2 ** Y.shape[1]
        inside = np.concatenate([child.members for child in node.children])
        assert sorted(inside) == sorted(node.members)
        for child in node.children:
            check(child, half_width / 2)

    check(reference.build_tree(Y), np.abs(Y - Y.mean(axis=0)).max() + 1e-5)


def test_a_point_on_the_border_belongs_to_the_upper_cell():
    Y = np.array([[-1.0], [0.0], [1.0]])
    members = [child.members.tolist() for child in reference.build_tree(Y).children]
    assert members == [[1, 2], [0]]


def test_coincident_points_share_a_leaf_that_counts_them_all():
    """The point itself is then among those counted: K = 1 for each member, and no force."""
    Y = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [3.0, 4.0]])
    repulsion, Z_local, Z_global = reference.tree_sums(Y, 0.0)
    far = 1 / 26
    np.testing.assert_allclose(Z_local, 3 * (3 + far) + 3 * far)
    np.testing.assert_allclose(Z_global, 3 * (3 + 26) + 3 * 26)
    np.testing.assert_allclose(repulsion[3], 3 * far**2 * Y[3])


# --- optimiser ---


def test_no_iterations_leave_the_start():
    case = random_case(5, max_iter=0)
    np.testing.assert_array_equal(reference.run(case), reference.random_start(5, len(case.X), 2))
    start = np.arange(len(case.X) * 2.0).reshape(-1, 2)
    np.testing.assert_array_equal(reference.run(replace(case, init=start)), start)


def test_first_two_steps():
    """The first gain is 1.15; the next is smaller where the first step overshot, else larger."""
    case = random_case(6, n_points=60, theta=0, max_iter=2)
    P, P_global, P_space = reference.affinities(case)
    Y0 = reference.initial_map(case)
    slope = reference.gradient(Y0, (4 * P, P_global, P_space), ALPHA, BETA)
    velocity = -LEARNING_RATE * 1.15 * slope
    Y1 = Y0 + velocity - (Y0 + velocity).mean(axis=0)
    slope = reference.gradient(Y1, (4 * P, P_global, P_space), ALPHA, BETA)
    gain = np.where(slope * velocity > 0, 1.15 * 0.85, 1.15 + 0.15)
    Y2 = Y1 + 0.5 * velocity - LEARNING_RATE * gain * slope
    np.testing.assert_allclose(reference.run(case), Y2 - Y2.mean(axis=0), rtol=1e-9)


def test_cost_falls_from_that_of_the_start():
    case = random_case(8, n_points=60, theta=0, max_iter=300, learning_rate=10.0, no_dims=2)
    P_all = reference.affinities(case)
    costs = [
        reference.cost_shares(reference.run(replace(case, max_iter=n)), P_all, ALPHA, BETA).sum()
        for n in (0, 30, 300)
    ]
    assert costs[1] < 0.7 * costs[0]
    assert costs[2] < 0.99 * costs[1]


# --- byte layout ---


def test_data_file_round_trip():
    case = random_case(9, n_points=31, n_features=3, n_space=1)
    packed = pack_case(case)
    assert len(packed) == 4 * 7 + 8 * 5 + 8 * 31 * (3 + 1)
    found = unpack_case(packed)
    for name, value in vars(case).items():
        np.testing.assert_array_equal(getattr(found, name), value)
    with pytest.raises(ValueError, match="expected .* bytes, found"):
        unpack_case(packed + b"\0")


def test_result_file_of_wrong_length_is_refused():
    with pytest.raises(ValueError, match="expected 36 bytes, found 35"):
        unpack_result(bytes.fromhex("01000000 02000000").ljust(35, b"\0"))
