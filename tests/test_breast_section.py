"""The section before preprocessing is found in each published form; its notebook gives the components."""

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.io
from scipy.sparse import csr_matrix

from spasne_tools import breast_section, published_files
from spasne_tools.breast_section import load_breast_section, published_agreement, write_published_layout
from spasne_tools.preprocessing import preprocess_counts
from spasne_tools.published_files import blob_id

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "preprocessing-demo" / "preprocessing_BreastCancer1272_example.ipynb"


@pytest.fixture(autouse=True)
def nothing_at_hand(monkeypatch, tmp_path):
    monkeypatch.delenv("SPASNE_DATA", raising=False)
    monkeypatch.setenv("SPASNE_CACHE", str(tmp_path / "cache"))


def published_tables(n=40, n_genes=12):
    """Counts and labels as the published files hold them; every third spot without a type."""
    rng = np.random.default_rng(0)
    counts = pd.DataFrame(rng.poisson(3, (n, n_genes)), columns=[f"gene{k}" for k in range(n_genes)])
    kind = np.where(np.arange(n) % 3 == 0, "", rng.choice(["tumor", "fat", "NA"], n))
    x, y = rng.integers(0, 20_000, (2, n))
    return counts, pd.DataFrame({"type": kind, "x": x, "y": y})


def write_tables(folder, tables):
    folder.mkdir()
    for name, table in zip((breast_section.COUNTS, breast_section.LABELS), tables, strict=True):
        table.to_csv(folder / name)


def check_is(section, tables):
    counts, labels = tables
    assert (section.counts.toarray() == counts.to_numpy()).all()
    assert section.annotation["type"].tolist() == labels["type"].tolist()
    assert (section.annotation[["x", "y"]].to_numpy() == labels[["x", "y"]].to_numpy()).all()
    assert list(section.genes) == list(counts) and section.annotation.index[3] == "C_3"
    assert section.annotated.sum() == (labels["type"] != "").sum() and not section.simulated


def test_tables_beside_the_notebook_come_first(tmp_path, monkeypatch, capsys):
    tables = published_tables()
    write_tables(tmp_path / "data", tables)
    monkeypatch.setenv("SPASNE_DATA", str(tmp_path / "elsewhere"))
    write_tables(tmp_path / "elsewhere", published_tables(n=20))
    check_is(load_breast_section(tmp_path / "data"), tables)
    assert capsys.readouterr().out.endswith(": 40 spots, 26 of them annotated\n")
    assert len(load_breast_section(tmp_path / "none").annotation) == 20


