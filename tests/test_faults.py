"""Faults around a run: one clear error each, no process and no temporary folder left, no partial result."""

import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from data_layout import pack_case, unpack_result
from processes import children, wait_for_end
from random_cases import random_case

import spasne
from spasne_tools.run.executable import ExecutableError

ROOT = Path(__file__).resolve().parents[1]
CASE = random_case(3, n_points=40, n_features=3, max_iter=60, perplexity=5.0)
TINY = {"perplexity": 5, "max_iter": 20, "randseed": 7, "n_jobs": 1}
LONG = 10**6  # iterations: far more than are done before the fault comes

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def make_input(n=40):
    random = np.random.default_rng(0)
    return random.normal(size=(n, 6)), random.uniform(0, 1000, size=(n, 2))


@pytest.fixture
def folder(tmp_path):
    """A folder with a data.dat."""
    (tmp_path / "data.dat").write_bytes(pack_case(CASE))
    return tmp_path


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


def is_one_error(stderr, *words):
    return (
        stderr.startswith("spasne: error: ")
        and stderr.count("\n") == 1
        and all(word in stderr for word in words)
    )


# --- full disks and folders that vanish -----------------------------------------------------------


def limit_files_to(size):
    """No file can grow past `size` bytes; with SIGXFSZ ignored a write fails as on a full disk."""

    def prepare():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return prepare


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A file system of 64 KB for temporary files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("mounting a small file system takes root")
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    yield disk
    subprocess.run(["umount", disk], check=True)


@on_linux
@pytest.mark.parametrize("n_points", [3000, 1300, 1180], ids=["data", "result", "report"])
def test_disk_full(small_disk, real_executable, n_points):
    """The data take 24 bytes a point, the result 28: with 1180 points 7 and 9 of the 16 pages there are."""
    random = np.random.default_rng(0)
    data, pixels = random.normal(size=(n_points, 1)), random.uniform(0, 1000, size=(n_points, 2))
    with pytest.raises((OSError, ExecutableError)) as caught:
        spasne.run_spasne(data, pixels, use_pca=False, **{**TINY, "max_iter": 1})
    assert "No space left on device" in str(caught.value) and str(small_disk) in str(caught.value)
    assert contents(small_disk) == []


def test_data_file_on_a_full_disk():
    """Without root: the same, by a limit on the size of files."""
    code = (
        "import sys, numpy as np, spasne\n"
        "try: spasne.init_spasne(np.random.rand(40, 100), None, 0, 0, 4, sys.argv[1], perplexity=5)\n"
        "except OSError as error: print(error)"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", code, folder],
            cwd=ROOT,
            preexec_fn=limit_files_to(9000),
            capture_output=True,
            text=True,
            check=True,
        )
        assert "data.dat" in done.stdout and "File too large" in done.stdout
        assert os.listdir(folder) == []


def start_and_stop(spasne_binary, folder):
    """A run that has begun to work and then was stopped, until SIGCONT."""
    case = random_case(3, n_points=40, n_features=3, max_iter=20_000, perplexity=5.0)
    (folder / "data.dat").write_bytes(pack_case(case))
    child = subprocess.Popen(
        [spasne_binary], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout.readline()
    child.send_signal(signal.SIGSTOP)
    return child


def test_folder_removed_while_it_runs(spasne_binary, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    child = start_and_stop(spasne_binary, work)
    shutil.rmtree(work)
    child.send_signal(signal.SIGCONT)
    stderr = child.communicate(timeout=60)[1]
    assert child.returncode == 1
    assert is_one_error(stderr, "cannot write result.dat", "No such file or directory")
    assert contents(tmp_path) == []


def test_temporary_folder_removed_while_it_runs(spasne_binary, temporary_root, tmp_path, monkeypatch):
    """An executable that removes what it was given before it works on it."""
    script = tmp_path / "spasne"
    script.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] || rm -r "$(dirname "$2")"\nexec "{spasne_binary}" "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("SPASNE_BIN", str(script))
    with pytest.raises(RuntimeError, match=r"cannot read .*data\.dat: No such file"):
        spasne.run_spasne(*make_input(), **TINY)
    assert contents(temporary_root) == []


@pytest.mark.parametrize("place", ["missing", "file"])
def test_no_folder_for_temporary_files(real_executable, tmp_path, monkeypatch, place):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / place))
    with pytest.raises(OSError, match=str(tmp_path / place)):
        spasne.run_spasne(*make_input(), **TINY)


# --- the executable killed, or short of memory ----------------------------------------------------


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_killed_while_it_runs(spasne_binary, tmp_path, name):
    child = start_and_stop(spasne_binary, tmp_path)
    child.send_signal(getattr(signal, name))
    child.send_signal(signal.SIGCONT)
    child.communicate(timeout=60)
    assert child.returncode == -getattr(signal, name)
    assert contents(tmp_path) == ["data.dat"]


