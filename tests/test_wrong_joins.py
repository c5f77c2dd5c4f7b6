"""Files of labs whose rows could be joined to those of others in silence: joined rightly, or refused."""

import gc
import gzip
import warnings

import numpy as np
import pandas as pd
import platform_files as files
import pytest
import scipy.sparse
from platform_files import N, make_truth, shuffled

import spasne
from spasne_tools import row_index
from spasne_tools.commands import inputs
from spasne_tools.commands.command_line import parser_of
from spasne_tools.readers.anndata_files import find_positions
from spasne_tools.readers.anndata_io import positions
from spasne_tools.readers.cell_file import read_cell_table
from spasne_tools.readers.count_table import read_count_table
from spasne_tools.readers.matching import Wanted, match_rows
from spasne_tools.readers.platforms import read_platform
from spasne_tools.readers.row_names import names_of
from spasne_tools.readers.spatialdata_store import centroids
from spasne_tools.readers.table_layout import lacks_first_name
from spasne_tools.readers.tables import has_row_names, read_table
from spasne_tools.readers.text_file import open_bytes
from spasne_tools.readers.totals import unlike_totals
from spasne_tools.row_index import index_of, remember_rows

NUMBERS = [str(number) for number in range(1, N + 1)]  # as Xenium 1 and old MERSCOPE files name cells
LONG = [str(1108834247646100013 + 11 * number) for number in range(N)]  # as MERSCOPE names them
ROW_NUMBERS = range(1, N + 1)  # which R writes before the columns


def assert_right(data, truth):
    assert np.array_equal(data.positions.loc[truth.names], truth.xy)
    counts = pd.DataFrame(data.counts.toarray(), data.names, data.genes.index)
    assert np.array_equal(counts.loc[truth.names, truth.genes], truth.counts)


def region_of(folder, truth, change):
    """A region of MERSCOPE whose metadata, in an order of its own, somebody changed."""
    region = files.merscope(folder, truth)
    cells = pd.read_csv(region / "cell_metadata.csv", dtype={"EntityID": str})
    text = change(cells)
    (region / "cell_metadata.csv").write_text(text if isinstance(text, str) else text.to_csv(index=False))
    return region


def without_first_name(table):
    """As R writes it: row names under no name."""
    return table.to_csv().partition(",")[2]


# ---- which column names the rows -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    {
        "row numbers of R": lambda t: t.set_axis(ROW_NUMBERS).to_csv(),
        "row numbers of pandas": lambda t: t.to_csv(),
        "a rank": lambda t: pd.concat([pd.Series(np.roll(ROW_NUMBERS, 7), name="rank"), t], axis=1),
        "row names of R": lambda t: without_first_name(t.set_index("EntityID").drop(columns="volume")),
        "old Macintosh": lambda t: t.to_csv(index=False, lineterminator="\r"),
    }.values(),
)  # fmt: skip
def test_numbers_name_cells(tmp_path, change):
    truth = make_truth(NUMBERS)
    assert_right(read_platform(region_of(tmp_path, truth, change)), truth)


