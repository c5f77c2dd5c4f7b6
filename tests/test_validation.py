"""The validator of the C++ side on each face of its own: what is refused, in which words, and what is not.

Data files reach most of it, too (test_bad_input_executable.py); some only a caller of the functions does.
"""

import subprocess

import pytest

ACCEPTED = (
    "none;a start;best;joint;spatial;joint*0.5;sections;sections of one point without space;"
    "one place in a section;one place;a graph;approximate;a tree;fast steps"
).split(";")
NAMES = "a start best, joint, joint*F with F of 0 or more, or spatial"
CODES = "codes of sections from 0 to the number of sections - 1"
OTHERS, DISTANCES = "indices of other points as neighbours", "distances of 0 or more to neighbours"
RULED = "no learning rate and no step limit with fast steps, which they do not rule"
# What was expected, what was found.
REFUSED = {
    "no points": ("a perplexity of at most (n - 1) / 3 = -0.333333", "1"),
    "no features": ("at least 1 column of X", "0"),
    "no positions": ("at least 1 column of positions", "0"),
    "X too short": ("X and positions of the stated shape", "7 and 8 numbers"),
    "S too long": ("X and positions of the stated shape", "8 and 9 numbers"),
    "start too short": ("a start of n_points x no_dims numbers", "6"),
    "start and its name": ("a start or the name of one", "both"),
    **{name: (NAMES, f'"{name}"') for name in ("joint*", "joint*-1", "joint*inf", "joint*2x", "pca")},
    "sections too short": ("a section of each of 4 points", "3"),
    "sections below 0": (CODES, "-1 at point 2"),
    "sections beyond": (CODES, "4 at point 3"),
    "sections with a gap": ("each code of sections from 0 to 2", "none of code 1"),
    "sections of one point": ("a section with two points or more", "one point in each"),
    "one place in a section, alone": ("positions that differ within a section", "constant positions"),
    "one place, alone": ("positions that differ between points", "constant positions"),
    "one profile": ("data that differ between points", "constant data (all rows of X are the same)"),
    "a graph and a search": ("neighbours or a search for them", "both"),
    "approximate without sparse affinities": (
        "method interpolation with approximate neighbours",
        "exact",
    ),
    "a graph without distances": (
        "both indices and distances of neighbours",
        "8 indices and 0 distances",
    ),
    "a graph without indices": ("both indices and distances of neighbours", "0 indices and 8 distances"),
    "a graph of few": ("neighbours per point between the perplexity and n - 1", "1"),
    "a graph of all": ("neighbours per point between the perplexity and n - 1", "4"),
    "a neighbour below 0": (OTHERS, "-1 for point 1"),
    "a neighbour beyond": (OTHERS, "4 for point 1"),
    "a point its own neighbour": (OTHERS, "1 for point 1"),
    "a distance below 0": (DISTANCES, "-1 for point 1"),
    "a distance that is none": (DISTANCES, "nan for point 1"),
    "an infinite distance": (DISTANCES, "inf for point 1"),
    "fast steps by a tree": (
        "published steps with method barnes_hut, whose gradient is not quite that of the cost",
        "fast ones",
    ),
    "exact sums by a tree": ("theta above 0 for method barnes_hut", "0"),
    "fast steps and a rate": (RULED, "one"),
    "fast steps and a limit": (RULED, "one"),
    "less than a neighbour": ("a perplexity of at least 1/3 for method interpolation", "0.3"),
    "accuracy 0": ("an accuracy between 0 and 1", "0"),
    "accuracy 1": ("an accuracy between 0 and 1", "1"),
    "an infinite offset": ("a space offset of 0 or more, up to 1e+280", "inf"),
}


def said(program, change):
    return subprocess.run([program, change], capture_output=True, text=True, check=True).stdout.rstrip("\n")


@pytest.mark.parametrize("change", ACCEPTED)
def test_accepted(program, change):
    assert said(program, change) == "accepted"


@pytest.mark.parametrize("change", REFUSED)
def test_refused(program, change):
    expected, found = REFUSED[change]
    assert said(program, change) == f"expected {expected}, found {found}"
