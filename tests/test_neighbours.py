"""Exact and approximate neighbours and sparse affinities, as compiled, against brute force."""

import numpy as np
import pytest
from compiled import INSTRUCTION_SETS, feed, output_of
from reference import row_affinities
from scipy.sparse import csr_array
from sklearn.neighbors import NearestNeighbors

from spasne_tools.simulation import simulate_components

READ_BEYOND = 16  # src/kernels/neighbour_sums.h


def searched(program, search, X, k, threads, instruction_set):
    """Indices and squared distances (n, k) that a search prints, and the numbers behind them."""
    n, columns = X.shape
    done = feed(program, [search, n, columns, k, threads], [X.astype(np.float64)], instruction_set)
    output = output_of(done)
    index = np.frombuffer(output, np.uint32, n * k).reshape(n, k)
    distance2 = np.frombuffer(output, np.float32, n * k, index.nbytes).reshape(n, k)
    return index, distance2, np.frombuffer(output, np.float64, offset=index.nbytes + distance2.nbytes)


@pytest.fixture
def neighbours(program):
    """A function from X and k to (indices, squared distances), each (n, k)."""

    def find(X, k, threads=2, instruction_set=None):
        index, distance2, _ = searched(program, "graph", X, k, threads, instruction_set)
        return index, distance2

    return find


@pytest.fixture
def affinities(program, monkeypatch):
    """A function from a graph and a perplexity to the matrix P, behind which kernels read zeros."""
    monkeypatch.setenv("MALLOC_PERTURB_", "1")  # memory of the GNU library is not empty when it is given

    def find(index, distance2, perplexity, threads=2, instruction_set=None):
        n, k = index.shape
        arrays = [index.astype(np.uint32), distance2.astype(np.float32)]
        output = output_of(feed(program, ["affinities", n, k, perplexity, threads], arrays, instruction_set))
        offset = np.frombuffer(output, np.uint64, n + 1)
        size = int(offset[-1])
        padded = np.frombuffer(output, np.uint32, size + READ_BEYOND, offset.nbytes)
        column = padded[:size]
        values = np.frombuffer(output, np.float32, offset=offset.nbytes + padded.nbytes)
        np.testing.assert_array_equal(values[size:], np.zeros(READ_BEYOND))
        np.testing.assert_array_equal(padded[size:], np.zeros(READ_BEYOND))
        return csr_array((values[:size], column.astype(np.int64), offset.astype(np.int64)), shape=(n, n))

    return find


def all_distances2(X):
    """Squared distances by differences, infinity on the diagonal."""
    d2 = np.array([np.square(X - row).sum(axis=1) for row in X])
    np.fill_diagonal(d2, np.inf)
    return d2


def brute_force(X, k):
    d2 = all_distances2(X)
    index = np.argsort(d2, axis=1, kind="stable")[:, :k]
    return index, np.take_along_axis(d2, index, axis=1)


def assert_exact(X, k, index, distance2):
    """The neighbours are k different others, as near as the k nearest but for the rounding of sums."""
    _, nearest = brute_force(X, k)
    found = np.take_along_axis(all_distances2(X), index.astype(np.int64), axis=1)
    assert np.isfinite(found).all()
    assert (np.diff(np.sort(index, axis=1), axis=1) > 0).all()
    np.testing.assert_allclose(found, nearest, rtol=1e-12)
    np.testing.assert_allclose(distance2, nearest, rtol=1e-7)


def random_points(rng):
    return rng.normal(size=(1000, 20))


def points_of_many_columns(rng):
    return rng.normal(size=(300, 700))


def one_column(rng):
    return rng.normal(size=(700, 1))


def sorted_column(rng):
    return np.sort(rng.normal(size=(2000, 1)), axis=0)[::-1]


def clusters(rng):
    return 10 * rng.normal(size=(5, 30))[rng.integers(5, size=1200)] + rng.normal(size=(1200, 30))


def clusters_below_the_resolution_of_floats(rng):
    return rng.normal(size=(3, 10))[rng.integers(3, size=1500)] + 1e-5 * rng.normal(size=(1500, 10))


def large_offset(rng):
    return 1e6 + rng.normal(size=(600, 12))


def one_point_far_away(rng):
    X = rng.normal(size=(600, 6))
    X[17] = 1e9
    return X


def large_numbers(rng):
    return 1e15 * rng.normal(size=(300, 8))


