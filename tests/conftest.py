"""What tests share: the executable under test, a way to run it, and the published program's own results."""

from __future__ import annotations

import json
import multiprocessing.util
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from compiled import compile_source
from data_layout import pack_case, unpack_result
from reference import Case

ROOT = Path(__file__).resolve().parents[1]
GOLDEN_VARIABLE = "SPASNE_GOLDEN"
MEMORY_LIMIT = 2 * 10**9  # bytes of addresses: far more than the tests' data need, far less than false claims
TIME_LIMIT = 300  # seconds


@dataclass
class Outcome:
    """What one run of the executable left behind."""

    returncode: int
    stdout: str
    stderr: str
    folder: Path

    @property
    def result_bytes(self):
        return (self.folder / "result.dat").read_bytes()

    @property
    def Y(self):
        return unpack_result(self.result_bytes)[0]

    @property
    def cost(self):
        return unpack_result(self.result_bytes)[2]

    @property
    def report(self):
        """Of a run with --report report.json."""
        return json.loads((self.folder / "report.json").read_text())


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


def run_command(command, folder, prepare=None):
    """Run a command in a folder, after `prepare` in the new process, and collect what it says."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
        preexec_fn=prepare,
    )
    return Outcome(done.returncode, done.stdout, done.stderr, Path(folder))


@pytest.fixture(scope="session")
def spasne_binary():
    """The executable under test: SPASNE_BIN, else ./spasne beside the Makefile, built where it is missing."""
    named = os.environ.get("SPASNE_BIN")
    binary = Path(named) if named else ROOT / "spasne"
    if not named and not binary.exists():
        built = run_command(["make", "spasne"], ROOT)
        if built.returncode != 0:
            pytest.fail(f"make could not build the executable:\n{built.stderr}")
    if not binary.exists():
        pytest.fail(f"SPASNE_BIN names {binary}, which does not exist")
    return binary.resolve()


@pytest.fixture(scope="session")
def memory_can_be_limited(spasne_binary):
    """False for an AddressSanitizer build, which reserves terabytes of addresses, and off Linux."""
    return sys.platform == "linux" and b"__asan_init" not in spasne_binary.read_bytes()


@pytest.fixture
def execute(spasne_binary, memory_can_be_limited, tmp_path_factory):
    """A function that runs the executable on a Case (or on the bytes of a data.dat, or on no file at all)."""

    def run(data, *arguments, binary=spasne_binary, memory_limited=False, prepare=None):
        folder = tmp_path_factory.mktemp("run")
        if data is not None:
            packed = pack_case(data) if isinstance(data, Case) else data
            (folder / "data.dat").write_bytes(packed)
        if memory_limited and memory_can_be_limited:
            prepare = limit_memory
        return run_command([binary, *arguments], folder, prepare)

    return run


@pytest.fixture
def embed(execute):
    """As `execute`, for runs that must succeed."""

    def run(data, *arguments, **options):
        outcome = execute(data, *arguments, **options)
        assert outcome.returncode == 0, outcome.stderr
        assert outcome.stderr == ""
        return outcome

    return run


@pytest.fixture(scope="module")
def program(request, tmp_path_factory):
    """The program of tests/cpp that has the name of the test's module."""
    name = request.module.__name__
    return compile_source(name, tmp_path_factory.mktemp("cpp"))


@pytest.fixture
def temporary_root(tmp_path, monkeypatch):
    """An empty folder where temporary files are made."""
    multiprocessing.util.get_temp_dir()  # made now, elsewhere: it is in use until this process ends
    root = tmp_path / "t"
    root.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(root))
    return root


@pytest.fixture
def real_executable(spasne_binary, monkeypatch):
    monkeypatch.setenv("SPASNE_BIN", str(spasne_binary))


def golden_folders():
    """The cases of the published program below SPASNE_GOLDEN; None where the variable is absent."""
    root = os.environ.get(GOLDEN_VARIABLE)
    return None if root is None else sorted(path.parent for path in Path(root).glob("*/data.dat"))


def pytest_generate_tests(metafunc):
    if "golden_folder" not in metafunc.fixturenames:
        return
    folders = golden_folders()
    if folders is None:
        absent = pytest.mark.skip(reason=f"{GOLDEN_VARIABLE} does not name the published program's results")
        folders = [pytest.param(None, marks=absent, id="none")]
    elif not folders:
        raise pytest.UsageError(f"expected cases below {GOLDEN_VARIABLE}, found none")
    metafunc.parametrize("golden_folder", folders, ids=lambda folder: folder.name if folder else "none")
