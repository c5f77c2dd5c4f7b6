"""Screening: the published rules, which runs come next, and the same result wherever runs are made."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist

import spasne
from spasne_tools.distances import condensed_distances
from spasne_tools.metrics.sampling import DEFAULT_SAMPLING
from spasne_tools.metrics.scores import Sampling, score_embedding
from spasne_tools.run.embedding import Embedding
from spasne_tools.run.executable import ExecutableError
from spasne_tools.screening.checkpoint import Checkpoint
from spasne_tools.screening.schedule import SCHEDULES, Grid, fine_axis, runs_of
from spasne_tools.screening.scores import Targets, distances_within, rows_of_sections, standard_distances
from spasne_tools.screening.screen import Schedule, screen_parameters
from spasne_tools.screening.table import best_cell, scores, summarise

ROOT = Path(__file__).resolve().parents[1]
SMALL = Schedule(
    rough_alphas=(2, 4), rough_betas=(1, 2), tsne_runs=8, rough_repeats=2, fine_repeats=4, stride=1
)
QUICK = {"perplexity": 8, "max_iter": 40, "schedule": SMALL}


@pytest.fixture(scope="module")
def tissue():
    return spasne.simulate_tissue(60, n_genes=50, seed=0)


@pytest.fixture(scope="module")
def whole(tissue):
    """An uninterrupted screening, without a checkpoint."""
    return screen_parameters(tissue.counts, tissue.pixels, tissue.labels, **QUICK)


def assert_same(found, wanted):
    pd.testing.assert_frame_equal(found.runs, wanted.runs, check_exact=True)
    pd.testing.assert_frame_equal(found.rough, wanted.rough, check_exact=True)
    pd.testing.assert_frame_equal(found.fine, wanted.fine, check_exact=True)
    pd.testing.assert_frame_equal(found.tsne, wanted.tsne, check_exact=True)
    assert (found.alpha, found.beta, found.randseed) == (wanted.alpha, wanted.beta, wanted.randseed)
    assert np.array_equal(found.Y, wanted.Y)


# ---- the published rules -----------------------------------------------------------------------------------


def test_summary_follows_the_published_rules():
    rng = np.random.default_rng(0)
    runs = pd.DataFrame(
        [(alpha, beta, seed) for seed in range(1, 8) for alpha in (2.0, 9.0) for beta in (1.0, 4.0)],
        columns=["alpha", "beta", "randseed"],
    )
    runs = runs.assign(**{name: rng.uniform(size=len(runs)) for name in ("r1", "r2", "ss")})
    runs.loc[5, ["r1", "r2", "ss"]] = np.nan  # a run that ended in an error
    table = summarise(runs.sample(frac=1, random_state=0), threshold=0.3)
    assert len(table) == 4
    for row in table.itertuples():
        cell = runs[(runs["alpha"] == row.alpha) & (runs["beta"] == row.beta)].sort_values("randseed")
        r1 = [value if value > 0.3 else 0.0 for value in cell["r1"]]
        products = [0.0 if np.isnan(b) else a * b for a, b in zip(r1, cell["r2"], strict=True)]
        kept = int(np.argmax(products))
        assert (row.r1, row.r2, row.ss) == (r1[kept], cell["r2"].iloc[kept], cell["ss"].iloc[kept])
        assert row.randseed == kept + 1
        assert row.sr == np.mean(np.array(r1) > 0)
        assert row.var == pytest.approx(np.mean((np.array(r1) - np.mean(r1)) ** 2))
        assert row.score == pytest.approx(row.r1 * row.r2 * np.exp(1 - np.sqrt(row.var)))


def test_a_cell_that_never_passes_the_threshold_scores_nothing():
    runs = pd.DataFrame(
        {"alpha": 2.0, "beta": 5.0, "randseed": [1, 2], "r1": 0.2, "r2": [0.8, 0.9], "ss": 0.0}
    )
    row = summarise(runs, 0.2).iloc[0]
    assert (row["r1"], row["sr"], row["var"], row["score"], row["randseed"]) == (0, 0, 0, 0, 1)


def test_fine_axis_ends_where_the_rough_grid_does():
    assert fine_axis((2, 5, 10), 2, 1) == (2, 3, 4, 5)
    assert fine_axis((2, 5, 10), 10, 2) == (5, 7, 9, 10)
    assert fine_axis((0.1, 0.2, 0.4), 0.2, 0.1) == pytest.approx((0.1, 0.2, 0.3, 0.4))
    assert fine_axis((3,), 3, 1) == (3,)


@pytest.mark.skipif(
    "SPASNE_DATA" not in os.environ, reason="SPASNE_DATA does not name the folder of the real data"
)
def test_published_tables_follow_these_rules():
    tables = {}
    for stage in ("rough", "fine"):
        path = Path(os.environ["SPASNE_DATA"], f"human_BreastCancer1272_screenPar_{stage}.csv")
        table = pd.read_csv(path, index_col=0).query("alpha > 0")
        table = table.assign(var=table.get("var", 0.0))  # the rough table has none
        tables[stage] = table.assign(score=scores(table))
    rough, fine = (best_cell(tables[stage]) for stage in ("rough", "fine"))
    assert (fine["alpha"], fine["beta"]) == (9, 4)
    assert fine["score"] == pytest.approx(1.2885, abs=5e-5)
    for name in ("alpha", "beta"):
        axis = fine_axis(sorted(tables["rough"][name].unique()), rough[name], 1)
        assert list(axis) == sorted(tables["fine"][name].unique())


def test_published_schedule_is_the_published_number_of_runs():
    schedule = SCHEDULES["published"]
    rough = Grid(schedule.rough_alphas, schedule.rough_betas, schedule.rough_repeats, schedule)
    assert sum(rough.beginning().values()) == 30 * 10
    fine = Grid(fine_axis(schedule.rough_alphas, 10, 1), fine_axis(schedule.rough_betas, 5, 1), 20, schedule)
    wanted = fine.beginning()
    assert sum(wanted.values()) == 160 * 20
    done = made_up(wanted, lambda alpha, beta: alpha, spread=0.1)
    assert fine.more(done) == {}
    assert schedule.tsne_runs == 100


# ---- which runs come next ----------------------------------------------------------------------------------


def made_up(wanted, score, spread=0.0):
    """A summary of cells with these repeats."""
    rows = [
        (alpha, beta, repeats, spread**2, score(alpha, beta)) for (alpha, beta), repeats in wanted.items()
    ]
    return pd.DataFrame(rows, columns=["alpha", "beta", "repeats", "var", "score"])


def test_a_grid_is_explored_around_what_is_in_the_race():
    schedule = Schedule(margin=0.1, stride=2)
    grid = Grid(range(1, 12), range(1, 8), 5, schedule)

    def score(alpha, beta):
        return 1 - 0.06 * (abs(alpha - 4) + abs(beta - 2))

    asked = wanted = grid.beginning()
    assert set(wanted.values()) == {1}
    assert set(wanted) == {(a, b) for a in (1, 3, 5, 7, 9, 11) for b in (1, 3, 5, 7)}
    while wanted:
        asked = asked | wanted
        wanted = grid.more(made_up(asked, score))
    in_race = {(4, 2), (3, 2), (5, 2), (4, 1), (4, 3)}
    assert {cell for cell, repeats in asked.items() if repeats > 1} >= in_race
    assert {cell for cell in asked if asked[cell] == 3} <= in_race | {(3, 1), (3, 3), (5, 1), (5, 3)}
    assert set(asked) >= {(a, b) for a in (2, 3, 4, 5, 6) for b in (1, 2, 3)}
    assert (8, 6) not in asked


def test_only_finalists_are_repeated():
    grid = Grid(range(1, 11), (1,), 3, Schedule(margin=1, finalists=2, stride=1))
    once = made_up(grid.beginning(), lambda alpha, beta: 100 + alpha)
    assert grid.more(once) == {(10.0, 1.0): 3, (9.0, 1.0): 3}
    # The best turns out to be worse than it seemed: the next one comes up.
    again = once.assign(repeats=np.where(once["alpha"] >= 9, 3, 1))
    assert grid.more(again) == {}
    again["score"] = np.where(again["alpha"] == 10, 90, again["score"])
    assert grid.more(again) == {(8.0, 1.0): 3}


def test_repeats_go_on_while_they_differ():
    grid = Grid((9,), (4,), 5, Schedule(nil_spread=0.01))
    for spread, last in ((0.0, 3), (0.02, 5)):
        repeats, wanted = 1, {(9.0, 4.0): 1}
        while wanted:
            repeats = wanted[9.0, 4.0]
            wanted = grid.more(made_up({(9.0, 4.0): repeats}, lambda *_: 1.0, spread))
        assert repeats == last


def test_seeds_count_the_repeats():
    runs = runs_of({(2.0, 1.0): 2, (5.0, 1.0): 1}, first_seed=7)
    assert [(run.alpha, run.randseed) for run in runs] == [(2.0, 7), (5.0, 7), (2.0, 8)]


# ---- what a screening returns ------------------------------------------------------------------------------


def test_scores_and_maps_are_those_of_run_spasne(tissue, whole):
    def map_of(run):
        return spasne.run_spasne(
            tissue.counts,
            tissue.pixels,
            run.alpha,
            run.beta,
            randseed=run.randseed,
            perplexity=8,
            max_iter=40,
        )

    for row in whole.runs.iloc[[0, 4, -1]].itertuples():
        wanted = score_embedding(map_of(row), tissue.counts, tissue.pixels, tissue.labels)
        assert [row.r1, row.r2, row.ss] == pytest.approx(wanted.tolist(), abs=1e-12)
    assert np.array_equal(map_of(whole), whole.Y)


def test_tables_follow_from_the_runs(whole):
    threshold = whole.runs.query("stage == 'tsne'")["r1"].mean()
    assert whole.tsne.loc["mean", "r1"] == pytest.approx(threshold, abs=1e-15)
    assert (
        len(whole.runs)
        == len(whole.runs.drop_duplicates(["alpha", "beta", "randseed"]))
        == len(whole.seconds)
    )
    fine = whole.runs.merge(whole.fine[["alpha", "beta"]])
    pd.testing.assert_frame_equal(summarise(fine, threshold), whole.fine)
    best = best_cell(whole.fine)
    assert (whole.alpha, whole.beta, whole.randseed) == (best["alpha"], best["beta"], best["randseed"])


def test_published_schedule_repeats_every_cell(tissue):
    schedule = replace(
        SCHEDULES["published"],
        rough_alphas=(2, 4),
        rough_betas=(1, 2),
        tsne_runs=2,
        rough_repeats=3,
        fine_repeats=4,
    )
    found = screen_parameters(tissue.counts, tissue.pixels, schedule=schedule, perplexity=8, max_iter=10)
    assert found.rough["repeats"].tolist() == [3] * 4
    assert found.fine["repeats"].tolist() == [4] * 6
    assert len(found.runs) == 2 + 6 * 4
    assert found.runs["ss"].isna().all()


@pytest.mark.parametrize("stage", ["rough", "fine"])
def test_one_stage_alone(tissue, stage):
    schedule = replace(SMALL, fine_alphas=(3, 4), fine_betas=(2,))
    found = screen_parameters(tissue.counts, tissue.pixels, stage=stage, **(QUICK | {"schedule": schedule}))
    assert (found.fine is None, found.rough is None) == (stage == "rough", stage == "fine")
    assert set(found.runs["stage"]) == {"tsne", stage}


def test_a_run_with_numerical_trouble_counts_as_failed(tissue, monkeypatch):
    def embed_runs(data, pixels, parameters, runs):
        for position, run in enumerate(runs):
            if run.randseed == 1:
                yield position, ExecutableError("not finite", 3)
            else:
                Y = np.asarray(pixels) / 1000 * [1, 1 + run.alpha]
                report = {"cost": 1.0, "repeated": False, "seconds": {"read": 0.5, "write": 0.5}}
                yield position, Embedding(Y, np.zeros(len(Y)), report)

    monkeypatch.setattr("spasne_tools.screening.runs.embed_runs", embed_runs)
    schedule = Schedule(rough_alphas=(2,), rough_betas=(1,), tsne_runs=3, rough_repeats=2, first_repeats=2)
    with pytest.warns(UserWarning, match="no cell has an r1 above that of t-SNE"):
        found = screen_parameters(
            tissue.counts, -tissue.pixels, stage="rough", schedule=schedule, perplexity=8
        )
    failed = found.runs[found.runs["error"] == "not finite"]
    assert failed["randseed"].tolist() == [1, 1]
    assert failed["r1"].isna().all()
    assert found.seconds.iloc[-1] == 1.0


@pytest.mark.parametrize("fixed", [{"method": "interpolation"}, {"init": "pca"}])
def test_repeats_that_would_be_the_same_map_are_not_made(tissue, fixed, monkeypatch, capsys):
    options = QUICK | {"max_iter": 100} | fixed
    once = screen_parameters(tissue.counts, tissue.pixels, tissue.labels, verbose=True, **options)
    assert "one run of t-SNE and one of each cell" in capsys.readouterr().out
    cells = pd.concat([once.rough, once.fine])[["alpha", "beta"]].drop_duplicates()
    assert len(once.runs) == 1 + len(cells)
    assert (once.rough["var"] == 0).all() and once.tsne.loc["std"].isna().all()
    assert len(spasne.plot_screening(once).axes) == 6
    monkeypatch.setattr("spasne_tools.screening.screen.start_depends_on_seed", lambda *_: True)
    repeated = screen_parameters(tissue.counts, tissue.pixels, tissue.labels, **options)
    assert (repeated.tsne.loc["std"] == 0).all() and len(repeated.runs) > len(once.runs)
    assert (repeated.alpha, repeated.beta) == (once.alpha, once.beta)
    assert np.array_equal(repeated.Y, once.Y)


def test_approximate_neighbours_are_asked_of_every_run(tissue, tmp_path):
    options = QUICK | {"neighbors": "approximate", "checkpoint": tmp_path}
    found = screen_parameters(tissue.counts, tissue.pixels, stage="rough", **options)
    identity = json.loads((tmp_path / "identity.json").read_text())
    assert identity["neighbors"] == "approximate"
    alone = spasne.run_spasne(
        tissue.counts,
        tissue.pixels,
        found.alpha,
        found.beta,
        randseed=1,
        perplexity=8,
        max_iter=40,
        neighbors="approximate",
    )
    assert np.array_equal(found.Y, alone)


def test_a_start_from_the_seed_is_repeated(tissue, whole):
    assert whole.runs.duplicated(["alpha", "beta"]).any()


# ---- distances computed once -------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [3, 20])
def test_condensed_distances_equal_scipy(columns, monkeypatch):
    monkeypatch.setattr("spasne_tools.distances.BLOCK_ENTRIES", 200)  # several blocks
    X = np.random.default_rng(0).normal(size=(70, columns))
    assert condensed_distances(X) == pytest.approx(pdist(X), rel=1e-9)
    sparse = np.where(X > 0, X, 0)
    assert condensed_distances(csr_matrix(sparse)) == pytest.approx(pdist(sparse), rel=1e-9)


@pytest.mark.parametrize("exact_up_to", [1000, 10])
def test_scores_equal_score_embedding(exact_up_to):
    rng = np.random.default_rng(0)
    X, pixels, Y = (rng.normal(size=(80, columns)) + 5 for columns in (30, 2, 2))
    labels, sampling = rng.integers(3, size=80), Sampling(exact_up_to, n_pairs=500, n_points=40)
    targets = Targets(standard_distances(X, sampling), standard_distances(pixels, sampling), labels, sampling)
    wanted = score_embedding(Y, X, pixels, labels, sampling=sampling)
    found = targets.scores(Y)
    assert [found["r1"], found["r2"], found["ss"]] == pytest.approx(
        wanted[["r1", "r2", "s"]].tolist(), abs=1e-12
    )


def test_scores_of_sections_equal_score_embedding():
    rng = np.random.default_rng(1)
    X, pixels, Y = (rng.normal(size=(80, columns)) + 5 for columns in (30, 2, 2))
    codes = rng.permutation(np.repeat([0, 1, 2], [50, 28, 2]))  # the last is too small for an r2
    sections = rows_of_sections(codes)
    targets = Targets(
        standard_distances(X, DEFAULT_SAMPLING), distances_within(pixels, sections), sections=sections
    )
    wanted = score_embedding(Y, X, pixels, sections=codes)
    assert targets.scores(Y)["r2"] == pytest.approx(wanted["r2"], abs=1e-12)
    assert targets.scores(Y)["r1"] == pytest.approx(wanted["r1"], abs=1e-12)


def test_a_screening_of_sections_is_scored_within_them(tissue):
    sections = np.arange(60) % 2
    found = screen_parameters(tissue.counts, tissue.pixels, stage="rough", sections=sections, **QUICK)
    scores = score_embedding(found.Y, tissue.counts, tissue.pixels, sections=sections)
    best = found.rough[(found.rough["alpha"] == found.alpha) & (found.rough["beta"] == found.beta)]
    assert best["r2"].item() == pytest.approx(scores["r2"], abs=1e-9)


def test_sections_too_small_for_scores_are_refused(tissue):
    with pytest.raises(ValueError, match="expected a section of at least 3 spots, found none in sections"):
        screen_parameters(tissue.counts, tissue.pixels, sections=np.arange(60) // 2, **QUICK)


# ---- finished runs on disk ---------------------------------------------------------------------------------


def test_a_checkpoint_holds_all_runs_and_they_are_not_made_again(tissue, whole, tmp_path, monkeypatch):
    arguments = (tissue.counts, tissue.pixels, tissue.labels)
    assert_same(screen_parameters(*arguments, checkpoint=tmp_path, **QUICK), whole)
    assert len(list(tmp_path.glob("alpha*.npz"))) == len(whole.runs)
    monkeypatch.setattr("spasne_tools.screening.runs.embed_runs", None)
    again = screen_parameters(*arguments, checkpoint=tmp_path, n_jobs=1, **QUICK)
    assert_same(again, whole)


def test_a_file_cut_short_is_made_again(tissue, whole, tmp_path):
    arguments = (tissue.counts, tissue.pixels, tissue.labels)
    screen_parameters(*arguments, checkpoint=tmp_path, **QUICK)
    rng = np.random.default_rng(0)
    for path in sorted(tmp_path.glob("alpha*.npz"))[::2]:
        content = path.read_bytes()
        path.write_bytes(content[: rng.integers(len(content))])
    assert_same(screen_parameters(*arguments, checkpoint=tmp_path, **QUICK), whole)


def test_runs_that_workers_cannot_save_are_saved_here(tissue, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(Checkpoint, "is_here", lambda self: False)
    screen_parameters(tissue.counts, tissue.pixels, tissue.labels, checkpoint=tmp_path, **QUICK)
    assert len(list(tmp_path.glob("alpha*.npz"))) == len(whole.runs)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"data": 2}, "data"),
        ({"pixels": 2}, "pixels"),
        ({"labels": None}, "labels"),
        ({"theta": 0}, "theta"),
        ({"max_iter": 41}, "max_iter"),
    ],
)
def test_a_checkpoint_of_something_else_is_an_error(tissue, tmp_path, changed, named):
    whole_input = {"data": tissue.counts, "pixels": tissue.pixels, "labels": tissue.labels}
    one_cell = Schedule(rough_alphas=(2,), rough_betas=(1,), tsne_runs=1, rough_repeats=1)
    options = {
        "stage": "rough",
        "schedule": one_cell,
        "perplexity": 8,
        "max_iter": 40,
        "checkpoint": tmp_path,
    }
    screen_parameters(**whole_input, **options)
    for name in ("data", "pixels"):
        if name in changed:
            changed[name] = whole_input[name] * changed[name]
    with pytest.raises(
        ValueError, match=f"expected the checkpoint .* found another {named}; use another folder"
    ):
        screen_parameters(**{**whole_input, **options, **changed})


def test_a_folder_with_other_files_is_no_checkpoint(tissue, tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ValueError, match="expected checkpoint to be a new or empty folder.*'thesis.tex'"):
        screen_parameters(tissue.counts, tissue.pixels, checkpoint=tmp_path, **QUICK)


# Forks a screening again and again; each is killed at a random step of keeping one of its runs.
KILLED = """
import os, signal, sys
import numpy as np
import spasne
sys.path.insert(0, sys.argv[2])
from test_screening import QUICK

