"""The benchmark of perplexities: its maps, and what stands in its table beside t-SNE."""

import pandas as pd
import pytest

from benchmarks import perplexities
from benchmarks.sections import Section
from spasne_tools.preprocessing import preprocess_counts
from spasne_tools.run.automatic import automatic_scale
from spasne_tools.simulation import simulate_tissue

N, PERPLEXITY = 150, 10.0


@pytest.fixture(scope="module")
def section():
    tissue = simulate_tissue(N, n_genes=50, seed=0)
    types = tissue.cell_types.to_numpy()
    return Section("small", preprocess_counts(tissue.counts, 10), tissue.pixels.to_numpy(float), types, types)


def test_maps_are_at_multiples_of_the_automatic_scale_of_their_perplexity(section):
    rows = list(perplexities.rows_of(section, PERPLEXITY))
    assert [row["map"] for row in rows] == ["t-SNE, fast steps"] + [
        f"{factor} times the automatic scale" for factor in ("0.5", "1", "2")
    ]
    scale = automatic_scale(N, PERPLEXITY)
    assert [row["global_scale"] for row in rows[1:]] == pytest.approx([scale / 2, scale, 2 * scale])
    assert {row["perplexity"] for row in rows} == {PERPLEXITY}
    assert rows[0]["alpha"] == rows[0]["beta"] == 0


@pytest.mark.parametrize(("most", "method"), [(N, "exact"), (N - 1, "interpolation")])
def test_sums_are_exact_up_to_so_many_points(section, monkeypatch, most, method):
    used = []
    monkeypatch.setattr(perplexities, "EXACT_UP_TO", most)
    monkeypatch.setattr(perplexities, "run", lambda *given: used.append(given[-1]) or [{}])
    list(perplexities.rows_of(section, PERPLEXITY))
    assert used == [method] * 4


def test_kept_and_r2_are_in_units_of_those_of_t_sne():
    rows = [
        {"map": "t-SNE, fast steps", "r2": 0.2, "kept": 0.4},
        {"map": "1 times the automatic scale", "r2": 0.6, "kept": 0.3},
    ]
    tsne, other = perplexities.beside_tsne("small", rows)
    assert (tsne["r2_of_tsne"], tsne["kept_of_tsne"]) == (1, 1)
    assert other["r2_of_tsne"] == pytest.approx(3) and other["kept_of_tsne"] == pytest.approx(0.75)
    assert other["data"] == "small"


def test_rows_are_written_perplexity_by_perplexity_and_others_kept(tmp_path, monkeypatch, capsys):
    def rows_of(section, perplexity):
        weights = {"alpha": 0.0, "beta": 0.0, "global_scale": 1.0}
        yield {"perplexity": perplexity, "map": "t-SNE", **weights, "r1": 0.5, "r2": 0.25, "kept": 0.4}

    monkeypatch.setattr(perplexities, "RESULTS", tmp_path / "perplexities.csv")
    monkeypatch.setattr(perplexities, "section_of", lambda name: None)
    monkeypatch.setattr(perplexities, "rows_of", rows_of)
    assert perplexities.main(["--data", "a", "b", "--perplexities", "15", "30"]) == 0
    perplexities.main(["--data", "a", "--perplexities", "15"])
    found = pd.read_csv(perplexities.RESULTS)
    assert list(zip(found["data"], found["perplexity"], strict=True)) == [
        ("a", 15), ("a", 30), ("b", 15), ("b", 30),
    ]  # fmt: skip
    assert "| b | 30 | t-SNE | 0, 0, 1 | 0.500 | 0.250 | 1.000 | 1.000 |" in capsys.readouterr().out
