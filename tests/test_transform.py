"""New points on a frozen map: the objective by its definition, its gradient, units, and where points land."""

import functools
import gc
import os
import pickle
import warnings
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from reference import row_affinities

from spasne import SpaSNE, preprocess_counts, simulate_tissue
from spasne_tools import affinities, component_axes, placement, placement_cost
from spasne_tools.affinities import Gaussians, nearest
from spasne_tools.datasets import load_dataset
from spasne_tools.placement import place
from spasne_tools.placement_cost import Columns, PlacementCost, Reference, all_columns
from spasne_tools.principal_components import Projection, pca
from spasne_tools.run.parameters import Objective
from spasne_tools.simulation import simulate_components

pytestmark = pytest.mark.usefixtures("real_executable")

needs_data = pytest.mark.skipif("SPASNE_DATA" not in os.environ, reason="SPASNE_DATA does not name the data")
QUICK = {"perplexity": 10, "max_iter": 300, "random_state": 1}
BRIEF = QUICK | {"max_iter": 10}  # before differences in rounding have grown


def make_points(n, seed, no_dims):
    """Data and positions that follow places, with noise."""
    axes, random = np.random.default_rng(0), np.random.default_rng(seed)
    to_X, to_S = axes.normal(size=(no_dims, 12)) / 6, axes.normal(size=(no_dims, 3))
    Y = random.normal(size=(n, no_dims))
    noise_X, noise_S = random.normal(size=(n, 12)) / 12, random.normal(size=(n, 3)) / 3
    return Y @ to_X + noise_X, Y @ to_S + noise_S, Y


def make_reference(n=40, no_dims=2, **options):
    values = {"alpha": 3.0, "beta": 2.0, "perplexity": 4.0, "space_offset": 0.7} | options
    X, S, Y = make_points(n, 0, no_dims)
    return Reference(X, Y, S, **values)


def new_points(m=5, no_dims=2):
    return make_points(m, 1, no_dims)


def columns_for(reference, X):
    index, squared = nearest(X, reference.X, reference.perplexity)
    affinity = Gaussians.of(squared, reference.perplexity).of_neighbours(squared)
    return all_columns(reference, X, Columns(index, squared, affinity, np.ones(index.shape)))


def squared_by_loops(A):
    return np.array([[((a - b) ** 2).sum() for b in A] for a in A])


def shares(A, offset, factor=1.0):
    """(offset + factor d^2) / sum over ordered pairs, the diagonal 0."""
    values = offset + factor * squared_by_loops(A)
    np.fill_diagonal(values, 0)
    return values / values.sum()


def whole_cost(reference, x, s, y, p):
    """SpaSNE's cost of all N + 1 points, by its definition but for the constant P log P."""
    Y = np.vstack([reference.Y, y])
    P_new = np.append(p, 0) / (len(Y))  # affinities of the new point with all others, in both directions
    off = ~np.eye(len(Y), dtype=bool)
    kernel = np.where(off, 1 / (1 + squared_by_loops(Y)), 0)
    # The other affinities, which do not change with y, are those that make up a sum of 1.
    cost = 2 * (P_new[:-1] * -np.log(kernel[-1, :-1] / kernel.sum())).sum()
    cost += (1 - 2 * P_new.sum()) * np.log(kernel.sum())
    Q_global = shares(Y, 1.0, reference.global_scale**2)[off]
    P_global = shares(np.vstack([reference.X, x]), 1.0)[off]
    cost += reference.alpha * (P_global * np.log(P_global / Q_global)).sum()
    if s is not None:
        P_space = shares(np.vstack([reference.S, s]), reference.space_offset)[off]
        cost += reference.beta * (P_space * np.log(P_space / Q_global)).sum()
    return cost


# --- the objective --------------------------------------------------------------------------------


