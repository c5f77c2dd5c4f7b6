"""run_spasne and its neighbours, mostly against a stand-in executable that does what a test asks it to do."""

import inspect
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from data_layout import pack_case, record
from processes import children, command, is_running
from reference import Case
from sklearn.neighbors import NearestNeighbors, kneighbors_graph

import spasne
from spasne_tools.preprocessing import pca
from spasne_tools.run import executable, memory, neighbours, prepare
from spasne_tools.run.embedding import embed
from spasne_tools.run.executable import find_executable, run_executable
from spasne_tools.run.neighbours import given_graph
from spasne_tools.run.parameters import Parameters
from spasne_tools.version import __version__

STAND_IN = """
import json, os, pathlib, shutil, signal, struct, sys, time
if sys.argv[1:] == ["--version"]:
    print("spasne VERSION")
    sys.exit()
flags = dict(zip(sys.argv[1:-1], sys.argv[2:], strict=True))
logbook = pathlib.Path("LOGBOOK")
def write_result():
    packed = pathlib.Path(flags["--data"]).read_bytes()
    n, no_dims = struct.unpack_from("<i", packed)[0], struct.unpack_from("<i", packed, 24)[0]
    Y = [float(i) for row in reversed(range(n)) for i in range(row * no_dims, (row + 1) * no_dims)]
    out = struct.pack(f"<ii{len(Y)}d{n}i{n}d", n, no_dims, *Y, *reversed(range(n)), *[0.5] * n)
    pathlib.Path(flags["--result"]).write_bytes(out)
    pathlib.Path(flags["--report"]).write_text(json.dumps({"method": "exact", "n_iter": 7}))
    shutil.copy(flags["--data"], logbook / "data.dat")
    (logbook / "arguments").write_text("\\n".join(sys.argv[1:]))
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A function that installs an executable made of some Python; it writes to the folder returned."""
    logbook = tmp_path / "logbook"
    logbook.mkdir()

    def install(body="write_result()", version=__version__):
        text = STAND_IN.replace("VERSION", version).replace("LOGBOOK", str(logbook)) + textwrap.dedent(body)
        script = tmp_path / "stand_in"
        script.write_text(f"#!{sys.executable} -S\n{text}")
        script.chmod(0o755)
        monkeypatch.setenv("SPASNE_BIN", str(script))
        return logbook

    return install


def make_input(n=40, n_columns=6, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(n, n_columns)), random.uniform(0, 1000, size=(n, 2))


SMALL = {"perplexity": 5, "max_iter": 7, "randseed": 3}


# --- the public face ------------------------------------------------------------------------------


