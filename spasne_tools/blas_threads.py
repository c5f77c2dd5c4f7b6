"""How many threads the libraries of linear algebra behind numpy and scipy use: at most so many, for a while.

The number is the process's. Each thread sets and restores what its own blocks ask for, as far as
threadpoolctl lets it (one thread at a time rules the number), so that no block waits for another.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import LibController, ThreadpoolController

from spasne_tools.forking import not_forked

# Multiplications up to which one thread does a product: threads of the two libraries behind numpy and scipy
# wait by spinning, which on two busy cores takes 0.6 s where the work takes 0.01 s.
ONE_THREAD = 5e9


@contextmanager
def threads_for(n_multiplications: float) -> Iterator[None]:
    """One thread for products of matrices that take few multiplications, all there are for others."""
    with at_most(1 if n_multiplications <= ONE_THREAD else None):
        yield


@contextmanager
def at_most(n_threads: int | None) -> Iterator[None]:
    """No more than `n_threads` in the block; None: as many as before."""
    if n_threads is None:
        yield
        return
    _limits.add(n_threads)
    try:
        yield
    finally:
        _limits.remove(n_threads)


class _Limits:
    """Those in force now, by thread.

    The lock is held for the moment in which the number is set, never while a block runs. Nor is the process
    forked in that moment: a child forked while another thread asks the loader for its libraries could never
    ask again (threadpoolctl before 3.7 does so by dl_iterate_phdr, under the loader's lock).
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.in_force: dict[int, list[int]] = {}
        self.before: list[tuple[LibController, int]] = []  # each library's number without limits

    def add(self, limit: int) -> None:
        with not_forked(), self.lock:
            if not self.before:
                libraries = ThreadpoolController().select(user_api="blas").lib_controllers
                self.before = [(library, library.num_threads) for library in libraries]
            own = self.in_force.setdefault(threading.get_ident(), [])
            own.append(limit)
            self._set(own)

    def remove(self, limit: int) -> None:
        with not_forked(), self.lock:
            own = self.in_force[threading.get_ident()]
            own.remove(limit)
            self._set(own)
            if not own:
                del self.in_force[threading.get_ident()]
            if not self.in_force:
                self.before = []

    def _set(self, limits: list[int]) -> None:
        for library, before in self.before:
            library.set_num_threads(min([before, *limits]))

    def forget_other_threads(self) -> None:
        """In a forked child, which has none: one of them may have held the lock.

        The next block to end restores the number; to set it here would start threads in each child.
        """
        self.lock = threading.Lock()
        own = self.in_force.get(threading.get_ident())
        self.in_force = {} if own is None else {threading.get_ident(): own}


_limits = _Limits()
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_limits.forget_other_threads)
