"""Commands besides embed, and every kind of file that expression comes in."""

import gzip
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse
from matplotlib.figure import Figure

import spasne
from spasne_tools.commands import bench, command_line, doctor
from spasne_tools.readers.expression_file import read_expression
from spasne_tools.screening.schedule import Schedule
from spasne_tools.screening.screen import screen_parameters

pytestmark = pytest.mark.usefixtures("real_executable")

ROOT = Path(__file__).resolve().parents[1]
FAST = ["-p", "8", "-m", "40", "-r", "1"]
N_SPOTS, N_GENES = 50, 60


@pytest.fixture
def tissue(tmp_path, monkeypatch):
    """A simulated section, and a working directory with its positions and layers as one table."""
    monkeypatch.chdir(tmp_path)
    section = spasne.simulate_tissue(N_SPOTS, N_GENES, seed=2)
    section.pixels.index = names()
    meta = section.pixels.assign(layer=section.labels.to_numpy(dtype=object))
    meta.to_csv("meta.csv")
    return section


def names():
    return pd.Index([f"AAC{number}-1" for number in range(N_SPOTS)])


def write_10x(folder, counts, genes, barcodes, zipped, kinds=None):
    folder.mkdir()
    opened = gzip.open if zipped else open
    ending = ".gz" if zipped else ""
    with opened(folder / f"matrix.mtx{ending}", "wb") as file:
        scipy.io.mmwrite(file, scipy.sparse.coo_matrix(counts.T), field="integer")
    kinds = kinds or ["Gene Expression"] * len(genes)
    lines = [f"ENS{i}\t{gene}\t{kind}\n" for i, (gene, kind) in enumerate(zip(genes, kinds, strict=True))]
    with opened(folder / f"features.tsv{ending}", "wt") as file:
        file.writelines(lines)
    with opened(folder / f"barcodes.tsv{ending}", "wt") as file:
        file.writelines(f"{barcode}\n" for barcode in barcodes)


def expected_map(section, counts=None):
    data = spasne.preprocess_counts(section.counts if counts is None else counts)
    return spasne.run_spasne(data, section.pixels.to_numpy(), perplexity=8, max_iter=40, randseed=1)


def run(*arguments):
    return command_line.main(list(arguments))


def scores_printed(capsys):
    lines = re.findall(r"^(\S+) (-?\d\.\d+)$", capsys.readouterr().out, re.MULTILINE)
    return {name: float(value) for name, value in lines}


def said_error(capsys, message):
    err = capsys.readouterr().err
    said = re.sub(r"^matched \d+ of \d+ rows by .*\n", "", err, flags=re.MULTILINE)
    assert re.fullmatch(f"spasne: error: .*{message}.*\n", said), err


# ---- kinds of files --------------------------------------------------------------------------------------

POSITIONS = ["-x", "meta.csv", "--pixel_columns", "x,y"]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("inside", ["", "filtered_feature_bc_matrix"])
def test_folder_of_10x(tissue, zipped, inside):
    Path("outs").mkdir()
    folder = Path("outs", inside or "raw")
    write_10x(folder, tissue.counts, tissue.genes.index, names(), zipped)
    named = "outs" if inside else str(folder)
    assert run("-i", named, "--counts", *POSITIONS, "-o", "map.csv", *FAST) == 0
    written = pd.read_csv("map.csv", index_col=0)
    assert list(written.index) == list(names())
    assert np.allclose(written, expected_map(tissue), rtol=0, atol=1e-12)


def test_matrix_file_of_10x_and_genes_only(tissue):
    kinds = ["Gene Expression"] * (N_GENES - 5) + ["Antibody Capture"] * 5
    write_10x(Path("matrices"), tissue.counts, tissue.genes.index, names(), True, kinds)
    found = read_expression("matrices/matrix.mtx.gz")
    assert list(found.genes) == list(tissue.genes.index[:-5])
    assert np.array_equal(found.values.toarray(), tissue.counts[:, :-5].toarray())


def test_sparse_array(tissue):
    scipy.sparse.save_npz("counts.npz", tissue.counts)
    assert run("-i", "counts.npz", "--counts", *POSITIONS, "-o", "map.csv", *FAST) == 0
    assert np.allclose(pd.read_csv("map.csv"), expected_map(tissue), rtol=0, atol=1e-12)


