"""Each score against a slow twin written from its definition, or scikit-learn; samples against the whole."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist, squareform
from scipy.stats import pearsonr, spearmanr
from sklearn import manifold
from sklearn.metrics import silhouette_score

from spasne_tools.metrics.scores import (
    Estimate,
    Sampling,
    chaos,
    continuity,
    knn_preservation,
    morans_i,
    pairwise_correlation,
    pas,
    score_embedding,
    silhouette,
    trustworthiness,
)

SAMPLED = Sampling(exact_up_to=10, n_pairs=20_000, n_points=200, seed=3)


def example(n=230, n_features=20, seed=0):
    """Data and a map that has something to do with them, positions likewise, and uneven classes."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features)) * np.linspace(3, 0.3, n_features) + 40
    Y = X[:, :2] + rng.normal(size=(n, 2))
    pixels = 1000 * Y + rng.normal(scale=2000, size=(n, 2))
    labels = np.digitize(Y[:, 0] + rng.normal(scale=2, size=n), [38, 40, 44])
    return X, Y, pixels, labels


def nearest(X, i, k):
    distance = np.linalg.norm(X - X[i], axis=1)
    distance[i] = np.inf
    return set(np.argsort(distance, kind="stable")[:k].tolist())


# ---- correlations of distances ----------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, 230, 1500])  # 1500: more than one block
def test_pearson_equals_scipy(n):
    X, Y, _, _ = example(n)
    assert pairwise_correlation(X, Y) == pytest.approx(pearsonr(pdist(X), pdist(Y))[0], abs=1e-12)


def test_pearson_of_distant_data_keeps_its_digits():
    X, Y, _, _ = example()
    assert pairwise_correlation(X + 1e7, Y) == pytest.approx(pairwise_correlation(X, Y), abs=1e-7)


def test_spearman_equals_scipy():
    X, Y, _, _ = example()
    found = pairwise_correlation(X, Y, "spearman")
    assert found == pytest.approx(spearmanr(pdist(X), pdist(Y))[0], abs=1e-12)
    assert found.standard_error == 0


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_sampled_correlations_have_the_standard_error_they_claim(kind):
    X, Y, _, _ = example()
    exact = pairwise_correlation(X, Y, kind)
    samples = [pairwise_correlation(X, Y, kind, Sampling(10, 5_000, seed=seed)) for seed in range(30)]
    claimed = np.mean([sample.standard_error for sample in samples])
    errors = np.array(samples) - exact
    assert 0.7 * claimed < np.sqrt(np.mean(errors**2)) < 1.4 * claimed


def test_sample_is_reproducible():
    X, Y, _, _ = example()
    assert pairwise_correlation(X, Y, sampling=SAMPLED) == pairwise_correlation(X, Y, sampling=SAMPLED)


def test_sparse_data_equal_dense_data():
    X, Y, pixels, labels = example()
    X = np.maximum(X - 41, 0)
    dense = score_embedding(Y, X, pixels, labels, full=True)
    pd.testing.assert_series_equal(score_embedding(Y, csr_matrix(X), pixels, labels, full=True), dense)


def test_constant_distances_have_no_correlation():
    assert np.isnan(pairwise_correlation(np.eye(4), np.zeros((4, 2))))


def test_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match='expected kind "pearson" or "spearman", found \'kendall\''):
        pairwise_correlation(np.eye(4), np.eye(4), "kendall")


# ---- silhouette -------------------------------------------------------------------------------------------


def test_silhouette_equals_scikit_learn():
    _, Y, _, labels = example()
    labels = np.array(["a", "b", "c", "d"])[labels]
    labels[5] = "alone"
    assert silhouette(Y, labels) == pytest.approx(silhouette_score(Y, labels), abs=1e-12)


def test_sampled_silhouette_has_the_standard_error_it_claims():
    _, Y, _, labels = example()
    exact = silhouette(Y, labels)
    samples = [silhouette(Y, labels, Sampling(10, n_points=80, seed=seed)) for seed in range(40)]
    claimed = np.mean([sample.standard_error for sample in samples])
    assert 0.7 * claimed < np.sqrt(np.mean((np.array(samples) - exact) ** 2)) < 1.4 * claimed


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a"] * 6, "expected between 2 and 5 classes in labels, found 1"),
        (list("abcdef"), "expected between 2 and 5 classes in labels, found 6"),
        (["a", "b", None, "a", "b", "a"], "expected labels for every spot, found 1 missing"),
        (["a", "b"], "expected 6 labels, one per spot, found 2"),
    ],
)
def test_labels_that_cannot_be_scored_are_errors(labels, message):
    with pytest.raises(ValueError, match=message):
        silhouette(np.arange(12.0).reshape(6, 2), labels)


