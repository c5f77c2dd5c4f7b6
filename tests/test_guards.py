"""What is hardly meant is warned of in every face, once; what is meant never is."""

import re
import subprocess
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import spasne
from spasne_tools import guards
from spasne_tools.commands import command_line
from spasne_tools.readers.overlaid import overlaid_sections

N, N_GENES = 60, 80
SMALL = {"perplexity": 8, "max_iter": 3, "n_jobs": 1}
SHELL = ["-p", "8", "-m", "3", "-o", "map.csv"]
pytestmark = pytest.mark.usefixtures("real_executable")


@pytest.fixture(scope="module")
def tissue():
    section = spasne.simulate_tissue(N, N_GENES, seed=3)
    counts = section.counts.toarray()
    return SimpleNamespace(
        counts=counts,
        logged=spasne.preprocess_counts(counts, None),
        components=spasne.preprocess_counts(counts, 10),
        pixels=section.pixels.to_numpy(),
    )


def run_spasne(data, pixels, **more):
    spasne.run_spasne(data, pixels, **SMALL, **more)


def estimator(data, pixels, **more):
    spasne.SpaSNE(**SMALL, random_state=1, **more).fit(data, pixels=pixels)


def tl(data, pixels, **more):
    anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")
    adata = anndata.AnnData(np.asarray(data, dtype=np.float32))
    adata.obsm["spatial"] = np.asarray(pixels)
    spasne.tl.spasne(adata, use_rep="X", **SMALL, **more)


def shell(data, pixels, **more):
    names = [f"spot_{row}" for row in range(len(data))]
    pd.DataFrame(np.asarray(data), names).to_csv("data.csv")
    pixels = pd.DataFrame(np.asarray(pixels), names).add_prefix("p")
    pixels.to_csv("pixels.csv")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert command_line.main(["-i", "data.csv", "-x", "pixels.csv", *SHELL]) == 0
    assert not caught  # they are printed


FACES = {"run_spasne": run_spasne, "SpaSNE": estimator, "tl": tl}


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """What a face says in warnings about `data` and `pixels`."""
    monkeypatch.chdir(tmp_path)

    def of(face, data, pixels, **more):
        if face == "shell":
            shell(data, pixels)
            lines = capsys.readouterr().err.splitlines()
            return [line.removeprefix("spasne: warning: ") for line in lines]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            FACES[face](data, pixels, **more)
        return [str(one.message) for one in caught if issubclass(one.category, UserWarning)]

    return of


WRONG = {
    "raw counts": (lambda t: (t.counts, t.pixels), "whole numbers .* only.*preprocess_counts.*--counts"),
    "swapped": (lambda t: (t.pixels, t.logged * 100), "data has 2 columns and pixels 80, as if .* swapped"),
    "five positions": (
        lambda t: (t.logged, np.column_stack([t.pixels, t.pixels * 2, t.pixels[:, 0]])),
        "all 5 columns of pixels",
    ),
}  # fmt: skip


@pytest.mark.parametrize("face", [*FACES, "shell"])
@pytest.mark.parametrize(("make", "message"), WRONG.values(), ids=WRONG)
def test_warned_of_once_in_every_face(tissue, said, face, make, message):
    found = said(face, *make(tissue))
    assert len(found) == 1 and re.search(message, found[0]), found


RIGHT = {
    "logarithms": lambda t: t.logged,
    "logarithms in single precision": lambda t: t.logged.astype(np.float32),
    "components": lambda t: t.components,
    "z-scores": lambda t: (t.logged - t.logged.mean(axis=0)) / (t.logged.std(axis=0) + 1e-9),
    "0 and 1": lambda t: (t.counts > 0).astype(float),
    "two components": lambda t: t.components[:, :2],
}


@pytest.mark.parametrize("face", [*FACES, "shell"])
@pytest.mark.parametrize("make", RIGHT.values(), ids=RIGHT)
def test_no_false_alarm(tissue, said, face, make):
    assert said(face, make(tissue), tissue.pixels) == []


@pytest.mark.parametrize("face", ["run_spasne", "SpaSNE"])
def test_columns_that_are_no_genes(tissue, said, face):
    data = pd.DataFrame(tissue.logged).add_prefix("g")
    assert said(face, data, tissue.pixels) == []
    data = data.assign(fov=1, cell_ID=range(N), NegPrb1=0.5, x=2.5, y=3.5)
    (found,) = said(face, data, tissue.pixels)
    assert "fov, cell_ID (identifiers); x, y (positions); NegPrb1 (control features)" in found


