"""Batches: many weights and seeds in one process, each run the same as that run alone."""

import contextlib
import json
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from data_layout import pack_case, unpack_result
from random_cases import random_case

from spasne_tools.run import memory
from spasne_tools.run.batch import Run, embed_runs
from spasne_tools.run.embedding import Embedding, embed
from spasne_tools.run.executable import ExecutableError
from spasne_tools.run.parameters import Parameters
from spasne_tools.version import __version__

WEIGHTS = [(8, 2), (0, 0), (9, 0), (0, 4), (20, 1), (8, 2), (3, 1)]
RUNS = np.array([(alpha, beta, seed) for seed, (alpha, beta) in enumerate(WEIGHTS)], dtype=float)
DIVERGING = [1e300, 1.0, 1.0]  # no longer finite after a few iterations


def failing_often(**options):
    """A case on which large alpha fails and is repeated with limited steps (test_failures.py)."""
    values = {"n_points": 200, "perplexity": 30, "max_iter": 400}
    return random_case(1, **{**values, **options})


def results(outcome, n_runs=None):
    numbers = range(len(RUNS) if n_runs is None else n_runs)
    return [(outcome.folder / f"result.{k}.dat").read_bytes() for k in numbers]


def alone(embed, case, *arguments):
    """The outcome of each of the case's runs, made by itself and without a batch."""
    for alpha, beta, seed in case.runs:
        single = replace(case, runs=None, alpha=alpha, beta=beta, seed=int(seed))
        yield embed(single, *arguments)


# --- the executable: same as alone ---


@pytest.mark.parametrize("theta", [0, 0.5])
def test_each_run_gives_the_bytes_of_that_run_alone(embed, theta):
    """Runs that fail and are repeated included, whatever the number of threads."""
    case = failing_often(theta=theta, runs=RUNS)
    expected = list(alone(embed, case, "--report", "report.json", "--threads", 2))
    assert len({outcome.result_bytes for outcome in expected}) == len(RUNS)
    for threads in (1, 2, 3, 16):
        batch = embed(case, "--report", "report.json", "--threads", threads)
        assert results(batch) == [outcome.result_bytes for outcome in expected]
    repeated = []
    for k, outcome in enumerate(expected):
        found, wanted = (
            json.loads((folder / name).read_text())
            for folder, name in ((batch.folder, f"report.{k}.json"), (outcome.folder, "report.json"))
        )
        assert found.pop("seconds").keys() == wanted.pop("seconds").keys()
        assert (found.pop("threads"), wanted.pop("threads")) == (16 // len(RUNS), 2)
        assert found == wanted
        repeated.append(found["repeated"])
    assert any(repeated) and not all(repeated)


@pytest.mark.parametrize(
    "options",
    [
        {"global_scale": 0.3},
        {"global_scale": 0.3, "theta": 0.0},
        {"pixel_offset": 0.0},
        {"no_dims": 3, "init": np.random.default_rng(0).normal(size=(120, 3))},
        {"no_dims": 1, "theta": 0.0, "max_step": 0.1},
        {"method": "interpolation"},
        {"learning_rate": 50.0, "exaggeration": 2.0},
    ],
    ids=lambda options: " ".join(options),
)
def test_everything_else_is_shared(embed, options):
    case = random_case(2, runs=RUNS, **options)
    assert results(embed(case)) == [outcome.result_bytes for outcome in alone(embed, case)]


def test_one_run_is_a_batch_too(embed):
    case = random_case(3, runs=RUNS[:1])
    outcome = embed(case)
    assert results(outcome, 1) == [next(alone(embed, case)).result_bytes]
    assert {path.name for path in outcome.folder.iterdir()} == {"data.dat", "result.0.dat"}


def test_the_files_own_weights_and_seed_are_ignored(embed):
    case = random_case(4, runs=RUNS)
    assert results(embed(replace(case, alpha=-1.0, beta=np.nan, seed=-1))) == results(embed(case))


def test_seeds_below_0_differ(embed):
    case = random_case(5, max_iter=0, runs=np.array([[8.0, 2.0, -1.0]] * 6))
    assert len(set(results(embed(case), 6))) == 6


# --- the executable: what it says and leaves ---


def test_files_and_lines(embed):
    case = random_case(6, runs=RUNS)
    outcome = embed(case, "--quiet", "--report", "report.json")
    assert sorted(outcome.stdout.splitlines()) == [f"run {k} done" for k in range(len(RUNS))]
    names = ["result.{}.dat", "report.{}.json"]
    made = {name.format(k) for k in range(len(RUNS)) for name in names}
    assert {path.name for path in outcome.folder.iterdir()} == {"data.dat", *made}
    for k, (_, _, seed) in enumerate(RUNS):
        assert json.loads((outcome.folder / f"report.{k}.json").read_text())["seed"] == seed


@pytest.mark.parametrize(
    ("given", "made"),
    [("out", "out.0"), ("out.map.dat", "out.map.0.dat"), ("v1.2/out", "v1.2/out.0"), (".dat", ".dat.0")],
)
def test_the_number_goes_before_the_extension(embed, tmp_path, given, made):
    (tmp_path / "v1.2").mkdir()
    embed(random_case(7, n_points=40, runs=RUNS[:1]), "--result", tmp_path / given)
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()] == [made]


