"""Tables as spreadsheets, R and vendors write them are read as they are meant, or refused with the remedy."""

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest

from spasne_tools.readers.tables import has_row_names, read_table

PLAIN = "cell,x,y\nc1,1.5,-2\nc2,3,4\nc3,0.1,5\n"
VALUES = [[1.5, -2.0], [3.0, 4.0], [0.1, 5.0]]
NAMES = ["c1", "c2", "c3"]


def read(tmp_path, content, n_rows=None):
    path = tmp_path / "table"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, n_rows)


def zipped(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


SAME = {
    "plain": PLAIN,
    "trailing separators": PLAIN.replace("\n", ",\n"),
    "trailing separators that the header lacks": PLAIN.replace("\n", ",\n").replace("y,", "y", 1),
    "two trailing separators that the header lacks": PLAIN.replace("\n", ",,\n").replace("y,,", "y", 1),
    "trailing separators in the header alone": PLAIN.replace("y\n", "y,,\n", 1),
    "rows of separators alone": PLAIN + ",,\n,,\n",
    "blank lines": "\n" + PLAIN.replace("\n", "\n\n") + "  \n",
    "quotes": '"cell","x","y"\n"c1","1.5","-2"\n"c2","3","4"\n"c3","0.1","5"\n',
    "comments": "#exported\n# by a program, in 2024\n" + PLAIN,
    "comment like a header": "# one, two, three\n" + PLAIN,
    "header in a comment": "#" + PLAIN,
    "separator named": "sep=;\n" + PLAIN.replace(",", ";"),
    "separator named, windows": '"sep=;"\r\n' + PLAIN.replace(",", ";").replace("\n", "\r\n"),
    "decimal commas": PLAIN.replace(",", ";").replace(".", ","),
    "decimal commas and tabs": PLAIN.replace(",", "\t").replace(".", ","),
    "decimal commas and spaces": PLAIN.replace(",", " ").replace(".", ","),
    "a comma in a name": PLAIN.replace(",", ";").replace("cell", "cell, of us"),
    "bars": PLAIN.replace(",", "|"),
    "utf-8 with a mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "utf-16": PLAIN.encode("utf-16"),
    "utf-16, other end first": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "bz2": bz2.compress(PLAIN.encode()),
    "xz": lzma.compress(PLAIN.encode()),
    "zip": zipped(table=PLAIN),
    "zip of a Mac": zipped(**{"table.csv": PLAIN, "__MACOSX/._table.csv": "x"}),
    "old mac": PLAIN.replace("\n", "\r"),
    "padded": PLAIN.replace(",", " , ").replace("c", " c"),
    "EntityID": PLAIN.replace("cell", "EntityID"),
    "no name": PLAIN.replace("cell", ""),
    "Unnamed: 0": PLAIN.replace("cell", "Unnamed: 0"),
    "R": PLAIN.replace("cell,", ""),
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME)
def test_same_table(tmp_path, content):
    table = read(tmp_path, content)
    assert list(table.index) == NAMES
    assert list(table.columns) == ["x", "y"]
    assert table.to_numpy().tolist() == VALUES


@pytest.mark.parametrize("name", ["EntityID", "cell_ID", "", "Unnamed: 0", "Cell.ID", "X"])
def test_numbers_that_are_names(tmp_path, name):
    """Under X, which may be a position, only where they count the rows."""
    table = read(tmp_path, f"{name},area,score\n1,60,0.5\n2,61,0.1\n3,58,0.7\n")
    assert list(table.index) == ["1", "2", "3"] and list(table.columns) == ["area", "score"]


def test_x_counts_rows_beside_x_and_y(tmp_path):
    table = read(tmp_path, "X,barcode,x,y\n1,AAC,1.5,2\n2,AAG,2.5,3\n")
    assert list(table.columns) == ["barcode", "x", "y"]


@pytest.mark.parametrize("first", [[1, 2, 3], [7, 2, 9]])
def test_x_is_a_position_beside_y(tmp_path, first):
    table = read(tmp_path, "X,Y\n" + "".join(f"{x},{x}\n" for x in first))
    assert not has_row_names(table) and table["X"].tolist() == first


@pytest.mark.parametrize("first", ["gene", "Gene_ID", "symbol", ""])
def test_header_of_numbers_over_counts(tmp_path, first):
    table = read(tmp_path, f"{first},1001,1002,1003\nGad1,0,3,1\nMbp,5,0,0\n")
    assert list(table.index) == ["Gad1", "Mbp"] and list(table.columns) == ["1001", "1002", "1003"]


def test_header_of_numbers_under_any_name(tmp_path):
    header = "what," + ",".join(map(str, range(1001, 1009)))
    body = "Gad1,0,3,1,0,0,0,1,0\nMbp,5,0,0,1,1,1,0,2\n"
    table = read(tmp_path, f"{header}\n{body}")
    assert list(table.index) == ["Gad1", "Mbp"] and list(table.columns)[:2] == ["1001", "1002"]
    assert len(read(tmp_path, f"{header}\n{body}", n_rows=3)) == 3


@pytest.mark.parametrize(
    "body", ["s1,512,377\ns2,100,200\ns3,7,8\n", "s1,1,2,3,4,5,6,7\ns2,11,12,13,14,15,16,17\n"]
)
def test_whole_numbers_behind_names_are_no_header(tmp_path, body):
    table = read(tmp_path, body)
    assert len(table) == body.count("\n") and list(table.columns)[:2] == [1, 2]


def test_named_columns_keep_their_place_in_lines_that_end_in_a_separator(tmp_path):
    table = read(tmp_path, "cell,area,x,y,score\nc0,60,0,0,0.5,\nc1,61,3,4,0.1,\n")
    assert table["x"].tolist() == [0, 3] and table["score"].tolist() == [0.5, 0.1]
    table = read(tmp_path, "area,x,y\n60,0,1,\n61,3,4,\n")
    assert table["x"].tolist() == [0, 3] and not has_row_names(table)


def test_a_last_column_with_a_value_is_one(tmp_path):
    table = read(tmp_path, "a,b\nr1,1,\nr2,2,3\n")
    assert list(table.index) == ["r1", "r2"] and table["a"].tolist() == [1, 2]
    table = read(tmp_path, "a,b,\n1,2,\n3,4,5\n")
    assert table.shape == (2, 3)


def test_a_named_column_without_values_is_one(tmp_path):
    assert list(read(tmp_path, ",x,layer\nc1,1,\nc2,2,\n").columns) == ["x", "layer"]


def test_latin_letters(tmp_path):
    table = read(tmp_path, "cell,area (µm²),y\nc1,1,2\nc2,3,4\n".encode("cp1252"))
    assert list(table.columns) == ["area (µm²)", "y"]


def test_latin_letters_far_down(tmp_path, monkeypatch):
    """Beyond the beginning by which a table's layout is found."""
    monkeypatch.setattr("spasne_tools.readers.tables.HEAD", 1 << 14)
    lines = [f"c{row},1.5,a\n" for row in range(20_000)]
    table = read(tmp_path, ("cell,x,unit\n" + "".join(lines) + "last,2,\xb5m\n").encode("cp1252"))
    assert table.loc["last", "unit"] == "\xb5m" and len(table) == 20_001


def test_letters_of_no_known_kind_from_standard_input(monkeypatch):
    """It cannot be read again in another way."""
    content = io.TextIOWrapper(io.BytesIO(b"cell,x\nc1,\xb5\n"))
    monkeypatch.setattr("sys.stdin", content)
    with pytest.raises(ValueError, match="^expected a table in standard input, found none that can be read"):
        read_table("-")


@pytest.mark.parametrize("kind", ["plain", "bz2", "xz", "zip"])
def test_standard_input_of_any_kind(monkeypatch, kind):
    content = SAME[kind] if isinstance(SAME[kind], bytes) else SAME[kind].encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert read_table("-").to_numpy().tolist() == VALUES


def test_identifiers_keep_leading_zeros_that_come_late(tmp_path):
    """As a table sorted downwards has them: whether there are any is known at its end alone."""
    numbers = range(2999, -1, -1)
    lines = [f"{row},{row:04d},{row}\n" for row in numbers]
    table = read(tmp_path, "x,cell_id,barcode\n" + "".join(lines))
    assert table["cell_id"].tolist() == [f"{row:04d}" for row in numbers]
    assert table["barcode"].tolist() == list(numbers) and table["barcode"].dtype == np.int64


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["7", "-5"], [7, -5]),
        (["1.5", "0.5"], [1.5, 0.5]),
        (["", "7"], [np.nan, 7]),
        (["a", "7"], ["a", "7"]),
    ],
)
def test_identifiers_without_leading_zeros_are_as_in_any_column(tmp_path, texts, expected):
    for separator in (",", "\t"):
        lines = [separator.join(["1", text, text]) + "\n" for text in texts]
        table = read(tmp_path, separator.join(["x", "cell_id", "other"]) + "\n" + "".join(lines))
        assert table["cell_id"].dtype == table["other"].dtype
        np.testing.assert_equal(table["cell_id"].tolist(), expected)