@pytest.fixture
def h5ad(tissue):
    anndata = pytest.importorskip("anndata", reason="the extra anndata is not installed")
    data = spasne.preprocess_counts(tissue.counts)
    anndata.AnnData(
        X=tissue.counts.astype(np.float32),
        obs=pd.DataFrame({"layer": tissue.labels.astype(str).to_numpy()}, names()),
        var=pd.DataFrame(index=tissue.genes.index),
        obsm={"spatial": tissue.pixels.to_numpy(), "X_pca": data},
        layers={"raw": tissue.counts},
    ).write_h5ad("section.h5ad")
    return "section.h5ad"


@pytest.mark.parametrize("chosen", [["--counts"], ["--counts", "--layer", "raw"], ["--use_rep", "X_pca"]])
def test_anndata_brings_positions_and_classes(tissue, h5ad, capsys, chosen):
    assert run("embed", "-i", h5ad, *chosen, "--label_column", "layer", "-o", "map.csv", *FAST) == 0
    written = pd.read_csv("map.csv", index_col=0)
    assert list(written.index) == list(names())
    assert np.allclose(written, expected_map(tissue), rtol=0, atol=1e-12)
    assert re.findall(r"^(\w+) -?\d", capsys.readouterr().out, re.MULTILINE) == ["r1", "r2", "s"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--layer", "no"], "expected 'no' in layers of section.h5ad, found raw"),
        (["--use_rep", "no"], "expected 'no' in obsm of section.h5ad, found (spatial, X_pca|X_pca, spatial)"),
        (["--spatial_key", "no"], "expected 'no' in obsm"),
        (["--layer", "raw", "--use_rep", "X_pca"], "expected a layer or a representation, found both"),
        (["--label_column", "no"], "expected column 'no' in section.h5ad, found layer"),
    ],
)
def test_what_is_not_in_the_anndata(h5ad, capsys, flags, message):
    assert run("-i", h5ad, "-o", "map.csv", *flags) == 2
    said_error(capsys, message)


def test_positions_of_the_anndata_are_numbered_from_1(tissue, h5ad):
    assert run("-i", h5ad, "--use_rep", "X_pca", "--pixel_columns", "1,2", "-o", "map.csv", *FAST) == 0
    assert np.allclose(pd.read_csv("map.csv", index_col=0), expected_map(tissue), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", [scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, pd.DataFrame])
def test_a_representation_of_any_kind(tissue, h5ad, kind):
    anndata = pytest.importorskip("anndata")
    adata = anndata.read_h5ad(h5ad)
    counts = tissue.counts.toarray()
    as_frame = kind is pd.DataFrame
    adata.obsm["counts"] = kind(counts, names(), tissue.genes.index) if as_frame else kind(counts)
    adata.write_h5ad(h5ad)
    assert run("-i", h5ad, "--use_rep", "counts", "--counts", "-o", "map.csv", *FAST) == 0
    expected = expected_map(tissue, counts if as_frame else None)  # dense sums round otherwise than sparse
    assert np.allclose(pd.read_csv("map.csv", index_col=0), expected, rtol=0, atol=1e-12)


def test_anndata_is_an_extra(tissue, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "anndata", None)
    assert run("-i", "section.h5ad", "-o", "map.csv") == 1
    said_error(capsys, r"pip install 'spasne\[anndata\]'")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("empty", "expected matrix.mtx or matrix.mtx.gz in empty, found nothing"),
        ("no.npz", "expected a sparse matrix as scipy.sparse.save_npz writes it in no.npz, found none"),
        ("dense.npz", "expected a sparse matrix as scipy.sparse.save_npz writes it in dense.npz, found none"),
        ("filtered.h5", "expected a table in filtered.h5, found none that can be read"),
        ("short", r"expected 60 genes \(rows\) of 49 cells \(columns\) in short/.*, found 60 x 50"),
        ("broken", "expected a Matrix Market file in broken/matrix.mtx, found none"),
    ],
)
def test_no_expression(tissue, capsys, name, message):
    Path("empty").mkdir()
    np.savez("dense.npz", np.eye(3))
    for folder in ("short", "broken"):
        write_10x(Path(folder), tissue.counts, tissue.genes.index, names(), False)
    Path("short/barcodes.tsv").write_text("\n".join(names()[1:]))
    Path("broken/matrix.mtx").write_text("nothing")
    assert run("-i", name, "-o", "map.csv") == 2
    said_error(capsys, message)


