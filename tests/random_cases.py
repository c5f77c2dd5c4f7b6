"""Random problems of a chosen shape for tests, the same for the same seed."""

import numpy as np
from reference import Case


def random_case(seed, n_points=120, n_features=8, n_space=2, **options):
    """A Case of clustered expression on a tissue whose coordinates are in the hundreds."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, n_features)) * 2
    group = rng.integers(4, size=n_points)
    X = centres[group] + rng.normal(size=(n_points, n_features)) + 3
    pixels = rng.uniform(0, 500, size=(n_points, n_space)) + 100 * group[:, None]
    return Case(X, pixels, **{"seed": seed, **options})
