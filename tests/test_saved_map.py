"""Maps in one .npz file: what comes back, what cannot be saved, what is no such file."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import spasne
from spasne import SpaSNE, load_map, save_map
from spasne_tools import saved_map
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters
from spasne_tools.saved_map import data_checksum
from spasne_tools.version import __version__

pytestmark = pytest.mark.usefixtures("real_executable")

Y = np.arange(8.0).reshape(4, 2)
QUICK = {"perplexity": 5, "max_iter": 50, "random_state": 1}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "map.npz"


def make_input(n=60):
    random = np.random.default_rng(0)
    return random.normal(size=(n, 8)), random.uniform(0, 1000, size=(n, 2))


# --- maps -----------------------------------------------------------------------------------------


def test_a_bare_map_comes_back(path):
    save_map(path, Y)
    saved = load_map(path)
    assert np.array_equal(saved.Y, Y) and saved.Y.dtype == np.float64
    assert saved.params == {} and saved.provenance.keys() == {"version", "saved"}
    assert saved.provenance["version"] == __version__
    assert saved.labels is saved.index is saved.pixels is saved.cost_per_point is None


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["a", "b", "ü", "layer 4"], ["a", "b", "ü", "layer 4"]),
        (pd.Series([1, 2, 3, 4]), [1, 2, 3, 4]),
        (pd.Series(["a", "b", "a", "b"], dtype="category"), ["a", "b", "a", "b"]),
        (pd.Categorical([3, 1, 1, 3]), [3, 1, 1, 3]),
        (np.array(["x", "y", "z", "w"], dtype=object), ["x", "y", "z", "w"]),
        (np.array([True, False, True, False]), [True, False, True, False]),
    ],
)
def test_rows_come_back(path, labels, expected):
    pixels = pd.DataFrame(np.ones((4, 3)), columns=list("xyz"))
    save_map(path, Y, labels=labels, index=pd.Index(["s1", "s2", "s3", "s4"]), pixels=pixels)
    saved = load_map(path)
    assert saved.labels.tolist() == expected
    assert saved.index.tolist() == ["s1", "s2", "s3", "s4"]
    assert np.array_equal(saved.pixels, np.ones((4, 3)))


def test_parameters_of_any_kind_come_back(path):
    matrix = scipy.sparse.random(4, 5, 0.5, format="coo", random_state=0)
    params = {
        "alpha": np.float64(9.5), "n": np.int32(3), "max_step": np.inf, "init": Y, "on": True, "none": None,
        "text": "ü", "neighbors": matrix, "pair": (Y[:1], [1, "two"]), "nested": {"deep": {"er": Y[0]}},
        "frame": pd.DataFrame(Y),
    }  # fmt: skip
    save_map(path, Y, params)
    found = load_map(path).params
    assert found.keys() == params.keys()
    for name in ("alpha", "n", "max_step", "on", "none", "text"):
        assert found[name] == params[name]
    assert np.array_equal(found["init"], Y) and np.array_equal(found["frame"], Y)
    assert np.array_equal(found["neighbors"].toarray(), matrix.toarray())
    assert np.array_equal(found["pair"][0], Y[:1]) and found["pair"][1] == [1, "two"]
    assert np.array_equal(found["nested"]["deep"]["er"], Y[0])


def test_a_run_comes_back_with_its_provenance(path):
    data, pixels = make_input()
    parameters = Parameters(perplexity=5, max_iter=50, randseed=3)
    made = embed(data, pixels, parameters)
    save_map(path, made, parameters, data=data, pixels=pixels)
    saved = load_map(path)
    assert np.array_equal(saved.Y, made.Y) and np.array_equal(saved.cost_per_point, made.cost_per_point)
    assert saved.params == vars(parameters)
    assert saved.provenance.items() >= made.report.items()
    assert saved.provenance["method"] == "barnes_hut" and saved.provenance["seed"] == 3
    assert {"isa", "threads", "seconds", "cost", "version"} <= saved.provenance.keys()
    assert saved.provenance["data_sha256"] == data_checksum(data)


def test_a_file_is_whole_or_as_it_was(path, monkeypatch):
    save_map(path, Y, {"alpha": 1})

    def fail(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(saved_map.np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        save_map(path, Y + 1)
    assert np.array_equal(load_map(path).Y, Y)
    assert [file.name for file in path.parent.iterdir()] == ["map.npz"]


def test_any_name_and_a_path_as_text(tmp_path):
    save_map(str(tmp_path / "map.spasne"), Y)
    assert np.array_equal(load_map(str(tmp_path / "map.spasne")).Y, Y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": ["a", "b"]}, "expected 4 rows in labels, as in the map, found 2"),
        ({"index": np.ones((4, 2))}, r"expected index with one entry for each row, found shape \(4, 2\)"),
        (
            {"labels": ["a", None, "b", "c"]},
            "expected text or numbers in labels, none missing, found .* NoneType",
        ),
        ({"pixels": np.ones((3, 2))}, "expected 4 rows in pixels, as in the map, found 3"),
        ({"params": {"callback": print}}, "found params.callback of type builtin_function_or_method"),
        ({"params": {"a": [1, object()]}}, "found params.a.1 of type object"),
        ({"params": {"a": np.array([None])}}, "found params.a of type ndarray"),
    ],
)
def test_what_cannot_be_saved(path, arguments, message):
    with pytest.raises(ValueError, match=message):
        save_map(path, Y, **arguments)
    assert not path.exists()


def test_a_map_must_be_one(path):
    with pytest.raises(ValueError, match="expected the map with two dimensions"):
        save_map(path, np.ones(4))
    with pytest.raises(ValueError, match="expected finite numbers in the map"):
        save_map(path, np.full((4, 2), np.nan))


# --- files that are none --------------------------------------------------------------------------


class Harmful:
    def __reduce__(self):
        return pytest.fail, ("a pickle was run",)


def rewritten(path, **changes):
    """A saved map's entries with some replaced (None: left out)."""
    save_map(path, Y, {"init": Y})
    with np.load(path) as file:
        arrays = {**file, **changes}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def header(**changes):
    values = {"format": 1, "params": {}, "provenance": {}, "extra": {}} | changes
    return np.array(json.dumps(values))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no map"),
        lambda path: path.write_bytes(pickle.dumps(Harmful())),
        lambda path: np.savez(path, Y=np.array([Harmful()], dtype=object)),
        lambda path: path.write_bytes(b"PK\x03\x04 cut off"),
        lambda path: np.save(open(path, "wb"), Y),
        lambda path: rewritten(path, spasne=None),
        lambda path: rewritten(path, Y=None),
        lambda path: rewritten(path, Y=np.ones(3)),
        lambda path: rewritten(path, labels=np.ones(3)),
        lambda path: rewritten(path, spasne=np.array("no json")),
        lambda path: rewritten(path, spasne=np.array("[]")),
        lambda path: rewritten(path, spasne=header(format="new")),
        lambda path: rewritten(path, spasne=header(params={"a": {"__array__": "gone"}})),
        lambda path: rewritten(path, **{"params.init": np.array([Harmful()], dtype=object)}),
    ],
)
def test_other_files_are_refused(path, write):
    write(path)
    with pytest.raises(ValueError, match=r"^expected a map written by spasne.save_map in .*map.npz, found "):
        load_map(path)


