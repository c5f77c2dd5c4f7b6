"""Samples of platforms with a file that is damaged, empty or of something else: refused by its name."""

import shutil
import sys

import numpy as np
import pandas as pd
import platform_files as files
import pytest
import scipy.io
import scipy.sparse
from platform_files import N, barcodes, make_truth
from test_platforms import (
    BEADS,
    COSMX_NAMES,
    HD_NAMES,
    KINDS,
    MERSCOPE_NAMES,
    PROBES,
    change,
    in_bins,
    in_cells,
    visium_truth,
    without,
    xenium_truth,
)

import spasne
from spasne_tools.readers.platforms import read_platform

h5py = pytest.importorskip("h5py", reason="the extra spatial is not installed")

CUT = b"\x1f\x8b\x08\0\0\0"  # a gzip file that ends in its head
BROKEN_H5 = b"\x89HDF\r\n\x1a\n"


def with_content(folder, name, content):
    """`folder` with other bytes in a file, which is in it or below."""
    (path,) = folder.rglob(name)
    path.write_bytes(content)
    return folder


def with_table(folder, name, function):
    """`folder` with its table `name` changed."""
    change(folder / name, function)
    return folder


def of_xenium(folder, **options):
    return files.xenium(folder, xenium_truth(), KINDS, **options)


def of_visium(folder, form="folder", **options):
    return files.visium(folder, visium_truth(), form, **options)


def of_merscope(folder):
    return files.merscope(folder, make_truth(MERSCOPE_NAMES))


def of_cosmx(folder):
    return files.cosmx(folder, make_truth(COSMX_NAMES, PROBES), zipped=False)


def of_stereo_seq(folder, **options):
    return files.stereo_seq(folder, in_bins(make_truth(range(N))), zipped=False, **options)


def of_seurat(folder):
    return files.seurat(folder, visium_truth())


def cells_alone(folder):
    """A list of cells that is known to be Xenium's by its columns."""
    return without(of_xenium(folder, cells="parquet"), "experiment.xenium", "cell_feature_matrix.h5")


def two_tables_of_positions(folder):
    of_seurat(folder)
    shutil.copy(folder / "coordinates.csv", folder / "spatial.csv")
    return folder


def two_chips(folder):
    path = of_stereo_seq(folder)
    shutil.copy(path, folder / "other.gem")
    return folder


def a_gem(folder, text):
    (folder / "chip.gem").write_text(text)
    return folder / "chip.gem"


def a_loom(folder, content):
    if content is not None:
        (folder / "section.loom").write_bytes(content)
    return folder / "section.loom"


def loom_without_names(folder):
    path = files.loom(folder / "section.loom", visium_truth())
    with h5py.File(path, "a") as file:
        del file["col_attrs"]
    return path


def an_h5(folder, *groups):
    """A file of Cell Ranger 2 in which each group is a genome."""
    outs = of_visium(folder, "h5", version=2)
    with h5py.File(outs / "filtered_feature_bc_matrix.h5", "a") as file:
        for name in groups:
            file.copy("GRCh38", name)
        if not groups:
            file.move("GRCh38/gene_names", "GRCh38/titles")
    return outs


def controls_alone(folder, kinds):
    truth = make_truth(barcodes())
    truth.genes = [f"Blank-{number}" for number in range(len(truth.genes))]
    outs = files.visium(folder, truth, "folder", version=3 if kinds else 2)
    if kinds:
        path = outs / "filtered_feature_bc_matrix" / "features.tsv.gz"
        table = pd.read_csv(path, sep="\t", header=None)
        files.write_table(path, table.assign(**{"2": kinds}).iloc[:, [0, 1, 3]], sep="\t", header=False)
    return outs