def test_signature_is_the_published_one():
    parameters = inspect.signature(spasne.run_spasne).parameters.values()
    positional = [(p.name, p.default) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == [
        ("data", inspect.Parameter.empty),
        ("pixels", None),
        ("alpha", 8.0),
        ("beta", 2.0),
        ("exaggeration", 4),
        ("no_dims", 2),
        ("perplexity", 50),
        ("theta", 0.5),
        ("randseed", -1),
        ("verbose", False),
        ("initial_dims", 0),
        ("use_pca", True),
        ("max_iter", 1000),
    ]


@pytest.mark.parametrize("function", [spasne.run_spasne, spasne.init_spasne])
def test_defaults_are_the_same_everywhere(function):
    shared = {
        name: p.default
        for name, p in inspect.signature(function).parameters.items()
        if name in Parameters.__dataclass_fields__ and p.default is not p.empty
    }
    assert len(shared) >= 7
    assert shared == {name: getattr(Parameters(), name) for name in shared}


def test_every_public_name_is_listed():
    assert set(spasne.__all__) <= set(dir(spasne))
    with pytest.raises(AttributeError, match="no_such_name"):
        spasne.no_such_name  # noqa: B018


def test_import_is_light():
    code = "import spasne, sys; print([m for m in ('matplotlib', 'sklearn', 'tqdm') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- what reaches the executable and what comes back ----------------------------------------------


def test_map_comes_back_in_the_order_of_the_data(stand_in):
    stand_in()
    data, pixels = make_input()
    Y = spasne.run_spasne(data, pixels, **SMALL)
    assert Y.dtype == np.float64
    assert np.array_equal(Y, np.arange(80.0).reshape(40, 2))


def test_embedding_carries_cost_and_report(stand_in):
    stand_in()
    data, pixels = make_input()
    result = embed(data, pixels, Parameters(**SMALL))
    assert np.array_equal(result.cost_per_point, np.full(40, 0.5))
    assert result.report == {"method": "exact", "n_iter": 7}


def written(logbook):
    return (logbook / "data.dat").read_bytes()


def test_defaults_write_the_published_file(stand_in):
    logbook = stand_in()
    data, pixels = make_input(160)
    spasne.run_spasne(data, pixels, randseed=4)
    case = Case(pca(data, 6), pixels, perplexity=50, max_iter=1000, seed=4)
    assert written(logbook) == pack_case(case)


def test_arguments_reach_their_fields(stand_in):
    logbook = stand_in()
    data, pixels = make_input()
    spasne.run_spasne(data, pixels, 1.0, 2.0, 3.0, 1, 4.0, 0.25, 6, False, 5, True, 8)
    case = Case(pca(data, 5), pixels, 0.25, 4.0, 1, 8, 6, 1.0, 2.0, 3.0)
    assert written(logbook) == pack_case(case)


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ({"method": "exact"}, {"method": "exact"}),
        ({"learning_rate": 100}, {"learning_rate": 100.0}),
        ({"learning_rate": "auto"}, {"learning_rate": 0.0}),
        ({"max_step": np.inf}, {"max_step": np.inf}),
        ({"global_scale": 0.5}, {"global_scale": 0.5}),
        (
            {"init": np.ones((40, 2)).tolist(), "descent": "published"},
            {"init": np.ones((40, 2)), "descent": "published"},
        ),
        ({"init": np.ones((40, 2)).tolist()}, {"init": np.ones((40, 2)), "descent": "fast"}),
        ({"init": "joint"}, {"start": "joint", "descent": "fast"}),
        ({"init": "joint*0.25"}, {"start": "joint*0.25", "descent": "fast"}),
        ({"init": "best", "descent": "published"}, {"start": "best", "descent": "published"}),
        ({"descent": "fast"}, {"descent": "fast"}),
        ({"init": pd.DataFrame(np.ones((40, 2)))}, {"init": np.ones((40, 2)), "descent": "fast"}),
    ],
    ids=lambda value: next(iter(value)),
)
def test_new_parameters_travel_in_the_extension(stand_in, arguments, fields):
    logbook = stand_in()
    data, pixels = make_input()
    spasne.run_spasne(data, pixels, **SMALL, **arguments)
    case = Case(pca(data, 6), pixels, perplexity=5, max_iter=7, seed=3, **fields)
    assert written(logbook) == pack_case(case)


@pytest.mark.parametrize(("n_jobs", "passed"), [(None, []), (-1, []), (3, ["--threads", "3"])])
def test_threads_and_flags(stand_in, n_jobs, passed):
    logbook = stand_in()
    data, pixels = make_input()
    spasne.run_spasne(data, pixels, **SMALL, n_jobs=n_jobs)
    arguments = (logbook / "arguments").read_text().split("\n")
    assert arguments[6:] == [*passed, "--temporary", "--watch-stdin", "--quiet"]
    assert arguments[:6:2] == ["--data", "--result", "--report"]


@pytest.mark.parametrize(
    "as_given",
    [
        lambda data: pd.DataFrame(data, index=[f"spot {row}" for row in range(len(data))]),
        lambda data: data.tolist(),
        np.asfortranarray,
        lambda data: pd.DataFrame(data).astype("Float64"),
        scipy.sparse.csr_matrix,
        scipy.sparse.coo_matrix,
        scipy.sparse.csr_array,
    ],
)
def test_any_kind_of_matrix_gives_the_same_file(stand_in, as_given):
    logbook = stand_in()
    data, pixels = make_input()
    data[np.abs(data) < 0.5] = 0
    spasne.run_spasne(as_given(data), pixels.tolist(), **SMALL, use_pca=False)
    case = Case(data, pixels, perplexity=5, max_iter=7, seed=3)
    assert written(logbook) == pack_case(case)


@pytest.mark.parametrize("n_spatial", [1, 2, 3, 5])
def test_any_number_of_spatial_columns(stand_in, n_spatial):
    logbook = stand_in()
    data, _ = make_input()
    pixels = np.random.default_rng(1).uniform(0, 1000, size=(40, n_spatial))
    spasne.run_spasne(data, pd.DataFrame(pixels), **SMALL, use_pca=False)
    assert written(logbook) == pack_case(Case(data, pixels, perplexity=5, max_iter=7, seed=3))


def test_without_pixels_there_is_no_spatial_term(stand_in):
    logbook = stand_in()
    data, _ = make_input()
    spasne.run_spasne(data, **SMALL, use_pca=False)
    assert written(logbook) == pack_case(Case(data, np.zeros((40, 1)), 0.5, 5, 2, 7, 3, beta=0.0))


