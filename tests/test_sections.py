"""Several tissue sections: spatial pairs within sections only, in the executable and its Python face."""

import functools
import itertools
import json
import re
import warnings
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import reference
from data_layout import MAGIC, floats, pack_case, record
from random_cases import random_case
from scipy.spatial.distance import pdist
from sklearn.neighbors import NearestNeighbors

from spasne import preprocess_counts, run_spasne, score_embedding, simulate_tissue
from spasne_tools.commands.score import lines_of
from spasne_tools.metrics import scores as metrics
from spasne_tools.metrics.scores import Sampling, pairwise_correlation
from spasne_tools.run.parameters import Parameters
from spasne_tools.run.prepare import prepare_problem

N_POINTS = 120
ALPHA, BETA = 8.0, 2.0
FIRST_GAIN = 1 + reference.GAIN_STEP
RATE = 1000.0
LAYOUTS = {
    "two": np.arange(N_POINTS) % 2,
    "blocks": np.repeat([2, 0, 1], [11, 40, N_POINTS - 51]),
    "one_alone": np.where(np.arange(N_POINTS) == 37, 1, 0),
    "pairs": np.arange(N_POINTS) // 2,
}


def in_sections(layout="blocks", seed=70, **options):
    return random_case(seed, sections=LAYOUTS[layout], **options)


# --- the reference itself ---


@pytest.mark.parametrize("sigma", [1.0, 0.3])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradient_is_a_quarter_of_the_costs_slope(layout, sigma):
    case = in_sections(layout)
    P_all, Y, step = reference.affinities(case), np.random.default_rng(1).normal(size=(N_POINTS, 2)) * 2, 1e-5
    slope = np.zeros_like(Y)
    for index in itertools.product(range(3), range(2)):
        shift = np.zeros_like(Y)
        shift[index] = step
        above, below = (
            reference.cost_shares(Y + side * shift, P_all, ALPHA, BETA, sigma, case.pairs).sum()
            for side in (1, -1)
        )
        slope[index] = (above - below) / (2 * step)
    gradient = reference.gradient(Y, P_all, ALPHA, BETA, sigma, case.pairs)
    np.testing.assert_allclose(4 * gradient[:3], slope[:3], rtol=0, atol=1e-6 * np.abs(gradient).max())


def test_spatial_affinities_are_normalised_within_sections_together():
    case = in_sections("blocks")
    P_space = reference.affinities(case)[2]
    assert P_space.sum() == pytest.approx(1)
    assert np.all((P_space > 0) == (case.pairs.astype(bool) & ~np.eye(N_POINTS, dtype=bool)))


# --- dense methods ---


def assert_agrees_with_reference(case, outcome):
    expected = reference.run(case)
    np.testing.assert_allclose(outcome.Y, expected, rtol=0, atol=1e-7 * np.abs(expected).max())
    terms = reference.cost_terms(
        outcome.Y, reference.affinities(case), case.alpha, case.beta, case.sigma, case.pairs
    )
    scale = np.abs(terms).sum(axis=0).max()
    np.testing.assert_allclose(outcome.cost, terms.sum(axis=0), rtol=0, atol=1e-9 * scale)
    report = json.loads((outcome.folder / "report.json").read_text())
    parts = [report["cost_local"], report["cost_global"], report["cost_space"]]
    np.testing.assert_allclose(parts, terms.sum(axis=1), rtol=1e-7)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("theta", [0, 0.5])
@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_short_run(embed, no_dims, theta, layout):
    case = in_sections(layout, no_dims=no_dims, theta=theta)
    assert_agrees_with_reference(case, embed(case, "--report", "report.json"))


@pytest.mark.parametrize("theta", [0, 0.5])
@pytest.mark.parametrize(
    "options",
    [
        {"alpha": 0.0},
        {"beta": 0.0},
        {"global_scale": 0.3},
        {"global_scale": 3.0, "pixel_offset": 0.0},
        {"pixel_offset": 5e4, "n_space": 3},
    ],
    ids=lambda options: " ".join(f"{name}={value:g}" for name, value in options.items()),
)
def test_short_run_with_options(embed, options, theta):
    case = in_sections(theta=theta, **options)
    assert_agrees_with_reference(case, embed(case, "--report", "report.json"))


