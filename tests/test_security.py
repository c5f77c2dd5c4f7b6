"""What SECURITY.md promises: nothing is unpickled, no shell is started, few functions use the network."""

import ast
import pickle
from pathlib import Path

import numpy as np
import pytest

import spasne
from spasne_tools.readers.tables import read_table

ROOT = Path(__file__).resolve().parents[1]
MODULES = [ROOT / "spasne.py", *sorted((ROOT / "spasne_tools").rglob("*.py"))]


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_the_trap_works(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung"))).close()
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("read", [read_table, spasne.load_data])
def test_arrays_of_objects_are_not_unpickled(tmp_path, read):
    np.save(tmp_path / "data.npy", np.array([[Trap(tmp_path / "sprung")]], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="expected"):
        read(tmp_path / "data.npy")
    assert not (tmp_path / "sprung").exists()


def imports(path):
    """Names of all modules that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def those_that_import(wanted):
    """File names of the modules that import one of the packages or modules `wanted`, or what is in them."""
    return {path.name for path in MODULES for name in imports(path) if wanted & {name, name.split(".")[0]}}


def test_downloads_have_one_module_that_three_use():
    networks = {"socket", "ssl", "http", "urllib", "ftplib", "requests", "httpx", "pooch"}
    assert those_that_import(networks) == {"published_files.py"}
    users = {"datasets.py", "annotations.py", "breast_section.py"}
    assert those_that_import({"spasne_tools.published_files"}) == users


def calls(path):
    """(name, keywords) of every call in a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_unpickles_evaluates_or_starts_a_shell(path):
    forbidden = {"eval", "exec", "os.system", "os.popen", "pickle.load", "pickle.loads", "pd.read_pickle"}
    for name, keywords in calls(path):
        assert name not in forbidden
        assert keywords.get("shell", "False") == "False"
        assert keywords.get("allow_pickle", "False") == "False"
        assert name != "np.load" or keywords["allow_pickle"] == "False"
