"""The demo goes the whole way, from counts to a figure and a table."""

import os

import pytest

from spasne_tools.commands import demo
from spasne_tools.commands.command_line import main
from spasne_tools.commands.demo import run_demo
from spasne_tools.run.embedding import embed


@pytest.fixture
def built(spasne_binary, monkeypatch):
    """The demo runs the executable under test."""
    monkeypatch.setenv("SPASNE_BIN", str(spasne_binary))


def test_simulated_tissue_is_mapped_better_by_spasne(built, tmp_path, capsys):
    picture = tmp_path / "demo.png"
    assert main(["spasne-map", "demo", "-o", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 50_000
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    header = next(line for line in lines if "r1" in line.split())
    assert header.split() == ["alpha", "beta", "r1", "r2", "s", "seconds"]
    tsne, spasne = (
        dict(zip(header.split(), map(float, line.split()[1:]), strict=True))
        for line in lines[lines.index(header) + 1 : lines.index(header) + 3]
    )
    assert 0.1 < tsne["r1"] < spasne["r1"] - 0.1 and spasne["r1"] < 0.9
    assert 0.1 < tsne["r2"] < spasne["r2"] - 0.1 and spasne["r2"] < 0.95
    assert tsne["s"] < spasne["s"] and 0.9 < spasne["r2"]
    assert "1200 spots, 500 genes" in printed
    page = picture.with_suffix(".html")
    assert lines[-1] == f"wrote {picture} and {page}" and sorted(tmp_path.iterdir()) == [page, picture]
    assert f"Open {page}: circle some points of the map" in printed


def test_no_run_of_the_demo_is_made_again(built, tmp_path, monkeypatch):
    reports = []

    def recorded(*given):
        made = embed(*given)
        reports.append(made.report)
        return made

    monkeypatch.setattr(demo, "embed", recorded)
    run_demo("simulated", str(tmp_path / "demo.png"))
    assert [report["repeated"] for report in reports] == [False, False]


@pytest.mark.skipif("SPASNE_DATA" not in os.environ, reason="SPASNE_DATA does not name the real data")
def test_breast_cancer_gives_the_published_scores(built, tmp_path):
    table = run_demo("breast", str(tmp_path / "breast.png"))
    assert table.loc["SpaSNE", ["alpha", "beta"]].tolist() == [9, 4]
    assert table.loc["SpaSNE", "r1"] == pytest.approx(0.661, abs=0.005)
    assert table.loc["SpaSNE", "r2"] == pytest.approx(0.715, abs=0.006)
    assert 0.27 < table.loc["t-SNE", "r1"] < 0.33


def test_data_that_cannot_be_had_end_in_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("SPASNE_DATA", raising=False)
    monkeypatch.setenv("SPASNE_CACHE", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    assert main(["spasne-map", "demo", "breast", "-o", str(tmp_path / "demo.png")]) != 0
    assert capsys.readouterr().err.startswith("spasne: error: human_BreastCancer1272_")


def refuse(url, timeout):
    raise OSError("no network")


def test_unknown_data_are_an_error():
    with pytest.raises(ValueError, match="one of simulated, breast, visual, found 'liver'"):
        run_demo("liver")
    assert main(["spasne-map", "demo", "liver"]) == 2
