"""For any input a finite map or a ValueError; and maps that do not depend on what they must not."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from data_layout import pack_case
from random_cases import random_case

hypothesis = pytest.importorskip("hypothesis", reason="property tests need the extra 'test'")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra.numpy import arrays  # noqa: E402

import spasne  # noqa: E402

seeded = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
few = settings(seeded, max_examples=25)
many = settings(seeded, max_examples=100)

NUMBER_TYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", "g", ">f8", ">i4"]


def spread(array, axis, step):
    """The same numbers, `step` places apart in memory along an axis."""
    shape = list(array.shape)
    shape[axis] *= step
    wide = np.zeros(shape, array.dtype)
    part = tuple(slice(None, None, step if k == axis else 1) for k in range(array.ndim))
    wide[part] = array
    return wide[part]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def unaligned(array):
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:]
    copy = memory.view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def with_categories(array):
    array = array.astype("f8")
    return pd.DataFrame({column: pd.Categorical(array[:, column]) for column in range(array.shape[1])})


def nullable(array):
    return pd.DataFrame(array.astype("f8")).astype("Float64")


LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided rows": lambda array: spread(array, 0, 2),
    "strided columns": lambda array: spread(array, 1, 3),
    "reversed": lambda array: array[::-1, ::-1],
    "read-only": read_only,
    "unaligned": unaligned,
    "objects": lambda array: array.astype(object),
    "list": lambda array: array.tolist(),
    "memory view": memoryview,
    "masked": np.ma.masked_invalid,
    "DataFrame": pd.DataFrame,
    "names twice": lambda array: pd.DataFrame(array, columns=["gene"] * array.shape[1]),
    "names of many kinds": lambda array: pd.DataFrame(
        array, columns=[("a", 1), 2.5, None, "x", 7][: array.shape[1]]
    ),
    "levels": lambda array: pd.DataFrame(
        array, columns=pd.MultiIndex.from_product([["g"], range(array.shape[1])])
    ),
    "index twice": lambda array: pd.DataFrame(array, index=["spot"] * len(array)),
    "index of dates": lambda array: pd.DataFrame(array, index=pd.date_range("2020", periods=len(array))),
    "index with gaps": lambda array: pd.DataFrame(array, index=[None, *range(1, len(array))]),
    "nullable": nullable,
    "categories": with_categories,
    "csr": lambda array: scipy.sparse.csr_matrix(array.astype("f8")),
    "csc": lambda array: scipy.sparse.csc_matrix(array.astype("f8")),
    "coo": lambda array: scipy.sparse.coo_matrix(array.astype("f8")),
    "sparse array": lambda array: scipy.sparse.csr_array(array.astype("f8")),
    "sparse frame": lambda array: pd.DataFrame(array.astype("f8")).astype("Sparse[float64]"),
}  # fmt: skip


@st.composite
def tables(draw, n_rows, most_columns):
    """A table of finite numbers of any type in any layout; often plain, sometimes extreme."""
    dtype = np.dtype(draw(st.sampled_from(NUMBER_TYPES)))
    shape = (n_rows, draw(st.integers(1, most_columns)))
    if draw(st.booleans()):
        array = np.random.default_rng(draw(st.integers(0, 99))).uniform(0, 100, shape).astype(dtype)
    else:
        elements = {"allow_nan": False, "allow_infinity": False} if dtype.kind == "f" else {}
        stored = "f8" if dtype == np.dtype("g") else dtype
        array = draw(arrays(stored, shape, elements=elements)).astype(dtype)
    return LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](array)


@pytest.fixture(autouse=True)
def use_real_executable(real_executable):
    pass


@many
@given(st.data())
def test_a_finite_map_or_a_value_error(drawn):
    n_points = drawn.draw(st.one_of(st.integers(1, 8), st.integers(7, 12)))
    data = drawn.draw(tables(n_points, 5))
    n_pixels = drawn.draw(st.sampled_from([n_points] * 9 + [n_points + 1]))
    pixels = drawn.draw(st.one_of(st.none(), tables(n_pixels, 3)))
    parameters = {
        "method": drawn.draw(st.sampled_from(["auto", "exact", "interpolation"])),
        "no_dims": drawn.draw(st.integers(1, 2)),
        "use_pca": drawn.draw(st.booleans()),
        "pixel_scale": drawn.draw(st.sampled_from(["raw", "unit", 3])),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=UserWarning)  # counts, tiny distances
        try:
            Y = spasne.run_spasne(data, pixels, perplexity=2, max_iter=2, randseed=1, n_jobs=1, **parameters)
        except ValueError as error:
            assert str(error).startswith("expected ") and ", found " in str(error)
            return
    assert Y.shape == (n_points, parameters["no_dims"]) and Y.dtype == np.float64
    assert np.isfinite(Y).all()


# --- what a map does not depend on ----------------------------------------------------------------

ROUNDING = 1e-9  # of the map's size after few iterations
SINGLE = 1e-6  # where positions enter in single precision, as the charges of `interpolation`


def few_iterations(seed, n_points, **options):
    start = np.random.default_rng(seed).normal(size=(n_points, 2))
    options = {"theta": 0.0, "max_iter": 3, "perplexity": 3.0, "init": start, **options}
    return random_case(seed, n_points, n_features=4, **options)


def assert_same_map(found, expected, rounding=ROUNDING):
    np.testing.assert_allclose(found, expected, rtol=0, atol=rounding * np.abs(expected).max())


@few
@given(seed=st.integers(0, 999), n_points=st.integers(10, 40))
def test_permuting_the_spots_permutes_the_map(embed, seed, n_points):
    case = few_iterations(seed, n_points)
    order = np.random.default_rng(seed).permutation(n_points)
    permuted = replace(case, X=case.X[order], pixels=case.pixels[order], init=case.init[order])
    assert_same_map(embed(permuted).Y, embed(case).Y[order])


@few
@given(
    seed=st.integers(0, 999),
    angle=st.floats(0, 7),
    shift=st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5)),
    method=st.sampled_from(["exact", "interpolation"]),
)
def test_moving_and_turning_the_tissue_changes_nothing(embed, seed, angle, shift, method):
    case = few_iterations(seed, 20, method=method)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    moved = replace(case, pixels=case.pixels @ turn + shift)
    assert_same_map(embed(moved).Y, embed(case).Y, SINGLE if method == "interpolation" else ROUNDING)


@few
@given(
    seed=st.integers(0, 999),
    factor=st.floats(1e-30, 1e30),
    method=st.sampled_from(["exact", "barnes_hut", "interpolation"]),
)
def test_the_unit_of_the_expression_changes_nothing(embed, seed, factor, method):
    case = few_iterations(seed, 20, theta=0.5, method=method)
    assert_same_map(embed(replace(case, X=case.X * factor)).Y, embed(case).Y)


@few
@given(seed=st.integers(0, 999), power=st.integers(-200, 200))
def test_a_power_of_two_as_unit_changes_no_bit(embed, seed, power):
    case = few_iterations(seed, 20)
    scaled = replace(case, X=np.ldexp(case.X, power))
    assert pack_case(scaled) != pack_case(case) or power == 0
    assert embed(scaled).result_bytes == embed(case).result_bytes
