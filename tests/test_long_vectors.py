"""Lengths of the vectors of all points, as compiled, beside NumPy's."""

import numpy as np
import pytest
from compiled import compile_source, feed, output_of


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compile_source("test_long_vectors", tmp_path_factory.mktemp("cpp"))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("n_points", [1, 203, 40_001])
def test_lengths(program, dims, n_points):
    """Padding has no part in them, on one chunk of work and on several."""
    vectors = np.random.default_rng(n_points).normal(size=(dims, n_points))
    longest, root_mean_square = map(float, output_of(feed(program, [dims, n_points], [vectors])).split())
    squares = (vectors**2).sum(axis=0)
    assert longest == pytest.approx(np.sqrt(squares.max()), rel=1e-12)
    assert root_mean_square == pytest.approx(np.sqrt(squares.mean()), rel=1e-12)