def test_a_later_format_is_named(path):
    rewritten(path, spasne=header(format=2))
    with pytest.raises(ValueError, match="found format 2, of a later version of spasne"):
        load_map(path)


def test_a_missing_file_is_an_error_of_the_system(path):
    with pytest.raises(FileNotFoundError):
        load_map(path)


# --- checksums ------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 5, 10**6])
def test_checksums_know_numbers_not_types(monkeypatch, block):
    monkeypatch.setattr(saved_map, "HASHED_AT_ONCE", block)
    data = np.arange(12).reshape(4, 3)
    expected = data_checksum(data.astype(float))
    assert {
        data_checksum(kind) for kind in (data, data.tolist(), pd.DataFrame(data), data.astype(np.float32))
    } == {expected}
    others = [data + 1, data.reshape(3, 4), data[::-1], data.T.reshape(4, 3)]
    assert expected not in {data_checksum(other) for other in others}


def test_checksums_of_sparse_data_know_no_order():
    row, column, value = np.array([0, 0, 2]), np.array([2, 0, 1]), np.array([1.0, 2.0, 3.0])
    first = scipy.sparse.coo_matrix((value, (row, column)), shape=(3, 3))
    second = scipy.sparse.csr_matrix((value, column, [0, 2, 2, 3]), shape=(3, 3))
    assert data_checksum(first) == data_checksum(second) == data_checksum(first.tocsc())
    assert data_checksum(first) != data_checksum(first.T)


# --- estimators -----------------------------------------------------------------------------------


@pytest.mark.parametrize("use_pca", [True, False])
@pytest.mark.parametrize("kind", [np.asarray, scipy.sparse.csr_matrix, pd.DataFrame])
def test_an_estimator_comes_back_ready_for_new_points(path, kind, use_pca):
    data, pixels = make_input()
    if kind is pd.DataFrame:
        data = pd.DataFrame(data, columns=[f"gene {k}" for k in range(8)])
    else:
        data = kind(data)
    fitted = SpaSNE(**QUICK, use_pca=use_pca, pixel_scale="unit", init="spatial").fit(data, pixels=pixels)
    fitted.save(path, labels=["a"] * 60, index=range(60))
    loaded = SpaSNE.load(path)
    assert loaded.get_params() == fitted.get_params()
    fitted_names = {name for name in vars(fitted) if name.endswith("_") and not name.startswith("_")}
    assert fitted_names == {name for name in vars(loaded) if name.endswith("_") and not name.startswith("_")}
    for name in fitted_names:
        assert np.array_equal(getattr(loaded, name), getattr(fitted, name))
    new = data[:9] * 1.1 if kind is not pd.DataFrame else data.iloc[:9] * 1.1
    assert np.array_equal(loaded.transform(new, pixels[:9]), fitted.transform(new, pixels[:9]))
    assert np.array_equal(loaded.transform(new), fitted.transform(new))
    saved = load_map(path)
    assert saved.labels.tolist() == ["a"] * 60 and saved.index.tolist() == list(range(60))
    assert saved.params["perplexity"] == 5 and saved.provenance["data_sha256"] == fitted.data_sha256_


def test_arrays_callbacks_and_random_states_of_an_estimator(path):
    data, _ = make_input()
    start = np.random.default_rng(1).normal(size=(60, 2))
    model = SpaSNE(**QUICK | {"random_state": np.random.RandomState(1)}, init=start, callback=print)
    fitted = model.set_params(callback_every=10**6, verbose=0).fit(data)
    fitted.save(path)
    loaded = SpaSNE.load(path)
    assert np.array_equal(loaded.init, start) and loaded.callback is None
    assert loaded.random_state == fitted.seed_
    assert np.array_equal(loaded.fit(data).embedding_, fitted.embedding_)


def test_a_map_alone_is_no_estimator(path):
    save_map(path, Y)
    with pytest.raises(ValueError, match="expected a file written by SpaSNE.save in .* use spasne.load_map"):
        SpaSNE.load(path)


def test_everything_is_public():
    assert {"SpaSNE", "save_map", "load_map"} <= set(spasne.__all__)
