"""Names of rows that two tables write differently: refused with what parts them, never joined by guessing."""

import re

import numpy as np
import pandas as pd
import pytest

import spasne
from spasne_tools.commands import command_line
from spasne_tools.name_differences import difference_of
from spasne_tools.readers.matching import Wanted, match_rows
from spasne_tools.readers.row_names import names_of
from spasne_tools.readers.tables import read_table
from spasne_tools.validation import check_rows_match

N = 40
NUMBERS = np.arange(7, 7 + N)
ORDER = np.random.default_rng(0).permutation(N)
PADDED = [f"{number:04d}" for number in NUMBERS]
BARCODES = [f"AAC{number}x-1" for number in NUMBERS]
FIELDS = [f"f{number // 10}_c{number:04d}" for number in NUMBERS]
AS_TEXT = r"a program took them for numbers; have it read them as text \(pandas: dtype=str\)"
POINT = "the .0 of floating point"
ALIKE = "write them alike in both"

WRITTEN = {
    "zeros": (PADDED, NUMBERS, f"leading zeros only, as '0007' and '7' do: {AS_TEXT}"),
    "zeros here": (NUMBERS, PADDED, f"leading zeros only, as '7' and '0007' do: {AS_TEXT}"),
    "floats": (NUMBERS.astype(str), NUMBERS * 1.0, f"{POINT} only, as '7' and '7.0' do: {AS_TEXT}"),
    "both": (PADDED, NUMBERS * 1.0, f"leading zeros and {POINT} only, as '0007' and '7.0' do"),
    "zeros within": (FIELDS, [re.sub("c0+", "c", name) for name in FIELDS],
                     f"zeros before the numbers in them only, as 'f0_c0007' and 'f0_c7' do: {ALIKE}"),
    "quotes": (BARCODES, [f"'{name}'" for name in BARCODES], "blanks or quotes around them only, .*: strip"),
    "R": (BARCODES, [name.replace("-", ".") for name in BARCODES], "punctuation only, .*check.names=FALSE"),
    "R, numbers": (PADDED, [f"X{name}" for name in PADDED], "punctuation only, as '0007' and 'X0007' do"),
    "ending": (BARCODES, [name[:-2] for name in BARCODES], f"their ending only, .*: {ALIKE}"),
    "beginning": (BARCODES, [f"s1_{name}" for name in BARCODES], f"their beginning only, .*: {ALIKE}"),
    "case": (BARCODES, [name.lower() for name in BARCODES], f"upper and lower case only, .*: {ALIKE}"),
}  # fmt: skip
ROUNDED = (1e17 + np.arange(N) * 1e9).astype(int).astype(str), [f"1.0000{i:02d}E+17" for i in range(N)]


def counts_and_positions(mine, theirs):
    rng = np.random.default_rng(1)
    counts = pd.DataFrame(rng.poisson(3, (N, 20)), pd.Index(mine), [f"gene{i}" for i in range(20)])
    return counts, pd.DataFrame(rng.uniform(0, 1000, (N, 2)), pd.Index(theirs), ["x", "y"])


@pytest.mark.parametrize(("mine", "theirs", "said"), WRITTEN.values(), ids=WRITTEN)
def test_two_tables_in_python(mine, theirs, said):
    counts, pixels = counts_and_positions(mine, theirs)
    other_order = f"^expected pixels in the row order of data, found .* another order; they differ in {said}"
    with pytest.raises(ValueError, match=rf"{other_order}.*; then use pixels.loc\[data.index\]"):
        spasne.run_spasne(counts, pixels.iloc[ORDER], perplexity=8)
    with pytest.raises(ValueError, match=f"{other_order}.*the index of the table that data was made of"):
        spasne.run_spasne(spasne.preprocess_counts(counts, 5), pixels.iloc[ORDER], perplexity=8)
    with pytest.raises(
        ValueError, match=f"found .* in row 0; they differ in {said}.*; if the rows do belong"
    ):
        spasne.run_spasne(counts, pixels, perplexity=8)


