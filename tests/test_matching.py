"""Rows of two tables are those of the right match or an error: by name, wherever the names are."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spasne
from spasne_tools.commands import command_line
from spasne_tools.readers.matching import Names, Wanted, _may_match, match_rows, names_of

N = 40
FAST = ["-p", "8", "-m", "20", "-r", "1", "--counts", "-o", "map.csv"]


def wanted(frame, named=True):
    return Wanted(names_of(frame, named), np.arange(len(frame)), len(frame))


def barcodes(n=N):
    return [f"AAC{number}-1" for number in range(n)]


def matched(own, table, index=False, named=True):
    return match_rows(wanted(own, named), table, "meta.csv", index)


def frame(**columns):
    return pd.DataFrame(columns)


# ---- where names are ------------------------------------------------------------------------------------

OWN = pd.DataFrame(index=pd.Index(["11", "12", "15"], name="cell"))


@pytest.mark.parametrize("title", ["EntityID", "X", "Unnamed: 0", "what", "barcode"])
@pytest.mark.parametrize("kind", [int, str, float])
def test_names_in_a_column_of_any_name_and_kind(title, kind):
    table = frame(area=[5, 6, 7, 8], x=[1.5, 2, 3, 4], **{title: [kind(name) for name in (15, 12, 99, 11)]})
    if kind is not float:
        assert matched(OWN, table).order.tolist() == [3, 1, 0]
    else:
        table[title] = [15.0, 12.0, 99.0, 11.0]
        assert matched(OWN, table).order.tolist() == [3, 1, 0]
    said = matched(OWN, table).said
    assert re.fullmatch(r"matched 3 of 3 rows by meta.csv:.* \(4 rows there\)", said)


def test_names_in_the_index():
    table = pd.DataFrame({"x": [1.0, 2, 3]}, ["12", "15", "11"])
    assert matched(OWN, table, index=True).order.tolist() == [2, 0, 1]


def test_the_column_of_the_same_title_goes_before_row_numbers():
    own = pd.DataFrame(index=pd.Index(["0", "1", "2"], name="cell_id"))
    table = pd.DataFrame({"cell_id": [2, 0, 1]}, ["0", "1", "2"])
    assert matched(own, table, index=True).order.tolist() == [1, 2, 0]


def test_fields_of_view_and_numbers_in_them():
    own = frame(fov=[1, 1, 2, 2], cell_ID=[1, 2, 1, 2])
    table = frame(cell=["c_1_2_1", "c_1_1_2", "c_1_2_2", "c_1_1_1"], fov=[2, 1, 2, 1], cell_ID=[1, 2, 2, 1])
    found = matched(own, table, named=False)
    assert found.order.tolist() == [3, 1, 0, 2]
    assert found.said == "matched 4 of 4 rows by meta.csv:fov and cell_ID"


def test_rows_go_by_order_where_one_side_has_no_names_and_it_is_said():
    for own, table in [
        (OWN, frame(x=[1.5, 2.5, 3.5], layer=["a", "b", "a"])),
        (frame(), frame(cell_id=[3, 1, 2], x=[1.5, 2.5, 3.5])),
    ]:
        own = own if len(own) else pd.DataFrame(index=pd.RangeIndex(3))
        found = matched(own, table, named=own is OWN)
        assert found.order.tolist() == [0, 1, 2] and "in the order of the input" in found.said


def test_fields_of_view_that_are_missing_are_no_names():
    own = frame(fov=[1, 1, None], cell_ID=[1, 2, 3], x=[0.5, 1, 2])
    table = frame(fov=[1, 1, None], cell_ID=[2, 1, 3], y=[0.5, 1, 2])
    found = matched(own, table, named=False)
    assert found.order.tolist() == [1, 0, 2] and found.said == "matched 3 of 3 rows by meta.csv:cell_ID"


def test_dates_are_no_names():
    table = frame(seen=pd.to_datetime(["2024-05-01", "2024-05-02", "2024-05-03"]), x=[1.5, 2, 3])
    assert "seen" not in [names.title for names in names_of(table, False)]


def test_row_numbers_beside_other_columns():
    """In order, or of something else: nothing contradicts the order of the input."""
    own = frame(cell_id=[0, 1, 2], x=[0.5, 1, 2])
    table = frame(label=["a", "b", "a"], score=[5, 5, 6])
    assert matched(own, table, named=False).order.tolist() == [0, 1, 2]


def test_a_ranking_is_no_name_of_numbered_rows():
    own = pd.DataFrame(index=["0", "1", "2"])
    assert matched(own, frame(rank=[2, 1, 0], x=[1.5, 2.5, 3.5])).order.tolist() == [0, 1, 2]


def test_row_numbers_that_were_shuffled_with_the_rows():
    own = pd.DataFrame(index=["0", "1", "2"])
    table = pd.DataFrame({"x": [1.5, 2.5, 3.5]}, ["2", "0", "1"])
    assert matched(own, table, index=True).order.tolist() == [1, 2, 0]


def test_rows_left_out_of_an_input_without_names():
    own = Wanted([], np.array([0, 3]), 4)
    assert match_rows(own, frame(x=[1.5, 2, 3, 4]), "meta.csv", False).order.tolist() == [0, 3]
    assert match_rows(own, frame(x=[1.5, 2]), "meta.csv", False).order.tolist() == [0, 1]


REFUSED = {
    "-1 lost": (frame(cell=["AAC0", "AAC1"]), r"found 0 of 2 .* 'AAC0-1' here and 'AAC0' there; .*ending"),
    "-1 is .1": (frame(bc=["AAC0.1", "AAC1.1"]), "found 0 of 2 .* in punctuation only, .*names=FALSE"),
    "a prefix": (frame(bc=["s1_AAC0-1", "s1_AAC1-1"]), "found 0 of 2 .* in their beginning only"),
    "case": (frame(bc=["aac0-1", "aac1-1"]), "found 0 of 2 .*upper and lower case"),
    "one missing": (frame(bc=["AAC0-1", "GGT"]), "found 1 of 2 in bc, e.g. not 'AAC1-1'; drop"),
    "others": (frame(bc=["GGT", "CCA"]), "found 0 of 2 in bc, e.g. 'AAC0-1' here and 'GGT' there; name"),
    "twice": (frame(bc=["AAC0-1", "AAC1-1", "AAC1-1"]), "different names .*csv:bc, found 'AAC1-1' twice"),
    "two columns": (
        frame(a=["AAC0-1", "AAC1-1"], b=["AAC1-1", "AAC0-1"]), "found them in a and, in another order, in b"
    ),
    "too few": (frame(x=[1.5]), "2 rows in meta.csv, as in the input, found 1; name the rows"),
}  # fmt: skip


@pytest.mark.parametrize(("table", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(table, message):
    with pytest.raises(ValueError, match=f"^expected .*{message}"):
        matched(pd.DataFrame(index=["AAC0-1", "AAC1-1"]), table)


def test_a_name_twice_in_the_input():
    own = pd.DataFrame(index=["a", "b", "a"])
    same = frame(cell=["a", "b", "a"], x=[1.5, 2, 3])
    assert matched(own, same).order.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="different names of rows in the input, found 'a' twice"):
        matched(own, same.iloc[[1, 0, 2]].reset_index(drop=True))


def test_row_numbers_of_tables_of_different_length_match_nothing():
    own = pd.DataFrame(index=["0", "1", "2"])
    table = pd.DataFrame({"x": [1.5, 2, 3, 4]}, ["0", "1", "2", "3"])
    with pytest.raises(ValueError, match="expected 3 rows in meta.csv, as in the input, found 4"):
        matched(own, table, index=True)


def test_row_numbers_in_another_order_are_not_passed_over():
    own = frame(cell=[0, 1, 2])
    with pytest.raises(ValueError, match="found the numbers of cell in another order in what; give that"):
        match_rows(wanted(own, False), frame(what=[0, 2, 1], x=[1.5, 2, 3]), "meta.csv", False)


@pytest.mark.parametrize("title", ["X", "what"])
def test_numbers_of_some_other_rows_are_not_passed_over(title):
    own, with_a_gap = frame(cell=range(5)), [0, 1, 2, 4, 5]
    with pytest.raises(ValueError, match=f"found 4 of the 5 numbers of cell in {title}; give that"):
        match_rows(wanted(own, False), frame(**{title: with_a_gap}, x=np.arange(5) / 2), "meta.csv", False)
    from_1 = match_rows(wanted(own, False), frame(**{title: range(1, 6)}), "meta.csv", False)
    assert from_1.order.tolist() == [0, 1, 2, 3, 4]
    few = match_rows(wanted(own, False), frame(**{title: [0, 1, 7, 8, 9]}), "meta.csv", False)
    assert few.order.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("numbers", [[0, 1, 2, 3, 4], [0, 1, 2, 4, 3]])
def test_row_numbers_have_no_rival_with_most_of_the_names(numbers):
    own = frame(cell=[0, 1, 2, 4, 3])
    table = frame(rank=numbers, X=[0, 1, 2, 3, 5], x=np.arange(5) / 2)
    with pytest.raises(ValueError, match="found row numbers in rank and 4 of the 5 names in X; drop the one"):
        matched(own, table, named=False)
    for other in ([0, 1, 7, 8, 9], [0, 1, 2, 3, 3], [1, 2, 3, 4, 5]):
        assert matched(own, table.assign(X=other), named=False).by.title == "rank"


def test_names_with_gaps_have_rivals():
    table = frame(what=[0, 1, 2, 6, 3], X=[1, 2, 3, 7, 4])
    assert matched(frame(cell=[1, 0, 2, 6, 3]), table, named=False).by.title == "what"


# ---- any order, any column, any rows --------------------------------------------------------------------


@st.composite
def two_tables(draw):
    """The same rows in two orders, named in columns of any title, on either side with rows of its own."""
    n = draw(st.integers(4, 12))
    texts = draw(st.booleans())
    start = draw(st.integers(0, 3))
    ids = [f"AAC{i}-1" for i in range(n)] if texts else [start + i for i in range(n)]
    if not texts and draw(st.booleans()):
        ids = draw(st.lists(st.integers(1, 10**15), min_size=n, max_size=n, unique=True))
    title = st.sampled_from(["cell", "EntityID", "barcode", "", "Unnamed: 0", "X", "what", "cell_ID"])
    sides = []
    for _ in range(2):
        rows = draw(st.permutations(range(n)))
        rows = rows[: n - draw(st.integers(0, 2))]
        table = pd.DataFrame(
            {
                "x": np.array(rows) + 0.5,
                "area": np.array(rows) * 2.25 + 0.1,
                "layer": [f"L{row % 2}" for row in rows],
            }
        )
        table.insert(draw(st.integers(0, 3)), draw(title), [ids[row] for row in rows], allow_duplicates=True)
        if draw(st.booleans()):
            table.insert(draw(st.integers(0, 4)), "rank", draw(st.permutations(range(len(rows)))))
        sides.append((table, rows))
    return sides


@settings(max_examples=300, deadline=None)
@given(two_tables(), st.booleans())
def test_the_right_match_or_an_error(sides, by_index):
    (own, own_rows), (table, rows) = sides
    names = [column for column in own if column not in ("x", "area", "layer", "rank")]
    own = own[names]
    if by_index:
        own = pd.DataFrame(index=pd.Index(own.iloc[:, 0].astype(str), name=names[0] or None))
    said_by = [names_.sure for names_ in names_of(own, by_index)]
    try:
        found = match_rows(wanted(own, by_index), table, "meta.csv", False)
    except ValueError:
        return
    few_shared = 2 * len(set(own_rows) & set(rows)) <= len(own_rows)
    if found.by is None and (few_shared or not any(said_by)):
        return  # names of the input that are hardly there, or none, tell nothing; going by order is said
    assert [rows[place] for place in found.order] == own_rows


# ---- files on the command line --------------------------------------------------------------------------


@pytest.fixture
def tissue(tmp_path, monkeypatch, real_executable):
    monkeypatch.chdir(tmp_path)
    return spasne.simulate_tissue(N, 60, seed=2)


def expected_map(section):
    data = spasne.preprocess_counts(section.counts.toarray())
    return spasne.run_spasne(data, section.pixels.to_numpy(), perplexity=8, max_iter=20, randseed=1)


def write_counts(section, index, name, path="counts.csv", **extra):
    table = pd.DataFrame(section.counts.toarray(), index, section.genes.index)
    for column, values in reversed(extra.items()):
        table.insert(0, column, values)
    table.to_csv(path, index=index is not None, index_label=name)


def is_right_map(section):
    written = pd.read_csv("map.csv")[["x_pos", "y_pos"]]
    np.testing.assert_allclose(written, expected_map(section), rtol=0, atol=1e-6)  # sparse sums differ


def shuffled(table):
    return table.sample(frac=1, random_state=3)


def test_merscope_tables_in_another_order(tissue, capsys):
    ids = np.arange(N) * 7 + 10**15
    write_counts(tissue, ids, "cell", "cell_by_gene.csv")
    meta = frame(EntityID=ids, fov=0, volume=5.5, center_x=tissue.pixels["x"], center_y=tissue.pixels["y"])
    meta = meta.assign(min_x=1.5, max_x=2.5, min_y=1.5, max_y=2.5)
    shuffled(meta).to_csv("cell_metadata.csv", index=False)
    assert command_line.main(["-i", "cell_by_gene.csv", "-x", "cell_metadata.csv", *FAST]) == 0
    is_right_map(tissue)
    out = capsys.readouterr().out
    assert "matched 40 of 40 rows by cell_metadata.csv:EntityID; positions: center_x, center_y\n" in out


@pytest.mark.parametrize(("title", "place"), [("X", 0), ("", 0), ("EntityID", 2), ("what", 1)])
def test_identifiers_of_any_title_and_place(tissue, title, place):
    ids = np.arange(N) * 3 + 100
    write_counts(tissue, ids, "cell")
    meta = frame(volume=5.5, imagerow=tissue.pixels["y"], imagecol=tissue.pixels["x"])
    meta.insert(place, title, ids)
    shuffled(meta).to_csv("meta.csv", index=False)
    assert command_line.main(["-i", "counts.csv", "-x", "meta.csv", *FAST]) == 0
    is_right_map(tissue)


def test_cosmx_tables(tissue, capsys):
    fov, cell = np.arange(N) % 3 + 1, np.arange(N) // 3 + 1
    write_counts(tissue, None, None, fov=fov, cell_ID=cell)
    counts = pd.read_csv("counts.csv").assign(NegPrb1=1, SystemControl2=3)
    counts.to_csv("counts.csv", index=False)
    meta = frame(cell=[f"c_1_{f}_{c}" for f, c in zip(fov, cell, strict=True)], fov=fov, cell_ID=cell)
    meta = meta.assign(CenterX_local_px=1, CenterY_local_px=2, CenterX_global_px=tissue.pixels["x"])
    shuffled(meta.assign(CenterY_global_px=tissue.pixels["y"])).to_csv("meta.csv", index=False)
    assert command_line.main(["-i", "counts.csv", "-x", "meta.csv", *FAST]) == 0
    is_right_map(tissue)
    out = capsys.readouterr().out
    assert "fov, cell_ID (identifiers of rows); NegPrb1, SystemControl2 (control features)" in out
    assert "rows by meta.csv:fov and cell_ID; positions: CenterX_global_px, CenterY_global_px\n" in out


def test_a_numeric_identifier_is_no_third_position(tissue):
    np.savetxt("counts.txt", tissue.counts.toarray(), fmt="%d")
    tissue.pixels.assign(nr=np.arange(N) * 50).to_csv("pixels.csv", index=False)
    assert command_line.main(["-i", "counts.txt", "-x", "pixels.csv", *FAST]) == 0
    is_right_map(tissue)
    tissue.pixels.assign(nr=np.arange(N) + 1)[["nr", "x", "y"]].to_csv(
        "pixels.csv", index=False, header=False
    )
    assert command_line.main(["-i", "counts.txt", "-x", "pixels.csv", *FAST]) == 0
    is_right_map(tissue)


def test_fields_of_view_are_no_positions(tissue, capsys):
    np.savetxt("counts.txt", tissue.counts.toarray(), fmt="%d")
    fields = tissue.pixels.set_axis(["across", "down"], axis=1).assign(fov=np.arange(N) % 3)
    fields.to_csv("pixels.csv", index=False)
    assert command_line.main(["-i", "counts.txt", "-x", "pixels.csv", *FAST]) == 0
    assert "positions: across, down\n" in capsys.readouterr().out
    is_right_map(tissue)


@pytest.mark.parametrize(
    ("fov", "chosen", "is_warned"),
    [({}, [], True), ({"fov": 1}, [], False), ({}, ["--pixel_columns", "x_FOV_px,y_FOV_px"], False)],
)
def test_positions_within_a_field_that_nothing_names(tissue, capsys, fov, chosen, is_warned):
    np.savetxt("counts.txt", tissue.counts.toarray(), fmt="%d")
    local = tissue.pixels.set_axis(["x_FOV_px", "y_FOV_px"], axis=1)
    local.assign(**fov).to_csv("pixels.csv", index=False)
    assert command_line.main(["-i", "counts.txt", "-x", "pixels.csv", *FAST, *chosen]) == 0
    said = r"positions within fields of view \(x_FOV_px, y_FOV_px\) are taken as those in the tissue: several"
    assert bool(re.search(said, capsys.readouterr().err)) is is_warned


def test_empty_rows_and_rows_off_the_tissue_are_left_out(tissue, capsys):
    counts = np.vstack([tissue.counts.toarray(), np.zeros((2, 60), int), np.ones((3, 60), int)])
    order = np.random.default_rng(0).permutation(N + 5)
    section = pd.DataFrame(counts, barcodes(N + 5), tissue.genes.index).iloc[order]
    section.to_csv("counts.csv")
    positions = pd.DataFrame({"in_tissue": 1, "array_row": 1, "array_col": 2}, barcodes(N + 5))
    positions.loc[barcodes(N + 5)[N + 2 :], "in_tissue"] = 0
    positions["pxl_row_in_fullres"] = [*tissue.pixels["y"], *range(5)]
    positions["pxl_col_in_fullres"] = [*tissue.pixels["x"], *range(5)]
    for file, header in (("tissue_positions.csv", True), ("tissue_positions_list.csv", False)):
        positions.to_csv(file, header=header, index_label="barcode")
        assert command_line.main(["-i", "counts.csv", "-x", file, *FAST]) == 0
        out = capsys.readouterr().out
        assert "left out 2 of 45 rows with fewer than 1 counts\n" in out
        assert "left out 3 of 43 rows off the tissue (in_tissue 0)\n" in out
        written = pd.read_csv("map.csv", index_col=0)
        assert list(written.index) == [name for name in section.index if name in barcodes()]
    assert command_line.main(["-i", "counts.csv", "-x", file, "--pixel_columns", "5,4", *FAST]) == 0
    np.testing.assert_array_equal(pd.read_csv("map.csv", index_col=0), written)
    np.save("counts.npy", section.to_numpy())
    positions.loc[section.index].to_csv("tissue_positions.csv", index=False)
    assert command_line.main(["-i", "counts.npy", "-x", "tissue_positions.csv", *FAST]) == 0
    np.testing.assert_allclose(pd.read_csv("map.csv"), written, rtol=0, atol=1e-9)


def test_min_counts(tissue, capsys):
    write_counts(tissue, barcodes(), None)
    tissue.pixels.set_axis(barcodes()).to_csv("pixels.csv")
    totals = tissue.counts.toarray().sum(axis=1)
    least = int(np.sort(totals)[3])
    assert command_line.main(["-i", "counts.csv", "-x", "pixels.csv", *FAST, "--min_counts", str(least)]) == 0
    data, kept = spasne.preprocess_counts(tissue.counts.toarray(), min_counts=least)
    assert kept.tolist() == np.flatnonzero(totals >= least).tolist() and len(kept) < N
    pixels = tissue.pixels.to_numpy()[kept]
    expected = spasne.run_spasne(data, pixels, perplexity=8, max_iter=20, randseed=1)
    np.testing.assert_allclose(pd.read_csv("map.csv", index_col=0), expected, rtol=0, atol=1e-9)
    assert f"left out {N - len(kept)} of {N} rows with fewer than {least} counts" in capsys.readouterr().out


def test_positions_among_the_genes(tissue, capsys):
    write_counts(tissue, barcodes(), None, Centroid_X=tissue.pixels["x"].to_numpy(),
                 Centroid_Y=tissue.pixels["y"].to_numpy())  # fmt: skip
    assert command_line.main(["-i", "counts.csv", *FAST]) == 0
    is_right_map(tissue)
    assert "no genes, left out: Centroid_X, Centroid_Y (positions)" in capsys.readouterr().out


def test_genes_in_rows_under_numbers_of_cells(tissue):
    ids = np.arange(N) + 1001
    table = pd.DataFrame(tissue.counts.toarray().T, tissue.genes.index, ids)
    table.to_csv("genes.csv", index_label="gene")
    shuffled(tissue.pixels.set_axis(ids)).to_csv("pixels.csv", index_label="EntityID")
    assert command_line.main(["-i", "genes.csv", "--transpose", "-x", "pixels.csv", *FAST]) == 0
    is_right_map(tissue)
    assert command_line.main(["-i", "genes.csv", "-x", "pixels.csv", *FAST]) == 2


def test_classes_are_matched_like_positions(tissue, capsys):
    write_counts(tissue, barcodes(), None)
    tissue.pixels.set_axis(barcodes()).to_csv("pixels.csv")
    labels = frame(layer=tissue.labels.to_numpy(dtype=object), barcode=barcodes())
    shuffled(labels).to_csv("labels.csv", index=False)
    assert command_line.main(["-i", "counts.csv", "-x", "pixels.csv", "-l", "labels.csv", *FAST]) == 0
    Y = expected_map(tissue)
    data = spasne.preprocess_counts(tissue.counts.toarray())
    expected = spasne.score_embedding(Y, data, tissue.pixels, tissue.labels)
    assert f"s {expected['s']:.4f}" in capsys.readouterr().out


def test_how_classes_were_matched_is_said(tissue, capsys):
    write_counts(tissue, barcodes(), None)
    tissue.pixels.set_axis(barcodes()).to_csv("pixels.csv")
    frame(layer=tissue.labels.to_numpy(dtype=object), barcode=barcodes()).to_csv("labels.csv", index=False)
    assert command_line.main(["-i", "counts.csv", "-x", "pixels.csv", "-l", "labels.csv", *FAST]) == 0
    assert "matched 40 of 40 rows by labels.csv:barcode\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "table"),
    [
        (["--pixel_columns", "x,y"], "pixels for columns 'x,y'"),
        (["--label_column", "layer"], "labels for columns 'layer'"),
        (["--section_column", "slide"], "sections for columns 'slide'"),
    ],
)
def test_columns_without_a_table(tissue, capsys, flags, table):
    write_counts(tissue, barcodes(), None)
    assert command_line.main(["-i", "counts.csv", "--beta", "0", *FAST, *flags]) == 2
    assert f"expected a table of {table}, found none" in capsys.readouterr().err


def test_a_table_that_is_as_long_as_the_map_has_columns(tissue, capsys):
    """Of a map nobody says that rows and columns were swapped: it has no names of columns to compare."""
    np.savetxt("map.txt", tissue.pixels)
    frame(layer=["a", "b"]).to_csv("labels.csv", index=False)
    assert command_line.main(["plot", "map.txt", "-l", "labels.csv", "-o", "map.png"]) == 2
    assert "expected 40 rows in labels.csv, as in the input, found 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change", [lambda names: [name[:-2] for name in names], lambda names: names[:-1] + ["no"]]
)
def test_names_that_do_not_match_are_refused(tissue, capsys, change):
    write_counts(tissue, barcodes(), None)
    tissue.pixels.set_axis(change(barcodes())).to_csv("pixels.csv")
    assert command_line.main(["-i", "counts.csv", "-x", "pixels.csv", *FAST]) == 2
    assert re.search(r"expected the names of all 40 rows .* found (0|39) of 40", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("title", "sure", "as_many", "expected"),
    [
        ("row names", True, True, True),  # of the table itself
        ("X", False, True, True),  # as R writes them
        ("cluster", False, True, False),
        ("X", False, False, False),
        ("row names", True, False, False),
    ],
)
def test_numbers_that_count_rows_match_names_of_rows_alone(title, sure, as_many, expected):
    numbers = pd.Index(["0", "1", "2"])
    mine, other = Names("row", numbers, False), Names(title, numbers, sure)
    assert _may_match(mine, other, as_many) is expected