@pytest.mark.parametrize("flag", ["--layer", "--use_rep"])
def test_layers_are_of_anndata(tissue, capsys, flag):
    assert run("-i", "meta.csv", flag, "raw", "-o", "map.csv") == 2
    said_error(capsys, "expected a .h5ad file for a layer or a representation")


def test_rows_are_matched_by_name_and_may_be_more(tissue):
    """As in 10x's tissue_positions_list.csv: no header, spots off the tissue, another order."""
    write_10x(Path("matrices"), tissue.counts, tissue.genes.index, names(), True)
    table = pd.DataFrame({"in": 1, "row": 0, "x": tissue.pixels["x"], "y": tissue.pixels["y"]})
    others = table.set_axis([f"GGT{number}-1" for number in range(N_SPOTS)])
    mixed = pd.concat([table, others]).sample(frac=1, random_state=0)
    mixed.to_csv("positions.csv", header=False)
    positions = ["-x", "positions.csv", "--pixel_columns", "3,4"]
    assert run("-i", "matrices", "--counts", *positions, "-o", "map.csv", *FAST) == 0
    assert np.allclose(pd.read_csv("map.csv", index_col=0), expected_map(tissue), rtol=0, atol=1e-12)


def test_genes_in_rows(tissue, capsys):
    table = pd.DataFrame(tissue.counts.toarray().T, tissue.genes.index, names())
    table.to_csv("genes.csv.gz")
    assert run("-i", "genes.csv.gz", "--counts", *POSITIONS, "-o", "map.csv", *FAST) == 2
    said_error(capsys, "expected the 60 rows of the input in meta.csv, found 50, .* add --transpose")
    assert run("-i", "genes.csv.gz", "--transpose", "--counts", *POSITIONS, "-o", "map.csv", *FAST) == 0
    written = pd.read_csv("map.csv", index_col=0)
    assert list(written.index) == list(names())
    assert np.allclose(written, expected_map(tissue, tissue.counts.toarray()), rtol=0, atol=1e-12)


def test_positions_of_as_many_rows_as_there_are_columns_are_not_turned_around(tissue, capsys):
    table = pd.DataFrame(tissue.counts.toarray(), names(), tissue.genes.index)
    n_columns = N_SPOTS - 1
    table.iloc[:, :n_columns].to_csv("genes.csv")
    tissue.pixels.set_axis(names()).iloc[:n_columns].to_csv("part.csv", index_label="barcode")
    assert run("-i", "genes.csv", "--counts", "-x", "part.csv", "-o", "map.csv", *FAST) == 2
    said_error(capsys, f"expected the names of all {N_SPOTS} rows .* in part.csv, found {n_columns}")


def test_columns_that_are_no_positions(tissue, capsys):
    scipy.sparse.save_npz("counts.npz", tissue.counts)
    meta = pd.read_csv("meta.csv", index_col=0).rename(columns={"x": "across", "y": "down"})
    meta.to_csv("other.csv")
    assert run("-i", "counts.npz", "--counts", "-x", "other.csv", "-o", "map.csv", *FAST) == 2
    said_error(capsys, "found text in layer; choose .* among across, down, layer with --pixel_columns")
    assert run("-i", "counts.npz", "--counts", "-x", "meta.csv", "-o", "map.csv", *FAST) == 0
    assert "; positions: x, y\n" in capsys.readouterr().out
    meta.drop(columns="layer").assign(area=1, depth=2).to_csv("positions.csv")
    assert run("-i", "counts.npz", "--counts", "-x", "positions.csv", "-o", "map.csv", *FAST) == 0
    warned = r"spasne: warning: all 4 columns of pixels \(across, down, area, depth\) .*--pixel_columns.*\n"
    assert re.fullmatch(warned, capsys.readouterr().err)


def test_counts_without_the_flag_are_noticed(tissue, capsys):
    scipy.sparse.save_npz("counts.npz", tissue.counts)
    assert run("-i", "counts.npz", "-o", "map.csv", *FAST) == 0
    assert "spasne: warning: the expression holds whole numbers" in capsys.readouterr().err


