"""The installed package works from any folder: source archive -> wheel -> fresh environment."""

import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from spasne_tools.version import __version__

ROOT = Path(__file__).resolve().parents[1]
NOT_SOURCES = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", "spasne"
)
INSIDE = "spasne_tools/bin/spasne"
TIME_LIMIT = 300  # seconds
SCORED_MAP = """
import sys
import numpy as np
import spasne

assert spasne.__file__.startswith(sys.prefix), spasne.__file__
rng = np.random.default_rng(0)
expression, pixels = rng.normal(size=(40, 5)), 1000 * rng.uniform(size=(40, 2))
print(spasne.run_spasne(expression, pixels, perplexity=5, max_iter=20, randseed=1).shape)
"""


def run(*command, cwd, **variables):
    """Run a command in an environment that names neither this checkout nor its executable."""
    hidden = ("SPASNE_BIN", "SPASNE_BIN_PATH", "PYTHONPATH", "CXXFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
    )


def checked(*command, cwd):
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The unpacked source archive, made in a copy so that the checkout stays as it is."""
    folder = tmp_path_factory.mktemp("sdist")
    shutil.copytree(ROOT, folder / "copy", ignore=NOT_SOURCES)
    build = "from setuptools import build_meta; build_meta.build_sdist('..')"
    checked(sys.executable, "-c", build, cwd=folder / "copy")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder)
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheel(unpacked, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(folder)!r})"
    checked(sys.executable, "-c", build, cwd=unpacked)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def scripts(wheel, tmp_path_factory):
    """The scripts folder of a fresh environment with the wheel."""
    folder = fresh_environment(tmp_path_factory.mktemp("environment"))
    pip_install(folder, wheel)
    return folder


def fresh_environment(environment):
    """Make an environment that sees the packages of this one besides its own; return its scripts folder."""
    venv.create(environment)
    bin_folder = environment / ("Scripts" if os.name == "nt" else "bin")
    site_packages = checked(
        bin_folder / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=environment
    ).strip()
    for kind in ("purelib", "platlib"):
        (Path(site_packages) / f"outer_{kind}.pth").write_text(sysconfig.get_path(kind))
    return bin_folder


def pip_install(scripts, *what, **variables):
    target = ["--python", scripts / "python", "install", "--quiet", "--no-deps", "--no-index"]
    done = run(sys.executable, "-m", "pip", *target, "--no-build-isolation", *what, cwd=scripts, **variables)
    assert done.returncode == 0, done.stdout + done.stderr


def test_source_archive_holds_every_source(unpacked):
    patterns = ("*.cpp", "*.h", "src/**/*.*", "spasne_tools/**/*.py", "spasne_tools/page/browser/*")
    names = [path.relative_to(ROOT) for pattern in patterns for path in ROOT.glob(pattern)]
    assert Path("spasne_main.cpp") in names
    assert [str(name) for name in names if not (unpacked / name).is_file()] == []


def test_wheel_is_for_any_python_3_of_one_platform(wheel):
    python, abi, platform = wheel.stem.split("-")[2:]
    assert (python, abi) == ("py3", "none")
    assert platform == sysconfig.get_platform().replace("-", "_").replace(".", "_")


def test_wheel_holds_the_files_of_the_page(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if "/page/browser/" in name}
    assert held == {
        f"spasne_tools/page/browser/{path.name}" for path in ROOT.glob("spasne_tools/page/browser/*")
    }


def test_wheel_holds_what_its_list_says(wheel):
    """packaging/wheel.md, which names the licence of each part."""
    text = (ROOT / "packaging" / "wheel.md").read_text(encoding="utf-8")
    lines = [line.split("|")[1:] for line in text.splitlines() if line.startswith("| `")]
    patterns = {pattern: line[3].strip() for line in lines for pattern in re.findall("`(.*?)`", line[0])}
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert [name for name in names if not any(fnmatch(name, pattern) for pattern in patterns)] == []
    unused = [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in names)]
    assert unused == ["spasne.libs/*"]  # of wheels for musl
    assert all(patterns.values())


def test_two_builds_give_the_same_bytes(unpacked, tmp_path):
    """In other folders, of files with other times; with flags that compile fast."""
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    same = {"SOURCE_DATE_EPOCH": "1700000000", "CXXFLAGS": "-O0 -DSPASNE_BASELINE_ONLY"}
    made = []
    for number, folder in enumerate(["one", "another/place"]):
        copy = tmp_path / folder
        shutil.copytree(unpacked, copy, copy_function=shutil.copyfile)
        for path in copy.rglob("*"):
            os.utime(path, (1_600_000_000 + 86_400 * number,) * 2)
        done = run(sys.executable, "-c", build, copy, cwd=copy, **same)
        assert done.returncode == 0, done.stdout + done.stderr
        (wheel,) = copy.glob("*.whl")
        made.append(wheel.read_bytes())
    assert made[0] == made[1]


def test_import_and_map_from_another_folder(scripts, tmp_path):
    assert checked(scripts / "python", "-c", SCORED_MAP, cwd=tmp_path).strip() == "(40, 2)"
    assert list(tmp_path.iterdir()) == []


def test_wheel_holds_the_executable_and_every_module(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        mode = archive.getinfo(INSIDE).external_attr >> 16
    assert mode & stat.S_IXUSR
    assert {path.relative_to(ROOT).as_posix() for path in ROOT.glob("spasne_tools/**/*.py")} <= names
    assert {"spasne.py", "spasne_tools/py.typed"} <= names


@pytest.mark.parametrize("command", ["spasne", "spasne-map"])
def test_commands_are_on_the_path_of_the_environment(scripts, tmp_path, command):
    assert checked(scripts / command, "--version", cwd=tmp_path).strip() == f"spasne {__version__}"


def test_installed_executable_is_found_inside_the_package(scripts, tmp_path):
    said = checked(scripts / "spasne-map", "doctor", cwd=tmp_path)
    (executable,) = re.findall(r"^executable +(.*)$", said, re.MULTILINE)
    assert executable.endswith(INSIDE)
    assert Path(executable).is_relative_to(scripts.parent)
    assert "all is well" in said


def test_installed_executable_speaks_for_itself(scripts, tmp_path):
    done = run(scripts / "spasne", "--data", "no.dat", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("spasne: error: ")


def test_editable_installation_builds_beside_the_module(unpacked, wheel, tmp_path):
    """As `pip install -e .`; a stand-in for the compiler hands out the executable that is there already."""
    checkout, built = tmp_path / "checkout", tmp_path / "built"
    shutil.copytree(unpacked, checkout, ignore=NOT_SOURCES)
    with zipfile.ZipFile(wheel) as archive:
        built.write_bytes(archive.read(INSIDE))
    compiler = tmp_path / "compiler"
    compiler.write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ncp "$BUILT" "$2"; chmod +x "$2"\n')
    compiler.chmod(0o755)
    folder = fresh_environment(tmp_path / "environment")
    pip_install(folder, "-e", checkout, CXX=str(compiler), BUILT=str(built))
    said = checked(folder / "spasne-map", "doctor", cwd=tmp_path)
    assert re.findall(r"^executable +(.*)$", said, re.MULTILINE) == [str(checkout / "spasne")]
    assert checked(folder / "spasne", "--version", cwd=tmp_path).strip() == f"spasne {__version__}"


def test_missing_compiler_is_named_with_the_remedy(unpacked, tmp_path):
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    done = run(sys.executable, "-c", build, cwd=unpacked, CXX="no-such-compiler -O2")
    assert done.returncode != 0
    assert "cannot run the C++ compiler 'no-such-compiler'" in done.stderr
    assert "install g++" in done.stderr


def test_unknown_flags_fall_back_to_the_plain_command(unpacked, tmp_path):
    compiler = tmp_path / "old compiler"
    compiler.write_text('#!/bin/sh\ncase "$*" in *-O3*) exit 1;; esac\necho "$*" > "$LOG"\n')
    compiler.chmod(0o755)
    log = tmp_path / "log"
    build = "import pathlib, setup; setup.compile_executable(pathlib.Path('unused'))"
    guarded = f"import setuptools; setuptools.setup = lambda **options: None; {build}"
    done = run(sys.executable, "-c", guarded, cwd=unpacked, CXX=f"'{compiler}'", LOG=str(log))
    assert done.returncode == 0, done.stderr
    assert log.read_text().startswith("-O2 sptree.cpp spasne.cpp spasne_main.cpp -o ")