def test_decimal_commas_without_a_header(tmp_path):
    assert read(tmp_path, "1,5;2,5\n3,25;4,5\n").to_numpy().tolist() == [[1.5, 2.5], [3.25, 4.5]]
    assert read(tmp_path, "1,5 2,5\n3,25 4,5\n").to_numpy().tolist() == [[1.5, 2.5], [3.25, 4.5]]


def test_a_comment_above_numbers_that_is_no_header(tmp_path):
    table = read(tmp_path, "# by a program, in May, 2024\n1.5,2\n3,4\n")
    assert list(table.columns) == [1, 2] and len(table) == 2


def test_comma_table_with_semicolons_in_a_field(tmp_path):
    table = read(tmp_path, "cell,x,terms\nc1,1.5,GO:1;GO:2\nc2,2.5,GO:3;GO:4\n")
    assert table["x"].tolist() == [1.5, 2.5] and table["terms"].tolist() == ["GO:1;GO:2", "GO:3;GO:4"]


def test_missing_values_in_a_column_of_text(tmp_path):
    table = read(tmp_path, "layer,x\nL1,1\nNA,2\nL1,3\n")
    assert table["layer"].isna().tolist() == [False, True, False]


def test_wide_table_with_text_in_its_last_lines(tmp_path):
    """What is parsed in parts is parsed again where a column is not of one type."""
    frame = pd.DataFrame(np.ones((3000, 120), dtype=int), [f"c{row}" for row in range(3000)])
    frame = frame.rename(columns=str)
    frame["note"] = ["1"] * 2999 + ["odd"]
    frame.to_csv(tmp_path / "table.csv")
    assert set(read_table(tmp_path / "table.csv")["note"]) == {"1", "odd"}


