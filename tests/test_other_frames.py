"""Frames and series of polars are taken as those of pandas are: the same values, warnings and refusals."""

import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import spasne
from spasne_tools.other_frames import column_names, of_pandas

pytestmark = pytest.mark.usefixtures("real_executable")
polars = pytest.importorskip("polars", reason="the extra test-peers is not installed")
N = 100


@pytest.fixture
def section():
    """Counts, positions and classes, of pandas."""
    tissue = spasne.simulate_tissue(N, 50, seed=2)
    counts = pd.DataFrame(tissue.counts.toarray(), columns=[f"g{i}" for i in range(50)])
    return counts, tissue.pixels.reset_index(drop=True), tissue.labels.reset_index(drop=True)


def frame(table):
    return polars.DataFrame({str(name): table[name].to_numpy() for name in table})


def series(labels):
    return polars.Series(labels.name, labels.astype(str).to_list())


def test_kinds_of_columns():
    values = {
        "whole": [1, 2, None],
        "text": ["a", None, "b"],
        "class": polars.Series(["a", "b", "a"], dtype=polars.Categorical),
        "flag": [True, False, True],
    }
    found = of_pandas(polars.DataFrame(values))
    assert list(found) == list(values) == column_names(polars.DataFrame(values))
    assert np.array_equal(found["whole"], [1, 2, np.nan], equal_nan=True)
    assert found["text"].isna().tolist() == [False, True, False]
    assert found["class"].tolist() == ["a", "b", "a"] and found["flag"].tolist() == [True, False, True]
    assert of_pandas(polars.Series("layer", ["a"])).name == "layer"
    with pytest.raises(ValueError, match=r"values in memory, found a LazyFrame of polars; .collect\(\)"):
        of_pandas(polars.LazyFrame(values))


def test_maps_and_scores_are_the_same(section):
    counts, pixels, labels = section
    data = spasne.preprocess_counts(counts)
    assert np.array_equal(spasne.preprocess_counts(frame(counts)), data)
    Y = spasne.run_spasne(data, pixels, perplexity=5, max_iter=20, randseed=1)
    sections = polars.Series(["a", "b"] * (N // 2))
    assert np.array_equal(spasne.run_spasne(data, frame(pixels), perplexity=5, max_iter=20, randseed=1), Y)
    of_sections = [
        spasne.run_spasne(data, pixels, perplexity=5, max_iter=20, randseed=1, sections=each)
        for each in (sections, sections.to_list())
    ]
    assert np.array_equal(*of_sections) and not np.array_equal(of_sections[0], Y)
    found, expected = (
        spasne.score_embedding(Y, data, table, classes)
        for table, classes in ((frame(pixels), series(labels)), (pixels, labels))
    )
    assert found.equals(expected)
    estimator = spasne.SpaSNE(perplexity=5, max_iter=20, random_state=1).fit(
        frame(counts), pixels=frame(pixels)
    )
    assert list(estimator.feature_names_in_) == list(counts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert estimator.transform(frame(counts[:5])).shape == (5, 2)


def test_names_of_rows_are_no_numbers(section):
    counts, pixels, _ = section
    named = frame(pixels).with_columns(polars.Series("barcode", [f"c{i}" for i in range(N)]))
    with pytest.raises(ValueError, match="every column of pixels, found .*column 'barcode'.*; leave it out"):
        spasne.run_spasne(counts, named, perplexity=5)
    table = polars.DataFrame({"x": [None, *range(N - 1)], "y": range(N)})
    with pytest.raises(ValueError, match="finite numbers in pixels, found 1 .* first in column 'x'"):
        spasne.run_spasne(counts, table, perplexity=5)


def test_warnings_are_the_same(section):
    counts, pixels, _ = section
    numbered = frame(pixels.assign(cell_id=range(N)))
    with pytest.warns(UserWarning, match="column 'cell_id' of pixels numbers the rows"):
        spasne.run_spasne(np.log1p(counts), numbered, perplexity=5, max_iter=2)
    with pytest.warns(UserWarning, match=r"counts has columns that are no genes: cell_id .*; NegPrb1"):
        spasne.preprocess_counts(frame(counts.assign(cell_id=range(N), NegPrb1=1)))
    four = frame(pixels.assign(area=1.5, volume=pixels.iloc[:, 0] * 2))
    with pytest.warns(UserWarning, match=r"all 4 columns of pixels .*; pass pixels\[\["):
        spasne.run_spasne(np.log1p(counts), four, perplexity=5, max_iter=2)


def test_figures_and_pages_name_what_they_show(section, tmp_path):
    counts, pixels, labels = section
    Y = np.random.default_rng(0).normal(size=(N, 2))
    figure = spasne.plot_maps(Y, series(labels), frame(pixels))
    assert "layer" in [text.get_text() for text in figure.findobj(Text)]
    assert len(spasne.plot_genes(Y, frame(counts)[:, :2], frame(pixels)).axes) == 6
    pages = [
        spasne.export_html(
            tmp_path / f"{n}.html", Y, frame(pixels), labels=given, genes=frame(counts)[:, :25]
        )
        for n, given in enumerate((polars.DataFrame([series(labels)]), series(labels)))
    ]
    expected = spasne.export_html(
        tmp_path / "pandas.html", Y, pixels, labels=labels.astype(str), genes=counts.iloc[:, :25]
    )
    assert [page.read_bytes() for page in pages] == [expected.read_bytes()] * 2
