"""The paper's annotation is read as published, and the tables about its data sets say what is in it."""

import os
from pathlib import Path

import pandas as pd
import pytest

import spasne
from spasne_tools.annotations import FILES, load_annotation

ROOT = Path(__file__).resolve().parents[1]
INFO = ROOT / "data-annotation-info"

has_data = pytest.mark.skipif(
    "SPASNE_DATA" not in os.environ, reason="SPASNE_DATA does not name the folder of the real data"
)


def data_sets():
    return pd.read_csv(INFO / "datasets.csv", index_col="name")


def test_every_data_set_is_described():
    assert list(data_sets().index) == list(FILES)
    assert data_sets()["annotation_file"].to_dict() == FILES
    page = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    for name, row in data_sets().iterrows():
        assert f"`{name}`" in page and f"{row['spots']:,}" in page


@has_data
@pytest.mark.parametrize("name", FILES)
def test_annotation_has_the_spots_and_columns_described(name):
    annotation = spasne.load_annotation(name)
    assert len(annotation) == data_sets().loc[name, "spots_selected"]
    columns = pd.read_csv(INFO / "columns.csv")
    assert list(annotation) == list(columns.loc[columns["data_set"] == name, "column"])
    assert annotation[["x_pixel", "y_pixel"]].notna().all(axis=None)
    for column, says in columns.loc[columns["data_set"] == name].set_index("column")["stands_for"].items():
        if column not in ("x_pixel", "y_pixel"):
            number = [int(word) for word in says.replace(":", "").split() if word.isdigit()]
            assert number == [annotation[column].nunique()]


def test_unknown_name_is_an_error():
    with pytest.raises(ValueError, match="one of breast_cancer, .* hypothalamus, found 'liver'"):
        load_annotation("liver")
