"""PCA and count normalisation, against scikit-learn and against loops that spell the formulas out."""

import os

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_info

from spasne import preprocess_counts
from spasne_tools import principal_components
from spasne_tools.datasets import load_dataset
from spasne_tools.preprocessing import log_normalise, pca
from spasne_tools.principal_components import pca_need
from spasne_tools.variable_genes import highly_variable

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


@pytest.fixture(params=["full", "gram", "products"])
def solver(request, monkeypatch):
    """Each eigensolver, on sizes where only the first would be taken; many components come in full."""
    if request.param != "full":
        monkeypatch.setattr(
            principal_components,
            "_solver",
            lambda X, n_wanted: "full" if n_wanted > min(X.shape) // 4 else request.param,
        )


@pytest.fixture(params=["one block", "blocks"])
def block_size(request, monkeypatch):
    """X centred at once and in blocks; sparse X counted as dense in blocks too."""
    if request.param == "blocks":
        monkeypatch.setattr(principal_components, "BLOCK_NUMBERS", 1000)
        monkeypatch.setattr(principal_components, "DENSE_SHARE", 0.0)


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


def of_shape(n_rows, n_columns, share=1.0):
    """A matrix of that shape without its numbers; sparse where fewer than all are stored."""
    if share == 1:
        return np.broadcast_to(0.0, (n_rows, n_columns))
    X = scipy.sparse.csr_matrix((n_rows, n_columns))
    stored = int(share * n_rows * n_columns)
    X.data, X.indices = np.broadcast_to(0.0, stored), np.broadcast_to(np.int32(0), stored)
    X.indptr = np.full(n_rows + 1, stored)
    return X


@pytest.mark.parametrize(
    ("shape", "n_wanted", "expected"),
    [
        ((2900, 5000), 200, "full"),
        ((3001, 6000), 200, "full"),
        ((3400, 5000), 200, "full"),  # by iteration on products it took 28 times as long
        ((5000, 3400), 200, "full"),
        ((4500, 20000), 200, "full"),
        ((5000, 20000), 50, "gram"),
        ((20000, 20000), 200, "gram"),
        ((10000, 10000), 3000, "full"),
        ((3400, 18000, 0.2), 200, "full"),
        ((100000, 30000, 0.001), 50, "products"),
        ((4000, 5000, 0.001), 4, "products"),
    ],
)
def test_the_solver_is_chosen_by_cost(shape, n_wanted, expected):
    assert principal_components._solver(of_shape(*shape), n_wanted) == expected


def test_memory_follows_the_solver():
    shape = (20000, 20000)
    dense, full = (pca_need(of_shape(*shape), n_wanted) for n_wanted in (200, 6000))
    assert dense == 8 * (20000**2 + (3 * 20000 + 40000) * 200)
    assert full == 8 * (3 * 20000**2 + 40000 * 6000)
    assert pca_need(of_shape(*shape, 0.001), 200) == 8 * (3 * 20000 + 40000) * 200


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
    find = principal_components._leading_eigenvectors
    monkeypatch.setattr(
        principal_components,
        "_leading_eigenvectors",
        lambda *given: seen.extend(blas_threads()) or find(*given),
    )
    monkeypatch.setattr("spasne_tools.blas_threads.ONE_THREAD", limit)
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
    chosen = highly_variable(log_normalise(as_given(counts * 1.0)), 60)
    assert set(chosen) == highly_variable_by_loops(log_normalised_by_loops(counts), 60)


def test_hvg_keeps_that_many_genes():
    assert preprocess_counts(make_counts(60, 25), 200, hvg=7).shape == (60, 7)


def test_genes_that_never_vary_are_no_highly_variable_ones():
    counts = make_counts(60, 25)
    counts[:, 3] = 0
    chosen = highly_variable(log_normalise(counts * 1.0), 24)
    assert 3 not in chosen


@pytest.mark.parametrize("as_given", [np.asarray, scipy.sparse.csr_matrix])
def test_without_pca(as_given):
    """What PCA would be made of: genes chosen among the logarithms, in their order."""
    counts = make_counts(60, 25)
    logged = preprocess_counts(as_given(counts), None, hvg=7)
    assert scipy.sparse.issparse(logged) == (as_given is not np.asarray)
    logged = logged.toarray() if scipy.sparse.issparse(logged) else logged
    total = counts.sum(axis=1, keepdims=True)
    every = np.log1p(counts / total * np.median(total))
    places = [np.flatnonzero(np.isclose(every, column[:, None]).all(axis=0))[0] for column in logged.T]
    assert len(places) == 7 and places == sorted(places)
    assert np.allclose(pca(logged, 5), preprocess_counts(counts, 5, hvg=7), rtol=0, atol=1e-12)


@pytest.mark.parametrize("hvg", [0, 26])
def test_hvg_out_of_range_is_refused(hvg):
    with pytest.raises(ValueError, match="expected hvg between 1 and the 25 genes"):
        preprocess_counts(make_counts(60, 25), hvg=hvg)


@pytest.mark.parametrize("as_given", [np.asarray, scipy.sparse.csr_matrix])
def test_rows_without_counts_are_refused(as_given):
    counts = make_counts(60, 25)
    counts[[5, 9]] = 0
    with pytest.raises(ValueError, match="found 2 rows without any, the first is row 5; .*filter_cells"):
        preprocess_counts(as_given(counts))


def test_negative_counts_are_refused():
    counts = make_counts(60, 25)
    counts[5, 5] = -2
    with pytest.raises(ValueError, match="expected counts of 0 or more, found -2"):
        preprocess_counts(counts)