def test_zero_initial_dims_means_up_to_200_components():
    data, pixels = make_input(300, 250)
    assert prepare.prepare_problem(data, pixels, Parameters()).X.shape == (300, 200)
    assert prepare.prepare_problem(data[:, :30], pixels, Parameters()).X.shape == (300, 30)
    assert prepare.prepare_problem(data, pixels, Parameters(initial_dims=999)).X.shape == (300, 250)


def test_negative_seeds_of_any_size_fit_the_file():
    data, pixels = make_input()
    problem = prepare.prepare_problem(data, pixels, Parameters(perplexity=5, randseed=-(10**12)))
    assert problem.randseed == -1


def test_input_is_left_alone(stand_in):
    stand_in()
    data, pixels = make_input()
    before = data.copy(), pixels.copy()
    spasne.run_spasne(data, pixels, **SMALL, init="spatial", pixel_scale="unit")
    assert np.array_equal(data, before[0])
    assert np.array_equal(pixels, before[1])


# --- the unit of the pixels, and starts -----------------------------------------------------------


def mean_squared_distance(points):
    n = len(points)
    return sum(((points[i] - points[j]) ** 2).sum() for i in range(n) for j in range(n)) / (n * (n - 1))


def prepared(pixels, **parameters):
    data, _ = make_input(len(pixels))
    return prepare.prepare_problem(data, pixels, Parameters(perplexity=5, **parameters))


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e5])
def test_unit_scale_makes_the_unit_irrelevant(unit):
    _, pixels = make_input()
    problem = prepared(pixels * unit + 17 * unit, pixel_scale="unit")
    assert problem.space_offset == 0
    assert mean_squared_distance(problem.pixels) == pytest.approx(1)
    assert np.allclose(problem.pixels, prepared(pixels, pixel_scale="unit").pixels, atol=1e-9)


def test_a_number_multiplies_the_pixels():
    _, pixels = make_input()
    problem = prepared(pixels, pixel_scale=0.5)
    assert np.array_equal(problem.pixels, pixels * 0.5)
    assert problem.space_offset == 1


@pytest.mark.parametrize("factor", [None, 0.01, 300])
@pytest.mark.parametrize(("squared_distance", "warned"), [(99.9, True), (100.1, False)])
def test_small_distances_are_warned_about(squared_distance, warned, factor):
    _, pixels = make_input()
    pixels *= np.sqrt(squared_distance / mean_squared_distance(pixels)) / (factor or 1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        prepared(pixels, pixel_scale=factor or "raw")
    assert [("pixel_scale='unit'" in str(w.message), w.category) for w in caught] == [
        (True, UserWarning)
    ] * warned


@pytest.mark.parametrize("parameters", [{"beta": 0}, {"pixel_scale": "unit"}, {"pixel_scale": 1e3}])
def test_no_warning_where_the_unit_is_settled(parameters):
    _, pixels = make_input()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepared(pixels / 1000, **parameters)


def map_of_anndata(data, pixels):
    anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")
    spasne.tl.spasne(anndata.AnnData(data, obsm={"spatial": pixels}), n_pcs=0, perplexity=5, max_iter=7)


@pytest.mark.parametrize(
    "call",
    [
        lambda data, pixels: spasne.run_spasne(data, pixels, **SMALL),
        lambda data, pixels: spasne.SpaSNE(perplexity=5, max_iter=7).fit(data, pixels=pixels),
        lambda data, pixels: spasne.SpaSNE(perplexity=5, max_iter=7).fit_transform(data, pixels=pixels),
        map_of_anndata,
    ],
    ids=["run_spasne", "fit", "fit_transform", "tl"],
)
def test_warnings_point_at_the_users_line(real_executable, call):
    data, pixels = make_input()
    with pytest.warns(UserWarning, match="the spatial term nearly vanishes") as caught:
        call(data, pixels / 1000)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("use_pca", [True, False])
def test_pca_start(use_pca):
    data, pixels = make_input()
    problem = prepare.prepare_problem(data, pixels, Parameters(perplexity=5, init="pca", use_pca=use_pca))
    components = pca(data, 2)
    expected = components * 1e-4 / components[:, 0].std()
    assert np.allclose(problem.start, expected, rtol=0, atol=1e-14)


def test_spatial_start_keeps_the_orientation():
    _, pixels = make_input()
    start = prepared(pixels, init="spatial").start
    expected = (pixels - pixels.mean(axis=0)) * 1e-4 / pixels.std(axis=0).max()
    assert np.allclose(start, expected, rtol=0, atol=1e-14)


def test_spatial_start_of_more_columns_than_the_map_takes_the_widest_view():
    pixels = make_input()[1] @ np.array([[1.0, 0.0, 1.0], [0.0, 0.5, 0.2]])
    start = prepared(pixels, init="spatial").start
    components = pca(pixels, 2)
    assert np.allclose(start, components * 1e-4 / components[:, 0].std(), rtol=0, atol=1e-14)


@pytest.mark.parametrize("as_given", [np.asarray, pd.DataFrame, scipy.sparse.csr_matrix])
def test_single_precision_is_kept_until_the_file(stand_in, as_given):
    data, pixels = make_input()
    data = data.astype(np.float32)
    problem = prepare.prepare_problem(as_given(data), pixels, Parameters(**SMALL, use_pca=False))
    assert problem.X.dtype == np.float32
    logbook = stand_in()
    spasne.run_spasne(as_given(data), pixels, **SMALL, use_pca=False)
    assert written(logbook) == pack_case(Case(data.astype(float), pixels, 0.5, 5, 2, 7, 3, 8.0, 2.0, 4.0))


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_points", "parameters", "least", "most"),
    [
        (40_000, {"theta": 0}, 8 * 40_000**2, 8.2 * 40_000**2),
        (40_000, {"method": "barnes_hut"}, 8 * 40_000**2, 8.2 * 40_000**2),
        (40_000, {}, 40_000 * 8 * (10 + 150 * 2.5), 40_000 * 8 * (10 + 150 * 4)),
        (40_000, {"perplexity": 10}, 40_000 * 8 * (10 + 30 * 2.5), 40_000 * 8 * (10 + 30 * 6)),
    ],
)
def test_what_cannot_fit_is_refused(monkeypatch, n_points, parameters, least, most):
    """8 bytes for each pair, or some 23 for each of 3 * perplexity neighbours."""
    data = np.random.default_rng(0).normal(size=(n_points, 10))
    checked = Parameters(**parameters)
    monkeypatch.setattr(prepare, "pca", lambda X, n_components: X[:, :n_components])
    monkeypatch.setattr(memory, "physical_memory", lambda: int(memory.BASE + least))
    with pytest.raises(MemoryError, match=f"found {n_points} points that need about .* GB; use"):
        prepare.prepare_problem(data, None, checked)
    monkeypatch.setattr(memory, "physical_memory", lambda: int(memory.BASE + data.nbytes + most))
    prepare.prepare_problem(data, None, checked)


