"""map_reliability: each measure against a slow twin, p-values under chance, planted faults, refused input."""

import inspect

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from matplotlib.colors import to_hex
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist

import spasne
from benchmarks.planted_faults import FAULTS, Tissue, areas, faithful_map, tsne_affinities
from spasne_tools.metrics.neighbours import knn_preservation
from spasne_tools.plotting.curves import plot_curves
from spasne_tools.reliability import landmarks, null
from spasne_tools.reliability.verdicts import benjamini_hochberg, verdicts


def example(n=60, seed=0):
    """A map that has something to do with data and positions, with duplicates and ties."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 12)) * np.linspace(3, 0.3, 12)
    X[1] = X[0]
    Y = X[:, :2] + rng.normal(size=(n, 2))
    Y[3] = Y[2]
    pixels = np.round(Y + rng.normal(size=(n, 2)))  # a lattice
    return Y, X, pixels


def unrelated(n, seed):
    """Clusters of different density in the data and on a map, in unrelated order."""
    rng = np.random.default_rng(seed)
    of_data, of_map = rng.integers(10, size=(2, n))
    width = rng.uniform(0.2, 1.5, size=(2, 10, 1))
    X = 3 * rng.normal(size=(10, 10))[of_data] + width[0][of_data] * rng.normal(size=(n, 10))
    Y = 4 * rng.normal(size=(10, 2))[of_map] + width[1][of_map] * rng.normal(size=(n, 2))
    return Y, X


# ---- slow twins, from the definitions --------------------------------------------------------------------


def slow_scales(k, n):
    sizes = [k]
    while 2 * sizes[-1] <= n // 2:
        sizes.append(2 * sizes[-1])
    return sizes


def slow_nearness(distance, i, k):
    """(neighbours of i, nearness of every point to i)."""
    others = np.delete(np.arange(len(distance)), i)
    ordered = np.sort(distance[i, others])
    nearness = np.zeros(len(distance))
    for size in slow_scales(k, len(distance)):
        nearness += (distance[i] <= ordered[size - 1]) / len(slow_scales(k, len(distance)))
    near = [j for j in others if distance[i, j] <= ordered[k - 1]]
    return near, nearness


def slow_measures(Y, X, k):
    on_map, in_data, n = cdist(Y, Y), cdist(X, X), len(Y)
    chance = np.mean(slow_scales(k, n)) / (n - 1)
    rows = []
    for i in range(n):
        others = np.delete(np.arange(n), i)
        near_map, nearness_map = slow_nearness(on_map, i, k)
        near_data, nearness_data = slow_nearness(in_data, i, k)
        kept, true = nearness_map[near_data].mean(), nearness_data[near_map].mean()
        r = np.corrcoef(on_map[i, others], in_data[i, others])[0, 1]
        rows.append([(kept - chance) / (1 - chance), (true - chance) / (1 - chance), r])
    return np.array(rows)


@pytest.mark.parametrize("k", [1, 5, 20])
def test_measures_equal_their_definitions(k):
    Y, X, pixels = example()
    table = spasne.map_reliability(Y, X, pixels, k=k)
    of_expression = table[["kept_expression", "true_expression", "r1"]]
    assert np.allclose(of_expression, slow_measures(Y, X, k), rtol=0, atol=2e-6)
    assert np.allclose(
        table[["kept_space", "true_space", "r2"]], slow_measures(Y, pixels, k), rtol=0, atol=2e-6
    )


def slow_p_bounds(Y, X, k):
    """Of distances and of neighbours, the least and the largest p that ties leave to chance.

    The place of b, in place of its own, for point i: by definition with what is unknown there, b's nearness
    to b, by chance.
    """
    on_map, in_data, n = cdist(Y, Y), cdist(X, X), len(Y)
    chance = np.mean(slow_scales(k, n)) / (n - 1)
    near_map, nearness_map = map(list, zip(*(slow_nearness(on_map, i, k) for i in range(n)), strict=True))
    near_data, nearness_data = map(list, zip(*(slow_nearness(in_data, i, k) for i in range(n)), strict=True))
    for nearness in (nearness_map, nearness_data):
        for i in range(n):
            nearness[i][i] = chance

    def own_part(distance):
        centred = distance - distance.sum(axis=1, keepdims=True) / (n - 1)
        np.fill_diagonal(centred, 0)
        own = centred - centred.sum(axis=0) / (n - 1)
        np.fill_diagonal(own, 0)
        return own / np.linalg.norm(own, axis=1, keepdims=True)

    by_distance = own_part(in_data) @ own_part(on_map).T
    by_neighbours = np.array(
        [
            [
                min(nearness_map[b][near_data[i]].mean(), nearness_data[i][near_map[b]].mean())
                for b in range(n)
            ]
            for i in range(n)
        ]
    )
    bounds = []
    for fit in (by_neighbours, by_distance):
        own = np.diag(fit)[:, None]
        bounds.append([(fit > own + 1e-5).mean(axis=1), (fit >= own - 1e-5).mean(axis=1)])
    return bounds


def test_p_values_equal_their_definition():
    Y, X, _ = example()
    table = spasne.map_reliability(Y, X, k=5)
    for name, (least, largest) in zip(["p_kept_expression", "p_r1"], slow_p_bounds(Y, X, 5), strict=True):
        assert (table[name] >= least).all() and (table[name] <= largest).all(), name
        assert (largest - least).mean() < 0.1  # not for want of a test


def test_q_values_equal_scipys():
    p = np.random.default_rng(0).uniform(size=50) ** 3
    expected = getattr(scipy.stats, "false_discovery_control", None)
    if expected is None:
        pytest.skip("scipy before 1.11")
    with_gap = np.insert(p, 7, np.nan)
    assert np.allclose(np.delete(benjamini_hochberg(with_gap), 7), expected(p))


def test_rank_p_values_by_hand(monkeypatch):
    fit = np.array([[2.0, 1, 3], [5, 5, 5], [0, 1, 2]])
    p = null.rank_p_values(fit, np.random.default_rng(0))
    u = np.random.default_rng(0).random(3)
    assert np.allclose(p, [(1 + u[0]) / 3, u[1], u[2] / 3])


# ---- chance, and what is faithful ------------------------------------------------------------------------

P_COLUMNS = ["p", "p_kept_expression", "p_r1"]


def test_p_values_are_uniform_by_chance_at_1000_points():
    """A few points of each of many maps: points that are neighbours of each other share their luck."""
    found = []
    for seed in range(60):
        table = spasne.map_reliability(*unrelated(1000, seed), random_state=seed)
        found.append(table[P_COLUMNS].sample(15, random_state=seed))
    for name, values in pd.concat(found).items():
        assert scipy.stats.kstest(values, "uniform").pvalue > 0.01, name


def test_all_p_values_of_a_map_are_uniform_by_chance_at_1000_points():
    """Of whole maps `p` alone: the others depend on each other where points are neighbours.

    At most as many are refused as by a test at 5 %: 4 of 20, which chance exceeds once in 400.
    """
    found = [spasne.map_reliability(*unrelated(1000, seed), random_state=seed)["p"] for seed in range(20)]
    assert sum(scipy.stats.kstest(p, "uniform").pvalue < 0.05 for p in found) <= 4


def test_p_values_are_uniform_by_chance_at_50000_points():
    table = spasne.map_reliability(*unrelated(50_000, 0))
    for name in P_COLUMNS:
        assert scipy.stats.kstest(table[name], "uniform").pvalue > 0.01, name


def test_p_values_are_uniform_by_chance_within_sections():
    """Places drawn anew within each section: those of different sections are not alike."""
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        Y, X = unrelated(500, seed)
        sections = np.sort(rng.integers(2, size=500))
        Y[sections == 1] += 20
        pixels = rng.normal(size=(500, 2)) * (1 + sections[:, None])
        table = spasne.map_reliability(Y, X, pixels, sections=sections, random_state=seed)
        found.append(table[[*P_COLUMNS, "p_kept_space", "p_r2"]].sample(15, random_state=seed))
    for name, values in pd.concat(found).items():
        assert scipy.stats.kstest(values, "uniform").pvalue > 0.01, name


def test_by_chance_hardly_anything_is_kept():
    Y, X = unrelated(1000, 0)
    table = spasne.map_reliability(Y, X)
    assert (table["q"] <= 0.05).mean() < 0.01
    assert (table["verdict"] == "misplaced").mean() > 0.85
    assert abs(table["kept_expression"].mean()) < 0.02


@pytest.mark.parametrize("n", [400, 6000])
def test_of_a_faithful_map_nothing_is_misplaced(n):
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(n, 2)) * rng.choice([0.3, 1], size=(n, 1)) + rng.integers(4, size=(n, 1))
    data = plane @ rng.normal(size=(2, 30)) + rng.normal(scale=0.01, size=(n, 30))
    verdict = spasne.map_reliability(plane, data)["verdict"]
    assert (verdict == "misplaced").mean() <= 0.05
    assert (verdict == "kept").mean() > 0.9


@pytest.fixture(scope="module")
def faithful():
    tissue = Tissue.make(500, 0)
    return tissue, faithful_map(tissue), tsne_affinities(tissue.data)


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_found(faithful, fault):
    tissue, Y, affinities = faithful
    changed, at_fault = FAULTS[fault](Y, tissue, np.random.default_rng(0))
    found = areas(changed, tissue, affinities, at_fault)
    assert found["reliability"] >= 0.9
    assert found["at fault: kept"] <= 0.2 and found["others: misplaced"] <= 0.05


NO_TISSUE = dict.fromkeys(["kept_space", "true_space", "p_r2"], np.nan)
JUDGED = {
    "kept": ({}, "kept"),
    "kept in the tissue alone": ({"kept_expression": 0.1, "p_r1": 0.9}, "kept"),
    "within false discovery": ({"q": 0.06}, "uncertain"),
    "less than half": ({"true_expression": 0.49, "kept_space": 0.49}, "uncertain"),
    "less than usual": ({"true_expression": 0.59, "kept_space": 0.59}, "uncertain"),
    "as much as usual": ({"true_expression": 0.61, "kept_space": 0.59}, "kept"),
    "other places suit better": ({"p": 0.11}, "misplaced"),
    "other places by distances": ({"p_r1": 0.21, "p_r2": 0.21}, "misplaced"),
    "distances in the tissue": ({"p_r1": 0.21, "p_r2": 0.19}, "kept"),
    "no tissue": (NO_TISSUE, "kept"),
    "no tissue, far": (NO_TISSUE | {"p_r1": 0.3}, "misplaced"),
}


@pytest.mark.parametrize("case", JUDGED)
def test_the_rule_of_the_verdict(case):
    """Of a point among others whose surroundings are real to 0.8."""
    changes, expected = JUDGED[case]
    good = dict.fromkeys(["kept_expression", "true_expression", "kept_space", "true_space"], 0.8)
    good |= dict.fromkeys(["p", "q", "p_r1", "p_r2"], 0.01)
    found = verdicts(pd.DataFrame([good | changes, good, good, good, good]))
    assert list(found) == [expected, *["kept"] * 4]


# ---- what must not matter --------------------------------------------------------------------------------


def test_units_and_turns_do_not_matter():
    Y, X, pixels = example()
    turned = Y @ np.array([[0.6, 0.8], [-0.8, 0.6]]) * 1e60 + 1e61
    table = spasne.map_reliability(Y, X, pixels, k=5)
    other = spasne.map_reliability(turned, 1e-90 * X, 1e5 * pixels, k=5)
    measures = ["kept_expression", "true_expression", "r1", "kept_space", "true_space", "r2"]
    assert np.allclose(table[measures], other[measures], atol=1e-4)


@pytest.mark.parametrize("n", [1500, 6000])
def test_threads_do_not_matter(n):
    Y, X = unrelated(n, 0)
    one, two = (spasne.map_reliability(Y, X, n_jobs=n_jobs) for n_jobs in (1, 2))
    pd.testing.assert_frame_equal(one, two)


def test_sparse_and_single_precision_data():
    Y, X, _ = example()
    X = np.where(X > 1, X, 0)
    table = spasne.map_reliability(Y, X, k=5)
    for other in (csr_matrix(X), X.astype(np.float32)):
        assert np.allclose(spasne.map_reliability(Y, other, k=5)["r1"], table["r1"], atol=1e-5)


def test_constant_columns_do_not_matter():
    Y, X, pixels = example()
    table = spasne.map_reliability(Y, X, pixels, k=5)
    other = spasne.map_reliability(Y, np.column_stack([X, np.full(60, 7.0)]), pixels, k=5)
    assert np.allclose(table["r1"], other["r1"]) and np.allclose(table["kept_space"], other["kept_space"])


def test_duplicated_points_have_the_same_measures():
    rng = np.random.default_rng(0)
    Y = np.repeat(rng.normal(size=(100, 2)), 3, axis=0)
    data = Y @ np.linalg.qr(rng.normal(size=(5, 2)))[0].T
    table = spasne.map_reliability(Y, data)
    assert np.allclose(table["kept_expression"].to_numpy().reshape(-1, 3).std(axis=1), 0, atol=1e-6)
    assert (table["verdict"] == "kept").all()


@pytest.mark.parametrize("n_dims", [1, 3])
def test_maps_of_other_dimensions(n_dims):
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(300, n_dims))
    table = spasne.map_reliability(Y, Y @ rng.normal(size=(n_dims, 8)), Y)
    assert (table["verdict"] == "kept").all() and table["r2"].min() > 0.999


# ---- sections, landmarks, graphs, other maps -------------------------------------------------------------


def test_sections_are_compared_within():
    Y, X, pixels = example(n=150)
    sections = np.array(["a", "b", "c"])[np.r_[np.zeros(70, int), np.ones(74, int), np.full(6, 2)]]
    order = np.random.default_rng(1).permutation(150)
    Y, X, pixels, sections = Y[order], X[order], pixels[order], sections[order]
    shifted = pixels + 1e4 * (sections == "b")[:, None]  # where sections lie says nothing
    table = spasne.map_reliability(Y, X, shifted, k=5, sections=sections)
    for name in "ab":
        own = sections == name
        alone = slow_measures(Y[own], pixels[own], 5)
        assert np.allclose(table.loc[own, ["kept_space", "true_space", "r2"]], alone, atol=2e-6)
    assert table.loc[sections == "c", "kept_space"].isna().all()
    assert table["reliability"].notna().all() and table["verdict"].notna().all()
    assert np.allclose(table[["kept_expression", "true_expression", "r1"]], slow_measures(Y, X, 5), atol=2e-6)


def test_a_section_at_one_place_has_no_tissue():
    Y, X, pixels = example(n=80)
    pixels[:40] = 5
    table = spasne.map_reliability(Y, X, pixels, k=5, sections=np.arange(80) < 40)
    assert table["r2"][:40].isna().all() and table["r2"][40:].notna().all()


def test_a_sample_of_landmarks_agrees_with_all_points(monkeypatch):
    rng = np.random.default_rng(0)
    Y, X = unrelated(2000, 0)
    half = rng.permutation(2000)[:1000]
    Y[half] = X[half, :2]
    full = spasne.map_reliability(Y, X, k=60)
    monkeypatch.setattr(landmarks, "EXACT_UP_TO", 1000)
    sampled = spasne.map_reliability(Y, X, k=8)  # the same scale: 8 of 256 landmarks
    for name in ("kept_expression", "true_expression", "r1"):
        assert np.corrcoef(full[name], sampled[name])[0, 1] > 0.8, name
        assert abs(full[name].mean() - sampled[name].mean()) < 0.03, name


def graph_of(X, k):
    distance = cdist(X, X)
    np.fill_diagonal(distance, np.inf)
    index = np.argsort(distance, axis=1)[:, :k]
    return index, np.take_along_axis(distance, index, axis=1)


def test_a_graph_of_the_exact_neighbours_changes_nothing():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 9))
    Y = X[:, :2] + 0.3 * rng.normal(size=(200, 2))
    table = spasne.map_reliability(Y, X, k=7)
    given = spasne.map_reliability(Y, X, k=7, neighbors=graph_of(X, 12))
    pd.testing.assert_frame_equal(table, given, atol=1e-6)


def test_a_graph_shows_finer_neighbours_than_landmarks(monkeypatch):
    """Points that swap places with one nearby: landmarks are too coarse to see where the true ones are."""
    monkeypatch.setattr(landmarks, "EXACT_UP_TO", 1000)
    rng = np.random.default_rng(0)
    Y = rng.uniform(size=(3000, 2))
    X = Y @ rng.normal(size=(2, 9))
    moved = rng.permutation(3000)[:300]
    Y[moved] += 0.1 * rng.choice([-1, 1], size=(300, 2))
    at_fault = np.isin(np.arange(3000), moved)
    table = spasne.map_reliability(Y, X, neighbors=graph_of(X, 15))
    assert table["kept_expression"][at_fault].mean() < 0.9 < table["kept_expression"][~at_fault].mean()


def test_by_chance_p_values_with_a_graph_are_uniform(monkeypatch):
    monkeypatch.setattr(landmarks, "EXACT_UP_TO", 1000)
    Y, X = unrelated(4000, 5)
    p = spasne.map_reliability(Y, X, neighbors=graph_of(X, 15))[P_COLUMNS]
    for name in P_COLUMNS:
        assert scipy.stats.kstest(p[name].sample(800, random_state=0), "uniform").pvalue > 0.01, name


def test_instability_finds_what_differs_between_maps():
    rng = np.random.default_rng(0)
    Y = rng.uniform(size=(500, 2))
    other = Y @ np.array([[0.0, 1], [-1, 0]])
    other[:50] = rng.permutation(other[:50])
    table = spasne.map_reliability(Y, Y @ rng.normal(size=(2, 6)), other_maps=[other, 3 * Y])
    instability = table["instability"]
    assert instability[:50].mean() > 0.3 > 0.1 > instability[50:].mean()
    same = spasne.map_reliability(Y, Y @ rng.normal(size=(2, 6)), other_maps=[3 * Y])["instability"]
    assert same.max() < 1e-6


# ---- what is returned and refused ------------------------------------------------------------------------


def test_the_index_is_that_of_the_data():
    Y, X, pixels = example()
    data = pd.DataFrame(X, index=[f"spot{i}" for i in range(60)])
    table = spasne.map_reliability(Y, data, pixels, k=5)
    assert table.index.equals(data.index)
    assert list(table["verdict"].cat.categories) == ["kept", "uncertain", "misplaced"]


REFUSED = {
    "rows": (lambda Y, X, S: (Y[1:], X, S), {}, "expected 60 rows in Y, as in data, found 59"),
    "rows of pixels": (lambda Y, X, S: (Y, X, S[1:]), {}, "expected 60 rows in pixels"),
    "nan": (lambda Y, X, S: (np.where(Y > 1, np.nan, Y), X, S), {}, "expected finite numbers in Y"),
    "map at a point": (lambda Y, X, S: (0 * Y, X, S), {}, "points that differ in Y, found all at one place"),
    "tissue at a point": (lambda Y, X, S: (Y, X, 0 * S), {}, "points that differ in pixels"),
    "constant data": (lambda Y, X, S: (Y, 0 * X, S), {}, "expected data with at least one column that"),
    "large k": (lambda Y, X, S: (Y, X, S), {"k": 30}, "expected k between 1 and 29"),
    "k of 0": (lambda Y, X, S: (Y, X, S), {"k": 0}, "expected k to be an integer of 1 or more"),
    "half a k": (lambda Y, X, S: (Y, X, S), {"k": 2.5}, "expected k to be an integer"),
    "seed": (lambda Y, X, S: (Y, X, S), {"random_state": -1}, "expected random_state to be an integer of 0"),
    "threads": (lambda Y, X, S: (Y, X, S), {"n_jobs": 0}, "expected n_jobs to be"),
    "sections": (lambda Y, X, S: (Y, X, S), {"sections": [1] * 59}, "expected 60 rows in sections"),
    "small sections": (lambda Y, X, S: (Y, X, S), {"sections": range(60)}, "a section of at least 12 points"),
    "graph": (
        lambda Y, X, S: (Y, X, S), {"neighbors": graph_of(np.eye(60), 3)}, "expected at least .* 5 neighbors",
    ),
    "other map": (lambda Y, X, S: (Y, X, S), {"other_maps": [np.eye(9)]}, "60 rows in other_maps.0."),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    change, options, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        spasne.map_reliability(*change(*example()), **{"k": 5, **options})


# ---- curves ----------------------------------------------------------------------------------------------


def test_curves_equal_knn_preservation_at_each_k():
    Y, X, pixels = example(n=120)
    neighbours = spasne.map_curves(Y, X, pixels).neighbours
    assert list(neighbours.index) == list(range(1, 120))
    for k in (1, 10, 50):
        assert neighbours["expression"][k] == pytest.approx(knn_preservation(X, Y, k), abs=0.02)
    assert neighbours["space"][119] == 1 and neighbours["chance"][119] == 1


def test_curves_within_sections():
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(300, 2))
    sections = np.repeat([0, 1, 2], [100, 150, 50])
    pixels = 10 * Y + 1e5 * rng.permutation(3)[sections][:, None]
    curves = spasne.map_curves(Y, rng.normal(size=(300, 4)), pixels, sections=sections)
    assert np.allclose(curves.neighbours["space"].dropna(), 1)
    assert curves.neighbours["space"].notna().sum() == 149
    share = curves.distances["space"].notna().mean()
    assert share == pytest.approx((100**2 + 150**2 + 50**2) / 300**2, abs=0.02)
    assert len(plot_curves(curves, "a title").axes) == 3


# ---- figures ---------------------------------------------------------------------------------------------

VERDICT = pd.Categorical(["kept", "misplaced", "uncertain", "kept"], ["kept", "uncertain", "misplaced"])


def colours_by_point(figure, Y):
    """Colour of the last marker drawn at each point of Y."""
    found = {}
    for drawn in figure.axes[0].collections:
        colours = np.broadcast_to(drawn.get_facecolors(), (len(drawn.get_offsets()), 4))
        for place, colour in zip(drawn.get_offsets().tolist(), colours, strict=True):
            found[tuple(place)] = to_hex(colour)
    return [found[tuple(place)] for place in Y.tolist()]


@pytest.mark.parametrize("colors", [["a", "b", "a", "b"], [0.1, 0.2, 0.3, 0.4]], ids=["classes", "numbers"])
@pytest.mark.parametrize("kept", [VERDICT, [True, False, False, True]], ids=["verdicts", "truth"])
def test_what_is_not_kept_is_grey(colors, kept):
    Y = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    whole, greyed = spasne.plot_maps(Y, colors), spasne.plot_maps(Y, colors, kept=kept)
    for figure in (whole, greyed):
        figure.canvas.draw()
    before, now = colours_by_point(whole, Y), colours_by_point(greyed, Y)
    assert [now[0], now[3]] == [before[0], before[3]]
    assert now[1] == now[2] == "#d3d3d3"
    legend = greyed.axes[0].get_legend()
    assert legend is None or "not kept" in [text.get_text() for text in legend.get_texts()]


def test_other_words_for_kept_are_refused():
    Y = np.eye(4)
    with pytest.raises(ValueError, match="expected kept as True and False or as verdicts .*, found 'good'"):
        spasne.plot_maps(Y[:, :2], list("abab"), kept=["good"] * 4)
    with pytest.raises(ValueError, match="expected 4 values in kept"):
        spasne.plot_maps(Y[:, :2], list("abab"), kept=[True])


def test_signature_is_what_was_agreed():
    names = list(inspect.signature(spasne.map_reliability).parameters)
    assert names[:3] == ["Y", "data", "pixels"]
    assert {"k", "sections", "random_state", "n_jobs"} <= set(names)
