"""Files complete or absent: by themselves, and as each part of the package writes them."""

import argparse
import os
import stat
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import spasne
from spasne_tools import published_files
from spasne_tools.commands import embed, plot, score, screen
from spasne_tools.commands.demo import Example, run_demo
from spasne_tools.commands.outputs import check_can_write
from spasne_tools.map_table import write_map
from spasne_tools.output_file import output_file
from spasne_tools.run.batch import Run
from spasne_tools.run.embedding import Embedding
from spasne_tools.screening.checkpoint import Checkpoint, Outcome

RNG = np.random.default_rng(0)
Y, PIXELS, DATA = RNG.normal(size=(80, 2)), RNG.uniform(0, 1000, size=(80, 2)), RNG.normal(size=(80, 5))
LABELS = pd.Series(["a", "b"] * 40)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def listed():
    return sorted(path.name for path in Path().iterdir())


# ---- by itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", [None, "old"])
@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(kind, old):
    if old is not None:
        Path("a.csv").write_text(old)
    with pytest.raises(kind), output_file("a.csv") as unfinished:
        unfinished.write_text("new")
        unfinished.with_suffix(".log").write_text("of the writer's own")
        raise kind
    assert listed() == ([] if old is None else ["a.csv"])
    assert old is None or Path("a.csv").read_text() == old


def test_the_file_is_there_at_the_end_only():
    Path("a.csv").write_text("old")
    with output_file(Path("a.csv")) as unfinished:
        unfinished.write_text("new")
        assert unfinished.name == "a.csv" and unfinished.parent.parent.samefile(Path())
        assert Path("a.csv").read_text() == "old"
    assert (listed(), Path("a.csv").read_text()) == (["a.csv"], "new")


def test_writers_at_once_do_not_meet():
    barrier, texts, possible = threading.Barrier(8), [], {str(n) * 100 for n in range(8)}

    def write(text):
        with output_file("a.txt") as unfinished:
            barrier.wait()
            with unfinished.open("w") as file:
                for letter in text:
                    file.write(letter)
                    file.flush()
            barrier.wait()
        texts.append(Path("a.txt").read_text())

    threads = [threading.Thread(target=write, args=(text,)) for text in possible]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert listed() == ["a.txt"]
    assert len(texts) == 8 and set(texts) <= possible


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_a_file_opened_as_usual(umask):
    before = os.umask(umask)
    try:
        for mode in (0o666 & ~umask, 0o640):
            with output_file("a.csv") as unfinished:
                unfinished.write_text("1")
            assert mode_of("a.csv") == mode
            os.chmod("a.csv", 0o640)
    finally:
        os.umask(before)


def test_a_link_stays():
    Path("far").mkdir()
    Path("near.csv").symlink_to("far/a.csv")
    for text in ("1", "2"):
        with output_file("near.csv") as unfinished:
            unfinished.write_text(text)
        assert Path("near.csv").is_symlink() and Path("far/a.csv").read_text() == text
    assert [path.name for path in Path("far").iterdir()] == ["a.csv"]


def test_writers_see_the_name_of_the_link():
    """By which they choose a format; its target may be called anything."""
    Path("store").mkdir()
    Path("figure.png").symlink_to("store/abc123")
    with output_file("figure.png") as unfinished:
        Figure().savefig(unfinished)
    assert Path("figure.png").is_symlink()
    assert Path("store/abc123").read_bytes().startswith(b"\x89PNG")


def test_links_are_followed_before_the_work():
    Path("map.csv").symlink_to("no/folder/map.csv")
    with pytest.raises(ValueError, match="expected a file name in a folder that can be written to"):
        check_can_write("map.csv")
    check_can_write("/dev/null", "other.csv")


def test_what_is_no_file_is_not_replaced():
    os.mkfifo("pipe.csv")
    with output_file("pipe.csv") as unfinished:
        assert unfinished == Path("pipe.csv")
    assert stat.S_ISFIFO(os.stat("pipe.csv").st_mode)


def test_a_name_as_long_as_can_be():
    name = "a" * 251 + ".csv"
    with output_file(name) as unfinished:
        unfinished.write_text("1")
    assert listed() == [name]


# ---- every part that writes ------------------------------------------------------------------------------