@pytest.mark.parametrize(("mine", "theirs", "said"), WRITTEN.values(), ids=WRITTEN)
def test_arrays_in_the_same_order_go_by_it(mine, theirs, said):
    counts, pixels = counts_and_positions(mine, theirs)
    check_rows_match(spasne.preprocess_counts(counts, 5), pixels, "pixels")


@pytest.mark.parametrize(("mine", "theirs", "said"), WRITTEN.values(), ids=WRITTEN)
def test_two_tables_on_the_command_line(tmp_path, capsys, mine, theirs, said):
    counts, pixels = counts_and_positions(mine, theirs)
    counts.to_csv(tmp_path / "counts.csv", index_label="cell")
    pixels.iloc[ORDER].to_csv(tmp_path / "pixels.csv", index_label="cell")
    files = ["-i", str(tmp_path / "counts.csv"), "-x", str(tmp_path / "pixels.csv")]
    assert command_line.main(["embed", *files, "--counts", "-o", str(tmp_path / "map.csv")]) == 2
    assert re.search(f"found 0 of 40 in cell, .*; they differ in {said}", capsys.readouterr().err)


def test_numbers_that_have_lost_digits():
    counts, pixels = counts_and_positions(*ROUNDED)
    said = r"found '1.000000E\+17' .* in row 0; numbers such as 1.000000E\+17 have lost digits: write"
    with pytest.raises(ValueError, match=said):
        spasne.run_spasne(counts, pixels, perplexity=8)


def test_text_and_numbers():
    counts, pixels = counts_and_positions(NUMBERS.astype(str), NUMBERS)
    type_only = r"they differ in type only, string and integer: make both text \(.index.astype\(str\)\)"
    with pytest.raises(ValueError, match=f"found 7 in place of '7' in row 0; {type_only}"):
        spasne.run_spasne(counts, pixels, perplexity=8)
    with pytest.raises(ValueError, match=f"in another order; {type_only}"):
        spasne.run_spasne(counts, pixels.iloc[ORDER], perplexity=8)


def test_numbers_that_pandas_gave_name_no_rows():
    counts, pixels = counts_and_positions([str(number) for number in reversed(range(N))], range(N))
    check_rows_match(spasne.preprocess_counts(counts, 5), pixels.reset_index(drop=True), "pixels")


def test_some_rows_are_others():
    counts, pixels = counts_and_positions(BARCODES, [*BARCODES[:-1], "no"])
    said = "in another order; only 39 of 40 are in both: keep the rows of these"
    for data in (counts, spasne.preprocess_counts(counts, 5)):
        with pytest.raises(ValueError, match=said):
            check_rows_match(data, pixels.iloc[ORDER], "pixels")
    few = pixels.set_axis([*BARCODES[:20], *(f"no{i}" for i in range(20))])
    check_rows_match(spasne.preprocess_counts(counts, 5), few.iloc[ORDER], "pixels")


def test_names_that_are_there_twice_tell_no_order():
    for theirs in ([*NUMBERS[1:], NUMBERS[-1]], [NUMBERS[0], *NUMBERS[:-1]]):
        for mine in ([*PADDED[1:], PADDED[-1]], PADDED):
            counts, pixels = counts_and_positions(mine, theirs)
            check_rows_match(spasne.preprocess_counts(counts, 5), pixels, "pixels")


def test_tables_of_different_length():
    counts, pixels = counts_and_positions(BARCODES, BARCODES)
    for data, named in (
        (counts[::2], "data.index"),
        (spasne.preprocess_counts(counts[::2], 5), "the index of"),
    ):
        with pytest.raises(
            ValueError, match=rf"^expected 20 rows in pixels, .* found 40; use pixels.loc\[{named}"
        ):
            check_rows_match(data, pixels, "pixels")
    for other in (pixels.set_axis([*BARCODES[1:], "no"]), pixels.reset_index(drop=True), pixels.to_numpy()):
        with pytest.raises(ValueError, match="found 40$"):
            check_rows_match(counts[::2], other, "pixels")