@pytest.mark.parametrize("method", ["exact", "barnes_hut"])
def test_one_section_changes_nothing(embed, method):
    case = random_case(71, method=method, max_iter=60, global_scale=0.5)
    in_one = replace(case, sections=np.zeros(N_POINTS))
    assert embed(in_one).result_bytes == embed(case).result_bytes
    assert embed(replace(in_one, sections=LAYOUTS["one_alone"])).result_bytes != embed(case).result_bytes


@pytest.mark.parametrize("method", ["exact", "barnes_hut", "interpolation"])
def test_where_a_section_lies_is_irrelevant(embed, method):
    """Whole coordinates and shifts, so that nothing is rounded on the way in."""
    case = in_sections(method=method)
    case.pixels = np.round(case.pixels)
    moved = replace(case, pixels=case.pixels + 1e6 * LAYOUTS["blocks"][:, None])
    expected = embed(case).Y
    np.testing.assert_allclose(embed(moved).Y, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def test_same_bytes_for_any_number_of_threads(embed):
    results = {embed(in_sections(max_iter=60), "--threads", threads).result_bytes for threads in (1, 2, 7)}
    assert len(results) == 1


def test_log_tells(embed):
    assert re.search(r"\b3 sections: .*\bwithin\b", embed(in_sections("blocks", max_iter=0)).stdout)
    assert "sections" not in embed(random_case(70, max_iter=0)).stdout


@pytest.mark.parametrize("options", [{"theta": 0}, {"theta": 0.5, "global_scale": 0.3}])
def test_runs_of_a_batch_are_those_alone(embed, options):
    runs = np.array([[8.0, 2.0, 1], [4.0, 0.0, 2], [0.0, 3.0, 3]])
    case = in_sections(max_iter=40, **options)
    batch = embed(replace(case, runs=runs))
    assert re.search(r"\b3 sections: .*\bwithin\b", batch.stdout)
    for number, (alpha, beta, seed) in enumerate(runs):
        alone = embed(replace(case, alpha=alpha, beta=beta, seed=int(seed)))
        assert (batch.folder / f"result.{number}.dat").read_bytes() == alone.result_bytes


# --- method interpolation ---

GRADIENT_ERROR, STRICT_ERROR, COST_ERROR = 1e-3, 1e-4, 1e-3  # at the default accuracy, and at 1e-5


def one_step(embed, case, *records):
    """The gradient at the start of a case but for its mean, read off one iteration."""
    step = {
        "max_iter": 1,
        "learning_rate": RATE,
        "max_step": np.inf,
        "stop_tolerance": 0.0,
        "exaggeration": 1.0,
    }
    packed, end = pack_case(replace(case, **step)), record("end")
    moved = embed(packed[: -len(end)] + b"".join(records) + end).Y - case.init
    return (moved.mean(axis=0) - moved) / (RATE * FIRST_GAIN)


# Sections are summed pair by pair up to 256 points, larger ones over a grid.
LAYOUT_OF_MANY = np.arange(660) % 41
LARGE = np.random.default_rng(75).permutation(np.repeat([0, 1, 2, 3], [300, 299, 60, 1]))


@functools.cache
def large_affinities(n_space, offset):
    return reference.affinities(interpolated(n_space=n_space, pixel_offset=offset))


def interpolated(no_dims=2, n_space=2, spread=1.0, **options):
    """In three dimensions repulsion is a tree's, nearly exact for a small theta."""
    start = spread * np.random.default_rng(75).normal(size=(len(LARGE), no_dims))
    theta = 0.02 if no_dims == 3 else 0.5
    options = {"method": "interpolation", "sections": LARGE, "init": start, "theta": theta, **options}
    return random_case(75, len(LARGE), n_space=n_space, no_dims=no_dims, **options)


def assert_gradient(embed, case, P_all, strict=True):
    expected = reference.gradient(case.init, P_all, case.alpha, case.beta, case.sigma, case.pairs)
    expected -= expected.mean(axis=0)
    size = np.linalg.norm(expected)
    assert np.linalg.norm(one_step(embed, case) - expected) < GRADIENT_ERROR * size
    if strict:
        fine = one_step(embed, case, record("accuracy", floats(1e-5)))
        assert np.linalg.norm(fine - expected) < STRICT_ERROR * size


def assert_cost(embed, case, P_all):
    outcome = embed(replace(case, max_iter=0), "--report", "report.json")
    terms = reference.cost_terms(case.init, P_all, case.alpha, case.beta, case.sigma, case.pairs)
    report = json.loads((outcome.folder / "report.json").read_text())
    parts = [report["cost_local"], report["cost_global"], report["cost_space"]]
    np.testing.assert_allclose(parts, terms.sum(axis=1), rtol=COST_ERROR)
    shares = terms.sum(axis=0)
    np.testing.assert_allclose(outcome.cost, shares, rtol=0, atol=COST_ERROR * np.abs(shares).max())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"no_dims": 1},
        {"no_dims": 3, "spread": 0.1},
        {"alpha": 0.0},
        {"beta": 0.0},
        {"global_scale": 0.3},
        {"global_scale": 3.0, "pixel_offset": 0.0, "spread": 0.1},
        {"n_space": 3, "spread": 2.0},
    ],
    ids=lambda options: " ".join(f"{name}={value:g}" for name, value in options.items()) or "defaults",
)
def test_interpolation(embed, options):
    case = interpolated(**options)
    P_all = large_affinities(case.pixels.shape[1], case.offset)
    assert_gradient(embed, case, P_all, strict=options == {})
    assert_cost(embed, case, P_all)


