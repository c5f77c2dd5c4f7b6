"""Maps on the way: the executable's snapshots, callbacks that see them and stop a run, Ctrl-C, time left."""

import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from data_layout import pack_case, unpack_result
from processes import children, is_running
from random_cases import random_case

import spasne
from spasne_tools.run import embedding
from spasne_tools.run.embedding import embed as embed_data
from spasne_tools.run.executable import run_executable
from spasne_tools.run.parameters import Parameters
from spasne_tools.run.progress import ProgressPrinter

pytestmark = pytest.mark.usefixtures("real_executable")

RUN = {"perplexity": 10, "max_iter": 45, "randseed": 1, "learning_rate": 100}
CASE = random_case(0, n_points=60, max_iter=10)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def make_input(n=120):
    random = np.random.default_rng(0)
    return random.normal(size=(n, 8)), random.uniform(0, 1000, size=(n, 2))


# --- the executable by hand -----------------------------------------------------------------------


def test_snapshots_are_written_and_announced(embed):
    done = embed(CASE, "--quiet", "--snapshots", "map.dat", "--every", "4")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[:2] for line in lines] == [["snapshot", "4"], ["snapshot", "8"], ["snapshot", "10"]]
    assert (done.folder / "map.dat").read_bytes() == done.result_bytes
    assert float(lines[-1][2]) == pytest.approx(done.cost.sum(), rel=1e-12)