def test_highly_variable_genes_are_of_counts(tissue, capsys):
    scipy.sparse.save_npz("counts.npz", tissue.counts)
    assert run("-i", "counts.npz", "--hvg", "20", "-o", "map.csv", *FAST) == 2
    said_error(capsys, "expected --counts with --hvg")
    assert run("-i", "counts.npz", "--counts", "--hvg", "20", *POSITIONS, "-o", "map.csv", *FAST) == 0
    data = spasne.preprocess_counts(tissue.counts, hvg=20)
    Y = spasne.run_spasne(data, tissue.pixels.to_numpy(), perplexity=8, max_iter=40, randseed=1)
    assert np.allclose(pd.read_csv("map.csv"), Y, rtol=0, atol=1e-12)


def test_counts_without_pca(tissue, capsys):
    scipy.sparse.save_npz("counts.npz", tissue.counts)
    of_counts = ["-i", "counts.npz", "--counts", "--no_pca", "--hvg", "20", *POSITIONS]
    assert run(*of_counts, "-o", "map.csv", *FAST) == 0
    data = spasne.preprocess_counts(tissue.counts, None, hvg=20)
    Y = spasne.run_spasne(data, tissue.pixels, perplexity=8, max_iter=40, randseed=1, use_pca=False)
    assert np.allclose(pd.read_csv("map.csv"), Y, rtol=0, atol=1e-12)
    printed = scores_printed(capsys)
    assert printed == pytest.approx(spasne.score_embedding(Y, data, tissue.pixels).to_dict(), abs=6e-5)
    assert run("score", "map.csv", *of_counts) == 0
    assert scores_printed(capsys) == printed


# ---- score and plot --------------------------------------------------------------------------------------


@pytest.fixture
def mapped(tissue):
    """Of `tissue`, components.csv and map.csv."""
    data = pd.DataFrame(spasne.preprocess_counts(tissue.counts, 10), names()).add_prefix("pc")
    data.to_csv("components.csv")
    Y = spasne.run_spasne(data, tissue.pixels, perplexity=8, max_iter=40, randseed=1)
    pd.DataFrame(Y, names(), ["x_pos", "y_pos"]).to_csv("map.csv")
    return data, Y


@pytest.mark.parametrize("full", [False, True])
def test_score(tissue, mapped, capsys, full):
    data, Y = mapped
    labels = tissue.labels.set_axis(names())
    expected = spasne.score_embedding(Y, data, tissue.pixels, labels, full=full)
    flags = ["-i", "components.csv", *POSITIONS, "-l", "meta.csv", "--label_column", "layer"]
    flags += ["--full"] * full
    assert run("score", "map.csv", *flags) == 0
    printed = (line.split() for line in capsys.readouterr().out.splitlines())
    assert {name: float(value) for name, value in printed} == pytest.approx(expected.to_dict(), abs=6e-5)
    assert run("score", "map.csv", *flags, "-o", "scores.csv") == 0
    assert pd.read_csv("scores.csv", index_col=0)["score"].to_dict() == pytest.approx(expected.to_dict())


def test_score_of_points(tissue, mapped, capsys):
    data, Y = mapped
    flags = ["-i", "components.csv", *POSITIONS, "--points", "points.csv"]
    assert run("score", "map.csv", *flags) == 0
    expected = spasne.map_reliability(Y, data, tissue.pixels.set_axis(names(), axis=0))
    written = pd.read_csv("points.csv", index_col=0)
    assert list(written.index) == list(names()) and list(written) == list(expected)
    assert np.allclose(written["reliability"], expected["reliability"], atol=1e-6)
    assert written["verdict"].tolist() == expected["verdict"].tolist()
    printed = capsys.readouterr()
    share = (expected["verdict"] == "kept").mean()
    assert f"points.csv: kept {share:.1%}, uncertain" in printed.err and "r1 " in printed.out


def test_points_need_a_file(mapped, capsys):
    assert run("score", "map.csv", "-i", "components.csv", "--points", "-") == 2
    said_error(capsys, "expected the name of a file for --points, found -")


def test_score_of_other_rows(mapped, capsys):
    pd.read_csv("map.csv", index_col=0).iloc[1:].to_csv("map.csv")
    assert run("score", "map.csv", "-i", "components.csv") == 2
    said_error(capsys, "expected the names of all 50 rows of the input in map.csv, found 49 of 50")


