"""The private folder of a call, for the files that it shares with the executable.

A process that dies while it writes or reads there can no longer remove it. On Linux each folder is therefore
locked for as long as its process lives. The first call of a later process removes those that nobody holds:
its own user's, of this start of the machine, an hour old or more.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PREFIX = "spasne-"
BOOT = Path("/proc/sys/kernel/random/boot_id")  # a kernel need not know the locks of another on a shared disk
OLD = 3600  # seconds: between its making and its locking a folder looks abandoned


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """A folder (mode 0700) that lasts as long as the block."""
    prefix = _prefix_of_this_boot()
    if prefix is None:
        with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
            yield Path(name)
        return
    _remove_abandoned(tempfile.gettempdir(), prefix)
    with tempfile.TemporaryDirectory(prefix=prefix) as name, _locked(name):
        yield Path(name)


def _prefix_of_this_boot() -> str | None:
    """None where this is not Linux."""
    try:
        return f"{PREFIX}{BOOT.read_text(encoding='ascii')[:8]}-"
    except OSError:
        return None


@contextlib.contextmanager
def _locked(folder: str) -> Iterator[bool]:
    """Whether this process holds `folder`; its end, however it comes, lets go."""
    import fcntl  # which only Unix systems have

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        except OSError:  # another process holds it, or the file system has no locks
            held = False
        yield held
    finally:
        os.close(descriptor)


@cache
def _remove_abandoned(root: str, prefix: str) -> None:
    """Remove the folders in `root` that nobody holds; once in a process."""
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # no folder, or just removed
                if entry.name.startswith(prefix) and _is_old(entry.stat(follow_symlinks=False)):
                    with _locked(entry.path) as held:
                        if held:
                            shutil.rmtree(entry.path, ignore_errors=True)


def _is_old(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and time.time() - status.st_mtime > OLD
