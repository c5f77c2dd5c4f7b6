"""data.dat and result.dat, against the layouts packed field by field in data_layout.py."""

import struct

import numpy as np
import pytest
import scipy.sparse
from data_layout import pack_case, record
from reference import Case

from spasne_tools.run import data_file
from spasne_tools.run.data_file import Problem, read_result_file, write_data_file
from spasne_tools.run.neighbours import Graph


def make_problem(seed, **records):
    """A Problem of random shape and the Case that holds the same."""
    random = np.random.default_rng(seed)
    n, n_features, n_space = (int(size) for size in random.integers(1, 30, size=3))
    X, pixels = random.normal(size=(n, n_features)), random.normal(size=(n, n_space)) * 1000
    alpha, beta, exaggeration, theta, perplexity = random.uniform(0.1, 9, size=5)
    integers = {"no_dims": 3, "max_iter": 77, "randseed": -1}
    problem = Problem(
        X=X,
        pixels=pixels,
        alpha=alpha,
        beta=beta,
        exaggeration=exaggeration,
        theta=theta,
        perplexity=perplexity,
        **integers,
        **records,
    )
    case = Case(X, pixels, theta, perplexity, 3, 77, -1, alpha, beta, exaggeration)
    return problem, case


@pytest.mark.parametrize("seed", range(5))
def test_data_file_has_the_published_layout(tmp_path, seed):
    problem, case = make_problem(seed)
    write_data_file(tmp_path / "data.dat", problem)
    assert (tmp_path / "data.dat").read_bytes() == pack_case(case)


def test_extension_records(tmp_path):
    start = np.arange(6.0).reshape(2, 3)
    problem, case = make_problem(1, method="exact", learning_rate="auto", start=start, global_scale=0.5)
    case.method, case.learning_rate, case.init, case.global_scale = "exact", 0.0, start, 0.5
    write_data_file(tmp_path / "data.dat", problem)
    assert (tmp_path / "data.dat").read_bytes() == pack_case(case)


@pytest.mark.parametrize("convert", [np.asfortranarray, lambda X: X[::-1][::-1], lambda X: X.astype(">f8")])
def test_arrays_of_any_memory_layout_are_written_by_rows(tmp_path, convert):
    problem, case = make_problem(2)
    other = Problem(**{**vars(problem), "X": convert(problem.X)})
    write_data_file(tmp_path / "data.dat", other)
    assert (tmp_path / "data.dat").read_bytes() == pack_case(case)


@pytest.mark.parametrize("convert", [np.asarray, scipy.sparse.csr_matrix, lambda X: X.astype(np.float32)])
def test_arrays_are_written_in_blocks(tmp_path, monkeypatch, convert):
    monkeypatch.setattr(data_file, "WRITTEN_AT_ONCE", 3 * 7)
    problem, case = make_problem(4)
    eighths = np.random.default_rng(5).integers(-9, 9, size=(len(case.pixels), 7))
    X = eighths / 8  # the same in single precision
    case.X = X
    write_data_file(tmp_path / "data.dat", Problem(**{**vars(problem), "X": convert(X)}))
    assert (tmp_path / "data.dat").read_bytes() == pack_case(case)


def test_neighbours_are_written_as_integers_and_single_precision(tmp_path):
    random = np.random.default_rng(6)
    index, distance = random.integers(0, 9, size=(9, 4)), random.uniform(size=(9, 4))
    problem, case = make_problem(1, graph=Graph(index, distance))
    write_data_file(tmp_path / "data.dat", problem)
    records = record("nbrindex", index.astype("<i4").tobytes()) + record(
        "nbrdist", distance.astype("<f4").tobytes()
    )
    assert (tmp_path / "data.dat").read_bytes() == pack_case(case) + b"SPASNEX1" + records + record("end")


def pack_result(Y, landmarks, cost):
    n, no_dims = Y.shape
    return struct.pack(f"<ii{n * no_dims}d{n}i{n}d", n, no_dims, *Y.ravel(), *landmarks, *cost)


def test_result_rows_are_put_in_landmark_order(tmp_path):
    random = np.random.default_rng(3)
    Y, cost, landmarks = random.normal(size=(9, 2)), random.normal(size=9), random.permutation(9)
    (tmp_path / "result.dat").write_bytes(pack_result(Y[landmarks], landmarks, cost[landmarks]))
    result = read_result_file(tmp_path / "result.dat")
    assert np.array_equal(result.Y, Y)
    assert np.array_equal(result.cost, cost)
    assert result.Y.dtype == np.float64
    assert result.Y.flags.writeable


@pytest.mark.parametrize("size", [0, 7, 8, 100, -1, None])
def test_incomplete_result_is_refused(tmp_path, size):
    packed = pack_result(np.zeros((9, 2)), range(9), np.zeros(9))
    (tmp_path / "result.dat").write_bytes(packed + b"\0" if size is None else packed[:size])
    with pytest.raises(RuntimeError, match="expected .* bytes in .*found"):
        read_result_file(tmp_path / "result.dat")


def test_missing_result_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match="expected a result file"):
        read_result_file(tmp_path / "result.dat")


def test_repeated_landmark_is_refused(tmp_path):
    (tmp_path / "result.dat").write_bytes(pack_result(np.zeros((3, 1)), [0, 1, 1], np.zeros(3)))
    with pytest.raises(RuntimeError, match="landmark"):
        read_result_file(tmp_path / "result.dat")
