"""Work during which this process is not forked: products of matrices on threads of linear algebra.

OpenBLAS ends its threads before a fork. Where one of them is at work for another thread just then, it goes to
sleep and is waited for, so that the process hangs in the fork for ever. So a fork waits for the end of such
work, and such work for the end of a fork.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Gate:
    """Threads at work, each as often as its blocks are nested, and those that want to fork.

    A thread that forks within a block of its own waits for nobody: its block is no longer in a product then.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.at_work: dict[int, int] = {}
        self.n_forking = 0

    def enter(self, thread: int) -> None:
        with self.changed:
            if thread not in self.at_work:
                self.changed.wait_for(lambda: self.n_forking == 0)
            self.at_work[thread] = self.at_work.get(thread, 0) + 1

    def leave(self, thread: int) -> None:
        with self.changed:
            self.at_work[thread] -= 1
            if self.at_work[thread] == 0:
                del self.at_work[thread]
                self.changed.notify_all()

    def before_fork(self) -> None:
        """Returns with the lock held, so that nobody enters until the fork is done."""
        self.changed.acquire()
        self.n_forking += 1
        own = threading.get_ident()
        self.changed.wait_for(lambda: own in self.at_work or not self.at_work)

    def after_fork(self) -> None:
        self.n_forking -= 1
        self.changed.notify_all()
        self.changed.release()

    def in_child(self) -> None:
        """No other thread is here; the lock may be one that they wait for."""
        own = self.at_work.get(threading.get_ident())
        self.changed = threading.Condition(threading.RLock())
        self.at_work = {} if own is None else {threading.get_ident(): own}
        self.n_forking = 0


_gate = _Gate()
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(
        before=_gate.before_fork, after_in_parent=_gate.after_fork, after_in_child=_gate.in_child
    )


@contextmanager
def not_forked() -> Iterator[None]:
    """No other thread forks the process during the block, or the function decorated; it waits for the end."""
    thread = threading.get_ident()
    _gate.enter(thread)
    try:
        yield
    finally:
        _gate.leave(thread)