def test_notes_say_which_run_they_are_about(embed):
    outcome = embed(failing_often(theta=0, runs=RUNS), "--threads", 2)
    assert f"{len(RUNS)} runs, 2 at a time" in outcome.stdout
    assert "run 4: the first run was unstable" in outcome.stdout


@pytest.mark.parametrize("method", ["exact", "barnes_hut"])
def test_a_run_that_fails_leaves_the_others_alone(embed, method):
    case = random_case(8, method=method, max_step=np.inf, runs=np.vstack([RUNS[:2], DIVERGING, RUNS[2:4]]))
    outcome = embed(case, "--quiet", "--report", "report.json")
    lines = sorted(outcome.stdout.splitlines())
    assert [line for line in lines if line.endswith("done")] == [f"run {k} done" for k in (0, 1, 3, 4)]
    assert lines[2].startswith("run 2 failed: the map is no longer finite after ")
    assert not list(outcome.folder.glob("*.2.*")) and not list(outcome.folder.glob("*.tmp"))
    good = embed(replace(case, runs=RUNS[:4]))
    assert [results(outcome, 2), (outcome.folder / "result.4.dat").read_bytes()] == [
        results(good, 2),
        (good.folder / "result.3.dat").read_bytes(),
    ]


def test_exit_code_where_every_run_fails(execute):
    outcome = execute(random_case(9, max_step=np.inf, runs=np.array([DIVERGING] * 3)), "--quiet")
    assert outcome.returncode == 3
    assert outcome.stderr.startswith("spasne: error: every run failed") and outcome.stderr.count("\n") == 1
    assert len(outcome.stdout.splitlines()) == 3
    assert [path.name for path in outcome.folder.iterdir()] == ["data.dat"]


