"""Files that a user named: on the disk before they are in place, and refused where they are damaged."""

import errno
import json
import os
import pickle
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from compiled import compile_library
from data_layout import Fields, checksum, pack_case, unpack_result
from random_cases import random_case

import spasne
from spasne_tools.array_file import load_arrays
from spasne_tools.output_file import output_file
from spasne_tools.run.batch import Run
from spasne_tools.run.data_file import read_result_file
from spasne_tools.screening.checkpoint import Checkpoint, Outcome

ROOT = Path(__file__).resolve().parents[1]
N_KILLED = int(os.environ.get("SPASNE_KILLED", "8"))  # `make check-faults` has 100
CASE = random_case(3, n_points=16, n_features=3, max_iter=6, perplexity=3.0)
RESULT_SIZE = 8 + 16 * (2 * 8 + 4 + 8)
EXTENSION_SIZE = 8 + 16 + 16 + 16

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: preloads a library")


# --- when the disk has them -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compile_library("faults", tmp_path_factory.mktemp("faults"))


@on_linux
@pytest.mark.parametrize("flags", [[], ["--temporary"]])
def test_the_executable_hands_files_to_the_disk_before_and_after_renaming(
    spasne_binary, library, tmp_path, flags
):
    """f: fsync, of the file and of the folder; n: rename. A caller's temporary files do without."""
    if b"san_init" in spasne_binary.read_bytes():
        pytest.skip("a sanitizer is to be loaded first")
    (tmp_path / "data.dat").write_bytes(pack_case(CASE))
    environment = os.environ | {"LD_PRELOAD": str(library), "SPASNE_FAULT_LOG": "log"}
    command = [spasne_binary, "--quiet", "--report", "report.json", *flags]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    calls = "".join(letter for letter in (tmp_path / "log").read_text() if letter in "fn")
    # the result is written first and put into place last: result, report, its folder, result, its folder
    assert calls == ("nn" if flags else "ffnfnf")


def test_python_hands_files_to_the_disk_before_and_after_renaming(tmp_path, monkeypatch):
    calls, fsync, replace = [], os.fsync, os.replace

    def watched_fsync(descriptor):
        calls.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    def watched_replace(unfinished, path):
        calls.append("replace")
        replace(unfinished, path)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    spasne.save_map(tmp_path / "map.npz", np.eye(2))
    assert calls == ["map.npz", "replace", tmp_path.name]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EIO])
def test_a_disk_that_cannot_hold_and_one_that_is_broken(tmp_path, monkeypatch, number):
    def failing(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", failing)
    if number == errno.EIO:
        with (
            pytest.raises(OSError, match=r"Input/output error.*a\.txt"),
            output_file(tmp_path / "a.txt") as path,
        ):
            path.write_text("1")
        assert list(tmp_path.iterdir()) == []
    else:
        with output_file(tmp_path / "a.txt") as path:
            path.write_text("1")
        assert (tmp_path / "a.txt").read_text() == "1"


# --- damage ---------------------------------------------------------------------------------------


def damaged(content):
    """One bit turned in each byte, and each length."""
    bits = np.random.default_rng(0).integers(8, size=len(content))
    for at, bit in enumerate(bits.tolist()):
        yield content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]
    for size in range(len(content)):
        yield content[:size]


def test_a_damaged_result_is_refused(embed, tmp_path):
    content = embed(CASE).result_bytes
    assert len(content) == RESULT_SIZE + EXTENSION_SIZE and content.endswith(checksum(content[:RESULT_SIZE]))
    path = tmp_path / "result.dat"
    path.write_bytes(content)
    whole = read_result_file(path)
    for other in damaged(content):
        path.write_bytes(other)
        if len(other) == RESULT_SIZE:  # as earlier versions wrote it
            assert np.array_equal(read_result_file(path).Y, whole.Y)
        else:
            with pytest.raises(RuntimeError, match="expected"):
                read_result_file(path)


def test_a_long_result_has_the_checksum_of_zlib(embed):
    """Of more than one call, of bytes of all values."""
    content = embed(random_case(4, n_points=700, n_features=3, max_iter=2, theta=0)).result_bytes
    assert content.endswith(checksum(content[:-EXTENSION_SIZE]))


def test_the_published_reader_reads_a_result_of_today(embed):
    """It takes two integers, the map, the landmarks and the costs, and looks no further."""
    content = embed(CASE).result_bytes
    fields = Fields(content)
    take = fields.take
    n, no_dims = take("ii")
    Y, landmarks, cost = take(f"{n * no_dims}d"), take(f"{n}i"), take(f"{n}d")
    expected = unpack_result(content)
    assert np.array_equal(np.reshape(Y, (n, no_dims)), expected[0])
    assert (landmarks, cost) == (tuple(range(n)), tuple(expected[2]))
    assert content[fields.position : fields.position + 8] == b"SPASNEX1"


def same(found, expected):
    return found.keys() == expected.keys() and all(
        np.array_equal(found[name], expected[name]) and found[name].dtype == expected[name].dtype
        for name in expected
    )


def write_saved(path):
    spasne.save_map(path, np.arange(20.0).reshape(10, 2), {"alpha": 9}, labels=list("abcdefghij"))