@pytest.fixture
def converse(spasne_binary, tmp_path):
    """A function that answers each line of the executable, and returns (map, lines, exit code)."""

    def talk(case, answers):
        (tmp_path / "data.dat").write_bytes(pack_case(case))
        flags = ["--quiet", "--watch-stdin", "--snapshots", "map.dat", "--every", "3"]
        lines = []
        with subprocess.Popen(
            [spasne_binary, *flags], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            for answer in answers:
                lines.append(child.stdout.readline())
                child.stdin.write(answer)
                child.stdin.flush()
            lines += child.stdout.readlines()
        result = tmp_path / "result.dat"
        return unpack_result(result.read_bytes())[0] if result.exists() else None, lines, child.returncode

    return talk


def test_the_caller_says_whether_to_go_on(converse, embed):
    Y, lines, code = converse(CASE, [b"\nc\n", b"\ns\n"])
    assert (len(lines), code) == (2, 0)
    assert np.array_equal(Y, embed(dataclasses.replace(CASE, max_iter=6)).Y)


def test_a_caller_that_goes_away_ends_the_run(spasne_binary, tmp_path):
    (tmp_path / "data.dat").write_bytes(pack_case(CASE))
    done = subprocess.run(
        [spasne_binary, "--watch-stdin", "--snapshots", "map.dat", "--every", "3"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert not {"result.dat", "result.dat.tmp", "map.dat.tmp"} & {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "99999999999"])
def test_unusable_distances_of_snapshots(execute, text):
    done = execute(CASE, "--snapshots", "map.dat", "--every", text)
    assert done.returncode == 2
    assert f'expected --every 1 .. 2147483647, found "{text}"' in done.stderr


def test_a_snapshot_file_that_cannot_be_written(execute):
    done = execute(CASE, "--snapshots", "no/such/folder/map.dat")
    assert done.returncode == 2 and "cannot write no/such/folder/map.dat" in done.stderr


# --- callbacks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["exact", "barnes_hut", "interpolation"])
@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_a_callback_sees_the_run_and_leaves_it_alone(method, no_dims):
    data, pixels = make_input()
    seen = []
    parameters = RUN | {"method": method, "no_dims": no_dims}
    Y = spasne.run_spasne(
        data, pixels, **parameters, callback=lambda *state: seen.append(state), callback_every=20
    )
    assert [iteration for iteration, _, _ in seen] == [20, 40, 45]
    assert np.array_equal(Y, spasne.run_spasne(data, pixels, **parameters))
    assert np.array_equal(Y, seen[-1][2])
    assert Y.shape == seen[0][2].shape and seen[0][2].dtype == np.float64 and seen[0][2].flags.writeable
    report = embed_data(data, pixels, Parameters(**parameters)).report
    assert seen[-1][1] == pytest.approx(report["cost"], rel=1e-12)


def test_steps_settle_whether_they_are_looked_at_or_not():
    data, pixels = make_input()
    parameters = {"perplexity": 10, "max_iter": 120, "method": "interpolation"}
    plain = spasne.run_spasne(data, pixels, **parameters)
    assert np.array_equal(
        plain, spasne.run_spasne(data, pixels, **parameters, callback=print, callback_every=7)
    )


@pytest.mark.parametrize("answer", [True, np.True_])
@pytest.mark.parametrize("verbose", [False, True])
def test_a_callback_stops_the_run(capsys, answer, verbose):
    data, pixels = make_input()
    seen = []

    def callback(iteration, cost, Y):
        seen.append(Y)
        return answer if iteration == 20 else None

    parameters = Parameters(**RUN, callback=callback, callback_every=10)
    stopped = embed_data(data, pixels, parameters, verbose)
    assert stopped.report["stopped"] and stopped.report["n_iter"] == 20
    assert len(seen) == 2 and np.array_equal(stopped.Y, seen[-1])
    assert np.array_equal(stopped.Y, spasne.run_spasne(data, pixels, **(RUN | {"max_iter": 20})))
    out = capsys.readouterr().out
    assert "snapshot" not in out and "converged" not in out and ("method barnes_hut" in out) == verbose


@pytest.mark.parametrize("verbose", [False, True])
def test_costs_are_not_computed_for_lines_nobody_sees(monkeypatch, verbose):
    passed = []
    monkeypatch.setattr(
        embedding,
        "run_executable",
        lambda arguments, on_line: passed.extend(arguments) or run_executable(arguments, on_line),
    )
    embed_data(*make_input(), Parameters(**RUN, callback=lambda *_: None), verbose)
    assert ("--quiet" in passed) == (not verbose)


@pytest.mark.parametrize("answer", [1, "stop", np.ones((2, 2)), False])
def test_only_true_stops_a_run(answer):
    data, pixels = make_input()
    result = embed_data(data, pixels, Parameters(**RUN, callback=lambda *_: answer, callback_every=30))
    assert result.report["n_iter"] == 45 and not result.report["stopped"]


def test_a_wish_to_stop_at_the_end_changes_nothing():
    data, pixels = make_input()
    parameters = Parameters(**RUN, callback=lambda *_: True, callback_every=45)
    assert not embed_data(data, pixels, parameters).report["stopped"]


def test_a_repeat_of_a_failed_run_is_seen_and_stopped():
    """Weights that make the published steps fail, as in test_failures.py."""
    case = random_case(1, n_points=200, perplexity=30, alpha=20, beta=1, theta=0, max_iter=400)
    seen = []

    def callback(iteration, cost, Y):
        again = bool(seen) and iteration < seen[-1][0]
        seen.append((iteration, Y))
        return again

    parameters = Parameters(
        alpha=20, beta=1, perplexity=30, theta=0, max_iter=400, randseed=1, use_pca=False, callback=callback
    )
    result = embed_data(case.X, case.pixels, parameters)
    assert result.report["repeated"] and result.report["stopped"] and result.report["n_iter"] == 50
    assert len(seen) > 2 and seen[-1][0] == 50
    assert np.array_equal(result.Y, seen[-1][1])


@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt])
def test_what_a_callback_raises_passes_through(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    data, pixels = make_input()
    before, started = set(children(os.getpid())), set()  # helpers of joblib, of an earlier test, stay

    def callback(iteration, cost, Y):
        started.update(children(os.getpid()))
        raise kind("here")

    with pytest.raises(kind, match="here"):
        spasne.run_spasne(data, pixels, **(RUN | {"max_iter": 10**6}), callback=callback)
    started -= before
    assert not started & set(children(os.getpid()))  # not even as one whose exit code nobody asked for
    assert list(tmp_path.iterdir()) == []
    if sys.platform == "linux":
        assert len(started) == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"callback": 3}, "expected callback to be a function or None, found 3"),
        ({"callback_every": 0}, "expected callback_every to be an integer of 1 or more.*found 0"),
        ({"callback_every": 2.5}, "expected callback_every to be an integer.*found 2.5"),
    ],
)
def test_unusable_callbacks(parameters, message):
    data, pixels = make_input()
    with pytest.raises(ValueError, match=message):
        spasne.run_spasne(data, pixels, **RUN, **parameters)