# ---- neighbourhoods ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 10, 15])
def test_knn_preservation_equals_its_definition(k):
    X, Y, _, _ = example(120)
    shares = [len(nearest(X, i, k) & nearest(Y, i, k)) / k for i in range(len(X))]
    assert knn_preservation(X, Y, k) == pytest.approx(np.mean(shares), abs=1e-12)


@pytest.mark.parametrize("k", [5, 15])
def test_trustworthiness_and_continuity_equal_scikit_learn(k):
    X, Y, _, _ = example(150)
    wanted = manifold.trustworthiness(X, Y, n_neighbors=k)
    assert trustworthiness(X, Y, k) == pytest.approx(wanted, abs=1e-12)
    assert continuity(Y, X, k) == pytest.approx(wanted, abs=1e-12)


def test_sampled_neighbourhoods_are_near_the_whole():
    X, Y, _, _ = example(600)
    for score in (knn_preservation, trustworthiness, continuity):
        sample = score(X, Y, sampling=SAMPLED)
        assert 0 < sample.standard_error < 0.02
        assert abs(sample - score(X, Y)) < 4 * sample.standard_error


@pytest.mark.parametrize("k", [0, 6])
def test_k_out_of_range_is_an_error(k):
    with pytest.raises(ValueError, match=f"expected k between 1 and 5, .* found {k}"):
        knn_preservation(np.eye(11), np.eye(11), k)


# ---- domains and axes over space --------------------------------------------------------------------------


def test_chaos_equals_its_definition():
    _, _, pixels, domains = example()
    domains[7] = 9  # alone in its domain: adds nothing
    standard = (pixels - pixels.mean(axis=0)) / pixels.std(axis=0, ddof=1)
    distance = squareform(pdist(standard))
    np.fill_diagonal(distance, np.inf)
    own = [distance[i][domains == domains[i]].min() for i in range(len(pixels)) if i != 7]
    assert chaos(domains, pixels) == pytest.approx(np.sum(own) / len(pixels), abs=1e-12)


@pytest.mark.parametrize("k", [10, 7])
def test_pas_equals_its_definition(k):
    _, _, pixels, domains = example()
    different = [sum(domains[j] != domains[i] for j in nearest(pixels, i, k)) for i in range(len(pixels))]
    abnormal = np.array(different) > k / 2
    assert pas(domains, pixels, k) == np.mean(abnormal)


def test_morans_i_equals_its_definition():
    _, Y, pixels, _ = example(90)
    n, k = len(Y), 6
    weights = np.zeros((n, n))
    for i in range(n):
        weights[i, list(nearest(pixels, i, k))] = 1 / k
    for axis in range(2):
        z = Y[:, axis] - Y[:, axis].mean()
        wanted = n / weights.sum() * (z @ weights @ z) / (z @ z)
        assert morans_i(Y, pixels)[axis] == pytest.approx(wanted, abs=1e-12)


def test_spots_at_one_position_are_never_their_own_neighbours():
    pixels = np.repeat(np.arange(4.0)[:, None] * [1, 0], 5, axis=0)  # 4 places, 5 spots at each
    values = np.tile([1.0, -1, 1, -1, 0], 4)
    place = values.reshape(4, 5)
    others = (place.sum(axis=1, keepdims=True) - place).ravel()
    wanted = (values * others / 4).sum() / (values**2).sum()
    assert morans_i(values, pixels, k=4)[0] == pytest.approx(wanted)


def test_morans_i_of_a_constant_is_nan():
    assert np.isnan(morans_i(np.ones(20), np.arange(40.0).reshape(20, 2))).all()


# ---- the table --------------------------------------------------------------------------------------------


def test_default_scores_are_r1_r2_and_s():
    X, Y, pixels, labels = example()
    scores = score_embedding(Y, X, pixels, labels)
    assert list(scores.index) == ["r1", "r2", "s"]
    assert scores["r1"] == pytest.approx(pairwise_correlation(X, Y))
    assert scores["r2"] == pytest.approx(pairwise_correlation(pixels, Y))
    assert scores["s"] == pytest.approx(silhouette(Y, labels))
    assert list(score_embedding(Y, X).index) == ["r1"]