REFUSED = {
    "cells cut short": (
        lambda folder: with_content(of_xenium(folder), "cells.csv.gz", CUT),
        "expected a table in .*cells.csv.gz, found none that can be read",
    ),
    "no cells": (
        lambda folder: with_content(of_merscope(folder), "cell_metadata.csv", b"EntityID,center_x\n"),
        "expected rows in .*cell_metadata.csv, found none",
    ),
    "cells that are no Parquet": (
        lambda folder: with_content(of_xenium(folder, cells="parquet"), "cells.parquet", b"PAR1"),
        "expected a Parquet file in .*cells.parquet, found none that can be read",
    ),
    "a list of cells alone": (
        cells_alone,
        "expected cell_feature_matrix.h5 or .*, which looks like Xenium, found cells.parquet",
    ),
    "cells of something else": (
        lambda folder: with_table(
            of_merscope(folder), "cell_metadata.csv", lambda t: t.assign(EntityID=range(900, 900 + N))
        ),
        r"such as 110883\d+, in cell_metadata.csv, found 0 of 40 in any column, e.g. 90\d [^;]*$",
    ),
    "cells without places": (
        lambda folder: with_table(
            of_merscope(folder), "cell_metadata.csv", lambda t: t[["EntityID", "fov", "volume"]]
        ),
        "expected columns of positions in cell_metadata.csv, such as x and y, found fov, volume",
    ),
    "counts without fields": (
        lambda folder: with_table(
            of_cosmx(folder), "Lung5_Rep1_exprMat_file.csv", lambda t: t.drop(columns="fov")
        ),
        "expected a column fov in .*exprMat_file.csv, found cell_ID",
    ),
    "cells without numbers": (
        lambda folder: with_table(
            of_cosmx(folder), "Lung5_Rep1_metadata_file.csv", lambda t: t.drop(columns="cell_ID")
        ),
        "expected a column cell_ID in .*metadata_file.csv, found fov, Area",
    ),
    "counts that are empty": (
        lambda folder: with_content(of_cosmx(folder), "Lung5_Rep1_exprMat_file.csv", b"# exported\n\n"),
        "expected a table in .*exprMat_file.csv, found an empty file",
    ),
    "a loom that is absent": (lambda folder: a_loom(folder, None), "expected a .loom file, found none at"),
    "a loom that is none": (
        lambda folder: a_loom(folder, BROKEN_H5),
        "expected a .loom file in .*, found none that can be read",
    ),
    "a loom without names": (loom_without_names, "expected col_attrs in .*, found layers, matrix, row_attrs"),
    "controls alone, by name": (
        lambda folder: controls_alone(folder, None),
        "expected genes among 12 features, found controls only",
    ),
    "controls alone, by kind": (
        lambda folder: controls_alone(folder, "Negative Control Probe"),
        "expected genes among 12 features, found controls only",
    ),
    "two chips": (two_chips, "expected one .gem file in .*, found chip.gem, other.gem; name one"),
    "a chip without lines": (
        lambda folder: a_gem(folder, "#BinSize=1\ngeneID\tx\ty\tMIDCount\n"),
        "expected lines of genes, x, y and counts in .*chip.gem, found none",
    ),
    "a chip of comments": (
        lambda folder: a_gem(folder, "#BinSize=1\n"),
        "expected columns geneID, x, y and MIDCount, .*chip.gem, found ''",
    ),
    "a chip of cells, all outside": (
        lambda folder: a_gem(folder, "geneID\tx\ty\tMIDCount\tCellID\nGad1\t1\t2\t3\t0\n"),
        "expected lines of genes, x, y and counts in .*chip.gem, found none",
    ),
    "places that are no spots": (
        lambda folder: a_gem(folder, "geneID\tx\ty\tMIDCount\nGad1\t1\t2.5\t3\n"),
        "expected whole numbers in x and y of .*chip.gem, found others",
    ),
    "two tables of positions": (
        two_tables_of_positions,
        "expected one table of positions in .*, found coordinates.csv, spatial.csv",
    ),
    "counts that are no HDF5": (
        lambda folder: with_content(of_visium(folder, "h5"), "filtered_feature_bc_matrix.h5", BROKEN_H5),
        "expected an HDF5 file in .*, found none that can be read",
    ),
    "counts of two genomes": (
        lambda folder: an_h5(folder, "mm10"),
        "expected one genome in .*, found GRCh38, mm10",
    ),
    "HDF5 of something else": (
        an_h5,
        "expected a feature-barcode matrix of 10x Genomics in .*, found GRCh38$",
    ),
    "barcodes cut short": (
        lambda folder: with_content(of_visium(folder), "barcodes.tsv.gz", CUT),
        "expected names, one in a line, in .*barcodes.tsv.gz, found none",
    ),
    "counts cut short": (
        lambda folder: with_content(of_visium(folder), "matrix.mtx.gz", CUT),
        "expected a Matrix Market file in .*matrix.mtx.gz, found none",
    ),
    "fewer barcodes": (
        lambda folder: with_content(of_visium(folder, zipped=False), "barcodes.tsv", b"AAAAAAAC-1\n"),
        r"expected 12 genes \(rows\) of 1 cells \(columns\) in .*, as listed beside it, found 12 x 40",
    ),
    "no matrix": (
        lambda folder: without(of_visium(folder), "filtered_feature_bc_matrix/matrix*"),
        "expected matrix.mtx or matrix.mtx.gz in .*, found barcodes.tsv.gz, features.tsv.gz",
    ),
    "scale factors that are none": (
        lambda folder: with_content(of_visium(folder), "scalefactors_json.json", b"{"),
        r"expected scale factors \(JSON\) in .*scalefactors_json.json, found none",
    ),
    "a damaged image": (
        lambda folder: with_content(of_visium(folder), "tissue_hires_image.png", b"<html>"),
        r"expected an image in .*tissue_hires_image.png, found none \(.*\); images=False reads all else",
    ),
    "spots without places": (
        lambda folder: with_table(
            of_visium(folder),
            "spatial/tissue_positions.csv",
            lambda t: t.drop(columns="pxl_row_in_fullres"),
        ),
        "expected a column pxl_row_in_fullres in .*tissue_positions.csv, found barcode, in_tissue",
    ),
    "a square without counts": (
        lambda folder: without(
            files.visium_hd(folder, make_truth(HD_NAMES)),
            "binned_outputs/square_008um/filtered_feature_bc_matrix.h5",
        ),
        "expected filtered_feature_bc_matrix.h5 or .*square_008um, which looks like Visium HD, found spatial",
    ),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path, make, message):
    with pytest.raises(ValueError, match=message):
        data = read_platform(make(tmp_path))
        data.images.load()


