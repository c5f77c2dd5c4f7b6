"""Simulated tissue has the truth it claims; real files are found, verified and never half written."""

import io
import os
import urllib.error
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import issparse

from spasne_tools import datasets, published_files, simulation
from spasne_tools.datasets import load_dataset, load_example, simulate_components, simulate_tissue
from spasne_tools.preprocessing import preprocess_counts

has_data = pytest.mark.skipif(
    "SPASNE_DATA" not in os.environ, reason="SPASNE_DATA does not name the folder of the real data"
)


# ---- simulated tissue -------------------------------------------------------------------------------------


def test_tissue_has_the_sizes_asked_for():
    tissue = simulate_tissue(n_spots=1234, n_genes=77)
    assert tissue.counts.shape == (1234, 77)
    assert issparse(tissue.counts) and tissue.counts.dtype == np.int32
    assert tissue.pixels.shape == (1234, 2) and list(tissue.pixels.columns) == ["x", "y"]
    assert len(tissue.labels) == len(tissue.cell_types) == len(tissue.depth) == 1234
    assert len(tissue.genes) == 77 and tissue.genes.index.is_unique


@pytest.mark.parametrize("n_spots", [10, 100, 20_000])
def test_every_size_fills_the_same_section(n_spots):
    tissue = simulate_tissue(n_spots, n_genes=50)
    assert len(tissue.pixels) == n_spots
    size = np.ptp(tissue.pixels.to_numpy(), axis=0)
    assert (size > 4_000).all() and (size < 12_000).all()
    assert tissue.depth.min() >= 0 and tissue.depth.max() <= 1


def test_a_seed_fixes_the_tissue():
    first, again, other = (simulate_tissue(300, 60, seed) for seed in (5, 5, 6))
    assert (first.counts != again.counts).nnz == 0 and first.pixels.equals(again.pixels)
    assert (first.counts != other.counts).nnz > 0 and not first.pixels.equals(other.pixels)


def test_layers_follow_depth():
    tissue = simulate_tissue()
    assert list(tissue.labels.cat.categories) == ["L1", "L2", "L3", "L4", "L5", "L6", "WM"]
    by_depth = tissue.labels.cat.codes.to_numpy()[np.argsort(tissue.depth)]
    assert (np.diff(by_depth) >= 0).all() and len(set(by_depth)) == 7


