"""What the documentation tells a reader to type works as written."""

import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

import spasne
from spasne_tools.commands import command_line

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("platforms/*.md")])
EXAMPLES = DOCS / "examples"
HANGS = 1200  # seconds; the longest takes ten on a free machine


def blocks(page, *languages):
    text = page.read_text(encoding="utf-8")
    return [
        (language, code)
        for language, code in re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        if language in languages
    ]


@pytest.fixture
def shell(spasne_binary, tmp_path):
    """Runs a command in a folder of its own; `spasne` and `spasne-map` are on PATH as after pip install."""
    commands, folder = tmp_path / "bin", tmp_path / "work"
    commands.mkdir()
    folder.mkdir()
    (commands / "spasne").symlink_to(spasne_binary)
    (commands / "spasne-map").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m spasne "$@"\n')
    (commands / "spasne-map").chmod(0o755)
    environment = os.environ | {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "SPASNE_BIN": str(spasne_binary),
    }

    def run(*command):
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=HANGS
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run.folder = folder
    return run


def pages_with(*languages):
    return [pytest.param(page, id=page.name) for page in PAGES if blocks(page, *languages)]


# Run elsewhere: pages of platforms on files of each, in test_platforms.py; in_r by `make check-r`.
NEEDS = {"page": ("anndata",), "sections_and_anndata": ("anndata", "scanpy")}  # besides what is required
THE_REST = [
    page for page in [ROOT / "README.md", *PAGES]
    if page.parent != DOCS / "platforms" and page.stem not in NEEDS and blocks(page, "python", "sh")
]  # fmt: skip


def run_all(page, shell):
    """All Python as one session, then the commands, as they stand."""
    for language, command in (("python", [sys.executable, "-c"]), ("sh", ["bash", "-euc"])):
        code = "\n".join(code for _, code in blocks(page, language))
        if code:
            shell(*command, code)
    written = [path for path in shell.folder.rglob("*") if path.suffix in (".png", ".csv", ".html")]
    assert all(path.stat().st_size > 0 for path in written)


@pytest.mark.parametrize("page", THE_REST, ids=lambda page: page.stem)
def test_examples_run(page, shell):
    if page.stem == "datasets" and "SPASNE_DATA" not in os.environ:
        pytest.skip("SPASNE_DATA names no folder with the published data")
    run_all(page, shell)


@pytest.mark.parametrize("page", NEEDS)
def test_examples_with_extras_run(page, shell):
    for name in NEEDS[page]:
        pytest.importorskip(name, reason=f"{name} is not installed")
    run_all(DOCS / f"{page}.md", shell)


@pytest.mark.parametrize("page", pages_with("sh", "console"))
def test_commands_on_the_pages_have_these_flags(page):
    code = "".join(code for _, code in blocks(page, "sh", "console")).replace("\\\n", "")
    lines = [shlex.split(line.removeprefix("$ ")) for line in code.splitlines()]
    for words in (words[1:] for words in lines if words[:1] == ["spasne-map"]):
        assert words[0] in command_line.COMMANDS
        command_line.parser_of(words[0]).parse_args(words[1:])


def test_every_command_is_described():
    page = (DOCS / "command_line.md").read_text(encoding="utf-8")
    assert [name for name in command_line.COMMANDS if f"| `{name}` |" not in page] == []


def test_every_parameter_is_described():
    page = (DOCS / "parameters.md").read_text(encoding="utf-8")
    named = {*re.findall(r"`(\w+)`", page), *re.findall(r"\w+", " ".join(re.findall(r"^## .*", page, re.M)))}
    parameters = inspect.signature(spasne.run_spasne).parameters
    assert {*parameters} - {"data", "pixels", "verbose"} - named == set()


@pytest.fixture
def small_case(tmp_path):
    rng = np.random.default_rng(3)
    X, pixels = rng.normal(size=(50, 4)), rng.uniform(0, 1000, size=(50, 2))
    expected = spasne.run_spasne(
        X, pixels, alpha=9, beta=4, perplexity=10, randseed=5, max_iter=30, use_pca=False
    )
    return X, pixels, expected


def test_r_writes_and_reads_the_files(shell, spasne_binary, small_case):
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    X, pixels, expected = small_case
    np.savetxt(shell.folder / "X.txt", X)
    np.savetxt(shell.folder / "pixels.txt", pixels)
    code = (
        f'source("{EXAMPLES / "spasne.R"}"); X <- read.table("X.txt"); '
        'Y <- spasne(X, read.table("pixels.txt"), alpha = 9, beta = 4, perplexity = 10, seed = 5, '
        f'max_iter = 30, executable = "{spasne_binary}"); '
        'write.table(format(Y, digits = 17), "Y.txt", quote = FALSE, row.names = FALSE, col.names = FALSE)'
    )
    shell("Rscript", "-e", code)
    assert np.allclose(np.loadtxt(shell.folder / "Y.txt"), expected, rtol=1e-12, atol=0)


def test_lines_of_r_run(shell):
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    shutil.copy(EXAMPLES / "spasne.R", shell.folder)
    ((_, code),) = blocks(DOCS / "other_languages.md", "r")
    shell("Rscript", "-e", code)
    assert (shell.folder / "Rplots.pdf").stat().st_size > 0


def test_r_stops_with_the_message_of_the_executable(shell, spasne_binary):
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    code = (
        f'source("{EXAMPLES / "spasne.R"}"); X <- matrix(1:20, 10); '
        f'message <- tryCatch(spasne(X, X, executable = "{spasne_binary}"), error = conditionMessage); '
        "cat(message)"
    )
    assert shell("Rscript", "-e", code).endswith("spasne ended with exit code 2")


def test_julia_writes_and_reads_the_files(shell, spasne_binary, small_case):
    if shutil.which("julia") is None:
        pytest.skip("julia is not installed")
    X, pixels, expected = small_case
    np.savetxt(shell.folder / "X.txt", X)
    np.savetxt(shell.folder / "pixels.txt", pixels)
    code = (
        f'using DelimitedFiles; include("{EXAMPLES / "spasne.jl"}"); '
        'Y = spasne(readdlm("X.txt"), readdlm("pixels.txt"); alpha=9, beta=4, perplexity=10, seed=5, '
        f'max_iter=30, executable="{spasne_binary}"); writedlm("Y.txt", Y)'
    )
    shell("julia", "-e", code)
    assert np.allclose(np.loadtxt(shell.folder / "Y.txt"), expected, rtol=1e-12, atol=0)


def test_data_file_by_hand(shell):
    assert shell(sys.executable, str(EXAMPLES / "by_hand.py")).endswith("\n(300, 2)\n")
    assert sorted(path.name for path in shell.folder.iterdir()) == ["data.dat", "result.dat"]


def test_table_of_memory_is_what_the_code_estimates(tmp_path, monkeypatch):
    spec = spec_from_file_location("make_figures", DOCS / "make_figures.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    shutil.copy(DOCS / "faq.md", tmp_path)
    monkeypatch.setattr(module, "HERE", tmp_path)
    module.memory()
    assert (tmp_path / "faq.md").read_text() == (DOCS / "faq.md").read_text()