def test_most_of_what_is_missing_is_explained():
    wanted = pd.Index([*PADDED[:3], "41"])
    assert "; " not in difference_of(wanted, pd.Index(["7", "8", "9", "x"])).partition(" differ in")[0]
    assert difference_of(wanted, pd.Index(["7", "8", "9", "x"])).startswith(
        "3 of them differ in leading zeros"
    )
    assert difference_of(wanted, pd.Index(["7", "8", "x", "y"])) == ""
    assert difference_of(wanted, pd.Index(["7", "8", "9", "41"])).startswith("they differ in leading zeros")


def test_names_that_would_no_longer_be_told_apart():
    assert difference_of(pd.Index(["07", "7"]), pd.Index(["007", "8"])) == ""
    assert difference_of(pd.Index(["a_1", "b_1"]), pd.Index(["c_1", "d_1"])) == ""


# ---- columns that need not name rows ---------------------------------------------------------------------


def read(folder, text):
    (folder / "table.csv").write_text(text)
    return read_table(folder / "table.csv")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("area,cell_id\n1,007\n2,010\n", ["007", "010"]),
        ("area,cell_id\n1,7\n2,10\n", [7, 10]),
        ("area,cell_id\n1,0\n2,10\n", [0, 10]),
        ("area,cell_id\n1,0.5\n2,1.5\n", [0.5, 1.5]),
        ("cell,area,cell_id\nr1,1,007,\nr2,2,010,\n", ["007", "010"]),
        ("area,cell_id\nr1,1,007\nr2,2,010\n", ["007", "010"]),  # as R writes it
        ("area;cell_id\n1,5;007\n2,5;010\n", ["007", "010"]),
    ],
)
def test_identifiers_keep_their_zeros(tmp_path, text, expected):
    table = read(tmp_path, text)
    assert table["cell_id"].tolist() == expected
    assert pd.api.types.is_numeric_dtype(table["area"])


def test_measures_are_numbers_with_zeros_or_without(tmp_path):
    assert read(tmp_path, "area,nr\n007,010\n011,012\n").to_numpy().tolist() == [[7, 10], [11, 12]]


def matched(own, table):
    names = pd.DataFrame(index=pd.Index(own, name="cell"))
    return match_rows(Wanted(names_of(names), np.arange(N), N), table, "meta.csv", False)


@pytest.mark.parametrize("own", [PADDED, [f"{number}.0" for number in NUMBERS]], ids=["zeros", "floats"])
@pytest.mark.parametrize("numbers", [NUMBERS, [*NUMBERS[:-1], 999]], ids=["all", "most"])
def test_numbers_under_any_title_do_not_leave_rows_to_their_order(own, numbers):
    table = pd.DataFrame({"nr": numbers, "x": 1.5}).iloc[ORDER]
    with pytest.raises(ValueError, match=r"found 0 of 40 in nr, .* differ in .*; call nr cell_id, so that"):
        matched(own, table)


def test_numbers_in_the_order_of_the_input_change_nothing():
    assert "in the order of the input" in matched(PADDED, pd.DataFrame({"nr": NUMBERS, "x": 1.5})).said
    count = [f"{number:04d}" for number in range(1, N + 1)]
    assert "in the order of the input" in matched(count, pd.DataFrame({"nr": range(N), "x": 1.5})).said
    few = pd.DataFrame({"area": [*NUMBERS[:20], *range(100, 120)], "x": 1.5}).iloc[ORDER]
    assert "in the order of the input" in matched(PADDED, few).said


def test_rows_left_out_of_the_input_keep_their_order():
    own, table = (
        pd.DataFrame(index=pd.Index(PADDED[::2], name="cell")),
        pd.DataFrame({"nr": NUMBERS, "x": 1.5}),
    )
    wanted = Wanted(names_of(own), np.arange(0, N, 2), N)
    assert match_rows(wanted, table, "meta.csv", False).order.tolist() == list(range(0, N, 2))
