"""New rows as a Dask array: the places of the whole array, block by block, and none before it is asked."""

import numpy as np
import pytest

from spasne import SpaSNE

da = pytest.importorskip("dask.array", reason="the extra spasne[distributed] is not installed")
pytestmark = pytest.mark.usefixtures("real_executable")


@pytest.fixture(scope="module")
def tissue():
    random = np.random.default_rng(0)
    pixels = random.uniform(0, 100, size=(150, 2))
    data = pixels @ random.normal(size=(2, 12)) / 30 + random.normal(size=(150, 12))
    return data, pixels


@pytest.fixture(scope="module")
def fitted(tissue):
    data, pixels = tissue
    model = SpaSNE(perplexity=10, max_iter=100, use_pca=False, random_state=1)
    return model.fit(data[:90], pixels=pixels[:90])


@pytest.mark.parametrize("positions", ["none", "numpy", "list", "dask, in other blocks"])
def test_places_are_those_of_the_whole_array(fitted, tissue, positions):
    data, pixels = (array[90:] for array in tissue)
    X = da.from_array(data, chunks=(25, 5))
    given = {"none": None, "numpy": pixels, "list": pixels.tolist()}.get(
        positions, da.from_array(pixels, chunks=(7, 1))
    )
    placed = fitted.transform(X, given)
    assert placed.chunks == ((25, 25, 10), (2,))
    np.testing.assert_allclose(
        placed.compute(), fitted.transform(data, None if given is None else pixels), rtol=1e-6, atol=1e-9
    )


def test_nothing_is_computed_before_it_is_asked_for(fitted, tissue):
    X = da.from_array(tissue[0], chunks=(50, -1))

    def fail(block):
        raise AssertionError("a block was computed")

    placed = fitted.transform(X.map_blocks(fail, dtype=float, meta=np.empty((0, 0))))
    assert placed.shape == (150, 2)
    with pytest.raises(AssertionError, match="a block was computed"):
        placed.compute()


def test_wrong_input_is_refused_at_once(fitted, tissue):
    data, pixels = tissue
    X = da.from_array(data, chunks=(50, -1))
    with pytest.raises(ValueError, match="11 features"):
        fitted.transform(X[:, :11])
    with pytest.raises(ValueError, match="expected 150 rows in pixels_new"):
        fitted.transform(X, pixels[:-1])
    with pytest.raises(ValueError, match="expected 2 columns in pixels_new"):
        fitted.transform(X, pixels[:, :1])


def test_on_a_cluster(fitted, tissue):
    distributed = pytest.importorskip("distributed", reason="the extra spasne[distributed] is not installed")
    data, pixels = tissue
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster):
        placed = fitted.transform(da.from_array(data, chunks=(50, -1)), pixels).compute()
    np.testing.assert_allclose(placed, fitted.transform(data, pixels), rtol=1e-6, atol=1e-9)
