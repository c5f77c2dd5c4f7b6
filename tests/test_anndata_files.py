"""AnnData and SpatialData on disk, in every form in which they hold values and positions."""

import re
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from platform_files import N, barcodes, make_truth

import spasne
from spasne_tools.commands import command_line
from spasne_tools.readers.expression_file import read_expression

anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")

pytestmark = pytest.mark.usefixtures("real_executable")


@pytest.fixture
def truth():
    return make_truth(barcodes())


@pytest.fixture
def adata(truth):
    data = anndata.AnnData(
        scipy.sparse.csr_matrix(truth.counts.astype(np.float32)),
        obs=pd.DataFrame({"quality": np.arange(N)}, truth.names),
        var=pd.DataFrame(index=truth.genes),
    )
    data.obsm["spatial"] = truth.xy
    return data


FORMS = {
    "dense": lambda X: X,
    "csr": scipy.sparse.csr_matrix,
    "csc": scipy.sparse.csc_matrix,
    "csr_array": scipy.sparse.csr_array,
    "whole numbers": lambda X: scipy.sparse.csr_matrix(X.astype(np.int64)),
}


def is_right(values, truth):
    values = values.toarray() if scipy.sparse.issparse(values) else np.asarray(values)
    return np.array_equal(values, truth.counts)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ["X", "layer", "raw"])
def test_values(truth, adata, tmp_path, form, place):
    values = FORMS[form](truth.counts.astype(np.float32))
    if place == "X":
        adata.X = values
    elif place == "layer":
        adata.layers["counts"] = values
        adata.X = truth.counts + 1.0
    else:
        adata.X = values
        adata.raw = adata
        adata = adata[:, :5].copy()
    adata.write_h5ad(tmp_path / "section.h5ad")
    layer = {"X": None, "layer": "counts", "raw": "raw"}[place]
    found = read_expression(str(tmp_path / "section.h5ad"), layer)
    assert is_right(found.values, truth) and list(found.genes) == truth.genes
    read = spasne.read(tmp_path / "section.h5ad")
    spasne.tl.spasne(read, layer=layer, n_pcs=5, perplexity=5, max_iter=20, random_state=1)
    expected = spasne.run_spasne(
        scipy.sparse.csr_matrix(truth.counts) if form != "dense" else truth.counts.astype(float),
        truth.xy,
        initial_dims=5,
        perplexity=5,
        max_iter=20,
        randseed=1,
    )
    assert np.allclose(read.obsm["X_spasne"], expected, rtol=1e-3, atol=1e-6)


def test_without_x_the_layers_are_named(truth, adata, tmp_path, capsys):
    adata.layers["counts"] = adata.X
    adata.X = None
    adata.write_h5ad(tmp_path / "section.h5ad")
    flags = ["-o", str(tmp_path / "map.csv"), "-p", "5", "-m", "5"]
    assert command_line.main(["embed", "-i", str(tmp_path / "section.h5ad"), *flags]) == 2
    assert re.search(r"expected X .*, found none; name a layer \(counts\)", capsys.readouterr().err)
    with pytest.raises(ValueError, match=r"expected X in the AnnData, found none; name a layer \(counts\)"):
        spasne.tl.spasne(adata, perplexity=5)
    spasne.tl.spasne(adata, layer="counts", perplexity=5, max_iter=5)


POSITIONS = {
    "array": lambda a, xy: a.obsm.update(spatial=xy),
    "whole numbers": lambda a, xy: a.obsm.update(spatial=xy.astype(np.int64)),
    "frame": lambda a, xy: a.obsm.update(spatial=pd.DataFrame(xy, a.obs_names, ["x", "y"])),
    "frame, y first": lambda a, xy: a.obsm.update(
        spatial=pd.DataFrame(xy[:, ::-1], a.obs_names, ["pxl_row_in_fullres", "pxl_col_in_fullres"])
    ),
    "other key": lambda a, xy: a.obsm.update(X_spatial=xy),
    "columns of obs": lambda a, xy: (
        a.obs.insert(0, "x_centroid", xy[:, 0]) or a.obs.insert(0, "y_centroid", xy[:, 1])
    ),
}