REFUSED = {
    "two columns of numbers": (
        lambda t: t.rename(columns={"EntityID": "number"}).set_axis(ROW_NUMBERS).to_csv(),
        "found them in row names and, in another order, in number; drop the one that does not name rows",
    ),
    "one missing, a rank has all": (
        lambda t: t.assign(rank=np.roll(ROW_NUMBERS, 7), EntityID=t["EntityID"].replace("7", "70")),
        "expected all 40 rows of the counts in cell_metadata.csv:EntityID, found 39 of them, e.g. not 7 ",
    ),
    "row numbers beside names of others": (
        lambda t: t.assign(EntityID=LONG).set_axis(ROW_NUMBERS).to_csv(),
        "such as 1, in cell_metadata.csv, found 0 of 40 in any column, e.g. .* .EntityID.",
    ),
    "decimal commas": (
        lambda t: t.to_csv(index=False, sep=";", decimal=","),
        r"found \d+,\d, \d+,\d for .*; write decimals with a point",
    ),
    "a longer row": (
        lambda t: t.to_csv(index=False).replace("\n", ",9\n", 2).replace(",9\n", "\n", 1),
        "expected a table in .*cell_metadata.csv, .*9 names over 10 fields, so that EntityID can be the name",
    ),
    "a longer row below": (
        lambda t: t.to_csv(index=False)[:-1] + ",9\n",
        "expected a table in .*cell_metadata.csv, found none that can be read",
    ),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_numbers_that_may_be_of_others_are_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        read_platform(region_of(tmp_path, make_truth(NUMBERS), change))


@pytest.mark.parametrize("write", [lambda name: f"{float(name):.5E}", lambda name: str(float(name))])
@pytest.mark.parametrize("sides", ["metadata", "both"])
def test_numbers_that_have_lost_digits_are_refused(tmp_path, write, sides):
    region = region_of(tmp_path, make_truth(LONG), lambda t: t.assign(EntityID=t["EntityID"].map(write)))
    if sides == "both":
        counts = pd.read_csv(region / "cell_by_gene.csv", dtype={"cell": str})
        counts.assign(cell=counts["cell"].map(write)).to_csv(region / "cell_by_gene.csv", index=False)
    with pytest.raises(
        ValueError, match=r"(?i)e\+18 have lost digits: write them as text, all digits, in both"
    ):
        read_platform(region)


def matched(own, table):
    return match_rows(Wanted(names_of(own), np.arange(len(own)), len(own)), table, "meta.csv", False)


OWN = pd.DataFrame(index=pd.Index(["5", "3", "1", "2"], name="cell"))
IN_ORDER = pd.DataFrame(index=pd.Index(["1", "2", "3", "4"], name="cell"))


@pytest.mark.parametrize(
    ("own", "table", "message"),
    [
        (OWN, {"x": 1.5, "cell": [5, 3, 1, None]}, "found 3 of 4 in cell, e.g. not '2'; drop"),
        (OWN, {"x": 1.5, "cell": ["5", "3", "1", np.nan]}, "found 3 of 4 in cell, e.g. not '2'; drop"),
        (OWN, {"x": 1.5, "cell": [1.1e18, 1.2e18, 3, 1]}, r"cell, .*1.1e\+18 have lost digits"),
        (OWN, {"rank": [1, 2, 3, 5], "cell": [5, 3, 1, 9]}, "found 3 of 4 in cell, e.g. not '2'"),
        (
            IN_ORDER,
            {"": [1, 2, 3, 4], "nr": [2, 1, 4, 3]},
            "numbers of cell in another order in nr; give that",
        ),
    ],
)
def test_names_that_are_spoiled_do_not_leave_rows_to_their_order(own, table, message):
    with pytest.raises(ValueError, match=message):
        matched(own, pd.DataFrame(table))


def test_numbers_that_only_count_rows_are_said_to():
    own = pd.DataFrame(index=["0", "1", "2"])
    table = pd.DataFrame({"": [0, 1, 2], "x": [1.5, 2.5, 3.5]})
    assert matched(own, table).said == "matched 3 of 3 rows by meta.csv:row names, which only counts rows"


# ---- headers that are a field short ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "row", "lacking"),
    [
        ("x,y", "AAC,1,2", True),
        ("x,y,", "AAC,1,2", False),
        ("cell,x", "AAC,AAC,1", True),
        ("cell,x", "AAC,1,", False),
        ("x,y", "1,2,", False),
        ("cell,x", "AAC,1,2", None),
        ("gene,A,B", "Gad1,1,2,3", None),
        ("x,y", "AAC,1,", None),
    ],
)
def test_whose_name_is_missing(names, row, lacking):
    names, row = names.split(","), row.split(",")
    if lacking is not None:
        assert lacks_first_name(names, row) is lacking
        return
    with pytest.raises(ValueError, match=f"so that {names[0]} can be the name of {row[0]} or of {row[1]}"):
        lacks_first_name(names, row)


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
def test_tables_of_cells_as_r_writes_them(tmp_path, separator):
    path = tmp_path / "cells.csv"
    text = 'area,x,y\n"AAC-1",5,1.5,2.5\n"GGT-1",6,3.5,4.5\n'.replace(",", separator)
    path.write_text(text)
    table = read_cell_table(path)
    assert list(table.columns) == ["", "area", "x", "y"]
    assert table.iloc[1].tolist() == ["GGT-1", "6", "3.5", "4.5"]
    if separator != " ":
        counts = read_count_table(path, lambda place, name: place == 0)
        assert counts.ids.iloc[:, 0].tolist() == ["AAC-1", "GGT-1"] and list(counts.columns) == [
            "area",
            "x",
            "y",
        ]


