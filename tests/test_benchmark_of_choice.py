"""The benchmark of chosen weights: cells of its grid, and data from files."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from benchmarks import choice
from benchmarks.sections import Section, section_of
from spasne_tools.preprocessing import preprocess_counts
from spasne_tools.simulation import simulate_tissue


@pytest.fixture(scope="module")
def section():
    tissue = simulate_tissue(200, n_genes=50, seed=0)
    return Section("small", preprocess_counts(tissue.counts, 10), tissue.pixels.to_numpy(float), None)


def test_cells_of_the_grid_are_made_as_the_last_maps_of_a_choice(section, monkeypatch):
    """All points are in the sample, so a cell's balance on it is that of the map of all points."""
    small = {"ALPHAS": (8,), "SHARES": (0.25, 0.5, 1), "ROOMS": (1,), "CELLS_OF_ALL": 1, "CELLS_AT_ONCE": 2}
    for name, values in small.items():
        monkeypatch.setattr(choice, name, values)
    unit = choice.scores_of_cells(section, "random", [choice.T_SNE])[0]["kept"]
    with ThreadPoolExecutor(1) as pool:
        found = list(choice.grid_rows(section, pool))
    (_, best) = choice.finished(section, [{"map": "t-SNE", "r1": 1.0, "r2": 1.0, "kept": unit}, *found])
    assert best["map"] == "best of the grid" and best["alpha"] == 8
    assert best["balance"] == pytest.approx(best["balance_of_sample"])
    shares = choice.scores_of_cells(section, choice.FINAL_START, choice.cells_of(200))
    assert best["balance_of_sample"] * unit == pytest.approx(max(scores["balance"] for scores in shares))


def test_a_section_comes_from_a_file(section, tmp_path):
    path = tmp_path / "tissue.npz"
    np.savez(path, X=section.X, pixels=section.pixels, labels=np.repeat(["a", "b"], 100))
    found = section_of(str(path))
    assert found.name == "tissue"
    np.testing.assert_array_equal(found.X, section.X)
    assert list(found.labels[[0, -1]]) == ["a", "b"]