PLOTS = {
    "by class": ["map.csv", *POSITIONS, "-l", "meta.csv", "--label_column", "layer", "--annotate"],
    "two maps": ["map.csv", "other.csv", "-l", "meta.csv", "--label_column", "layer", "--upright"],
    "by gene": ["map.csv", "-i", "components.csv", "--genes", "pc0,pc3", *POSITIONS],
    "by gene of counts": ["map.csv", "-i", "matrices", "--counts", "--genes", "gradient-1"],
    "painted": ["map3d.csv", "--rgb", *POSITIONS],
}


@pytest.mark.parametrize("arguments", PLOTS.values(), ids=PLOTS)
def test_plot(tissue, mapped, arguments):
    Y = pd.read_csv("map.csv", index_col=0)
    Y.to_csv("other.csv")
    Y.assign(z_pos=Y["x_pos"]).to_csv("map3d.csv")
    write_10x(Path("matrices"), tissue.counts, tissue.genes.index, names(), False)
    assert run("plot", *arguments, "-o", "figure.png") == 0
    assert Path("figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["map.csv"], "expected something to colour by, found none"),
        (["map.csv", "--rgb"], r"expected positions \(-x\) to paint the map on"),
        (["map.csv", "other.csv", "--rgb", *POSITIONS], "expected one map with --rgb, found 2"),
        (["map.csv", "--genes", "pc0"], r"expected an input \(-i\) with named columns for --genes"),
        (["map.csv", "-i", "components.csv", "--genes", "Mbp"], "expected gene 'Mbp' in components.csv"),
        (["map.csv", "sub/map.csv", "-l", "meta.csv"], "expected maps with different file names"),
        (["no.csv", "-l", "meta.csv"], "expected a table in no.csv"),
        (["map.csv", "-l", "meta.csv", "-o", "figure.doc"], "expected a figure file that ends in"),
    ],
)
def test_nothing_to_plot(mapped, capsys, arguments, message):
    Path("sub").mkdir()
    for copy in ("sub/map.csv", "other.csv"):
        Path(copy).write_text(Path("map.csv").read_text())
    assert run("plot", *arguments) == 2
    said_error(capsys, message)
    assert not Path("map.png").exists()


@pytest.mark.parametrize("flag", [["--transpose"], ["--counts"], ["--layer", "raw"], ["--use_rep", "X_pca"],
                                  ["--spatial_key", "other"]])  # fmt: skip
def test_flags_of_an_input_need_one(mapped, capsys, flag):
    assert run("plot", "map.csv", "-l", "meta.csv", "--label_column", "layer", *flag) == 2
    said_error(capsys, rf"expected an input \(-i\) with {flag[0]}, found {flag[0]} alone")
    assert not Path("map.png").exists()


# ---- several sections ------------------------------------------------------------------------------------


def test_sections(tissue, mapped, capsys):
    data, _ = mapped
    sections = np.where(np.arange(N_SPOTS) % 2 == 0, "a", "b")
    pd.DataFrame({"section": sections, "other": 1}, names()).to_csv("sections.csv")
    chosen = ["--sections", "sections.csv", "--section_column", "section"]
    assert run("-i", "components.csv", *POSITIONS, *chosen, "-o", "joint.csv", *FAST) == 0
    Y = spasne.run_spasne(data, tissue.pixels, perplexity=8, max_iter=40, randseed=1, sections=sections)
    assert np.allclose(pd.read_csv("joint.csv", index_col=0), Y, rtol=0, atol=1e-12)
    expected = spasne.score_embedding(Y, data, tissue.pixels, sections=sections)
    printed = scores_printed(capsys)
    assert printed == pytest.approx(expected.to_dict(), abs=6e-5)
    assert run("score", "joint.csv", "-i", "components.csv", *POSITIONS, *chosen) == 0
    assert scores_printed(capsys) == printed
    assert run("-i", "components.csv", *POSITIONS, "--sections", "sections.csv", "-o", "joint.csv") == 2
    said_error(capsys, "expected one column of sections in sections.csv, .*--section_column")


