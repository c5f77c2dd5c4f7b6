"""Every call that can fail fails once: allocations, files, threads; of the executable and in Python.

Each time: the right exit code, one line, a result that is complete or absent, no file besides, no hang. Long
sequences are sampled; `make check-faults` (SPASNE_FAULT_STRIDE=1) lets each of their calls fail.
"""

import builtins
import errno
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from compiled import compile_library
from data_layout import pack_case, unpack_result
from random_cases import random_case

import spasne
from spasne_tools.run.batch import Run, embed_runs
from spasne_tools.run.parameters import Parameters

STRIDE = int(os.environ.get("SPASNE_FAULT_STRIDE", "29"))  # of allocations: each such one fails
HANGING = 60  # seconds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: preloads a library")

SMALL = {"n_points": 24, "n_features": 3, "perplexity": 3.0, "max_iter": 6}
RUNS = np.array([[8.0, 2.0, 1.0], [4.0, 2.0, 2.0], [0.0, 0.0, 3.0]])
SNAPSHOTS = ["--snapshots", "snapshot.dat", "--every", "2"]
CASES = {
    "exact": (random_case(1, **SMALL, theta=0), SNAPSHOTS),
    "barnes_hut": (random_case(2, **SMALL, method="barnes_hut"), SNAPSHOTS),
    "interpolation": (random_case(3, **SMALL, method="interpolation", no_dims=1), SNAPSHOTS),
    "fast": (random_case(4, **SMALL, method="exact", start="best"), SNAPSHOTS),
    "sections": (random_case(5, **SMALL, theta=0, sections=np.arange(24) % 2), SNAPSHOTS),
    "batch": (random_case(6, **SMALL, theta=0, runs=RUNS), []),
    "batch by interpolation": (random_case(7, **SMALL, method="interpolation", no_dims=1, runs=RUNS), []),
}
# Kinds of calls by their letter in tests/cpp/faults.cpp, and how each may fail: an error, or a part is done.
FAULTS = {
    "o": [errno.EMFILE, errno.EINTR],
    "r": [errno.EIO, errno.EINTR, "part"],
    "w": [errno.ENOSPC, errno.EIO, errno.EINTR, "part"],
    "f": [errno.EIO, errno.EINTR, errno.EINVAL],
    "n": [errno.EIO, errno.ENOSPC],
    "c": [errno.EIO, errno.EINTR],
    "m": [errno.ENOMEM],
    "t": [errno.EAGAIN],
}
PASSED_OVER = {errno.EINTR, errno.EINVAL, errno.EAGAIN, "part"}  # after these nothing is lost


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compile_library("faults", tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module", params=CASES)
def subject(request, spasne_binary, library, tmp_path_factory):
    """Runs one case with a fault in a folder of its own."""
    if b"__asan_init" in spasne_binary.read_bytes() or b"__tsan_init" in spasne_binary.read_bytes():
        pytest.skip("a sanitizer has allocations of its own")
    return Subject(spasne_binary, library, tmp_path_factory, *CASES[request.param])


class Subject:
    def __init__(self, binary, library, folders, case, arguments):
        self.library, self.folders, self.packed = library, folders, pack_case(case)
        self.command = [binary, "--report", "report.json", "--threads", "2", *arguments]
        done, self.calls, self.folder = self.run(None)
        assert (done.returncode, done.stderr) == (0, "")
        self.whole = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        assert len(self.whole) == (1 + 2 * len(RUNS) if case.runs is not None else 4)

    def run(self, fault):
        """The process that has ended, the letters of its calls, its folder."""
        folder = self.folders.mktemp("run")
        (folder / "data.dat").write_bytes(self.packed)
        log = folder.with_suffix(".log")
        environment = {**os.environ, "LD_PRELOAD": str(self.library), "SPASNE_FAULT_LOG": str(log)}
        if fault is not None:
            environment["SPASNE_FAULT"] = fault
        done = subprocess.run(
            self.command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=HANGING,
            check=False,
        )
        return done, log.read_text(), folder

    def check(self, fault):
        """Whether the fault came; asserts that nothing but an error came of it."""
        done, calls, folder = self.run(fault)
        if "!" not in calls:
            return False
        told = (fault, done.returncode, done.stdout[-200:], done.stderr)
        if done.returncode == 0:
            assert done.stderr == "", told
            assert {path.name for path in folder.iterdir()} == self.whole.keys(), told
        else:
            assert done.returncode == 1, told
            assert done.stderr.startswith("spasne: error: ") and done.stderr.count("\n") == 1, told
        for path in folder.iterdir():
            assert path.name in self.whole, told
            self._check_file(path, told)
        return done

    def _check_file(self, path, told):
        if path.name == "snapshot.dat":  # of any iteration
            assert np.isfinite(unpack_result(path.read_bytes())[0]).all(), told
        elif path.suffix == ".json":
            assert json.loads(path.read_text()).keys() == json.loads(self.whole[path.name]).keys(), told
        else:
            assert path.read_bytes() == self.whole[path.name], told


@pytest.mark.parametrize("kind", FAULTS)
def test_each_call_of_a_kind_that_fails(subject, kind):
    for error in FAULTS[kind]:
        n = 1
        while done := subject.check(f"{kind} {n} {error}"):
            if error in PASSED_OVER:
                assert done.returncode == 0, (kind, n, error, done.stderr)
            n += 1
        assert n > subject.calls.count(kind)


def test_a_file_that_becomes_shorter_while_it_is_read(subject):
    """Its size was taken before: what is missing is a mistake of the input, and no error of the system."""
    n = 1
    while "!" in (run := subject.run(f"r {n} end"))[1]:
        done, _, folder = run
        assert done.returncode == 2 and "data.dat is truncated in " in done.stderr, (n, done.stderr)
        assert [path.name for path in folder.iterdir()] == ["data.dat"]
        n += 1
    assert n > subject.calls.count("r")


def test_each_allocation_that_fails(subject):
    """Sampled, but for the first ones."""
    n, n_failed = 1, 0
    while done := subject.check(f"a {n} {errno.ENOMEM}"):
        n_failed += done.returncode != 0
        if done.returncode != 0:
            assert "memory" in done.stderr, (n, done.stderr)
        n += 1 if n < 10 else STRIDE
    assert n_failed > 5


# --- in Python ------------------------------------------------------------------------------------

# What the package calls to make, fill and rename files and to start the executable; where each is found.
CALLS = {
    "open": (builtins, "open"),
    "os.fsync": (os, "fsync"),
    "os.replace": (os, "replace"),
    "os.memfd_create": (os, "memfd_create"),
    "mkdtemp": (tempfile, "mkdtemp"),
    "Popen": (subprocess, "Popen"),
    "read_bytes": (Path, "read_bytes"),
    "read_text": (Path, "read_text"),
}


def data_and_pixels():
    random = np.random.default_rng(0)
    return random.normal(size=(30, 4)), random.uniform(0, 1000, size=(30, 2))


def one_map(folder):
    return spasne.run_spasne(*data_and_pixels(), perplexity=5, max_iter=4, randseed=1, n_jobs=1)


def several_maps(folder):
    parameters = Parameters(perplexity=5, max_iter=4, n_jobs=1)
    runs = [Run(8, 2, seed) for seed in (1, 2)]
    return np.array([made.Y for _, made in sorted(embed_runs(*data_and_pixels(), parameters, runs))])


def followed_map(folder):
    options = {"callback": lambda *_: None, "callback_every": 2}
    return spasne.run_spasne(*data_and_pixels(), perplexity=5, max_iter=4, randseed=1, n_jobs=1, **options)


def saved_map(folder):
    spasne.save_map(folder / "map.npz", data_and_pixels()[1], labels=np.arange(30))
    return spasne.load_map(folder / "map.npz").Y


@pytest.mark.parametrize("work", [one_map, several_maps, followed_map, saved_map])
@pytest.mark.parametrize("call", CALLS)
def test_each_call_of_python_that_fails(real_executable, temporary_root, tmp_path, monkeypatch, call, work):
    """An OSError or RuntimeError, no temporary folder, and what was saved is there whole or not at all."""
    folder = tmp_path / "own"
    folder.mkdir()
    whole = work(folder)
    owner, name = CALLS[call]
    real, n = getattr(owner, name), 0
    while True:
        n += 1
        left = n

        def failing(*given, real=real, **named):
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO), "there")
            return real(*given, **named)

        with monkeypatch.context() as patch:
            patch.setattr(owner, name, failing)
            try:
                found = work(folder)
            except (OSError, RuntimeError) as error:
                assert "Input/output error" in str(error), (n, repr(error))
            else:
                assert np.array_equal(found, whole), n
        assert os.listdir(temporary_root) == [], n
        assert os.listdir(folder) in ([], ["map.npz"]), n
        if (folder / "map.npz").exists():
            assert np.array_equal(spasne.load_map(folder / "map.npz").Y, whole)
        if left > 0:
            break