@pytest.mark.parametrize(
    "read", [read_table, read_cell_table, lambda p: read_count_table(p, lambda n, _: n == 0)]
)
def test_a_header_that_may_lack_its_last_name(tmp_path, read):
    path = tmp_path / "cells.csv"
    path.write_text("cell_id,x,y\nAAC-1,1.5,2.5,7\nGGT-1,3.5,4.5,7\n")
    with pytest.raises(
        ValueError, match="^expected a table in .*, found .*so that cell_id can be the name of AAC-1"
    ):
        read(path)


def test_rows_that_are_longer_than_the_names_given(tmp_path):
    (tmp_path / "beads.csv").write_text("AAC,1,2,3\nGGT,4,5,6\n")
    with pytest.raises(ValueError, match="^expected a table in .*beads.csv, found none that can be read"):
        read_cell_table(tmp_path / "beads.csv", ["barcode", "x", "y"])


# ---- what a title does not say ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("X", [7, 5, 9]),
        ("X.1", [7, 5, 9]),
        ("zelle", [int(name) for name in LONG[:3]]),
        ("zelle", [10**38 + 2, 10**38, 7 * 10**38]),
    ],
)
def test_numbers_that_are_names_by_their_kind(tmp_path, title, names):
    pd.DataFrame({title: names, "Gad1": [3, 0, 4]}).to_csv(tmp_path / "counts.csv", index=False)
    table = read_table(tmp_path / "counts.csv")
    assert has_row_names(table) and table.index.tolist() == list(map(str, names))


@pytest.mark.parametrize("text", ["X,Y\n7,5\n9,4\n", "X,Gad1\n7,5\n7,4\n", "Mbp,Gad1\n7,5\n9,4\n"])
def test_numbers_that_are_values(tmp_path, text):
    (tmp_path / "counts.csv").write_text(text)
    assert not has_row_names(read_table(tmp_path / "counts.csv"))


def read_inputs(folder, counts, positions, *flags):
    counts.to_csv(folder / "counts.csv")
    positions.to_csv(folder / "positions.csv", index=False)
    named = ["-i", str(folder / "counts.csv"), "-x", str(folder / "positions.csv"), "-o", "map.csv"]
    return inputs.read_inputs(parser_of("embed").parse_args([*named, *flags]))


def test_a_column_of_both_tables_that_may_name_rows(tmp_path):
    truth = make_truth(NUMBERS)
    counts = pd.DataFrame(truth.counts, pd.Index(truth.names, name="zelle"), truth.genes)
    positions = shuffled(truth.table.rename_axis("zelle").reset_index())
    with pytest.raises(ValueError, match="found 'zelle' both in .*positions.csv and among the columns"):
        read_inputs(tmp_path, counts, positions)