def test_address_space_too_small(execute, memory_can_be_limited):
    """2,000 points take 32 MB for the pairs alone: more than is left beside the program itself."""
    if not memory_can_be_limited:
        pytest.skip("this build's addresses cannot be limited")
    case = random_case(4, n_points=2000, n_features=3, max_iter=2)

    def prepare():
        resource.setrlimit(resource.RLIMIT_AS, (3 * 10**7, 3 * 10**7))

    outcome = execute(case, "--threads", 1, prepare=prepare)
    assert outcome.returncode == 1
    assert is_one_error(outcome.stderr, "memory")
    assert contents(outcome.folder) == ["data.dat"]


ENDLESS = """
import numpy as np, sys
import spasne
from spasne_tools.run.batch import Run, embed_runs
from spasne_tools.run.parameters import Parameters
sys.modules["tqdm.auto"] = None
random = np.random.default_rng(0)
data, pixels = random.normal(size=(40, 6)), random.uniform(0, 1000, size=(40, 2))
endless = dict(method="barnes_hut", perplexity=5, max_iter=10**9)
if sys.argv[1] == "run":
    spasne.run_spasne(data, pixels, verbose=True, **endless)
elif sys.argv[1] == "callback":
    spasne.run_spasne(data, pixels, callback=lambda *_: print("Iteration", flush=True), **endless)
elif sys.argv[1] == "batch":
    runs = [Run(8, 2, seed) for seed in range(10**5)]
    for _ in embed_runs(data, pixels, Parameters(**endless | dict(max_iter=100)), runs):
        print("Iteration", flush=True)
else:
    spasne.init_spasne(data, pixels, 8, 2, 6, sys.argv[1], perplexity=5, max_iter=10**9)
    list(spasne.spasne(sys.argv[1], verbose=True))
"""


def start_endless(kind, temporary, binary):
    """A Python program whose executable is at work, in a group of its own, and the executable's number."""
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT), "SPASNE_BIN": str(binary)}
    parent = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, kind],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert any("Iteration" in line for line in parent.stdout)
    (child,) = children(parent.pid)
    return parent, child


@on_linux
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("kind", ["run", "callback", "batch"])
def test_the_folder_of_a_program_that_is_ended_goes_with_it(spasne_binary, temporary_root, kind, name):
    """Python has no handler and the executable no caller any more: it removes what is nobody's."""
    parent, child = start_endless(kind, temporary_root, spasne_binary)
    with parent:
        assert [entry.startswith("spasne-") for entry in contents(temporary_root)] == [True]
        parent.send_signal(getattr(signal, name))
        wait_for_end(child)
    assert parent.returncode == -getattr(signal, name)
    assert contents(temporary_root) == []


@on_linux
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_the_folder_goes_where_all_processes_are_ended_at_once(spasne_binary, temporary_root, name):
    """As by a queueing system, or with the terminal: the executable gets the signal as well."""
    parent, child = start_endless("run", temporary_root, spasne_binary)
    with parent:
        os.killpg(parent.pid, getattr(signal, name))
        wait_for_end(child)
    assert contents(temporary_root) == []


