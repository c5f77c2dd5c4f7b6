"""spasne.tl and spasne.pl on AnnData objects; SpatialData by a stand-in that has what it has of tables."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from matplotlib.colors import to_hex

import spasne
from spasne_tools.run.embedding import Embedding

N, N_GENES = 90, 240
SMALL = {"perplexity": 10, "max_iter": 30, "n_jobs": 1}


@pytest.fixture
def anndata(spasne_binary, monkeypatch):
    monkeypatch.setenv("SPASNE_BIN", str(spasne_binary))
    return pytest.importorskip("anndata", reason="the extra anndata is not installed")


@pytest.fixture
def adata(anndata):
    """Logged counts, sparse, in two sections; 12 components as scanpy.pp.pca leaves them."""
    rng = np.random.default_rng(0)
    depth = rng.uniform(0, 1, size=(N, 1))
    X = np.log1p(rng.poisson(0.3 + depth * rng.uniform(0, 4, size=N_GENES))).astype(np.float32)
    obs = pd.DataFrame(
        {
            "layer": pd.Categorical(
                np.where(depth.ravel() > 0.5, "deep", "upper"), ["upper", "deep", "none"]
            ),
            "sample": np.array(["s1", "s2"])[np.arange(N) % 2],
            "n_counts": X.sum(axis=1).astype(int),
        },
        index=[f"spot{i}" for i in range(N)],
    )
    var = pd.DataFrame(index=[f"gene{i}" for i in range(N_GENES)])
    data = anndata.AnnData(scipy.sparse.csr_matrix(X), obs=obs, var=var)
    data.obsm["spatial"] = np.column_stack([depth.ravel(), rng.uniform(0, 1, size=N)]) * 1000
    data.obsm["X_pca"] = rng.normal(size=(N, 12)) + depth
    return data


@pytest.fixture
def asked(monkeypatch):
    """What reaches the one path to a map, in place of which it is called."""
    calls = SimpleNamespace(data=None, pixels=None, parameters=None)

    def record(data, pixels, parameters, verbose):
        calls.data, calls.pixels, calls.parameters = data, pixels, parameters
        return Embedding(np.zeros((data.shape[0], parameters.no_dims)), np.zeros(data.shape[0]), {})

    monkeypatch.setattr("spasne_tools.tl.embed", record)
    return calls


def dense(matrix):
    return matrix.toarray() if scipy.sparse.issparse(matrix) else np.asarray(matrix)


# --- without anndata ---


@pytest.mark.parametrize("namespace", ["tl", "pl"])
def test_without_anndata_the_extra_is_named(monkeypatch, namespace):
    monkeypatch.setitem(sys.modules, "anndata", None)  # not to be imported
    with pytest.raises(ImportError, match=r"expected .* found none .* pip install 'spasne\[anndata\]'"):
        getattr(spasne, namespace).spasne(None)


def test_namespaces():
    assert {"tl", "pl"} <= set(dir(spasne))
    assert spasne.tl.spasne.__module__ == "spasne_tools.tl"
    from spasne import pl

    assert pl is spasne.pl


# --- what is written ---


def test_map_and_record_are_written_in_place(adata):
    before = adata.copy()
    assert spasne.tl.spasne(adata, alpha=9, beta=4, random_state=3, **SMALL) is None
    expected = spasne.run_spasne(
        before.obsm["X_pca"], before.obsm["spatial"], 9, 4, randseed=3, use_pca=False, **SMALL
    )
    np.testing.assert_array_equal(adata.obsm["X_spasne"], expected)
    params, report = adata.uns["spasne"]["params"], adata.uns["spasne"]["report"]
    assert params["use_rep"] == "X_pca" and params["n_pcs"] == 12
    assert params["alpha"] == 9 and params["perplexity"] == 10 and params["random_state"] == 3
    assert params["spatial_key"] == "spatial" and "library_key" not in params
    assert report["method"] == "barnes_hut" and report["n_iter"] == 30 and report["cost"] > 0
    assert set(adata.obsm) - set(before.obsm) == {"X_spasne"}
    assert set(adata.uns) - set(before.uns) == {"spasne"}
    np.testing.assert_array_equal(dense(adata.X), dense(before.X))


def test_copy(adata):
    changed = spasne.tl.spasne(adata, copy=True, **SMALL)
    assert "X_spasne" not in adata.obsm and "spasne" not in adata.uns
    assert changed.obsm["X_spasne"].shape == (N, 2) and "spasne" in changed.uns


def test_key_added(adata, asked):
    spasne.tl.spasne(adata, key_added="tissue_map", no_dims=3)
    assert adata.obsm["tissue_map"].shape == (N, 3)
    assert set(adata.uns) == {"tissue_map"} and "X_spasne" not in adata.obsm


def test_view_becomes_an_anndata_of_its_own(adata):
    view = adata[adata.obs["layer"] == "deep"]
    with pytest.warns(UserWarning, match="view"):
        spasne.tl.spasne(view, perplexity=5, max_iter=5)
    assert not view.is_view and view.obsm["X_spasne"].shape == (view.n_obs, 2) and "spasne" in view.uns
    assert "X_spasne" not in adata.obsm and "spasne" not in adata.uns


def test_h5ad_holds_the_record(adata, anndata, tmp_path):
    start = np.random.default_rng(1).normal(size=(N, 2))
    spasne.tl.spasne(adata, library_key="sample", init=start, max_step=np.inf, random_state=None, **SMALL)
    adata.write_h5ad(tmp_path / "map.h5ad")
    found = anndata.read_h5ad(tmp_path / "map.h5ad")
    np.testing.assert_array_equal(found.obsm["X_spasne"], adata.obsm["X_spasne"])
    assert found.uns["spasne"]["params"] == adata.uns["spasne"]["params"]
    assert found.uns["spasne"]["params"]["init"] == "array"
    assert found.uns["spasne"]["report"]["seconds"] == adata.uns["spasne"]["report"]["seconds"]


# --- what is used ---


def test_components_at_hand(adata, asked):
    spasne.tl.spasne(adata, n_pcs=5)
    np.testing.assert_array_equal(asked.data, adata.obsm["X_pca"][:, :5])
    assert not asked.parameters.use_pca
    assert asked.parameters.randseed == 0
    np.testing.assert_array_equal(asked.pixels, adata.obsm["spatial"])


@pytest.mark.parametrize(("n_pcs", "expected"), [(None, N), (7, 7)])
def test_components_are_made_of_sparse_x(adata, asked, n_pcs, expected):
    """At most as many as there are spots; nothing else of them is kept."""
    del adata.obsm["X_pca"]
    spasne.tl.spasne(adata, n_pcs)
    assert scipy.sparse.issparse(asked.data) and asked.data.shape == (N, N_GENES)
    assert asked.parameters.use_pca and asked.parameters.initial_dims == expected
    params = adata.uns["spasne"]["params"]
    assert params["use_rep"] == "PCA of X" and params["n_pcs"] == expected
    assert "X_pca" not in adata.obsm


def test_components_are_those_of_run_spasne(adata):
    del adata.obsm["X_pca"]
    spasne.tl.spasne(adata, 15, **SMALL)
    expected = spasne.run_spasne(adata.X, adata.obsm["spatial"], randseed=0, initial_dims=15, **SMALL)
    np.testing.assert_array_equal(adata.obsm["X_spasne"], expected)


def test_components_are_made_of_highly_variable_genes(adata, asked):
    del adata.obsm["X_pca"]
    adata.var["highly_variable"] = np.arange(N_GENES) % 3 == 0
    spasne.tl.spasne(adata)
    np.testing.assert_array_equal(dense(asked.data), dense(adata.X)[:, ::3])
    assert adata.uns["spasne"]["params"]["n_pcs"] == N_GENES // 3
    assert adata.uns["spasne"]["params"]["use_highly_variable"]


@pytest.mark.parametrize("arguments", [{"use_rep": "X"}, {"n_pcs": 0}])
def test_x_as_it_is(adata, asked, arguments):
    spasne.tl.spasne(adata, **arguments)
    assert asked.data is adata.X and not asked.parameters.use_pca


def test_other_representation(adata, asked):
    adata.obsm["latent"] = pd.DataFrame(np.arange(N * 4.0).reshape(N, 4), adata.obs_names)
    spasne.tl.spasne(adata, 3, use_rep="latent")
    np.testing.assert_array_equal(asked.data, np.arange(N * 4.0).reshape(N, 4)[:, :3])


def test_without_positions(adata, asked):
    spasne.tl.spasne(adata, spatial_key=None)
    assert asked.pixels is None


def test_sections(adata):
    adata.obsm["spatial"][adata.obs["sample"] == "s2"] += 1e5
    spasne.tl.spasne(adata, library_key="sample", random_state=1, **SMALL)
    options = {"sections": adata.obs["sample"].to_numpy(), "randseed": 1, "use_pca": False, **SMALL}
    expected = spasne.run_spasne(adata.obsm["X_pca"], adata.obsm["spatial"], **options)
    np.testing.assert_array_equal(adata.obsm["X_spasne"], expected)
    assert adata.uns["spasne"]["params"]["library_key"] == "sample"


@pytest.mark.parametrize(("key", "stored"), [("neighbors", "distances"), ("mine", "mine_distances")])
def test_neighbours_of_scanpy(adata, asked, key, stored):
    adata.obsp[stored] = scipy.sparse.random(N, N, 0.2, format="csr", random_state=0)
    adata.uns[key] = {"distances_key": stored, "params": {}}
    spasne.tl.spasne(adata, neighbors_key=key)
    assert (asked.parameters.neighbors != adata.obsp[stored]).nnz == 0
    assert adata.uns["spasne"]["params"]["neighbors_key"] == key


def test_a_graph_of_scanpy_without_its_distances(adata):
    adata.uns["neighbors"] = {"distances_key": "mine", "params": {}}
    adata.obsp["connectivities"] = scipy.sparse.eye(N, format="csr")
    with pytest.raises(ValueError, match=r"neighbours in obsp\['mine'\], found 'connectivities'"):
        spasne.tl.spasne(adata, neighbors_key="neighbors")


def test_neighbours_are_given_once(adata):
    adata.obsp["distances"] = scipy.sparse.random(N, N, 0.2, format="csr", random_state=0)
    adata.uns["neighbors"] = {"params": {}}
    with pytest.raises(TypeError, match="expected neighbors or the key of the AnnData that stands for it"):
        spasne.tl.spasne(adata, neighbors_key="neighbors", neighbors="exact")


def test_verbose_says_what_is_used(adata, asked, capsys):
    spasne.tl.spasne(adata, verbose=True)
    assert "use_rep: X_pca, n_pcs: 12" in capsys.readouterr().out


# --- what is refused ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_pcs": 13}, r"n_pcs of at most 12 in obsm\['X_pca'\], found 13"),
        ({"n_pcs": -1}, "n_pcs to be None or an integer of 0 or more, found -1"),
        ({"n_pcs": True}, "n_pcs to be .* found True"),
        ({"use_rep": "X_umap"}, r"use_rep to be 'X' or a key of obsm \('spatial', 'X_pca'\), found 'X_umap'"),
        ({"spatial_key": "xy"}, r"positions in obsm\['xy'\], found 'spatial', 'X_pca'"),
        ({"library_key": "batch"}, "library_key to be a column of obs, found 'batch'"),
        ({"library_key": "gap", "perplexity": 5}, "a section of every row, found 1 missing"),
        ({"neighbors_key": "neighbors"}, r"a graph of scanpy.pp.neighbors in uns\['neighbors'\], found none"),
        ({"random_state": -1}, "random_state to be .* found -1"),
        ({"random_state": 1.5}, "random_state to be .* found 1.5"),
        ({"alpha": -1}, "alpha to be a number of 0 or more, found -1"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_argument(adata, arguments, message):
    adata.obs["gap"] = ["s1", None] + ["s2"] * (N - 2)
    before = adata.copy()
    with pytest.raises(ValueError, match=f"^expected {message}"):
        spasne.tl.spasne(adata, **arguments)
    assert set(adata.obsm) == set(before.obsm) and set(adata.uns) == set(before.uns)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("randseed", "random_state in place of randseed"),
        ("sections", "library_key in place of sections"),
        ("use_pca", "use_rep or n_pcs in place of use_pca"),
        ("initial_dims", "n_pcs in place of initial_dims"),
        ("perplexities", "parameters among accuracy, alpha, .*, found 'perplexities'"),
    ],
)
def test_parameter_of_another_name(adata, name, message):
    with pytest.raises(TypeError, match=message):
        spasne.tl.spasne(adata, **{name: 1})


@pytest.mark.parametrize("data", [None, np.ones((4, 3)), SimpleNamespace(tables=None)])
def test_neither_anndata_nor_spatialdata(anndata, data):
    with pytest.raises(ValueError, match="expected an AnnData or a SpatialData object, found"):
        spasne.tl.spasne(data)


# --- SpatialData ---


@pytest.mark.parametrize("older", [False, True])
def test_the_only_table(adata, asked, older):
    data = SimpleNamespace(table=adata) if older else SimpleNamespace(tables={"cells": adata})
    assert spasne.tl.spasne(data) is None
    assert "X_spasne" in adata.obsm
    assert spasne.pl.spasne(data, "layer").axes


def test_one_of_several_tables(adata, asked):
    data = SimpleNamespace(tables={"cells": adata, "bins": adata.copy()})
    with pytest.raises(ValueError, match="one table, or its name as table_key, found 'cells', 'bins'"):
        spasne.tl.spasne(data)
    with pytest.raises(ValueError, match="a table 'nuclei', found 'cells', 'bins'"):
        spasne.tl.spasne(data, table_key="nuclei")
    spasne.tl.spasne(data, table_key="bins")
    assert "X_spasne" in data.tables["bins"].obsm and "X_spasne" not in adata.obsm


# --- figures ---


def titles(figure):
    return [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]


@pytest.fixture
def mapped(adata):
    adata.obsm["X_spasne"] = np.random.default_rng(2).normal(size=(N, 2))
    return adata


def test_figure_of_classes(mapped):
    figure = spasne.pl.spasne(mapped, "layer")
    assert titles(figure) == ["Tissue", "spasne"]
    legend = figure.axes[1].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["upper", "deep"]
    assert legend.get_title().get_text() == "layer"


@pytest.mark.parametrize("name", ["gene3", "n_counts"])
def test_figure_of_numbers(mapped, name):
    figure = spasne.pl.spasne(mapped, name)
    assert figure.axes[1].get_legend() is None and len(figure.axes) == 3  # tissue, map, colour bar
    values = dense(mapped[:, name].X).ravel() if name == "gene3" else mapped.obs[name]
    values = values[values > 0]  # a gene's zeros are grey
    drawn = figure.axes[1].collections[-1].get_array()
    np.testing.assert_allclose(np.sort(drawn), np.sort(values), rtol=1e-6)


def test_figure_of_several_numbers(mapped):
    figure = spasne.pl.spasne(mapped, ["gene3", "n_counts", "gene7"])
    assert [ax.get_ylabel() for ax in figure.axes[:6:2]] == ["gene3", "n_counts", "gene7"]


def test_values_come_from_raw_or_a_layer(mapped):
    mapped.layers["twice"] = mapped.X * 2
    mapped.raw = mapped
    mapped.X = mapped.X * 0
    level = {}
    for layer in (None, "twice"):
        figure = spasne.pl.spasne(mapped, "gene3", layer=layer)
        level[layer] = figure.axes[1].collections[-1].get_array().sum()
    assert level["twice"] == pytest.approx(2 * level[None]) and level[None] > 0


def test_figure_without_colours_or_positions(mapped):
    del mapped.obsm["spatial"]
    assert titles(spasne.pl.spasne(mapped)) == ["spasne"]
    assert titles(spasne.pl.spasne(mapped, basis="spasne", spatial_key=None)) == ["spasne"]


@pytest.mark.parametrize("library_key", ["sample", None])
def test_sections_stand_beside_each_other(mapped, library_key):
    """Those named, or those that the map was made with."""
    if library_key is None:
        mapped.uns["spasne"] = {"params": {"library_key": "sample"}}
    figure = spasne.pl.spasne(mapped, "sample", library_key=library_key)
    drawn = [part for part in figure.axes[0].collections if len(part.get_offsets())]
    colours = np.concatenate([part.get_facecolor() for part in drawn])
    x = np.concatenate([part.get_offsets()[:, 0] for part in drawn])
    left, right = (x[(colours == colour).all(axis=1)] for colour in np.unique(colours, axis=0))
    assert left.max() < right.min() or right.max() < left.min()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"color": "gene9999"}, "color to be a column of obs or a gene, found 'gene9999'"),
        ({"color": "?"}, r"color to be a column of obs or a gene, found '\?'; columns of obs: .*layer"),
        ({"color": []}, "at least one column or gene in color, found none"),
        ({"basis": "umap"}, r"a map in obsm\['umap'\] .*, found 'spatial', 'X_pca', 'X_spasne'"),
        ({"library_key": "batch"}, "library_key to be a column of obs, found 'batch'"),
    ],
    ids=["color", "far color", "colors", "basis", "library_key"],
)
def test_bad_figure(mapped, arguments, message):
    with pytest.raises(ValueError, match=f"^expected {message}"):
        spasne.pl.spasne(mapped, **arguments)


# ---- reliability -----------------------------------------------------------------------------------------


def test_reliability_uses_what_the_map_was_made_of(adata):
    spasne.tl.spasne(adata, n_pcs=4, library_key="sample", alpha=4, **SMALL)
    assert spasne.tl.reliability(adata, k=5) is None
    expected = spasne.map_reliability(
        adata.obsm["X_spasne"],
        adata.obsm["X_pca"][:, :4],
        adata.obsm["spatial"],
        k=5,
        sections=adata.obs["sample"].array,
    )
    for name in expected:
        assert adata.obs[f"spasne_{name}"].tolist() == expected[name].tolist(), name
    record = adata.uns["spasne_reliability"]
    assert record["params"]["n_pcs"] == 4 and record["params"]["library_key"] == "sample"
    assert sum(record["verdicts"].values()) == pytest.approx(1)


def test_reliability_of_another_map_again_and_in_a_copy(adata):
    adata.obsm["X_umap"] = adata.obsm["X_pca"][:, :2].copy()
    spasne.tl.reliability(adata, "umap", k=5, spatial_key=None)
    changed = spasne.tl.reliability(adata, "umap", k=6, use_rep="X", spatial_key=None, copy=True)
    assert "umap_r2" not in adata.obs and list(changed.obs) == list(adata.obs)
    assert changed.uns["umap_reliability"]["params"]["k"] == 6
    assert adata.uns["umap_reliability"]["params"]["k"] == 5
    expected = spasne.map_reliability(adata.obsm["X_umap"], adata.X, k=6)
    assert changed.obs["umap_r1"].tolist() == expected["r1"].tolist()


def test_reliability_uses_a_graph_and_is_written_to_h5ad(adata, anndata, tmp_path):
    distance = np.linalg.norm(adata.obsm["X_pca"][:, None] - adata.obsm["X_pca"], axis=2)
    near = np.argsort(distance, axis=1)[:, 1:8]
    rows = np.repeat(np.arange(N), 7)
    values = (distance[rows, near.ravel()], (rows, near.ravel()))
    adata.obsp["distances"] = scipy.sparse.csr_matrix(values, shape=(N, N))
    adata.uns["neighbors"] = {"distances_key": "distances"}
    adata.obsm["X_umap"] = adata.obsm["X_pca"][:, :2].copy()
    spasne.tl.reliability(adata, "X_umap", k=5, neighbors_key="neighbors")
    adata.write_h5ad(tmp_path / "a.h5ad")
    again = anndata.read_h5ad(tmp_path / "a.h5ad")
    assert list(again.obs["umap_verdict"].cat.categories) == ["kept", "uncertain", "misplaced"]


def test_reliability_of_no_map(adata):
    with pytest.raises(ValueError, match=r"expected a map in obsm\['X_spasne'\]"):
        spasne.tl.reliability(adata)


def test_reliability_without_positions(adata):
    adata.obsm["X_umap"] = adata.obsm["X_pca"][:, :2].copy()
    with pytest.raises(ValueError, match=r"expected positions in obsm\['spatail'\]"):
        spasne.tl.reliability(adata, "umap", k=5, spatial_key="spatail")
    del adata.obsm["spatial"]
    spasne.tl.reliability(adata, "umap", k=5)
    assert "umap_r1" in adata.obs and "umap_r2" not in adata.obs


# --- the same as scanpy's figures ---


def colours_of(figure, points):
    """Colour of each of `points` (n, 2), in the panel that shows them."""
    where = {}
    panels = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    for ax in panels:
        for part in ax.collections:
            part.update_scalarmappable()
            faces = np.broadcast_to(part.get_facecolor(), (len(part.get_offsets()), 4))
            where |= {tuple(at): tuple(face) for at, face in zip(part.get_offsets(), faces, strict=True)}
    return np.array([where[tuple(point)] for point in points])


def diameters(ax):
    """Width in points of what is drawn for a round point, whatever the marker says of it."""
    part = next(part for part in ax.collections if len(part.get_offsets()))
    return np.sqrt(part.get_sizes()[0]) * part.get_paths()[0].get_extents().width


def entries(ax):
    """Names and colours of a legend."""
    legend = ax.get_legend()
    names = [text.get_text() for text in legend.get_texts()]
    colours = [
        handle.get_facecolor()[0] if hasattr(handle, "get_facecolor") else handle.get_color()
        for handle in legend.legend_handles
    ]
    return dict(zip(names, map(to_hex, colours), strict=True))


@pytest.mark.parametrize("first", ["scanpy", "spasne", "palette", "stored"])
def test_classes_look_as_in_scanpy(mapped, first):
    """Whichever figure is drawn first, with colours kept before or a palette asked for."""
    sc = pytest.importorskip("scanpy")
    mapped.obs["type"] = [f"type {i % 25}" for i in range(N)]
    name = "type"
    options = {"palette": "tab20"} if first == "palette" else {}
    if first == "stored":
        mapped.uns["type_colors"] = [to_hex((i / 30, 0.5, 0.2)) for i in range(25)]
    draw = {
        "spasne": lambda: spasne.pl.spasne(mapped, name, spatial_key=None, **options),
        "scanpy": lambda: sc.pl.embedding(mapped, "spasne", color=name, show=False, **options).figure,
    }
    order = ["scanpy", "spasne"] if first == "scanpy" else ["spasne", "scanpy"]
    figures = {which: draw[which]() for which in order}
    np.testing.assert_allclose(
        *(colours_of(figure, mapped.obsm["X_spasne"]) for figure in figures.values()), atol=1e-6
    )
    ours, theirs = figures["spasne"].axes[0], figures["scanpy"].axes[0]
    assert entries(ours) == entries(theirs) and list(entries(ours)) == list(entries(theirs))
    assert diameters(ours) == pytest.approx(diameters(theirs))


def test_numbers_look_as_in_scanpy_with_the_same_options(mapped):
    sc = pytest.importorskip("scanpy")
    options = {"color": "gene3", "cmap": "magma", "vmin": 0, "vmax": "p90", "size": 11}
    ours = spasne.pl.spasne(mapped, spatial_key=None, **options)
    theirs = sc.pl.embedding(mapped, "spasne", show=False, **options).figure
    points = mapped.obsm["X_spasne"]
    np.testing.assert_allclose(colours_of(ours, points), colours_of(theirs, points), atol=1 / 200)
    assert diameters(ours.axes[0]) == pytest.approx(diameters(theirs.axes[0]))


def test_groups_look_as_in_scanpy(mapped):
    sc = pytest.importorskip("scanpy")
    options = {"color": "layer", "groups": ["deep"]}
    ours = spasne.pl.spasne(mapped, spatial_key=None, **options)
    theirs = sc.pl.embedding(mapped, "spasne", show=False, **options).figure
    points = mapped.obsm["X_spasne"]
    np.testing.assert_allclose(colours_of(ours, points), colours_of(theirs, points), atol=1 / 200)
    assert entries(ours.axes[0]) == entries(theirs.axes[0])


# --- what an AnnData brings to a figure ---


def test_classes_and_genes_are_mixed(mapped):
    figure = spasne.pl.spasne(mapped, ["layer", "gene3", "n_counts", "sample"], ncols=2)
    panels = [ax for ax in figure.axes if ax.collections and ax.get_label() != "<colorbar>"]
    assert [ax.get_ylabel() for ax in panels[::2]] == ["layer", "gene3", "n_counts", "sample"]
    assert sum(ax.get_legend() is not None for ax in figure.axes) == 2
    with pytest.raises(ValueError, match="expected ncols of 1 or more, found 0"):
        spasne.pl.spasne(mapped, "layer", ncols=0)


def test_genes_by_symbol(mapped):
    mapped.var["symbol"] = [f"Symbol{i // 2 if i < 4 else i}" for i in range(N_GENES)]
    drawn = [
        spasne.pl.spasne(mapped, name, gene_symbols=symbols).axes[1].collections[-1].get_array()
        for name, symbols in (("Symbol7", "symbol"), ("gene7", None))
    ]
    np.testing.assert_array_equal(*drawn)
    for name, n in (("Symbol0", 2), ("gene7", 0)):
        with pytest.raises(ValueError, match=f"the symbol of one gene, found '{name}', of {n}"):
            spasne.pl.spasne(mapped, name, gene_symbols="symbol")


def with_images(adata, libraries, **factors):
    adata.uns["spatial"] = {
        name: {
            "images": {"hires": np.ones((40, 20, 3)), "lowres": np.ones((20, 10, 3))},
            "scalefactors": {"tissue_hires_scalef": 0.2, "tissue_lowres_scalef": 0.1, **factors},
        }
        for name in libraries
    }


@pytest.mark.parametrize(("img_key", "shape"), [("auto", (40, 20)), ("lowres", (20, 10)), (None, None)])
def test_the_image_of_the_tissue(mapped, img_key, shape):
    with_images(mapped, ["only"])
    ax = spasne.pl.spasne(mapped, "layer", img_key=img_key, alpha_img=0.5).axes[0]
    if shape is None:
        assert not ax.images
        return
    assert ax.images[0].get_array().shape[:2] == shape and ax.images[0].get_alpha() == 0.5
    assert ax.images[0].get_extent() == [0, 100, 200, 0]


def test_images_of_sections(mapped):
    with_images(mapped, ["s1", "s2"])
    ax = spasne.pl.spasne(mapped, "layer", library_key="sample").axes[0]
    assert len(ax.images) == 2 and [text.get_text() for text in ax.texts] == ["s1", "s2"]
    assert not spasne.pl.spasne(mapped, "layer").axes[0].images
    with pytest.raises(ValueError, match=r"one library in uns\['spatial'\], or library_key, found 2"):
        spasne.pl.spasne(mapped, "layer", img_key="hires")
    with pytest.raises(ValueError, match=r"an image 'medres' in uns\['spatial'\], found 'hires', 'lowres'"):
        spasne.pl.spasne(mapped, "layer", library_key="sample", img_key="medres")


@pytest.mark.parametrize(
    ("factors", "options", "has_bar"),
    [({}, {}, False), ({"microns_per_pixel": 0.3}, {}, True), ({}, {"scalebar_dx": 2}, True)],
)
def test_a_scale_bar_where_the_unit_is_known(mapped, factors, options, has_bar):
    with_images(mapped, ["only"], **factors)
    assert bool(spasne.pl.spasne(mapped, "layer", **options).axes[0].artists) == has_bar


def test_figures_are_saved_and_shown(mapped, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("spasne_tools.pl.show_figure", shown.append)
    assert spasne.pl.spasne(mapped, "layer", show=True, save=tmp_path / "map.png") is None
    assert len(shown) == 1 and (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert spasne.pl.spasne(mapped, "layer", show=False) is not None and len(shown) == 1


def test_pyplot_shows_the_figure_itself(mapped, monkeypatch):
    from matplotlib import pyplot

    from spasne_tools.plotting.show import show_figure

    figure, shown, others = spasne.pl.spasne(mapped, "layer"), [], pyplot.get_fignums()
    monkeypatch.setattr(pyplot, "show", lambda: shown.append(pyplot.gcf()))
    show_figure(figure)
    assert shown == [figure] and pyplot.get_fignums() == others


def test_figures_grey_what_is_not_kept(adata):
    adata.obsm["X_umap"] = adata.obsm["X_pca"][:, :2].copy()
    spasne.tl.reliability(adata, "umap", k=5)
    adata.obs["umap_verdict"] = pd.Categorical(
        ["kept", "misplaced"] * (N // 2), ["kept", "uncertain", "misplaced"]
    )
    figure = spasne.pl.spasne(adata, ["layer", "gene1"], basis="umap", kept="umap_verdict")
    grey = figure.axes[0].collections[0]
    assert len(grey.get_offsets()) == N // 2
    with pytest.raises(ValueError, match="expected kept to be a column of obs"):
        spasne.pl.spasne(adata, basis="umap", kept="verdict")