def test_a_graph_of_ones_own_is_counted():
    size = memory.Size(1000, 10, 2, n_neighbours=150)
    given = memory.Size(1000, 10, 2, n_neighbours=150, given=True)
    assert memory.interpolation_need(given) - memory.interpolation_need(size) == 1000 * 150 * 8


def test_physical_memory_is_that_of_the_machine_or_less():
    present = memory.physical_memory()
    assert 1e8 < present <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_a_containers_limit_counts(tmp_path, monkeypatch):
    (tmp_path / "limit").write_text("123456\n")
    (tmp_path / "none").write_text("max\n")
    files = [str(tmp_path / name) for name in ("none", "limit", "absent")]
    monkeypatch.setattr(memory, "CONTROL_GROUP_LIMITS", files)
    assert memory.physical_memory() == 123456


# --- neighbours -----------------------------------------------------------------------------------


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "ROWS_PER_BLOCK", 7)


def graph_by_loops(distances, k):
    """The k nearest of each row of a dense matrix, nan where there is no entry, without the diagonal."""
    rows = []
    for i, row in enumerate(distances.tolist()):
        found = [(distance, j) for j, distance in enumerate(row) if j != i and distance == distance]
        rows.append(sorted(found)[:k])
    distance, index = np.moveaxis(np.array(rows), 2, 0)
    return index, distance


def random_rows(n=30, seed=0):
    """(n, n) distances with 9 to 15 entries in each row, the diagonal in every other row; the rest nan."""
    random = np.random.default_rng(seed)
    distances = np.full((n, n), np.nan)
    for i in range(n):
        others = np.setdiff1d(np.arange(n), [i])
        columns = random.choice(others, random.integers(9, 16), replace=False)
        distances[i, columns] = random.uniform(0, 5, len(columns))
        distances[i, columns[0]] = 0.0  # a duplicate: a stored zero
        if i % 2:
            distances[i, i] = 0.0
    distances[4, np.flatnonzero(distances[4] >= 0)[9:]] = np.nan  # the shortest row
    return distances


def stored(distances):
    row, column = np.nonzero(~np.isnan(distances))
    return scipy.sparse.coo_matrix((distances[row, column], (row, column)), shape=distances.shape)


@pytest.mark.parametrize("as_given", ["tocsr", "tocsc", "tocoo"])
def test_graph_from_a_sparse_matrix(small_blocks, as_given):
    distances = random_rows()
    graph = given_graph(getattr(stored(distances), as_given)(), 30, 5)
    index, distance = graph_by_loops(distances, 9)
    assert graph.index.dtype == np.int32 and graph.distance.dtype == np.float32
    assert np.array_equal(graph.index, index)
    assert np.array_equal(graph.distance, distance.astype(np.float32))


