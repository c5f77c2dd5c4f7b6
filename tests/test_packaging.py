"""Recipes for conda, Docker, Galaxy and scverse say what this tree is, and the conda recipe is filled."""

import hashlib
import importlib.util
import re
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from spasne_tools.commands import command_line
from spasne_tools.version import __version__

ROOT = Path(__file__).resolve().parents[1]
PACKAGING = ROOT / "packaging"
GALAXY = PACKAGING / "galaxy"


@pytest.fixture(scope="module")
def release():
    spec = importlib.util.spec_from_file_location("release", PACKAGING / "release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def archive_of(folder, release, left_out=()):
    top = f"spasne-{__version__}"
    path = folder / f"{top}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in release.NEEDED:
            if name not in left_out:
                tar.add(ROOT / name, f"{top}/{name}")
    return path


def test_the_release_script_fills_the_conda_recipe(release, tmp_path):
    archive = archive_of(tmp_path, release)
    assert release.main([str(archive), "--folder", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out" / "conda" / "meta.yaml").read_text()
    assert "@" not in text and f"  sha256: {hashlib.sha256(archive.read_bytes()).hexdigest()}\n" in text
    assert f"  url: https://pypi.org/packages/source/s/spasne/{archive.name}\n" in text
    template = (PACKAGING / "conda" / "meta.yaml").read_text().splitlines()
    assert [line for line in text.splitlines() if line not in template] == [
        line for line in text.splitlines() if line.startswith(("  url:", "  sha256:"))
    ]


def test_an_archive_that_cannot_be_built_from_is_refused(release, tmp_path):
    archive = archive_of(tmp_path, release, left_out=["src/version.h"])
    with pytest.raises(SystemExit, match=r"expected src/version\.h in .*, found none"):
        release.main([str(archive)])
    with pytest.raises(SystemExit, match="of this version, found spasne-0.1.tar.gz"):
        release.main([str(archive.rename(tmp_path / "spasne-0.1.tar.gz"))])


def test_the_version_is_that_of_this_tree():
    tool = (GALAXY / "spasne.xml").read_text(encoding="utf-8")
    assert re.search(r'<token name="@TOOL_VERSION@">(.*)</token>', tool)[1] == __version__
    entry = (PACKAGING / "scverse" / "meta.yaml").read_text(encoding="utf-8")
    assert re.search(r"^version: v(.*)$", entry, re.MULTILINE)[1] == __version__


def test_the_scverse_entry_has_the_required_fields():
    entry = (PACKAGING / "scverse" / "meta.yaml").read_text(encoding="utf-8")
    required = "name description project_home documentation_home install license tags version authors".split()
    assert [name for name in required if not re.search(rf"^{name}:", entry, re.MULTILINE)] == []


def test_the_galaxy_tool_gives_flags_that_the_command_knows():
    tool = ElementTree.parse(GALAXY / "spasne.xml").getroot()
    parser = command_line.parser_of("embed")
    known = {flag for action in parser._actions for flag in action.option_strings}
    in_command = set(re.findall(r"(--\w+)", tool.findtext("command")))
    named = {param.get("argument") for param in tool.findall("inputs/param")}
    assert "--alpha" in in_command and in_command | named <= known
    assert named - {"--counts"} <= in_command  # which its own value gives


def test_the_data_of_the_galaxy_tests_are_there():
    tool = ElementTree.parse(GALAXY / "spasne.xml").getroot()
    files = {param.get("value") for param in tool.findall("tests/test/param") if param.get("ftype")}
    assert files == {path.name for path in (GALAXY / "test-data").iterdir()}


def test_the_container_installs_from_its_own_wheels():
    """No daemon builds it here: what can be said of the text."""
    text = (PACKAGING / "docker" / "Dockerfile").read_text(encoding="utf-8")
    build, final = re.split(r"^FROM python:3\.12-slim\n", text, flags=re.MULTILINE)
    assert "AS build" in build and "g++" in build and "g++" not in final
    assert "--no-index" in final and "apt-get" not in final and re.search(r"^USER \d", final, re.MULTILINE)
