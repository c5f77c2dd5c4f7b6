"""What verbose=True shows: the executable's lines as they come, with the time left or a progress bar."""

from __future__ import annotations

import importlib.util
import re
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

PROGRESS_LINE = re.compile(r"Iteration (\d+):.*\((\d+) iterations in +([\d.]+) seconds\)")
SEARCH_START = re.compile(r"finding \d+ neighbours")
SEARCH_LINE = re.compile(r"neighbours: (\d+) %")


class ProgressPrinter:
    """Print lines handed to it one by one, but `hidden`; a context manager, because a bar has to be closed.

    Lines go through print() or tqdm.write(), that is to sys.stdout as it is at the time, so a notebook shows
    them. Without a bar, lines of progress end with the time left; those of the search for neighbours, which
    has no bar, always do. It is what all that remains would take at the pace so far (neighbours) or since the
    last line (iterations). Iterations usually end before `max_iter`, as soon as the map rests, so theirs is
    printed as a bound. `clock` gives seconds.
    """

    def __init__(
        self, max_iter: int | None, hidden: str | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.max_iter = max_iter
        self.bar = _make_bar(max_iter)
        self.hidden = hidden
        self.clock = clock
        self.search_started: float | None = None

    def __enter__(self) -> ProgressPrinter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is None:
            return
        if error is None:
            self.bar.total = self.bar.n  # a notebook's bar is red where it ends before its total
        self.bar.close()

    def __call__(self, line: str) -> None:
        if line == self.hidden:
            return
        if SEARCH_START.match(line):
            self.search_started = self.clock()
        left = self._seconds_left(line)
        extent = "at most" if PROGRESS_LINE.match(line) else "about"
        text = line if left is None else f"{line}, {extent} {_duration(left)} left"
        if self.bar is None:
            print(text, flush=True)
            return
        self.bar.write(text)
        if found := PROGRESS_LINE.match(line):
            self.bar.update(int(found[1]) + 1 - self.bar.n)  # lines count iterations from 0

    def _seconds_left(self, line: str) -> float | None:
        """None where it is unknown, nothing is left, or the bar shows it."""
        if (found := SEARCH_LINE.match(line)) and self.search_started is not None:
            share = int(found[1]) / 100
            if not 0 < share < 1:
                return None
            return (self.clock() - self.search_started) * (1 - share) / share
        if self.bar is not None or self.max_iter is None or not (found := PROGRESS_LINE.match(line)):
            return None
        remaining = self.max_iter - 1 - int(found[1])
        return remaining * float(found[3]) / int(found[2]) if remaining > 0 else None


def _duration(seconds: float) -> str:
    """Two units at most: 8 s, 2 min 5 s, 3 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _make_bar(max_iter: int | None) -> Any:
    """A bar, where there is tqdm and something to draw it on; None: lines only."""
    if not _can_draw():
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(total=max_iter, desc="spasne", unit="it")


def _can_draw() -> bool:
    """Whether standard error is a terminal, or a notebook's that has widgets: without them tqdm warns."""
    if "ipykernel" in sys.modules:
        return importlib.util.find_spec("ipywidgets") is not None
    return sys.stderr is not None and sys.stderr.isatty()