def test_graph_from_arrays_without_the_points_themselves(small_blocks):
    X, _ = make_input(n=30)
    X[7] = X[3]  # of equal points the search may name the other first
    distance, index = NearestNeighbors(n_neighbors=11).fit(X).kneighbors(X)
    index[0], distance[0] = np.roll(index[0], -1), np.roll(distance[0], -1)  # in any order
    graph = given_graph((index, distance.tolist()), 30, 5)
    distances = np.linalg.norm(X[:, None] - X, axis=2)
    assert np.allclose(graph.distance, graph_by_loops(distances, 10)[1], rtol=1e-6, atol=0)
    assert np.allclose(graph.distance, np.take_along_axis(distances, graph.index, axis=1), rtol=1e-6, atol=0)
    assert not (graph.index == np.arange(30)[:, None]).any()


def test_arrays_without_self_entries_keep_all_columns():
    X, _ = make_input(n=30)
    distance, index = NearestNeighbors(n_neighbors=8).fit(X).kneighbors()
    assert given_graph((index, distance), 30, 5).index.shape == (30, 8)


@pytest.mark.parametrize("method", ["auto", "interpolation"])
def test_a_graph_reaches_the_file(stand_in, method):
    logbook = stand_in()
    data, pixels = make_input()
    distance, index = NearestNeighbors(n_neighbors=9).fit(data).kneighbors()
    spasne.run_spasne(
        data, pixels, **SMALL, theta=0, method=method, neighbors=(index, distance), accuracy=0.01
    )
    packed = written(logbook)
    for tag, payload in {
        "method": b"interpolation",
        "accuracy": np.array(0.01).tobytes(),
        "nbrindex": index.astype("<i4").tobytes(),
        "nbrdist": distance.astype("<f4").tobytes(),
    }.items():
        assert record(tag, payload) in packed


@pytest.mark.parametrize("kind", ["arrays", "matrix"])
def test_the_true_neighbours_give_the_map_that_no_neighbours_give(real_executable, kind):
    data, pixels = make_input(n=200)
    # A few iterations: the map grows 10,000-fold, and with it what rounds differently in single precision.
    shared = {"perplexity": 10, "max_iter": 8, "randseed": 1, "method": "interpolation"}
    distance, index = NearestNeighbors(n_neighbors=31).fit(data).kneighbors(data)
    matrix = kneighbors_graph(data, 31, mode="distance", include_self=True)
    graph = (index, distance) if kind == "arrays" else matrix
    Y = spasne.run_spasne(data, pixels, **shared, neighbors=graph)
    expected = spasne.run_spasne(data, pixels, **shared)
    assert np.abs(Y - expected).max() <= 1e-4 * np.abs(expected).max()