def small_numbers(rng):
    return 1e-15 * rng.normal(size=(300, 8))


def numbers_whose_products_vanish_beside_others(rng):
    X = 1e-7 * rng.normal(size=(600, 3))
    X[0], X[1] = 1e15, -1e15
    return X


KINDS_OF_POINTS = [
    random_points,
    points_of_many_columns,
    one_column,
    sorted_column,
    clusters,
    clusters_below_the_resolution_of_floats,
    large_offset,
    one_point_far_away,
    large_numbers,
    small_numbers,
    numbers_whose_products_vanish_beside_others,
]


@pytest.mark.parametrize("k", [1, 40])
@pytest.mark.parametrize("points", KINDS_OF_POINTS, ids=lambda points: points.__name__)
def test_neighbours_are_exact(neighbours, points, k):
    X = points(np.random.default_rng(1))
    assert_exact(X, k, *neighbours(X, k))


def test_neighbours_are_those_of_scikit_learn(neighbours):
    X = np.random.default_rng(2).normal(size=(3000, 50))
    index, distance2 = neighbours(X, 90)
    distance, expected = NearestNeighbors(n_neighbors=90, algorithm="brute").fit(X).kneighbors()
    np.testing.assert_array_equal(index, expected)
    np.testing.assert_allclose(distance2, distance**2, rtol=1e-6)


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
@pytest.mark.parametrize("columns", [1, 3, 8, 255, 256, 257, 513])
def test_each_instruction_set_is_exact(neighbours, columns, instruction_set):
    X = np.random.default_rng(columns).normal(size=(250, columns))
    assert_exact(X, 30, *neighbours(X, 30, instruction_set=instruction_set))


@pytest.mark.parametrize("n", [2, 3, 5, 47, 48, 49, 96, 97, 193])
def test_all_others_can_be_neighbours(neighbours, n):
    X = np.random.default_rng(n).normal(size=(n, 4))
    assert_exact(X, n - 1, *neighbours(X, n - 1))


@pytest.mark.parametrize(("columns", "values"), [(1, 20), (2, 4), (3, 10)])
def test_of_equally_near_points_the_smaller_index_comes_first(neighbours, columns, values):
    X = np.random.default_rng(3).integers(values, size=(900, columns)).astype(float)
    index, distance2 = neighbours(X, 60)
    expected, expected_distance2 = brute_force(X, 60)
    np.testing.assert_array_equal(index, expected)
    np.testing.assert_array_equal(distance2, expected_distance2)


def test_identical_points_are_neighbours_at_distance_0(neighbours):
    X = np.tile([0.1, 0.7, -0.3], (800, 1))
    X[::100] = np.random.default_rng(4).normal(size=(8, 3))
    index, distance2 = neighbours(X, 30)
    expected, expected_distance2 = brute_force(X, 30)
    copies = np.delete(np.arange(800), np.arange(0, 800, 100))
    np.testing.assert_array_equal(index[copies], expected[copies])
    assert (distance2[copies] == 0).all()
    np.testing.assert_allclose(distance2, expected_distance2, rtol=1e-7)


def test_points_that_are_all_the_same_have_the_first_ones_as_neighbours(neighbours):
    index, distance2 = neighbours(np.full((300, 5), 7.0), 3)
    np.testing.assert_array_equal(index[3:], np.tile([0, 1, 2], (297, 1)))
    np.testing.assert_array_equal(index[:3], [[1, 2, 3], [0, 2, 3], [0, 1, 3]])
    assert (distance2 == 0).all()


@pytest.mark.parametrize(
    ("n", "k", "message"), [(10, 10, "1 to 9 neighbours, found 10"), (10, 0, "1 to 9 neighbours, found 0")]
)
def test_impossible_numbers_of_neighbours_are_refused(program, n, k, message):
    done = feed(program, ["graph", n, 2, k, 1], [np.zeros((n, 2))], None)
    assert done.returncode == 2
    assert message in done.stderr.decode()


@pytest.mark.parametrize("points", [clusters, clusters_below_the_resolution_of_floats])
def test_bytes_depend_on_neither_threads_nor_instruction_set(neighbours, affinities, points):
    X = points(np.random.default_rng(5))
    graph = neighbours(X, 30, threads=1, instruction_set="baseline")
    P = affinities(*graph, 10, threads=1)
    for threads in [2, 3, 16]:
        for array, other in zip(graph, neighbours(X, 30, threads=threads), strict=True):
            assert array.tobytes() == other.tobytes()
        assert affinities(*graph, 10, threads=threads).data.tobytes() == P.data.tobytes()
    for instruction_set in INSTRUCTION_SETS:
        for array, other in zip(graph, neighbours(X, 30, instruction_set=instruction_set), strict=True):
            assert array.tobytes() == other.tobytes()


