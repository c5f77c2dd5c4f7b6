"""What platforms and labs leave on disk goes straight in, from Python and the shell: right, or refused."""

import io
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import platform_files as files
import pytest
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from platform_files import N, barcodes, make_truth

import spasne
from spasne_tools.commands import command_line
from spasne_tools.readers.count_table import read_count_table
from spasne_tools.readers.platforms import read_platform

pytestmark = pytest.mark.usefixtures("real_executable")

XENIUM_CONTROLS = {
    "NegControlProbe_00042": "Negative Control Probe",
    "NegControlCodeword_0500": "Negative Control Codeword",
    "UnassignedCodeword_0010": "Unassigned Codeword",
    "DeprecatedCodeword_0318": "Deprecated Codeword",
    "Intergenic_Region_1": "Genomic Control",
}
KINDS = list(XENIUM_CONTROLS.values())
HD_NAMES = [f"s_008um_{i:05d}_00321-1" for i in range(N)]
CELL_NAMES = [f"cellid_{3 * i + 1:09d}-1" for i in range(N)]
XENIUM_NAMES = [f"aaaa{a}{b}kl-1" for a in "abcdefgh" for b in "abcde"]
MERSCOPE_NAMES = [str(110883424764611924400221639916314253469 + i) for i in range(N)]
COSMX_NAMES = [f"{1 + i // 15}_{1 + i % 15}" for i in range(N)]
BEADS = [name.removesuffix("-1") for name in barcodes()]
BLANKS = ["Blank-1", "Blank-22"]
PROBES = ["NegPrb3", "SystemControl1"]


def visium_truth():
    return make_truth(barcodes(), decimals=0)


def xenium_truth():
    return make_truth(XENIUM_NAMES, XENIUM_CONTROLS)