# --- finding the executable -----------------------------------------------------------------------


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Makes each place an executable is looked for in a folder of its own, and fills those named."""
    folders = {
        name: tmp_path / name for name in ("SPASNE_BIN", "SPASNE_BIN_PATH", "beside", "package", "PATH")
    }
    for folder in folders.values():
        folder.mkdir()
    monkeypatch.setattr(executable, "OWN_FOLDERS", (folders["beside"], folders["package"]))
    monkeypatch.setenv("PATH", str(folders["PATH"]))
    monkeypatch.delenv("SPASNE_BIN", raising=False)
    monkeypatch.delenv("SPASNE_BIN_PATH", raising=False)

    def fill(*names):
        for name in names:
            path = folders[name] / "spasne"
            path.write_text("#!/bin/sh\n")
            path.chmod(0o755)
            if name.startswith("SPASNE_BIN"):
                monkeypatch.setenv(name, str(path))
        return folders

    return fill


ORDER = ["SPASNE_BIN", "SPASNE_BIN_PATH", "beside", "package", "PATH"]


@pytest.mark.parametrize("first", range(5), ids=ORDER)
def test_places_are_looked_at_in_order(places, first):
    folders = places(*ORDER[first:])
    assert find_executable() == folders[ORDER[first]] / "spasne"


def test_nowhere_found_says_how_to_build(places):
    places()
    with pytest.raises(RuntimeError, match="found none; build it with `make`.*pip install") as caught:
        find_executable()
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize("variable", ["SPASNE_BIN", "SPASNE_BIN_PATH"])
def test_a_named_executable_that_is_missing_is_not_replaced_by_another(places, monkeypatch, variable):
    folders = places("PATH")
    monkeypatch.setenv(variable, str(folders["beside"] / "other"))
    with pytest.raises(RuntimeError, match=f"other .environment variable {variable}.*found none"):
        find_executable()


def test_a_file_that_may_not_be_executed_is_passed_over(places):
    folders = places("beside", "package")
    (folders["beside"] / "spasne").chmod(0o644)
    assert find_executable() == folders["package"] / "spasne"


def test_the_command_of_an_installation_never_finds_itself(places, capsys):
    places("PATH")
    with pytest.raises(SystemExit) as caught:
        executable.become_executable()
    assert caught.value.code == 1
    assert "this installation holds no executable; build it with `make`" in capsys.readouterr().err


def test_another_version_is_refused(stand_in, temporary_root):
    stand_in(version="0.9.0")
    data, pixels = make_input()
    with pytest.raises(RuntimeError, match=f"expected 'spasne {__version__}'.*found 'spasne 0.9.0'"):
        spasne.run_spasne(data, pixels, **SMALL)
    stand_in()  # in the same place: what was remembered belongs to the other file
    spasne.run_spasne(data, pixels, **SMALL)


def test_a_file_that_is_no_program_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "spasne"
    path.write_bytes(b"\x7fELF of another machine")
    path.chmod(0o755)
    monkeypatch.setenv("SPASNE_BIN", str(path))
    with pytest.raises(RuntimeError, match="cannot be run.*build it with `make`"):
        run_executable([])


# --- failures, and what they leave behind ---------------------------------------------------------


@pytest.mark.parametrize("exit_code", [1, 2, 3])
def test_the_executables_own_message_is_raised(stand_in, temporary_root, exit_code):
    stand_in(f'sys.stderr.write("something before\\nspasne: error: the reason\\n"); sys.exit({exit_code})')
    data, pixels = make_input()
    with pytest.raises(RuntimeError) as caught:
        spasne.run_spasne(data, pixels, **SMALL)
    assert str(caught.value) == "the reason"
    assert caught.value.exit_code == exit_code
    assert list(temporary_root.iterdir()) == []


def test_a_failure_without_message_names_the_exit_code(stand_in):
    stand_in("sys.exit(7)")
    with pytest.raises(RuntimeError, match="exit code 7"):
        run_executable(["--data", "x"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("SIGKILL", "^the executable was ended by SIGKILL; memory may have run out$"),
        ("SIGSEGV", "by SIGSEGV$"),
    ],
)
def test_a_signal_is_named(stand_in, temporary_root, name, message):
    stand_in(f"os.kill(os.getpid(), signal.{name})")
    data, pixels = make_input()
    with pytest.raises(RuntimeError, match=message):
        spasne.run_spasne(data, pixels, **SMALL)
    assert list(temporary_root.iterdir()) == []


def test_a_missing_result_is_an_error(stand_in, temporary_root):
    stand_in("sys.exit(0)")
    data, pixels = make_input()
    with pytest.raises(RuntimeError, match="expected a result file"):
        spasne.run_spasne(data, pixels, **SMALL)
    assert list(temporary_root.iterdir()) == []


def test_a_result_of_another_size_is_an_error(stand_in):
    stand_in("write_result(); pathlib.Path(flags['--result']).write_bytes(struct.pack('<ii', 0, 2))")
    data, pixels = make_input()
    with pytest.raises(RuntimeError, match=r"expected a map of shape \(40, 2\).*found \(0, 2\)"):
        spasne.run_spasne(data, pixels, **SMALL)


def test_what_a_successful_run_says_on_stderr_is_a_warning(stand_in):
    stand_in("write_result(); sys.stderr.write('spasne: warning: look here')")
    data, pixels = make_input()
    with pytest.warns(UserWarning, match="look here"):
        spasne.run_spasne(data, pixels, **SMALL)


def test_much_on_stderr_does_not_stop_the_run(stand_in):
    stand_in("write_result(); print('a line', flush=True); sys.stderr.write('x' * 10**6)")
    data, pixels = make_input()
    with pytest.warns(UserWarning, match="xxx"):
        spasne.run_spasne(data, pixels, **SMALL, verbose=True)


def test_the_folder_is_private_and_removed(stand_in, temporary_root):
    logbook = stand_in(
        """
        write_result()
        folder = pathlib.Path(flags["--data"]).parent
        (logbook / "mode").write_text(f"{folder.stat().st_mode & 0o777:o} {folder}")
        """
    )
    data, pixels = make_input()
    spasne.run_spasne(data, pixels, **SMALL)
    mode, folder = (logbook / "mode").read_text().split()
    assert mode == "700"
    assert Path(folder).parent == temporary_root
    assert list(temporary_root.iterdir()) == []


def wait_for(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SAY_AND_SLEEP = """
(logbook / "new").write_text(str(os.getpid()))
(logbook / "new").rename(logbook / "pid")
time.sleep(60)
"""


@pytest.fixture
def interruptible():
    """An interrupt raises, as in a terminal: shells have it ignored by what they start in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@on_linux
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("verbose", [False, True])
def test_an_interrupt_ends_the_run_and_cleans_up(stand_in, temporary_root, verbose):
    logbook = stand_in(SAY_AND_SLEEP)
    data, pixels = make_input()

    def interrupt():
        wait_for((logbook / "pid").exists)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        spasne.run_spasne(data, pixels, **SMALL, verbose=verbose)
    thread.join()
    assert time.monotonic() - started < 30
    assert not is_running((logbook / "pid").read_text())
    assert list(temporary_root.iterdir()) == []