def test_interpolation_within_small_sections_only(embed):
    case = interpolated(sections=LAYOUT_OF_MANY)
    P_all = reference.affinities(case)
    assert_gradient(embed, case, P_all, strict=False)
    assert_cost(embed, case, P_all)


@pytest.mark.parametrize("moved", [np.flatnonzero(LARGE == 1), np.flatnonzero(LARGE == 2)[:1]])
def test_interpolation_of_a_map_in_pieces(embed, moved):
    """A section, or one of a section's points, far from the rest: further than one grid reaches."""
    case = interpolated()
    case.init[moved] += 40 if len(moved) > 1 else 1e4
    assert_gradient(embed, case, large_affinities(2, 1.0), strict=False)


def test_interpolation_in_one_section_changes_nothing(embed):
    case = replace(random_case(71), method="interpolation", max_iter=60)
    assert embed(replace(case, sections=np.zeros(N_POINTS))).result_bytes == embed(case).result_bytes


@pytest.mark.parametrize("no_dims", [2, 3])
def test_interpolation_gives_the_same_bytes_for_any_number_of_threads(embed, no_dims):
    sections = np.random.default_rng(76).choice(4, 1500, p=[0.4, 0.4, 0.1, 0.1])
    case = random_case(76, 1500, no_dims=no_dims, sections=sections, method="interpolation", max_iter=5)
    assert len({embed(case, "--threads", threads).result_bytes for threads in (1, 2, 7)}) == 1


# --- what is rejected ---


def with_sections(codes, **options):
    case = random_case(72, n_points=40, max_iter=2, **options)
    payload = np.asarray(codes, dtype="<i4").tobytes()
    records = [record("sections", payload), record("end")]
    if case.pixel_offset is None:
        return pack_case(case) + MAGIC + b"".join(records)
    return pack_case(case)[: -len(records[1])] + b"".join(records)


@pytest.mark.parametrize(
    ("codes", "mentions"),
    [
        ([0] * 39, "sections"),
        ([0] * 41, "sections"),
        ([], "sections"),
        ([0] * 39 + [-1], "-1 at point 39"),
        ([0] * 39 + [40], "40 at point 39"),
        ([0] * 39 + [2**31 - 1], "at point 39"),
        ([0, 2] * 20, "none of code 1"),
        ([1] * 40, "none of code 0"),
        (range(40), "two points"),
    ],
    ids=["one_too_few", "one_too_many", "none", "negative", "n", "huge", "gap", "no_0", "all_alone"],
)
def test_bad_sections(execute, codes, mentions):
    outcome = execute(with_sections(codes), memory_limited=True)
    assert outcome.returncode == 2, (outcome.returncode, outcome.stderr)
    assert outcome.stderr.startswith("spasne: error: ") and outcome.stderr.count("\n") == 1
    assert mentions in outcome.stderr
    assert {path.name for path in outcome.folder.iterdir()} == {"data.dat"}


