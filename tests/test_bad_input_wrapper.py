"""Each kind of bad input is a ValueError that says what was expected and found, before any work."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import spasne
from spasne_tools.run.parameters import Parameters, check_parameters


@pytest.fixture(autouse=True)
def no_work(monkeypatch):
    """No executable and no PCA within reach: an error that comes late is another error."""

    def refuse(*_, **__):
        raise AssertionError("work was begun")

    monkeypatch.setattr("spasne_tools.run.prepare.pca", refuse)
    monkeypatch.setattr("spasne_tools.run.embedding.run_executable", refuse)
    monkeypatch.setattr("spasne_tools.run.embedding.write_data_file", refuse)


def make_data(n=40, n_columns=6):
    return np.random.default_rng(0).normal(size=(n, n_columns))


def make_pixels(n=40):
    return np.random.default_rng(1).uniform(0, 1000, size=(n, 2))


def replaced(array, value):
    array = array.astype(type(value) if isinstance(value, complex) else object)
    array[3, 1] = value
    return array


def refused(message, data=None, pixels=None, **arguments):
    data = make_data() if data is None else data
    pixels = make_pixels() if pixels is None else pixels
    with pytest.raises(ValueError, match=message) as caught:
        spasne.run_spasne(data, pixels, **{"perplexity": 5, **arguments})
    assert str(caught.value).startswith("expected ")
    assert "found" in str(caught.value)


NAMES = [f"spot {row}" for row in range(40)]
BAD_MATRICES = {
    "nan": (lambda X: replaced(X, np.nan), "finite numbers in {}, found 1 that"),
    "infinite": (lambda X: replaced(X, -np.inf), "finite numbers in {}, found 1 that"),
    "text": (lambda X: replaced(X, "many"), "numbers in {}, found something else"),
    "none": (lambda X: None if X is None else replaced(X, None), "finite numbers in {}"),
    "numbers as text": (lambda X: X.astype(str), "real numbers in {}, found type <U"),
    "complex": (lambda X: replaced(X, 1j), "real numbers in {}, found type complex"),
    "dates": (lambda X: X.astype("datetime64[s]"), "real numbers in {}, found type datetime64"),
    "masked": (lambda X: np.ma.masked_greater(X, np.sort(X.ravel())[-4]), "finite numbers in {}, found 3"),
    "one-dimensional": (lambda X: X[:, 0], "two dimensions"),
    "three-dimensional": (lambda X: X[:, :, None], "two dimensions"),
    "ragged": (lambda X: [[1.0, 2.0], *X[1:].tolist(), [3.0]], "{} with rows of equal length"),
    "no rows": (lambda X: X[:0], "at least one row and one column, found shape .0, "),
    "no columns": (lambda X: X[:, :0], "at least one row and one column, found shape .40, 0"),
    "frame with text": (
        lambda X: pd.DataFrame(X).assign(layer="L1"),
        "numbers in every column of {}, found (column 'layer'|something else)",
    ),
    "frame with dates": (
        lambda X: pd.DataFrame(X).assign(day=pd.Timestamp("2020-02-02")),
        "every column of {}, found column 'day' of type datetime",
    ),
    "frame with complex numbers": (
        lambda X: pd.DataFrame(X).assign(z=1j),
        "every column of {}, found column 'z' of type complex",
    ),
    "frame with a gap": (
        lambda X: pd.DataFrame(X).astype("Float64").mask(X > X.max() - 1e-9),
        "finite numbers in {}",
    ),
    "a number": (lambda X: 3.0, "two dimensions, found shape .."),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "message"), BAD_MATRICES.values(), ids=BAD_MATRICES)
def test_bad_data(spoil, message):
    refused(message.format("data"), data=spoil(make_data()))


@pytest.mark.parametrize(("spoil", "message"), BAD_MATRICES.values(), ids=BAD_MATRICES)
def test_bad_pixels(spoil, message):
    refused(message.format("pixels"), pixels=spoil(make_pixels()))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_sparse_data_that_are_not_finite(value):
    data = scipy.sparse.random(40, 6, density=0.5, random_state=0, format="csr")
    data.data[7] = value
    refused("finite numbers in data, found 1", data=data)


def test_sparse_complex_data():
    refused("real numbers in data", data=scipy.sparse.csr_matrix(make_data() * 1j))


BAD_SECTIONS = {
    "too few": (["a", "b"] * 19, "40 rows in sections, as in data, found 38"),
    "too many": (np.zeros(41), "40 rows in sections, as in data, found 41"),
    "a gap": (["a"] * 39 + [None], "section of every row, found 1 missing"),
    "nan": ([np.nan, 1, "b", np.nan] * 10, "section of every row, found 20 missing"),
    "missing category": (pd.Categorical(["a", None] * 20), "section of every row, found 20 missing"),
    "two columns": (np.zeros((40, 2)), "one label per row"),
    "lists": ([["a"], ["b"]] * 20, "one label per row"),
    "a name": ("sample", "40 rows in sections, as in data, found 1"),
    "one row in each": (range(40), "two rows or more, found one row in each"),
}


@pytest.mark.parametrize(("sections", "message"), BAD_SECTIONS.values(), ids=BAD_SECTIONS)
def test_bad_sections(sections, message):
    refused(message, sections=sections)


def test_sections_in_another_order():
    data, sections = pd.DataFrame(make_data(), NAMES), pd.Series(["a", "b"] * 20, NAMES)
    refused("sections in the row order of data", data=data, sections=sections[::-1])


def test_one_position_in_each_section_without_a_unit():
    sections = np.arange(40) % 2
    pixels = sections[:, None] * [1, 2]
    refused("differ within a section", pixels=pixels, sections=sections, pixel_scale="unit")


INDEX = np.argsort(np.linalg.norm(make_data()[:, None] - make_data(), axis=2), axis=1)[:, 1:11]
DISTANCE = np.ones(INDEX.shape)
LONE_ROW = scipy.sparse.csr_matrix(([1.0], ([3], [4])), shape=(40, 40))
BAD_NEIGHBORS = {
    "unknown name": ("annoy", "neighbors to be .*'approximate' or .indices, distances."),
    "one array": (INDEX, "neighbors as .indices, distances. .* found ndarray"),
    "three arrays": ((INDEX, DISTANCE, DISTANCE), "neighbors as .indices, distances. .* found tuple"),
    "ragged": (([[1, 2], [3]], [[1.0, 2.0], [3.0]]), "neighbors as .indices, distances."),
    "indices that are no integers": ((INDEX * 1.0, DISTANCE), "found types float64 and float64"),
    "distances as text": ((INDEX, DISTANCE.astype(str)), "found types int64 and <U"),
    "two shapes": ((INDEX, DISTANCE[:, 1:]), r"found shapes \(40, 10\) and \(40, 9\)"),
    "too few rows": ((INDEX[1:], DISTANCE[1:]), "40 rows as in data"),
    "no columns": ((INDEX[:, :0], DISTANCE[:, :0]), "found shapes"),
    "index too large": ((INDEX + 1, DISTANCE), "between 0 and 39, found 1 to 40"),
    "index below 0": ((INDEX - 1, DISTANCE), "between 0 and 39, found -1 to 38"),
    "distance below 0": ((INDEX, -DISTANCE), "distances of neighbors between 0 and"),
    "distance nan": ((INDEX, DISTANCE * np.nan), "distances of neighbors between 0 and .* found nan"),
    "distance too large": ((INDEX, DISTANCE * 1e39), "distances of neighbors between 0 and"),
    "one neighbour twice": ((INDEX[:, [0, 1, 2, 3, 4, 4]], DISTANCE[:, :6]), "one twice in row 0"),
    "too few columns": ((INDEX[:, :4], DISTANCE[:, :4]), "perplexity = 5 neighbors .* found a point with 4"),
    "too few beside itself": (
        (np.column_stack([np.arange(40), INDEX[:, :4]]), DISTANCE[:, :5]),
        "found a point with 4",
    ),
    "matrix of another shape": (LONE_ROW[:, :39], r"of shape \(40, 40\), found \(40, 39\)"),
    "complex matrix": (LONE_ROW * 1j, "found type complex128"),
    "matrix below 0": (-LONE_ROW, "distances of neighbors between 0 and"),
    "matrix with empty rows": (LONE_ROW, "found a point with 0"),
}


@pytest.mark.parametrize(("neighbors", "message"), BAD_NEIGHBORS.values(), ids=BAD_NEIGHBORS)
def test_bad_neighbors(neighbors, message):
    refused(message, neighbors=neighbors)


@pytest.mark.parametrize("method", ["exact", "barnes_hut"])
@pytest.mark.parametrize("neighbors", ["approximate", (INDEX, DISTANCE)], ids=["approximate", "arrays"])
def test_neighbors_for_a_method_without(method, neighbors):
    refused(
        f"method 'auto' or 'interpolation' with neighbors, found '{method}'",
        method=method,
        neighbors=neighbors,
    )


@pytest.mark.parametrize("accuracy", [0, -1e-3, 1, 2.0, np.nan, "high", True])
def test_bad_accuracy(accuracy):
    refused("expected accuracy", accuracy=accuracy)


def test_sparse_pixels():
    refused("expected pixels to be dense", pixels=scipy.sparse.csr_matrix(make_pixels()))


@pytest.mark.parametrize("as_given", [np.asarray, scipy.sparse.csr_matrix, pd.DataFrame])
def test_constant_data(as_given):
    refused("at least one column that varies", data=as_given(np.ones((40, 1)) * np.arange(1.0, 7.0)))


@pytest.mark.parametrize("n_pixels", [38, 41])
def test_another_number_of_pixels(n_pixels):
    refused(f"expected 40 rows in pixels, as in data, found {n_pixels}", pixels=make_pixels(n_pixels))


@pytest.mark.parametrize("as_given", [np.asarray, scipy.sparse.csr_matrix])
def test_data_too_large_to_be_summed(as_given):
    data = np.where(np.arange(40)[:, None] < 2, 1.7e308, -1.7e308) * np.ones(6)
    refused("expected numbers of at most 5e.307 in data", data=as_given(data), use_pca=False)


def test_pixels_too_large_to_be_squared():
    refused("expected pixels whose squares can be summed", pixels=make_pixels() * 1e200)


def test_frames_with_another_index():
    data = pd.DataFrame(make_data(), index=NAMES)
    pixels = pd.DataFrame(make_pixels(), index=[*NAMES[:5], "other", *NAMES[6:]])
    refused("found 'other' in place of 'spot 5' in row 5; .*to_numpy", data=data, pixels=pixels)


def test_frames_of_which_one_has_no_names():
    refused("to_numpy", data=pd.DataFrame(make_data(), index=NAMES), pixels=pd.DataFrame(make_pixels()))


def test_frames_in_another_order():
    data = pd.DataFrame(make_data(), index=NAMES)
    pixels = pd.DataFrame(make_pixels(), index=NAMES[::-1])
    refused("row order of data.*pixels.loc.data.index.", data=data, pixels=pixels)


def test_perplexity_too_large_names_the_largest():
    refused("expected perplexity at most .n - 1. / 3 = 13 for 40 points, found 13.1", perplexity=13.1)


NOT_NEGATIVE, POSITIVE = (
    [-1, np.nan, np.inf, "2", None, [1, 2], True],
    [0, -1, np.nan, np.inf, "2", None, True],
)
BAD_VALUES = {
    "alpha": NOT_NEGATIVE,
    "beta": NOT_NEGATIVE,
    "theta": NOT_NEGATIVE,
    "exaggeration": POSITIVE,
    "perplexity": POSITIVE,
    "global_scale": [*POSITIVE, 1e101, 1e-101],
    "no_dims": [0, -1, 4, 2.0, "2", None, True, 2**31],
    "max_iter": [-1, 10.0, "10", None, 2**31],
    "initial_dims": [-1, 5.0, "5", None],
    "randseed": [1.0, "1", None, 2**31],
    "method": ["fast", "", None, 3],
    "n_jobs": [0, -2, 1.5, "2", True, 5000],
    "learning_rate": [0, -1, np.nan, np.inf, "fast", [1]],
    "max_step": [0, -1, np.nan, "auto"],
    "pixel_scale": [0, -1, np.nan, np.inf, "micrometres", None],
    "init": ["tsne", None],
    "use_pca": ["no", "", 1, 0, None],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD_VALUES.items() for value in values]
)
def test_bad_parameter(name, value):
    refused(name, **{name: value})


def test_barnes_hut_needs_theta():
    refused("^expected theta above 0 for method barnes_hut, found 0$", method="barnes_hut", theta=0.0)


def test_truth_values_of_numpy_are_taken():
    check_parameters(Parameters(use_pca=np.bool_(False)))


@pytest.mark.parametrize("init", [np.zeros((40, 3)), np.zeros((39, 2)), np.zeros(40)])
def test_start_of_another_shape(init):
    refused("expected init (of shape .40, 2.|with two dimensions)", init=init)


def test_start_that_is_not_finite():
    refused("finite numbers in init", init=np.full((40, 2), np.nan))


def test_start_whose_squares_overflow():
    refused("at most 1e.100 in init, found 1e.200", init=np.full((40, 2), 1e200))


@pytest.mark.parametrize("scale", ["raw", 1e200])
def test_pixels_whose_squares_overflow(scale):
    pixels = np.full((40, 2), 1e150 if scale == "raw" else 1.0)
    refused("at most 1e.140 in pixels", pixels=pixels, pixel_scale=scale)


def test_spatial_start_without_pixels():
    with pytest.raises(ValueError, match="expected pixels for init='spatial', found none"):
        spasne.run_spasne(make_data(), perplexity=5, init="spatial")


def test_spatial_start_with_too_few_columns():
    refused("expected at least no_dims = 3 columns in pixels", init="spatial", no_dims=3)


@pytest.mark.parametrize("arguments", [{"pixel_scale": "unit"}, {"init": "spatial", "beta": 0}])
def test_pixels_all_the_same(arguments):
    refused("differ", pixels=np.ones((40, 2)), **arguments)


def test_pca_start_with_too_few_columns():
    refused("at least no_dims = 2 columns in data .*, found 1", data=make_data()[:, :1], init="pca")
    refused("at least no_dims = 2 columns in data .*, found 1", init="pca", initial_dims=1)


@pytest.mark.parametrize("workdir", ["missing", "file"])
def test_init_spasne_into_no_folder(tmp_path, workdir):
    (tmp_path / "file").touch()
    with pytest.raises(
        ValueError, match=f"expected workdir to be a folder that can be written to.*{workdir}"
    ):
        spasne.init_spasne(make_data(), make_pixels(), 8, 2, 4, tmp_path / workdir, perplexity=5)


def test_init_spasne_checks_its_input(tmp_path):
    with pytest.raises(ValueError, match="expected alpha"):
        spasne.init_spasne(make_data(), make_pixels(), -1, 2, 4, tmp_path, perplexity=5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "\n\n", "1 2\n3\n", "1 two\n"])
def test_load_data_of_no_table(tmp_path, content):
    (tmp_path / "table.txt").write_text(content)
    with pytest.raises(ValueError, match="expected a table of numbers, found"):
        spasne.load_data(tmp_path / "table.txt")