@on_linux
def test_the_folder_of_a_user_stays(spasne_binary, temporary_root, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    parent, child = start_endless(str(own), temporary_root, spasne_binary)
    with parent:
        parent.kill()
        wait_for_end(child)
    assert contents(own) == ["data.dat"]


@pytest.mark.parametrize("other", [[], ["thesis.tex"]])
def test_temporary_files_of_a_caller_that_goes(spasne_binary, tmp_path, other):
    """Of a folder no more is removed than this program was told of."""
    folder = tmp_path / "work"
    folder.mkdir()
    case = random_case(3, n_points=40, n_features=3, max_iter=LONG, perplexity=5.0, stop_tolerance=0.0)
    (folder / "data.dat").write_bytes(pack_case(case))
    for name in other:
        (folder / name).write_text("")
    flags = ["--temporary", "--watch-stdin", "--snapshots", "s.dat", "--report", "r.json"]
    files = ["--data", folder / "data.dat", "--result", folder / "result.dat"]
    child = subprocess.Popen(
        [spasne_binary, *files, *flags], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert any(line.startswith("snapshot") for line in child.stdout)
        assert {"data.dat", "s.dat"} <= set(contents(folder))
        child.stdin.close()
        assert child.wait(60) == 1
    assert contents(tmp_path) == (["work"] if other else [])
    assert not other or contents(folder) == other


def test_a_signal_that_is_ignored_stays_so(spasne_binary, folder):
    """As nohup has it."""
    done = run_shell(
        'trap "" HUP; "$SPASNE" --temporary --quiet & kill -HUP $!; wait $!', folder, spasne_binary
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(folder) == ["data.dat", "result.dat"]


# --- standard streams -----------------------------------------------------------------------------


def run_shell(command, folder, binary):
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env={**os.environ, "SPASNE": str(binary)},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("closed", [">&-", "<&-", "<&- >&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_come_closed(spasne_binary, folder, closed):
    """No file takes a closed stream's number, so no printed line ends up in one."""
    done = run_shell(f'"$SPASNE" --report report.json {closed}', folder, spasne_binary)
    assert (done.returncode, done.stderr) == (0, "")
    assert np.isfinite(unpack_result((folder / "result.dat").read_bytes())[0]).all()
    assert json.loads((folder / "report.json").read_text())["n_iter"] == 60


def test_error_without_stderr(spasne_binary, tmp_path):
    assert run_shell('"$SPASNE" 2>&-', tmp_path, spasne_binary).returncode == 2
    assert contents(tmp_path) == []


def full_device():
    return open("/dev/full", "wb")


@contextmanager
def pipe_without_reader():
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as pipe:
        yield pipe


@pytest.mark.parametrize("lost", [pipe_without_reader, full_device])
def test_progress_that_nobody_can_read(spasne_binary, folder, lost):
    """The result is not lost with the progress, and the caller is told."""
    with lost() as output:
        done = subprocess.run(
            [spasne_binary], cwd=folder, stdout=output, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert is_one_error(done.stderr, "standard output", "the results are complete")
    quiet = subprocess.run([spasne_binary, "--quiet", "--result", "other.dat"], cwd=folder, check=True)
    assert quiet.returncode == 0
    assert (folder / "result.dat").read_bytes() == (folder / "other.dat").read_bytes()


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_answer_that_cannot_be_printed(spasne_binary, tmp_path, flag):
    done = run_shell(f'"$SPASNE" {flag} > /dev/full', tmp_path, spasne_binary)
    assert done.returncode == 1
    assert is_one_error(done.stderr, "standard output", "No space left on device")


def test_caller_that_closes_standard_input(spasne_binary, tmp_path):
    case = random_case(3, n_points=40, n_features=3, max_iter=LONG, perplexity=5.0, stop_tolerance=0.0)
    (tmp_path / "data.dat").write_bytes(pack_case(case))
    done = run_shell('"$SPASNE" --quiet --watch-stdin', tmp_path, spasne_binary)
    assert done.returncode == 1
    assert is_one_error(done.stderr, "standard input")
    assert contents(tmp_path) == ["data.dat"]


# --- surroundings ---------------------------------------------------------------------------------

CALL = """
import sys, numpy as np, spasne
random = np.random.default_rng(0)
Y = spasne.run_spasne(random.normal(size=(40, 6)), random.uniform(0, 1000, size=(40, 2)),
                      perplexity=5, max_iter=20, randseed=7, n_jobs=1, verbose=True)
np.save("map.npy", Y)
"""


@pytest.mark.parametrize("surroundings", ["odd names", "bare"])
def test_surroundings(spasne_binary, real_executable, tmp_path, surroundings):
    """Blanks and letters beyond ASCII in every path; and no HOME, TMPDIR, locale or standard input."""
    work = tmp_path / "a folder of Zoë's, 空间 'x' $HOME;#"
    (work / "temporary files").mkdir(parents=True)
    binary = Path(shutil.copy(spasne_binary, work / "spasne exécutable"))
    # what the linear algebra library reads decides on the last digit of PCA
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("PATH", "LD_", "OPENBLAS"))}
    environment = {**kept, "PYTHONPATH": str(ROOT), "SPASNE_BIN": str(binary)}
    command = [sys.executable, "-c", CALL]
    if surroundings == "odd names":
        environment |= {"TMPDIR": str(work / "temporary files"), "HOME": str(work), "LC_ALL": "C.UTF-8"}
    else:
        environment |= {"HOME": "/proc", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
        command = ["bash", "-c", 'exec "$@" <&- >/dev/null', "bash", *command]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert np.array_equal(np.load(work / "map.npy"), spasne.run_spasne(*make_input(), **TINY))
    assert contents(work / "temporary files") == []


# --- many at once ---------------------------------------------------------------------------------


def call(_=None):
    return spasne.run_spasne(*make_input(), **TINY).tobytes()


def test_two_hundred_calls_eight_at_a_time(real_executable, temporary_root):
    with ThreadPoolExecutor(8) as threads:
        maps = list(threads.map(call, range(200)))
    assert len(maps) == 200 and set(maps) == {call()}
    assert contents(temporary_root) == []


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes(real_executable, temporary_root, method):
    with multiprocessing.get_context(method).Pool(2) as processes:
        maps = processes.map(call, range(4))
    assert len(maps) == 4 and set(maps) == {call()}
    assert contents(temporary_root) == []
