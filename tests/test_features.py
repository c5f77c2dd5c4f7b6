"""Names of identifiers, control features and coordinates, as vendors and labs write them."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from spasne_tools.coordinates import KNOWN, are_local, find_coordinates
from spasne_tools.features import (
    control_features,
    identifier_columns,
    is_field_of_view,
    is_identifier,
    is_unnamed,
)
from spasne_tools.readers.expression_file import Expression
from spasne_tools.readers.gene_columns import genes_only, transposed

CONTROLS = """
Blank-1 blank_12 Blank.3 BLANK_0006 Blank_Codeword_1 NegControlProbe_00042 NegControlCodeword_0500
negative_control_probe_1 NegPrb1 NegPrb-12 Negative10 Neg1 NegProbe-WTX NegAdd3 UnassignedCodeword_0012
Unassigned_3 DeprecatedCodeword_0001 DEPRECATED_ENSG00000123456 Deprecated SystemControl12 FalseCode3
FalseCode-3 Intergenic_Region_12 antisense_PROKR2 ERCC-00002 __no_feature N_unmapped
""".split()
# Real genes whose names begin alike, and names of components.
GENES = """
NEGR1 NEGR1-IT1 Negr1 BLNK BLANKET ERCC1 ERCC6L2 ERCC8 DEPDC1 ANTXR1 PROKR2-AS1 FALSEX SYSTL
CTRL CTRB1 CONTROLX PC1 0 17 Gad1 INTS1 N4BP1
""".split()


@pytest.mark.parametrize("name", CONTROLS)
def test_control(name):
    assert control_features([name]).tolist() == [True]


@pytest.mark.parametrize("name", GENES)
def test_no_control(name):
    assert control_features([name]).tolist() == [False]


def test_kinds_of_features():
    kinds = ["Gene Expression", "Negative Control Probe", "Unassigned Codeword", "Genomic Control",
             "Antibody Capture", "Deprecated Codeword"]  # fmt: skip
    found = control_features(["a"] * len(kinds), kinds)
    assert found.tolist() == [False, True, True, True, False, True]


IDENTIFIERS = "barcode Barcodes cell Cell cell_ID cell_id CellID EntityID spot_id Cell.ID obs_names".split()


@pytest.mark.parametrize("name", [*IDENTIFIERS, "", "Unnamed: 0", "Unnamed:0", "...1"])
def test_identifier_anywhere(name):
    assert is_identifier(name)
    assert is_unnamed(name) == (name not in IDENTIFIERS)


@pytest.mark.parametrize("name", ["id", "index", "name", "sample", "V1"])
def test_identifier_in_the_first_column_only(name):
    assert is_identifier(name, first=True) and not is_identifier(name)


@pytest.mark.parametrize(
    "name", ["x", "X", "gene", "ID1", "CEL", "BIN1", "cell_type", "area", "cell_area", 0]
)
def test_no_identifier(name):
    assert not is_identifier(name) and not is_identifier(name, first=True)


def test_identifiers_of_cosmx():
    assert identifier_columns(["fov", "cell_ID", "Gad1", "id"]) == ["fov", "cell_ID"]
    assert is_field_of_view("FOV") and not is_field_of_view("fovea")


@pytest.mark.parametrize(("x", "y"), KNOWN)
def test_known_coordinates_in_any_order_case_and_place(x, y):
    columns = ["cell_id", y.upper(), "area", x.upper().replace("_", "."), "width"]
    assert find_coordinates(columns) == [columns[3], columns[1]]


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["fov", "CenterX_local_px", "CenterY_local_px", "CenterX_global_px", "CenterY_global_px"],
         ["CenterX_global_px", "CenterY_global_px"]),
        (["barcode", "in_tissue", "array_row", "array_col", "pxl_row_in_fullres", "pxl_col_in_fullres"],
         ["pxl_col_in_fullres", "pxl_row_in_fullres"]),
        (["fov", "volume", "center_x", "center_y", "min_x", "max_x", "min_y", "max_y"],
         ["center_x", "center_y"]),
        (["x_FOV_px", "y_FOV_px", "X_mm", "Y_mm"], ["X_mm", "Y_mm"]),
        (["fov", "X_mm", "Y_mm", "X_px", "Y_px"], ["X_px", "Y_px"]),
        (["x_FOV_px", "y_FOV_px", "x_slide_mm", "y_slide_mm"], ["x_slide_mm", "y_slide_mm"]),
        (["CenterX_global_mm", "CenterY_global_mm", "x_global_px", "y_global_px"],
         ["x_global_px", "y_global_px"]),
        (["x", "y", "z"], ["x", "y", "z"]),
        (["xcoord", "ycoord", "zcoord"], ["xcoord", "ycoord", "zcoord"]),
        (["Xpx", "Ypx"], ["Xpx", "Ypx"]),
        (["Centroid X µm", "Centroid Y µm"], ["Centroid X µm", "Centroid Y µm"]),
        (["min_x", "min_y", "max_x", "max_y"], None),
        (["left_x", "left_y", "right_x", "right_y"], None),
        (["UMAP_x", "UMAP_y"], None),
        (["X", "barcode", "x", "y"], ["x", "y"]),
        (["x", "X", "Y"], ["X", "Y"]),
        (["X", "y"], ["X", "y"]),
        (["x", "area"], None),
        ([1, 2], None),
    ],
)  # fmt: skip
def test_coordinates_among_others(columns, found):
    assert find_coordinates(columns) == found


def test_known_names_only():
    assert find_coordinates(["Xspot", "Yspot"]) == ["Xspot", "Yspot"]
    assert find_coordinates(["Xspot", "Yspot"], known_only=True) is None
    assert find_coordinates(["x", "y", "Gad1"], known_only=True) == ["x", "y"]


def test_local_positions():
    assert are_local(["x_fov_px", "y_fov_px"]) and not are_local(["x_global_px", "y_global_px"])


# --- expression with genes in rows, or without genes ---


def test_texts_of_a_table_of_genes_name_them():
    table = pd.DataFrame({"symbol": ["Gad1", "Mbp"], "note": ["a", "b"], "c1": [1, 2], "c2": [3, 4.5]})
    found = transposed(Expression(table))
    assert list(found.genes) == ["Gad1", "Mbp"] and list(found.rows) == ["c1", "c2"]
    assert found.values.to_numpy().tolist() == [[1, 2], [3, 4.5]]
    assert list(transposed(Expression(table, pd.Index(["g1", "g2"]))).genes) == ["g1", "g2"]
    assert transposed(Expression(table[["c1", "c2"]])).genes is None


def test_a_matrix_of_genes_in_rows():
    values = scipy.sparse.csr_matrix([[1, 2, 0], [3, 4, 5]])
    found = transposed(Expression(values, pd.Index(["Gad1", "Mbp"]), pd.Index(["c1", "c2", "c3"])))
    assert list(found.rows) == ["c1", "c2", "c3"] and list(found.genes) == ["Gad1", "Mbp"]
    assert (found.values != values.T).nnz == 0


def test_texts_alone_cannot_be_turned_around():
    with pytest.raises(ValueError, match="^expected columns of numbers to turn around, found text in all"):
        transposed(Expression(pd.DataFrame({"symbol": ["Gad1", "Mbp"], "note": ["a", "b"]})))


def test_controls_alone_are_no_genes():
    names = [f"Blank-{number}" for number in range(6)]
    with pytest.raises(ValueError, match=r"^expected genes, found Blank-0, .* and 2 more, which are none"):
        genes_only(Expression(np.ones((2, 6)), genes=pd.Index(names)))