@pytest.mark.parametrize("with_space", [True, False])
@pytest.mark.parametrize("global_scale", [1.0, 0.3])
@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_the_cost_is_that_of_the_map_with_one_point_more(no_dims, global_scale, with_space):
    reference = make_reference(no_dims=no_dims, global_scale=global_scale)
    X, S, y = new_points(no_dims=no_dims)
    S = S if with_space else None
    columns = columns_for(reference, X)
    cost = PlacementCost(reference, columns, X, S)
    difference = cost(y)[0] - cost(0 * y)[0]
    expected = [
        whole_cost(reference, X[i], None if S is None else S[i], y[i], columns.affinity[i])
        - whole_cost(reference, X[i], None if S is None else S[i], 0 * y[i], columns.affinity[i])
        for i in range(len(X))
    ]
    assert difference == pytest.approx((reference.n_points + 1) / 2 * np.array(expected), rel=1e-9)


@pytest.mark.parametrize("most_summed", [5000, 15])
@pytest.mark.parametrize("with_space", [True, False])
@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_the_gradient_is_that_of_the_cost(monkeypatch, no_dims, with_space, most_summed):
    monkeypatch.setattr(placement_cost, "MOST_SUMMED", most_summed)
    reference = make_reference(no_dims=no_dims, global_scale=0.6)
    X, S, y = new_points(no_dims=no_dims)
    cost = PlacementCost(reference, columns_for(reference, X), X, S if with_space else None)
    step = 1e-6
    gradient = np.empty(y.shape)
    for axis in range(no_dims):
        forward, back = y.copy(), y.copy()
        forward[:, axis] += step
        back[:, axis] -= step
        gradient[:, axis] = (cost(forward)[0] - cost(back)[0]) / (2 * step)
    assert cost(y)[1] == pytest.approx(gradient, rel=1e-6, abs=1e-6 * np.abs(gradient).max())


@pytest.mark.parametrize("name", [one.name for one in fields(Objective)])
def test_every_parameter_of_the_objective_counts(name):
    X, S, y = new_points()
    costs = []
    for reference in (make_reference(), make_reference(**{name: 1.7})):
        costs.append(PlacementCost(reference, columns_for(reference, X), X, S)(y)[0])
    assert not np.isclose(*costs, rtol=1e-3).any()


def test_affinities_have_the_perplexity():
    squared = np.random.default_rng(0).uniform(0, 2, size=(6, 30))
    squared[0] *= 1e-9
    squared[1] *= 1e9
    squared[2] += 1e4
    p = Gaussians.of(squared, 7).of_neighbours(squared)
    assert p.sum(axis=1) == pytest.approx(1)
    assert np.exp(-(p * np.log(p)).sum(axis=1)) == pytest.approx(7, rel=2e-5)


def test_affinities_are_those_of_the_reference():
    """Of the same search in C++, which test_neighbours.py compares with the same reference."""
    squared = np.random.default_rng(0).uniform(0, 2, size=(6, 30))
    found = Gaussians.of(squared, 7).of_neighbours(squared)
    expected = [row_affinities(np.append(row, 0), 30, 7)[:-1] for row in squared]
    assert found == pytest.approx(np.array(expected), rel=1e-4)


@pytest.mark.parametrize("squared", [np.zeros((2, 30)), np.repeat([[0.0, 3.0]], 15, axis=1).reshape(1, 30)])
def test_affinities_of_points_equally_near(squared):
    """More than the perplexity are nearest: they share alike, and the others get nothing."""
    nearest_ones = squared == 0
    p = Gaussians.of(squared, 5).of_neighbours(squared)
    assert np.allclose(p, nearest_ones / nearest_ones.sum(axis=1, keepdims=True), atol=1e-12)


