"""The benchmark command at tiny sizes, without peers; no time is judged."""

import os
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import growth, measure, neighbours, speed, summary
from benchmarks.__main__ import main, parse, run_round, suited
from benchmarks.inputs import make_input
from benchmarks.programs import PROGRAMS, Task
from spasne_tools.commands.bench_data import write_bench_data
from spasne_tools.run import embedding

ROOT = Path(__file__).resolve().parents[1]
MACHINE = {"flops": 12e9, "bytes_per_second": 8e9}
OURS = ["exact", "exact_full", "barnes_hut"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("inputs")


@pytest.fixture
def use_executable(spasne_binary, monkeypatch):
    monkeypatch.setenv("SPASNE_BIN", str(spasne_binary))
    monkeypatch.delenv("SPASNE_DATA", raising=False)


def make_task(cache, **changes):
    data = make_input(60, cache)
    settings = {"program": "exact", "iterations": 5, "threads": 1, "perplexity": 10.0}
    settings |= {"alpha": data.alpha, "beta": data.beta, "data": str(data.data), "pixels": str(data.pixels)}
    return Task(**(settings | changes))


def test_the_command_writes_tables_and_a_figure(use_executable, cache, tmp_path, capsys):
    sizes, repeats, iterations = [60, 80], 2, 8
    arguments = ["--sizes", *map(str, sizes), "--repeats", str(repeats), "--methods", *OURS]
    arguments += ["--iterations", str(iterations), "--output", str(tmp_path), "--cache", str(cache)]
    assert main([*arguments, "--threads", "1"]) == 0
    runs = pd.read_csv(tmp_path / "runs.csv")
    assert len(runs) == len(sizes) * repeats * len(OURS)
    assert (runs["status"] == "ok").all()
    assert (runs["n_iter"] == iterations).all()
    assert runs["kl"].notna().all()
    assert (runs["peak_mb"] > 0).all()
    assert (runs[list(summary.STAGES)].sum(axis=1) < runs["seconds"]).all()
    table = pd.read_csv(tmp_path / "summary.csv")
    assert list(table["program"]) == OURS * len(sizes)
    assert len(pd.read_csv(tmp_path / "starts.csv")) == repeats
    assert (tmp_path / "seconds.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").strip() in printed
    assert all(PROGRAMS[name].label in printed for name in OURS)


def test_the_run_without_early_stop_tells_the_executable_so(use_executable, cache, monkeypatch):
    written = []

    def spy(folder, *arguments, **options):
        written.append(Path(folder, embedding.DATA_FILE).read_bytes())
        return run_in_folder(folder, *arguments, **options)

    run_in_folder = embedding.run_in_folder
    monkeypatch.setattr(embedding, "run_in_folder", spy)
    task = make_task(cache)
    X, pixels = np.load(task.data), np.load(task.pixels)
    assert PROGRAMS["exact_full"].load()(X, pixels, task)[1]["n_iter"] == task.iterations
    assert struct.pack("<8sqd", b"stoptol", 8, 0.0) in written[0]


def test_a_run_that_takes_too_long_is_stopped(use_executable, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    start = time.monotonic()
    outcome = measure.run_task(make_task(cache, iterations=10**9, program="exact_full"), timeout=5)
    assert outcome["status"] == "timeout"
    assert time.monotonic() - start < 60
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_reported_with_its_message(cache, monkeypatch):
    monkeypatch.setenv("SPASNE_BIN", "/nowhere/spasne")
    outcome = measure.run_task(make_task(cache), timeout=100)
    assert outcome["status"] == "failed"
    assert "/nowhere/spasne" in outcome["message"]


def test_a_peer_that_is_absent_is_not_a_failure(cache, monkeypatch, tmp_path):
    (tmp_path / "openTSNE.py").write_text("raise ModuleNotFoundError(\"No module named 'openTSNE'\")")
    monkeypatch.setattr(
        measure, "environment", lambda threads: {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    )
    assert measure.run_task(make_task(cache, program="opentsne_grid"), 100)["status"] == "not installed"


def test_what_failed_is_not_tried_again(cache, monkeypatch):
    calls = []

    def fail(task, timeout):
        calls.append((task.program, task.iterations))
        return {"status": "failed", "message": "for the test"}

    monkeypatch.setattr("benchmarks.__main__.run_task", fail)
    options = parse(["--methods", "exact", "sklearn", "--repeats", "3", "--iterations", "7"])
    given_up = set()
    for repeat in range(options.repeats):
        run_round([make_input(60, cache)], repeat, options, given_up)
    assert sorted(call for call in calls if call[1] == 7) == [("exact", 7), ("sklearn", 7)]


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory of a process tree is read from /proc"
)
def test_memory_counts_children():
    megabytes = 100
    hold = f"x = b'1' * ({megabytes} * 10**6); print(flush=True); input()"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    command = [sys.executable, "-c", outer]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        found = measure.tree_memory(child.pid)
        child.stdin.close()
    assert megabytes < found < 3 * megabytes


def test_simulated_input_is_made_once(cache, monkeypatch):
    first = make_input(60, cache)
    monkeypatch.setattr("benchmarks.inputs.simulate_tissue", None)
    assert make_input(60, cache) == first
    assert np.load(first.data).shape == (60, 60)
    assert np.load(first.pixels).shape == (60, 2)


def test_slow_programs_are_left_out_of_large_sizes_unless_named():
    assert suited("sklearn", 5_000, None)
    assert not suited("sklearn", 10_000, None)
    assert suited("sklearn", 10_000, ["sklearn"])
    assert not suited("exact", 2_500, ["sklearn"])


def make_runs():
    rows = [("exact", "ok", seconds) for seconds in (1.0, 9.0, 2.0)]
    rows += [("opentsne_tree", "ok", 8.0), ("opentsne_grid", "ok", 4.0), ("sklearn", "timeout", np.nan)]
    runs = pd.DataFrame(rows, columns=["program", "status", "seconds"]).assign(n_points=1000, data="made up")
    stages = {"read": 0.1, "affinities": 0.2, "optimise": 0.5, "write": 0.2, "n_iter": 100, "peak_mb": 50}
    return runs.assign(
        **{name: np.where(runs["program"] == "exact", x, np.nan) for name, x in stages.items()}
    )


def test_summary_takes_medians_ratios_and_distances_from_the_floor():
    table = summary.summarise(make_runs(), MACHINE).set_index("program")
    exact = table.loc["exact"]
    assert (exact["seconds"], exact["seconds_min"], exact["seconds_max"]) == (2.0, 1.0, 9.0)
    assert (exact["vs_tree"], exact["vs_grid"]) == (0.25, 0.5)
    assert exact["wrapper"] == pytest.approx(1.0)
    # 499,500 pairs in 5 ms: 1e8 pairs per second, where the machine's floors are 1e9
    assert exact["pairs_per_second"] == pytest.approx(499_500 / 5e-3)
    assert exact["vs_arithmetic"] == pytest.approx(5e-3 / 499_500e-9)
    assert exact["vs_reading"] == pytest.approx(5e-3 / 499_500e-9)
    assert table.loc["sklearn", "status"] == "timeout"
    assert np.isnan(table.loc["sklearn", "seconds"])


def test_tables_replace_what_is_between_the_markers(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{summary.BEGIN}\nold\n{summary.END}\nafter\n", encoding="utf-8")
    summary.replace_between_markers(page, "new")
    expected = f"before\n{summary.BEGIN}\n\nnew\n\n{summary.END}\nafter\n"
    assert page.read_text(encoding="utf-8") == expected
    page.write_text("no markers", encoding="utf-8")
    with pytest.raises(ValueError, match="expected .* found"):
        summary.replace_between_markers(page, "new")


def test_the_page_of_the_benchmarks_has_the_markers():
    content = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert content.count(summary.BEGIN) == content.count(summary.END) == 1


@pytest.fixture
def into_tmp(use_executable, monkeypatch, tmp_path):
    """A function that has a module of benchmarks keep its data and its table in a folder of the test."""

    monkeypatch.setattr("os.sched_setaffinity", lambda *_: None, raising=False)  # of all tests that follow

    def redirect(module):
        monkeypatch.setattr(module, "CACHE", tmp_path / "cache", raising=False)
        monkeypatch.setattr(module, "RESULTS", tmp_path / "table.csv")
        return tmp_path / "table.csv"

    return redirect


def test_whole_calls_are_timed(into_tmp, monkeypatch, capsys):
    table = into_tmp(speed)
    case = speed.Case("small", 400, 10, neighbors="approximate", threads=1, max_iter=5)
    larger = speed.Case("small", 500, 10)
    monkeypatch.setattr(speed, "CASES", [case, larger])
    monkeypatch.setattr(speed, "in_process", lambda case: (write_section(case), speed.run(case))[1])
    assert speed.main(["--cases", "small", "--most", "400"]) == 0
    row = pd.read_csv(table).iloc[0]
    assert row["n_spots"] == 400 and row["search"] == "exact" and row["gradients"] == 5
    assert 0 < row["neighbours"] < row["seconds"] and row["executable_gb"] > 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("| 400 | 10 | exact | 1 |")


def write_section(case):
    write_bench_data(
        speed.CACHE / f"section-{case.n_spots}-{case.n_components}", case.n_spots, case.n_components
    )


def test_growth_is_that_of_whole_calls(into_tmp, monkeypatch, capsys):
    """The time of a gradient counts those of all starts that raced."""
    into_tmp(speed)
    table = into_tmp(growth)

    def in_this_process(case, scored):
        write_section(case)
        return speed.run(replace(case, max_iter=60), scored)

    monkeypatch.setattr(growth, "in_process", in_this_process)
    assert growth.main(["--sizes", "5500", "6000"]) == 0
    rows = pd.read_csv(table)
    assert list(rows["n_spots"]) == [5500, 6000] and (rows["gradients"] > 60).all()
    each = 1e3 * rows["optimise"] / rows["gradients"]
    np.testing.assert_allclose(rows["ms_per_gradient"], each, rtol=1e-4)
    assert rows["r1"].between(0.3, 1).all() and rows["r2"].between(0.3, 1).all()
    assert capsys.readouterr().out.splitlines()[-1].startswith("| 6,000 |")


def test_neighbours_are_timed_beside_a_peer(into_tmp, capsys):
    table = into_tmp(neighbours)
    assert neighbours.main(["--sizes", "400", "--peers", "scikit-learn", "--threads", "1"]) == 0
    rows = pd.read_csv(table)
    assert list(rows["program"]) == ["SpaSNE approximate", "SpaSNE exact", "scikit-learn"]
    assert (rows["recall"] == 1).all() and (rows["seconds"] > 0).all()
    assert "| 400 | scikit-learn | brute |" in capsys.readouterr().out