def write_archive(path, tables, prefix="data/"):
    with tarfile.open(path, "w:gz") as archive:
        for name, table in zip((breast_section.COUNTS, breast_section.LABELS), tables, strict=True):
            content = table.to_csv().encode()
            member = tarfile.TarInfo(prefix + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_the_archive_is_verified_and_read_without_being_unpacked(tmp_path, monkeypatch):
    tables = published_tables()
    path = tmp_path / "data.tar.gz"
    write_archive(path, tables, prefix="../../data/")
    with pytest.raises(ValueError, match="expected the published data.tar.gz .* found another file"):
        load_breast_section(tmp_path / "data")
    monkeypatch.setitem(published_files.BLOB_IDS, "data.tar.gz", blob_id(path.read_bytes()))
    check_is(load_breast_section(tmp_path / "data"), tables)
    assert [file.name for file in tmp_path.iterdir()] == ["data.tar.gz"]


def test_the_archive_is_fetched_where_asked_for(tmp_path, monkeypatch):
    tables = published_tables()
    write_archive(tmp_path / "elsewhere", tables)
    content = (tmp_path / "elsewhere").read_bytes()
    asked = []

    def urlopen(url, timeout):
        asked.append(url)
        return io.BytesIO(content)

    monkeypatch.setattr(published_files.urllib.request, "urlopen", urlopen)
    monkeypatch.setitem(published_files.BLOB_IDS, "data.tar.gz", blob_id(content))
    check_is(load_breast_section(tmp_path / "data", fetch=True), tables)
    check_is(load_breast_section(tmp_path / "data"), tables)  # from the cache
    base = "https://github.com/Lin-Xu-lab/SpaSNE/raw/adef46e/Preprocessing_Tutorial/"
    assert asked == [f"{base}data.tar.gz"]


def test_an_archive_without_the_tables_is_an_error(tmp_path, monkeypatch):
    path = tmp_path / "data.tar.gz"
    with tarfile.open(path, "w:gz"):
        pass
    monkeypatch.setitem(published_files.BLOB_IDS, "data.tar.gz", blob_id(path.read_bytes()))
    with pytest.raises(ValueError, match="expected data/human_BreastCancer2518_raw.csv in"):
        load_breast_section(tmp_path / "data")


def test_tables_that_do_not_belong_together_are_an_error(tmp_path):
    counts, labels = published_tables()
    write_tables(tmp_path / "data", (counts, labels.iloc[::-1]))
    with pytest.raises(ValueError, match="in the same order, found 40 and 40 spots or other names"):
        load_breast_section(tmp_path / "data")
    labels.drop(columns="x").to_csv(tmp_path / "data" / breast_section.LABELS)
    with pytest.raises(ValueError, match="expected columns type, x and y in .*, found no x"):
        load_breast_section(tmp_path / "data")


def write_outs(outs, tables, header, turned=False):
    """The folder that Space Ranger writes, of the spots of `tables` in another order."""
    counts, labels = tables
    order = np.random.default_rng(1).permutation(len(counts))
    matrix, spatial = outs / "filtered_feature_bc_matrix", outs / "spatial"
    matrix.mkdir(parents=True)
    spatial.mkdir()
    barcodes = [f"spot{row}-1" for row in order]
    with gzip.open(matrix / "matrix.mtx.gz", "wb") as file:
        scipy.io.mmwrite(file, csr_matrix(counts.to_numpy()[order].T))
    for name, lines in (("barcodes", barcodes), ("features", [f"id\t{g}\tGene Expression" for g in counts])):
        with gzip.open(matrix / f"{name}.tsv.gz", "wt") as file:
            file.write("\n".join(lines) + "\n")
    x, y = labels["x"].to_numpy()[order], labels["y"].to_numpy()[order]
    row, column = (x, y) if turned else (y, x)
    grid = {"barcode": barcodes, "in_tissue": 1, "array_row": 0, "array_col": 0}
    places = pd.DataFrame(grid | {"pxl_row_in_fullres": row, "pxl_col_in_fullres": column})
    name = "tissue_positions.csv" if header else "tissue_positions_list.csv"
    places.iloc[::-1].to_csv(spatial / name, header=header, index=False)


@pytest.mark.parametrize(("header", "turned"), [(True, False), (False, True)])
def test_the_space_ranger_folder_gives_the_same_components(header, turned, tmp_path, monkeypatch):
    counts, labels = tables = published_tables()
    write_outs(tmp_path / "outs", tables, header, turned)
    kept = (labels["type"] != "").to_numpy()
    annotation = labels[kept].set_axis(["cell_type", "x_pixel", "y_pixel"], axis=1)
    annotation.index = [f"C_{row}" for row in np.flatnonzero(kept)]
    monkeypatch.setattr(breast_section, "load_annotation", lambda name: annotation)
    section = load_breast_section(outs=tmp_path / "outs")
    assert section.annotation.index[section.annotated].equals(annotation.index)
    places = section.annotation.loc[annotation.index, ["x", "y"]].to_numpy()
    assert (places == annotation.iloc[:, 1:].to_numpy()).all()
    found = preprocess_counts(section.counts, 5, keep=section.annotated)
    np.testing.assert_allclose(found, preprocess_counts(counts, 5, keep=kept), rtol=0, atol=1e-10)
    monkeypatch.setattr(breast_section, "load_annotation", lambda name: annotation.assign(x_pixel=-1))
    with pytest.raises(ValueError, match="found no spot at 26 of the 26 annotated positions"):
        load_breast_section(outs=tmp_path / "outs")
    shutil.rmtree(tmp_path / "outs" / "spatial")
    with pytest.raises(ValueError, match="expected .*positions"):
        load_breast_section(outs=tmp_path / "outs")


def test_a_simulated_section_has_the_published_size(tmp_path, capsys):
    section = load_breast_section(tmp_path)
    assert section.simulated and section.counts.shape[0] == 2518 and section.annotated.sum() == 1272
    assert "simulated" in capsys.readouterr().out
    assert published_agreement(section, np.zeros((1272, 2))) is None


def test_components_are_compared_with_the_published_ones(tmp_path, monkeypatch):
    tables = published_tables()
    write_tables(tmp_path / "data", tables)
    section = load_breast_section(tmp_path / "data")
    components = preprocess_counts(section.counts, 5, keep=section.annotated)
    assert published_agreement(section, components) is None
    (written, *_) = write_published_layout(section, -components, tmp_path)
    assert written.name == "human_BreastCancer26_data_pc5.csv"
    written.rename(tmp_path / breast_section.COMPONENTS)
    monkeypatch.setenv("SPASNE_DATA", str(tmp_path))
    np.testing.assert_allclose(published_agreement(section, components), 1, rtol=1e-12)


def test_the_notebook_on_published_files_reproduces_preprocess_counts(tmp_path):
    for package in ("nbconvert", "ipykernel"):
        pytest.importorskip(package, reason=f"{package} is not installed (the extra demos)")
    counts, labels = tables = published_tables(n=420, n_genes=250)
    write_tables(tmp_path / "data", tables)
    shutil.copy(NOTEBOOK, tmp_path)
    runner = ROOT / "spasne-demos" / "run_notebooks.py"
    done = subprocess.run(
        [sys.executable, runner, tmp_path / NOTEBOOK.name],
        env=os.environ | {"SPASNE_OUTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kept = (labels["type"] != "").to_numpy()
    written = pd.read_csv(tmp_path / "human_BreastCancer280_data_pc200.csv", index_col=0)
    wanted = preprocess_counts(counts, 200, keep=kept)
    assert list(written.index) == [f"C_{row}" for row in np.flatnonzero(kept)]
    np.testing.assert_allclose(written.to_numpy(), wanted, rtol=0, atol=1e-10)
    kinds = pd.read_csv(tmp_path / "human_BreastCancer280_labels.csv", index_col=0, keep_default_na=False)
    assert kinds["gt"].tolist() == labels.loc[kept, "type"].tolist()
    pixels = pd.read_csv(tmp_path / "human_BreastCancer280_pixels.csv", index_col=0)
    assert list(pixels) == ["x_pixel", "y_pixel"]
    assert (pixels.to_numpy() == labels.loc[kept, ["x", "y"]].to_numpy()).all()
