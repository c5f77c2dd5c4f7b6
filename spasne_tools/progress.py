"""What verbose=True shows: the executable's lines as they come and, with tqdm, a progress bar."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any

PROGRESS_LINE = re.compile(r"Iteration (\d+):")


class ProgressPrinter:
    """Print lines handed to it one by one, but `hidden`; a context manager, because a bar has to be closed.

    Lines go through print() or tqdm.write(), that is to sys.stdout as it is at the time, so a notebook shows
    them.
    """

    def __init__(self, max_iter: int | None, hidden: str | None = None) -> None:
        self.bar = _make_bar(max_iter)
        self.hidden = hidden

    def __enter__(self) -> ProgressPrinter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.close()

    def __call__(self, line: str) -> None:
        if line == self.hidden:
            return
        if self.bar is None:
            print(line, flush=True)
            return
        self.bar.write(line)
        if found := PROGRESS_LINE.match(line):
            self.bar.update(int(found[1]) + 1 - self.bar.n)  # lines count iterations from 0


def _make_bar(max_iter: int | None) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(total=max_iter, desc="spasne", unit="it")