@on_linux
def test_an_error_while_printing_ends_the_run(stand_in, temporary_root):
    logbook = stand_in("print('a line', flush=True)" + SAY_AND_SLEEP)

    def on_line(line):
        wait_for((logbook / "pid").exists)
        raise BrokenPipeError(line)

    started = time.monotonic()
    with pytest.raises(BrokenPipeError, match="a line"):
        run_executable(["--data", "x"], on_line)
    assert time.monotonic() - started < 30
    assert not is_running((logbook / "pid").read_text())


CALL_AND_WAIT = """
import numpy as np, spasne
random = np.random.default_rng(0)
spasne.run_spasne(random.normal(size=(1500, 20)), random.uniform(0, 1000, (1500, 2)), max_iter=10**6)
"""


def children_at_work(process_id):
    """The children that were given a data file; the first child only answers --version."""
    return [child for child in children(process_id) if b"--data" in command(child)]


@on_linux
def test_the_executable_ends_when_its_parent_is_killed(real_executable, tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen([sys.executable, "-c", CALL_AND_WAIT], env=environment)
    try:
        wait_for(lambda: children_at_work(parent.pid))
        (child,) = children_at_work(parent.pid)
        assert is_running(child)
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not is_running(child))


def test_calls_at_once_never_meet(stand_in):
    stand_in("time.sleep(0.2); write_result()")
    maps = {}

    def call(n):
        data, pixels = make_input(n)
        maps[n] = spasne.run_spasne(data, pixels, **SMALL)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(40, 46)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: len(Y) for n, Y in maps.items()} == {n: n for n in range(40, 46)}


# --- what is shown --------------------------------------------------------------------------------


def test_lines_arrive_while_the_executable_runs(stand_in, tmp_path):
    stand_in(
        """
        print("first", flush=True)
        until = time.monotonic() + 20
        while not (logbook / "seen").exists():
            if time.monotonic() > until:
                sys.exit(1)
            time.sleep(0.02)
        print("second", flush=True)
        """
    )
    seen = []

    def on_line(line):
        seen.append(line)
        (tmp_path / "logbook" / "seen").touch()

    run_executable(["--data", "x"], on_line)
    assert seen == ["first", "second"]


PROGRESS = """
print("Method: exact", flush=True)
print("Iteration 5: error is 1.5 (5 iterations in 0.02 seconds)", flush=True)
write_result()
print("wrote " + flags["--result"], flush=True)
"""


@pytest.mark.parametrize("with_tqdm", [False, True])
def test_verbose_prints_lines_and_a_bar_where_there_is_tqdm(stand_in, capsys, monkeypatch, with_tqdm):
    if with_tqdm:
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)  # a test of notebooks may have left it
    stand_in(PROGRESS)
    data, pixels = make_input()
    spasne.run_spasne(data, pixels, **SMALL, verbose=True)
    out, err = capsys.readouterr()
    assert [line.strip("\r") for line in out.splitlines() if line.strip()][:2] == [
        "Method: exact",
        "Iteration 5: error is 1.5 (5 iterations in 0.02 seconds)"
        + ("" if with_tqdm else ", at most 0 s left"),
    ]
    assert ("6/6" in err) == with_tqdm  # a run that ends early ends with a full bar


def test_nothing_is_printed_by_default(stand_in, capfd):
    stand_in(PROGRESS)
    data, pixels = make_input()
    spasne.run_spasne(data, pixels, **SMALL)
    assert capfd.readouterr() == ("", "")


# --- init_spasne, spasne, load_data ---------------------------------------------------------------


def test_init_spasne_writes_the_file_of_run_spasne(stand_in, tmp_path, capsys):
    logbook = stand_in()
    data, pixels = make_input()
    spasne.run_spasne(data, pixels, 1.0, 2.0, 3.0, 3, 4.0, 0.25, 6, False, 5, True, 8)
    spasne.init_spasne(data, pixels, 1.0, 2.0, 3.0, tmp_path, 3, 5, 4.0, 0.25, 6, True, True, 8)
    assert (tmp_path / "data.dat").read_bytes() == written(logbook)
    assert "40 points, 5 columns, 2 spatial columns" in capsys.readouterr().out


