"""Limits of the threads of linear algebra: nested, at the same time, in forked children, by n_jobs."""

import os
import threading

import numpy as np
import pytest
from processes import run_in_child
from threadpoolctl import threadpool_info, threadpool_limits

from spasne import SpaSNE
from spasne_tools import blas_threads, frozen_map, principal_components
from spasne_tools.blas_threads import at_most, threads_for

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def now():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def three_threads():
    with threadpool_limits(3, user_api="blas"):
        yield
        assert now() == {3}


def test_the_smallest_limit_counts_and_none_raises_the_number():
    with at_most(2):
        assert now() == {2}
        with at_most(8), at_most(None):
            assert now() == {2}
        with at_most(1):
            assert now() == {1}
        assert now() == {2}
    with at_most(8):
        assert now() == {3}


def test_a_limit_ends_with_an_error():
    with pytest.raises(KeyError), at_most(1):
        raise KeyError


def test_limits_that_overlap_end_in_any_order():
    first, second = at_most(1), at_most(2)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert now() == {2}
    second.__exit__(None, None, None)


def test_a_number_set_by_others_between_two_limits_stays():
    with at_most(1):
        pass
    with threadpool_limits(2, user_api="blas"):
        with at_most(1):
            assert now() == {1}
        assert now() == {2}


@forks
def test_a_child_forked_while_another_thread_is_in_pca_can_do_its_own(monkeypatch):
    inside, done = threading.Event(), threading.Event()
    X = np.random.default_rng(0).normal(size=(30, 8))
    find = principal_components._leading_eigenvectors

    def held(*given):
        if threading.current_thread() is worker:
            inside.set()
            done.wait(60)
        return find(*given)

    expected = principal_components.pca(X, 3)
    monkeypatch.setattr(principal_components, "_leading_eigenvectors", held)
    worker = threading.Thread(target=principal_components.pca, args=(X, 3))
    worker.start()
    try:
        assert inside.wait(60)
        assert run_in_child(lambda: np.array_equal(principal_components.pca(X, 3), expected) and now() == {3})
        assert (
            np.array_equal(principal_components.pca(X, 3), expected) and worker.is_alive()
        )  # nor did it wait
    finally:
        done.set()
        worker.join()


@forks
def test_a_child_forked_while_the_number_is_being_set_is_not_locked():
    with blas_threads._limits.lock:
        assert run_in_child(lambda: not blas_threads._limits.lock.locked())


@forks
def test_no_child_is_forked_while_another_thread_looks_for_libraries(monkeypatch):
    """Who may hold a lock of the loader just then."""
    inside, forking, left = threading.Event(), threading.Event(), []
    whole = blas_threads.ThreadpoolController

    def slow():
        inside.set()
        forking.wait(60)
        found = whole()
        left.append(True)
        return found

    def limit():
        with at_most(2):
            pass

    monkeypatch.setattr(blas_threads, "ThreadpoolController", slow)
    os.register_at_fork(before=forking.set)
    worker = threading.Thread(target=limit)
    worker.start()
    assert inside.wait(60)

    def use():
        other_has_left = bool(left)
        with at_most(2):
            return other_has_left and now() == {2}

    assert run_in_child(use)
    worker.join()


@forks
def test_a_child_forked_within_a_limit_keeps_it_to_the_end_of_the_block():
    manager = at_most(1)
    manager.__enter__()

    def leave():
        within = now()
        manager.__exit__(None, None, None)
        return within == {1} and now() == {3} and not blas_threads._limits.in_force

    try:
        assert run_in_child(leave)
    finally:
        manager.__exit__(None, None, None)


@forks
def test_limits_of_other_threads_end_with_a_fork():
    """As if the thread that set the number had been another: the child's next block restores it."""
    with at_most(1):
        limits = blas_threads._limits
        limits.in_force = {-1: limits.in_force[threading.get_ident()]}

        def use():
            with at_most(2):
                within = now()
            return within == {2} and now() == {3} and not limits.in_force

        restored = run_in_child(use)
        limits.in_force = {threading.get_ident(): limits.in_force[-1]}
    assert restored


@pytest.mark.parametrize(("n_jobs", "threads"), [(1, {1}), (2, {2}), (None, {3}), (-1, {3})])
def test_n_jobs_holds_for_pca_and_for_placing(real_executable, monkeypatch, n_jobs, threads):
    monkeypatch.setattr(blas_threads, "ONE_THREAD", 0)  # so that small data are no reason for one thread
    seen = []
    for module, name in (
        (principal_components, "_leading_eigenvectors"),
        (frozen_map.Projection, "of"),
        (frozen_map, "place"),
    ):
        whole = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, whole=whole: seen.append(now()) or whole(*given))
    X = np.random.default_rng(0).normal(size=(40, 8))
    SpaSNE(perplexity=5, max_iter=2, n_jobs=n_jobs, random_state=0).fit(X, pixels=100 * X[:, :2]).transform(
        X + 1
    )
    assert seen == [threads] * 3


def test_large_products_take_all_threads():
    with threads_for(blas_threads.ONE_THREAD + 1):
        assert now() == {3}
    with threads_for(blas_threads.ONE_THREAD):
        assert now() == {1}
