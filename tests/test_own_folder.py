"""The private folder of a call is removed with its process, or by a later one; nobody else's ever is."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spasne
from spasne_tools.run import own_folder as module
from spasne_tools.run.own_folder import own_folder

ROOT = Path(spasne.__file__).parent
LONG_AGO = 10**9  # seconds since 1970
HOLDER = """
import os, signal, sys
from spasne_tools.run.own_folder import own_folder
with own_folder() as folder:
    (folder / "data.dat").write_text("private")
    print(folder, flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture(autouse=True)
def first_call(temporary_root):
    """As in a process that has made no folder yet."""
    module._remove_abandoned.cache_clear()
    yield
    module._remove_abandoned.cache_clear()


@pytest.fixture
def holder(temporary_root):
    """A process that holds a folder, made long ago by its date, until its input ends; then it is killed."""
    environment = os.environ | {"TMPDIR": str(temporary_root), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        process.folder = Path(process.stdout.readline().rstrip("\n"))
        os.utime(process.folder, (LONG_AGO, LONG_AGO))
        yield process


def end(holder):
    holder.communicate()
    assert holder.returncode < 0 and holder.folder.is_dir()


def abandoned(root, name):
    """A folder of that name that nobody holds."""
    folder = root / name
    folder.mkdir()
    (folder / "data.dat").write_text("private")
    os.utime(folder, (LONG_AGO, LONG_AGO))
    return folder


def of_this_boot(name):
    return module._prefix_of_this_boot() + name


def test_the_folder_of_a_killed_process_goes_with_the_next_call(holder, real_executable, temporary_root):
    end(holder)
    random = np.random.default_rng(0)
    spasne.run_spasne(random.normal(size=(30, 4)), random.uniform(0, 1000, (30, 2)), perplexity=5, max_iter=2)
    assert list(temporary_root.iterdir()) == []


def test_the_folder_of_a_living_process_stays(holder):
    with own_folder() as own:
        assert own != holder.folder and (holder.folder / "data.dat").exists()
    assert (holder.folder / "data.dat").exists() and not own.exists()
    end(holder)


def test_a_young_folder_stays(holder):
    end(holder)
    os.utime(holder.folder)
    with own_folder():
        assert holder.folder.exists()


def test_folders_of_others_stay(temporary_root, monkeypatch):
    others = [abandoned(temporary_root, name) for name in ("spasne-abcd1234", "spasne-00000000-abc", "mine")]
    with own_folder():
        assert all(folder.exists() for folder in others)
    module._remove_abandoned.cache_clear()
    of_another_user = abandoned(temporary_root, of_this_boot("abc"))
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with own_folder():
        assert of_another_user.exists()


def test_a_link_to_a_folder_is_not_followed(temporary_root, tmp_path):
    target = abandoned(tmp_path, "target")
    link = temporary_root / of_this_boot("abc")
    link.symlink_to(target)
    os.utime(link, (LONG_AGO, LONG_AGO), follow_symlinks=False)
    with own_folder():
        assert link.is_symlink() and (target / "data.dat").exists()


def test_what_is_open_is_closed(holder, temporary_root):
    open_before = os.listdir("/proc/self/fd")
    with own_folder():
        assert len(os.listdir("/proc/self/fd")) == len(open_before) + 1
    assert os.listdir("/proc/self/fd") == open_before
    end(holder)


def test_looked_for_once_in_a_process(temporary_root):
    with own_folder():
        pass
    later = abandoned(temporary_root, of_this_boot("abc"))
    with own_folder():
        assert later.exists()


def test_without_locks_nothing_of_others_is_touched(temporary_root, monkeypatch, tmp_path):
    folder = abandoned(temporary_root, of_this_boot("abc"))

    def fail(*_):
        raise OSError

    monkeypatch.setattr("fcntl.flock", fail)
    with own_folder() as own:
        assert own.is_dir()
    assert folder.exists() and not own.exists()
    module._remove_abandoned.cache_clear()
    monkeypatch.undo()
    monkeypatch.setattr(module, "BOOT", tmp_path / "missing")
    with own_folder() as own:
        assert own.stat().st_mode & 0o777 == 0o700
    assert folder.exists() and not own.exists()
