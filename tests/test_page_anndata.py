"""The page of an AnnData holds what is in the object: maps, columns, genes, the tissue's image."""

import json

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from test_page import Reader, image_of

import spasne

anndata = pytest.importorskip("anndata", reason="anndata (the extra 'anndata') is missing")
N, GENES = 40, 350


@pytest.fixture
def adata():
    rng = np.random.default_rng(0)
    counts = rng.poisson(np.linspace(0.01, 4, GENES), size=(N, GENES)).astype(np.float32)
    data = anndata.AnnData(scipy.sparse.csr_matrix(np.log1p(counts)))
    data.var_names = [f"gene {k}" for k in range(GENES)]
    data.obs_names = [f"cell {i}" for i in range(N)]
    data.obs["type"] = pd.Categorical(rng.choice(["a", "b"], size=N))
    data.obs["n_counts"] = counts.sum(axis=1).astype(int)
    data.obs["sample"] = ["s1", "s2"] * (N // 2)
    data.obsm["spatial"] = rng.uniform(0, 500, size=(N, 2))
    data.obsm["X_spasne"], data.obsm["X_umap"] = rng.normal(size=(2, N, 2))
    factors = {"tissue_hires_scalef": 0.1, "spot_diameter_fullres": 20.0}
    image = {"hires": np.full((60, 50, 3), 0.25, dtype=np.float32)}
    data.uns["spatial"] = {"library": {"images": image, "scalefactors": factors}}
    return data


@pytest.fixture
def write(adata, tmp_path):
    def export(**options):
        path = spasne.pl.export_html(adata, tmp_path / "map.html", **options)
        return Reader(path.read_text(encoding="utf-8"))

    return export


def test_what_is_taken_unasked(write, adata):
    page = write()
    assert [described["name"] for described in page.header["maps"]] == ["spasne"]
    names = {kind: [column["name"] for column in page.header["columns"] if column["kind"] == kind] for kind in
             ("labels", "genes")}  # fmt: skip
    assert names["labels"] == ["type"]
    variances = adata.X.toarray().var(axis=0)
    assert set(names["genes"]) == set(adata.var_names[np.argsort(-variances)[:300]])
    assert json.loads(page.block(page.header["names"])) == list(adata.obs_names)
    found, described = image_of(page)
    assert np.abs(found - 64).max() < 4
    assert (described["width"], described["height"]) == pytest.approx((500, 600))


def test_what_is_asked_for(write, adata):
    adata.layers["twice"] = 2 * adata.X
    page = write(
        color=["n_counts", "type"], basis=["X_umap", "spasne"], genes=["gene 7", "gene 3"], layer="twice",
        img_key=None, title="Mine", scalebar_dx=0.5,
    )  # fmt: skip
    assert [described["name"] for described in page.header["maps"]] == ["umap", "spasne"]
    assert [column["name"] for column in page.header["columns"]] == ["n_counts", "type", "gene 7", "gene 3"]
    assert page.column("n_counts")["high"] == adata.obs["n_counts"].max()
    assert page.column("gene 7")["high"] == pytest.approx(2 * adata.X[:, 7].max())
    assert "image" not in page.header["views"][0]
    assert page.header["title"] == "Mine"


def test_colours_are_those_of_scanpys_figures(write, adata):
    adata.uns["type_colors"] = ["#123456", "#ff8800"]
    looks = write(color=["type", "sample"]).column("type")["classes"]
    assert [(look["name"], look["light"]) for look in looks] == [("a", "#123456"), ("b", "#ff8800")]
    assert len(adata.uns["sample_colors"]) == 2  # for scanpy to use


def test_a_scale_bar_where_scale_factors_tell_the_unit(write, adata):
    assert write().header["views"][0]["micrometres"] is None
    adata.uns["spatial"]["library"]["scalefactors"]["microns_per_pixel"] = 0.5
    assert write().header["views"][0]["micrometres"] == 0.5
    assert write(scalebar_dx=1, scalebar_units="mm").header["views"][0]["micrometres"] == pytest.approx(1000)


def test_genes_that_are_highly_variable(write, adata):
    adata.var["highly_variable"] = np.arange(GENES) < 5
    genes = [column["name"] for column in write().header["columns"] if column["kind"] == "genes"]
    assert sorted(genes) == [f"gene {k}" for k in range(5)]


def test_values_come_from_raw_unless_a_layer_is_named(write, adata):
    adata.layers["twice"] = 2 * adata.X
    adata.raw = anndata.AnnData(3 * adata.X, var=pd.DataFrame(index=adata.var_names))
    largest = adata.X[:, 7].max()
    assert write(genes=["gene 7"]).column("gene 7")["high"] == pytest.approx(3 * largest)
    assert write(genes=["gene 7"], layer="twice").column("gene 7")["high"] == pytest.approx(2 * largest)
    adata.var["highly_variable"] = np.arange(GENES) < 8
    assert write().column("gene 7")["high"] == pytest.approx(3 * largest)


@pytest.mark.parametrize("library_key", ["sample", None])
def test_sections_stand_beside_each_other(write, adata, library_key):
    """Those named, or those that the map was made with."""
    adata.uns["spatial"]["other"] = adata.uns["spatial"]["library"]
    if library_key is None:
        adata.uns["spasne"] = {"params": {"library_key": "sample"}}
    view = write(library_key=library_key).header["views"][0]
    assert "image" not in view
    assert view["axes"][0]["extent"] > 1.8 * np.ptp(adata.obsm["spatial"][:, 0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"basis": "tsne"}, r"expected a map in obsm\['tsne'\] .*, found 'spatial', 'X_spasne', 'X_umap'"),
        ({"color": "gene 7"}, "expected color to be columns of obs, found 'gene 7'; genes go into"),
        ({"genes": ["gene 7", "x"]}, "expected genes among var_names, found 'x'"),
        ({"spatial_key": "xy"}, r"expected positions in obsm\['xy'\]"),
    ],
)
def test_bad_argument(write, options, message):
    with pytest.raises(ValueError, match=message):
        write(**options)


def test_reliability_that_was_found_is_taken_unasked(write, adata):
    spasne.tl.reliability(adata, k=5)
    page = write()
    assert [column["name"] for column in page.header["columns"][:3]] == ["type", "verdict", "reliability"]
    assert page.header["reliability"] == {"numbers": 2, "verdicts": 1}
    assert write(basis=["umap", "spasne"]).header["reliability"] == {}  # it is of another map
    assert "spasne_verdict" in [column["name"] for column in write(color="spasne_verdict").header["columns"]]
