"""The executable against the reference on random problems, and what else it promises when all is well."""

import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import reference
from conftest import ROOT, run_command
from data_layout import floats, pack_case, unpack_result
from random_cases import random_case

TOLERANCE = 1e-7  # share of the map's size, after at most 10 iterations
COST_TOLERANCE = 1e-9
PROGRESS = re.compile(
    r"^Iteration (\d+): error is (\d+\.\d+) \((\d+) iterations in \d+\.\d+ seconds\)$", re.M
)


def assert_same_map(found, expected):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())


def assert_agrees_with_reference(case, outcome):
    """Same map, and at that map the same shares of the cost."""
    assert_same_map(outcome.Y, reference.run(case))
    terms = reference.cost_terms(outcome.Y, reference.affinities(case), case.alpha, case.beta, case.sigma)
    scale = np.abs(terms).sum(axis=0).max()
    np.testing.assert_allclose(outcome.cost, terms.sum(axis=0), rtol=0, atol=COST_TOLERANCE * scale)


# --- whole short runs ---


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("theta", [0, 0.2, 0.5, 0.8])
@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_random_problem(embed, no_dims, theta, seed):
    case = random_case(seed, no_dims=no_dims, theta=theta)
    assert_agrees_with_reference(case, embed(case))


@pytest.mark.parametrize("theta", [0, 0.5])
@pytest.mark.parametrize("n_points", [32, 33, 63, 64, 65, 127, 257])
def test_any_number_of_points(embed, n_points, theta):
    case = random_case(n_points, n_points=n_points, theta=theta, max_iter=6)
    assert_agrees_with_reference(case, embed(case))


@pytest.mark.parametrize("theta", [0, 0.5])
@pytest.mark.parametrize("n_space", [1, 2, 3, 5])
def test_any_number_of_spatial_columns(embed, n_space, theta):
    case = random_case(11, n_space=n_space, theta=theta)
    assert_agrees_with_reference(case, embed(case))


@pytest.mark.parametrize("theta", [0, 0.5])
@pytest.mark.parametrize(("alpha", "beta"), [(0, 0), (9, 0), (0, 4), (50, 25)])
def test_weights(embed, alpha, beta, theta):
    case = random_case(12, alpha=alpha, beta=beta, theta=theta)
    assert_agrees_with_reference(case, embed(case))


@pytest.mark.parametrize("exaggeration", [0.5, 1, 12])
def test_exaggeration(embed, exaggeration):
    case = random_case(13, exaggeration=exaggeration)
    assert_agrees_with_reference(case, embed(case))


@pytest.mark.parametrize("perplexity", [1, 3.7, 39])
def test_perplexity(embed, perplexity):
    case = random_case(14, perplexity=perplexity)
    assert_agrees_with_reference(case, embed(case))


@pytest.mark.parametrize("theta", [0, 0.5])
def test_duplicated_expression(embed, theta):
    case = random_case(15, theta=theta)
    case.X[40:60] = case.X[:20]
    case.X[100:104] = case.X[0]
    assert_agrees_with_reference(case, embed(case))


@pytest.mark.parametrize("theta", [0, 0.5])
def test_more_duplicates_than_the_perplexity(embed, theta):
    """Their precision is doubled until the search gives up; the duplicates then share the row evenly."""
    case = random_case(16, theta=theta)
    case.X[:30] = case.X[0]
    assert_agrees_with_reference(case, embed(case))


@pytest.mark.parametrize("theta", [0, 0.5])
def test_switch_at_iteration_250(embed, theta):
    """Small steps, so that rounding does not grow: exaggeration and momentum change after iteration 250."""
    case = random_case(17, n_points=60, max_iter=262, theta=theta, learning_rate=0.01, stop_tolerance=0.0)
    case.init = np.random.default_rng(17).normal(size=(60, 2))
    before = reference.run(replace(case, max_iter=251))
    assert np.abs(reference.run(case) - before).max() > 1e-3
    assert_agrees_with_reference(case, embed(case))


def test_far_larger_coordinates(embed):
    case = random_case(18)
    case.X, case.pixels = case.X * 1e6 + 1e4, case.pixels * 1e4
    assert_agrees_with_reference(case, embed(case))


# --- start ---


@pytest.mark.parametrize("no_dims", [1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1, 2, 12345, 2**31 - 1])
def test_no_iterations_return_the_start(embed, seed, no_dims):
    case = random_case(20, n_points=40, no_dims=no_dims, max_iter=0)
    case.seed = seed
    np.testing.assert_allclose(embed(case).Y, reference.random_start(seed, 40, no_dims), rtol=1e-14, atol=0)


