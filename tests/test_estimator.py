"""spasne.SpaSNE: scikit-learn's own checks, and what they leave open."""

import io
import pickle
import warnings
from contextlib import redirect_stdout

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.fixes import parse_version

import spasne
from spasne import SpaSNE
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

pytestmark = pytest.mark.usefixtures("real_executable")

QUICK = {"perplexity": 5, "max_iter": 50}
VERSION = parse_version(sklearn.__version__)
with_set_output = pytest.mark.skipif(VERSION < parse_version("1.2"), reason="set_output: scikit-learn 1.2")
with_routing = pytest.mark.skipif(
    VERSION < parse_version("1.4"), reason="metadata routing in a Pipeline: scikit-learn 1.4"
)


@pytest.fixture
def routing():
    sklearn.set_config(enable_metadata_routing=True)
    yield
    sklearn.set_config(enable_metadata_routing=False)


def make_input(n=60):
    random = np.random.default_rng(0)
    return random.normal(size=(n, 8)), random.uniform(0, 1000, size=(n, 2))


def as_frames(data, pixels):
    names = [f"spot {row}" for row in range(len(data))]
    genes = [f"gene {column}" for column in range(data.shape[1])]
    return pd.DataFrame(data, names, genes), pd.DataFrame(pixels, names, ["x", "y"])


@parametrize_with_checks(
    [
        SpaSNE(perplexity=2, max_iter=20),
        SpaSNE(1, perplexity=2, max_iter=20, theta=0, init="pca", use_pca=False, alpha=1),
        SpaSNE(perplexity=2, max_iter=20, method="interpolation", global_scale=0.5),
    ]
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


# --- one path with run_spasne ---------------------------------------------------------------------


def test_the_map_is_that_of_run_spasne():
    data, pixels = make_input()
    fitted = SpaSNE(**QUICK, random_state=3).fit(data, pixels=pixels)
    assert np.array_equal(fitted.embedding_, spasne.run_spasne(data, pixels, **QUICK, randseed=3))
    assert np.array_equal(
        SpaSNE(**QUICK, random_state=3).fit_transform(data, pixels=pixels), fitted.embedding_
    )


def test_every_parameter_of_run_spasne_is_passed_on():
    given = {
        "alpha": 1, "beta": 2.5, "perplexity": 3, "learning_rate": "auto", "max_iter": 7, "theta": 0.1,
        "init": "pca", "method": "exact", "n_jobs": 2, "use_pca": False, "initial_dims": 4, "max_step": 0.5,
        "global_scale": 0.2, "pixel_scale": "unit", "neighbors": "approximate", "accuracy": 0.01,
        "callback": print, "callback_every": 3, "descent": "published",
    }  # fmt: skip
    renamed = {"no_dims": 3, "exaggeration": 5, "randseed": 6}
    made = SpaSNE(3, early_exaggeration=5, random_state=6, **given)._parameters()
    assert made == Parameters(**given, **renamed)
    # sections are rows' labels, not a parameter of an estimator
    assert given.keys() | renamed.keys() == Parameters.__dataclass_fields__.keys() - {"sections"}


def test_defaults_are_those_of_run_spasne():
    defaults = vars(SpaSNE(random_state=0)._parameters())
    assert defaults == vars(Parameters(randseed=0))


@pytest.mark.parametrize("method", ["exact", "barnes_hut", "interpolation"])
def test_costs_and_report(method):
    data, pixels = make_input()
    fitted = SpaSNE(**QUICK, random_state=3, method=method).fit(data, pixels=pixels)
    report = embed(data, pixels, Parameters(**QUICK, randseed=3, method=method)).report
    assert fitted.report_["method"] == method
    assert (fitted.n_iter_, fitted.seed_) == (report["n_iter"], 3)
    assert fitted.kl_divergence_ == fitted.cost_local_ == report["cost_local"]
    parts = fitted.cost_local_, fitted.cost_global_, fitted.cost_space_
    assert min(parts) > 0
    assert sum(parts) == pytest.approx(fitted.cost_, rel=1e-12)
    assert fitted.cost_per_point_.sum() == pytest.approx(fitted.cost_, rel=1e-9)


def test_without_pixels_there_is_no_spatial_cost():
    data, _ = make_input()
    fitted = SpaSNE(**QUICK, random_state=3).fit(data)
    assert fitted.cost_space_ == 0
    assert np.array_equal(fitted.embedding_, spasne.run_spasne(data, **QUICK, randseed=3))


@pytest.mark.parametrize("kind", ["frame", "csr", "coo", "single", "integers"])
def test_any_kind_of_matrix(kind):
    data, pixels = make_input()
    data = np.round(data * 3)
    as_given = {
        "frame": lambda: as_frames(data, pixels)[0],
        "csr": lambda: scipy.sparse.csr_matrix(data),
        "coo": lambda: scipy.sparse.coo_matrix(data),
        "single": lambda: data.astype(np.float32),
        "integers": lambda: data.astype(int),
    }[kind]()
    fitted = SpaSNE(**QUICK, random_state=3, use_pca=False).fit(as_given, pixels=pixels)
    expected = spasne.run_spasne(data, pixels, **QUICK, randseed=3, use_pca=False)
    assert np.array_equal(fitted.embedding_, expected)
    assert np.array_equal(fitted.transform(as_given, pixels), expected)


def test_verbose_prints_and_callbacks_are_called():
    data, _ = make_input()
    seen, out = [], io.StringIO()
    model = SpaSNE(**QUICK, verbose=1, callback=lambda n_iter, *_: seen.append(n_iter), callback_every=20)
    with redirect_stdout(out):
        model.fit(data)
    assert seen == [20, 40, 50]
    assert "method barnes_hut" in out.getvalue()


# --- random_state ---------------------------------------------------------------------------------


def test_a_random_state_is_drawn_from():
    data, _ = make_input()
    state = np.random.RandomState(4)
    first, second = (SpaSNE(**QUICK, random_state=state).fit(data) for _ in range(2))
    assert first.seed_ != second.seed_
    again = SpaSNE(**QUICK, random_state=np.random.RandomState(4)).fit(data)
    assert again.seed_ == first.seed_ and np.array_equal(again.embedding_, first.embedding_)
    by_seed = SpaSNE(**QUICK, random_state=first.seed_).fit(data)
    assert np.array_equal(by_seed.embedding_, first.embedding_)


def test_none_draws_from_numpys_global_state():
    data, _ = make_input()
    np.random.seed(5)  # noqa: NPY002
    first, second = SpaSNE(**QUICK).fit(data), SpaSNE(**QUICK).fit(data)
    assert first.seed_ != second.seed_
    np.random.seed(5)  # noqa: NPY002
    assert np.array_equal(SpaSNE(**QUICK).fit(data).embedding_, first.embedding_)


@pytest.mark.parametrize("as_given", [np.asarray, pd.DataFrame, np.ndarray.tolist])
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_positions_passed_as_y_are_warned_about(as_given, method):
    data, pixels = make_input()
    model = SpaSNE(**QUICK)
    with pytest.warns(UserWarning, match="^y is ignored; positions are passed as pixels=$") as caught:
        getattr(model, method)(data, as_given(pixels))
    assert [warning.filename for warning in caught] == [__file__]
    assert model.cost_space_ == 0


@pytest.mark.parametrize(
    "y", [np.arange(60), np.ones((60, 1)), [["a", "b"]] * 60, [[1, 2], [1]], np.ones((60, 2)) > 0]
)
def test_any_other_y_is_ignored_without_a_word(y):
    data, pixels = make_input()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "y is ignored")
        SpaSNE(**QUICK).fit(data, y)
        SpaSNE(**QUICK).fit(data, pixels, pixels=pixels)


