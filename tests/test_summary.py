"""The end of a run says what it came to; bars are drawn only where they can be seen, and end green."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import spasne
from spasne_tools.run.parameters import Parameters
from spasne_tools.run.progress import ProgressPrinter
from spasne_tools.run.summary import in_words, summary_of

REPORT = {
    "method": "barnes_hut", "n_points": 1272, "n_iter": 1000, "converged": False, "repeated": False,
    "stopped": False, "max_step": None, "cost": 3.54109,
    "seconds": {"read": 0.01, "affinities": 0.1, "optimise": 6.9, "write": 0.0},
}  # fmt: skip


def test_a_run_by_the_published_algorithm():
    assert summary_of(REPORT, Parameters()) == [
        "map of 1,272 points by method barnes_hut, chosen for up to 5,000 points",
        "1,000 iterations in 7.0 s, as many as asked for; cost 3.5411",
    ]


# Of two starts on a sample, the second won among all points.
RACED = [
    {"start": "spatial", "points": 50000},
    {"start": "joint", "points": 50000},
    {"start": "joint", "points": 2500},
    {"start": "spatial", "points": 2500},
]


@pytest.mark.parametrize(
    ("found", "parameters", "line", "said"),
    [
        ({"method": "exact"}, {"theta": 0}, 0, "because theta is 0"),
        ({"method": "exact"}, {"method": "exact"}, 0, "as asked"),
        ({"method": "interpolation"}, {}, 0, "chosen for more than 5,000 points"),
        ({"method": "interpolation"}, {"neighbors": np.ones((2, 2))}, 0, "because neighbours were given"),
        ({"converged": True, "n_iter": 351}, {}, 1, "351 iterations in 7.0 s, then the map was at rest"),
        ({"stopped": True}, {}, 1, "stopped by the callback"),
        ({"method": "exact"}, {}, 0, "which fast steps take for up to 5,000 points"),
        ({"descent": "fast"}, {}, 1, "1,000 fast steps in 7.0 s"),
        ({"starts": [{"start": "pca"}, {"start": "joint"}]}, {}, 2, "the best of 2 starts: pca"),
        (
            {"n_points": 50000, "starts": RACED},
            {},
            2,
            "the best of 2 starts, raced on a sample of 2,500 points: spatial",
        ),
        ({"method": "exact"}, {}, 1, "as many as allowed, the map not quite at rest"),
        (
            {"repeated": True, "max_step": 0.05},
            {},
            2,
            "unstable with the published steps; made again with smaller ones",
        ),
        ({"repeated": True}, {}, 2, "the better one was kept"),
    ],
)
def test_what_a_run_came_to(found, parameters, line, said):
    assert said in summary_of(REPORT | found, Parameters(**parameters))[line]


def test_verbose_ends_with_the_summary(spasne_binary, monkeypatch, capsys):
    monkeypatch.setenv("SPASNE_BIN", str(spasne_binary))
    rng = np.random.default_rng(0)
    X, pixels = rng.normal(size=(60, 4)), rng.uniform(0, 99, (60, 2))
    options = {"max_iter": 20, "perplexity": 5, "n_jobs": 1}
    for verbose in (False, True):
        Y = spasne.run_spasne(X, pixels, **options, verbose=verbose)
        lines = capsys.readouterr().out.splitlines()
        assert bool(lines) == verbose
    assert lines[-3] == "map of 60 points by method barnes_hut, chosen for up to 5,000 points"
    assert lines[-2].startswith("20 iterations in ")
    assert lines[-1] == in_words(spasne.score_embedding(Y, X, pixels))
    spasne.SpaSNE(**options, verbose=True).fit(X, pixels=pixels)
    assert capsys.readouterr().out.splitlines()[-1].startswith("distances on the map follow those in")


def test_a_map_without_scores_is_made_all_the_same(spasne_binary, monkeypatch, capsys):
    monkeypatch.setenv("SPASNE_BIN", str(spasne_binary))
    rng = np.random.default_rng(0)
    X, pixels = rng.normal(size=(60, 4)), rng.uniform(0, 99, (60, 2))
    pairs = np.repeat(np.arange(30), 2)  # sections too small for r2
    Y = spasne.run_spasne(X, pixels, max_iter=20, perplexity=5, sections=pairs, verbose=True)
    assert Y.shape == (60, 2) and "20 iterations" in capsys.readouterr().out.splitlines()[-1]


def test_scores_in_words():
    assert in_words(pd.Series({"r1": 0.66, "r2": 0.92, "s": 0.1})) == (
        "distances on the map follow those in expression closely (r1 0.66) and those in the tissue "
        "very closely (r2 0.92)"
    )
    assert in_words(pd.Series({"r1": 0.1})) == (
        "distances on the map follow those in expression hardly at all (r1 0.10)"
    )


# ---- bars -------------------------------------------------------------------------------------------------


def test_no_bar_where_standard_error_is_no_terminal(capsys):
    pytest.importorskip("tqdm")
    with ProgressPrinter(10) as show:
        show("Iteration 4: error is 1.5 (5 iterations in 0.02 seconds)")
    out, err = capsys.readouterr()
    assert err == "" and "at most 0 s left" in out


def test_no_bar_and_no_warning_in_a_notebook_without_widgets(monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ProgressPrinter(10).bar is None


@pytest.mark.parametrize("fails", [False, True])
def test_a_bar_is_full_after_success_only(monkeypatch, fails):
    """A run at rest ends before its last iteration."""
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)  # a test of notebooks may have left it
    show = ProgressPrinter(10)
    try:
        with show:
            show("Iteration 4: error is 1.5 (5 iterations in 0.02 seconds)")
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert (show.bar.n, show.bar.total) == (5, 10 if fails else 5)