@pytest.mark.parametrize("what", ["embed", "by class", "by gene", "painted"])
def test_figures_show_sections_side_by_side(mapped, monkeypatch, what):
    """Where they lie over each other in the table of positions, as those of `spaceranger aggr` do."""
    figures = []
    monkeypatch.setattr(
        Figure, "savefig", lambda figure, file, **_: [figures.append(figure), Path(file).touch()]
    )
    pd.DataFrame({"section": ["left", "right"] * (N_SPOTS // 2)}, names()).to_csv("sections.csv")
    chosen = ["--sections", "sections.csv"]
    pd.read_csv("map.csv", index_col=0).assign(z_pos=1.5).to_csv("map3d.csv")
    if what == "embed":
        flags = ["-i", "components.csv", *POSITIONS, "-o", "joint.csv", "--plot", "map.png", *FAST]
        assert run(*flags, *chosen) == 0
    else:
        assert run("plot", *PLOTS[what], *chosen, "-o", "map.png") == 0
    tissue = figures[0].axes[0]
    assert tissue.get_title(loc="left") == "Tissue"
    assert [text.get_text() for text in tissue.texts][:2] == ["left", "right"]


def test_sections_without_positions(mapped, capsys):
    pd.DataFrame({"section": ["a", "b"] * (N_SPOTS // 2)}, names()).to_csv("sections.csv")
    without = ["-i", "components.csv", "--sections", "sections.csv", "-o", "joint.csv", *FAST]
    assert run(*without) == 2
    said_error(capsys, "expected pixels with sections, found none; .*beta=0")
    assert run(*without, "--beta", "0") == 0


# ---- screen ----------------------------------------------------------------------------------------------

GRID = ["--alphas", "2,8", "--betas", "1,4", "--stage", "rough"]


def test_screen(tissue, mapped, capsys):
    data, _ = mapped
    files = ["--table", "cells.csv", "--plot", "cells.png", "--checkpoint", "runs"]
    labels = ["-l", "meta.csv", "--label_column", "layer"]
    assert (
        run("screen", "-i", "components.csv", *POSITIONS, *labels, *GRID, *files, "-o", "map.csv", *FAST) == 0
    )
    expected = screen_parameters(
        data,
        tissue.pixels,
        tissue.labels.set_axis(names()),
        "rough",
        schedule=Schedule(rough_alphas=(2, 8), rough_betas=(1, 4)),
        perplexity=8,
        max_iter=40,
    )
    written = pd.read_csv("map.csv", index_col=0)
    assert list(written.index) == list(names())
    assert np.allclose(written, expected.Y, rtol=0, atol=1e-12)
    found = f"alpha {expected.alpha:g}\nbeta {expected.beta:g}\nrandseed {expected.randseed}\n"
    assert capsys.readouterr().out == found
    cells = pd.read_csv("cells.csv")
    assert set(cells.pop("stage")) == {"rough"}
    pd.testing.assert_frame_equal(cells, expected.rough, check_dtype=False)
    assert Path("cells.png").read_bytes().startswith(b"\x89PNG")
    assert any(Path("runs").iterdir())


def test_screen_of_sections(tissue, mapped, capsys):
    data, _ = mapped
    sections = np.where(np.arange(N_SPOTS) % 2 == 0, "a", "b")
    pd.DataFrame({"section": sections}, names()).to_csv("sections.csv")
    chosen = ["--sections", "sections.csv", *GRID]
    assert run("screen", "-i", "components.csv", *POSITIONS, *chosen, "-o", "map.csv", *FAST) == 0
    grid = Schedule(rough_alphas=(2, 8), rough_betas=(1, 4))
    expected = screen_parameters(
        data,
        tissue.pixels.to_numpy(),
        stage="rough",
        schedule=grid,
        perplexity=8,
        max_iter=40,
        sections=sections,
    )
    assert np.allclose(pd.read_csv("map.csv", index_col=0), expected.Y, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected pixels, without which there is nothing to choose beta by"),
        ([*POSITIONS, "--alphas", "2,x"], "--alphas: expected numbers separated by commas, found '2,x'"),
        ([*POSITIONS, "-r", "0"], "expected randseed of at least 1, found 0"),
        ([*POSITIONS, "-p", "30"], "expected perplexity at most"),
    ],
)
def test_nothing_to_screen(mapped, capsys, arguments, message):
    assert run("screen", "-i", "components.csv", "-o", "best.csv", *FAST, *arguments) == 2
    said_error(capsys, message)
    assert not Path("best.csv").exists()


# ---- the others ------------------------------------------------------------------------------------------


def test_doctor(capsys):
    assert run("doctor") == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [line.split()[0] for line in lines if line and not line.startswith(" ")]
    expected = ["spasne", "Python", "system", "memory", "temporary", "packages"]
    assert heads == [*expected, *(f"[{extra}]" for extra in doctor.EXTRAS), "executable", "a"]
    assert re.search(r" \d+ threads, \w+ instructions", lines[-2])


def test_doctor_says_that_there_is_no_executable(capsys, monkeypatch):
    monkeypatch.setenv("SPASNE_BIN", "/no/such/file")
    assert run("doctor") == 1
    out, err = capsys.readouterr()
    assert "numpy" in out and "all is well" not in out
    assert re.fullmatch("spasne: error: expected an executable file at /no/such/file .*`make`.*\n", err)


def test_doctor_knows_the_extras_for_users():
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = r"\[project.optional-dependencies\]\n(.*?)# those below are for work on the project itself"
    extras = re.search(section, pyproject, re.DOTALL)[1]
    assert dict(re.findall(r'^(\w+) = \["([\w-]+)', extras, re.MULTILINE)) == doctor.EXTRAS


def test_demo(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("spasne_tools.commands.demo.run_demo", lambda *arguments: print(*arguments))
    assert run("demo", "breast", "-o", str(tmp_path / "figure.pdf")) == 0
    assert capsys.readouterr().out == f"breast {tmp_path / 'figure.pdf'}\n"
    assert run("demo", "-o", str(tmp_path / "no" / "figure.pdf")) == 2


def test_bench(capsys):
    assert run("bench", "60", "200", "--components", "5", *FAST, "--n_jobs", "1") == 0
    header, *rows, last = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["spots", "method", "iterations", "read"]
    assert [row.split()[:3] for row in rows] == [["60", "barnes_hut", "40"], ["200", "barnes_hut", "40"]]
    assert all(len(row.split()) == len(bench.COLUMNS) for row in rows)
    assert " 1 threads, " in last


def test_a_start_fits_one_number_of_spots(capsys):
    assert run("bench", "60", "200", "--init", "start.csv", *FAST) == 2
    said_error(capsys, "expected --init without a table, which fits one number of spots, found start.csv")


@pytest.mark.parametrize("arguments", [["--help"], ["help"], ["spasne.py", "-h"]])
def test_overview(capsys, arguments):
    assert run(*arguments) == 0
    out = capsys.readouterr().out
    assert [name for name in command_line.COMMANDS if not re.search(rf"^  {name} ", out, re.MULTILINE)] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bogus"], "unrecognized arguments: --bogus"),
        (["score"], "the following arguments are required: map"),
        (["screem"], "expected a command .*, found 'screem'; is screen meant[?]"),
    ],
)
def test_arguments_that_are_none(capsys, arguments, message):
    assert command_line.main(["spasne-map", *arguments]) == 2
    said_error(capsys, message)


def test_nothing_on_a_terminal_is_the_overview(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": staticmethod(lambda: True)}))
    assert run() == 2
    assert "COMMAND" in capsys.readouterr().out


def examples_of(name):
    lines = command_line.command_module(name).EXAMPLES.replace("\\\n", "").splitlines()
    return [line.split() for line in lines if line.startswith("  spasne-map ")]


@pytest.mark.parametrize("name", command_line.COMMANDS)
def test_help_with_examples_that_parse(capsys, name):
    assert run(name, "--help") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: spasne-map {name} ")
    examples = examples_of(name)
    assert examples
    for _, command, *arguments in examples:
        command_line.parser_of(command).parse_args(arguments)
        assert " ".join(arguments[:1]) in out


def test_unknown_command(capsys):
    assert run("spasne-map", "emded", "-i", "no.csv") == 2
    said_error(capsys, r"expected a command \(embed, .*\), found 'emded'; is embed meant\?")


def test_hyphens_in_flags(capsys):
    assert run("embed", "--max-iter", "-1", "--label-column=x-y") == 2
    said_error(capsys, "expected max_iter to be an integer of 0 or more")
