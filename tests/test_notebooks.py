"""Notebooks are committed without output, their pages show the same code, and a failing cell is noticed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spasne_tools.version import __version__

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "demos"
RUNNER = ROOT / "spasne-demos" / "run_notebooks.py"
NOTEBOOKS = sorted(ROOT.glob("*-demo*/*.ipynb"))
EXPECTED = {
    "preprocessing_BreastCancer1272_example",
    "preprocessing_VisualCortex1207_example",
    "spasne_BreastCancer1272_example",
    "spasne_VisualCortex1207_example",
    "spasne_large_example",
    "spasne_screening_example",
}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def page_of(path):
    return (PAGES / f"{path.stem}.md").read_text(encoding="utf-8")


def test_the_demos_are_there():
    assert {path.stem for path in NOTEBOOKS} >= EXPECTED


@each_notebook
def test_notebooks_hold_no_output(path):
    for number, cell in enumerate(code_cells(path), 1):
        assert cell["outputs"] == [], f"code cell {number}: python spasne-demos/run_notebooks.py --strip"
        assert cell["execution_count"] is None and cell["metadata"] == {}


@each_notebook
def test_pages_show_the_code_of_their_notebooks(path):
    shown = re.findall(r"^```python\n(.*?)\n```$", page_of(path), re.MULTILINE | re.DOTALL)
    code = [re.sub(r"\n{3,}", "\n\n", "".join(cell["source"])) for cell in code_cells(path)]
    assert shown == code, "make demos writes the pages again"


@each_notebook
def test_pages_show_all_their_figures_and_no_machine(path):
    page = page_of(path)
    figures = {f"{path.stem}_files/{file.name}" for file in (PAGES / f"{path.stem}_files").iterdir()}
    assert set(re.findall(r"!\[Figure\]\((.*?)\)", page)) == figures and figures
    assert sum((PAGES / figure).stat().st_size for figure in figures) < 1_000_000
    assert not re.search(r"/(home|root|tmp|work|Users)/|Traceback|Warning", page)


def notebook_of(*sources):
    cells = [
        {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "source": source, "outputs": []}
        | {"execution_count": None}
        for i, source in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def run_notebook(path, *options):
    return subprocess.run(
        [sys.executable, RUNNER, *options, path], capture_output=True, text=True, check=False
    )


@pytest.fixture
def can_run():
    for package in ("nbconvert", "ipykernel"):
        pytest.importorskip(package, reason=f"{package} is not installed (the extra demos)")


def test_a_cell_that_fails_is_noticed(can_run, tmp_path):
    path = tmp_path / "failing.ipynb"
    path.write_text(notebook_of("print(1)", "1 / 0"))
    done = run_notebook(path)
    assert done.returncode == 1 and "ZeroDivisionError" in done.stderr
    assert done.stderr.splitlines()[-1] == "failed: failing.ipynb"


def test_a_page_shows_code_output_and_figures(can_run, tmp_path):
    path = tmp_path / "small.ipynb"
    path.write_text(
        notebook_of(
            "%matplotlib inline\nimport spasne\nprint(spasne.__version__)",
            "spasne.plot_maps([[0, 1], [2, 3]], [0, 1])",
        )
    )
    before = path.read_bytes()
    done = run_notebook(path, "--pages", tmp_path / "pages")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == before
    page = (tmp_path / "pages" / "small.md").read_text()
    assert "print(spasne.__version__)" in page and f"\n    {__version__}\n" in page
    figure = tmp_path / "pages" / re.search(r"!\[Figure\]\((.*?)\)", page)[1]
    assert figure.read_bytes().startswith(b"\x89PNG")
