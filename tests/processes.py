"""Other processes: forked children, and those that /proc shows, of which any may end between two looks."""

import os
import select
import signal
from pathlib import Path


def children(process_id):
    listed = Path(f"/proc/{process_id}/task/{process_id}/children")
    return listed.read_text().split() if listed.exists() else []


def command(process_id):
    """What it was started with, as bytes; empty where it has ended."""
    return _read(process_id, "cmdline")


def is_running(process_id):
    """False also of one that has ended while nobody has asked for its exit code, a zombie."""
    state = _read(process_id, "stat").rpartition(b")")[2].split()
    return bool(state) and state[0] != b"Z"


def run_in_child(work):
    """True where `work` returns true in a forked child; False too where it takes longer than 60 s."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(60)
        try:
            os._exit(0 if work() else 1)
        except BaseException:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def wait_for_end(process_id, seconds=60):
    """Of a process that need not be a child of this one (Linux)."""
    descriptor = os.pidfd_open(int(process_id))
    try:
        assert select.select([descriptor], [], [], seconds)[0], f"process {process_id} goes on"
    finally:
        os.close(descriptor)


def _read(process_id, name):
    try:
        return Path(f"/proc/{process_id}/{name}").read_bytes()
    except OSError:
        return b""
