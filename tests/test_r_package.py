"""The package for R holds the C++ sources of this tree, has Python's parameters and makes the same maps."""

import inspect
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import spasne
from spasne_tools.version import __version__

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "r-package"
PUBLISHED = """data pixels alpha beta exaggeration no_dims perplexity theta randseed verbose
    initial_dims use_pca max_iter""".split()

needs_r = pytest.mark.skipif(shutil.which("Rscript") is None, reason="Rscript is not installed")
# Where `make check-r` has installed it.
LIBRARY = os.environ.get("SPASNE_R_LIBRARY")
needs_package = pytest.mark.skipif(LIBRARY is None, reason="SPASNE_R_LIBRARY names no library (make check-r)")


def r(*arguments, cwd):
    done = subprocess.run(
        ["Rscript", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files_below(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@needs_r
def test_bootstrap_copies_the_sources_of_the_executable(tmp_path):
    (tmp_path / "src").mkdir()
    r(PACKAGE / "bootstrap.R", ROOT, cwd=tmp_path)
    wanted = {Path("src") / name: content for name, content in files_below(ROOT / "src").items()}
    for pattern in ("*.cpp", "*.h", "LICENSE"):
        wanted |= {path.relative_to(ROOT): path.read_bytes() for path in ROOT.glob(pattern)}
    assert files_below(tmp_path / "src" / "executable") == wanted


@needs_r
def test_bootstrap_elsewhere_says_what_it_misses(tmp_path):
    command = ["Rscript", PACKAGE / "bootstrap.R", tmp_path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "found no spasne_main.cpp" in done.stderr


def test_the_package_has_this_version_and_these_sources():
    description = (PACKAGE / "DESCRIPTION").read_text(encoding="utf-8")
    assert re.search(r"^Version: (.*)$", description, re.MULTILINE)[1] == __version__
    makevars = (PACKAGE / "src" / "Makevars").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    parts = re.search(r"^PARTS = (.*)$", makevars, re.MULTILINE)[1]
    objects = re.search(r"^OBJECTS = .*objects/,(.*)\)$", makefile, re.MULTILINE)[1]
    assert parts.replace("executable/", "").split() == objects.split()


def defaults_of_r(tmp_path):
    """Name and default of each argument of R's run_spasne, in order; "" where there is none."""
    code = (
        f'source("{PACKAGE / "R" / "run_spasne.R"}"); '
        'cat(sprintf("%s\\t%s\\n", names(formals(run_spasne)), vapply(formals(run_spasne), '
        'function(value) paste(deparse(value), collapse = ""), "")), sep = "")'
    )
    return dict(line.split("\t") for line in r("-e", code, cwd=tmp_path).splitlines())


def as_r(value):
    if value is inspect.Parameter.empty:
        return ""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    return json.dumps(value) if isinstance(value, str) else f"{value:g}"


@needs_r
def test_r_has_the_names_order_and_defaults_of_python(tmp_path):
    found = defaults_of_r(tmp_path)
    parameters = inspect.signature(spasne.run_spasne).parameters
    wanted = {name: as_r(parameter.default) for name, parameter in parameters.items()}
    assert list(found)[: len(PUBLISHED)] == PUBLISHED
    assert found == {name: default for name, default in wanted.items() if name in found}
    assert [name for name in wanted if name in found] == list(found)
    page = (ROOT / "docs" / "in_r.md").read_text(encoding="utf-8")  # where the others are named
    assert [name for name in wanted if name not in found and f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    "options",
    [
        {"theta": 0.0},
        {"theta": 0.5, "no_dims": 3},
        {"method": "interpolation", "accuracy": 0.001, "global_scale": 0.5},
        {"init": "best"},
        {"init": "joint*0.5", "descent": "fast", "theta": 0.0},
        {"learning_rate": "auto", "max_step": 0.5, "exaggeration": 2.0},
        # Positions and starts prepared in R differ in their last digit, and that grows: few iterations.
        {"init": "spatial", "pixel_scale": "unit", "max_iter": 20},
        {"sections": True, "max_iter": 20},
    ],
    ids=lambda options: "-".join(options),
)
@needs_r
@needs_package
def test_r_makes_the_same_map(options, tmp_path):
    """The same input without PCA: the same to 1e-9 of the map's size."""
    rng = np.random.default_rng(7)
    X, pixels = rng.normal(size=(150, 6)), rng.uniform(0, 1000, size=(150, 2))
    common = {"alpha": 9.0, "beta": 4.0, "perplexity": 20.0, "randseed": 5, "n_jobs": 2} | options
    np.savetxt(tmp_path / "X.txt", X, fmt="%.17g")
    np.savetxt(tmp_path / "pixels.txt", pixels, fmt="%.17g")
    given = ", ".join(
        f"{name} = {'rep(0:1, 75)' if name == 'sections' else as_r(value)}" for name, value in common.items()
    )
    code = (
        f'library(spasne, lib.loc = "{LIBRARY}"); '
        "read <- function(name) as.matrix(unname(read.table(name))); "
        f'Y <- run_spasne(read("X.txt"), read("pixels.txt"), use_pca = FALSE, {given}); '
        'writeLines(apply(Y, 1, function(row) paste(sprintf("%.17g", row), collapse = " ")), "Y.txt")'
    )
    r("-e", code, cwd=tmp_path)
    if "sections" in common:
        common["sections"] = np.tile([0, 1], 75)
    wanted = spasne.run_spasne(X, pixels, use_pca=False, **common)
    assert np.abs(np.loadtxt(tmp_path / "Y.txt") - wanted).max() <= 1e-9 * np.abs(wanted).max()


@needs_r
@needs_package
def test_lines_of_the_page_run(tmp_path):
    """Those on matrices; those on Seurat's and Bioconductor's objects need packages that Debian has not."""
    page = (ROOT / "docs" / "in_r.md").read_text(encoding="utf-8")
    code = re.findall(r"^```r\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    assert code.count("library(spasne)") == 1
    r("-e", f'.libPaths(c("{LIBRARY}", .libPaths()))\n{code}', cwd=tmp_path)
    assert (tmp_path / "Rplots.pdf").stat().st_size > 0