@pytest.mark.parametrize("form", POSITIONS)
@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_positions(truth, adata, tmp_path, form, ending):
    if ending == "zarr":
        pytest.importorskip("zarr", reason="the extra spatial is not installed")
    del adata.obsm["spatial"]
    xy = truth.xy.round() if form == "whole numbers" else truth.xy
    adata.obsm["X_umap"] = np.zeros((N, 2))
    POSITIONS[form](adata, xy)
    path = tmp_path / f"section.{ending}"
    adata.write_h5ad(path) if ending == "h5ad" else adata.write_zarr(path)
    read = spasne.read(path)
    assert isinstance(read.obsm["spatial"], np.ndarray) and np.array_equal(read.obsm["spatial"], xy)
    assert list(read.obs_names) == truth.names
    found = read_expression(str(path))
    assert np.array_equal(found.positions, xy)


def test_without_positions_no_map_with_space(adata, tmp_path, capsys):
    del adata.obsm["spatial"]
    path = tmp_path / "section.h5ad"
    adata.write_h5ad(path)
    with pytest.raises(ValueError, match=r"expected positions in obsm\['spatial'\] of .* found nothing"):
        spasne.read(path)
    flags = ["-p", "5", "-m", "5", "-o", str(tmp_path / "map.csv")]
    assert command_line.main(["embed", "-i", str(path), *flags]) == 2
    assert "--beta 0 makes a map without space" in capsys.readouterr().err
    assert command_line.main(["embed", "-i", str(path), *flags, "--beta", "0"]) == 0


DAMAGED = {
    "absent": ("section.h5ad", None, "expected a .h5ad file, found none at .*section.h5ad"),
    "an absent store": ("section.zarr", None, "expected a .zarr store, found none at .*section.zarr"),
    "no HDF5": ("section.h5ad", b"\x89HDF", "expected AnnData in .*section.h5ad, found none"),
    "an archive": ("section.zarr.zip", b"PK", "expected a .zarr store in .*, found an archive; unzip it"),
}