def test_affinities_seen_from_the_reference():
    reference = make_reference()
    X, _, _ = new_points()
    between = np.array([[((x - z) ** 2).sum() for z in reference.X] for x in X])
    within = squared_by_loops(reference.X)
    found = reference.gaussians.of_newcomers(between)
    for j in range(reference.n_points):
        others = np.sort(np.delete(within[j], j))[:12]
        weights = np.exp(-reference.gaussians.precision[j] * np.append(others, between[0, j]))
        assert found[0, j] == pytest.approx(weights[-1] / weights.sum(), rel=1e-9)


def test_affinities_are_seen_from_both_sides():
    reference = make_reference()
    X, _, _ = new_points()
    index, squared = nearest(X, reference.X, reference.perplexity)
    assert index.shape == (5, 12)
    own = np.zeros((5, reference.n_points))
    np.put_along_axis(own, index, Gaussians.of(squared, 4).of_neighbours(squared), axis=1)
    columns = columns_for(reference, X)
    assert columns.affinity == pytest.approx((own + reference.gaussians.of_newcomers(columns.squared)) / 2)


def test_a_sample_stands_for_all(monkeypatch):
    """Columns weigh as many as there are points, and places are near those of all points' sums."""
    reference = make_reference(400, perplexity=10.0)
    X, S, _ = new_points(30)
    exact = place(reference, X, S)
    monkeypatch.setattr(placement_cost, "MOST_SUMMED", 200)
    sampled_reference = make_reference(400, perplexity=10.0)
    columns = columns_for(sampled_reference, X)
    assert columns.index.shape == (30, 230)
    assert columns.weight.sum(axis=1) == pytest.approx(400)
    assert all(
        len(set(row[weight > 0])) == (weight > 0).sum()
        for row, weight in zip(columns.index, columns.weight, strict=True)
    )
    assert sampled_reference.Z_local == pytest.approx(reference.Z_local, rel=0.1)
    apart = np.linalg.norm(place(sampled_reference, X, S) - exact, axis=1)
    assert np.median(apart) < 0.15 * reference.radius


# --- the descent ----------------------------------------------------------------------------------


def test_points_end_where_the_gradient_vanishes():
    reference = make_reference(100, perplexity=10.0)
    X, S, _ = new_points(20)
    cost = PlacementCost(reference, columns_for(reference, X), X, S)
    placed = place(reference, X, S)
    steepness = np.linalg.norm(cost(placed)[1], axis=1)
    assert np.median(steepness) < 1e-3 * np.median(
        np.linalg.norm(cost(0 * placed + reference.radius)[1], axis=1)
    )
    index, squared = nearest(X, reference.X, 10)
    start = np.einsum("ij,ijk->ik", Gaussians.of(squared, 10).of_neighbours(squared), reference.Y[index])
    assert (cost(placed)[0] <= cost(start)[0]).all()
    other = cost(placed + np.random.default_rng(0).normal(scale=0.1, size=placed.shape))[0]
    assert (cost(placed)[0] < other).mean() > 0.9


def test_a_step_that_increases_the_cost_is_not_made():
    """The second row meets a cost that rises with each look at it, the first goes downhill."""
    seen = []

    def cost(y):
        seen.append(y.copy())
        return np.array([(y[0] ** 2).sum(), len(seen)]), np.array([2 * y[0], [1.0, 0.0]])

    start = np.ones((2, 2))
    final, arrived = placement._descend(cost, start, 3.0)
    assert arrived.all()
    assert np.linalg.norm(final[0]) < 1e-3
    assert np.array_equal(final[1], start[1])
    tried = np.array([1 - y[1, 0] for y in seen[1:4]])
    assert tried == pytest.approx(tried[0] / np.array([1, 4, 16]))