def test_no_iterations_return_a_given_start_as_it_is(embed):
    start = np.random.default_rng(0).normal(size=(120, 2)) + 5
    outcome = embed(random_case(20, max_iter=0, init=start))
    np.testing.assert_array_equal(outcome.Y, start)


def test_seeds_0_and_1_are_the_same_and_2_is_not(embed):
    case = random_case(21, n_points=40)
    maps = [embed(replace(case, seed=seed)).result_bytes for seed in (0, 1, 2)]
    assert maps[0] == maps[1] != maps[2]


def test_negative_seed_starts_anew_each_time(embed):
    case = random_case(22, n_points=40, max_iter=0)
    case.seed = -1
    assert len({embed(case).result_bytes for _ in range(4)}) == 4


# --- cost ---


@pytest.mark.parametrize("theta", [0, 0.5])
@pytest.mark.parametrize("no_dims", [1, 2, 3])
def test_cost_is_the_objectives(embed, no_dims, theta):
    """Without exaggeration and over all pairs, at any theta; on a map of ordinary size."""
    start = np.random.default_rng(no_dims).normal(size=(120, no_dims)) * 3
    case = random_case(30, no_dims=no_dims, theta=theta, max_iter=0, init=start, global_scale=0.4)
    outcome = embed(case, "--report", "report.json")
    terms = reference.cost_terms(start, reference.affinities(case), case.alpha, case.beta, 0.4)
    np.testing.assert_allclose(outcome.cost, terms.sum(axis=0), rtol=1e-9, atol=1e-9 * np.abs(terms).max())
    report = outcome.report
    np.testing.assert_allclose(report["cost"], terms.sum(), rtol=1e-10)
    np.testing.assert_allclose(outcome.cost.sum(), report["cost"], rtol=1e-10)


def test_report_splits_the_cost(embed):
    case = random_case(31)
    outcome = embed(case, "--report", "report.json")
    report = outcome.report
    terms = reference.cost_terms(outcome.Y, reference.affinities(case), case.alpha, case.beta).sum(axis=1)
    parts = np.array([report["cost_local"], report["cost_global"], report["cost_space"]])
    np.testing.assert_allclose(parts.sum(), report["cost"], rtol=1e-9)
    weights = np.array([1, case.alpha, case.beta])
    weighted = np.allclose(parts, terms, rtol=1e-7)
    assert weighted or np.allclose(parts * weights, terms, rtol=1e-7)


# --- extension ---


@pytest.mark.parametrize("theta", [0, 0.5])
@pytest.mark.parametrize(
    "options",
    [
        {"global_scale": 0.1},
        {"global_scale": 3.0},
        {"pixel_offset": 0.0},
        {"pixel_offset": 5e4},
        {"learning_rate": 50.0},
        {"learning_rate": 0.0},
        {"learning_rate": 0.0, "exaggeration": 0.1},
        {"max_step": np.inf},
        {"stop_tolerance": 0.0},
        {"global_scale": 0.3, "pixel_offset": 0.0, "learning_rate": 200.0, "max_step": np.inf},
    ],
    ids=lambda options: " ".join(f"{name}={value:g}" for name, value in options.items()),
)
def test_extension(embed, options, theta):
    case = random_case(40, theta=theta, **options)
    assert_agrees_with_reference(case, embed(case))


@pytest.mark.parametrize("no_dims", [1, 2, 3])
@pytest.mark.parametrize("theta", [0, 0.5])
def test_given_start(embed, theta, no_dims):
    start = np.random.default_rng(41).normal(size=(120, no_dims)) + 1
    case = random_case(41, theta=theta, no_dims=no_dims, init=start)
    assert_agrees_with_reference(case, embed(case))


def test_method_decides_over_theta(embed):
    case = random_case(42, theta=0.5)
    by_method = {name: embed(replace(case, method=name)) for name in ("auto", "exact", "barnes_hut")}
    assert by_method["auto"].result_bytes == by_method["barnes_hut"].result_bytes == embed(case).result_bytes
    assert by_method["exact"].result_bytes == embed(replace(case, theta=0)).result_bytes
    assert_agrees_with_reference(replace(case, method="exact"), by_method["exact"])


