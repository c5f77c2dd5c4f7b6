"""Weights chosen without labels: the score, the search, and what faces make of "auto"."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import spasne
from spasne import SpaSNE, choose_parameters, run_spasne, simulate_tissue
from spasne_tools.choose import automatic, choice, reference, sample
from spasne_tools.choose.balance import Wish, judge_of, nearest_on_map
from spasne_tools.choose.reference import Reference, halfway
from spasne_tools.choose.sample import draw_more, draw_sample
from spasne_tools.choose.search import Search, Weights
from spasne_tools.metrics import knn_preservation, pairwise_correlation
from spasne_tools.metrics.neighbours import nearest
from spasne_tools.run.automatic import automatic_scale
from spasne_tools.run.parameters import Parameters

QUICK = {"perplexity": 10, "max_iter": 40, "n_jobs": 2}
WEIGHTS = ("alpha", "beta", "global_scale")
PUBLISHED = Weights(8.0, 2.0, 1.0)
FLOORS = ["r1", "r2", "kept_in_space"]


@pytest.fixture(scope="module")
def tissue():
    return simulate_tissue(120, n_genes=50, seed=1)


@pytest.fixture(scope="module")
def balanced(tissue):
    return choose_parameters(tissue.counts, tissue.pixels, **QUICK)


def test_scores_are_those_of_the_metrics(tissue):
    data = spasne.preprocess_counts(tissue.counts)  # counts themselves tie for the last of the nearest
    drawn = draw_sample(data, tissue.pixels, Parameters(**QUICK), 0)
    Y = np.random.default_rng(0).normal(size=(120, 2)) + drawn.X[:, :2]
    judge = judge_of(drawn)
    found = judge.scores(Y)
    kept = knn_preservation(drawn.X, Y, 15)
    assert found["r1"] == pytest.approx(pairwise_correlation(drawn.X, Y))
    assert found["r2"] == pytest.approx(pairwise_correlation(tissue.pixels, Y))
    assert found["kept"] == pytest.approx(kept)
    assert found["balance"] == pytest.approx(found["r1"] * found["r2"] * kept)
    assert found["kept_in_space"] == pytest.approx(knn_preservation(tissue.pixels, Y, 50))
    assert replace(judge, kept_by_tsne=0.5).scores(Y)["kept"] == pytest.approx(kept / 0.5)


def test_the_nearest_on_a_map_are_those_of_all_distances():
    Y = np.random.default_rng(0).normal(size=(80, 2))
    np.testing.assert_array_equal(nearest_on_map(Y, 15), nearest(Y, np.arange(80), 15))
    assert nearest_on_map(Y[:2], 0).shape == (2, 0)


def test_a_point_is_never_its_own_neighbour_on_a_map():
    Y = np.repeat([[0.0, 0.0], [1.0, 0.0]], (6, 2), axis=0)
    found = nearest_on_map(Y, 3)
    assert (found != np.arange(8)[:, None]).all()
    assert (found[:6] < 6).all() and (np.sort(found[6:], axis=1)[:, -1] >= 6).all()


def test_surroundings_are_looked_for_in_the_section_of_a_point(tissue):
    sections = np.repeat(["a", "b", "c"], (70, 48, 2))
    shared = Parameters(**QUICK, sections=sections)
    judge = judge_of(draw_sample(tissue.counts, tissue.pixels, shared, 0))
    Y = np.random.default_rng(0).normal(size=(120, 2))
    space = tissue.pixels.to_numpy()
    shares = [
        knn_preservation(space[rows], Y[rows], k) for rows, k in ((slice(70), 34), (slice(70, 118), 23))
    ]
    expected = (70 * shares[0] + 48 * shares[1]) / 118  # two points have no surroundings
    assert judge.scores(Y)["kept_in_space"] == pytest.approx(expected)


def test_the_map_of_the_choice_scores_what_the_choice_says(tissue, balanced):
    """All points are in the sample, so the run that follows is the one that was scored."""
    Y = run_spasne(tissue.counts, tissue.pixels, **QUICK, **balanced.parameters)
    X = draw_sample(tissue.counts, tissue.pixels, Parameters(**QUICK), 0).X
    assert balanced.scores["r1"] == pytest.approx(pairwise_correlation(X, Y))
    assert balanced.scores["r2"] == pytest.approx(pairwise_correlation(tissue.pixels, Y))


def test_the_choice_is_the_best_of_its_table(balanced):
    finals = balanced.table[balanced.table["stage"] == "final"]
    assert balanced.scores["balance"] == finals["balance"].max()
    assert set(balanced.table["stage"]) == {"t-SNE", "coarse", "fine", "final"}
    tsne = balanced.table.iloc[0]
    assert (tsne["alpha"], tsne["beta"], tsne["kept"]) == (0, 0, 1)
    assert balanced.scores["balance"] > tsne["balance"]


def test_steps_start_from_the_best_of_the_coarse_maps(tissue, monkeypatch):
    starts = []
    maps = sample.Sample.maps

    def watched(self, runs, init, most=None):
        starts.append(init)
        return maps(self, runs, init, most)

    monkeypatch.setattr(sample.Sample, "maps", watched)
    table = choose_parameters(tissue.counts, tissue.pixels, **QUICK).table
    arrays = [start for start in starts if not isinstance(start, str)]
    assert len(arrays) > 1 and set(table.loc[table["stage"] == "fine", "init"]) == {"neighbour"}
    best = table[table["stage"] == "coarse"].nlargest(1, "value").iloc[0]
    drawn = draw_sample(tissue.counts, tissue.pixels, Parameters(**QUICK), 0)
    assert judge_of(drawn).scores(arrays[0])["r1"] == pytest.approx(best["r1"])
    assert all(start is arrays[0] for start in arrays)


def test_the_last_maps_have_more_weight_for_space_too(balanced):
    """Where regions come together lower costs lie, and a start from a neighbour does not find them."""
    fine, last = (balanced.table[balanced.table["stage"] == stage] for stage in ("fine", "final"))
    best = fine.nlargest(1, "value").iloc[0]
    same = last[(last["alpha"] == best["alpha"]) & (last["global_scale"] == best["global_scale"])]
    factors = same["beta"] / best["beta"]
    for factor in (1, 2**0.25, 2**0.5):
        assert np.isclose(factors, factor, rtol=0.01).any()


def test_what_has_a_value_stays(tissue):
    found = choose_parameters(tissue.counts, tissue.pixels, alpha=10, global_scale=0.5, **QUICK)
    tried = found.table[found.table["stage"] != "t-SNE"]
    assert set(tried["alpha"]) == {10} and set(tried["global_scale"]) == {0.5}
    assert tried["beta"].nunique() > 2
    assert found.parameters == {"alpha": 10, "beta": found.beta, "global_scale": 0.5, "init": "best"}


def test_without_pixels_space_has_no_part(tissue):
    found = choose_parameters(tissue.counts, **QUICK)
    assert found.beta == 0 and np.isnan(found.scores["r2"])
    assert found.scores["balance"] == pytest.approx(found.scores["r1"] * found.scores["kept"])


@pytest.mark.parametrize("beta", [0, 2])
def test_without_pixels_beta_may_be_none_or_the_default(tissue, beta):
    assert choose_parameters(tissue.counts, alpha=0, beta=beta, **QUICK).beta == 0


def test_without_pixels_any_other_beta_is_refused(tissue):
    with pytest.raises(ValueError, match="expected pixels with beta=3, found none; pass them, or beta=0"):
        choose_parameters(tissue.counts, beta=3, **QUICK)


def test_goal_paper_loses_nothing_to_the_reference(tissue):
    found = choose_parameters(tissue.counts, tissue.pixels, goal="paper", **QUICK)
    reference = found.table[found.table["stage"] == "reference"].iloc[0]
    assert (reference["alpha"], reference["beta"], reference["global_scale"]) == (8, 2, 1)
    assert found.scores["r1"] >= reference["r1"] and found.scores["r2"] >= reference["r2"]
    finals = found.table[(found.table["stage"] == "final")]
    met = finals[(finals[FLOORS] >= reference[FLOORS]).all(axis=1)]
    assert found.scores["kept"] == met["kept"].max()


def reference_of(tissue, most=None):
    """Of all points, for the search on a sample of so many."""
    drawn = draw_sample(tissue.counts, tissue.pixels, Parameters(**QUICK), 0, most)
    more = draw_more(drawn, tissue.counts, tissue.pixels, Parameters(**QUICK), 0, 20000)
    return Reference.of(Search(drawn, judge_of(drawn), Wish({}), {}), more)


def test_the_reference_is_the_mean_of_several_random_starts(tissue, monkeypatch):
    monkeypatch.setattr(reference, "SEEDS", (3, 5))
    maps = reference_of(tissue)
    found = maps.scores(PUBLISHED)
    own = [run_spasne(tissue.counts, tissue.pixels, **QUICK, theta=0, randseed=seed) for seed in (3, 5)]
    for name in FLOORS:
        assert found[name] == pytest.approx(np.mean([maps.search.judge.scores(Y)[name] for Y in own]))


def test_the_reference_of_a_sample_is_of_all_points(tissue, monkeypatch):
    """Its own maps may rest in another minimum."""
    monkeypatch.setattr(reference, "LARGE", 100)  # where runs begin at the lowest cost
    maps = reference_of(tissue, 60)
    Y = run_spasne(tissue.counts, tissue.pixels, **QUICK, method="interpolation", init="best")
    rows = maps.search.sample.rows
    assert len(rows) == 60 and maps.is_of_more
    found = maps.scores(PUBLISHED)
    assert found["r1"] == pytest.approx(pairwise_correlation(maps.search.sample.X, Y[rows]))
    assert found["r2"] == pytest.approx(pairwise_correlation(tissue.pixels.to_numpy()[rows], Y[rows]))
    in_space = maps.search.judge.scores(Y[rows])["kept_in_space"]
    assert found["kept_in_space"] == pytest.approx(in_space - reference.ERROR_IN_SPACE)
    again = reference_of(tissue, 60).scores(PUBLISHED)
    assert again == found


def test_where_there_are_too_many_points_the_reference_is_of_the_sample_and_more(tissue):
    drawn = draw_sample(tissue.counts, tissue.pixels, Parameters(perplexity=5), 0, 30)
    more = draw_more(drawn, tissue.counts, tissue.pixels, Parameters(perplexity=5), 0, 50)
    assert len(more.rows) == len(set(more.rows)) == 50 and set(drawn.rows) < set(more.rows)
    maps = Reference.of(Search(drawn, judge_of(drawn), Wish({}), {}), more)
    np.testing.assert_array_equal(more.rows[maps.at], drawn.rows)
    np.testing.assert_array_equal(more.pixels[maps.at], drawn.pixels)


def test_random_starts_count_up_to_5000_points(tissue, monkeypatch):
    table = choose_parameters(tissue.counts, tissue.pixels, goal="paper", alpha=8, **QUICK).table
    assert list(table.loc[table["stage"] == "reference", "init"]) == ["random"]
    monkeypatch.setattr(sample, "MOST_POINTS", 60)
    found = choose_parameters(tissue.counts, tissue.pixels, goal="paper", alpha=8, beta=4, **QUICK)
    again = choose_parameters(tissue.counts, tissue.pixels, goal="paper", alpha=8, beta=4, **QUICK)
    assert list(found.table.loc[found.table["stage"] == "reference", "init"]) == ["random", "best"]
    pd.testing.assert_frame_equal(found.table, again.table)


def test_of_two_maps_half_the_way_to_the_lower_cost_is_asked_for():
    means = {"r1": 0.56, "r2": 0.66, "kept_in_space": 0.08}
    other = {"r1": 0.52, "r2": 0.86, "kept_in_space": 0.2}
    assert halfway(means) == means and halfway(means, {**means, "r2": 0.7}) == means
    assert halfway(means, other) == pytest.approx({"r1": 0.56, "r2": 0.76, "kept_in_space": 0.14})


def test_of_maps_from_several_starts_the_lowest_counts(tissue):
    search = reference_of(tissue).search
    search.try_all("fine", [PUBLISHED], "spatial", "joint", "joint*0.3")
    for start in ("spatial", "joint", "joint*0.3"):
        search.try_all(start, [PUBLISHED], start)
    lowest, *each = search.rows
    assert lowest["cost"] == pytest.approx(min(row["cost"] for row in each))
    assert lowest["init"] == min(each, key=lambda row: row["cost"])["stage"]


def test_nothing_is_said_where_the_map_of_all_points_has_what_is_wanted(tissue, monkeypatch, recwarn):
    monkeypatch.setattr(sample, "MOST_POINTS", 60)
    monkeypatch.setattr(choice, "LOSS_BESIDE_REFERENCE", {"r1": 0.9, "r2": 0.9})  # lacked by all samples
    monkeypatch.setattr(choice, "NEARLY", 3)
    goal = {"goal": "paper", "alpha": 8, "beta": 2, "global_scale": 1}
    monkeypatch.setattr(Reference, "judged", lambda *_: {"r1": 1, "r2": 1, "kept_in_space": 1})
    choose_parameters(tissue.counts, tissue.pixels, **goal, **QUICK)
    assert not [one for one in recwarn if "nothing that was tried" in str(one.message)]
    monkeypatch.setattr(Reference, "judged", lambda *_: {"r1": 0, "r2": 1, "kept_in_space": 1})
    with pytest.warns(UserWarning, match="nothing that was tried has"):
        choose_parameters(tissue.counts, tissue.pixels, **goal, **QUICK)


def test_lines_are_ranked_by_what_their_last_maps_are_likely_to_score():
    """Maps of few steps lack what the first last map shows that they lack."""
    search = Search(None, None, Wish({"kept_in_space": 0.212}), {})
    scores = {"r1": 0.6, "r2": 0.7, "balance": 0.3}
    light, heavy = Weights(64.0, 16.0, 0.05), Weights(128.0, 32.0, 0.05)
    for stage, weights, kept, in_space in (
        ("fine", light, 0.7, 0.205), ("fine", heavy, 0.6, 0.21), ("final", heavy, 0.6, 0.22),
    ):  # fmt: skip
        found = {**weights._asdict(), **scores, "kept": kept, "kept_in_space": in_space}
        search.rows.append({"stage": stage, **found, "value": search.wish.value(found)})
    assert search._ranked("fine") == [heavy, light]
    assert search._ranked_as_final(0.0) == [light, heavy]
    search.wish = Wish({"kept_in_space": 0.218})
    assert search._ranked_as_final(0.0) == [heavy, light]
    assert search._ranked_as_final(0.01) == [light, heavy]


class Levels(Search):
    """More beta gives r2 for r1, whatever the start."""

    def try_all(self, stage, wanted, *starts):
        for weights in dict.fromkeys(wanted):
            share = np.log2(weights.beta / weights.alpha) / 10
            scores = {"r1": 0.5 - share, "r2": 0.8 + share, "kept": 0.7 - 1e-3 * weights.beta, "balance": 0.3}
            value = self.wish.value(scores)
            row = {"stage": stage, "init": "own", **weights._asdict(), **scores, "value": value}
            self.rows.append(row)
            self.maps[stage, weights] = starts


@pytest.mark.parametrize("is_part", [True, False])
@pytest.mark.parametrize(("r1", "is_met"), [(0.6, True), (0.8, False)])
def test_levelled_maps_of_a_part_are_enough_where_one_has_what_is_wanted(is_part, r1, is_met):
    part = SimpleNamespace(is_part=is_part)
    search = Levels(part, None, Wish({"r1": r1, "r2": 0.6}), {})
    lines = [Weights(64.0, 32.0, 0.05), Weights(128.0, 128.0, 0.05)]
    best = search._finish(lines)
    stages = [row["stage"] for row in search.rows]
    last = [weights for stage, weights in search.maps if stage == "final"]
    assert stages[:10] == ["final"] * 2 + ["near"] * 8 and last[:2] == lines
    assert search.maps["near", Weights(64.0, 26.9, 0.05)] == (search.maps["final", lines[0]],)
    levelled_alone = is_part and is_met
    assert (last == lines) == levelled_alone
    assert best["init"] == ("best" if levelled_alone else "own")
    assert search.wish.is_met(best) == is_met
    assert best["value"] == max(row["value"] for row in search.rows if row["stage"] != "near" or is_part)


def test_last_maps_of_a_part_need_no_rest_where_scores_are_wanted():
    part, every = SimpleNamespace(is_part=True), SimpleNamespace(is_part=False)
    scores, balance = Wish({"r1": 0.5}), Wish({})
    assert Search(part, None, scores, {})._most_gradients("final") == 100
    for given in ((every, scores), (part, balance)):
        assert Search(given[0], None, given[1], {})._most_gradients("final") is None
    search = Search(part, None, scores, {})
    assert (search._most_gradients("near"), search._most_gradients("t-SNE")) == (40, None)


def test_of_a_sample_more_is_asked_than_of_all_points(tissue, monkeypatch):
    monkeypatch.setattr(sample, "MOST_POINTS", 60)
    with pytest.warns(UserWarning, match="nothing that was tried has r1 of 0.93 or more"):
        choose_parameters(tissue.counts, tissue.pixels, at_least={"r1": 0.9}, alpha=1, beta=2, **QUICK)


def test_of_a_sample_more_than_the_reference_is_asked(tissue, monkeypatch):
    asked = []
    monkeypatch.setattr(sample, "MOST_POINTS", 60)
    monkeypatch.setattr(choice, "LOSS_BESIDE_REFERENCE", {"r1": 0.2, "r2": 0.1})
    monkeypatch.setattr(Search, "run", lambda self: asked.append(self.wish) or self.rows[0])
    monkeypatch.setattr(Reference, "scores", lambda *_: {"r1": 0.9, "r2": 0.8, "kept_in_space": 0.5})
    with pytest.warns(UserWarning, match="nothing that was tried has r1 of 0.9 and r2 of 0.8 and kept_in_"):
        choose_parameters(tissue.counts, tissue.pixels, goal="paper", **QUICK)
    assert asked[0].least == pytest.approx({"r1": 1.1, "r2": 0.9, "kept_in_space": 0.5})


def test_a_compact_map_of_a_sample_has_the_scale_of_all_points(tissue, monkeypatch):
    monkeypatch.setattr(sample, "MOST_POINTS", 30)
    drawn = draw_sample(tissue.counts, tissue.pixels, Parameters(perplexity=5), 0)
    assert drawn.widening == 2
    assert [drawn.scale(sigma) for sigma in (0.1, 0.5, 0.8, 1.0, 3.0)] == [0.2, 1.0, 1.0, 1.0, 3.0]


def test_two_weights_of_zero_leave_nothing_to_choose(tissue):
    found = choose_parameters(tissue.counts, tissue.pixels, alpha=0, beta=0, **QUICK)
    assert found.parameters == {"alpha": 0, "beta": 0, "global_scale": 1, "init": "random"}
    assert len(found.table) == 1 and found.scores["kept"] == 1


def test_at_least_says_so_where_nothing_reaches_it(tissue):
    with pytest.warns(UserWarning, match="nothing that was tried has r1 of 0.999 and r2 of 0.999 or more"):
        choose_parameters(tissue.counts, tissue.pixels, at_least={"r1": 0.999, "r2": 0.999}, **QUICK)


def test_a_wish_prefers_neighbours_once_it_is_met():
    wish = Wish({"r1": 0.6, "r2": 0.5})
    met = {"r1": 0.6, "r2": 0.5, "kept": 0.2, "balance": 0.06}
    better = {**met, "kept": 0.3}
    short = {"r1": 0.59, "r2": 0.9, "kept": 0.9, "balance": 0.5}
    shorter = {"r1": 0.5, "r2": 0.9, "kept": 0.9, "balance": 0.5}
    assert wish.value(better) > wish.value(met) > wish.value(short) > wish.value(shorter)
    assert wish.is_met(met) and not wish.is_met(short)


def test_beta_is_stepped_to_where_r1_and_r2_exceed_what_is_wanted_alike():
    wish = Wish({"r1": 0.6, "r2": 0.5})
    assert wish.lean({"r1": 0.65, "r2": 0.52}) == 1
    assert wish.lean({"r1": 0.61, "r2": 0.6}) == -1
    assert Wish({"r1": 0.6}).lean({"r1": 0.7, "r2": 0.1}) == 1
    scores = {"r1": 0.61, "r2": 0.6, "kept_in_space": 0.2}
    assert Wish({**wish.least, "kept_in_space": 0.21}).lean(scores) == 1
    assert Wish({"r2": 0.5}).lean({"r1": 0.7, "r2": 0.6}) == -1


def test_a_sample_gets_the_room_that_all_points_have(tissue, monkeypatch):
    monkeypatch.setattr(sample, "MOST_POINTS", 60)
    drawn = draw_sample(tissue.counts, tissue.pixels, Parameters(**QUICK), 0)
    assert drawn.X.shape[0] == 60 and drawn.n_points == 120
    at_sample, at_all = automatic_scale(60, 10), automatic_scale(120, 10)
    assert at_all * drawn.widening == pytest.approx(at_sample)
    found = choose_parameters(tissue.counts, tissue.pixels, alpha=8, beta=4, **QUICK)
    again = choose_parameters(tissue.counts, tissue.pixels, alpha=8, beta=4, **QUICK)
    pd.testing.assert_frame_equal(found.table, again.table)


@pytest.mark.parametrize(
    ("given", "least", "own", "widening"),
    [
        (20, 3, 20 * 59 / 119, (59 / 60 * 120 / 119) ** 0.5),
        (20, 15, 15, (15 / 20 * 2) ** 0.5),
        (2, 5, 2, 2**0.5),
    ],
)
def test_the_perplexity_of_a_sample_is_smaller_as_it_is(tissue, monkeypatch, given, least, own, widening):
    """Then neighbourhoods are as wide in expression, and a scale needs no widening."""
    monkeypatch.setattr(sample, "MOST_POINTS", 60)
    monkeypatch.setattr(sample, "LEAST_PERPLEXITY", least)
    drawn = draw_sample(tissue.counts, tissue.pixels, Parameters(perplexity=given), 0)
    assert (drawn.perplexity, drawn.parameters.perplexity) == (given, pytest.approx(own))
    assert drawn.widening == pytest.approx(widening)


def test_a_perplexity_for_all_points_is_enough_for_a_sample(tissue, monkeypatch):
    monkeypatch.setattr(sample, "MOST_POINTS", 60)
    drawn = draw_sample(tissue.counts, tissue.pixels, Parameters(perplexity=119 / 3), 0)
    assert drawn.parameters.perplexity == pytest.approx(59 / 3)
    with pytest.raises(ValueError, match=r"= 39.6667 for 120 points, found 40"):
        draw_sample(tissue.counts, tissue.pixels, Parameters(perplexity=40), 0)


def test_neighbours_of_a_sample_are_as_many_as_it_has_of_those_of_all(tissue, monkeypatch):
    counted = []
    for most in (120, 60, 20):
        monkeypatch.setattr(sample, "MOST_POINTS", most)
        judge = judge_of(draw_sample(tissue.counts, tissue.pixels, Parameters(perplexity=5), 0))
        counted.append((judge.in_expression.k, judge.in_space[0].k))
    assert counted == [(15, 50), (7, 25), (5, 8)]


def height(top, weights):
    """Of a hill over alpha, beta / alpha and the scale, each as an exponent of 2."""
    here, there = (np.log2([alpha, beta / alpha, scale]) for alpha, beta, scale in (weights, top))
    return -float(((here - there) ** 2).sum())


def test_steps_climb_as_long_as_they_lead_up():
    """All that lead up at once: one by one they would take eight rounds, of which there are five."""
    tried = []

    class Climb(Search):
        def try_all(self, stage, wanted, init):
            for weights in set(wanted) - set(tried):
                tried.append(weights)
                value = height((256, 64, 0.02), weights) if weights.alpha else 0
                self.rows.append({"stage": stage, **weights._asdict(), "value": value})

    search = Climb(None, None, Wish({}), {})
    centre = search._climbed(Weights(16.0, 4.0, 0.08), 1.0, None)
    np.testing.assert_allclose(centre, (256, 64, 0.02), rtol=0.01)
    fixed = Climb(None, None, Wish({}), {"alpha": 0.0})._climbed(Weights(0.0, 4.0, 0.08), 1.0, None)
    assert fixed.alpha == 0


def test_sections_count_within_themselves(tissue):
    sections = np.repeat(["a", "b"], 60)
    moved = tissue.pixels + np.where(sections == "b", 1e6, 0)[:, None]
    here = choose_parameters(tissue.counts, tissue.pixels, sections=sections, alpha=8, beta=4, **QUICK)
    there = choose_parameters(tissue.counts, moved, sections=sections, alpha=8, beta=4, **QUICK)
    np.testing.assert_allclose(here.table["r2"], there.table["r2"], atol=0.02)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"goal": "best"}, ValueError, "expected goal to be 'balanced' or 'paper', found 'best'"),
        ({"at_least": {"s": 0.5}}, ValueError, "expected r1 and r2 of -1 to 1 in at_least, found 's'"),
        ({"at_least": {"r2": 0.5}, "beta": 0}, ValueError, "expected pixels and beta above 0"),
        ({"alpha": "all"}, ValueError, "expected alpha to be 'auto' or a number of 0 or more, found 'all'"),
        ({"reference": (8, 2)}, ValueError, "expected reference to be alpha, beta and global_scale"),
        ({"theta": 0}, TypeError, "found 'theta'"),
        ({"init": np.zeros((120, 2))}, ValueError, "expected init to be a name here, found an array"),
    ],
)
def test_bad_arguments_are_refused(tissue, given, error, message):
    with pytest.raises(error, match=message):
        choose_parameters(tissue.counts, tissue.pixels, **{**QUICK, **given})


def test_pixels_in_another_order_are_refused(tissue):
    counts = pd.DataFrame(tissue.counts.toarray(), index=[f"spot {i}" for i in range(120)])
    pixels = tissue.pixels.set_axis(counts.index)
    with pytest.raises(ValueError, match="expected pixels in the row order of data"):
        choose_parameters(counts, pixels[::-1], **QUICK)


def test_auto_in_a_run_is_the_choice(tissue, balanced, capsys):
    automatic_weights = dict.fromkeys(WEIGHTS, "auto")
    Y = run_spasne(tissue.counts, tissue.pixels, **QUICK, **automatic_weights, verbose=True)
    told = capsys.readouterr().out
    assert f"alpha {balanced.alpha:g}, beta {balanced.beta:g}" in told and "give the paper's map" in told
    np.testing.assert_array_equal(Y, run_spasne(tissue.counts, tissue.pixels, **QUICK, **balanced.parameters))
    model = SpaSNE(**QUICK, **automatic_weights, random_state=1).fit(tissue.counts, pixels=tissue.pixels)
    assert model.weights_ == {name: getattr(balanced, name) for name in WEIGHTS}


def test_all_three_are_auto_for_large_data_where_none_is_given():
    small = Parameters()
    assert automatic.weights_by_size(small, (), 5000) == small
    assert automatic.weights_by_size(small, ("beta",), 5001) == small
    large = automatic.weights_by_size(small, ("perplexity",), 5001)
    assert {getattr(large, name) for name in WEIGHTS} == {"auto"}


def test_a_data_file_takes_numbers(tissue, tmp_path):
    with pytest.raises(ValueError, match="expected alpha to be a number here, found 'auto'"):
        spasne.init_spasne(tissue.counts, tissue.pixels, "auto", 2, 4, tmp_path, perplexity=10)


def test_the_front_is_drawn(balanced):
    figure = balanced.plot("front")
    assert figure.axes[0].get_ylabel() == "r2: distances in the tissue"
    assert len(figure.axes[0].collections) == 3  # what was tried, t-SNE, the chosen one


def test_the_command_line_chooses_for_large_data_and_says_what(tissue, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(automatic, "LARGE", 100)
    np.save("counts.npy", tissue.counts.toarray())
    np.savetxt("pixels.txt", tissue.pixels)
    files = ["-i", "counts.npy", "-x", "pixels.txt", "-p", "10", "-m", "20"]
    assert spasne.main(["spasne-map", "embed", *files, "-o", "map.csv"]) == 0
    assert "chosen: alpha " in capsys.readouterr().out
    assert spasne.main(["spasne-map", "embed", *files, "-o", "map.csv", "--beta", "2"]) == 0
    assert "chosen: " not in capsys.readouterr().out


def test_the_command_writes_what_was_tried_and_how_to_embed(tissue, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("counts.npy", tissue.counts.toarray())
    np.savetxt("pixels.txt", tissue.pixels)
    flags = ["-i", "counts.npy", "-x", "pixels.txt", "-p", "10", "--alpha", "8", "--beta", "4"]
    assert spasne.main(["spasne-map", "choose", *flags, "--table", "t.csv", "--plot", "front.png"]) == 0
    out = capsys.readouterr().out
    assert "embed with: --alpha 8.0 --beta 4.0 --global_scale " in out and "--init best" in out
    assert {"stage", "kept", "balance"} <= set(pd.read_csv("t.csv")) and (tmp_path / "front.png").is_file()


def test_an_anndata_of_large_size_gets_automatic_weights(tissue, monkeypatch, capsys):
    anndata = pytest.importorskip("anndata")
    monkeypatch.setattr(automatic, "LARGE", 100)
    adata = anndata.AnnData(tissue.counts.toarray(), obsm={"spatial": np.asarray(tissue.pixels)})
    spasne.tl.spasne(adata, perplexity=10, max_iter=20)
    assert "chosen: alpha " in capsys.readouterr().out
    params = adata.uns["spasne"]["params"]
    assert all(isinstance(params[name], float) for name in WEIGHTS) and params["init"] == "best"