# --- Ctrl-C ---------------------------------------------------------------------------------------


LONG_RUN = """
import numpy as np, spasne
random = np.random.default_rng(0)
data, pixels = random.normal(size=(400, 20)), random.uniform(0, 1000, (400, 2))
spasne.run_spasne(data, pixels, max_iter=10**9, verbose=True, perplexity=20, callback=CALLBACK)
"""


@on_linux
@pytest.mark.parametrize("callback", ["None", "lambda *state: None"])
def test_an_interrupt_leaves_neither_process_nor_folder(tmp_path, callback):
    # a shell's job in the background is started with the signal ignored
    handled = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code = handled + "import sys; sys.modules['tqdm.auto'] = None\n" + LONG_RUN.replace("CALLBACK", callback)
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(spasne.__file__).parent)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as parent:
        first = next(line for line in parent.stdout if line.startswith("Iteration "))
        (child,) = children(parent.pid)
        assert is_running(child) and list(tmp_path.iterdir())
        parent.send_signal(signal.SIGINT)
        _, said = parent.communicate()
    assert "Iteration 50" in first and " left" in first
    assert parent.returncode == -signal.SIGINT and "KeyboardInterrupt" in said
    assert not is_running(child)
    assert list(tmp_path.iterdir()) == []


# --- time left ------------------------------------------------------------------------------------


class Clock:
    """Seconds, set by hand."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def printer(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    return ProgressPrinter(1000, clock=Clock())


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("Iteration 50: error is 3.5 (50 iterations in 0.10 seconds)", "2 s"),
        ("Iteration 899: error is 3.5 (50 iterations in 60.00 seconds)", "2 min 0 s"),
        ("Iteration 499: error is 3.5 (50 iterations in 1138.00 seconds)", "3 h 9 min"),
        ("Iteration 999: error is 3.5 (49 iterations in 0.10 seconds)", None),
        ("200 points, 6 columns, method exact, 2 threads, avx2", None),
    ],
)
def test_lines_of_iterations_tell_the_time_left(printer, capsys, line, left):
    printer(line)
    assert capsys.readouterr().out == line + (f", at most {left} left\n" if left else "\n")


def test_iterations_of_an_unknown_number_have_no_time_left(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    line = "Iteration 50: error is 3.5 (50 iterations in 0.10 seconds)"
    ProgressPrinter(None)(line)
    assert capsys.readouterr().out == line + "\n"


def test_the_search_for_neighbours_tells_the_time_left(printer, capsys):
    printer("finding 150 neighbours of each point")
    printer.clock.now += 30
    printer("neighbours: 20 %")
    printer.clock.now += 120
    printer("neighbours: 100 %")
    assert capsys.readouterr().out.splitlines() == [
        "finding 150 neighbours of each point",
        "neighbours: 20 %, about 2 min 0 s left",
        "neighbours: 100 %",
    ]


def test_with_a_bar_only_the_search_tells_the_time_left(capsys, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)  # a test of notebooks may have left it
    line = "Iteration 50: error is 3.5 (50 iterations in 0.10 seconds)"
    with ProgressPrinter(1000, clock=Clock()) as show:
        show("finding 150 neighbours of each point")
        show.clock.now += 30
        show("neighbours: 50 %")
        show(line)
    out = [text.strip("\r ") for text in capsys.readouterr().out.splitlines() if text.strip()]
    assert out[1:] == ["neighbours: 50 %, about 30 s left", line]