# --- the approximate search ---

LEAST = 0.98  # recall that it aims at


@pytest.fixture
def find(program):
    """A function from X and k to (indices, squared distances, whether it was exact, its own recall)."""

    def search(X, k, threads=2, instruction_set=None):
        index, distance2, told = searched(program, "approximate", X, k, threads, instruction_set)
        exact, recall = told
        return index, distance2, exact == 1, recall

    return search


def true_distances2(X, k, rows):
    """Squared distances from `rows` to their k nearest others, by differences."""
    d2 = np.array([np.square(X - X[i]).sum(axis=1) for i in rows])
    d2[np.arange(len(rows)), rows] = np.inf
    return np.sort(d2, axis=1)[:, :k]


def recall_of(X, index, rows):
    """The share of each row's true neighbours that were found; of equally far ones each is true."""
    k = index.shape[1]
    found = np.array([np.square(X[index[i]] - X[i]).sum(axis=1) for i in rows])
    return (found <= true_distances2(X, k, rows)[:, -1:] * (1 + 1e-9)).mean()


def assert_sound(X, index, distance2):
    """Each row holds different other points, nearest first, with their exact distances."""
    n = len(X)
    assert index.max() < n and not (index == np.arange(n)[:, None]).any()
    assert (np.diff(np.sort(index, axis=1), axis=1) > 0).all()
    assert (np.diff(distance2, axis=1) >= 0).all()
    for i in range(0, n, max(1, n // 200)):
        np.testing.assert_allclose(distance2[i], np.square(X[index[i]] - X[i]).sum(axis=1), rtol=1e-6)


def tissue(rng):
    return simulate_components(6000, 20, n_genes=60, seed=3)[0]


def many_clusters(rng):
    return 10 * rng.normal(size=(30, 12))[rng.integers(30, size=6000)] + rng.normal(size=(6000, 12))


def noise(rng):
    return rng.random((3000, 50))


def constant_columns(rng):
    return np.hstack([np.full((4000, 3), 7.0), rng.normal(size=(4000, 4)), np.zeros((4000, 2))])


def many_duplicates(rng):
    X = rng.normal(size=(4000, 6))
    X[rng.random(4000) < 0.4] = X[0]  # more copies than a point has neighbours
    return np.vstack([X, X[:500]])


def clusters_of_equal_points(rng):
    return rng.normal(size=(40, 5))[rng.integers(40, size=4000)]


def integers(rng):
    return rng.integers(3, size=(4000, 6)).astype(float)


def outliers(rng):
    X = rng.normal(size=(4000, 8))
    X[:20] *= 1e6
    return X


def tiny_numbers(rng):
    return 1e-15 * rng.normal(size=(3000, 8))


KINDS_OF_MANY_POINTS = [
    tissue,
    many_clusters,
    noise,
    constant_columns,
    many_duplicates,
    clusters_of_equal_points,
    integers,
    outliers,
    sorted_column,
    tiny_numbers,
]


@pytest.mark.parametrize("points", KINDS_OF_MANY_POINTS, ids=lambda points: points.__name__)
def test_nearly_all_neighbours_are_found(find, points):
    X = points(np.random.default_rng(1))
    index, distance2, exact, recall = find(X, 30)
    assert_sound(X, index, distance2)
    rows = np.random.default_rng(2).choice(len(X), 300, replace=False)
    true = recall_of(X, index, rows)
    assert true >= LEAST - 0.01  # another sample than the search has judged itself by
    assert recall >= LEAST
    assert true == pytest.approx(recall, abs=0.015)


def test_where_there_is_structure_the_search_is_not_exact(find):
    X = tissue(None)
    index, _, exact, recall = find(X, 30)
    assert not exact and LEAST <= recall < 1
    _, expected = NearestNeighbors(n_neighbors=30).fit(X).kneighbors()
    assert LEAST - 0.005 <= (index[:, :, None] == expected[:, None, :]).any(axis=2).mean() < 1


def test_the_search_looks_no_farther_than_it_must(find):
    X = many_clusters(np.random.default_rng(1))
    assert LEAST <= find(X, 30)[3] < LEAST + 0.013


@pytest.mark.parametrize(("n", "k"), [(2, 1), (49, 48), (200, 150), (1000, 150), (2300, 150)])
def test_few_points_get_their_exact_neighbours(find, neighbours, n, k):
    X = np.random.default_rng(n).normal(size=(n, 4))
    index, distance2, exact, recall = find(X, k)
    assert exact and recall == 1
    for found, expected in zip((index, distance2), neighbours(X, k), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_data_without_structure_of_many_columns_take_the_exact_search(find, neighbours):
    X = np.random.default_rng(4).normal(size=(2600, 300))
    index, distance2, exact, recall = find(X, 60)
    assert exact and recall == 1
    np.testing.assert_array_equal(index, neighbours(X, 60)[0])


def test_equally_near_points_are_told_apart_by_their_index(find):
    X = np.tile([0.1, 0.7, -0.3], (3000, 1))
    index, distance2, _, _ = find(X, 20)
    np.testing.assert_array_equal(index[20:], np.tile(np.arange(20), (2980, 1)))
    assert (distance2 == 0).all()


@pytest.mark.parametrize("points", [tissue, many_duplicates])
def test_bytes_depend_on_no_threads(find, points):
    X = points(np.random.default_rng(5))
    index, distance2, _, recall = find(X, 30, threads=1)
    for threads in [2, 3, 16]:
        other_index, other_distance2, _, other_recall = find(X, 30, threads=threads)
        assert other_index.tobytes() == index.tobytes()
        assert other_distance2.tobytes() == distance2.tobytes()
        assert other_recall == recall


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
def test_each_instruction_set_finds_as_many(find, instruction_set):
    X = many_clusters(np.random.default_rng(6))
    index, distance2, _, recall = find(X, 30, instruction_set=instruction_set)
    assert_sound(X, index, distance2)
    assert recall >= LEAST
    assert recall_of(X, index, np.arange(0, 6000, 20)) >= LEAST - 0.01


def clusters_far_below_the_resolution_of_bytes(rng):
    return 10 * rng.normal(size=(10, 12))[rng.integers(10, size=6000)] + 1e-3 * rng.normal(size=(6000, 12))


def test_points_that_bytes_do_not_tell_apart_are_searched_by_floats(find):
    X = clusters_far_below_the_resolution_of_bytes(np.random.default_rng(7))
    index, distance2, exact, recall = find(X, 30)
    assert_sound(X, index, distance2)
    assert not exact and recall >= LEAST


# --- points rounded to bytes ---

N_CODED_ROWS = 10
INSTRUCTION_SETS_WITH_CODES = {"avx2": 64, "avx512": 127}  # and the largest code of a row


def coded(x, largest):
    """Each row of x as whole numbers up to `largest`, and their step, rounded as the program rounds."""
    step = (np.abs(x).max(axis=1, keepdims=True) / np.float32(largest)).astype(np.float32)
    quotient = np.divide(x, step, out=np.zeros_like(x), where=step > 0)
    return np.trunc(quotient + np.copysign(np.float32(0.5), quotient)), step.astype(float)


def scores_by_codes(x, rows, largest):
    """Half the squared distances of codes, without the row's own norm and what rounding adds."""
    D = x.shape[1]
    (point, t), (row, s) = coded(x, 127), coded(x[rows], largest)
    point, row = point.astype(float) * t, row.astype(float) * s
    return np.square(point).sum(axis=1) / 2 - D * t.T**2 / 24 - row @ point.T - D * s**2 / 24


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS_WITH_CODES)
@pytest.mark.parametrize("columns", [1, 3, 4, 50, 257])
def test_scores_of_bytes_are_those_of_their_definition(program, columns, instruction_set):
    X = np.random.default_rng(columns).normal(size=(700, columns)) * np.linspace(3, 0.3, columns)
    X[20] = 4 * X[0]
    X -= X.mean(axis=0)
    x = (X / np.abs(X).max()).astype(np.float32)
    done = feed(program, ["codes", *X.shape, N_CODED_ROWS, 2], [X], instruction_set)
    output = output_of(done)
    if not output:
        pytest.skip("the processor has no sums of products of bytes for this instruction set")
    found = np.frombuffer(output, np.float32, N_CODED_ROWS * 700).reshape(N_CODED_ROWS, 700)
    deviation, margin = np.frombuffer(output, np.float64, offset=found.nbytes).reshape(2, N_CODED_ROWS)
    np.testing.assert_allclose(margin, deviation, rtol=1e-6)

    rows = np.arange(N_CODED_ROWS)
    expected = scores_by_codes(x, rows, INSTRUCTION_SETS_WITH_CODES[instruction_set])
    expected[rows, rows] = 0
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())

    d2 = np.square(x[rows][:, None, :].astype(float) - x).sum(axis=2)
    error = found - (d2 - np.square(x[rows].astype(float)).sum(axis=1, keepdims=True)) / 2
    nearest = np.where(d2 > 0, d2, np.inf).argmin(axis=1)
    if columns >= 50:  # few columns say little of a deviation
        assert 0.1 < np.sqrt(np.mean((error[rows, nearest] / deviation) ** 2)) < 1


def test_impossible_numbers_of_approximate_neighbours_are_refused(program):
    done = feed(program, ["approximate", 10, 2, 10, 1], [np.zeros((10, 2))], None)
    assert done.returncode == 2
    assert "1 to 9 neighbours, found 10" in done.stderr.decode()


# --- affinities ---


def reference_affinities(index, distance2, perplexity):
    n, k = index.shape
    conditional = np.zeros((n, n))
    for i in range(n):
        with_self = np.append(distance2[i].astype(float), 0)
        conditional[i, index[i]] = row_affinities(with_self, k, perplexity)[:k]
    return (conditional + conditional.T) / (2 * n)


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
@pytest.mark.parametrize(("n", "k", "perplexity"), [(400, 31, 10), (30, 29, 5), (700, 3, 1.5), (2, 1, 1)])
def test_affinities_are_those_of_the_reference(neighbours, affinities, n, k, perplexity, instruction_set):
    X = np.random.default_rng(6).normal(size=(n, 5))
    graph = neighbours(X / np.abs(X).max(), k)
    P = affinities(*graph, perplexity, instruction_set=instruction_set)
    np.testing.assert_allclose(P.toarray(), reference_affinities(*graph, perplexity), rtol=1e-5, atol=1e-12)


def test_affinities_are_symmetric_sorted_and_sum_to_1(neighbours, affinities):
    X = np.random.default_rng(7).normal(size=(3000, 3))
    index, distance2 = neighbours(X / np.abs(X).max(), 60)
    P = affinities(index, distance2, 20)
    rows, columns = np.repeat(np.arange(3000), np.diff(P.indptr)), P.indices
    assert (np.diff(rows * 3000 + columns) > 0).all()
    assert (rows != columns).all()
    transposed = P.T.tocsr()
    transposed.sort_indices()
    np.testing.assert_array_equal(transposed.indices, P.indices)
    np.testing.assert_array_equal(transposed.data, P.data)
    assert P.sum(dtype=float) == pytest.approx(1, abs=1e-7)
    edges = {(i, j) for i in range(3000) for j in index[i]}
    assert len(edges | {(j, i) for i, j in edges}) == P.nnz


def test_affinities_of_identical_points_are_equal(neighbours, affinities):
    graph = neighbours(np.zeros((50, 2)), 49)
    P = affinities(*graph, 10).toarray()
    np.testing.assert_allclose(P, (1 - np.eye(50)) / (50 * 49), rtol=1e-6)


@pytest.mark.parametrize(
    ("neighbour", "message"),
    [
        (20, "other points as neighbours of point 3, found point 20"),
        (3, "other points as neighbours of point 3, found point 3"),
        (4, "different neighbours of point 3, found point 4 twice"),
    ],
)
def test_graphs_of_impossible_neighbours_are_refused(program, neighbour, message):
    index = (np.arange(20)[:, None] + [1, 2, 3, 4]) % 20
    index[3, 1] = neighbour
    arrays = [index.astype(np.uint32), np.ones((20, 4), np.float32)]
    done = feed(program, ["affinities", 20, 4, 2, 2], arrays, None)
    assert done.returncode == 2
    assert message in done.stderr.decode()


def test_perplexities_above_the_number_of_neighbours_are_refused(program):
    arrays = [np.array([[1], [0]], np.uint32), np.ones((2, 1), np.float32)]
    done = feed(program, ["affinities", 2, 1, 1.5, 1], arrays, None)
    assert done.returncode == 2
    assert "a perplexity of at most the number of neighbours, 1, found 1.5" in done.stderr.decode()
