"""How the search for neighbours is asked for and what is told of it, through the wrapper."""

import pytest
from sklearn.neighbors import NearestNeighbors

import spasne
from spasne_tools.run.batch import Run, embed_runs
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters
from spasne_tools.simulation import simulate_components

LEAST = 0.98  # recall that the approximate search aims at


@pytest.fixture(scope="module")
def section():
    return simulate_components(5200, 10, n_genes=60, seed=1)


def made(section, **given):
    X, pixels = section[0], section[1]
    shared = {"use_pca": False, "perplexity": 10, "max_iter": 5, "randseed": 1} | given
    return embed(X, pixels, Parameters(**shared))


def test_the_search_is_reported(section, capsys):
    found = made(section, neighbors="approximate").report["neighbours"]
    assert found["search"] == "approximate" and found["k"] == 30
    assert LEAST <= found["recall"] <= 1 and found["seconds"] > 0
    exact = made(section, neighbors="exact").report["neighbours"]
    assert exact["search"] == "exact" and exact["recall"] == 1
    assert made(section).report["neighbours"]["search"] == "exact"  # so few are found exactly within a moment
    assert made(section, neighbors=None).report["neighbours"]["search"] == "exact"
    assert made(section, method="exact", max_iter=0).report["neighbours"] is None


def test_a_given_graph_is_reported(section):
    distance, index = NearestNeighbors(n_neighbors=20).fit(section[0]).kneighbors()
    found = made(section, neighbors=(index, distance)).report["neighbours"]
    assert found["search"] == "given" and found["k"] == 20 and found["recall"] is None


def test_approximate_neighbours_make_the_map_that_exact_ones_make(section):
    exact, approximate = (
        made(section, neighbors=kind, max_iter=200).report["cost"] for kind in ("exact", "approximate")
    )
    assert approximate == pytest.approx(exact, rel=2e-3)


def test_maps_of_approximate_neighbours_depend_on_no_threads(section):
    one, three = (made(section, neighbors="approximate", n_jobs=threads) for threads in (1, 3))
    assert one.Y.tobytes() == three.Y.tobytes()


def test_recall_is_told(section, capfd):
    X, pixels = section[0], section[1]
    spasne.run_spasne(
        X, pixels, perplexity=10, max_iter=5, use_pca=False, neighbors="approximate", verbose=True
    )
    out = capfd.readouterr().out
    assert "finding 30 neighbours of each point" in out
    assert "approximate neighbours: 9" in out and "neighbours: 9" in out
    assert "% of the true ones, by a sample" in out


def test_each_run_of_a_batch_reports_the_search(section):
    X, pixels = section[0], section[1]
    shared = Parameters(use_pca=False, perplexity=10, max_iter=5, neighbors="approximate")
    runs = [Run(alpha=8, beta=beta, randseed=1) for beta in (1, 4)]
    reports = [embedding.report for _, embedding in embed_runs(X, pixels, shared, runs)]
    assert [report["neighbours"]["search"] for report in reports] == ["approximate"] * 2
    assert reports[0]["neighbours"] == reports[1]["neighbours"]


@pytest.mark.parametrize("method", ["exact", "barnes_hut"])
def test_methods_over_all_pairs_take_no_approximate_neighbours(section, method):
    with pytest.raises(ValueError, match="expected method 'auto' or 'interpolation' with neighbors"):
        made(section, neighbors="approximate", method=method)


def test_unknown_searches_are_refused(section):
    with pytest.raises(ValueError, match="expected neighbors to be .*'approximate'"):
        made(section, neighbors="nearly")
