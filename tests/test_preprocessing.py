"""PCA and count normalisation, against scikit-learn and against loops that spell the formulas out."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_info

from spasne import preprocess_counts
from spasne_tools import preprocessing
from spasne_tools.preprocessing import pca

SHAPES = {"tall": (120, 30), "wide": (40, 150), "square": (50, 50), "one column": (40, 1), "one row": (1, 5)}


def make_counts(n, n_genes, seed=0):
    """Counts with zeros, with no row and no column empty."""
    random = np.random.default_rng(seed)
    rates = random.gamma(0.5, 2.0, size=n_genes) * random.gamma(2.0, 1.0, size=(n, 1))
    counts = random.poisson(rates * random.lognormal(0.0, 0.5, size=(n, n_genes)))
    counts[0] += 1
    counts[:, 0] += 1
    return counts


def full_pca(X, n_components):
    """PCA by a full singular value decomposition, the largest loading of each component made positive."""
    _, _, axes = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    axes = axes[:n_components]
    largest = np.abs(axes).argmax(axis=1)
    axes = axes * np.sign(axes[np.arange(len(axes)), largest])[:, None]
    return (X - X.mean(axis=0)) @ axes.T


@pytest.fixture(params=["full", "iterated"])
def solver(request, monkeypatch):
    """Both eigensolvers, on sizes where only the first would be taken."""
    if request.param == "iterated":
        monkeypatch.setattr(preprocessing, "LARGEST_FULL_SIDE", 0)


@pytest.fixture(params=["one block", "blocks"])
def block_size(request, monkeypatch):
    """X centred at once and in blocks; sparse X counted as dense in blocks too."""
    if request.param == "blocks":
        monkeypatch.setattr(preprocessing, "BLOCK_NUMBERS", 1000)
        monkeypatch.setattr(preprocessing, "DENSE_SHARE", 0.0)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("as_given", [np.asarray, scipy.sparse.csr_matrix, scipy.sparse.coo_matrix])
@pytest.mark.parametrize("n_components", [1, 5, 200])
def test_pca_equals_full_decomposition(solver, block_size, shape, as_given, n_components):
    X = np.log1p(make_counts(*shape)) + 3.0 * (np.arange(shape[1]) % 2)
    scores = pca(as_given(X), n_components)
    rank = min(n_components, shape[1], shape[0] - 1)  # components beyond have no length and no direction
    expected = full_pca(X, rank)
    assert scores.shape == (shape[0], min(n_components, *shape))
    assert np.abs(scores[:, :rank] - expected).max(initial=0) <= 1e-8 * np.abs(X).max()
    assert np.abs(scores[:, rank:]).max(initial=0) <= 1e-8 * np.abs(X).max()


def test_pca_equals_scikit_learn():
    X = np.random.default_rng(1).normal(size=(300, 80)) @ np.diag(0.9 ** np.arange(80))
    expected = PCA(n_components=50, svd_solver="full").fit_transform(X)
    signs = np.sign((expected * pca(X, 50)).sum(axis=0))  # releases of scikit-learn differ in them
    assert np.abs(pca(X, 50) - expected * signs).max() <= 1e-8


@pytest.mark.parametrize("as_given", [np.asarray, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("shape", [(60, 20), (20, 60)])
def test_pca_of_float32_is_computed_in_double(as_given, shape):
    X = np.random.default_rng(2).normal(1000.0, 1.0, size=shape).astype(np.float32)
    assert np.array_equal(pca(as_given(X), 5), pca(as_given(X.astype(np.float64)), 5))


@pytest.mark.parametrize(("limit", "threads"), [(1e9, {1}), (0, None)])
def test_small_data_take_one_thread(monkeypatch, limit, threads):
    def blas_threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    seen = []
    find = preprocessing._leading_eigenvectors
    monkeypatch.setattr(
        preprocessing, "_leading_eigenvectors", lambda *given: seen.extend(blas_threads()) or find(*given)
    )
    monkeypatch.setattr(preprocessing, "ONE_THREAD", limit)
    before = blas_threads()
    pca(np.random.default_rng(7).normal(size=(30, 8)), 3)
    assert set(seen) == (threads or set(before))
    assert blas_threads() == before


def test_pca_of_rank_deficient_data_has_no_noise_in_the_rest():
    random = np.random.default_rng(3)
    X = random.normal(size=(40, 3)) @ random.normal(size=(3, 100)) * 1e4
    assert np.abs(pca(X, 40)[:, 3:]).max() < 1e-7


def test_pca_leaves_its_input_alone():
    X = np.random.default_rng(4).normal(size=(20, 6))
    before = X.copy()
    pca(X, 3)
    assert np.array_equal(X, before)


def test_pca_of_large_sparse_data_stays_sparse(monkeypatch):
    X = scipy.sparse.random(4000, 5000, density=0.001, random_state=5, format="csr")

    def refuse(*_, **__):
        raise AssertionError("made dense")

    monkeypatch.setattr(type(X), "toarray", refuse)
    monkeypatch.setattr(type(X), "todense", refuse)
    assert pca(X, 4).shape == (4000, 4)


def test_pca_rejects_values_that_overflow():
    with pytest.raises(ValueError, match="overflow"), np.errstate(all="ignore"):
        pca(np.random.default_rng(6).normal(size=(10, 3)) * 1e200, 2)


def test_pca_rejects_no_components():
    with pytest.raises(ValueError, match="n_components"):
        pca(np.eye(3), 0)


def log_normalised_by_loops(counts):
    totals = [sum(row) for row in counts.tolist()]
    middle = np.median(totals)
    return np.array(
        [
            [np.log(1 + value * middle / total) for value in row]
            for row, total in zip(counts, totals, strict=True)
        ]
    )


@pytest.mark.parametrize(
    "as_given", [np.asarray, pd.DataFrame, scipy.sparse.csr_matrix, scipy.sparse.csc_matrix]
)
def test_preprocess_counts_equals_the_formulas(as_given):
    counts = make_counts(60, 25)
    expected = full_pca(log_normalised_by_loops(counts), 10)
    assert np.abs(preprocess_counts(as_given(counts), 10) - expected).max() <= 1e-8


def highly_variable_by_loops(logged, n_genes):
    """The "seurat" flavour of scanpy.pp.highly_variable_genes, with pandas as scanpy itself does it."""
    counts = np.expm1(logged)
    mean, variance = counts.mean(axis=0), counts.var(axis=0, ddof=1)
    table = pd.DataFrame({"mean": np.log1p(mean), "dispersion": np.log(variance / mean)})
    bins = table.groupby(pd.cut(table["mean"], bins=20), observed=True)["dispersion"]
    centre, spread = bins.transform("mean"), bins.transform("std")
    single = spread.isna()
    score = (table["dispersion"] - centre.where(~single, 0)) / spread.where(~single, table["dispersion"])
    return set(score.sort_values(ascending=False).index[:n_genes])


@pytest.mark.parametrize("as_given", [np.asarray, scipy.sparse.csr_matrix])
def test_highly_variable_genes_equal_scanpys_rule(as_given):
    counts = make_counts(200, 300)
    chosen = preprocessing._highly_variable(preprocessing.log_normalised(as_given(counts * 1.0)), 60)
    assert set(chosen) == highly_variable_by_loops(log_normalised_by_loops(counts), 60)


def test_hvg_keeps_that_many_genes():
    assert preprocess_counts(make_counts(60, 25), 200, hvg=7).shape == (60, 7)


def test_genes_that_never_vary_are_no_highly_variable_ones():
    counts = make_counts(60, 25)
    counts[:, 3] = 0
    chosen = preprocessing._highly_variable(preprocessing.log_normalised(counts * 1.0), 24)
    assert 3 not in chosen


@pytest.mark.parametrize("hvg", [0, 26])
def test_hvg_out_of_range_is_refused(hvg):
    with pytest.raises(ValueError, match="expected hvg between 1 and the 25 genes"):
        preprocess_counts(make_counts(60, 25), hvg=hvg)


@pytest.mark.parametrize("as_given", [np.asarray, scipy.sparse.csr_matrix])
def test_rows_without_counts_are_refused(as_given):
    counts = make_counts(60, 25)
    counts[[5, 9]] = 0
    with pytest.raises(ValueError, match="found 2 rows without any, the first is row 5"):
        preprocess_counts(as_given(counts))


def test_negative_counts_are_refused():
    counts = make_counts(60, 25)
    counts[5, 5] = -2
    with pytest.raises(ValueError, match="expected counts of 0 or more, found -2"):
        preprocess_counts(counts)
