"""What "auto" stands for: the scale, by size and perplexity; a word where the published one blurs."""

import numpy as np
import pytest

from spasne import run_spasne
from spasne_tools.run.automatic import automatic_scale, note_of_blur, settle_scale
from spasne_tools.run.batch import Run, embed_runs
from spasne_tools.run.parameters import Parameters


def test_scale_falls_as_the_radius_of_tsne_grows():
    assert automatic_scale(10_000, 50) == pytest.approx(0.027)
    assert automatic_scale(40_000, 50) == pytest.approx(0.0135)
    assert automatic_scale(10_000, 12.5) == pytest.approx(0.0135)
    assert automatic_scale(10_000, 200) == pytest.approx(0.027)
    assert automatic_scale(5, 50) == 1


def test_a_run_with_the_automatic_scale_is_the_run_with_its_number(embedding_case):
    X, pixels = embedding_case
    scale = automatic_scale(len(X), 10)
    common = {"perplexity": 10, "max_iter": 30, "randseed": 1}
    by_word = run_spasne(X, pixels, global_scale="auto", **common)
    np.testing.assert_array_equal(by_word, run_spasne(X, pixels, global_scale=scale, **common))


def test_runs_of_a_batch_without_a_scale_of_their_own_take_the_automatic_one(embedding_case):
    X, pixels = embedding_case
    common = {"perplexity": 10, "max_iter": 30}
    runs = [Run(8, 2, 1), Run(8, 2, 1, global_scale=1.0)]
    maps = dict(embed_runs(X, pixels, Parameters(global_scale="auto", **common), runs))
    for k, scale in enumerate((automatic_scale(len(X), 10), 1.0)):
        alone = run_spasne(X, pixels, global_scale=scale, randseed=1, **common)
        np.testing.assert_array_equal(maps[k].Y, alone)


@pytest.mark.parametrize(
    ("given", "n_points", "speaks"),
    [
        ({}, 20_001, True),
        ({}, 20_000, False),
        ({"global_scale": "auto"}, 20_001, False),
        ({"alpha": 0, "beta": 0}, 20_001, False),
    ],
)
def test_a_large_run_with_the_published_scale_says_that_neighbours_blur(given, n_points, speaks):
    note = note_of_blur(settle_scale(Parameters(**given), n_points), n_points)
    assert (note is not None) == speaks
    assert not speaks or "global_scale='auto'" in note


@pytest.fixture(scope="module")
def embedding_case():
    random = np.random.default_rng(0)
    return random.normal(size=(60, 8)), random.uniform(0, 1000, size=(60, 2))


def test_another_word_for_the_scale_is_refused(embedding_case):
    with pytest.raises(ValueError, match="expected global_scale to be 'auto' or a number above 0"):
        run_spasne(*embedding_case, perplexity=10, global_scale="small")
