"""The command that makes the published screening again, on a small simulated tissue and made-up tables."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from benchmarks import reproduce, summary
from benchmarks.published_tables import GROUPS, compare, difference_table, load_published
from benchmarks.stopwatch import read_times, stopwatch
from spasne_tools.datasets import Dataset
from spasne_tools.screening.screen import Schedule, screen_parameters
from spasne_tools.simulation import simulate_tissue

SMALL = Schedule(
    rough_alphas=(2, 9), rough_betas=(1, 4), fine_alphas=(8, 9), fine_betas=(3, 4), tsne_runs=2,
    rough_repeats=1, fine_repeats=2, first_repeats=2, margin=1, stride=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def dataset():
    tissue = simulate_tissue(60, n_genes=50, seed=0)
    data = pd.DataFrame(tissue.counts.toarray() if hasattr(tissue.counts, "toarray") else tissue.counts)
    pixels = tissue.pixels.reset_index(drop=True)
    return Dataset("breast_cancer", data, pixels, tissue.labels.reset_index(drop=True), pixels)


@pytest.fixture
def published():
    columns = ["alpha", "beta", "r1", "r2", "ss", "sr", "var"]
    cells = {"rough": [(2, 1), (2, 4), (9, 1), (9, 4)], "fine": [(8, 3), (8, 4), (9, 3), (9, 4)]}
    return {
        stage: pd.DataFrame([(*cell, 0.5, 0.25, 0.1, 1, 1e-6) for cell in rows], columns=columns)
        for stage, rows in cells.items()
    }


def test_the_command_makes_the_page_and_goes_on_from_finished_runs(dataset, published, tmp_path, monkeypatch):
    def screen(*arguments, **options):
        return screen_parameters(*arguments, **options, perplexity=8, max_iter=20)

    schedules = {"default": replace(SMALL, first_repeats=1), "default, published fine grid": SMALL}
    for name, value in {"PUBLISHED": SMALL, "SHORT": schedules, "screen_parameters": screen}.items():
        monkeypatch.setattr(reproduce, name, value)
    monkeypatch.setattr(reproduce, "load_dataset", lambda name: dataset)
    monkeypatch.setattr(reproduce, "load_published", lambda: published)
    monkeypatch.setattr(reproduce, "run_spasne", lambda *_, **__: dataset.pixels)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{summary.BEGIN}\n{summary.END}\n")
    options = ["--theta", "0", "--threads", "1", "--page", str(page)]
    for name in ("cache", "results", "images"):
        options += [f"--{name}", str(tmp_path / name)]
    reproduce.main(options)
    monkeypatch.setattr("spasne_tools.screening.runs.embed_runs", None)
    reproduce.main(options)
    text = page.read_text()
    assert text.startswith("before\n")
    for heading in (
        "## t-SNE",
        "## The choice",
        "## Cells, theta 0",
        "| fine, all fail |",
        "| 0 | published | 13 |",
    ):
        assert heading in text
    cells = pd.read_csv(tmp_path / "results" / "reproduction_cells_theta0.csv")
    assert len(cells) == 8
    assert {path.name for path in (tmp_path / "images").iterdir()} == {
        "reproduction_theta0.png",
        "screening_theta0.png",
    }
    assert read_times(tmp_path / "cache" / "published-theta0-times.json")["sessions"] == 2


def test_cells_are_compared_by_what_our_repeats_say_of_failures(published):
    ours = {
        stage: table.assign(r1=[0.5, 0.52, 0.0, 0.54], repeats=2, randseed=1, score=1.0)
        for stage, table in published.items()
    }
    runs = pd.concat(
        [published["rough"][["alpha", "beta"]], published["fine"][["alpha", "beta"]]], ignore_index=True
    ).drop_duplicates()
    runs = pd.concat([runs.assign(repeated=runs["alpha"] == 9), runs.assign(repeated=runs["beta"] == 4)])

    class Found:
        pass

    found = Found()
    found.runs, found.rough, found.fine = runs, ours["rough"], ours["fine"]
    cells = compare(found, published)
    fine = cells[cells["stage"] == "fine"].set_index(["alpha", "beta"])["group"]
    assert fine.tolist() == [GROUPS[0], GROUPS[1], GROUPS[1], GROUPS[2]]
    lines = difference_table(cells).splitlines()
    assert lines[2].startswith(
        "| fine, alpha at most 12, published var below 1e-05 | 4 (3 with r1) | 0.0200, 0.0400 |"
    )


def test_published_tables_are_looked_for_in_the_named_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SPASNE_DATA", str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match="expected human_BreastCancer1272_screenPar_rough.csv in the folder"
    ):
        load_published()


def test_time_adds_up_over_sessions_and_a_killed_one_is_noticed(tmp_path):
    path = tmp_path / "times.json"
    with pytest.raises(KeyboardInterrupt), stopwatch(path):
        raise KeyboardInterrupt
    first = read_times(path)
    assert first["wall"] >= 0
    path.write_text(json.dumps(first | {"wall": 100.0, "cpu": 50.0, "sessions": 4}))  # two were killed
    with stopwatch(path):
        sum(range(10**5))
    times = read_times(path)
    assert (times["sessions"], times["sessions_timed"]) == (5, 2)
    assert times["wall"] > 100
    assert times["cpu"] > 50