def test_parquet_needs_its_package(tmp_path, monkeypatch):
    path = of_xenium(tmp_path, cells="parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"pyarrow to read Parquet .* pip install 'spasne\[spatial\]'"):
        read_platform(path)


@pytest.mark.parametrize("size", [30, 0, -20, True, 20.0])
def test_bins_that_cannot_be(tmp_path, size):
    path = of_stereo_seq(tmp_path)
    path.write_text(path.read_text().replace("BinSize=1\n", "BinSize=20\n"))
    why = "a multiple of 20, the bin of .*chip.gem" if size == 30 else "a whole number above 0"
    with pytest.raises(ValueError, match=f"^expected --bin .*{why}, found {size}"):
        read_platform(path, size)


# ---- not damaged, though it may look so --------------------------------------------------------------------


def assert_right(data, truth):
    assert np.array_equal(data.positions.loc[truth.names], truth.xy)
    counts = pd.DataFrame(data.counts.toarray(), data.names, data.genes.index)
    assert np.array_equal(counts.loc[truth.names, truth.genes], truth.counts)


def test_parquet_with_names_in_its_index(tmp_path):
    path = of_xenium(tmp_path, cells="parquet")
    table = pd.read_parquet(path / "cells.parquet")
    table.set_index("cell_id").to_parquet(path / "cells.parquet")
    assert_right(read_platform(path), xenium_truth())


@pytest.mark.parametrize("named", ["", "barcodes.tsv.gz"])
def test_the_matrix_of_xenium_is_named(tmp_path, named):
    path = of_xenium(tmp_path, form="folder") / "cell_feature_matrix" / named
    assert_right(read_platform(path), xenium_truth())


def test_a_cell_of_no_interest_is_there_twice(tmp_path):
    region = of_merscope(tmp_path)
    change(region / "cell_metadata.csv", lambda t: pd.concat([t, t.iloc[:2].assign(EntityID="7")]))
    assert_right(read_platform(region), make_truth(MERSCOPE_NAMES))


def with_slides(folder, slides):
    """CosMx with a column that says which slide a row of the counts, or of the cells, is of."""
    path = of_cosmx(folder)
    for kind in ("exprMat", "metadata"):
        with_table(path, f"Lung5_Rep1_{kind}_file.csv", lambda t: t.assign(slide_ID=slides(t)))
    return path


def test_one_slide_needs_no_name(tmp_path):
    data = read_platform(with_slides(tmp_path, lambda t: 1))
    assert_right(data, make_truth(COSMX_NAMES, PROBES))
    assert data.sections is None


def test_several_slides_are_sections(tmp_path):
    data = read_platform(with_slides(tmp_path, lambda t: (t["fov"] == "1").astype(int) + 4))
    truth = make_truth(COSMX_NAMES, PROBES)
    truth.names = [f"{5 if name.startswith('1_') else 4}_{name}" for name in truth.names]
    assert_right(data, truth)
    assert [str(slide) for slide in data.sections] == [name[0] for name in data.names]


def test_lines_that_are_empty(tmp_path):
    path = of_cosmx(tmp_path)
    counts = path / "Lung5_Rep1_exprMat_file.csv"
    counts.write_text(counts.read_text().replace("\n", "\n\n"))
    assert_right(read_platform(path), make_truth(COSMX_NAMES, PROBES))


def test_beads_beside_a_sparse_matrix(tmp_path):
    truth = make_truth(BEADS)
    path = without(files.slide_seq(tmp_path, truth), "Mapped*")
    files.write_triplet(path, truth)
    data = read_platform(path)
    assert_right(data, truth)
    assert data.platform == "Slide-seq"


def test_parts_of_a_chip_without_cells(tmp_path, monkeypatch):
    """The last lines lie in no cell: a part of their own adds nothing."""
    truth = in_cells(make_truth(range(N)))
    path = files.stereo_seq(tmp_path, truth, cells=True, zipped=False)
    whole = read_platform(path)
    monkeypatch.setattr("spasne_tools.readers.stereo_seq.LINES", 5)
    parts = read_platform(path)
    places = pd.Index(parts.names).get_indexer(whole.names), parts.genes.index.get_indexer(whole.genes.index)
    assert np.array_equal(parts.counts.toarray()[places[0]][:, places[1]], whole.counts.toarray())
    assert np.allclose(parts.positions.loc[whole.names], whole.positions, rtol=0, atol=1e-9)


def test_other_tables_beside_an_export(tmp_path):
    """One of genes, and one that lacks a cell, say nothing of the cells."""
    truth = visium_truth()
    folder = of_seurat(tmp_path)
    files.write_table(folder / "genes_found.csv", pd.DataFrame({"gene": truth.genes, "variable": True}))
    some = pd.DataFrame({"cell": truth.names[1:], "cluster": "a"})
    files.write_table(folder / "clusters.csv", some)
    data = read_platform(folder)
    assert_right(data, truth)
    assert "nCount_Spatial" in data.annotation and not {"variable", "cluster"} & set(data.annotation)


def test_a_matrix_with_cells_in_rows(tmp_path):
    outs = of_visium(tmp_path)
    counts = scipy.sparse.coo_matrix(visium_truth().counts)
    without(outs, "filtered_feature_bc_matrix/matrix*")
    scipy.io.mmwrite(outs / "filtered_feature_bc_matrix" / "matrix.mtx", counts, field="integer")
    assert_right(read_platform(outs), visium_truth())


def test_the_folder_of_positions_is_named(tmp_path):
    assert_right(read_platform(of_visium(tmp_path) / "spatial"), visium_truth())


@pytest.mark.parametrize("name", ["A1_filtered_feature_bc_matrix.h5", "of_my_own.h5"])
def test_a_matrix_of_another_name(tmp_path, name):
    outs = of_visium(tmp_path, "h5")
    path = (outs / "filtered_feature_bc_matrix.h5").rename(outs / name)
    assert_right(read_platform(path), visium_truth())


def test_positions_that_do_not_tell_what_is_off_the_tissue(tmp_path):
    outs = with_table(
        of_visium(tmp_path), "spatial/tissue_positions.csv", lambda t: t.drop(columns="in_tissue")
    )
    data = read_platform(outs)
    assert_right(data, visium_truth())
    assert not any("off the tissue" in note for note in data.notes)


# ---- paths ------------------------------------------------------------------------------------------------


def test_nothing_is_there(tmp_path):
    with pytest.raises(ValueError, match="^expected a file or a folder, found none at .*absent"):
        spasne.read(tmp_path / "absent")


def test_nothing_that_a_platform_writes(tmp_path):
    (tmp_path / "notes.md").write_text("of the third of May\n")
    with pytest.raises(ValueError, match="^expected what a platform writes in .*, found nothing known; read"):
        spasne.read(tmp_path)