def test_full_scores_are_those_of_the_functions():
    X, Y, pixels, labels = example()
    scores = score_embedding(Y, X, pixels, labels, domains=labels, full=True)
    for space, Z in (("expression", X), ("space", pixels)):
        assert scores[f"spearman_{space}"] == pytest.approx(pairwise_correlation(Z, Y, "spearman"))
        assert scores[f"knn10_{space}"] == pytest.approx(knn_preservation(Z, Y, 10))
        assert scores[f"knn15_{space}"] == pytest.approx(knn_preservation(Z, Y, 15))
        assert scores[f"trustworthiness_{space}"] == pytest.approx(trustworthiness(Z, Y, 15))
        assert scores[f"continuity_{space}"] == pytest.approx(continuity(Z, Y, 15))
    assert scores["chaos"] == pytest.approx(chaos(labels, pixels))
    assert scores["pas"] == pytest.approx(pas(labels, pixels))
    assert [scores["moran_1"], scores["moran_2"]] == pytest.approx(morans_i(Y, pixels).tolist())
    assert len(scores) == 3 + 2 * 5 + 4


def test_sampled_scores_come_with_standard_errors():
    X, Y, pixels, labels = example()
    scores = score_embedding(Y, X, pixels, labels, full=True, sampling=SAMPLED)
    assert scores["r1_se"] == pytest.approx(pairwise_correlation(X, Y, sampling=SAMPLED).standard_error)
    assert {"r2_se", "s_se", "knn10_space_se", "continuity_expression_se"} <= set(scores.index)
    assert "moran_1_se" not in scores.index


def test_a_good_map_scores_higher_than_chance():
    X, Y, pixels, labels = example()
    shuffled = Y[np.random.default_rng(1).permutation(len(Y))]
    good, chance = (score_embedding(map_, X, pixels, labels, full=True) for map_ in (Y, shuffled))
    assert (good - chance).min() > 0.05


@pytest.mark.parametrize("name", ["Y", "pixels", "labels"])
def test_rows_that_do_not_match_are_errors(name):
    X, Y, pixels, labels = example()
    arguments = {"Y": Y, "data": X, "pixels": pixels, "labels": labels}
    arguments[name] = arguments[name][:-1]
    with pytest.raises(ValueError, match=f"expected 230 rows in {name}, as in data, found 229"):
        score_embedding(**arguments)


def test_frames_in_another_order_are_an_error():
    X, Y, pixels, _ = example()
    names = [f"spot{i}" for i in range(len(X))]
    data, pixels = (pd.DataFrame(Z, index=names) for Z in (X, pixels))
    with pytest.raises(ValueError, match="expected pixels in the row order of data"):
        score_embedding(Y, data, pixels.iloc[::-1])


def test_too_few_spots_are_an_error():
    with pytest.raises(ValueError, match="expected at least 3 spots in X, found 2"):
        pairwise_correlation(np.eye(2), np.eye(2))


def test_estimate_survives_pickling():
    copy = pickle.loads(pickle.dumps(Estimate(0.5, 0.25)))
    assert (copy, copy.standard_error) == (0.5, 0.25)


def test_silhouette_of_small_classes():
    labels = np.repeat(["a", "b", "c", "d"], [2, 2, 3, 5])
    Y = np.random.default_rng(5).normal(size=(len(labels), 2))
    assert silhouette(Y, labels) == pytest.approx(silhouette_score(Y, labels), abs=1e-12)


def test_correlation_in_small_units():
    X = np.random.default_rng(6).normal(size=(40, 3))
    assert pairwise_correlation(1e-6 * X, 1e-7 * X) == pytest.approx(1)


def test_positions_may_be_sparse():
    rng = np.random.default_rng(0)
    Y, data, pixels = rng.normal(size=(30, 2)), rng.normal(size=(30, 4)), rng.uniform(1, 9, (30, 2))
    sections = np.arange(30) % 2
    pd.testing.assert_series_equal(
        score_embedding(Y, data, csr_matrix(pixels), sections=sections),
        score_embedding(Y, data, pixels, sections=sections),
    )


def test_sections_of_the_same_name_are_refused():
    """As text; one of them would be left out of the means."""
    Y = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(ValueError, match="expected sections whose names differ as text"):
        score_embedding(Y, Y, Y, sections=np.array(["1", 1] * 15, dtype=object))