@pytest.mark.parametrize("random_state", [np.int64(3), np.uint8(3)])
def test_integers_of_any_kind_are_seeds(random_state):
    assert SpaSNE(random_state=random_state)._parameters().randseed == 3


@pytest.mark.parametrize("random_state", [-1, 2**31, "seed"])
def test_what_is_no_random_state(random_state):
    with pytest.raises(
        ValueError, match=r"random_state to be an integer of 0 to 2147483647|cannot be used to seed"
    ):
        SpaSNE(**QUICK, random_state=random_state).fit(make_input()[0])


# --- errors ---------------------------------------------------------------------------------------


def test_too_high_a_perplexity_names_the_remedy():
    with pytest.raises(
        ValueError,
        match=r"expected perplexity at most \(n - 1\) / 3 = 19.6667 for 60 points, found 50; use a lower "
        "perplexity or more points",
    ):
        SpaSNE().fit(make_input()[0])


@pytest.mark.parametrize("name", ["alpha", "max_iter", "method", "n_jobs", "callback_every"])
def test_parameters_are_checked_by_the_one_validator(name):
    with pytest.raises(ValueError, match=f"expected {name} to be"):
        SpaSNE(**(QUICK | {name: -7})).fit(make_input()[0])


def test_frames_in_different_order_are_refused():
    data, pixels = as_frames(*make_input())
    with pytest.raises(ValueError, match="expected pixels in the row order of data"):
        SpaSNE(**QUICK).fit(data, pixels=pixels[::-1])
    fitted = SpaSNE(**QUICK).fit(data, pixels=pixels)
    with pytest.raises(ValueError, match="expected pixels_new in the row order of data"):
        fitted.transform(data, pixels[::-1])


