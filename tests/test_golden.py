"""Results that the published program wrote are reproduced, by the reference and by the executable."""

import json

import numpy as np
import pytest
from data_layout import unpack_case, unpack_result
from reference import run

REFERENCE_TOLERANCE = 1e-10  # share of the map's size; rounding differs, and grows with the iterations
EXECUTABLE_TOLERANCE = 1e-7


def published(folder):
    """(bytes of data.dat, map that the published program made of them)."""
    Y, landmarks, _ = unpack_result((folder / "result.dat").read_bytes())
    assert np.array_equal(landmarks, np.arange(len(Y)))
    return (folder / "data.dat").read_bytes(), Y


def assert_same_map(found, expected, tolerance):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def test_the_case_is_what_its_description_says(golden_folder):
    case = unpack_case((golden_folder / "data.dat").read_bytes())
    described = json.loads((golden_folder / "case.json").read_text())
    found = {
        "n": len(case.X),
        "d": case.X.shape[1],
        "pix_d": case.pixels.shape[1],
        "nd": case.no_dims,
        "it": case.max_iter,
        "perp": case.perplexity,
        "seed": case.seed,
        "theta": case.theta,
        "alpha": case.alpha,
        "beta": case.beta,
    }
    assert found == {name: described[name] for name in found}


def test_reference_reproduces_the_published_program(golden_folder):
    data, Y = published(golden_folder)
    assert_same_map(run(unpack_case(data)), Y, REFERENCE_TOLERANCE)


@pytest.mark.parametrize("threads", [1, 2])
def test_executable_reproduces_the_published_program(golden_folder, embed, threads):
    data, Y = published(golden_folder)
    assert_same_map(embed(data, "--threads", threads).Y, Y, EXECUTABLE_TOLERANCE)
