"""Files of earlier releases (versions/) are read; halves of two versions do not go together unnoticed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from data_layout import unpack_result

from spasne import SpaSNE, load_map, run_spasne, screen_parameters
from spasne_tools.run.batch import Run
from spasne_tools.run.data_file import read_result_file
from spasne_tools.screening.checkpoint import Checkpoint
from spasne_tools.version import __version__

HERE = Path(__file__).parent / "versions"
RELEASES = sorted(path.name for path in HERE.iterdir() if (path / "python.zip").exists())
EARLIER = [release for release in RELEASES if release != __version__]
# Largest difference from the map that the release made, as a share of its size.
SAME_MAP = {"exact": 1e-7, "barnes_hut": 1e-7, "sections": 1e-7, "graph": 1e-5}
N_POINTS = 40
MAP_OF_NEIGHBOURING_VERSIONS = """
import sys
import numpy as np
import spasne

assert ".zip" in spasne.__file__, spasne.__file__
rng = np.random.default_rng(0)
try:
    spasne.run_spasne(rng.normal(size=(40, 5)), rng.uniform(0, 1000, (40, 2)), perplexity=5, max_iter=5)
except RuntimeError as error:
    sys.exit(str(error))
"""

of_each_release = pytest.mark.parametrize("release", RELEASES)
of_each_earlier = pytest.mark.parametrize("release", EARLIER)


def expression_and_pixels():
    """As versions/record.py made them."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(N_POINTS, 5)), rng.uniform(0, 1000, size=(N_POINTS, 2))


# --- files ----------------------------------------------------------------------------------------


@of_each_release
@pytest.mark.parametrize("name", SAME_MAP)
def test_a_data_file_gives_the_same_map(release, name, embed):
    folder = HERE / release / name
    expected = unpack_result((folder / "result.dat").read_bytes())[0]
    found = embed((folder / "data.dat").read_bytes()).Y
    np.testing.assert_allclose(found, expected, rtol=0, atol=SAME_MAP[name] * np.abs(expected).max())


@of_each_release
def test_a_data_file_that_leaves_the_descent_open_gives_a_map_of_no_higher_cost(release, embed):
    folder = HERE / release / "interpolation"
    then = unpack_result((folder / "result.dat").read_bytes())[2].sum()
    assert embed((folder / "data.dat").read_bytes()).cost.sum() < then * (1 + 1e-3)


@of_each_release
@pytest.mark.parametrize("name", [*SAME_MAP, "interpolation"])
def test_a_result_file_is_read(release, name):
    path = HERE / release / name / "result.dat"
    Y, _, cost = unpack_result(path.read_bytes())
    result = read_result_file(path)
    np.testing.assert_array_equal(result.Y, Y)
    np.testing.assert_array_equal(result.cost, cost)


@of_each_release
def test_a_saved_map_is_read(release):
    saved = load_map(HERE / release / "map.npz")
    assert saved.Y.shape == (N_POINTS, 2) and np.isfinite(saved.Y).all()
    assert saved.params == {"alpha": 8.0, "perplexity": 5}
    assert saved.provenance["version"] == release and len(saved.provenance["data_sha256"]) == 64
    assert saved.labels.tolist() == ["tumour", "stroma"] * (N_POINTS // 2)
    np.testing.assert_array_equal(saved.pixels, expression_and_pixels()[1])


@of_each_release
def test_a_saved_estimator_takes_new_points(release):
    estimator = SpaSNE.load(HERE / release / "estimator.npz")
    X, pixels = expression_and_pixels()
    placed = estimator.transform(X, pixels)
    size = np.abs(estimator.embedding_).max()
    assert np.median(np.abs(placed - estimator.embedding_)) < 0.1 * size


@of_each_release
def test_runs_of_a_checkpoint_are_read(release):
    folder = HERE / release / "checkpoint"
    checkpoint = Checkpoint(folder, json.loads((folder / "identity.json").read_text()))
    for alpha, beta in [(0.0, 0.0), (2.0, 1.0), (8.0, 1.0)]:
        outcome = checkpoint.load(Run(alpha, beta, 1))
        assert outcome.Y.shape == (N_POINTS, 2) and outcome.error == ""
        assert np.isfinite([outcome.r1, outcome.r2, outcome.cost]).all()


@of_each_earlier
def test_a_checkpoint_of_another_version_is_not_gone_on_from(release, real_executable):
    """Its runs would stand beside runs that this version makes, perhaps otherwise."""
    with pytest.raises(ValueError, match=f"to be of spasne {__version__}.*found runs of spasne {release}"):
        screen_parameters(
            *expression_and_pixels(),
            checkpoint=HERE / release / "checkpoint",
            perplexity=5,
            randseed=1,
            use_pca=False,
            max_iter=20,
        )


# --- halves of two versions -----------------------------------------------------------------------


@of_each_earlier
def test_python_of_a_release_refuses_this_executable(release, spasne_binary, tmp_path):
    python = HERE / release / "python.zip"
    done = subprocess.run(
        [sys.executable, "-c", MAP_OF_NEIGHBOURING_VERSIONS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(python), "SPASNE_BIN": str(spasne_binary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(
        f"expected 'spasne {release}' from {spasne_binary} --version, found 'spasne"
    )


@of_each_earlier
def test_the_executable_of_a_release_is_refused(release, tmp_path, monkeypatch):
    """All that is asked of it is its version; it is not started on any data."""
    stand_in = tmp_path / "spasne"
    stand_in.write_text(f'#!/bin/sh\n[ "$*" = --version ] && echo "spasne {release}"\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("SPASNE_BIN", str(stand_in))
    refusal = f"expected 'spasne {__version__}' from .* found 'spasne {release}'"
    with pytest.raises(RuntimeError, match=refusal):
        run_spasne(*expression_and_pixels(), perplexity=5, max_iter=5)