tissue = spasne.simulate_tissue(60, n_genes=50, seed=0)
rng = np.random.default_rng(int(sys.argv[3]))
replace = os.replace

def screen():
    spasne.screen_parameters(tissue.counts, tissue.pixels, tissue.labels, checkpoint=sys.argv[1], **QUICK)

def die():
    os.kill(os.getpid(), signal.SIGKILL)

for _ in range(10):
    calls, when, cut = int(rng.integers(0, 3)), rng.integers(3), rng.uniform()

    def killing(unfinished, path):
        global calls
        calls -= 1
        if calls < 0 and when == 0:  # in the middle of writing
            os.truncate(unfinished, int(cut * os.path.getsize(unfinished)))
            die()
        if calls < 0 and when == 1:  # all written, not renamed
            die()
        replace(unfinished, path)
        if calls < 0:
            die()

    child = os.fork()
    if child == 0:
        os.replace = killing
        screen()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_screening_killed_ten_times_gives_the_same_tables(tissue, whole, tmp_path):
    checkpoint, folder = tmp_path / "runs", tmp_path / "tmp"
    folder.mkdir()
    command = [sys.executable, "-c", KILLED, checkpoint, ROOT / "tests", "0"]
    environment = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kept = len(list(checkpoint.glob("alpha*.npz")))
    assert 5 <= kept < len(whole.runs)
    assert_same(
        screen_parameters(tissue.counts, tissue.pixels, tissue.labels, checkpoint=checkpoint, **QUICK), whole
    )


