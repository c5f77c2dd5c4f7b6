"""The benchmark of scales: its table keeps other tissues, and its pictures are small."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import scales
from benchmarks.scales_figure import save_figure
from benchmarks.sections import Section


def row(n, perplexity=50.0, r1=0.5):
    return {"n": n, "perplexity": perplexity, "map": "t-SNE", "r1": r1}


@pytest.fixture
def results(tmp_path, monkeypatch):
    path = tmp_path / "new" / "scales.csv"
    monkeypatch.setattr(scales, "RESULTS", path)
    return path


def test_rows_of_a_tissue_replace_earlier_ones_and_leave_those_of_others(results):
    scales.put_rows([row(3000), row(3000)])
    scales.put_rows([row(1000)])
    table = scales.put_rows([row(3000, r1=0.6), row(3000, perplexity=15.0)])
    found = list(zip(table["n"], table["perplexity"], table["r1"], strict=True))
    assert found == [(1000, 50, 0.5), (3000, 15, 0.5), (3000, 50, 0.6)]
    pd.testing.assert_frame_equal(pd.read_csv(results), table, check_dtype=False)


def test_maps_are_drawn_by_type_and_by_layer_with_their_scores(tmp_path):
    places = np.random.default_rng(0).normal(size=(90, 2))
    section = Section("small", places, places, np.repeat(["L1", "L2", "L3"], 30), np.tile(["a", "b"], 45))
    scores = {"r1": 0.6, "r2": 0.7, "kept_of_tsne": 0.8}
    figure = save_figure(section, {"t-SNE": (places, scores)}, tmp_path / "maps.png")
    above, below = figure.axes
    assert above.get_title() == "t-SNE\nr1 0.60, r2 0.70, kept 0.80"
    for ax, classes in ((above, ["a", "b"]), (below, ["L1", "L2", "L3"])):
        assert [text.get_text() for text in ax.get_legend().get_texts()] == classes
        assert len(ax.collections[0].get_offsets()) == 90
    assert 0 < (tmp_path / "maps.png").stat().st_size < 50_000
