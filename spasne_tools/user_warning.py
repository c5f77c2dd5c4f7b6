"""Warnings: of this package, at the line which called it; of others, which it knows of and passes over.

The filters of the module `warnings` are the process's. A block that sets them while a block of another thread
has set them may leave them so for good, and takes warnings from all threads. So this package's own warnings
are silenced without them, and its blocks that need them follow one another.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

# Packages whose frames are between a user's line and what it leads to; scikit-learn and joblib call back.
PASSED_OVER = {"spasne", "spasne_tools", "sklearn", "joblib"}

_silent = ContextVar("_silent", default=False)


def warn_user(message: str) -> None:
    """Give a UserWarning at the innermost line outside this package and what calls it."""
    if _silent.get():
        return
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in PASSED_OVER:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


@contextmanager
def no_user_warnings() -> Iterator[None]:
    """In the block `warn_user` gives none to this thread; other threads and other warnings go on.

    Examples
    --------
    >>> with no_user_warnings():
    ...     warn_user("given once already")
    """
    before = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(before)


class _Filters:
    """One filter more, in one block of this package at a time."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.before: list[Any] | None = None  # while a block runs: what its end restores

    @contextmanager
    def __call__(self, action: Literal["error", "ignore"], category: type[Warning]) -> Iterator[None]:
        with self.lock, warnings.catch_warnings():
            outer, self.before = self.before, list(warnings.filters)
            warnings.simplefilter(action, category)
            try:
                yield
            finally:
                self.before = outer

    def forget_other_threads(self) -> None:
        """In a forked child, where a block of another thread never ends.

        A block of the thread that has forked ends as usual, and restores the same.
        """
        self.lock = threading.RLock()
        if self.before is not None:
            warnings.filters[:] = self.before  # type: ignore[index]
            self.before = None


filtered = _Filters()
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=filtered.forget_other_threads)