def test_largest_step(embed):
    """No point moves farther than the limit in one iteration; centring then moves all alike."""
    start = np.random.default_rng(43).normal(size=(120, 2)) * 0.1
    case = random_case(43, max_iter=1, init=start)
    free, limited = (embed(replace(case, max_step=limit)).Y - start for limit in (np.inf, 1e-3))
    assert np.linalg.norm(free - free.mean(axis=0), axis=1).max() > 0.01
    apart = np.linalg.norm(limited[:, None] - limited[None], axis=2)
    assert 1e-4 < apart.max() <= 2e-3 * (1 + 1e-9)


def test_stops_once_nothing_changes(embed):
    case = random_case(44, theta=0, max_iter=3000, max_step=0.25, learning_rate=50.0)
    reports = []
    for tolerance in (1e-3, 0.0):
        outcome = embed(replace(case, stop_tolerance=tolerance), "--report", "report.json")
        reports.append((outcome.report, outcome.Y))
        n_iter, converged = (reports[-1][0][name] for name in ("n_iter", "converged"))
        assert (f"converged after {n_iter} iterations" in outcome.stdout) == converged
    (stopped, Y), (full, Y_full) = reports
    assert stopped["converged"] and 251 < stopped["n_iter"] < 3000
    assert full["n_iter"] == 3000 and not full["converged"]
    assert np.abs(Y - Y_full).max() < 0.05 * np.abs(Y_full).max()
    assert stopped["cost"] == pytest.approx(full["cost"], rel=1e-3)


def test_a_map_that_rests_at_the_last_iteration_has_saved_none(embed):
    """It is reported to rest, and no line says that the run is over: it was to be."""
    case = random_case(44, theta=0, max_step=0.25, learning_rate=50.0, stop_tolerance=1e-3)
    for max_iter in range(351, 3000, 50):
        outcome = embed(replace(case, max_iter=max_iter), "--report", "report.json")
        if outcome.report["converged"]:
            break
    assert outcome.report["n_iter"] == max_iter < 2951
    assert "converged after" not in outcome.stdout


@pytest.mark.parametrize("max_iter", [351, 353, 401])
def test_a_map_on_its_way_is_not_said_to_rest_at_the_last_iteration(embed, max_iter):
    outcome = embed(random_case(3, n_points=60, method="exact", max_iter=max_iter), "--report", "report.json")
    report = outcome.report
    assert report["n_iter"] == max_iter and not report["converged"]