# ---- spread over workers -----------------------------------------------------------------------------------


def test_processes_give_the_same_tables(tissue, whole, tmp_path):
    with joblib.parallel_config(backend="loky", n_jobs=2):
        found = screen_parameters(tissue.counts, tissue.pixels, tissue.labels, checkpoint=tmp_path, **QUICK)
    assert_same(found, whole)
    assert len(list(tmp_path.glob("alpha*.npz"))) == len(whole.runs)


def test_a_dask_cluster_gives_the_same_tables(tissue, whole):
    distributed = pytest.importorskip("distributed", reason="the extra spasne[distributed] is not installed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster):
        with joblib.parallel_config(backend="dask"):
            found = screen_parameters(tissue.counts, tissue.pixels, tissue.labels, **QUICK)
    assert_same(found, whole)


# ---- input that is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stage": "last"}, "expected stage to be 'rough', 'fine', 'both', found 'last'"),
        ({"schedule": "fast"}, "expected schedule 'default', 'published' or a Schedule, found 'fast'"),
        ({"schedule": 3}, "expected schedule .* found int"),
        ({"schedule": Schedule(rough_alphas=(5, 2))}, "expected rough_alphas to be increasing numbers"),
        ({"schedule": Schedule(fine_betas=())}, "expected fine_betas to be increasing numbers"),
        ({"schedule": Schedule(rough_betas=(-1, 2))}, "expected beta to be a number of 0 or more, found -1"),
        (
            {"schedule": Schedule(rough_alphas=(0, 1), rough_betas=(0,))},
            "expected a rough grid without alpha",
        ),
        ({"schedule": Schedule(tsne_runs=0)}, "expected tsne_runs of at least 1, found 0"),
        ({"schedule": Schedule(finalists=0)}, "expected finalists of at least 1, found 0"),
        ({"schedule": Schedule(margin=1.5)}, "expected margin between 0 and 1, found 1.5"),
        ({"schedule": Schedule(fine_step=0)}, "expected nil_spread of 0 or more and fine_step above 0"),
        ({"randseed": 0}, "expected randseed of at least 1, found 0"),
        ({"perplexity": 30}, "expected perplexity at most"),
        ({"pixels": None}, "expected pixels, without which"),
        ({"labels": ["a"] * 60}, "expected between 2 and 59 classes in labels, found 1"),
        ({"labels": ["a", "b"]}, "expected 60 rows in labels, as in data, found 2"),
    ],
)
def test_bad_input_is_refused_before_any_run(tissue, changed, message, monkeypatch):
    monkeypatch.setattr("spasne_tools.screening.runs.embed_runs", None)
    arguments = {"data": tissue.counts, "pixels": tissue.pixels, "perplexity": 8}
    with pytest.raises(ValueError, match=message):
        screen_parameters(**(arguments | changed))