@pytest.mark.parametrize("face", ["run_spasne", "SpaSNE"])
def test_an_identifier_among_positions(tissue, said, face):
    pixels = pd.DataFrame(tissue.pixels, columns=["x", "y"])
    assert said(face, tissue.logged, pixels) == []
    (found,) = said(face, tissue.logged, pixels.assign(EntityID=np.arange(N) * 7))
    assert "'EntityID' of pixels numbers the rows" in found
    (found,) = said(face, tissue.logged, np.column_stack([np.arange(N), tissue.pixels]))
    assert "column 0 of pixels numbers the rows" in found


@pytest.mark.parametrize("more", [{"beta": 4}, {"sections": ["a", "b"] * (N // 2)}])
@pytest.mark.parametrize("face", ["run_spasne", "SpaSNE"])
def test_space_without_positions_is_refused(tissue, face, more):
    if face == "SpaSNE" and "sections" in more:
        pytest.skip("no sections there")
    with pytest.raises(ValueError, match="^expected pixels with (beta=4|sections), found none; pass them"):
        FACES[face](tissue.logged, None, **more)
    FACES[face](tissue.logged, None, **{**more, "beta": 0})
    FACES[face](tissue.logged, None)


# ---- counts ----------------------------------------------------------------------------------------------


def of_counts(counts):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        spasne.preprocess_counts(counts, 5)
    return [str(one.message) for one in caught]


@pytest.mark.parametrize("kind", [np.asarray, scipy.sparse.csr_matrix, pd.DataFrame])
def test_logarithms_are_no_counts(tissue, kind):
    for data in (tissue.logged, tissue.logged.astype(np.float32), tissue.logged / np.log(2)):
        (found,) = of_counts(kind(data))
        assert "logarithms of counts already" in found
    assert of_counts(kind(tissue.counts)) == []


def test_logarithms_of_the_same_total(tissue):
    shares = np.random.default_rng(0).dirichlet(np.ones(30), size=50) * 1e4
    assert of_counts(shares) == [] and "logarithms" in of_counts(np.log1p(shares))[0]


@pytest.mark.parametrize("seed", range(3))
def test_intensities_are_no_logarithms(seed):
    random = np.random.default_rng(seed)
    for values in (
        random.gamma(2, 3, (300, 40)),
        random.uniform(0, 10, (300, 40)),
        random.poisson(3, (300, 40)) * random.uniform(0.8, 1.2, (300, 40)),
        random.poisson(3, (300, 40)) / 7,
    ):
        assert of_counts(values + 1e-3) == []


@pytest.mark.parametrize("n_spots", [100, 300])
def test_genes_in_rows(n_spots):
    counts = spasne.simulate_tissue(n_spots, 120, seed=1).counts
    assert of_counts(counts) == []
    (found,) = of_counts(counts.T[np.asarray(counts.sum(axis=0)).ravel() > 0])
    assert "genes in rows" in found and "counts.T" in found


def test_genes_in_rows_by_name():
    counts = np.random.default_rng(0).poisson(3, (30, 20))
    cells, genes = [f"{'ACGT' * 4}{i % 2 * 'A'}-{i}" for i in range(20)], [f"g{i}" for i in range(30)]
    assert "genes in rows" in of_counts(pd.DataFrame(counts, genes, cells))[0]
    assert of_counts(pd.DataFrame(counts.T, cells, genes)) == []
    assert "genes in rows" in of_counts(pd.DataFrame(counts, [*genes[:-1], "Blank-1"], range(20)))[0]


def test_transposed_data_beside_positions(tissue):
    with pytest.raises(ValueError, match=f"expected {N_GENES} rows in pixels.* found {N}; .*pass data.T"):
        spasne.run_spasne(tissue.logged.T, tissue.pixels, **SMALL)


# ---- graphs ----------------------------------------------------------------------------------------------


def graph_of(data, k=15):
    from sklearn.neighbors import kneighbors_graph

    return kneighbors_graph(data, k, mode="distance")


def of_graph(tissue, graph):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run_spasne(tissue.components, tissue.pixels, neighbors=graph)
    return [str(one.message) for one in caught]


def test_graphs_without_distances(tissue):
    graph = graph_of(tissue.components)
    assert of_graph(tissue, graph) == []
    assert of_graph(tissue, graph / graph.max()) == []
    ones = graph.copy()
    ones.data[:] = 1
    assert "1 in all its entries" in of_graph(tissue, ones)[0]
    weights = graph.copy()
    distances = graph.data.reshape(N, 15)
    weights.data = np.exp(distances.min(axis=1, keepdims=True) - distances).ravel()
    union = weights + weights.T - weights.multiply(weights.T)
    found = of_graph(tissue, union.tocsr())
    assert any("as connectivities are" in one for one in found)


def test_a_short_row_is_named(tissue):
    graph = graph_of(tissue.components)
    graph.data[graph.indptr[7]] = 0
    assert of_graph(tissue, graph) == []
    graph.eliminate_zeros()
    (found,) = of_graph(tissue, graph)
    assert found.startswith(
        "row 7 of neighbors has 14 neighbors (1 such rows), most have 15 or more: all are cut"
    )


def test_distances_and_indices_swapped(tissue):
    from sklearn.neighbors import NearestNeighbors

    pair = NearestNeighbors(n_neighbors=16).fit(tissue.components).kneighbors()
    with pytest.raises(ValueError, match=r"found \(distances, indices\).*the other way round"):
        spasne.run_spasne(tissue.components, tissue.pixels, neighbors=pair, **SMALL)


# ---- sections --------------------------------------------------------------------------------------------


def test_sections_laid_over_each_other():
    random = np.random.default_rng(0)
    positions = random.uniform(0, 100, (300, 2))
    group = np.repeat(["a", "b", "c"], 100)
    apart = positions + np.repeat([0, 1000, 2000], 100)[:, None]
    for name in ("sample", "slice_id", "Region", "batch"):
        assert f"library_key={name!r}" in overlaid_sections(pd.DataFrame({name: group}), positions)
        assert overlaid_sections(pd.DataFrame({name: group}), apart) is None
        assert overlaid_sections(pd.DataFrame({name: ["a"] * 300}), positions) is None
    assert "library_key='library_id'" in overlaid_sections(pd.DataFrame({"library_id": group}), apart)
    for name in ("cell_type", "cluster", "n_counts", "leiden"):
        assert overlaid_sections(pd.DataFrame({name: group}), positions) is None
    missing = np.where(np.arange(300)[:, None] == 7, np.nan, positions)
    assert overlaid_sections(pd.DataFrame({"sample": group}), missing) is None  # which is refused elsewhere
    layers = np.digitize(positions[:, 0], [25, 50, 75])
    assert overlaid_sections(pd.DataFrame({"region": layers}), positions) is None


def test_fields_of_view():
    random = np.random.default_rng(0)
    local, fov = random.uniform(0, 100, (300, 2)), np.repeat(np.arange(10), 30)
    whole = local + 100 * np.column_stack([fov % 4, fov // 4])
    obs = pd.DataFrame({"fov": fov})
    assert "fields of view (fov) lie over each other" in overlaid_sections(obs, local)
    assert overlaid_sections(obs, whole) is None
    # As squidpy reads CosMx: an image of each field of view, also of those without a cell.
    images = {"spatial": {str(number): {} for number in range(12)}}
    assert "fields of view (fov) lie over each other" in overlaid_sections(obs, local, images)
    assert overlaid_sections(obs, whole, images) is None


def test_rows_of_some_of_the_sections_that_there_are_images_of():
    images = {"spatial": {"s1": {}, "s2": {}, "s3": {}}}
    positions = np.random.default_rng(0).uniform(size=(10, 2))
    two = pd.DataFrame({"patient": ["s1"] * 10, "mine": ["s1", "s3"] * 5})
    assert "library_key='mine'" in overlaid_sections(two, positions, images)
    assert overlaid_sections(two.iloc[::2], positions[::2], images) is None


def test_images_and_regions_of_several_sections():
    obs = pd.DataFrame({"mine": ["s1", "s2"] * 5, "area": ["r1"] * 5 + ["r2"] * 5})
    positions = np.random.default_rng(0).uniform(size=(10, 2))
    assert "library_key='mine'" in overlaid_sections(obs, positions, {"spatial": {"s1": {}, "s2": {}}})
    assert "images of several sections (s1, s3)" in overlaid_sections(
        obs, positions, {"spatial": {"s1": {}, "s3": {}}}
    )
    assert overlaid_sections(obs, positions, {"spatial": {"s1": {}}}) is None
    regions = {"spatialdata_attrs": {"region_key": "area"}}
    assert "library_key='area'" in overlaid_sections(obs, positions, regions)


def test_sections_and_spots_off_the_tissue_of_anndata(tissue):
    anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")
    adata = anndata.AnnData(tissue.logged)
    adata.obsm["spatial"] = tissue.pixels
    adata.obs["library_id"] = ["a", "b"] * (N // 2)
    with pytest.warns(UserWarning, match="positions of 2 sections .* library_key='library_id'"):
        spasne.tl.spasne(adata, **SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spasne.tl.spasne(adata, library_key="library_id", **SMALL)
    del adata.obs["library_id"]
    adata.obs["in_tissue"] = [0] + [1] * (N - 1)
    with pytest.warns(UserWarning, match="1 of 60 spots are off the tissue; adata"):
        spasne.tl.spasne(adata, **SMALL)


def test_sections_of_a_table_on_the_command_line(tissue, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("data.npy", tissue.components)
    table = pd.DataFrame(tissue.pixels, columns=["x", "y"]).assign(sample=["a", "b"] * (N // 2))
    table.to_csv("meta.csv", index=False)
    assert command_line.main(["-i", "data.npy", "-x", "meta.csv", *SHELL]) == 0
    assert "positions of 2 sections (sample: a, b)" in capsys.readouterr().err
    chosen = ["--sections", "meta.csv", "--section_column", "sample"]
    assert command_line.main(["-i", "data.npy", "-x", "meta.csv", *chosen, *SHELL]) == 0
    assert capsys.readouterr().err == ""


# ---- messages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"), [("random_state", "randseed"), ("n_components", "no_dims"), ("n_iter", "max_iter")]
)
def test_names_of_other_programs(tissue, name, meant):
    with pytest.raises(TypeError, match=f"expected {meant} in place of {name}, found {name}=1"):
        spasne.run_spasne(tissue.logged, **{name: 1})


def test_containers_are_named():
    adata = SimpleNamespace(obsm={}, var_names=[], X=None)
    with pytest.raises(ValueError, match=r"expected a matrix as data, found .*; spasne.tl.spasne"):
        spasne.run_spasne(adata)


def test_missing_values_are_named(tissue):
    data = pd.DataFrame(tissue.logged, [f"s{i}" for i in range(N)]).add_prefix("g")
    data.loc["s3", "g7"] = np.nan
    message = r"found 1 that .* the first in column 'g7', row 's3'$"
    with pytest.raises(ValueError, match=message):
        spasne.run_spasne(data, tissue.pixels)
    data.loc["s2", "g9"] = np.nan
    with pytest.raises(ValueError, match=r"found 2 that .* 'g9', row 's2' \(1 more columns have some\)"):
        spasne.run_spasne(data, tissue.pixels)


def test_x_of_anndata_that_is_none_on_disk_or_to_be_computed(tissue, tmp_path):
    anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")
    expected = spasne.run_spasne(tissue.logged, tissue.pixels, randseed=0, initial_dims=N, **SMALL)
    for kind in (np.asarray, scipy.sparse.csr_matrix):
        adata = anndata.AnnData(kind(tissue.logged))
        adata.obsm["spatial"] = tissue.pixels
        path = tmp_path / f"{kind.__name__}.h5ad"
        adata.write_h5ad(path)
        backed = anndata.read_h5ad(path, backed="r")
        spasne.tl.spasne(backed, **SMALL)
        np.testing.assert_allclose(backed.obsm["X_spasne"], expected, atol=1e-9)
    adata = anndata.AnnData(obs=pd.DataFrame(index=list(map(str, range(N)))))
    adata.obsm["spatial"], adata.obsm["latent"] = tissue.pixels, tissue.components
    for arguments in ({}, {"use_rep": "X"}):
        with pytest.raises(ValueError, match=r"expected X in the AnnData, found none; .*obsm .*latent"):
            spasne.tl.spasne(adata, **arguments)


def test_more_than_three_positions_are_warned_of_in_figures(tissue):
    anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")
    adata = anndata.AnnData(tissue.logged)
    adata.obsm["spatial"] = np.column_stack([tissue.pixels, tissue.pixels])
    adata.obsm["X_spasne"] = tissue.components[:, :2]
    with pytest.warns(UserWarning, match="all 4 columns of pixels"):
        spasne.pl.spasne(adata)


def test_large_data_are_sampled():
    assert guards.looks_like_counts(np.full((3000, 1000), 2.0))
    assert not guards.looks_like_counts(scipy.sparse.random(3000, 1000, 0.3, random_state=0, format="csr"))


def test_a_gene_that_is_there_twice_is_named(tissue):
    anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")
    adata = anndata.AnnData(tissue.logged)
    adata.var_names = ["Gad1", "Gad1", *map(str, range(N_GENES - 2))]
    adata.obsm["X_spasne"] = tissue.components[:, :2]
    with pytest.raises(ValueError, match="expected one gene 'Gad1', found 2 .*var_names_make_unique"):
        spasne.pl.spasne(adata, "Gad1")


def test_a_missing_folder_is_named(tissue, tmp_path):
    path = tmp_path / "nofolder" / "x.html"
    with pytest.raises(FileNotFoundError, match=f"expected a folder to write {path} into, found none"):
        spasne.export_html(path, tissue.components[:, :2], tissue.pixels)
    with pytest.raises(FileNotFoundError, match="expected a folder to write"):
        spasne.save_map(tmp_path / "nofolder" / "map.npz", tissue.components[:, :2])


def test_make_without_a_compiler_says_what_to_install(tmp_path):
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        ["make", "-C", str(root), "-W", "spasne.cpp", "spasne", "CXX=no-such-compiler -O2"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "expected a C++ compiler, found no no-such-compiler: apt-get install g++" in done.stderr
