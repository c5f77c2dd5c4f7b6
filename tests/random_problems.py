"""Random small problems of every kind that the method takes, the same for the same number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import reference
from reference import Case

SEED = 20
FEWEST, MOST = 4, 300  # points
METHODS = ("exact", "barnes_hut", "interpolation")
STEPS = 10  # of a descent that is followed


def problem(number: int) -> Case:
    """Problem `number`: data, tissue, objective, method, a start and steps that do not jump."""
    rng = np.random.default_rng([SEED, number])
    n_points = int(np.exp(rng.uniform(np.log(FEWEST), np.log(MOST + 1))))
    case = Case(
        random_expression(rng, n_points),
        random_positions(rng, n_points),
        method=METHODS[rng.integers(3)],
        theta=float(rng.choice([0.2, 0.5, 0.8, 1.5])),
        no_dims=int(rng.integers(1, 4)),
        max_iter=STEPS,
        seed=int(rng.integers(2**31)),
        alpha=random_weight(rng),
        beta=random_weight(rng),
        exaggeration=float(rng.choice([1.0, 4.0, 12.0])),
        max_step=np.inf,
        sections=random_sections(rng, n_points),
        global_scale=one_of(rng, None, lambda: 10 ** rng.uniform(-2, 0.7)),
        pixel_offset=one_of(rng, None, lambda: 0.0, lambda: 10 ** rng.uniform(-2, 5)),
    )
    case.perplexity = random_perplexity(rng, case)
    case.init = random_map(rng, case)
    if case.method == "interpolation":
        case.accuracy = one_of(rng, None, None, lambda: 1e-4)
        case.graph = one_of(rng, None, lambda: random_graph(rng, case))
        if case.graph is None and neighbours_are_tied(case):
            case.graph = random_graph(rng, case)
    return replace(case, learning_rate=calm_rate(case))


def one_of(rng, *choices):
    """One of the choices at random; what can be called is."""
    chosen = choices[rng.integers(len(choices))]
    return chosen() if callable(chosen) else chosen


def random_expression(rng, n_points):
    """Clusters, counts dense and sparse, few dimensions within many, ties; in any unit."""
    n_features = int(np.exp(rng.uniform(0, np.log(60))))
    shape = (n_points, n_features)
    group = rng.integers(4, size=n_points)
    kinds = {
        "clusters": lambda: 2 * rng.normal(size=(4, n_features))[group] + rng.normal(size=shape),
        "counts": lambda: rng.poisson(rng.gamma(1, 5, n_features), shape).astype(float),
        "sparse counts": lambda: rng.poisson(0.3, shape).astype(float),
        "plane": lambda: rng.normal(size=(n_points, 2)) @ rng.normal(size=(2, n_features)),
        "steps": lambda: rng.normal(size=shape) * 10.0 ** -rng.uniform(0, 3, n_features),
    }
    X = kinds[rng.choice(list(kinds))]()
    if rng.random() < 0.2:  # some profiles more than once
        X[rng.integers(n_points, size=n_points // 4)] = X[0]
    X = X * 10 ** rng.uniform(-3, 6) + one_of(rng, 0.0, lambda: rng.normal())
    X[0] += np.abs(X).max() + 1 if (X == X[0]).all() else 0
    return X


def random_positions(rng, n_points):
    """Anywhere, on a lattice, on a line, in three dimensions; in any unit."""
    side = int(np.ceil(np.sqrt(n_points)))
    lattice = np.stack([np.arange(n_points) % side, np.arange(n_points) // side], axis=1).astype(float)
    kinds = {
        "anywhere": lambda: rng.uniform(size=(n_points, 2)),
        "lattice": lambda: lattice + 0.5 * (lattice[:, 1:] % 2) * [1, 0],
        "line": lambda: np.arange(n_points, dtype=float)[:, None],
        "volume": lambda: rng.normal(size=(n_points, int(rng.integers(3, 6)))),
    }
    return kinds[rng.choice(list(kinds))]() * 10 ** rng.uniform(-1, 5) + one_of(rng, 0.0, 1e3)


def random_weight(rng):
    return float(one_of(rng, 0.0, 8.0, lambda: 10 ** rng.uniform(-2, 1), lambda: 10 ** rng.uniform(1, 4)))


def random_perplexity(rng, case):
    """Up to the most there may be; below 1 the search for a Gaussian ends among denormal numbers."""
    most = (len(case.X) - 1) / 3
    return float(max(1.0, one_of(rng, most, lambda: most * rng.random(), lambda: min(most, 10.0))))


def random_sections(rng, n_points):
    """Mostly none; else up to five, of which the first has two points."""
    if rng.random() < 0.7:
        return None
    n_sections = int(rng.integers(1, min(5, n_points - 1) + 1))
    codes = np.concatenate([[0], np.arange(n_sections), rng.integers(n_sections, size=n_points)])
    return rng.permutation(codes[:n_points])


def random_map(rng, case):
    """A start as t-SNE has it, a settled map's size, groups far apart, points that coincide."""
    shape = (len(case.X), case.no_dims)
    kinds = {
        "small": lambda: reference.random_start(case.seed, *shape),
        "settled": lambda: rng.normal(size=shape),
        "groups": lambda: (
            5 * rng.normal(size=(4, shape[1]))[rng.integers(4, size=shape[0])] + rng.normal(size=shape)
        ),
        "coinciding": lambda: rng.normal(size=(shape[0] // 2 + 1, shape[1]))[
            rng.integers(shape[0] // 2 + 1, size=shape[0])
        ],
    }
    return kinds[rng.choice(list(kinds))]() + one_of(rng, 0.0, 3.0)


def neighbours_are_tied(case):
    """Whether the last of the neighbours taken is as near as the first of those left out."""
    d2 = reference.squared_distances(reference.scaled(case.X))
    np.fill_diagonal(d2, np.inf)
    k = min(len(d2) - 1, int(3 * case.perplexity))
    ordered = np.sort(d2, axis=1)
    return k < len(d2) - 1 and bool((ordered[:, k] - ordered[:, k - 1] <= 1e-5 * ordered[:, k]).any())


def random_graph(rng, case):
    """Some of the nearer neighbours, as approximate searches find them."""
    n_points = len(case.X)
    k = int(rng.integers(max(1, np.ceil(case.perplexity)), n_points))
    d2 = reference.squared_distances(case.X) * rng.uniform(1, 1.2, (n_points, n_points))
    np.fill_diagonal(d2, np.inf)
    index = np.argsort(d2, axis=1, kind="stable")[:, :k]
    distance = np.sqrt(np.take_along_axis(reference.squared_distances(case.X), index, axis=1))
    return index, distance.astype(np.float32).astype(float)


def calm_rate(case):
    """A learning rate at which points move a good part of the map's size in ten steps, and do not jump."""
    stiffness = case.exaggeration + (case.alpha + case.beta) * case.sigma**2
    return 0.1 * len(case.X) / stiffness