def write_outcome(path):
    checkpoint = Checkpoint(path.parent, {})
    checkpoint.save(
        Outcome(Run(1.0, 2.0, 3), 0.1, 0.2, 0.3, 0.4, False, 0.5, "", np.arange(10.0).reshape(5, 2))
    )
    next(path.parent.glob("alpha*.npz")).rename(path)


@pytest.mark.parametrize("write", [write_saved, write_outcome])
def test_a_damaged_archive_is_refused(tmp_path, write):
    path = tmp_path / "file.npz"
    write(path)
    content = path.read_bytes()
    for other in damaged(content):
        path.write_bytes(other)
        with pytest.raises((ValueError, zipfile.BadZipFile, EOFError, pickle.UnpicklingError)):
            load_arrays(path)


def test_a_damaged_saved_map_is_named(tmp_path):
    """This bit makes 7,000 rows of 8,000; np.load does not look at the bytes of the others."""
    path = tmp_path / "map.npz"
    spasne.save_map(path, np.ones((8000, 2)))
    content = path.read_bytes()
    path.write_bytes(content.replace(b"(8000, 2)", b"(7000, 2)"))
    assert np.load(path)["Y"].shape == (7000, 2)
    with pytest.raises(ValueError, match=r"expected a map written by spasne.save_map.*another checksum"):
        spasne.load_map(path)


def test_archives_of_earlier_versions_and_of_other_programs_are_read(tmp_path):
    path = tmp_path / "map.npz"
    write_saved(path)
    arrays = load_arrays(path)
    with path.open("wb") as file:
        np.savez(file, **arrays)
    assert same(load_arrays(path), arrays)
    assert spasne.load_map(path).params == {"alpha": 9}


def test_damaged_files_of_a_checkpoint(tmp_path):
    checkpoint = Checkpoint(tmp_path, {"data": "abc"})
    checkpoint.open()
    run = Run(1.0, 2.0, 3)
    checkpoint.save(Outcome(run, 0.1, 0.2, 0.3, 0.4, False, 0.5, "", np.ones((5, 2))))
    assert checkpoint.load(run) is not None
    (path,) = tmp_path.glob("alpha*.npz")
    path.write_bytes(path.read_bytes().replace(b"(5, 2)", b"(4, 2)"))
    assert checkpoint.load(run) is None  # and is made again
    identity = tmp_path / "identity.json"
    identity.write_text(identity.read_text()[:-3])
    with pytest.raises(ValueError, match="identity.json.*damaged; use another folder, or delete this one"):
        checkpoint.open()


# --- processes that end at any moment -------------------------------------------------------------

# Each child keeps the runs that are not there yet, and is ended by a timer that it does not see, anywhere.
KILLED = """
import json, os, signal, sys
import numpy as np
from pathlib import Path
from spasne_tools.run.batch import Run
from spasne_tools.screening.checkpoint import Checkpoint, Outcome

folder, n_killed = Path(sys.argv[1]), int(sys.argv[2])
Y = np.arange(4000.0).reshape(-1, 2)
checkpoint = Checkpoint(folder, {"data": "abc"})

def keep_all():
    checkpoint.open()
    k = 0
    while True:
        outcome = Outcome(Run(float(k), 2.0, 1), 0.1, 0.2, 0.3, float(k), False, 0.5, "", Y + k)
        if checkpoint.load(outcome.run) is None:
            checkpoint.save(outcome)
        k += 1

random = np.random.default_rng(0)
for _ in range(n_killed):
    seconds = random.uniform(0.0005, 0.05)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)  # of its own time, on a busy machine too
        keep_all()
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF, status
    for path in folder.glob("alpha*.npz"):
        k = float(path.name.split("_")[0].removeprefix("alpha"))
        found = checkpoint.load(Run(k, 2.0, 1))
        assert found is not None and found.cost == k and np.array_equal(found.Y, Y + k), path
checkpoint.open()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_checkpoint_is_whole_whenever_its_writer_is_killed(tmp_path):
    command = [sys.executable, "-c", KILLED, tmp_path, str(N_KILLED)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "identity.json").read_text()) == {"data": "abc"}
    assert len(list(tmp_path.glob("alpha*.npz"))) > N_KILLED


@on_linux
def test_a_result_is_whole_or_absent_whenever_its_writer_is_killed(spasne_binary, tmp_path):
    """A batch, so that it is writing most of the time."""
    case = random_case(6, n_points=200, n_features=3, max_iter=1, theta=0)
    case.runs = np.array([[8.0, 2.0, seed] for seed in range(3000)])
    (tmp_path / "data.dat").write_bytes(pack_case(case))
    random = np.random.default_rng(0)
    for _ in range(N_KILLED):
        child = subprocess.Popen([spasne_binary, "--quiet"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        with child:
            for _ in range(random.integers(1, 60)):
                assert child.stdout.readline().endswith("done\n")
            child.send_signal(signal.SIGKILL)
        results = list(tmp_path.glob("result.*.dat"))
        assert results
        for path in results:
            assert np.isfinite(read_result_file(path).Y).all()
            path.unlink()
