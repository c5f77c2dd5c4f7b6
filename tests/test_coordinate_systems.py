"""Transformations that SpatialData keeps beside shapes reach the positions, on disk and in memory."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import spasne
from spasne_tools.readers.coordinate_systems import frame_in_memory, frame_on_disk


def transformation(kind, value=None, inputs="xy", outputs="xy", system="global"):
    """As spatialdata writes it."""
    axes = {
        side: {"name": name, "axes": [{"name": axis, "type": "space", "unit": "unit"} for axis in letters]}
        for side, letters, name in (("input", inputs, inputs), ("output", outputs, system))
    }
    return {"type": kind, **axes} | ({} if value is None else {kind: value})


def sequence(*parts):
    return transformation("sequence") | {"transformations": list(parts)}


AFFINE = [[2.0, -1.0, 7.0], [0.5, 3.0, -4.0]]
# What each makes of a point (x, y), written out.
KINDS = {
    "identity": (transformation("identity"), lambda x, y: (x, y)),
    "translation": (transformation("translation", [10.0, -3.0]), lambda x, y: (x + 10, y - 3)),
    "scale": (transformation("scale", [2.0, 5.0]), lambda x, y: (2 * x, 5 * y)),
    "scale of y first": (transformation("scale", [2.0, 5.0], "yx", "yx"), lambda x, y: (5 * x, 2 * y)),
    "scale in space": (transformation("scale", [2.0, 5.0, 9.0], "xyz", "xyz"), lambda x, y: (2 * x, 5 * y)),
    "rotation": (transformation("rotation", [0.0, -1.0, 1.0, 0.0]), lambda x, y: (-y, x)),
    "map of axes": (transformation("mapAxis", {"x": "y", "y": "x"}), lambda x, y: (y, x)),
    "affine": (transformation("affine", AFFINE), lambda x, y: (2 * x - y + 7, x / 2 + 3 * y - 4)),
    "affine to y first": (
        transformation("affine", AFFINE, "xy", "yx"),
        lambda x, y: (x / 2 + 3 * y - 4, 2 * x - y + 7),
    ),
    "sequence": (
        sequence(transformation("scale", [2.0, 5.0]), transformation("translation", [1.0, 2.0], "yx", "yx")),
        lambda x, y: (2 * x + 2, 5 * y + 1),
    ),
    "sequence without axes": (
        {
            "type": "sequence",
            "transformations": [
                {"type": "translation", "translation": [1, 2]},
                {"type": "scale", "scale": [3, 4]},
            ],
            "output": {"name": "global"},
        },
        lambda x, y: (3 * (x + 1), 4 * (y + 2)),
    ),
}


def write_attributes(folder, transformations, zarr=3):
    folder.mkdir(parents=True, exist_ok=True)
    attributes = {"encoding-type": "ngff:shapes", "coordinateTransformations": transformations}
    name, content = (
        ("zarr.json", {"attributes": attributes, "node_type": "group"})
        if zarr == 3
        else (".zattrs", attributes)
    )
    (folder / name).write_text(json.dumps(content))


@pytest.fixture
def places():
    return pd.DataFrame(np.random.default_rng(0).normal(size=(7, 2)), list("gfedcba"), ["x", "y"])


@pytest.mark.parametrize("zarr", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_transformations(tmp_path, places, kind, zarr):
    stored, by_hand = KINDS[kind]
    write_attributes(tmp_path, [stored], zarr)
    moved = frame_on_disk(tmp_path).place(places)
    assert list(moved.index) == list(places.index) and list(moved) == ["x", "y"]
    expected = [by_hand(x, y) for x, y in places.itertuples(index=False)]
    assert np.allclose(moved, expected, rtol=0, atol=1e-12)


def test_which_system_is_taken(tmp_path):
    others = [transformation("identity", system=name) for name in ("microns", "lowres")]
    write_attributes(tmp_path, others)
    assert frame_on_disk(tmp_path).system == "microns"
    write_attributes(tmp_path, [*others, transformation("identity")])
    assert frame_on_disk(tmp_path).system == "global"
    write_attributes(tmp_path, [])
    assert frame_on_disk(tmp_path) is None
    assert frame_on_disk(tmp_path / "absent") is None


@pytest.mark.parametrize(
    "stored", [transformation("displacement", "field"), sequence(transformation("byDimension", []))]
)
def test_what_is_no_affine_map_is_refused(tmp_path, stored):
    write_attributes(tmp_path / "cells", [stored])
    with pytest.raises(ValueError, match="an affine transformation of 'cells' into 'global', found '"):
        frame_on_disk(tmp_path / "cells")


def test_elements_in_memory(places):
    """By a stand-in that has what spatialdata's elements and transformations have."""
    matrix = np.vstack([AFFINE, [0, 0, 1]])

    def to_affine_matrix(input_axes, output_axes):
        assert input_axes == output_axes == ("x", "y")
        return matrix

    systems = {"other": None, "global": SimpleNamespace(to_affine_matrix=to_affine_matrix)}
    frame = frame_in_memory(SimpleNamespace(attrs={"transform": systems}))
    by_hand = KINDS["affine"][1]
    assert np.allclose(frame.place(places), [by_hand(x, y) for x, y in places.itertuples(index=False)])
    assert frame_in_memory(SimpleNamespace(attrs={})) is None
    assert frame_in_memory(SimpleNamespace()) is None


def test_positions_of_a_store(tmp_path):
    """Two parts of one tissue, each stretched and moved: positions are those in the system they share."""
    anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")
    shapely = pytest.importorskip("shapely", reason="the extra spatial is not installed")
    pytest.importorskip("pyarrow", reason="the extra spatial is not installed")
    pytest.importorskip("zarr", reason="the extra spatial is not installed")
    n = 20
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 100, size=(n, 2))
    parts = np.array(["left", "right"])[np.arange(n) % 2]
    ends = {"left": ([2.0, 5.0], [30.0, 0.0]), "right": ([1.0, 0.5], [0.0, 0.0])}
    obs = pd.DataFrame({"part": pd.Categorical(parts), "cell": np.arange(n)}, [f"c{i}" for i in range(n)])
    adata = anndata.AnnData(rng.poisson(3.0, size=(n, 5)).astype(np.float32), obs)
    attributes = {"region": ["left", "right"], "region_key": "part", "instance_key": "cell"}
    adata.uns["spatialdata_attrs"] = attributes
    adata.write_zarr(tmp_path / "s.zarr" / "tables" / "table")
    for part, (scale, shift) in ends.items():
        rows = np.flatnonzero(parts == part)[::-1]
        own = shapely.points((xy[rows] - shift) / np.array(scale))
        shapes = pd.DataFrame({"geometry": shapely.to_wkb(own)}, pd.Index(rows, name="cell"))
        folder = tmp_path / "s.zarr" / "shapes" / part
        steps = sequence(transformation("scale", scale), transformation("translation", shift))
        write_attributes(folder, [steps])
        shapes.to_parquet(folder / "shapes.parquet")
    read = spasne.read(tmp_path / "s.zarr")
    assert np.allclose(read.obsm["spatial"], xy, rtol=0, atol=1e-9)
    assert "centroids of shapes, in coordinates 'global'" in read.uns["spasne_read"]["notes"]
