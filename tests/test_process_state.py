"""What a process has once: locks in a forked child, filters of warnings among threads."""

import os
import threading
import warnings

import numpy as np
import pytest
from processes import run_in_child

import spasne
from spasne_tools.readers.count_table import _whole_numbers
from spasne_tools.user_warning import filtered, no_user_warnings, warn_user

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def in_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@forks
@pytest.mark.parametrize("call", ["run_spasne", "transform"])
def test_a_child_forked_during_a_call_makes_its_own(real_executable, temporary_root, call):
    """2,200 x 1,000: products so large that linear algebra has threads of its own for them."""
    random = np.random.default_rng(0)
    data, pixels = random.normal(size=(2200, 1000)), random.uniform(0, 1000, size=(2200, 2))
    quick = {"perplexity": 10, "max_iter": 5}
    fitted = spasne.SpaSNE(**quick, random_state=1).fit(data, pixels=pixels) if call == "transform" else None

    def work():
        if fitted is None:
            return spasne.run_spasne(data, pixels, **quick, randseed=1)
        return fitted.transform(data[:50])

    found = []
    thread = in_thread(lambda: found.append(work()))
    child_is_right = run_in_child(lambda: np.isfinite(work()).all())
    thread.join()
    assert child_is_right and np.isfinite(found[0]).all()


@forks
def test_a_child_forked_while_another_thread_filters_warnings():
    inside, done = threading.Event(), threading.Event()

    def hold():
        with filtered("error", DeprecationWarning):
            inside.set()
            done.wait(60)

    before = list(warnings.filters)
    thread = in_thread(hold)
    try:
        assert inside.wait(60)
        assert run_in_child(
            lambda: warnings.filters == before and _whole_numbers(b"1,2", ",").tolist() == [1, 2]
        )
    finally:
        done.set()
        thread.join()
    assert warnings.filters == before


def test_filters_of_blocks_in_several_threads_are_those_of_before():
    """Each block restores what it found: of two that overlap the second could leave the first one's."""
    before, barrier = list(warnings.filters), threading.Barrier(2)

    def read():
        barrier.wait()
        for _ in range(300):
            with filtered("error", DeprecationWarning):
                os.sched_yield()

    threads = [in_thread(read) for _ in range(2)]
    for thread in threads:
        thread.join()
    assert warnings.filters == before


def test_a_choice_silences_its_own_thread_only():
    with no_user_warnings(), pytest.warns(UserWarning, match="from elsewhere"):
        warn_user("within")
        in_thread(lambda: warn_user("from elsewhere")).join()
    with pytest.warns(UserWarning, match="after"):
        warn_user("after")