def in_bins(truth, size=50):
    """`truth` with a bin for each row, named by its corner and placed at its middle, on a lattice."""
    rows = np.random.default_rng(5).permutation(100)[:N]
    corners = np.column_stack([rows % 10, rows // 10]) * size + 1000
    truth.xy = corners + size / 2
    truth.names = [f"{x}_{y}" for x, y in corners]
    return truth


def in_cells(truth):
    truth.xy = np.column_stack([np.arange(N) % 7, np.arange(N) // 7]) * 100.0 + 525
    truth.names = [str(n) for n in range(1, N + 1)]
    return truth


# Each writes its files into a folder and returns the path that a user would name, and what is there.
LAYOUTS = {
    "visium-h5": lambda folder, t: files.visium(folder, t),
    "visium-v1": lambda folder, t: files.visium(folder, t, "folder", header=False),
    "visium-genes-tsv": lambda folder, t: files.visium(folder, t, "folder", version=2, zipped=False),
    "visium-h5-v2": lambda folder, t: files.visium(folder, t, "h5", version=2),
    "visium-folder-above": lambda folder, t: files.visium(folder, t).parent,
    "visium-matrix-folder": lambda folder, t: (
        files.visium(folder, t, "folder") / "filtered_feature_bc_matrix"
    ),
    "visium-matrix-h5": lambda folder, t: files.visium(folder, t) / "filtered_feature_bc_matrix.h5",
    "visium-matrix-mtx": lambda folder, t: (
        files.visium(folder, t, "folder") / "filtered_feature_bc_matrix" / "matrix.mtx.gz"
    ),
    "visium-website": lambda folder, t: files.visium_website(folder, t),
    "visium-aggregated": lambda folder, t: files.visium_aggregated(folder, t),
    "geo": lambda folder, t: files.geo(folder, t),
    "geo-file": lambda folder, t: files.geo(folder, t) / "GSM4565823_A1_matrix.mtx.gz",
    "visium-hd": lambda folder, t: files.visium_hd(folder, t),
    "visium-hd-folder": lambda folder, t: files.visium_hd(folder, t, "folder"),
    "visium-hd-square": lambda folder, t: files.visium_hd(folder, t) / "binned_outputs" / "square_008um",
    "visium-hd-cells": lambda folder, t: files.visium_hd_cells(folder, t),
    "visium-hd-cells-folder": lambda folder, t: (
        files.visium_hd_cells(folder, t, "folder", bins=True) / "segmented_outputs"
    ),
    "visium-hd-cells-h5": lambda folder, t: (
        files.visium_hd_cells(folder, t, bins=True) / "segmented_outputs" / "filtered_feature_cell_matrix.h5"
    ),
    "visium-hd-cells-mtx": lambda folder, t: (
        files.visium_hd_cells(folder, t, "folder")
        / "segmented_outputs"
        / "filtered_feature_cell_matrix"
        / "matrix.mtx.gz"
    ),
    "xenium-csv": lambda folder, t: files.xenium(folder, t, KINDS),
    "xenium-parquet": lambda folder, t: files.xenium(folder, t, KINDS, cells="parquet"),
    "xenium-folder": lambda folder, t: files.xenium(folder, t, KINDS, "folder"),
    "xenium-h5-named": lambda folder, t: files.xenium(folder, t, KINDS) / "cell_feature_matrix.h5",
    "merscope": lambda folder, t: files.merscope(folder, t),
    "merscope-unnamed": lambda folder, t: files.merscope(folder, t, ""),
    "merscope-above": lambda folder, t: files.merscope(folder, t).parent,
    "merscope-file": lambda folder, t: files.merscope(folder, t) / "cell_by_gene.csv",
    "merscope-showcase": lambda folder, t: files.merscope(folder, t, "", "data", "_S1R1"),
    "cosmx": lambda folder, t: files.cosmx(folder, t),
    "cosmx-plain": lambda folder, t: files.cosmx(folder, t, zipped=False),
    "cosmx-later": lambda folder, t: files.cosmx(folder, t, extended=True),
    "slide-seq": lambda folder, t: files.slide_seq(folder, t),
    "slide-seq-bare": lambda folder, t: files.slide_seq(folder, t, form="bare"),
    "slide-seq-v2": lambda folder, t: files.slide_seq(
        folder,
        t,
        "Puck_200115_08_bead_locations.csv",
        "Puck_200115_08.digital_expression.txt.gz",
        form="numbered",
    ),
    "curio": lambda folder, t: files.curio(folder, t),
    "curio-file": lambda folder, t: files.curio(folder, t) / "Mouse_liver_MoleculesPerMatchedBead.mtx",
    "slide-seq-file": lambda folder, t: files.slide_seq(folder, t) / "MappedDGEForR.csv",
    "stereo-seq": lambda folder, t: files.stereo_seq(folder, t),
    "stereo-seq-old": lambda folder, t: files.stereo_seq(folder, t, columns="old", zipped=False).parent,
    "stereo-seq-cells": lambda folder, t: files.stereo_seq(folder, t, cells=True),
    "loom": lambda folder, t: files.loom(folder / "section.loom", t),
    "loom-scanpy": lambda folder, t: files.loom(folder / "section.loom", t, "spatial"),
    "seurat-4": lambda folder, t: files.seurat(folder, t),
    "seurat-5": lambda folder, t: files.seurat(folder, t, coordinates=("x", "y")),
    "seurat-table": lambda folder, t: files.seurat(folder, t, "csv"),
    "seurat-write-csv": lambda folder, t: files.with_names_of_write_csv(files.seurat(folder, t), t),
    "spatial-experiment": lambda folder, t: files.spatial_experiment(folder, t),
}


def truth_of(name):
    if name == "visium-aggregated":
        return make_truth([f"{name[:-1]}{1 + i % 2}" for i, name in enumerate(barcodes())])
    if name.startswith("visium-hd-cells"):
        return make_truth(CELL_NAMES)
    if name.startswith("visium-hd"):
        return make_truth(HD_NAMES)
    if name.startswith("xenium"):
        return xenium_truth()
    if name.startswith("merscope"):
        return make_truth(MERSCOPE_NAMES, BLANKS)
    if name.startswith("cosmx"):
        return make_truth(COSMX_NAMES, PROBES)
    if name.startswith(("slide-seq", "curio")):
        return make_truth(BEADS)
    if name == "stereo-seq-cells":
        return in_cells(make_truth(range(N)))
    if name.startswith("stereo-seq"):
        return in_bins(make_truth(range(N)))
    return visium_truth()


@pytest.fixture(params=LAYOUTS)
def layout(request, tmp_path):
    """The path to a sample in each layout, and what is in it."""
    truth = truth_of(request.param)
    (tmp_path / "data").mkdir()
    return LAYOUTS[request.param](tmp_path / "data", truth), truth, request.param


def dense(matrix):
    return matrix.toarray() if scipy.sparse.issparse(matrix) else np.asarray(matrix)


def positions_of(table, truth):
    """Positions by name; of .gem files cells are where their spots are, about."""
    return pd.DataFrame(table, index=None).set_axis(["x", "y"], axis=1)


# ---- right -------------------------------------------------------------------------------------------------


def test_from_python(layout):
    path, truth, name = layout
    pytest.importorskip("anndata", reason="the extra anndata is not installed")
    adata = spasne.read(path)
    assert sorted(adata.obs_names) == sorted(truth.names)
    by_name = pd.DataFrame(dense(adata.X), adata.obs_names, adata.var_names).loc[truth.names, truth.genes]
    assert np.array_equal(by_name, truth.counts)
    assert list(adata.var_names) == truth.genes or name.startswith("stereo")
    found = pd.DataFrame(adata.obsm["spatial"], adata.obs_names).loc[truth.names]
    tolerance = 25 if name == "stereo-seq-cells" else 1e-9 if name.startswith("visium-hd-cells") else 0
    assert np.allclose(found, truth.xy, rtol=0, atol=tolerance)
    if truth.controls:
        controls = pd.DataFrame(dense(adata.obsm["controls"]), adata.obs_names, adata.uns["controls_names"])
        assert np.array_equal(controls.loc[truth.names, truth.controls], truth.control_counts)
        assert set(controls) == set(truth.controls)


def test_from_the_shell(layout, tmp_path):
    """The start at the positions, in rows of these names, says what is matched with what."""
    path, truth, name = layout
    target = tmp_path / "map.csv"
    flags = ["--init", "spatial", "-m", "0", "-p", "5", "-o", str(target)]
    assert command_line.main(["embed", "-i", str(path), *flags]) == 0
    found = pd.read_csv(target, index_col=0, dtype={0: str})
    found.index = found.index.astype(str)
    started = found.loc[truth.names].to_numpy()
    sections = [each[-1] if name == "visium-aggregated" else "" for each in truth.names]
    places = pd.DataFrame(truth.xy)
    centred = (places - places.groupby(sections).transform("mean")).to_numpy()  # of each section by itself
    factor = np.linalg.norm(started - started.mean(axis=0)) / np.linalg.norm(centred)
    tolerance = 0.1 if name == "stereo-seq-cells" else 1e-9
    assert np.allclose(
        (started - started.mean(axis=0)) / factor, centred, rtol=0, atol=tolerance * np.abs(centred).max()
    )


# ---- refused, with the remedy ------------------------------------------------------------------------------


def without(path, *names):
    """`path` without some of its files."""
    for name in names:
        for found in path.glob(name):
            shutil.rmtree(found) if found.is_dir() else found.unlink()
    return path


def change(path, function):
    """`path` with its table changed."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    function(table).to_csv(path, index=False)


def without_ending(folder, truth):
    outs = files.visium(folder, truth)
    change(outs / "spatial" / "tissue_positions.csv", lambda t: t.assign(barcode=t["barcode"].str[:-2]))
    return outs


def with_fewer_cells(folder, truth):
    region = files.merscope(folder, truth)
    change(region / "cell_metadata.csv", lambda t: t[t["EntityID"] != truth.names[7]])
    return region


def with_a_cell_twice(folder, truth):
    region = files.merscope(folder, truth)
    change(region / "cell_metadata.csv", lambda t: pd.concat([t, t[t["EntityID"] == truth.names[7]]]))
    return region


def local_only(folder, truth):
    files.cosmx(folder, truth, zipped=False)
    path = folder / "Lung5_Rep1_metadata_file.csv"
    change(path, lambda t: t.drop(columns=["CenterX_global_px", "CenterY_global_px"]))
    return folder


def two_regions(folder, truth):
    files.merscope(folder, truth)
    return files.merscope(folder, truth, region="region_1").parent


def two_samples(folder, truth):
    files.geo(folder, truth)
    return files.geo(folder, truth, prefix="GSM4565824_B1_")


def shared_spatial(folder, truth):
    """Counts of two sections, and one folder spatial: it may be the other's."""
    for prefix in ("A1_", "B1_"):
        files.write_h5(folder / f"{prefix}filtered_feature_bc_matrix.h5", truth)
    files.write_spatial(folder / "spatial", truth)
    return folder / "B1_filtered_feature_bc_matrix.h5"


def change_outlines(outs, function):
    path = outs / "segmented_outputs" / "cell_segmentations.geojson"
    path.write_text(json.dumps(function(json.loads(path.read_text()))))
    return outs


def with_fewer_outlines(folder, truth):
    outs = files.visium_hd_cells(folder, truth)
    return change_outlines(outs, lambda outlines: outlines | {"features": outlines["features"][1:]})


def no_position(folder, truth):
    outs = files.xenium(folder, truth, KINDS)
    table = pd.read_csv(outs / "cells.csv.gz", dtype=str)
    table.assign(x_centroid=table["x_centroid"].where(table["cell_id"] != truth.names[3], "")).to_csv(
        outs / "cells.csv.gz", index=False
    )
    return outs


REFUSED = {
    "visium": {
        "no-spatial": (
            lambda folder, t: without(files.visium(folder, t), "spatial"),
            r"expected the folder spatial/ with tissue_positions\S+ or .* in .*outs, which looks like Visium",
        ),
        "no-positions": (
            lambda folder, t: without(files.visium(folder, t), "spatial/tissue_positions*"),
            r"expected tissue_positions.parquet or .*_list.csv in .*spatial",
        ),
        "no-counts": (
            lambda folder, t: without(files.visium(folder, t), "filtered_feature_bc_matrix.h5"),
            r"expected filtered_feature_bc_matrix.h5 or .* in .*outs, .* found spatial",
        ),
        "no-barcodes": (
            lambda folder, t: without(
                files.visium(folder, t, "folder"), "filtered_feature_bc_matrix/barcodes*"
            ),
            r"expected barcodes.tsv or .* found features.tsv.gz, matrix.mtx.gz",
        ),
        "ending-lost": (
            without_ending,
            r"such as AAAAAAAC-1, in tissue_positions.csv, found 0 of 40 .* differ in their ending only",
        ),
        "two-samples": (
            two_samples,
            r"expected the files of one sample .* found 2: GSM4565823_A1_matrix.* name one of these files",
        ),
        "shared-spatial": (shared_spatial, "expected the folder spatial/|expected B1_tissue_positions"),
        "seurat-object": (
            lambda folder, t: (folder / "object.rds", (folder / "object.rds").write_bytes(b"RDX3"))[0],
            r"object.rds, found an R object; in R, Matrix::writeMM",
        ),
    },
    "visium-hd": {
        "no-such-bin": (
            lambda folder, t: without(files.visium_hd(folder, t), "binned_outputs/square_008um"),
            r"expected bins of 8 micrometres \(square_008um\) in .*binned_outputs, found 2, 16; --bin",
        ),
    },
    "visium-hd-cells": {
        "no-outlines": (
            lambda folder, t: without(files.visium_hd_cells(folder, t), "segmented_outputs/*.geojson"),
            r"expected cell_segmentations.geojson in .*outputs, which looks like Visium HD \(cells\)",
        ),
        "fewer-outlines": (
            with_fewer_outlines,
            r"expected all 40 rows .* in cell_segmentations.geojson:cell_id, found 39 .* not cellid_0000001",
        ),
        "other-json": (
            lambda folder, t: change_outlines(files.visium_hd_cells(folder, t), lambda outlines: {"a": 1}),
            r"expected outlines of cells \(GeoJSON\), each with its cell_id, in .*geojson, found others",
        ),
    },
    "xenium": {
        "no-cells": (
            lambda folder, t: without(files.xenium(folder, t, KINDS), "cells*"),
            r"expected cells.csv.gz or cells.parquet in .*, which looks like Xenium, found cell_fea",
        ),
        "no-counts": (
            lambda folder, t: without(files.xenium(folder, t, KINDS), "cell_feature_matrix.h5"),
            r"expected cell_feature_matrix.h5 or cell_feature_matrix in .*, which looks like Xenium",
        ),
        "no-position": (
            no_position,
            r"expected numbers in x_centroid, .* of cells.csv.gz.*aaaaadkl-1",
        ),
    },
    "merscope": {
        "no-cells": (
            lambda folder, t: without(files.merscope(folder, t), "cell_metadata.csv"),
            r"expected cell_metadata.csv in .*region_0, which looks like MERSCOPE, found cell_by_gene.csv",
        ),
        "no-counts": (
            lambda folder, t: without(files.merscope(folder, t), "cell_by_gene.csv"),
            r"expected cell_by_gene.csv in .*region_0, which looks like MERSCOPE, found cell_metadata.csv",
        ),
        "fewer-cells": (
            with_fewer_cells,
            r"expected all 40 rows .* in cell_metadata.csv:EntityID, found 39 of them, e.g. not 11088",
        ),
        "a-cell-twice": (with_a_cell_twice, "expected each row's name once in cell_metadata.csv:EntityID"),
        "two-regions": (
            two_regions,
            "expected one region .*, found region_0, region_1; name one",
        ),
    },
    "cosmx": {
        "no-cells": (
            lambda folder, t: without(files.cosmx(folder, t), "*metadata_file*"),
            r"expected Lung5_Rep1_metadata_file.csv in .*, which looks like CosMx",
        ),
        "no-counts": (
            lambda folder, t: without(files.cosmx(folder, t), "*exprMat_file*"),
            r"expected Lung5_Rep1_exprMat_file.csv in .*, which looks like CosMx",
        ),
        "local-positions": (
            local_only,
            "expected CenterX_global_px and .* within fields",
        ),
    },
    "slide-seq": {
        "no-beads": (
            lambda folder, t: without(files.slide_seq(folder, t), "Bead*"),
            r"expected BeadLocationsForR.csv or bead_locations.csv in .*, which looks like Slide-seq",
        ),
        "two-tiles": (
            lambda folder, t: files.curio(files.curio(folder, t), t, "Mouse_brain"),
            "expected the files of one sample .* found 2: Mouse_brain_.*, Mouse_liver_.*; name one of these",
        ),
        "no-counts": (
            lambda folder, t: without(files.slide_seq(folder, t), "Mapped*"),
            r"expected MappedDGEForR.csv or digital_expression.txt or Mol\S+ in .*, which looks like Slide",
        ),
    },
    "loom": {
        "no-positions": (
            lambda folder, t: files.loom(folder / "section.loom", t, None),
            r"expected positions in col_attrs of .*loom \(X and Y, or spatial\), found CellID, _X, _Y",
        ),
    },
    "seurat": {
        "no-positions": (
            lambda folder, t: without(files.seurat(folder, t), "coordinates.csv"),
            r"expected a table with the names of the cells and their x and y \(coordinates.csv\) in",
        ),
    },
}
CASES = [
    pytest.param(platform, *case, id=f"{platform}-{name}")
    for platform, cases in REFUSED.items()
    for name, case in cases.items()
]


@pytest.mark.parametrize(("platform", "make", "message"), CASES)
def test_refused_with_the_remedy(tmp_path, capsys, platform, make, message):
    truth = truth_of(platform)
    (tmp_path / "data").mkdir()
    path = make(tmp_path / "data", truth)
    pytest.importorskip("anndata", reason="the extra anndata is not installed")
    with pytest.raises(ValueError, match=message):
        spasne.read(path)
    assert command_line.main(["embed", "-i", str(path), "-o", str(tmp_path / "map.csv"), "-p", "5"]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "map.csv").exists()


def test_without_positions_there_is_a_map_without_space(tmp_path):
    outs = without(files.visium(tmp_path / "data", visium_truth()), "spatial")
    flags = ["--beta", "0", "-m", "5", "-p", "5", "-o", str(tmp_path / "map.csv")]
    assert command_line.main(["embed", "-i", str(outs), *flags]) == 0


def test_named_positions_override_those_of_the_platform(tmp_path):
    truth = visium_truth()
    outs = without(files.visium(tmp_path / "data", truth), "spatial")
    truth.table.to_csv(tmp_path / "positions.csv")
    flags = ["-x", str(tmp_path / "positions.csv"), "--init", "spatial", "-m", "0", "-p", "5"]
    assert command_line.main(["embed", "-i", str(outs), *flags, "-o", str(tmp_path / "map.csv")]) == 0
    found = pd.read_csv(tmp_path / "map.csv", index_col=0).loc[truth.names]
    assert np.corrcoef(found["x_pos"], truth.xy[:, 0])[0, 1] == pytest.approx(1)


@pytest.mark.parametrize("flags", [["--transpose"], ["--layer", "counts"], ["--bin", "8"]])
def test_flags_that_do_not_fit_the_platform(tmp_path, capsys, flags):
    outs = files.visium(tmp_path / "data", visium_truth())
    assert command_line.main(["embed", "-i", str(outs), *flags, "-o", str(tmp_path / "map.csv")]) == 2
    assert re.search(r"error: expected (no --transpose|a .h5ad file|no --bin)", capsys.readouterr().err)


# ---- what comes with the counts ----------------------------------------------------------------------------


@pytest.mark.parametrize("made", ["visium-h5", "visium-v1", "geo"])
def test_images_by_the_convention_of_scanpy(tmp_path, made):
    pytest.importorskip("anndata", reason="the extra anndata is not installed")
    (tmp_path / "data").mkdir()
    path = LAYOUTS[made](tmp_path / "data", visium_truth())
    adata = spasne.read(path)
    library = {"visium-h5": "V1_Test", "visium-v1": "sample1", "geo": "GSM4565823_A1"}[made]
    assert set(adata.uns["spatial"]) == {library}
    section = adata.uns["spatial"][library]
    assert section["images"]["hires"].shape == (6, 8, 3)
    assert section["scalefactors"]["tissue_hires_scalef"] == (0.2 if made == "geo" else 0.17)
    assert "spatial" not in spasne.read(path, images=False).uns
    if made == "visium-h5":
        assert section["metadata"]["chemistry_description"] == "Spatial 3' v1"
        assert section["images"]["lowres"].shape == (3, 4, 3)
    adata.write_h5ad(tmp_path / "section.h5ad")
    again = spasne.read(tmp_path / "section.h5ad")
    assert np.array_equal(again.obsm["spatial"], adata.obsm["spatial"])


def test_what_is_off_the_tissue_is_left_out_and_said(tmp_path, capsys):
    truth = visium_truth()
    outs = files.visium(tmp_path / "data", truth, "folder")
    raw = make_truth([*truth.names[:30], *(f"GGGG{i}-1" for i in range(10))])
    shutil.rmtree(outs / "filtered_feature_bc_matrix")
    files.write_triplet(outs / "raw_feature_bc_matrix", raw)
    flags = ["-m", "0", "-p", "5", "-o", str(tmp_path / "map.csv")]
    assert command_line.main(["embed", "-i", str(outs), *flags]) == 0
    assert "left out: 10 of 40 spots off the tissue (in_tissue 0)" in capsys.readouterr().out
    assert list(pd.read_csv(tmp_path / "map.csv", index_col=0).index) == truth.names[:30]


def test_antibodies_are_no_genes(tmp_path):
    pytest.importorskip("anndata", reason="the extra anndata is not installed")
    truth = make_truth(barcodes(), ["CD3", "CD8", "mouse_IgG2a"])
    outs = files.visium(tmp_path / "data", truth, kinds=["Antibody Capture"] * 3)
    adata = spasne.read(outs)
    assert list(adata.var_names) == truth.genes
    assert list(adata.uns["antibody_capture_names"]) == truth.controls
    assert np.array_equal(dense(adata.obsm["antibody_capture"]), truth.control_counts)


def test_the_shell_says_what_it_did(tmp_path, capsys):
    path = files.merscope(tmp_path / "data", truth_of("merscope"))
    flags = ["-m", "0", "-p", "5", "-o", str(tmp_path / "map.csv")]
    assert command_line.main(["embed", "-i", str(path), *flags]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:3] == [
        "MERSCOPE: 40 rows, 12 genes",
        "matched 40 of 40 rows by cell_metadata.csv:EntityID; positions: center_x, center_y",
        "set apart: 2 controls",
    ]


def test_images_and_scale_of_cells(tmp_path):
    pytest.importorskip("anndata", reason="the extra anndata is not installed")
    outs = files.visium_hd_cells(tmp_path / "brain", truth_of("visium-hd-cells"), "folder")
    library = spasne.read(outs).uns["spatial"]["brain"]
    assert library["images"]["hires"].shape == (6, 8, 3)
    assert library["scalefactors"]["microns_per_pixel"] == 0.26


def test_bins_beside_cells_say_so(tmp_path):
    """Bins are read, as ever, where both are there."""
    bins = files.visium_hd(tmp_path / "bins", truth_of("visium-hd"))
    outs = files.visium_hd_cells(tmp_path / "cells", truth_of("visium-hd-cells"))
    (bins / "binned_outputs").rename(outs / "binned_outputs")
    notes = read_platform(outs).notes
    assert notes[0] == f"bins of 8 micrometres; cells are in segmented_outputs: name {outs}/segmented_outputs"
    assert "segmented" not in " ".join(read_platform(outs, bin=16).notes)


# ---- folders above -----------------------------------------------------------------------------------------


def above_of(make):
    """Makes two samples in a folder."""

    def write(folder):
        for name in ("slide ü", "b"):
            make(folder, name, visium_truth())
        return folder

    return write


def holding(*names):
    """Makes empty files of these names in a folder."""

    def write(folder):
        for name in names:
            files.write_text(folder / name, "")
        return folder

    return write


ABOVE = {
    "outs": (
        above_of(lambda folder, name, t: files.visium(folder / name, t)),
        r"expected one sample in .*data, found b/sample1, slide ü/sample1 below it; name one of them",
    ),
    "several in one": (
        above_of(lambda folder, name, t: files.curio(folder / "x", t, name)),
        r"expected one sample in .*data, found x below it",
    ),
    "h5ad": (holding("analysis/a.h5ad"), r"expected one sample in .*data, found analysis/a.h5ad below it"),
    "refused": (
        holding("chip.tissue.gef"),
        r"expected what a platform writes in .*data, found chip.tissue.gef, a binary file of Stereo-seq;",
    ),
    "many": (
        holding(*(f"{i}.h5ad" for i in range(9))),
        r"found 0.h5ad, 1.h5ad, 2.h5ad, 3.h5ad, 4.h5ad, 5.h5ad and 3 more below it",
    ),
}


@pytest.mark.parametrize("case", ABOVE)
def test_a_folder_above_samples_names_them(tmp_path, capsys, case):
    make, message = ABOVE[case]
    (tmp_path / "data").mkdir()
    path = make(tmp_path / "data")
    with pytest.raises(ValueError, match=message):
        spasne.read(path)
    assert command_line.main(["embed", "-i", str(path), "-o", str(tmp_path / "map.csv")]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_how_far_samples_are_looked_for(tmp_path):
    """Two levels below, and among the first hundred of a folder, which may be somebody's home."""
    files.write_text(tmp_path / "a" / "b" / "deep.h5ad", "")
    for number in range(100):
        files.write_text(tmp_path / "many" / f"{number:03}.txt", "")
    files.write_text(tmp_path / "many" / "last.h5ad", "")
    with pytest.raises(ValueError, match="found nothing known"):
        spasne.read(tmp_path)
    (tmp_path / "many" / "000.txt").unlink()
    with pytest.raises(ValueError, match="found many/last.h5ad below it"):
        spasne.read(tmp_path)
    (tmp_path / "a" / "b" / "deep.h5ad").rename(tmp_path / "a" / "deep.h5ad")
    with pytest.raises(ValueError, match="found a/deep.h5ad, many/last.h5ad below it"):
        spasne.read(tmp_path)


def test_what_is_below_a_sample_is_of_it(tmp_path):
    files.write_text(files.visium(tmp_path, visium_truth()) / "analysis.h5ad", "")
    found = r"expected one sample in .*, found sample1 below it; name one of them$"
    with pytest.raises(ValueError, match=found):
        spasne.read(tmp_path)


def test_a_folder_of_another_user_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "private").mkdir()
    files.write_text(tmp_path / "mine" / "a.h5ad", "")
    entries = Path.iterdir

    def refused(path):
        if path.name == "private":
            raise PermissionError(13, "Permission denied", str(path))
        return entries(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(ValueError, match="expected one sample in .*, found mine/a.h5ad below it"):
        spasne.read(tmp_path)


def test_a_file_of_no_platform_is_a_table_of_ones_own(tmp_path):
    files.write_text(tmp_path / "counts.txt", "1 2\n3 4\n")
    with pytest.raises(ValueError, match="found nothing known; read a table of your own with pandas"):
        spasne.read(tmp_path / "counts.txt")


@pytest.mark.parametrize("size", [2, 16])
def test_other_bins_of_visium_hd(tmp_path, size):
    pytest.importorskip("anndata", reason="the extra anndata is not installed")
    path = files.visium_hd(tmp_path / "data", truth_of("visium-hd"))
    adata = spasne.read(path, bin=size)
    assert adata.obs_names[0].startswith(f"s_{size:03d}um_")
    named = path / "binned_outputs" / f"square_{size:03d}um"
    assert np.array_equal(spasne.read(named).obsm["spatial"], adata.obsm["spatial"])


def test_bins_of_stereo_seq(tmp_path):
    """Against sums over bins, line by line."""
    pytest.importorskip("anndata", reason="the extra anndata is not installed")
    path = files.stereo_seq(tmp_path, in_bins(make_truth(range(N))), zipped=False)
    lines = pd.read_csv(path, sep="\t", comment="#")
    sums = {}
    for line in lines.itertuples():
        key = f"{line.x // 20 * 20}_{line.y // 20 * 20}", line.geneID
        sums[key] = sums.get(key, 0) + line.MIDCount
    adata = spasne.read(path, bin=20)
    found = scipy.sparse.coo_matrix(adata.X)
    assert {
        (adata.obs_names[row], adata.var_names[column]): value
        for row, column, value in zip(found.row, found.col, found.data, strict=True)
    } == sums
    corners = np.array([list(map(int, name.split("_"))) for name in adata.obs_names])
    assert np.array_equal(adata.obsm["spatial"], corners + 10)


def test_parts_of_a_gem_are_summed(tmp_path, monkeypatch):
    pytest.importorskip("anndata", reason="the extra anndata is not installed")
    path = files.stereo_seq(tmp_path, in_bins(make_truth(range(N))))
    whole = spasne.read(path)
    monkeypatch.setattr("spasne_tools.readers.stereo_seq.LINES", 37)
    parts = spasne.read(path)[whole.obs_names, whole.var_names]
    assert np.array_equal(dense(parts.X), dense(whole.X))


def test_sections_of_a_table_are_sections_of_the_map(tmp_path, monkeypatch):
    pytest.importorskip("anndata", reason="the extra anndata is not installed")
    truth = visium_truth()
    folder = files.spatial_experiment(tmp_path / "data", truth, sections=2)
    adata = spasne.read(folder)
    assert list(adata.obs.loc[truth.names, "section"]) == ["s0", "s1"] * (N // 2)
    flags = ["-m", "30", "-p", "5", "-r", "1"]
    for name, more in (("found", []), ("named", named_sections(tmp_path, truth))):
        target = str(tmp_path / f"{name}.csv")
        assert command_line.main(["embed", "-i", str(folder), *flags, *more, "-o", target]) == 0
    assert (tmp_path / "found.csv").read_text() == (tmp_path / "named.csv").read_text()
    adata.obsm["X_pca"] = spasne.preprocess_counts(adata.X)
    spasne.tl.spasne(adata, perplexity=5, max_iter=5)
    assert adata.uns["spasne"]["params"]["library_key"] == "section"


def named_sections(folder, truth):
    table = pd.DataFrame({"section": ["s0", "s1"] * (N // 2)}, truth.names)
    table.to_csv(folder / "sections.csv")
    return ["--sections", str(folder / "sections.csv")]


# ---- tables of counts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", ["whole", "as fractions", "fractions", "mixed"])
@pytest.mark.parametrize("ids", [1, 2])
@pytest.mark.parametrize("ended", [False, True])
def test_count_tables_are_read_as_pandas_reads_them(tmp_path, values, ids, ended):
    rng = np.random.default_rng(7)
    table = pd.DataFrame(rng.poisson(0.5, size=(9, 5)), columns=list("abcde")).astype(object)
    if values == "as fractions":
        table = table.astype(float)
    elif values != "whole":
        table.iloc[3 if values == "mixed" else slice(None), 2] = 0.125
    for i in range(ids):
        table.insert(i, f"id{i}", [f"n{i}{row}" for row in range(9)])
    text = table.to_csv(index=False, lineterminator=",\n" if ended else "\n")
    (tmp_path / "table.csv").write_text(text.replace("e,\n", "e\n", 1))
    found = read_count_table(tmp_path / "table.csv", lambda place, name: name.startswith("id"))
    expected = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    assert np.array_equal(found.counts.toarray(), expected[list("abcde")])
    assert list(found.columns) == list("abcde")
    assert (
        found.ids.equals(expected[[f"id{i}" for i in range(ids)]].astype(str))
        or (found.ids.to_numpy() == expected[[f"id{i}" for i in range(ids)]].to_numpy()).all()
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("c1,1,x,3", r"expected a number in column 'b' in line 3 of .*, found 'x'"),
        ("c1,1,2", r"expected 4 fields in line 3 of .*, as its header has, found 3"),
        ("c1,1,,3", r"expected a number in column 'b' in line 3 of .*, found ''"),
    ],
)
def test_lines_that_are_no_counts(tmp_path, line, message):
    (tmp_path / "table.csv").write_text(f"cell,a,b,c\nc0,1,2,3\n{line}\n")
    with pytest.raises(ValueError, match=message):
        read_count_table(tmp_path / "table.csv", lambda place, name: place == 0)


# ---- the pages ---------------------------------------------------------------------------------------------

# The path on each page, and the layout that lies there.
PAGES = {
    "visium": ("outs", "visium-h5"),
    "visium_hd": ("outs", "visium-hd"),
    "xenium": ("xenium", "xenium-csv"),
    "merscope": ("region_0", "merscope"),
    "cosmx": ("cosmx", "cosmx"),
    "slide_seq": ("puck", "slide-seq"),
    "stereo_seq": ("chip.gem.gz", "stereo-seq"),
    "loom": ("section.loom", "loom"),
    "geo": ("GSM4565823", "geo"),
    "seurat": ("exported", "seurat-4"),
    "anndata": ("section.h5ad", None),
}
DOCS = Path(__file__).resolve().parents[1] / "docs" / "platforms"


def test_every_platform_has_a_page():
    assert {page.stem for page in DOCS.glob("*.md")} == {*PAGES, "README"}


@pytest.mark.parametrize("page", PAGES)
def test_lines_of_the_page(tmp_path, monkeypatch, page):
    """As written, but for a perplexity that 40 rows allow."""
    anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")
    monkeypatch.chdir(tmp_path)
    path, layout = PAGES[page]
    Path("data").mkdir()
    if layout is None:
        truth = visium_truth()
        obs = pd.DataFrame(index=truth.names)
        adata = anndata.AnnData(truth.counts.astype(np.float32), obs, obsm={"spatial": truth.xy})
        adata.write_h5ad(path)
    else:
        LAYOUTS[layout](Path("data"), truth_of(layout)).rename(path)
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\$ spasne-map (.*)$", text, re.MULTILINE)
    assert command_line.main([*command.split(), "-p", "5", "-m", "10"]) == 0
    assert len(pd.read_csv("map.csv", index_col=0)) == N and Path("map.png").stat().st_size > 0
    code = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0]
    assert len(code.splitlines()) == 3
    variables = {"spasne": spasne}
    exec(code.replace("tl.spasne(adata", "tl.spasne(adata, perplexity=5, max_iter=10"), variables)
    assert variables["adata"].obsm["X_spasne"].shape == (N, 2)


# ---- whatever the order, the names and what else is there --------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**16),
    place=st.integers(0, 4),
    name=st.sampled_from(["EntityID", "", "cell", "X", "id", "anything"]),
    extra=st.integers(0, 5),
    missing=st.integers(0, 2),
)
def test_the_right_match_or_an_error(tmp_path_factory, seed, place, name, extra, missing):
    """Rows of the metadata in any order, more of them or fewer, names in a column of any name and place."""
    folder = tmp_path_factory.mktemp("region")
    truth = make_truth(MERSCOPE_NAMES, BLANKS)
    region = files.merscope(folder, truth)
    table = pd.read_csv(region / "cell_metadata.csv", dtype=str)
    texts = table.pop("EntityID")
    table.insert(place, name, texts)
    more = table.iloc[:extra].copy()
    more[name] = [f"99{i}" for i in range(extra)]
    table = pd.concat([table.sample(frac=1, random_state=seed).iloc[missing:], more])
    table.sample(frac=1, random_state=seed + 1).to_csv(region / "cell_metadata.csv", index=False)
    if missing:
        with pytest.raises(ValueError, match=f"found {N - missing} of them"):
            read_platform(region)
        return
    found = read_platform(region)
    assert np.allclose(found.positions.loc[truth.names], truth.xy, rtol=0, atol=1e-9)
    assert list(found.names) == truth.names and np.array_equal(found.counts.toarray(), truth.counts)


def test_tables_beside_without_the_prefix_of_the_counts(tmp_path):
    truth = visium_truth()
    folder = files.seurat(tmp_path, truth, "csv")
    (folder / "counts.csv").rename(folder / "mouse_counts.csv")
    assert np.array_equal(read_platform(folder).positions.loc[truth.names], truth.xy)


def test_a_gem_of_another_name(tmp_path):
    truth = in_bins(make_truth(range(N)))
    path = files.stereo_seq(tmp_path, truth, columns="old").rename(tmp_path / "SS200_bin1.tsv.gz")
    found = read_platform(path)
    assert found.platform == "Stereo-seq" and set(found.names) == set(truth.names)


def test_without_extras_tables_and_matrices_are_read(tmp_path, monkeypatch):
    for name in ("anndata", "h5py", "zarr", "shapely"):  # pandas has settled by now whether there is pyarrow
        monkeypatch.setitem(sys.modules, name, None)
    truth = visium_truth()
    outs = files.visium(tmp_path / "data", truth, "folder")
    target = str(tmp_path / "map.csv")
    assert command_line.main(["embed", "-i", str(outs), "-m", "5", "-p", "5", "-o", target]) == 0
    (outs / "filtered_feature_bc_matrix.h5").write_bytes(b"\x89HDF")
    assert read_platform(outs).names.equals(pd.Index(truth.names))  # from the folder beside
    shutil.rmtree(outs / "filtered_feature_bc_matrix")
    with pytest.raises(ImportError, match=r"h5py to read HDF5 files, .* pip install 'spasne\[spatial\]'"):
        read_platform(outs)
