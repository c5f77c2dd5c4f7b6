"""What the published README tells a user to type works here, or one line says what replaces it.

docs/migration.md lists its statements, each with the test that shows it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.spatial
import scipy.stats
import sklearn.metrics
from sklearn.metrics.pairwise import euclidean_distances

import spasne
from spasne_tools.plotting.class_colours import PALETTE

ROOT = Path(__file__).resolve().parents[1]


def run(*command, **variables):
    return subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


# ---- section 3: building and installing -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "wanted"), [("spasne", "-o spasne"), ("clean", "rm "), ("clean0", "__pycache__")]
)
def test_gmake_and_its_goals(goal, wanted):
    """Only what they would do: a build takes minutes, and the executable is in use."""
    gmake = shutil.which("gmake") or shutil.which("make")
    if gmake is None:
        pytest.skip("make is not installed")
    done = run(gmake, "--dry-run", "--always-make", "--no-print-directory", goal)
    assert done.returncode == 0 and wanted in done.stdout, done.stdout + done.stderr


def test_gmake_without_a_goal_builds_the_executable():
    first = re.search(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert first[1] == "all"
    assert re.search(r"^all: spasne$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_setup_py_install_says_what_replaces_it():
    """The published README looks into its log: grep Installed log."""
    pytest.importorskip("setuptools")
    done = run(sys.executable, "setup.py", "install", "--user")
    (line,) = (done.stdout + done.stderr).splitlines()
    assert done.returncode != 0
    assert line.startswith("Installed nothing: ") and "`pip install .`" in line


def test_an_old_setuptools_is_told(tmp_path):
    """Before 70.1 there was no setuptools.command.bdist_wheel."""
    pytest.importorskip("setuptools")
    hide = "import sys; sys.modules['setuptools.command.bdist_wheel'] = None; sys.argv = ['setup', 'build']"
    done = run(sys.executable, "-c", f"{hide}; import runpy; runpy.run_path('setup.py', run_name='__main__')")
    assert done.returncode != 0 and "`pip install .`, which brings it" in done.stderr.splitlines()[-1]


def test_an_older_python_is_told():
    """3.8.8 is what the published program was tested with; make says which is wanted, as pip does."""
    script = ROOT / ".ci" / "environment.py"
    older = "import sys, runpy; sys.version_info = (3, 8, 8)"
    done = run(sys.executable, "-c", f"{older}; runpy.run_path({str(script)!r}, run_name='__main__')")
    assert done.returncode == 1 and "expected Python >= 3.10, found" in done.stderr
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "Python 3.8 and 3.9" in readme


# ---- section 4: parameters --------------------------------------------------------------------------------


def test_defaults_with_and_without_positions():
    rng = np.random.default_rng(0)
    data, pixels = pd.DataFrame(rng.normal(size=(60, 5))), pd.DataFrame(1000 * rng.uniform(size=(60, 2)))
    options = {"perplexity": 10, "max_iter": 20, "randseed": 5}
    both = spasne.run_spasne(data, pixels, **options)
    assert np.array_equal(both, spasne.run_spasne(data, pixels, 8.0, 2.0, **options))
    alone = spasne.run_spasne(data, **options)
    assert np.array_equal(alone, spasne.run_spasne(data, None, 8.0, 0.0, **options))


def correlations(Y, data, pixels):
    scores = spasne.score_embedding(Y, data, pixels)
    return scores["r1"], scores["r2"]


def test_a_larger_alpha_keeps_more_of_expression_a_larger_beta_more_of_space():
    tissue = spasne.simulate_tissue(400, 100, seed=3)
    data, pixels = spasne.preprocess_counts(tissue.counts, 30), tissue.pixels

    def map_of(alpha, beta):
        Y = spasne.run_spasne(data, pixels, alpha, beta, perplexity=30, theta=0, randseed=5)
        return correlations(Y, data, pixels)

    r1, r2 = map_of(8, 2)
    r1_of_alpha, r2_of_alpha = map_of(15, 2)
    r1_of_beta, r2_of_beta = map_of(8, 4)
    assert r1_of_alpha > r1 > r1_of_beta
    assert r2_of_alpha < r2 < r2_of_beta


# ---- section 5.3: the script ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def visual_cortex(tmp_path_factory):
    """The folder `data` of the published examples: components without row names, positions, labels."""
    folder = tmp_path_factory.mktemp("examples") / "data"
    folder.mkdir()
    example = spasne.load_example("visual_cortex")
    pixels = example.pixels.set_axis(["x_pixel", "y_pixel"], axis=1)
    example.data.to_csv(folder / "mouse_VisualCortex1207_data_pc200.csv", index=False)
    pixels.to_csv(folder / "mouse_VisualCortex1207_pixels.csv")
    example.labels.rename("LayerName").to_csv(folder / "mouse_VisualCortex1207_labels.csv")
    return folder


@pytest.fixture(scope="module")
def script(visual_cortex):
    """Its data, its two maps, and their scores in its own terms."""

    def read(part, index_col):
        file = visual_cortex / f"mouse_VisualCortex1207_{part}.csv"
        return pd.read_csv(file, sep=",", header=0, na_filter=False, index_col=index_col)

    df_data, df_pixel, df_labels = read("data_pc200", None), read("pixels", 0), read("labels", 0)
    df_pixel = df_pixel.astype(np.float64)
    alpha, beta = 9.0, 2.25
    tsne_pos = spasne.run_spasne(df_data, alpha = 0.0, randseed = 5)  # fmt: skip
    # fmt: off
    spasne_pos = spasne.run_spasne(df_data, pixels = df_pixel, alpha = alpha, beta = beta, randseed = 5)
    # fmt: on
    cluster_label = list(df_labels["LayerName"])
    by_map = {
        name: [
            scipy.stats.pearsonr(distances(df_data), distances(positions))[0],
            scipy.stats.pearsonr(distances(df_pixel), distances(positions))[0],
            sklearn.metrics.silhouette_score(positions, cluster_label),
        ]
        for name, positions in (("t-SNE", tsne_pos), ("SpaSNE", spasne_pos))
    }
    return df_data, df_pixel, cluster_label, {"t-SNE": tsne_pos, "SpaSNE": spasne_pos}, by_map


def distances(table):
    X = np.array(table)
    dist_sq = euclidean_distances(X, X)
    return scipy.spatial.distance.squareform((dist_sq + dist_sq.T) / 2.0, checks=False)


def test_the_script_gives_its_scores(script):
    df_data, df_pixel, cluster_label, maps, by_map = script
    assert list(df_pixel.columns) == ["x_pixel", "y_pixel"] and df_data.shape == (1207, 200)
    for name, positions in maps.items():
        assert positions.shape == (1207, 2) and positions.dtype == np.float64
        of_score_embedding = spasne.score_embedding(positions, df_data, df_pixel, cluster_label)
        assert by_map[name] == pytest.approx(of_score_embedding.to_list(), abs=1e-6)
    (r1_tsne, r2_tsne, _), (r1, r2, _) = by_map["t-SNE"], by_map["SpaSNE"]
    assert r1 > r1_tsne and r2 > r2_tsne + 0.2


def test_initial_dims_may_be_given_as_in_the_earlier_readme(script):
    df_data, df_pixel, _, maps, _ = script
    again = spasne.run_spasne(df_data, df_pixel, 9.0, 2.25, randseed=5, initial_dims=df_data.shape[1])
    assert np.array_equal(again, maps["SpaSNE"])


def test_the_figures_of_the_script_are_drawn_by_scanpy(script):
    sc = pytest.importorskip("scanpy", reason="scanpy is not installed (make test-extras)")
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    df_data, df_pixel, cluster_label, maps, by_map = script
    variables = pd.DataFrame(list(df_data.columns), index=df_data.columns, columns=["PCs"])
    adata = sc.AnnData(X=df_data, obs=df_pixel, var=variables)
    adata.obs["gt"] = cluster_label
    adata.uns["gt_colors"] = list(PALETTE[: adata.obs["gt"].nunique()])
    adata.obs["spasne_pos_x"], adata.obs["spasne_pos_y"] = maps["SpaSNE"].T
    title = "SpaSNE, r1 = {:.2f}, r2 = {:.2f}, s = {:.2f}".format(*by_map["SpaSNE"])
    for x, y in (("y_pixel", "x_pixel"), ("spasne_pos_x", "spasne_pos_y")):
        figure, axes = plt.subplots(1, 1, figsize=(6, 5))
        ax = sc.pl.scatter(adata, alpha=1, x=x, y=y, color="gt", title=title, show=False, size=100, ax=axes)
        ax.axis("off")
        assert sum(len(drawn.get_offsets()) for drawn in ax.collections) == 1207  # one for each class
        assert ax.get_title() == title
        plt.close(figure)


# ---- the table --------------------------------------------------------------------------------------------


def test_every_test_named_in_the_table_exists():
    page = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", page)
    assert len(named) > 20
    lost = [
        f"{file}::{test}"
        for file, test in named
        if f"def {test}(" not in (ROOT / "tests" / file).read_text(encoding="utf-8")
    ]
    assert lost == []
