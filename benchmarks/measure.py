"""Starting one run in a fresh process, with a time limit, and watching the memory of it and its children."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.programs import Task, divergence

ROOT = Path(__file__).resolve().parents[1]
SAMPLE_SECONDS = 0.005
THREAD_VARIABLES = tuple(f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")) + (
    "VECLIB_MAXIMUM_THREADS",
)


def run_task(task: Task, timeout: float) -> dict[str, Any]:
    """Run `task` in a fresh process; return what it measured, "peak_mb", "kl" of the map and "status".

    status is "ok", "timeout", "not installed" (the program cannot be imported) or "failed", with the last
    line that the process said on stderr under "message".
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        names = ("task", "answer", "map.npy", "stderr")
        task_file, answer_file, map_file, stderr_file = (Path(folder, name) for name in names)
        task_file.write_text(json.dumps(dataclasses.asdict(task)), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.worker", str(task_file), str(answer_file), str(map_file)]
        with stderr_file.open("wb") as stderr:
            child = subprocess.Popen(
                [*command, repr(time.monotonic())],
                cwd=ROOT,
                # Its temporary files lie in this folder, so that they go with it when the run is stopped.
                env={**environment(task.threads), "TMPDIR": folder},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
            try:
                peak_mb = _watch(child, time.monotonic() + timeout)
            finally:
                child.kill()
                child.wait()
        if peak_mb is None:
            return {"status": "timeout", "message": f"not done after {timeout:g} s"}
        if child.returncode != 0:
            return _failure(stderr_file.read_text(errors="replace"), child.returncode)
        kl = divergence(task, np.load(map_file))
        answer = json.loads(answer_file.read_text(encoding="utf-8"))
        return {"status": "ok", "peak_mb": peak_mb, "kl": kl, **answer}


def environment(threads: int) -> dict[str, str]:
    """The environment of a run: every numerical library gets the same number of threads."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **dict.fromkeys(THREAD_VARIABLES, str(threads))}


def _failure(said: str, exit_code: int) -> dict[str, Any]:
    lines = [line for line in said.splitlines() if line.strip()]
    message = lines[-1] if lines else f"exit code {exit_code}"
    missing = message.startswith("ModuleNotFoundError")
    return {"status": "not installed" if missing else "failed", "message": message}


def _watch(child: subprocess.Popen[bytes], deadline: float) -> float | None:
    """Wait for the end of `child`; return the largest memory seen in MB, None once the deadline is past."""
    largest = 0.0
    while child.poll() is None:
        if time.monotonic() > deadline:
            return None
        largest = max(largest, tree_memory(child.pid))
        time.sleep(SAMPLE_SECONDS)
    return largest


def tree_memory(root: int) -> float:
    """Resident memory in MB of a process and of all that descend from it; 0 where /proc does not tell."""
    pages = 0
    waiting = [(root, 0)]
    while waiting:
        pid, size_of_parent = waiting.pop()
        try:
            size, resident = map(int, Path(f"/proc/{pid}/statm").read_text().split()[:2])
            waiting += [(child, size) for child in _children(pid)]
        except OSError:  # ended meanwhile
            continue
        # Between its fork and the start of its own program a child shows its parent's memory, shared.
        pages += resident if size != size_of_parent else 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _children(pid: int) -> list[int]:
    threads = os.listdir(f"/proc/{pid}/task")
    listed = (Path(f"/proc/{pid}/task/{thread}/children").read_text() for thread in threads)
    return [int(child) for children in listed for child in children.split()]
