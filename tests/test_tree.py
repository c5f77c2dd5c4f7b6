"""Sums over the space-partitioning tree beside a tree of its own written plainly, and beside all pairs."""

import numpy as np
import pytest
from compiled import INSTRUCTION_SETS, compile_source, feed, output_of

ROOT_MARGIN = 1e-5  # of sptree.cpp


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compile_source("test_tree", tmp_path_factory.mktemp("tree"))


def tree_sums(program, Y, theta, scale2=1.0, threads=1, instruction_set=None):
    """Force (n, dims) and the totals of Z_local and Z_global."""
    n, dims = Y.shape
    done = feed(program, [dims, n, theta, scale2, threads], [Y], instruction_set)
    numbers = np.frombuffer(output_of(done))
    return numbers[: n * dims].reshape(dims, n).T, *numbers[n * dims :]


def terms(difference, scale2):
    """K^2 (y - other), K and 1 + sigma^2 d^2 of each row of differences."""
    d2 = (difference**2).sum(axis=-1)
    kernel = 1 / (1 + d2)
    return kernel[..., None] ** 2 * difference, kernel, 1 + scale2 * d2


def all_pairs(Y, scale2):
    force, kernel, spread = terms(Y[:, None] - Y, scale2)
    n = len(Y)
    return force.sum(axis=1), kernel.sum() - n, spread.sum() - n


class PlainTree:
    """The published tree: cells are halved along each axis until their points are all the same."""

    def __init__(self, Y, theta):
        self.Y, self.theta = Y, theta
        centre = Y.mean(axis=0)
        half = np.maximum(Y.max(axis=0) - centre, centre - Y.min(axis=0)) + ROOT_MARGIN
        self.root = self.cell(np.arange(len(Y)), centre, half)

    def cell(self, points, centre, half):
        at = self.Y[points]
        children = []
        if not (at == at[0]).all():
            side = at < centre
            for code in np.unique(side @ (1 << np.arange(len(centre)))):
                inside = points[side @ (1 << np.arange(len(centre))) == code]
                sign = np.where(code >> np.arange(len(centre)) & 1, -1, 1)
                children.append(self.cell(inside, centre + sign * half / 2, half / 2))
        return points, at.mean(axis=0), half.max(), children

    def sums(self, i, scale2):
        force, Z_local, Z_global = np.zeros(self.Y.shape[1]), 0.0, 0.0
        open_cells = [self.root]
        while open_cells:
            points, centre_of_mass, half, children = open_cells.pop()
            difference = self.Y[i] - centre_of_mass
            if children and half / self.theta >= np.sqrt(difference @ difference):
                open_cells += children
            elif len(points) > 1 or points[0] != i:
                of_cell = terms(difference, scale2)
                force += len(points) * of_cell[0]
                Z_local += len(points) * of_cell[1]
                Z_global += len(points) * of_cell[2]
        return force, Z_local, Z_global


def a_map(dims, n=203, seed=3):
    """Two clusters and a far point."""
    rng = np.random.default_rng(seed)
    Y = rng.normal(size=(n, dims)) * np.where(rng.random(n) < 0.5, 0.1, 2)[:, None]
    Y[-1] = 30
    return Y


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("theta", [0.2, 0.5, 1.0])
def test_sums_are_those_of_a_plain_tree(program, dims, theta):
    Y = a_map(dims)
    force, Z_local, Z_global = tree_sums(program, Y, theta, scale2=0.3)
    tree = PlainTree(Y, theta)
    expected = [tree.sums(i, 0.3) for i in range(len(Y))]
    np.testing.assert_allclose(force, [one[0] for one in expected], rtol=1e-10, atol=1e-12)
    assert Z_local == pytest.approx(sum(one[1] for one in expected), rel=1e-12)
    assert Z_global == pytest.approx(sum(one[2] for one in expected), rel=1e-12)


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_tiny_theta_takes_all_pairs(program, dims, instruction_set):
    Y = a_map(dims)
    force, Z_local, Z_global = tree_sums(program, Y, 1e-9, scale2=2.0, instruction_set=instruction_set)
    expected = all_pairs(Y, 2.0)
    np.testing.assert_allclose(force, expected[0], rtol=1e-10, atol=1e-12)
    assert Z_local == pytest.approx(expected[1], rel=1e-12)
    assert Z_global == pytest.approx(expected[2], rel=1e-12)


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 33])
def test_numbers_of_points_that_fill_no_vector(program, n):
    Y = np.random.default_rng(n).normal(size=(n, 2))
    force, Z_local, _ = tree_sums(program, Y, 1e-9)
    expected = all_pairs(Y, 1.0)
    np.testing.assert_allclose(force, expected[0], rtol=1e-10, atol=1e-14)
    assert Z_local == pytest.approx(expected[1], rel=1e-12, abs=1e-14)


def test_points_at_one_place_share_a_leaf_that_counts_each_of_them_in(program):
    """As published, a point of several at one place counts itself: K = 1 and no force."""
    Y = np.repeat([[0.0, 0.0], [1.0, 0.0]], [3, 2], axis=0)
    force, Z_local, _ = tree_sums(program, Y, 0.5)
    np.testing.assert_allclose(force, np.repeat([[-2 / 4, 0], [3 / 4, 0]], [3, 2], axis=0))
    assert Z_local == pytest.approx(3 * (3 + 2 / 2) + 2 * (2 + 3 / 2))


def test_sums_do_not_depend_on_the_threads(program):
    Y = a_map(2, n=500)
    one, three = (tree_sums(program, Y, 0.5, threads=threads) for threads in (1, 3))
    for a, b in zip(one, three, strict=True):
        np.testing.assert_array_equal(a, b)