def test_segments_of_geomx(tmp_path):
    """Genes in rows, and positions on each of two slides."""
    truth = make_truth([f"DSP-1001660001234-A-{number:02}" for number in range(N)])
    segments = pd.DataFrame(
        {
            "SlideName": np.array(["s1", "s2"])[np.arange(N) % 2],
            "ROILabel": np.arange(N) // 2 + 1,
            "SegmentDisplayName": truth.names,
            "ROICoordinateX": truth.xy[:, 0],
            "ROICoordinateY": truth.xy[:, 1],
        }
    )
    counts = pd.DataFrame(truth.counts.T, pd.Index(truth.genes, name="TargetName"), truth.names)
    with pytest.warns(UserWarning, match="positions of 2 sections .*--section_column SlideName"):
        read = read_inputs(tmp_path, counts, shuffled(segments), "--transpose", "--counts")
    assert np.array_equal(read.pixels.loc[truth.names], truth.xy)
    assert np.array_equal(read.expression.values, truth.counts)
    flags = ["--transpose", "--counts", "--section_column", "SlideName"]
    assert list(read_inputs(tmp_path, counts, shuffled(segments), *flags).sections) == ["s1", "s2"] * (N // 2)


@pytest.mark.parametrize("text", ["1-Mar", "8,580", "857.7 um"])
def test_positions_that_are_texts_are_shown(tmp_path, text):
    truth = make_truth(NUMBERS)
    counts = pd.DataFrame(truth.counts, truth.names, truth.genes)
    positions = truth.table.astype({"x": object}).rename_axis("cell").reset_index()
    positions.loc[3, "x"] = text
    with pytest.raises(
        ValueError, match=f"text in x; choose .* or write numbers alone, .* for such as '{text}'$"
    ):
        read_inputs(tmp_path, counts, positions)


# ---- tables of other samples -----------------------------------------------------------------------------


def cells_of(truth, other):
    """A table with the names of `truth` and the positions and sums of `other`."""
    columns = {"x_centroid": other.xy[:, 0], "y_centroid": other.xy[:, 1]}
    return pd.DataFrame({"cell_id": truth.names, **columns, "transcript_counts": other.counts.sum(axis=1)})


@pytest.mark.parametrize("seed", [0, 1])
def test_numbers_of_cells_are_the_same_in_another_sample(tmp_path, seed):
    pytest.importorskip("h5py", reason="the extra spatial is not installed")
    truth, other = make_truth(NUMBERS), make_truth(NUMBERS, seed=seed)
    outs = files.xenium(tmp_path, truth, [])
    files.write_table(outs / "cells.csv.gz", cells_of(truth, other))
    if seed == 0:  # the same
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read_platform(outs)
        return
    with pytest.warns(
        UserWarning, match="do not follow column transcript_counts of cells.csv.gz .*this sample"
    ):
        read_platform(outs)


def test_rows_in_another_order_without_names(tmp_path, capsys):
    truth = make_truth(NUMBERS)
    counts = pd.DataFrame(truth.counts, columns=truth.genes).rename_axis("")
    positions = truth.table.assign(nCount_RNA=truth.counts.sum(axis=1)).reset_index(drop=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_inputs(tmp_path, counts, positions, "--counts")
    with pytest.warns(UserWarning, match="do not follow column nCount_RNA of positions.csv"):
        read_inputs(tmp_path, counts, shuffled(positions), "--counts")


@pytest.mark.parametrize(
    ("n", "title", "factor", "is_warned"),
    [(40, "nCount_Spatial", -1, True), (40, "nCount_Spatial", 3, False), (40, "area", -1, False),
     (30, "nCount_Spatial", -1, True), (29, "nCount_Spatial", -1, False), (40, "total_counts", 0, False)],
)  # fmt: skip
def test_sums_that_say_whose_rows_they_are(n, title, factor, is_warned):
    sums = np.arange(n) ** 2
    table = pd.DataFrame({title: (factor * sums + 5).astype(str)})
    assert (unlike_totals(sums, table, "cells.csv") is not None) is is_warned


def test_sums_that_are_all_the_same_tell_nothing_and_those_beside_them_do():
    sums = np.arange(40)
    table = pd.DataFrame({"total_counts": 7, "nCount_RNA": np.where(sums < 20, 9, 2)})
    said = unlike_totals(sums, table, "cells.csv")
    assert "column nCount_RNA of cells.csv (rank correlation -0.87)" in said


def slides_of(folder, counts, cells):
    """CosMx with the slide of each row in the table of counts, and in that of cells."""
    truth = make_truth([f"{1 + i // 15}_{1 + i % 15}" for i in range(N)])
    files.cosmx(folder, truth, zipped=False)
    for kind, change in (("exprMat", counts), ("metadata", cells)):
        path = folder / f"Lung5_Rep1_{kind}_file.csv"
        change(pd.read_csv(path)).to_csv(path, index=False)
    return truth


def test_cells_of_another_slide(tmp_path):
    slides_of(tmp_path, lambda t: t.assign(slide_ID=1), lambda t: t.assign(slide_ID=2))
    with pytest.raises(
        ValueError, match="^expected cells of slide 1, which the counts are of, in .*, found 2$"
    ):
        read_platform(tmp_path)


def test_cells_of_several_slides(tmp_path):
    def both(table):
        other = table.assign(slide_ID=2, CenterX_global_px=0)
        return pd.concat([other, table.assign(slide_ID="1.0")])

    truth = slides_of(tmp_path, lambda t: t.assign(slide_ID=1), both)
    data = read_platform(tmp_path)
    assert_right(data, truth)
    assert data.sections is None


def test_numbers_of_fields_written_otherwise(tmp_path):
    truth = slides_of(
        tmp_path, lambda t: t, lambda t: t.assign(fov="00" + t["fov"].astype(str), cell_ID=t["cell_ID"] * 1.0)
    )
    assert_right(read_platform(tmp_path), truth)


def on_tissue(folder, flags):
    outs = files.visium(folder, make_truth(files.barcodes(), decimals=0), "folder")
    path = outs / "spatial" / "tissue_positions.csv"
    table = pd.read_csv(path)
    table.assign(in_tissue=flags(table)).to_csv(path, index=False)
    return outs


def test_the_positions_of_another_section(tmp_path):
    outs = on_tissue(tmp_path, lambda t: np.arange(len(t)) % 2)
    with pytest.warns(
        UserWarning, match=r"of 40 spots of the filtered counts are off .* of another section\?"
    ):
        read_platform(outs)


def test_truth_values_of_spots(tmp_path):
    outs = on_tissue(tmp_path, lambda t: np.where(t["in_tissue"] == 1, "TRUE", "FALSE"))
    assert_right(read_platform(outs), make_truth(files.barcodes(), decimals=0))


def test_no_spot_is_on_the_tissue(tmp_path):
    with pytest.raises(
        ValueError, match="^expected spots on the tissue in .*, found in_tissue 0 for all of them"
    ):
        read_platform(on_tissue(tmp_path, lambda t: 0))


@pytest.mark.parametrize(
    ("line", "message"),
    [("Gad1\t1\t2\tmany\t5", "numbers in column MIDCount of .*, found 'many'"),
     ("Gad1\t1\t2\t3\tcell_5", "numbers in column CellID of .*, found 'cell_5'")],
)  # fmt: skip
def test_texts_among_the_numbers_of_a_chip(tmp_path, line, message):
    (tmp_path / "chip.gem").write_text(f"geneID\tx\ty\tMIDCount\tCellID\nMbp\t1\t2\t3\t4\n{line}\n")
    with pytest.raises(ValueError, match=f"^expected {message}"):
        read_platform(tmp_path)


def test_spots_of_a_chip_without_a_cell(tmp_path):
    (tmp_path / "chip.gem").write_text(
        "geneID\tx\ty\tMIDCount\tCellID\nMbp\t1\t2\t3\t4\nMbp\t1\t2\t3\t\nMbp\t1\t2\t3\tNA\n"
    )
    data = read_platform(tmp_path)
    assert list(data.names) == ["4"] and data.counts.toarray().tolist() == [[3]]


# ---- tables in Python --------------------------------------------------------------------------------------


@pytest.fixture
def section():
    """Counts, positions and classes as tables, and components of the counts."""
    rng = np.random.default_rng(0)
    index = [f"AAC{number}-1" for number in range(60)]
    counts = pd.DataFrame(rng.poisson(3.0, size=(60, 20)), index)
    pixels = pd.DataFrame(rng.uniform(0, 1000, size=(60, 2)), index, ["x", "y"])
    layers = pd.Series(["L1", "L2"] * 30, index, name="layer")
    return counts, pixels, layers, spasne.preprocess_counts(counts, 5)


ANOTHER_ORDER = "expected {} in the row order of {}, found the same index in another order; use {}.loc"


def test_components_of_a_table_have_its_rows(section, real_executable):
    _, pixels, layers, data = section
    fast = {"perplexity": 8, "max_iter": 5, "randseed": 1}
    Y = spasne.run_spasne(data, pixels, **fast)
    assert isinstance(data, np.ndarray) and isinstance(Y, np.ndarray)
    with pytest.raises(ValueError, match=ANOTHER_ORDER.format("pixels", "data", "pixels")):
        spasne.run_spasne(data, shuffled(pixels), **fast)
    with pytest.raises(ValueError, match=ANOTHER_ORDER.format("labels", "data", "labels")):
        spasne.score_embedding(Y, data, pixels, shuffled(layers))
    with pytest.raises(ValueError, match=ANOTHER_ORDER.format("colors", "SpaSNE", "colors")):
        spasne.plot_maps({"SpaSNE": Y}, shuffled(layers))
    named = spasne.SpaSNE(perplexity=8, max_iter=5).fit_transform(data, pixels=pixels)
    assert index_of(named).equals(pixels.index)
    with pytest.raises(ValueError, match=ANOTHER_ORDER.format("labels", "data", "labels")):
        spasne.export_html("map.html", Y, pixels.to_numpy(), labels=shuffled(layers))
    # Rows without names, or of other names, go by their order as before.
    spasne.run_spasne(data, pixels.reset_index(drop=True), **fast)


@pytest.mark.parametrize("options", [{"keep": np.arange(60) % 2 == 0}, {"min_counts": 55}])
def test_components_of_some_rows(section, options):
    counts, pixels, layers, _ = section
    made = spasne.preprocess_counts(counts, 5, **options)
    data, kept = made if "min_counts" in options else (made, options["keep"])
    assert 10 < len(data) < 60
    spasne.score_embedding(
        data[:, :2].copy(), data, pixels[kept] if kept.dtype == bool else pixels.iloc[kept]
    )
    with pytest.raises(ValueError, match=ANOTHER_ORDER.format("pixels", "data", "pixels")):
        spasne.score_embedding(data[:, :2].copy(), data, shuffled(pixels.loc[index_of(data)]))


def test_figures_of_tables_in_other_orders(section):
    counts, pixels, layers, data = section
    with pytest.raises(ValueError, match=ANOTHER_ORDER.format("colors", "pixels", "colors")):
        spasne.plot_maps({"map": data.copy()}, shuffled(layers), pixels)
    with pytest.raises(ValueError, match=ANOTHER_ORDER.format("expression", "pixels", "expression")):
        spasne.plot_genes(None, shuffled(counts), pixels)


def test_maps_in_three_dimensions(section):
    _, pixels, _, data = section
    named = remember_rows(data[:, :3].copy(), pixels)
    spasne.plot_rgb(named, pixels)
    with pytest.raises(ValueError, match=ANOTHER_ORDER.format("pixels", "the map", "pixels")):
        spasne.plot_rgb(named, shuffled(pixels))


def test_an_array_is_forgotten_with_its_rows(section):
    *_, data = section
    place, copied = id(data), data.copy()
    assert place in row_index._remembered and index_of(copied) is None
    known = len(row_index._remembered)
    remember_rows(np.zeros((2, 1)), pd.DataFrame(index=["a", "b"]))
    assert len(row_index._remembered) == known
    numbered = remember_rows(copied, pd.DataFrame(index=range(60)))
    assert index_of(numbered) is None  # numbers that pandas gave


# ---- AnnData ---------------------------------------------------------------------------------------------


@pytest.fixture
def adata(section):
    anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")
    counts, pixels, *_ = section
    table = anndata.AnnData(counts.to_numpy(dtype=np.float32), obs=pixels.copy())
    table.obsm["spatial"] = pixels.to_numpy()
    return table


def test_positions_that_are_masked_are_missing(adata):
    adata.obsm["spatial"] = np.ma.masked_less(adata.obsm["spatial"], 100)
    with pytest.raises(ValueError, match="expected finite numbers in pixels, found .* missing"):
        spasne.tl.spasne(adata, perplexity=8)


def test_positions_that_are_sparse(adata):
    pixels = adata.obsm["spatial"]
    adata.obsm["spatial"] = scipy.sparse.csr_matrix(pixels)
    assert np.array_equal(positions(adata, "spatial"), pixels)
    assert np.array_equal(find_positions(adata, "spatial")[0], pixels)


def test_shapes_that_are_there_twice(adata):
    adata.obs["region"], adata.obs["instance"] = "cells", np.arange(60)
    adata.uns["spatialdata_attrs"] = {"region_key": "region", "instance_key": "instance"}
    shapes = pd.DataFrame({"x": np.arange(61.0), "y": 0.0}, [*range(60), 7])
    assert np.array_equal(centroids(adata, lambda region: shapes[:60])["x"], np.arange(60))
    with pytest.raises(ValueError, match="^expected each shape of 'cells' once, found 7 twice"):
        centroids(adata, lambda region: shapes)


def test_positions_in_obs_alone(adata):
    del adata.obsm["spatial"]
    with pytest.raises(
        ValueError, match=r"found nothing in obsm; adata.obs\[\['x', 'y'\]\].to_numpy\(\) are some"
    ):
        spasne.tl.spasne(adata, perplexity=8)


# ---- files are closed ------------------------------------------------------------------------------------


def test_a_compressed_file_is_closed(tmp_path):
    path = tmp_path / "cells.csv.gz"
    path.write_bytes(gzip.compress(b"x,y\n1,2\n"))
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always", ResourceWarning)
        with open_bytes(path) as file:
            assert file.read() == b"x,y\n1,2\n"
        del file
        gc.collect()
    assert not given