def test_spots_are_not_on_top_of_each_other():
    pixels = simulate_tissue().pixels.to_numpy()
    distance = np.linalg.norm(pixels[:, None] - pixels[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    nearest = distance.min(axis=1)
    assert nearest.min() > 0.3 * np.median(nearest)


def test_cell_types_depend_on_the_layer():
    tissue = simulate_tissue(5000, 50)
    shares = pd.crosstab(tissue.labels, tissue.cell_types, normalize="index")
    assert shares.loc["WM", "Oligo"] > 0.45 > 0.1 > shares.loc["L3", "Oligo"]
    assert shares.loc["L4"].idxmax() == "Ex L4"
    assert (shares.loc["L3"] > 0.01).sum() >= 8  # mixed, not pure


def test_marker_genes_mark():
    tissue = simulate_tissue(3000, 200)
    counts = tissue.counts.toarray() / tissue.counts.sum(axis=1).A1[:, None]
    fold = {}
    for truth, gene_kind in ((tissue.cell_types, "Oligo"), (tissue.labels, "L4")):
        genes = (tissue.genes["marks"] == gene_kind).to_numpy()
        inside = (truth == gene_kind).to_numpy()
        raised, usual = (counts[rows][:, genes].mean(axis=0) for rows in (inside, ~inside))
        fold[gene_kind] = (raised / usual).min()
    assert fold["Oligo"] > 1.2 and fold["L4"] > 1.0


def test_counts_scatter_more_than_poisson():
    tissue = simulate_tissue(3000, 200)
    counts = tissue.counts.toarray().astype(float)
    totals = counts.sum(axis=1, keepdims=True)
    background = (tissue.genes["marks"] == "").to_numpy() & (counts.mean(axis=0) > 2)
    share = counts[:, background] / totals
    of_poisson = share.mean(axis=0) * (1 / totals).mean()  # its variance, library sizes allowed for
    assert np.median(share.var(axis=0) / of_poisson) > 1.5


def test_blocks_do_not_show(monkeypatch):
    """Components of one block are those of preprocess_counts; later blocks are projected on its axes."""
    tissue = simulate_tissue(600, 80, seed=2)
    components, pixels, labels = simulate_components(600, 8, 80, seed=2)
    wanted = preprocess_counts(tissue.counts, n_components=8)
    np.testing.assert_allclose(np.abs(components), np.abs(wanted), atol=1e-8)
    assert pixels.equals(tissue.pixels) and labels.equals(tissue.labels)
    monkeypatch.setattr(simulation, "SPOTS_PER_BLOCK", 250)
    tissue, (components, _, _) = simulate_tissue(600, 80, seed=2), simulate_components(600, 8, 80, seed=2)
    assert tissue.counts.shape == (600, 80) and np.isfinite(components).all()
    first = components[:250]
    assert abs(components[250:].mean(axis=0) / first.std(axis=0)).max() < 0.5
    np.testing.assert_allclose(components[250:].std(axis=0) / first.std(axis=0), 1, atol=0.3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_spots": 9}, "expected n_spots of 10 or more, found 9"),
        ({"n_genes": 49}, "expected n_genes of 50 or more, found 49"),
    ],
)
def test_sizes_too_small_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        simulate_tissue(**arguments)
    with pytest.raises(ValueError, match=message):
        simulate_components(**{"n_spots": 20, "n_components": 5} | arguments)


@pytest.mark.parametrize("n_components", [0, 21])
def test_components_out_of_range_are_errors(n_components):
    with pytest.raises(ValueError, match=f"expected n_components between 1 and 20, found {n_components}"):
        simulate_components(20, n_components)


# ---- real data --------------------------------------------------------------------------------------------


@has_data
def test_breast_cancer_is_complete_and_aligned():
    dataset = load_dataset("breast_cancer")
    assert dataset.data.shape == (1272, 200) and dataset.pixels.shape == (1272, 2)
    assert dataset.data.index.equals(dataset.pixels.index) and dataset.data.index.equals(dataset.labels.index)
    assert dataset.labels.nunique() == 19 and dataset.meta.loc["C_0", "sub_type_1"] == "tumor_6"
    assert dataset.pixels.loc["C_0"].tolist() == [16265, 19934]


@has_data
def test_visual_cortex_comes_from_its_counts():
    if not Path(os.environ["SPASNE_DATA"], datasets.VISUAL_CORTEX_COUNTS).is_dir():
        pytest.skip("the counts of the visual cortex are not in SPASNE_DATA")
    dataset = load_dataset("visual_cortex")
    assert dataset.data.shape == (1207, 200) and dataset.labels.nunique() == 7
    assert dataset.counts.shape == (1207, 1020) and len(dataset.genes) == 1020
    assert dataset.data.index.equals(dataset.pixels.index)
    np.testing.assert_allclose(dataset.data.to_numpy().mean(axis=0), 0, atol=1e-9)
    assert set(dataset.markers) <= set(dataset.genes) and not dataset.simulated


def test_unknown_name_is_an_error():
    with pytest.raises(ValueError, match="one of breast_cancer, visual_cortex, found 'liver'"):
        load_dataset("liver")


# ---- examples of the notebooks ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "n_spots"), [("breast_cancer", 1272), ("visual_cortex", 1207)])
def test_simulated_tissue_stands_in_for_an_example(name, n_spots, monkeypatch, capsys):
    monkeypatch.delenv("SPASNE_DATA", raising=False)
    dataset = load_example(name)
    assert dataset.simulated and dataset.name == "simulated"
    assert len(dataset.data) == len(dataset.pixels) == len(dataset.labels) == len(dataset.meta) == n_spots
    assert dataset.data.shape[1] == 200 and list(dataset.meta) == ["x_pixel", "y_pixel", "cell_type"]
    assert dataset.counts.shape == (n_spots, len(dataset.genes)) and set(dataset.markers) <= set(
        dataset.genes
    )
    said = capsys.readouterr().out
    assert said.startswith(f"simulated cortex of {n_spots} spots, because SPASNE_DATA does not name")


@has_data
def test_an_example_is_real_where_the_data_are(capsys):
    assert not load_example("breast_cancer").simulated
    assert capsys.readouterr().out == "human breast cancer (Visium), 1272 spots, as published\n"


def test_the_visual_cortex_without_counts_is_simulated(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SPASNE_DATA", str(tmp_path))
    assert load_example("visual_cortex").simulated
    assert "has no starmap_visual_cortex_1207" in capsys.readouterr().out
    with pytest.raises(ValueError, match="one of breast_cancer, visual_cortex, found 'liver'"):
        load_example("liver")


# ---- finding, verifying, downloading ----------------------------------------------------------------------

CONTENT = b"name,x\na,1\n"


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A named folder and a cache, both empty, one known file, and a network whose answers a test may set."""
    monkeypatch.setenv("SPASNE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SPASNE_CACHE", str(tmp_path / "cache"))
    # `printf 'name,x\na,1\n' | git hash-object --stdin`
    monkeypatch.setitem(published_files.BLOB_IDS, "file.csv", "0f6709df9c0110e2656ecbfc42e93401ee91d94b")
    (tmp_path / "data").mkdir()
    asked = []

    def answer(content):
        def urlopen(url, timeout):
            asked.append(url)
            if isinstance(content, Exception):
                raise content
            return io.BytesIO(content)

        monkeypatch.setattr(published_files.urllib.request, "urlopen", urlopen)

    answer(urllib.error.URLError("no network"))
    return tmp_path / "data", tmp_path / "cache", answer, asked


def test_named_folder_comes_first(places):
    data, cache, _, asked = places
    (data / "file.csv").write_bytes(CONTENT)
    assert published_files.find_published("file.csv") == data / "file.csv"
    assert not cache.exists() and not asked


def test_another_file_in_the_named_folder_is_an_error(places):
    (places[0] / "file.csv").write_bytes(CONTENT.replace(b"\n", b"\r\n"))
    with pytest.raises(ValueError, match="expected the published file.csv .* found another file"):
        published_files.find_published("file.csv")


def test_cache_comes_before_the_network(places):
    _, cache, _, asked = places
    cache.mkdir()
    (cache / "file.csv").write_bytes(CONTENT)
    assert published_files.find_published("file.csv") == cache / "file.csv"
    assert not asked


def test_download_is_kept_in_the_cache(places):
    _, cache, answer, asked = places
    answer(CONTENT)
    assert published_files.find_published("file.csv").read_bytes() == CONTENT
    assert published_files.find_published("file.csv") == cache / "file.csv"
    assert asked == ["https://github.com/Lin-Xu-lab/SpaSNE/raw/adef46e/Tutorials/data/file.csv"]
    assert [path.name for path in cache.iterdir()] == ["file.csv"]


def test_damaged_cache_is_downloaded_again(places):
    _, cache, answer, _ = places
    cache.mkdir()
    (cache / "file.csv").write_bytes(CONTENT[:5])
    answer(CONTENT)
    assert published_files.find_published("file.csv").read_bytes() == CONTENT


def test_wrong_download_is_refused(places):
    _, cache, answer, _ = places
    answer(b"<html>not found</html>")
    with pytest.raises(FileNotFoundError, match="gave another content"):
        published_files.find_published("file.csv")
    assert not cache.exists()


def test_endless_download_is_cut_off(places, monkeypatch):
    _, cache, answer, _ = places
    answer(CONTENT * 1000)
    monkeypatch.setattr(published_files, "LARGEST_DOWNLOAD", len(CONTENT))
    assert published_files.find_published("file.csv").read_bytes() == CONTENT  # no byte more was read
    monkeypatch.setattr(published_files, "LARGEST_DOWNLOAD", len(CONTENT) - 1)
    (cache / "file.csv").unlink()
    with pytest.raises(FileNotFoundError, match="gave another content"):
        published_files.find_published("file.csv")


def test_no_network_says_where_to_put_the_file(places):
    _, cache, _, _ = places
    with pytest.raises(FileNotFoundError) as caught:
        published_files.find_published("file.csv")
    for part in ("file.csv", "no network", str(cache), "SPASNE_DATA"):
        assert part in str(caught.value)


def test_interrupted_write_leaves_nothing(places, monkeypatch):
    _, cache, answer, _ = places
    answer(CONTENT)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(published_files.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        published_files.find_published("file.csv")
    assert list(cache.iterdir()) == []


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("SPASNE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert published_files.cache_folder() == tmp_path / "spasne"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert published_files.cache_folder() == tmp_path / ".cache" / "spasne"


def test_meta_of_other_spots_is_an_error():
    with pytest.raises(ValueError, match="expected the spots of the data in the meta file, found others"):
        datasets._check_alignment(pd.Index(["a", "b"]), pd.Index(["b", "a"]))


@has_data
def test_counts_of_other_cells_are_an_error(tmp_path):
    folder = Path(os.environ["SPASNE_DATA"], datasets.VISUAL_CORTEX_COUNTS)
    if not folder.is_dir():
        pytest.skip("the counts of the visual cortex are not in SPASNE_DATA")
    meta = pd.read_csv(folder.parent / "mouse_VisualCortex1207_meta.csv", index_col=0)
    datasets._read_counts(folder, meta)
    with pytest.raises(ValueError, match="as in the meta file, found another as cell 0"):
        datasets._read_counts(folder, meta.iloc[::-1])
    with pytest.raises(ValueError, match="expected 1206 cells and 1020 genes"):
        datasets._read_counts(folder, meta.iloc[:-1])