def test_new_rows_must_match():
    data, pixels = make_input()
    fitted = SpaSNE(**QUICK).fit(data, pixels=pixels)
    with pytest.raises(ValueError, match="X has 7 features, but SpaSNE is expecting 8"):
        fitted.transform(data[:, 1:], pixels)
    with pytest.raises(ValueError, match="expected 60 rows in pixels_new, as in data, found 59"):
        fitted.transform(data, pixels[1:])
    with pytest.raises(ValueError, match="expected 2 columns in pixels_new, as in fit, found 3"):
        fitted.transform(data, np.ones((60, 3)))
    with pytest.raises(ValueError, match="expected pixels_new to be None, as in fit, found 2 columns"):
        SpaSNE(**QUICK).fit(data).transform(data, pixels)


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.transform(make_input()[0]),
        lambda model: model.get_feature_names_out(),
        lambda model: model.save("map.npz"),
    ],
)
def test_unfitted_estimators_say_so(use):
    with pytest.raises(NotFittedError):
        use(SpaSNE())


# --- the scientific Python around it --------------------------------------------------------------


def test_names_in_and_out():
    data, pixels = as_frames(*make_input())
    fitted = SpaSNE(3, **QUICK).fit(data, pixels=pixels)
    assert fitted.get_feature_names_out().tolist() == ["spasne0", "spasne1", "spasne2"]
    assert fitted.get_feature_names_out().dtype == object
    assert fitted.feature_names_in_.tolist() == list(data.columns)
    assert fitted.n_features_in_ == 8


@with_set_output
def test_set_output_gives_frames():
    data, pixels = as_frames(*make_input())
    model = SpaSNE(**QUICK, random_state=1).set_output(transform="pandas")
    made = model.fit_transform(data, pixels=pixels)
    assert list(made.columns) == ["spasne0", "spasne1"] and made.index.equals(data.index)
    placed = model.transform(data[:5], pixels[:5])
    assert placed.equals(made[:5])


def test_clone_and_pickle():
    data, pixels = make_input()
    fitted = SpaSNE(**QUICK, random_state=1, init="spatial").fit(data, pixels=pixels)
    copy = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(copy.embedding_, fitted.embedding_)
    assert np.array_equal(copy.transform(data + 0.1, pixels), fitted.transform(data + 0.1, pixels))
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params() and not hasattr(fresh, "embedding_")


def pipeline(step):
    return Pipeline([("scale", StandardScaler()), ("spasne", step)])


def test_pixels_reach_the_last_step_of_a_pipeline():
    data, pixels = make_input()
    step = SpaSNE(**QUICK, random_state=1)
    Y = pipeline(step).fit_transform(data, spasne__pixels=pixels)
    assert np.array_equal(Y, clone(step).fit_transform(StandardScaler().fit_transform(data), pixels=pixels))


@with_routing
def test_pixels_are_routed_through_a_pipeline(routing):
    data, pixels = make_input()
    step = SpaSNE(**QUICK, random_state=1)
    expected = clone(step).fit(StandardScaler().fit_transform(data), pixels=pixels)
    routed = step.set_fit_request(pixels=True).set_transform_request(pixels_new=True)
    model = pipeline(routed)
    assert np.array_equal(model.fit_transform(data, pixels=pixels), expected.embedding_)
    assert np.array_equal(model.fit(data, pixels=pixels)["spasne"].embedding_, expected.embedding_)
    new = StandardScaler().fit(data).transform(data[:7] + 0.2)
    assert np.array_equal(
        model.transform(data[:7] + 0.2, pixels_new=pixels[:7]), expected.transform(new, pixels[:7])
    )
    with pytest.raises(Exception, match="pixels"):
        pipeline(SpaSNE(**QUICK)).fit(data, pixels=pixels)


def test_sections(real_executable):
    """As of run_spasne; new rows have no positions, for each section has a frame of its own."""
    rng = np.random.default_rng(4)
    X, pixels = rng.normal(size=(40, 5)), rng.uniform(0, 1000, size=(40, 2))
    sections = np.array(["a", "b"])[np.arange(40) % 2]
    settings = {"perplexity": 8, "max_iter": 30}
    model = SpaSNE(random_state=3, **settings)
    Y = model.fit_transform(X, pixels=pixels, sections=sections)
    expected = spasne.run_spasne(X, pixels, randseed=3, sections=sections, **settings)
    np.testing.assert_array_equal(Y, expected)
    assert model.transform(X[:2] + 1).shape == (2, 2)
    with pytest.raises(ValueError, match="expected pixels_new to be None on a map of several sections"):
        model.transform(X[:2], pixels[:2])
    with pytest.raises(ValueError, match="expected 40 rows in sections"):
        model.fit(X, pixels=pixels, sections=sections[:-1])
