"""The sample of pairs that stands for all of them in the entropies of Pg and Ps, as compiled."""

import numpy as np
import pytest
from compiled import feed, output_of


def partners(program, n, each):
    lines = output_of(feed(program, [n, n * each], [])).decode().splitlines()
    return np.array([line.split() for line in lines], dtype=int)


@pytest.mark.parametrize("n", [30, 97, 1000, 1024])
@pytest.mark.parametrize("each", [1, 4])
def test_each_point_is_a_partner_as_often_as_it_has_one(program, n, each):
    table = partners(program, n, each)
    assert table.shape == (n, each)
    for column in table.T:
        np.testing.assert_array_equal(np.sort(column), np.arange(n))


@pytest.mark.parametrize("n", [2, 3, 20])
def test_all_are_partners_of_few(program, n):
    table = partners(program, n, 100)
    expected = np.array([np.delete(np.arange(n), i) for i in range(n)])
    np.testing.assert_array_equal(np.sort(table, axis=1), expected)


@pytest.mark.parametrize("n", [3000, 3001, 4096])
def test_the_order_of_points_tells_nothing(program, n):
    """Six partners each, in data that are sorted: a sample by evenly spread offsets is off by 4 %."""
    x = np.sort(np.random.default_rng(0).uniform(size=n)) * 3

    def mean(table):
        p = 1 + (x[:, None] - x[table]) ** 2
        return (p * np.log(p))[table != np.arange(n)[:, None]].mean()

    exact = mean(np.tile(np.arange(n), (n, 1)))
    offsets = 1 + np.arange(6) * (n - 1) // 6
    assert mean((np.arange(n)[:, None] + offsets) % n) != pytest.approx(exact, rel=0.03)
    assert mean(partners(program, n, 6)) == pytest.approx(exact, rel=0.015)