@pytest.mark.parametrize("no_dims", [1, 2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_points_that_jump_to_and_fro_do_not_rest(embed, seed, no_dims):
    """Few points do, and lie where they lay 50 iterations before. At rest small steps gain nothing."""
    rng = np.random.default_rng(seed)
    case = replace(
        random_case(seed, n_points=5, perplexity=4 / 3, no_dims=no_dims, max_iter=1000, theta=0),
        pixels=rng.uniform(0, 3000, (5, 2)),
        X=rng.poisson(3, (5, 40)).astype(float),
    )
    outcome = embed(case, "--report", "report.json")
    report = outcome.report
    small = replace(case, init=outcome.Y, max_step=0.01, learning_rate=10.0)
    assert not report["converged"] or embed(small).cost.sum() > (1 - 1e-4) * report["cost"]


# --- edge cases ---


def constant_columns(case):
    case.X[:, [0, 3]] = 7
    case.pixels[:, 0] = -2


def duplicated_spots(case):
    case.X[60:] = case.X[:60]
    case.pixels[60:] = case.pixels[:60]


def one_column(case):
    case.X, case.pixels = case.X[:, :1], case.pixels[:, :1]


def few_points(case):
    keep = slice(3 * int(case.perplexity) + 2)
    case.X, case.pixels = case.X[keep], case.pixels[keep]


def fewest_points(case):
    keep = slice(3 * int(case.perplexity) + 1)
    case.X, case.pixels = case.X[keep], case.pixels[keep]


def coincident_start(case):
    case.init = np.random.default_rng(0).normal(size=(120, case.no_dims))
    case.init[10:20] = case.init[0]


def everything_in_one_point(case):
    case.init = np.full((120, case.no_dims), 0.25)


@pytest.mark.parametrize("no_dims", [1, 2, 3])
@pytest.mark.parametrize("theta", [0, 0.5])
@pytest.mark.parametrize(
    "change",
    [
        constant_columns,
        duplicated_spots,
        one_column,
        few_points,
        fewest_points,
        coincident_start,
        everything_in_one_point,
    ],
)
def test_edge_case(embed, change, theta, no_dims):
    case = random_case(50, theta=theta, no_dims=no_dims, max_iter=6)  # rounding grows faster with few points
    change(case)
    outcome = embed(case)
    assert np.all(np.isfinite(outcome.Y))
    assert_agrees_with_reference(case, outcome)


@pytest.mark.parametrize(
    "change", [constant_columns, duplicated_spots, one_column, few_points, coincident_start]
)
def test_edge_case_for_a_whole_run(embed, change):
    case = random_case(51, max_iter=1000)
    change(case)
    outcome = embed(case)
    assert np.all(np.isfinite(outcome.Y)) and np.all(np.isfinite(outcome.cost))
    assert np.ptp(outcome.Y) > 0.01


def test_positions_at_one_spot(embed):
    """All squared distances are 0, so Ps is uniform by its constant 1."""
    case = random_case(52)
    case.pixels[:] = 3
    assert_agrees_with_reference(case, embed(case))


def test_data_on_which_the_published_search_runs_away(execute):
    """Thousands of unreduced noise columns: the published program returns NaN, this one a map or an error."""
    X = np.random.default_rng(53).normal(size=(100, 3000))
    case = random_case(53, n_points=100, n_features=1)
    case.X = X
    assert np.isnan(reference.local_affinities(X, case.perplexity)).any()
    outcome = execute(case)
    if outcome.returncode == 0:
        assert np.all(np.isfinite(outcome.Y)) and np.all(np.isfinite(outcome.cost))
    else:
        assert outcome.returncode == 3
        assert outcome.stderr.startswith("spasne: error: ") and outcome.stderr.count("\n") == 1


def test_smallest_problem(embed):
    case = random_case(54, n_points=4, n_features=2, perplexity=1.0)
    assert_agrees_with_reference(case, embed(case))


# --- threads ---


@pytest.mark.parametrize("no_dims", [1, 2, 3])
@pytest.mark.parametrize("theta", [0, 0.5])
def test_same_bytes_for_any_number_of_threads(embed, theta, no_dims):
    case = random_case(60, n_points=403, theta=theta, no_dims=no_dims, max_iter=60)
    results = {embed(case, "--threads", threads).result_bytes for threads in (1, 2, 3, 16)}
    results.add(embed(case).result_bytes)
    assert len(results) == 1


def test_more_threads_than_points(embed):
    case = random_case(61, n_points=4, n_features=2, perplexity=1.0)
    assert embed(case, "--threads", 64).result_bytes == embed(case, "--threads", 1).result_bytes


# --- command line ---


@pytest.mark.parametrize("theta", [0, 0.5])
def test_progress_lines(embed, theta):
    """Every 50 iterations and at the last, counted from 0 as published, with the cost at that moment."""
    case = random_case(70, n_points=60, max_iter=120, theta=theta)
    outcome = embed(case)
    lines = PROGRESS.findall(outcome.stdout)
    assert [int(line[0]) for line in lines] == [50, 100, 119]
    assert [int(line[2]) for line in lines] == [50, 50, 19]
    assert float(lines[-1][1]) == pytest.approx(outcome.cost.sum(), abs=1e-6)
    half_way = embed(replace(case, max_iter=51))
    assert float(lines[0][1]) == pytest.approx(half_way.cost.sum(), abs=1e-6)


def test_seconds_of_a_progress_line_are_those_since_the_one_before(embed):
    outcome = embed(random_case(3, n_points=400, perplexity=20, max_iter=500), "--report", "report.json")
    seconds = [float(text) for text in re.findall(r"in (\d+\.\d+) seconds\)", outcome.stdout)]
    rounding = 0.005 * len(seconds)
    assert len(seconds) == 10 and sum(seconds) <= outcome.report["seconds"]["optimise"] + rounding


def test_progress_appears_while_it_runs(spasne_binary, tmp_path):
    """Through a pipe as well: each line is flushed."""
    case = random_case(71, n_points=300, max_iter=10**7, stop_tolerance=0.0)
    (tmp_path / "data.dat").write_bytes(pack_case(case))
    process = subprocess.Popen([spasne_binary], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert any(PROGRESS.match(line) for line in process.stdout)  # looks no further than the first
        assert process.poll() is None
        assert [path.name for path in tmp_path.iterdir()] == ["data.dat"]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_quiet(embed):
    case = random_case(72, n_points=60)
    quiet = embed(case, "--quiet")
    assert quiet.stdout == ""
    assert quiet.result_bytes == embed(case).result_bytes


def test_version(embed):
    outcome = embed(None, "--version")
    version = re.search(r'SPASNE_VERSION "(.+)"', (ROOT / "src" / "version.h").read_text()).group(1)
    assert outcome.stdout == f"spasne {version}\n"


def test_help_names_every_option(embed):
    text = embed(None, "--help").stdout
    for option in ("--data", "--result", "--report", "--threads", "--quiet", "--version", "--help"):
        assert option in text


def test_chosen_files(embed, tmp_path):
    case = random_case(73, n_points=60)
    (tmp_path / "my input").write_bytes(pack_case(case))
    files = {"--data": "my input", "--result": "out", "--report": "log"}
    arguments = [part for option, name in files.items() for part in (option, tmp_path / name)]
    outcome = embed(None, *arguments)
    assert (tmp_path / "out").read_bytes() == embed(case).result_bytes
    assert {path.name for path in tmp_path.iterdir()} == {"my input", "out", "log"}
    assert list(outcome.folder.iterdir()) == []


def test_result_file(embed):
    case = random_case(74, n_points=60, no_dims=3)
    outcome = embed(case)
    Y, landmarks, cost = unpack_result(outcome.result_bytes)
    assert Y.shape == (60, 3) and cost.shape == (60,)
    np.testing.assert_array_equal(landmarks, np.arange(60))
    assert {path.name for path in outcome.folder.iterdir()} == {"data.dat", "result.dat"}
    assert (outcome.folder / "data.dat").read_bytes() == pack_case(case)


def test_result_of_an_earlier_run_is_replaced(embed, tmp_path):
    case = random_case(75, n_points=60)
    (tmp_path / "result").write_bytes(b"x" * 100_000)
    outcome = embed(case, "--result", tmp_path / "result")
    assert (tmp_path / "result").read_bytes() == embed(case).result_bytes
    assert not (outcome.folder / "result.dat").exists()


@pytest.mark.parametrize("theta", [0, 0.5])
def test_report(embed, theta):
    case = random_case(76, n_points=60, theta=theta, max_step=0.5)
    outcome = embed(case, "--report", "report.json", "--threads", 2)
    report = outcome.report
    expected = {
        "version": embed(None, "--version").stdout.split()[1],
        "method": "barnes_hut" if theta else "exact",
        "n_points": 60,
        "n_features": 8,
        "no_dims": 2,
        "threads": 2,
        "seed": 76,
        "n_iter": 10,
        "converged": False,
        "repeated": False,
        "descent": "published",
        "starts": [],
        "max_step": 0.5,
        "learning_rate": 500,
    }
    assert {name: report[name] for name in expected} == expected
    rest = {"isa", "cost", "cost_local", "cost_global", "cost_space", "seconds"}
    assert set(report) >= set(expected) | rest
    assert set(report["seconds"]) == {"read", "affinities", "optimise", "write"}
    documented = (ROOT / "docs" / "file_format.md").read_text()
    assert [name for name in report if f"`{name}`" not in documented] == []
    assert report["error_of_sums"] is None
    assert all(seconds >= 0 for seconds in report["seconds"].values())


def test_report_writes_no_limit_as_null(embed):
    outcome = embed(random_case(77, n_points=60, max_step=np.inf), "--report", "report.json")
    assert outcome.report["max_step"] is None


def test_reported_entropy_seed_repeats_the_run(embed):
    case = random_case(78, n_points=60)
    case.seed = -1
    outcome = embed(case, "--report", "report.json")
    case.seed = outcome.report["seed"]
    assert case.seed >= 0
    assert embed(case).result_bytes == outcome.result_bytes


# --- builds ---


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_plain_build(embed, spasne_binary, compiler, tmp_path):
    """The published build line, with no other flag, library or file than the sources."""
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    for pattern in ("*.cpp", "*.h"):
        for source in ROOT.glob(pattern):
            shutil.copy(source, tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src")
    command = f"{compiler} sptree.cpp spasne.cpp spasne_main.cpp -o spasne -O2"
    built = run_command(command.split(), tmp_path)
    assert built.returncode == 0, built.stderr
    for theta in (0, 0.5):
        case = random_case(80, theta=theta, pixel_offset=0.0, global_scale=0.5)
        outcome = embed(case, binary=tmp_path / "spasne")
        assert_agrees_with_reference(case, outcome)
        with_threads = embed(case, "--threads", 3, binary=tmp_path / "spasne")
        assert with_threads.result_bytes == outcome.result_bytes


def test_init_of_another_type_is_read_as_doubles(embed):
    """The start is taken bit by bit, signed zeros and denormal numbers included."""
    start = np.tile([[-0.0, 5e-324], [1e99, -1.5]], (60, 1))
    outcome = embed(random_case(81, max_iter=0, init=start, alpha=0, beta=0))
    assert floats(outcome.Y) == floats(start)