@pytest.mark.parametrize(("name", "content", "message"), DAMAGED.values(), ids=DAMAGED)
def test_no_anndata(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_expression(str(tmp_path / name))


def test_two_that_could_be_positions(truth, adata, tmp_path):
    adata.obsm["spatial_fov"], adata.obsm["X_spatial"] = truth.xy % 10, truth.xy
    del adata.obsm["spatial"]
    adata.write_h5ad(tmp_path / "section.h5ad")
    with pytest.raises(ValueError, match="found X_spatial, spatial_fov; --spatial_key"):
        spasne.read(tmp_path / "section.h5ad")
    read = spasne.read(tmp_path / "section.h5ad", spatial_key="X_spatial")
    assert np.array_equal(read.obsm["spatial"], truth.xy)


@pytest.mark.parametrize("form", ["dense", "csr", "csc"])
def test_backed(truth, adata, tmp_path, form):
    adata.X = FORMS[form](truth.counts.astype(np.float32))
    adata.write_h5ad(tmp_path / "section.h5ad")
    backed = anndata.read_h5ad(tmp_path / "section.h5ad", backed="r")
    spasne.tl.spasne(backed, perplexity=5, max_iter=10)
    spasne.tl.spasne(adata, perplexity=5, max_iter=10)
    assert np.array_equal(backed.obsm["X_spasne"], adata.obsm["X_spasne"])
    made = spasne.preprocess_counts(backed.X, n_components=5)
    assert np.array_equal(made, spasne.preprocess_counts(adata.X, n_components=5))
    kept = spasne.preprocess_counts(backed.X, n_components=5, min_counts=truth.counts.sum(axis=1).max())[1]
    assert kept.tolist() == [truth.counts.sum(axis=1).argmax()]


def test_dask(adata):
    dask = pytest.importorskip("dask.array", reason="dask is not installed")
    dense = adata.copy()
    dense.X = adata.X.toarray()
    lazy = dense.copy()
    lazy.X = dask.from_array(dense.X, chunks=(10, -1))
    for each in (dense, lazy):
        spasne.tl.spasne(each, perplexity=5, max_iter=10)
    assert np.array_equal(lazy.obsm["X_spasne"], dense.obsm["X_spasne"])


# ---- components of something else --------------------------------------------------------------------------


def with_components(adata, values):
    values = values - values.mean(axis=0)
    loadings = np.linalg.svd(values, full_matrices=False)[2][:4].T
    adata.obsm["X_pca"], adata.varm["PCs"] = values @ loadings, loadings


def test_stale_components_are_named(truth, adata, recwarn):
    with_components(adata, truth.counts.astype(float))
    spasne.tl.spasne(adata, perplexity=5, max_iter=5)
    assert not recwarn.list
    adata.X = np.log1p(truth.counts)
    remedy = r"use_rep='X' with n_pcs=50 maps components of X, use_rep='X_pca' says that this is meant"
    with pytest.warns(UserWarning, match=rf"obsm\['X_pca'\] is not of X as it is now .* {remedy}"):
        spasne.tl.spasne(adata, perplexity=5, max_iter=5)
    assert adata.uns["spasne"]["params"]["use_rep"] == "X_pca"
    recwarn.clear()
    spasne.tl.spasne(adata, use_rep="X_pca", perplexity=5, max_iter=5)
    spasne.tl.spasne(adata, n_pcs=50, use_rep="X", perplexity=5, max_iter=5)
    assert not recwarn.list
    assert adata.uns["spasne"]["params"]["use_rep"] == "PCA of X"


def test_a_layer_is_mapped_and_not_x_pca(truth, adata):
    with_components(adata, truth.counts[::-1].astype(float))
    adata.layers["logged"] = np.log1p(truth.counts)
    spasne.tl.spasne(adata, layer="logged", perplexity=5, max_iter=10)
    expected = spasne.run_spasne(adata.layers["logged"], truth.xy, perplexity=5, max_iter=10, randseed=0)
    assert np.array_equal(adata.obsm["X_spasne"], expected)
    assert adata.uns["spasne"]["params"]["layer"] == "logged"
    spasne.tl.reliability(adata, k=5)
    assert adata.uns["spasne_reliability"]["params"]["layer"] == "logged"
    with pytest.raises(ValueError, match="expected a layer or a representation, found both"):
        spasne.tl.spasne(adata, layer="logged", use_rep="X_pca")
    with pytest.raises(ValueError, match="expected 'no' in layers, found logged"):
        spasne.tl.spasne(adata, layer="no")


# ---- SpatialData -------------------------------------------------------------------------------------------


def write_store(path, adata, truth, regions=1):
    """As spatialdata 0.2 and later writes tables and shapes; circles here, whose centres are points."""
    pytest.importorskip("zarr", reason="the extra spatial is not installed")
    pytest.importorskip("pyarrow", reason="the extra spatial is not installed")
    shapely = pytest.importorskip("shapely", reason="the extra spatial is not installed")
    names = [f"region{i % regions}" for i in range(N)]
    adata.obs["region"], adata.obs["instance_id"] = pd.Categorical(names), np.arange(N) + 100
    adata.uns["spatialdata_attrs"] = {
        "region": sorted(set(names)),
        "region_key": "region",
        "instance_key": "instance_id",
    }
    (path / "tables").mkdir(parents=True)
    adata.write_zarr(path / "tables" / "table")
    for region in set(names):
        rows = np.flatnonzero(np.array(names) == region)[::-1]
        squares = shapely.box(*(truth.xy[rows] - 4).T, *(truth.xy[rows] + 4).T)
        shapes = pd.DataFrame({"geometry": shapely.to_wkb(squares)}, pd.Index(rows + 100, name="instance_id"))
        (path / "shapes" / region).mkdir(parents=True)
        shapes.to_parquet(path / "shapes" / region / "shapes.parquet")
    return path


@pytest.mark.parametrize("regions", [1, 2])
def test_centroids_of_shapes(truth, adata, tmp_path, capsys, regions):
    del adata.obsm["spatial"]
    path = write_store(tmp_path / "section.zarr", adata, truth, regions)
    read = spasne.read(path)
    assert np.allclose(read.obsm["spatial"], truth.xy, rtol=0, atol=1e-9)
    spasne.tl.spasne(read, perplexity=5, max_iter=5)
    assert read.uns["spasne"]["params"].get("library_key") == (None if regions == 1 else "region")
    flags = ["-p", "5", "-m", "5", "-r", "0", "-o", str(tmp_path / "map.npy")]
    assert command_line.main(["embed", "-i", str(path), *flags]) == 0
    assert ("sections: region" in capsys.readouterr().out) == (regions == 2)


def test_a_shape_is_missing(truth, adata, tmp_path):
    del adata.obsm["spatial"]
    path = write_store(tmp_path / "section.zarr", adata, truth)
    shapes = path / "shapes" / "region0" / "shapes.parquet"
    pd.read_parquet(shapes).iloc[1:].to_parquet(shapes)
    with pytest.raises(ValueError, match="expected a shape in 'region0' for each row, found none for 139"):
        spasne.read(path)
    shapes.unlink()
    with pytest.raises(ValueError, match=r"expected the shapes of region 'region0' in .*shapes.parquet"):
        spasne.read(path)


def test_rows_that_do_not_say_which_shape_they_are(truth, adata, tmp_path):
    del adata.obsm["spatial"]
    path = write_store(tmp_path / "section.zarr", adata, truth)
    stored = anndata.read_zarr(path / "tables" / "table")
    stored.uns["spatialdata_attrs"]["instance_key"] = "number"
    stored.write_zarr(path / "tables" / "table")
    with pytest.raises(ValueError, match="or a region and an instance of each row in uns.*, found neither"):
        spasne.read(path)


def test_shapes_need_their_package(truth, adata, tmp_path, monkeypatch):
    del adata.obsm["spatial"]
    path = write_store(tmp_path / "section.zarr", adata, truth)
    monkeypatch.setitem(sys.modules, "shapely", None)
    with pytest.raises(ImportError, match=r"shapely to read shapes, .* pip install 'spasne\[spatial\]'"):
        spasne.read(path)


def test_several_tables(truth, adata, tmp_path):
    path = write_store(tmp_path / "section.zarr", adata, truth)
    adata[:, :3].copy().write_zarr(path / "tables" / "other")
    with pytest.raises(ValueError, match="expected one table, or its name as .* 'other', 'table'"):
        spasne.read(path)
    assert spasne.read(path, table_key="other").n_vars == 3


def store_in_memory(truth, adata):
    """By a stand-in that has what spatialdata and geopandas have of shapes."""
    del adata.obsm["spatial"]
    adata.obs["region"], adata.obs["instance_id"] = pd.Categorical(["cells"] * N), np.arange(N)
    adata.uns["spatialdata_attrs"] = {
        "region": "cells",
        "region_key": "region",
        "instance_key": "instance_id",
    }
    index = pd.RangeIndex(N)[::-1]
    middles = SimpleNamespace(x=truth.xy[::-1, 0], y=truth.xy[::-1, 1])
    cells = SimpleNamespace(geometry=SimpleNamespace(centroid=middles), index=index)
    return SimpleNamespace(tables={"table": adata}, shapes={"cells": cells})


def test_shapes_of_spatialdata_in_memory(truth, adata):
    store = store_in_memory(truth, adata)
    spasne.tl.spasne(store, init="spatial", perplexity=5, max_iter=0)
    assert np.corrcoef(adata.obsm["X_spasne"][:, 0], truth.xy[:, 0])[0, 1] == pytest.approx(1)
    store.shapes["nuclei"] = store.shapes.pop("cells")
    with pytest.raises(ValueError, match=r"positions in obsm\['spatial'\] or shapes of region 'cells'"):
        spasne.tl.spasne(store, init="spatial", perplexity=5, max_iter=0)


def test_figures_pages_and_reliability_know_where_shapes_are(truth, adata, tmp_path):
    adata.obsm["X_spasne"] = np.random.default_rng(0).normal(size=(N, 2))
    store = store_in_memory(truth, adata)
    figure = spasne.pl.spasne(store)
    assert [ax.get_title(loc="left") for ax in figure.axes][:2] == ["Tissue", "spasne"]
    drawn = np.concatenate([part.get_offsets() for part in figure.axes[0].collections])
    assert np.allclose(np.sort(drawn, axis=0), np.sort(truth.xy, axis=0))
    spasne.tl.reliability(store, k=5)
    assert adata.uns["spasne_reliability"]["params"]["spatial_key"] == "spatial"
    pages = [spasne.pl.export_html(store, tmp_path / "shapes.html")]
    adata.obsm["spatial"] = truth.xy
    pages.append(spasne.pl.export_html(adata, tmp_path / "obsm.html"))
    assert pages[0].read_bytes() == pages[1].read_bytes()
    del adata.obsm["spatial"]
    store.shapes["nuclei"] = store.shapes.pop("cells")
    assert [ax.get_title(loc="left") for ax in spasne.pl.spasne(store).axes][:1] == ["spasne"]
