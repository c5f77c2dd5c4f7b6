"""Which module imports which: never in a circle, nor do folders."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from spasne_tools.commands.command_line import COMMANDS, command_module

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in [ROOT / "spasne.py", *sorted((ROOT / "spasne_tools").rglob("*.py"))]
}


def imported(text, known):
    """Modules of `known` that a module of this text imports: at once, in a function, or by name later."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {node.value} if "." in node.value else set()  # of lazy_names
    return found & set(known)


@pytest.fixture(scope="module")
def graph():
    found = {name: imported(file.read_text(encoding="utf-8"), FILES) - {name} for name, file in FILES.items()}
    found["spasne_tools.commands.command_line"] |= {command_module(name).__name__ for name in COMMANDS}
    return found


def test_no_module_imports_itself_by_way_of_others(graph):
    TopologicalSorter(graph).prepare()


def test_no_folder_imports_itself_by_way_of_others(graph):
    folders = {}
    for name, others in graph.items():
        own = folder_of(name)
        folders.setdefault(own, set()).update({folder_of(other) for other in others} - {own})
    TopologicalSorter(folders).prepare()


def folder_of(module):
    """The folder in spasne_tools, or a module that lies in none."""
    return re.match(r"\w+(\.\w+)?", module)[0]


def test_imports_are_found():
    text = 'import a\nfrom b import c\ndef f():\n    from d import e, f\nnames = {"g": "h.g"}\n'
    assert imported(text, ["a", "b", "b.c", "d", "d.e", "h.g", "z"]) == {"a", "b", "b.c", "d", "d.e", "h.g"}