@pytest.mark.parametrize("name", ["alpha", "beta", "colour"])
def test_arguments_that_make_no_sense_are_refused(tissue, name):
    with pytest.raises(TypeError, match=f"^expected parameters among (?!.*{name},).*, found '{name}'$"):
        screen_parameters(tissue.counts, tissue.pixels, **{name: 3})


# ---- the scale as a third axis -----------------------------------------------------------------------------


def test_each_scale_is_screened_and_the_best_of_all_is_chosen(tissue, tmp_path):
    rough = {**QUICK, "stage": "rough"}
    together = screen_parameters(
        tissue.counts, tissue.pixels, global_scales=(1.0, 0.3), checkpoint=tmp_path, **rough
    )
    alone = {
        scale: screen_parameters(tissue.counts, tissue.pixels, global_scale=scale, **rough)
        for scale in (1.0, 0.3)
    }
    best = {scale: best_cell(found.rough)["score"] for scale, found in alone.items()}
    assert dict(zip(together.scales["global_scale"], together.scales["score"], strict=True)) == best
    chosen = max(best, key=best.get)
    assert together.global_scale == chosen and alone[chosen].global_scale == chosen
    columns = "alpha beta randseed r1 r2 ss cost repeated error stage"  # as the docstring has them
    assert list(together.runs) == list(alone[chosen].runs) == columns.split()
    pd.testing.assert_frame_equal(together.rough, alone[chosen].rough)
    assert alone[chosen].scales is None


@pytest.mark.parametrize(
    ("scales", "message"),
    [
        ((), "expected global_scales to be different numbers"),
        ((1.0, 1.0), "expected global_scales to be different numbers"),
        ((1.0, "auto"), "expected numbers in global_scales, found 'auto'"),
        ((1.0, 0.0), "expected global_scale to be a number above 0, found 0.0"),
    ],
)
def test_scales_that_make_no_sense_are_refused(tissue, scales, message):
    with pytest.raises(ValueError, match=message):
        screen_parameters(tissue.counts, tissue.pixels, global_scales=scales, **QUICK)