def write_checkpoint():
    outcome = Outcome(Run(1, 2, 3), 0.1, 0.2, 0.3, 0.4, False, 0.5, "", Y)
    Checkpoint(Path(), {}).save(outcome)


def write_download(monkeypatch):
    monkeypatch.setattr(published_files.urllib.request, "urlopen", lambda *_, **__: open(os.devnull, "rb"))
    monkeypatch.setitem(published_files.BLOB_IDS, "file.csv", published_files.blob_id(b""))
    published_files._download("file.csv", Path("file.csv"))


def write_demo(monkeypatch):
    example = Example("", DATA, pd.DataFrame(PIXELS), LABELS, "", 1, 1, 1, "")
    monkeypatch.setattr("spasne_tools.commands.demo.DATA", {"simulated": lambda: example})
    monkeypatch.setattr("spasne_tools.commands.demo.embed", lambda *_: Embedding(Y, Y[:, 0], {}))
    run_demo(output="demo.png")


def run_command(module, monkeypatch, *arguments):
    """A command on tables of the data, its maps made by nobody."""
    inputs = Path("inputs")
    inputs.mkdir()
    for name, table in {"data": DATA, "pixels": PIXELS, "map": Y, "labels": LABELS}.items():
        pd.DataFrame(table).to_csv(inputs / f"{name}.csv")
    found = argparse.Namespace(Y=Y, rough=pd.DataFrame({"r1": [1.0]}), fine=None, alpha=1, beta=1, randseed=1)
    found.report, found.scales = {}, None
    monkeypatch.setattr("spasne_tools.commands.embed.summary_of", lambda *_: [])
    monkeypatch.setattr("spasne_tools.commands.embed.embed", lambda *_, **__: found)
    monkeypatch.setattr("spasne_tools.screening.screen.screen_parameters", lambda *_, **__: found)
    monkeypatch.setattr("spasne_tools.screening.plot.plot_screening", lambda _: Figure())
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    given = ["-x", "inputs/pixels.csv", "-l", "inputs/labels.csv", *arguments]
    module.run(parser.parse_args(given))


INPUT, MAP = ["-i", "inputs/data.csv"], "inputs/map.csv"
WRITERS = {
    "map.csv": lambda _: write_map("map.csv", Y, None),
    "map.txt.gz": lambda _: write_map("map.txt.gz", Y, None),
    "map.npz": lambda _: spasne.save_map("map.npz", Y),
    "page.html": lambda _: spasne.export_html("page.html", Y, PIXELS),
    "checkpoint": lambda _: write_checkpoint(),
    "download": write_download,
    "demo.png": write_demo,
    "bench-data": lambda _: spasne.main(
        ["bench-data", "60", "--components", "5", "--genes", "60", "-o", "."]
    ),
    "score": lambda patch: run_command(score, patch, MAP, *INPUT, "-o", "scores.csv"),
    "plot": lambda patch: run_command(plot, patch, MAP, "-o", "figure.pdf"),
    "embed": lambda patch: run_command(embed, patch, *INPUT, "-o", "map.csv", "--plot", "figure.svg"),
    "screen": lambda patch: run_command(
        screen, patch, *INPUT, "-o", "map.csv", "--table", "cells.csv", "--plot", "cells.png"
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_every_file_is_put_into_place_whole(writer, monkeypatch):
    """Of the package's own files none is opened where it will be; all are renamed to there."""
    replace, renamed = os.replace, []

    def watched(unfinished, path):
        assert not os.path.exists(path)
        renamed.append(Path(path).name)
        replace(unfinished, path)

    monkeypatch.setattr(os, "replace", watched)
    WRITERS[writer](monkeypatch)
    assert set(listed()) - {"inputs"} == set(renamed)
    assert renamed and all(Path(name).stat().st_size > 0 for name in renamed if writer != "download")


@pytest.mark.parametrize("writer", WRITERS)
def test_an_error_leaves_no_file_of_any_part(writer, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", fail)
    if writer == "bench-data":
        assert WRITERS[writer](monkeypatch) == 130
    else:
        with pytest.raises(KeyboardInterrupt):
            WRITERS[writer](monkeypatch)
    assert set(listed()) <= {"inputs"}