@pytest.mark.parametrize("trial", range(4))
def test_closing_stdin_leaves_complete_files_only(spasne_binary, tmp_path, trial):
    """Ended among thousands of short runs: nothing is unfinished, and each result has its report."""
    runs = np.tile([8.0, 2.0, 1.0], (200_000, 1))
    (tmp_path / "data.dat").write_bytes(pack_case(random_case(trial, n_points=40, max_iter=0, runs=runs)))
    command = [spasne_binary, "--quiet", "--watch-stdin", "--report", "report.json"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    with process:
        for _ in range(100):
            process.stdout.readline()
        process.stdin.close()
        process.stdout.read()
    assert process.returncode == 1
    made = {path.name for path in tmp_path.iterdir()} - {"data.dat"}
    assert not [name for name in made if name.endswith(".tmp")]
    done, reported = (
        {name.split(".")[1] for name in made if name.startswith(kind)} for kind in ("result", "report")
    )
    assert 100 <= len(done) < len(runs)
    assert done <= reported
    for k in done:
        assert unpack_result((tmp_path / f"result.{k}.dat").read_bytes())[0].shape == (40, 2)
        json.loads((tmp_path / f"report.{k}.json").read_text())


# --- runs and threads ---


@pytest.mark.parametrize(
    ("runs", "threads", "memory", "need", "workers", "each"),
    [
        (100, 1, 1e9, 1e6, 1, 1),
        (100, 8, 1e9, 1e6, 8, 1),
        (8, 8, 1e9, 1e6, 8, 1),
        (3, 8, 1e9, 1e6, 3, 2),
        (1, 8, 1e9, 1e6, 1, 8),
        (100, 8, 3.5e6, 1e6, 3, 2),
        (100, 8, 8e6, 1e6, 8, 1),
        (100, 8, 0.5e6, 1e6, 1, 8),  # refused before, if one does not fit
        (100, 8, np.inf, 1e6, 8, 1),
    ],
)
def test_plan(program, runs, threads, memory, need, workers, each):
    question = f"{runs} {threads} {memory} {need}\n"
    done = subprocess.run([program], input=question, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(workers), str(each)]


# --- from Python ---


PARAMETERS = Parameters(perplexity=10, max_iter=60, theta=0)


def make_input(n=90):
    random = np.random.default_rng(0)
    return random.normal(size=(n, 8)), random.uniform(0, 1000, size=(n, 2))


def some_runs(n=5):
    return [Run(*weights, randseed=seed) for seed, weights in enumerate(WEIGHTS[:n])]


@pytest.mark.parametrize("with_pixels", [True, False])
def test_each_map_is_the_one_of_embed(real_executable, temporary_root, with_pixels):
    data, pixels = make_input()
    pixels = pixels if with_pixels else None
    found = dict(embed_runs(data, pixels, PARAMETERS, some_runs()))
    assert sorted(found) == list(range(5))
    for k, run in enumerate(some_runs()):
        beta = run.beta if with_pixels else 0
        single = replace(PARAMETERS, alpha=run.alpha, beta=beta, randseed=run.randseed)
        expected = embed(data, pixels, single)
        np.testing.assert_array_equal(found[k].Y, expected.Y)
        np.testing.assert_array_equal(found[k].cost_per_point, expected.cost_per_point)
        assert found[k].report["cost"] == expected.report["cost"]
        assert found[k].report["seed"] == run.randseed
    assert list(temporary_root.iterdir()) == []


def test_results_come_while_others_run_and_are_cleared_away(real_executable, temporary_root):
    """Of the first result nothing is left when it is handed over; closing early ends the rest."""
    runs = some_runs(1) * 10**5
    endless = replace(PARAMETERS, method="exact", n_jobs=2)
    with contextlib.closing(embed_runs(*make_input(), endless, runs)) as finished:
        k, embedding = next(finished)
        (folder,) = temporary_root.iterdir()
        assert embedding.Y.shape == (90, 2)
        assert not (folder / f"result.{k}.dat").exists() and not (folder / f"report.{k}.json").exists()
        assert len(list(folder.glob("result.*.dat"))) < len(runs) - 1
    assert list(temporary_root.iterdir()) == []
    assert not [name for name in commands_running() if str(folder) in name]


def commands_running():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_bytes().decode(errors="replace")


def test_failed_runs_come_as_errors(real_executable):
    runs = [*some_runs(2), Run(1e300, 1, 1)]
    found = dict(embed_runs(*make_input(), replace(PARAMETERS, max_step=np.inf), runs))
    assert isinstance(found[0], Embedding) and isinstance(found[1], Embedding)
    assert isinstance(found[2], ExecutableError) and found[2].exit_code == 3
    assert "no longer finite" in str(found[2])


def test_where_all_runs_fail_each_says_why(real_executable):
    runs = [Run(1e300, 1, seed) for seed in range(3)]
    found = dict(embed_runs(*make_input(), replace(PARAMETERS, max_step=np.inf), runs))
    assert sorted(found) == [0, 1, 2]
    assert all(isinstance(error, ExecutableError) for error in found.values())


def test_no_runs(real_executable):
    with contextlib.closing(embed_runs(*make_input(), PARAMETERS, [])) as finished:
        assert list(finished) == []


@pytest.mark.parametrize(
    ("run", "named"),
    [
        (Run(-1, 2, 1), "alpha"),
        (Run(8, np.nan, 1), "beta"),
        (Run(8, 2, 1.5), "randseed"),
        (Run(8, 2, 2**31), "randseed"),
    ],
)
def test_bad_runs_are_rejected_before_any_work(run, named):
    with pytest.raises(ValueError, match=f"expected {named}"):
        embed_runs(*make_input(), PARAMETERS, [*some_runs(), run])


def test_seeds_far_below_0(real_executable):
    runs = [Run(8, 2, -(10**30)), Run(8, 2, -1)]
    seeds = [embedding.report["seed"] for _, embedding in embed_runs(*make_input(), PARAMETERS, runs)]
    assert min(seeds) >= 0


def test_the_spatial_term_of_any_run_warns_of_small_distances(real_executable):
    data, pixels = make_input()
    with pytest.warns(UserWarning, match="spatial term nearly vanishes"):
        finished = embed_runs(data, pixels / 1000, PARAMETERS, [Run(8, 0, 1), Run(8, 2, 1)])
    finished.close()


def test_memory_of_a_batch_is_more_than_that_of_a_run(monkeypatch):
    data, pixels = make_input(1000)
    halves = 3.5 * 4 * 1000**2 + memory.BASE
    monkeypatch.setattr(memory, "physical_memory", lambda: halves - 4 * 1000**2)
    embed_runs(data, pixels, PARAMETERS, some_runs(1)).close()
    with pytest.raises(MemoryError, match="1000 points"):
        embed_runs(data, pixels, PARAMETERS, some_runs(2))
    monkeypatch.setattr(memory, "physical_memory", lambda: halves)
    embed_runs(data, pixels, PARAMETERS, some_runs(2)).close()


def test_failure_of_the_whole_batch(tmp_path, monkeypatch, temporary_root):
    """Runs that came before it are kept; then the executable's own message is raised."""
    script = tmp_path / "stand_in"
    body = f"""
        import sys
        if sys.argv[1:] == ["--version"]:
            sys.exit(print("spasne {__version__}"))
        print("run 1 failed: of its own")
        sys.exit("spasne: error: the disk is full")
    """
    script.write_text(f"#!{sys.executable} -S\n{textwrap.dedent(body)}")
    script.chmod(0o755)
    monkeypatch.setenv("SPASNE_BIN", str(script))
    finished = embed_runs(*make_input(), PARAMETERS, some_runs())
    k, error = next(finished)
    assert k == 1 and str(error) == "of its own"
    with pytest.raises(ExecutableError, match="^the disk is full$"):
        next(finished)
    assert list(temporary_root.iterdir()) == []