def test_one_position_in_each_section_without_offset_is_rejected(execute):
    """Ps would be 0 / 0; positions that differ between sections do not help."""
    codes = np.arange(40) % 2
    case = replace(random_case(72, n_points=40, max_iter=2, pixel_offset=0.0), sections=codes)
    case.pixels = 100.0 * codes[:, None] + [0, 1]
    outcome = execute(case)
    assert outcome.returncode == 2 and "within a section" in outcome.stderr
    case.pixels[7] += 1
    assert execute(case).returncode == 0


def test_sections_of_one_point_each_will_do_without_the_spatial_term(embed):
    assert np.all(np.isfinite(embed(with_sections(range(40), beta=0.0)).Y))


# --- Python ---


def prepared(sections, pixels=None, **parameters):
    case = random_case(73)
    pixels = case.pixels if pixels is None else pixels
    return prepare_problem(case.X, pixels, Parameters(perplexity=5, sections=sections, **parameters))


LABELS = np.array(["right", "left"])[LAYOUTS["two"]]


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        LABELS.tolist(),
        pd.Series(LABELS),
        pd.Categorical(LABELS, ["left", "right", "none"]),
        LABELS == "left",
        np.where(LABELS == "left", 2.5, -1),
        LAYOUTS["two"] + 7,
    ],
    ids=["array", "list", "series", "categories", "booleans", "numbers", "integers"],
)
def test_labels_of_any_type(labels):
    codes = prepared(labels).sections
    assert codes.dtype == np.int32
    np.testing.assert_array_equal(codes.ravel(), LAYOUTS["two"])


def test_one_label_for_all_is_no_section_at_all():
    problem, plain = prepared(["brain"] * N_POINTS), prepared(None)
    assert problem.sections is None
    np.testing.assert_array_equal(problem.pixels, plain.pixels)


def test_unit_is_that_of_pairs_within_sections():
    codes, pixels = LAYOUTS["blocks"], random_case(73).pixels
    moved = pixels + 1e5 * codes[:, None]
    found = prepared(codes, moved, pixel_scale="unit").pixels
    inside = [pdist(found[codes == code]) ** 2 for code in range(3)]
    assert np.concatenate(inside).mean() == pytest.approx(1)
    ratio = np.sqrt(inside[1]) / pdist(pixels[codes == 1])
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)


def test_warns_of_small_coordinates_within_sections():
    pixels = random_case(73).pixels
    with pytest.warns(UserWarning, match="nearly vanishes"):
        prepared(LABELS, pixels / 1e3 + 1e6 * LAYOUTS["two"][:, None])


def two_units(ratio, n_small=20, **parameters):
    """Sections of as many rows as `n_small` and of others, one `ratio` times as large as the other."""
    sections = np.repeat(["s2", "s1"], [n_small, 40 - n_small])
    pixels = np.random.default_rng(3).uniform(0, 5000, (40, 2))
    pixels[:n_small] /= ratio * np.sqrt(spread_of(pixels[:n_small]) / spread_of(pixels[n_small:]))
    case = random_case(70, n_points=40)
    return prepare_problem(case.X, pixels, Parameters(perplexity=5, sections=sections, **parameters))


def spread_of(positions):
    return pdist(positions, "sqeuclidean").mean()


@pytest.mark.parametrize("scale", ["raw", "unit"])
def test_warns_of_sections_in_other_units(scale):
    said = r"^section s1 is 30\.5 times as large as section s2, whose positions hardly count .* units differ"
    with pytest.warns(UserWarning, match=said):
        two_units(30.5, pixel_scale=scale)