def test_numbers_beyond_doubles_stay_themselves(tmp_path):
    table = read(tmp_path, "area,EntityID\n1,1234567890123456789\n2,1234567890123456790\n")
    assert table["EntityID"].tolist() == [1234567890123456789, 1234567890123456790]


NO_TABLES = {
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
    "parquet": (b"PAR1" + bytes(100), "a Parquet file; .*read_parquet"),
    "excel": (
        zipped(**{"[Content_Types].xml": "x", "xl/workbook.xml": "x"}),
        "an Excel workbook; save .* CSV",
    ),
    "old excel": (b"\xd0\xcf\x11\xe0" + bytes(100), "an Excel workbook"),
    "R": (gzip.compress(b"X\n\x00\x00\x00\x03"), "an R file; .*write.csv"),
    "two files": (zipped(a=PLAIN, b=PLAIN), "one file in the zip .*, found a, b"),
    "matrix market": ("%%MatrixMarket matrix coordinate integer general\n1 1 1\n", "a Matrix Market file"),
    "thousands": ("a;b\n1,234;2,345\n3,456;4,567\n", "decimals or thousands"),
    "shifted": ("a,b\nr1,1,\nr2,2,\n", "a name of each column .*, found 2 names over 3 fields"),
    "cut gzip": (gzip.compress(PLAIN.encode() * 100)[:60], "found none that can be read"),
    "cut xz": (lzma.compress(PLAIN.encode() * 100)[:60], "found none that can be read"),
    "empty": ("#\n\n", "an empty file"),
    "header alone": ("cell,x,y\n", "a header without rows"),
}


@pytest.mark.parametrize(("content", "message"), NO_TABLES.values(), ids=NO_TABLES)
def test_no_table(tmp_path, content, message):
    with pytest.raises(ValueError, match=f"^expected .*{message}"):
        read(tmp_path, content)