def test_points_far_outside_arrive_and_the_others_are_counted(monkeypatch, recwarn):
    reference = make_reference(100, perplexity=10.0)
    X, S, _ = new_points(20)
    X, S = 10 * X, 10 * S
    cost = PlacementCost(reference, columns_for(reference, X), X, S)
    placed = place(reference, X, S)
    assert not recwarn.list
    steepness = np.linalg.norm(cost(placed)[1], axis=1)
    at_the_middle = np.linalg.norm(cost(0 * placed)[1], axis=1)
    assert np.linalg.norm(placed, axis=1).max() > 5 * reference.radius  # farther than 50 steps of 0.1
    assert (steepness < 1e-2 * at_the_middle).all()
    monkeypatch.setattr(placement, "MAX_STEPS", 2)
    with pytest.warns(UserWarning, match="20 of 20 rows had not arrived at their places after 2 steps"):
        place(reference, X, S)


def test_every_row_is_placed_by_itself(monkeypatch):
    reference = make_reference(100, perplexity=10.0)
    X, S, _ = new_points(20)
    together = place(reference, X, S)
    alone = np.vstack([place(reference, X[i : i + 1], S[i : i + 1]) for i in range(20)])
    assert alone == pytest.approx(together, abs=1e-9)
    monkeypatch.setattr(placement, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(placement, "PAIRS_AT_ONCE", 300)
    for module in (affinities, placement_cost):
        monkeypatch.setattr(module, "BLOCK_ENTRIES", 300)
    assert place(make_reference(100, perplexity=10.0), X, S) == pytest.approx(together, abs=1e-9)


# --- through the estimator ------------------------------------------------------------------------


@functools.cache
def tissue(n=300):
    components, pixels, labels = simulate_components(n, n_components=20, n_genes=200, seed=1)
    return components, pixels.to_numpy(float), labels.to_numpy()


def test_the_map_stays_as_it_is_and_holds_its_own_points():
    X, S, _ = tissue()
    model = SpaSNE(**QUICK).fit(X, pixels=S)
    before = model.embedding_.copy()
    assert np.array_equal(model.transform(X[::-1], S[::-1]), before[::-1])
    assert np.array_equal(model.transform(X), before)
    moved = model.transform(X[:20], S[::-1][:20])  # the same cells somewhere else
    assert (np.linalg.norm(moved - before[:20], axis=1) > 1e-3 * before.std()).all()
    assert np.array_equal(model.embedding_, before)


def test_what_fit_transform_returns_is_the_callers():
    X, S, _ = tissue()
    model = SpaSNE(**BRIEF)
    Y = model.fit_transform(X, pixels=S)
    before = Y.copy()
    Y += 100
    assert np.array_equal(model.embedding_, before)
    assert np.array_equal(model.transform(X, S), before)


def test_pixels_is_another_name_of_pixels_new():
    X, S, _ = tissue()
    model = SpaSNE(**BRIEF).fit(X[30:], pixels=S[30:])
    assert np.array_equal(model.transform(X[:30], pixels=S[:30]), model.transform(X[:30], S[:30]))
    with pytest.raises(ValueError, match="found both"):
        model.transform(X[:30], S[:30], pixels=S[:30])


def test_positions_matter_only_where_they_are_given():
    X, S, _ = tissue()
    model = SpaSNE(**QUICK).fit(X[30:], pixels=S[30:])
    by_expression = model.transform(X[:30])
    assert not np.allclose(by_expression, model.transform(X[:30], S[:30]), atol=1e-3)
    without_space = SpaSNE(**QUICK, beta=0).fit(X[30:], pixels=S[30:])
    expected = without_space.transform(X[:30])
    assert np.array_equal(without_space.transform(X[:30], S[:30]), expected)


@pytest.mark.parametrize(("pixel_scale", "unit"), [("unit", 1e-3), ("unit", 1e4), (2.0, 0.5), (0.25, 4.0)])
def test_new_positions_are_in_the_unit_of_the_old(pixel_scale, unit):
    X, S, _ = tissue()
    base = SpaSNE(**BRIEF, pixel_scale="unit" if pixel_scale == "unit" else "raw")
    scaled = SpaSNE(**BRIEF, pixel_scale=pixel_scale)
    shift = 3.0 if pixel_scale == "unit" else 0.0
    expected = base.fit(X[30:], pixels=S[30:]).transform(X[:30], S[:30])
    moved = (S + shift) * unit
    found = scaled.fit(X[30:], pixels=moved[30:]).transform(X[:30], moved[:30])
    assert found == pytest.approx(expected, abs=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("use_pca", [True, False])
@pytest.mark.parametrize("as_given", [scipy.sparse.csr_matrix, pd.DataFrame, np.asfortranarray])
def test_any_kind_of_matrix_is_placed_alike(as_given, use_pca):
    X, S, _ = tissue()
    X = np.where(np.abs(X) < 0.5, 0, X) + 0.0
    model = SpaSNE(**BRIEF, use_pca=use_pca)
    expected = model.fit(X[30:], pixels=S[30:]).transform(X[:30], S[:30])
    found = model.fit(as_given(X[30:]), pixels=S[30:]).transform(as_given(X[:30]), S[:30])
    assert found == pytest.approx(expected, abs=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("use_pca", [True, False])
@pytest.mark.parametrize(
    ("kind", "other"), [(np.asarray, scipy.sparse.csr_matrix), (scipy.sparse.csr_matrix, np.asarray)]
)
def test_new_rows_may_be_sparse_where_the_map_is_of_dense_data_and_the_reverse(kind, other, use_pca):
    X, S, _ = tissue()
    X = np.where(np.abs(X) < 0.5, 0, X) + 3.0 * (np.arange(X.shape[1]) == 0)  # a column far from 0
    model = SpaSNE(**BRIEF, use_pca=use_pca).fit(kind(X[30:]), pixels=S[30:])
    expected = model.transform(kind(X[:30]), S[:30])
    assert model.transform(other(X[:30]), S[:30]) == pytest.approx(expected, abs=1e-9)
    assert np.array_equal(model.transform(other(X[30:]), S[30:]), model.embedding_)


@pytest.mark.parametrize("shape", [(50, 20), (20, 50)])
@pytest.mark.parametrize("as_given", [np.asarray, scipy.sparse.csr_matrix])
def test_new_rows_are_projected_as_the_old_ones(shape, as_given):
    X = np.random.default_rng(0).normal(size=shape) + 5
    scores = pca(X, 10)
    projection = Projection.of(as_given(X), scores)
    assert projection.apply(as_given(X)) == pytest.approx(scores, abs=1e-10)
    assert projection.loadings.T @ projection.loadings == pytest.approx(np.eye(10), abs=1e-10)


def test_components_without_content_stay_out_of_the_projection():
    random = np.random.default_rng(0)
    X = random.normal(size=(50, 3)) @ random.normal(size=(3, 20))
    projection = Projection.of(X, pca(X, 10))
    assert np.abs(projection.apply(random.normal(size=(5, 3)) @ random.normal(size=(3, 20)))).max() < 100
    assert np.count_nonzero(np.abs(projection.loadings).sum(axis=0)) == 3


# --- where new points land ------------------------------------------------------------------------


def agreement(Y, labels, others, other_labels, k=15):
    """Share of the k nearest others that have a point's own label; a point is not its own neighbour."""
    found = []
    for y, label in zip(Y, labels, strict=True):
        squared = ((others - y) ** 2).sum(axis=1)
        squared[squared == 0] = np.inf
        found.append((other_labels[np.argsort(squared, kind="stable")[:k]] == label).mean())
    return np.mean(found)


def compared(X, S, labels, **parameters):
    """Agreement of held-out points: placed on the others' map, in the map of all, and by chance."""
    random = np.random.default_rng(2)
    held = np.isin(np.arange(len(X)), random.choice(len(X), len(X) // 10, replace=False))
    model = SpaSNE(**parameters, random_state=1)
    whole = model.fit_transform(X, pixels=S)
    placed = model.fit(X[~held], pixels=S[~held]).transform(X[held], S[held])
    chance = random.permutation(model.embedding_)[: held.sum()]
    return (
        agreement(placed, labels[held], model.embedding_, labels[~held]),
        agreement(whole[held], labels[held], whole, labels),
        agreement(chance, labels[held], model.embedding_, labels[~held]),
    )


@pytest.mark.parametrize("weights", [{}, {"alpha": 0}, {"alpha": 9, "beta": 4, "theta": 0}])
def test_held_out_points_land_near_where_the_whole_run_puts_them(weights):
    X, S, labels = tissue(700)
    placed, whole, chance = compared(X, S, labels, perplexity=30, max_iter=500, **weights)
    assert placed >= 0.95 * whole
    assert whole > 2 * chance


@needs_data
def test_held_out_points_of_the_breast_data():
    d = load_dataset("breast_cancer")
    X, S, labels = d.data.to_numpy(), d.pixels.to_numpy(float), d.labels.to_numpy()
    placed, whole, chance = compared(X, S, labels, alpha=9, beta=4)
    assert placed >= 0.95 * whole
    assert whole > 2 * chance


# ---- components of other counts ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_parts():
    """Counts of two parts of a tissue."""
    counts = simulate_tissue(120, 50, seed=3).counts
    return counts[:80], counts[80:]


def warnings_of(model, X):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.transform(X)
    return [str(each.message) for each in caught if "axes of their own" in str(each.message)]


@pytest.mark.parametrize("kept", ["in memory", "pickled", "saved"])
def test_components_of_other_counts_are_warned_of(two_parts, tmp_path, kept):
    mine, other = (preprocess_counts(part, n_components=20) for part in two_parts)
    model = SpaSNE(**BRIEF).fit(mine)
    if kept == "pickled":
        model = pickle.loads(pickle.dumps(model))
    if kept == "saved":
        model.save(tmp_path / "model.npz")
        model = SpaSNE.load(tmp_path / "model.npz")
    assert len(warnings_of(model, other)) == len(warnings_of(model, other[::2][:5])) == 1
    again = preprocess_counts(two_parts[0], n_components=20)
    for same in (mine, again, again[3:7], other.copy(), other.tolist()):  # the last two: nobody knows
        assert warnings_of(model, same) == []


def test_rows_of_one_decomposition_go_together(two_parts):
    both = preprocess_counts(scipy.sparse.vstack(two_parts).tocsr(), n_components=20)
    assert warnings_of(SpaSNE(**BRIEF).fit(both[:80]), both[80:]) == []
    assert warnings_of(SpaSNE(**BRIEF).fit(both[:80].copy()), both[80:]) == []
    logged = [preprocess_counts(part, n_components=None) for part in two_parts]
    assert warnings_of(SpaSNE(**BRIEF).fit(logged[0]), logged[1]) == []


@pytest.mark.parametrize("kept", ["in memory", "saved"])
def test_counts_on_a_map_of_logarithms_are_warned_of(two_parts, tmp_path, kept):
    def said(model, X):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.transform(X)
        return sum("the same normalisation" in str(each.message) for each in caught)

    of_logs, of_counts = (
        SpaSNE(**BRIEF).fit(X) for X in (preprocess_counts(two_parts[0], n_components=None), two_parts[0])
    )
    if kept == "saved":
        for number, model in enumerate((of_logs, of_counts)):
            model.save(tmp_path / f"{number}.npz")
        of_logs, of_counts = (SpaSNE.load(tmp_path / f"{number}.npz") for number in range(2))
    assert said(of_logs, two_parts[1]) == said(of_logs, two_parts[1].toarray()) == 1
    assert said(of_logs, np.log1p(two_parts[1])) == said(of_counts, two_parts[1]) == 0


def test_decompositions_are_forgotten_with_their_arrays(two_parts):
    made = preprocess_counts(two_parts[0], n_components=5)
    number = id(made)
    assert number in component_axes._made
    del made
    gc.collect()
    assert number not in component_axes._made