@pytest.mark.parametrize(
    "options", [{"ratio": 29.5}, {"ratio": 1e4, "beta": 0}, {"ratio": 1e4, "n_small": 9}]
)
def test_sections_of_other_sizes(options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        two_units(**options)


def test_a_section_at_one_place_is_in_no_other_unit():
    pixels = np.random.default_rng(3).uniform(0, 5000, (40, 2))
    pixels[:20] = 7
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare_problem(
            random_case(70, n_points=40).X, pixels, Parameters(perplexity=5, sections=[0] * 20 + [1] * 20)
        )


def test_spatial_start_lays_sections_on_each_other():
    start = prepared(LABELS, random_case(73).pixels + 1e6 * LAYOUTS["two"][:, None], init="spatial")
    means = [start.start[LAYOUTS["two"] == code].mean(axis=0) for code in (0, 1)]
    np.testing.assert_allclose(means, 0, atol=1e-6 * reference.INIT_SCALE)


# --- scores ---


def test_scores_within_sections():
    case, codes = random_case(74, n_points=150), np.repeat([1, 0, 2], [90, 58, 2])
    Y = case.pixels + np.random.default_rng(0).normal(size=(150, 2)) * 60
    labels = np.array(["b", "a", "lone"])[codes]
    moved = case.pixels + 1e5 * codes[:, None]
    domains = (case.pixels[:, 0] > 300) + 0
    scores = score_embedding(Y, case.X, moved, labels, domains=domains, sections=labels, full=True)
    assert "r2[lone]" not in scores  # too few spots
    alone = {}
    for name in ("a", "b"):
        rows = labels == name
        alone[name] = score_embedding(Y[rows], case.X[rows], moved[rows], domains=domains[rows], full=True)
        assert scores[f"r2[{name}]"] == pytest.approx(alone[name]["r2"], rel=1e-12)
    for name in ("r2", "knn15_space", "moran_1", "chaos", "pas", "spearman_space"):
        mean = (58 * alone["b"][name] + 90 * alone["a"][name]) / 148
        assert scores[name] == pytest.approx(mean, rel=1e-12), name
    whole = score_embedding(Y, case.X, case.pixels, labels, domains=domains, full=True)
    for name in ("r1", "s", "knn15_expression"):
        assert scores[name] == whole[name]
    assert set(scores.index) == set(whole.index) | {"r2[a]", "r2[b]"}


def test_sections_of_any_name_have_scores_of_their_own():
    case, names = random_case(74, n_points=160), np.array(["se", "mouse_se", "mouse", "r1"])
    sections, sampling = names[np.arange(160) % 4], Sampling(exact_up_to=30, n_pairs=500)
    Y = case.pixels + np.random.default_rng(0).normal(size=(160, 2)) * 60
    scores = score_embedding(Y, case.X, case.pixels, sections=sections, sampling=sampling)
    for name in names:
        alone = pairwise_correlation(case.pixels[sections == name], Y[sections == name], sampling=sampling)
        assert scores[f"r2[{name}]"] == pytest.approx(alone)
        assert scores[f"r2[{name}]_se"] == pytest.approx(alone.standard_error)
    assert set(scores.index) == {
        name + end for name in ("r1", "r2", *(f"r2[{name}]" for name in names)) for end in ("", "_se")
    }
    assert [line.split()[0] for line in lines_of(scores)] == list(scores.index[::2])
    assert f"r2[mouse_se] {scores['r2[mouse_se]']:.4f} +- {scores['r2[mouse_se]_se']:.4f}" in lines_of(scores)


def test_scores_of_expression_are_taken_once(monkeypatch):
    """Whatever the number of sections: expression, told by its columns, and space within each section."""
    case, asked = random_case(74, n_points=120), []

    def watch(module, name):
        taken = getattr(module, name)

        def counted(X, *arguments, **named):
            asked.append((name, X.shape))
            return taken(X, *arguments, **named)

        monkeypatch.setattr(module, name, counted)

    watch(metrics, "pairwise_correlation")
    watch(metrics, "neighbourhood_scores")
    score_embedding(case.pixels, case.X, case.pixels, sections=np.arange(120) % 3, full=True)
    found = Counter(asked)
    assert found["pairwise_correlation", case.X.shape] == 2  # of distances and of their ranks
    assert found["neighbourhood_scores", case.X.shape] == 1
    assert found["pairwise_correlation", (40, 2)] == 6
    assert found["neighbourhood_scores", (40, 2)] == 3
    assert len(found) == 4


def test_scores_need_a_section_large_enough():
    case = random_case(74, n_points=40)
    with pytest.raises(ValueError, match="section of at least 3 spots, found none"):
        score_embedding(case.pixels, case.X, case.pixels, sections=np.arange(40) // 2)
    with pytest.raises(ValueError, match="expected 40 rows in sections"):
        score_embedding(case.pixels, case.X, case.pixels, sections=["a"] * 39)


# --- a joint map ---


@dataclass
class Joint:
    """Two sections of one simulated tissue, the second turned, mirrored and far away."""

    X: np.ndarray
    pixels: np.ndarray
    sections: np.ndarray
    layers: np.ndarray

    def alone(self, section):
        rows = self.sections == section
        return self.X[rows], self.pixels[rows]


@pytest.fixture(scope="module")
def joint():
    tissue = simulate_tissue(600, 200, seed=3)
    pixels, sections = tissue.pixels.to_numpy(copy=True), np.array(["first", "second"])[np.arange(600) % 2]
    turn = np.array([[0.28, -0.96], [-0.96, -0.28]])
    pixels[sections == "second"] = pixels[sections == "second"] @ turn + [50_000, -20_000]
    layers = tissue.labels.cat.codes.to_numpy()
    return Joint(preprocess_counts(tissue.counts, 50), pixels, sections, layers)


def shares_of_other(Y, sections, k=15):
    """Share of the 15 nearest spots on the map that lie in the other section; a half if well mixed."""
    near = NearestNeighbors(n_neighbors=k).fit(Y).kneighbors(return_distance=False)
    return np.mean(sections[near] != sections[:, None])


def shared_layers(Y, layers, given, asked, k=15):
    """Share of the 15 nearest spots among `given` that lie in the layer of a spot of `asked`, on average."""
    search = NearestNeighbors(n_neighbors=k).fit(Y[given])
    near = search.kneighbors(None if given is asked else Y[asked], return_distance=False)  # without itself
    return np.mean(layers[given][near] == layers[asked][:, None])


JOINT_OPTIONS = {"beta": 4, "perplexity": 25, "randseed": 1, "use_pca": False}


@pytest.mark.parametrize("method", ["exact", "barnes_hut", "interpolation"])
def test_joint_map(spasne_binary, monkeypatch, joint, method):
    """Space is kept as well as in each section alone, and the sections lie on each other."""
    monkeypatch.setenv("SPASNE_BIN", str(spasne_binary))
    options = JOINT_OPTIONS | {"method": method}
    Y = run_spasne(joint.X, joint.pixels, sections=joint.sections, **options)
    scores = score_embedding(Y, joint.X, joint.pixels, joint.sections, sections=joint.sections)
    for section in ("first", "second"):
        X, pixels = joint.alone(section)
        alone = score_embedding(run_spasne(X, pixels, **options), X, pixels)
        assert scores[f"r2[{section}]"] > alone["r2"] - 0.02
    assert abs(scores["s"]) < 0.02  # silhouette of the sections
    assert shares_of_other(Y, joint.sections) > 0.45
    first, second = joint.sections == "first", joint.sections == "second"
    across, within = (shared_layers(Y, joint.layers, given, second) for given in (first, second))
    assert across > 0.95 * within
    assert across > 2 * np.mean(np.equal.outer(joint.layers, joint.layers))  # chance


def test_without_sections_the_same_spots_fall_apart(spasne_binary, monkeypatch, joint):
    monkeypatch.setenv("SPASNE_BIN", str(spasne_binary))
    Y = run_spasne(joint.X, joint.pixels, **JOINT_OPTIONS)
    assert shares_of_other(Y, joint.sections) < 0.05