@pytest.mark.parametrize("as_given", [np.asarray, pd.DataFrame, scipy.sparse.csc_matrix])
@pytest.mark.parametrize("as_mask", [True, False])
def test_all_rows_normalise_and_those_kept_give_the_components(as_given, as_mask):
    counts = make_counts(60, 25)
    counts[:30] *= 3  # another median without them
    rows = np.arange(1, 60, 2)
    keep = pd.Series(np.isin(np.arange(60), rows)) if as_mask else rows[::-1].tolist()
    expected = full_pca(log_normalised_by_loops(counts)[rows], 10)
    found = preprocess_counts(as_given(counts), 10, keep=keep)
    assert np.abs((found if as_mask else found[::-1]) - expected).max() <= 1e-8


def test_genes_are_chosen_by_the_rows_kept():
    counts = make_counts(400, 100)
    counts[200:, :50] *= np.random.default_rng(8).choice([0, 9], size=(200, 50))
    kept = log_normalised_by_loops(counts)[:200]
    expected = full_pca(kept[:, sorted(highly_variable_by_loops(kept, 20))], 5)
    assert np.abs(preprocess_counts(counts, 5, hvg=20, keep=np.arange(200)) - expected).max() <= 1e-8


def test_empty_rows_may_be_left_out():
    counts = make_counts(60, 25)
    expected = preprocess_counts(counts[:50], 5, keep=np.arange(40))
    counts[50:] = 0
    np.testing.assert_allclose(preprocess_counts(counts, 5, keep=np.arange(40)), expected, atol=1e-12)
    with pytest.raises(ValueError, match="found 1 rows without any, the first is row 55"):
        preprocess_counts(counts, keep=[3, 55, 4])


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ([True] * 59, "mask of the 60 rows or row numbers, .* shape \\(59,\\) and type bool"),
        ([False] * 60, "at least one"),
        ([], "at least one"),
        ([1.5], "type float64"),
        ([[1, 2]], "shape \\(1, 2\\)"),
        ([0, 60], "from 0 to 59 in keep, found 0 to 60"),
        ([-1, 5], "from 0 to 59 in keep, found -1 to 5"),
    ],
)
def test_rows_to_keep_that_cannot_be_are_refused(keep, message):
    with pytest.raises(ValueError, match=message):
        preprocess_counts(make_counts(60, 25), keep=keep)


def test_large_sparse_counts_stay_sparse_to_the_end(monkeypatch):
    counts = scipy.sparse.random(4000, 5000, density=0.002, random_state=9, format="csr")
    keep = np.flatnonzero(counts.sum(axis=1).A1 > 0)[:3900]

    def refuse(*_, **__):
        raise AssertionError("made dense")

    monkeypatch.setattr(type(counts), "toarray", refuse)
    monkeypatch.setattr(type(counts), "todense", refuse)
    assert preprocess_counts(counts, 4, hvg=4000, keep=keep).shape == (len(keep), 4)


# ---- beside scanpy, where it is installed (pip install "spasne[test-peers]") ------------------------------


@pytest.fixture(scope="module")
def scanpy():
    return pytest.importorskip("scanpy", reason="scanpy is not installed (the extra test-peers)")


def by_scanpy(scanpy, counts, n_components, keep=None, hvg=None, normalise="normalize_total"):
    """The steps as the published preprocessing takes them: all spots normalised, then those annotated."""
    spots = scanpy.AnnData(counts.astype(np.float64))
    getattr(scanpy.pp, normalise)(spots)
    scanpy.pp.log1p(spots)
    if keep is not None:
        spots = spots[keep].copy()
    if hvg is not None:
        scanpy.pp.highly_variable_genes(spots, n_top_genes=hvg, flavor="seurat")
    scanpy.pp.pca(spots, n_comps=n_components, svd_solver="arpack", dtype="float64")
    return spots.obsm["X_pca"]


def real_counts():
    if "SPASNE_DATA" not in os.environ:
        pytest.skip("SPASNE_DATA does not name the folder of the real data")
    counts = load_dataset("visual_cortex").counts
    return pytest.skip("the counts of the visual cortex are not in SPASNE_DATA") if counts is None else counts


def simulated_counts():
    return scipy.sparse.csr_matrix(make_counts(300, 80))


@pytest.mark.parametrize(
    ("counts_of", "normalise", "options"),
    [
        (simulated_counts, "normalize_total", {}),
        (lambda: simulated_counts().toarray(), "normalize_per_cell", {}),
        (simulated_counts, "normalize_total", {"keep": np.arange(0, 300, 2)}),
        (simulated_counts, "normalize_total", {"hvg": 40}),
        (real_counts, "normalize_per_cell", {}),
        (real_counts, "normalize_total", {"keep": np.arange(0, 1207, 2), "hvg": 300}),
    ],
    ids=["sparse", "dense", "rows kept", "variable genes", "real", "real, both"],
)
@pytest.mark.filterwarnings("ignore")  # of scanpy, on its own functions
def test_preprocess_counts_equals_scanpy(scanpy, counts_of, normalise, options):
    if not hasattr(scanpy.pp, normalise):
        pytest.skip(f"this scanpy has no {normalise}")
    counts = counts_of()
    expected = by_scanpy(scanpy, counts, 30, normalise=normalise, **options)
    found = preprocess_counts(counts, 30, **options)
    assert found.shape == expected.shape
    signs = np.sign((found * expected).sum(axis=0))
    assert np.abs(found * signs - expected).max() <= 1e-8 * np.abs(expected).max()