def test_spasne_yields_rows_in_order(stand_in, tmp_path):
    stand_in()
    data, pixels = make_input()
    spasne.init_spasne(data, pixels, 8, 2, 4, tmp_path, perplexity=5)
    rows = spasne.spasne(tmp_path)
    assert [next(rows), next(rows)] == [(0.0, 1.0), (2.0, 3.0)]
    assert len(list(rows)) == 38


def test_load_data_reads_white_space(tmp_path):
    (tmp_path / "table.txt").write_text("1 2.5\n  -3e2\t4 \n")
    assert np.array_equal(spasne.load_data(tmp_path / "table.txt"), [[1, 2.5], [-300, 4]])


# --- with the real executable ---------------------------------------------------------------------


@pytest.mark.parametrize("theta", [0, 0.5])
def test_the_same_seed_gives_the_same_map_on_any_number_of_threads(real_executable, theta):
    data, pixels = make_input(150)
    arguments = {"perplexity": 20, "max_iter": 60, "theta": theta}
    first = spasne.run_spasne(data, pixels, randseed=2, n_jobs=1, **arguments)
    assert np.array_equal(first, spasne.run_spasne(data, pixels, randseed=2, n_jobs=2, **arguments))
    assert not np.allclose(first, spasne.run_spasne(data, pixels, randseed=3, **arguments))


def test_wrapper_and_executable_by_hand_agree(real_executable, spasne_binary, tmp_path):
    data, pixels = make_input(60)
    Y = spasne.run_spasne(data, pixels, perplexity=10, randseed=5, max_iter=30)
    spasne.init_spasne(data, pixels, 8, 2, 4, tmp_path, perplexity=10, randseed=5, max_iter=30)
    assert np.array_equal(np.array(list(spasne.spasne(tmp_path))), Y)
    (tmp_path / "result.dat").unlink()
    subprocess.run([spasne_binary, "--quiet"], cwd=tmp_path, check=True)
    assert (tmp_path / "result.dat").exists()


def test_no_iterations_return_the_start(real_executable):
    data, pixels = make_input(60)
    start = np.random.default_rng(1).normal(size=(60, 2))
    Y = spasne.run_spasne(data, pixels, perplexity=10, max_iter=0, init=start)
    assert np.array_equal(Y, start)


@pytest.mark.parametrize("parameters", [{"init": "pca"}, {"init": "spatial"}, {"pixel_scale": "unit"},
                                        {"global_scale": 0.3}, {"learning_rate": 100}, {"max_step": 0.25},
                                        {"method": "exact"}, {"no_dims": 1}, {"no_dims": 3}])  # fmt: skip
def test_every_parameter_is_understood_by_the_executable(real_executable, parameters):
    data, pixels = make_input(60)
    arguments = {"perplexity": 10, "randseed": 1, "max_iter": 30}
    Y = spasne.run_spasne(data, pixels, **arguments, **parameters)
    assert np.isfinite(Y).all()
    plain = spasne.run_spasne(data, pixels, **arguments)
    assert Y.shape != plain.shape or not np.array_equal(Y, plain)


@pytest.mark.parametrize("case", ["constant column", "duplicated spots", "one column", "smallest n"])
def test_unusual_but_valid_input_gives_a_finite_map(real_executable, case):
    n = 62 if case == "smallest n" else 120
    data, pixels = make_input(n)
    if case == "constant column":
        data[:, 2] = 7
    elif case == "duplicated spots":
        data[1:50], pixels[1:50] = data[0], pixels[0]
    elif case == "one column":
        data = data[:, :1]
    Y = spasne.run_spasne(data, pixels, perplexity=20, max_iter=300, randseed=1)
    assert np.isfinite(Y).all()


def test_report_of_the_real_executable(real_executable):
    data, pixels = make_input(60)
    result = embed(data, pixels, Parameters(perplexity=10, max_iter=20, randseed=1))
    assert result.report["version"] == __version__
    assert (result.report["n_points"], result.report["n_iter"]) == (60, 20)
    assert result.cost_per_point.sum() == pytest.approx(result.report["cost"], rel=1e-9)


def test_progress_of_the_real_executable(real_executable, capsys):
    data, pixels = make_input(60)
    spasne.run_spasne(data, pixels, perplexity=10, max_iter=120, randseed=1, verbose=True)
    out = capsys.readouterr().out
    assert re.findall(r"^Iteration (\d+): error is \d", out, re.MULTILINE) == ["50", "100", "119"]
