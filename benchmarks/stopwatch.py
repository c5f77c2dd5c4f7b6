"""Wall and CPU time of work that is taken up again after interruptions."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spasne_tools.output_file import output_file


@contextmanager
def stopwatch(path: Path) -> Iterator[None]:
    """Add what the block takes (seconds, of this process and its children) to what `path` holds.

    A session that is killed leaves no time; its beginning is counted in any case.
    """
    times = read_times(path)
    times["sessions"] += 1
    _write(path, times)
    wall, cpu = time.monotonic(), cpu_seconds()
    try:
        yield
    finally:
        times["wall"] += time.monotonic() - wall
        times["cpu"] += cpu_seconds() - cpu
        times["sessions_timed"] += 1
        _write(path, times)


def read_times(path: Path) -> dict[str, float]:
    """Seconds "wall" and "cpu", "sessions" and how many of them were timed to their end."""
    if not path.exists():
        return {"wall": 0.0, "cpu": 0.0, "sessions": 0, "sessions_timed": 0}
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, times: dict[str, float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with output_file(path) as unfinished:
        unfinished.write_text(json.dumps(times), encoding="utf-8")


def cpu_seconds() -> float:
    """Of this process and of those that it has started and that have ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
