"""Things said in more than one file of the repository agree."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spasne_tools.metrics.sampling import DEFAULT_SAMPLING
from spasne_tools.run.method import LARGE
from spasne_tools.run.parameters import LARGEST_SCALE
from spasne_tools.validation import LARGEST_POSITION, LARGEST_START
from spasne_tools.version import __version__

ROOT = Path(__file__).resolve().parents[1]
CPP_FILES = sorted([*ROOT.glob("*.cpp"), *ROOT.glob("*.h"), *ROOT.glob("src/**/*.*")])
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/**/*.md")])


def found_in(name, pattern):
    match = re.search(pattern, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert match, f"{name} holds nothing like {pattern}"
    return match[1]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("src/version.h", r'^#define SPASNE_VERSION "(.*)"$'),
        ("CITATION.cff", r"^version: (.*)$"),
        ("CHANGELOG.md", r"^## \[(\d.*?)\]"),
        ("packaging/conda/meta.yaml", r'^{% set version = "(.*)" %}$'),
    ],
)
def test_version_is_the_same_everywhere(name, pattern):
    assert found_in(name, pattern) == __version__


def test_the_executable_says_its_version(spasne_binary):
    done = subprocess.run([spasne_binary, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"spasne {__version__}\n"


def test_pip_and_make_build_alike():
    optimisation = found_in("Makefile", r"^CXXFLAGS \?= (.*)$")
    other_flags = found_in("Makefile", r"^BUILD = .*\$\(CXXFLAGS\) (.*)$")
    sources = found_in("Makefile", r"^SOURCES = (.*)$")
    pip_flags = found_in("setup.py", r"^FAST_FLAGS = (.*)$")
    assert re.findall(r'"(.*?)"', pip_flags) == [*optimisation.split(), *other_flags.split()]
    assert re.findall(r'"(.*?)"', found_in("setup.py", r"^SOURCES = (.*)$")) == sources.split()
    objects = found_in("Makefile", r"^OBJECTS = .*objects/,(.*)\)$").split()
    kernels = found_in("setup.py", r'^OBJECTS = .* for isa in "(\d+)"\)')
    names = [f"kernels{isa}" for isa in kernels] + [source.removesuffix(".cpp") for source in sources.split()]
    assert sorted(objects) == sorted(f"{name}.o" for name in names)
    of_kernels = found_in("Makefile", r"^KERNEL_FLAGS = (.*)$").split()
    assert re.findall(r'"(.*?)"', found_in("setup.py", r"^KERNEL_FLAGS = (.*?)  #")) == of_kernels


def test_conda_and_pip_require_alike():
    of_pip = re.findall(r'"(.*?)"', found_in("pyproject.toml", r"^dependencies = (.*)$"))
    recipe = found_in("packaging/conda/meta.yaml", r"^  run:\n((?:    - .*\n)*)")
    of_conda = re.findall(r"^    - (.*)$", recipe.replace("matplotlib-base", "matplotlib"), re.MULTILINE)
    python = found_in("pyproject.toml", r'^requires-python = "(.*)"$')
    assert [name.replace(" ", "") for name in of_conda] == [f"python{python}", *of_pip]


def test_extras_that_commands_and_pages_name_exist():
    """An extra that does not exist is nothing but a warning of pip."""
    extras = found_in("pyproject.toml", r"^\[project.optional-dependencies\]\n((?:[^\[\n].*\n)*)")
    known = re.findall(r"^([\w-]+) = ", extras, re.MULTILINE)
    commands = [ROOT / "Makefile", ROOT / ".ci" / "run", *ROOT.glob(".github/workflows/*.yml")]
    named = {
        (path.name, extra)
        for path in [*commands, *PAGES]
        for extras in re.findall(r'(?:["\' ]\.|spasne)\[([a-z,-]+)\]', path.read_text(encoding="utf-8"))
        for extra in extras.split(",")
    }
    assert len(named) > 5 and {extra for _, extra in named} <= {*known}


def test_wrapper_and_executable_change_method_at_the_same_size():
    assert int(found_in("src/method.h", r"^constexpr size_t LARGE = (\d+);")) == LARGE
    assert DEFAULT_SAMPLING.exact_up_to == LARGE


def test_wrapper_and_executable_refuse_the_same_sizes():
    bounds = {"POSITION": LARGEST_POSITION, "START": LARGEST_START, "SCALE": LARGEST_SCALE}
    for name, bound in bounds.items():
        assert float(found_in("src/validation.h", rf"\bLARGEST_{name} = ([^,;]+)[,;]")) == bound


def test_every_test_is_on_the_list():
    listed = set(re.findall(r"`(test_\w+\.py)`", (ROOT / "tests/README.md").read_text(encoding="utf-8")))
    assert listed == {path.name for path in ROOT.glob("tests/test_*.py")}


def test_the_map_of_the_code_names_what_is_there():
    text = (ROOT / "docs/code.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 60
    named = set(re.findall(r"[\w/]+\.(?:py|cpp|h)\b|\b\w+/(?=`)", text))
    own = ROOT / "spasne_tools"
    folders = [ROOT, ROOT / "src", own, own / "run", own / "commands"]
    assert len(named) > 30
    assert {name for name in named if not any((folder / name).exists() for folder in folders)} == set()


def test_no_folder_takes_the_name_of_the_executable():
    assert not (ROOT / "spasne").is_dir()


@pytest.mark.parametrize("path", CPP_FILES, ids=lambda path: path.name)
def test_cpp_files_include_the_standard_library_and_each_other_only(path):
    for name in re.findall(r'^\s*#\s*include\s*"(.*?)"', path.read_text(encoding="utf-8"), re.MULTILINE):
        assert any((folder / name).is_file() for folder in (path.parent, ROOT, ROOT / "src")), name


@pytest.mark.parametrize("path", CPP_FILES, ids=lambda path: path.name)
def test_only_the_program_includes_what_touches_files_and_terminals(path):
    if path.parent.name != "program" and path.name != "spasne_main.cpp":
        assert '"program/' not in path.read_text(encoding="utf-8").replace("src/", "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_repository_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    files = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in files if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_goals_named_in_the_documents_exist(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^    )make ([a-z][a-z0-9/-]*)", text, re.MULTILINE))
    assert {goal for goal in named if not re.search(rf"^{goal}:", makefile, re.MULTILINE)} == set()


def test_the_notebook_example_of_the_readme_runs(spasne_binary, tmp_path):
    example = found_in("README.md", r"^```python\n((?:.*\n)*?)```$")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "SPASNE_BIN": str(spasne_binary)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^(\w+) +-?\d", done.stdout, re.MULTILINE) == ["r1", "r2", "s"]
    assert {path.name for path in tmp_path.iterdir()} == {"map.png", "map.html"}
