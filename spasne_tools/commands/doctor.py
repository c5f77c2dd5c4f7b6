"""``spasne-map doctor``: what is installed, what the executable is, and whether a map can be made."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata

import numpy as np

from spasne_tools.run.embedding import embed
from spasne_tools.run.executable import find_executable
from spasne_tools.run.memory import physical_memory
from spasne_tools.run.parameters import Parameters
from spasne_tools.version import __version__

SUMMARY = "say what is installed and found, and make a small map to see that it works"
EXAMPLES = """\
example:
  spasne-map doctor
"""
REQUIRED = ("numpy", "pandas", "scipy", "scikit-learn", "matplotlib")
# The extras of pyproject.toml that users need, each with the package that it brings.
EXTRAS = {
    "distributed": "dask",
    "anndata": "anndata",
    "spatial": "h5py",
    "progress": "tqdm",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> None:
    for name, value in _surroundings():
        print(f"{name:14}{value}", flush=True)
    executable = find_executable()  # raises what main says in one line
    print(f"{'executable':14}{executable}", flush=True)
    report = _small_map()
    print(f"{'':14}spasne {report['version']}, {report['threads']} threads, {report['isa']} instructions")
    print("a small map was made: all is well")


def _surroundings() -> Iterator[tuple[str, str]]:
    """What is so whether or not there is an executable, as names and values."""
    yield "spasne", f"{__version__} in {os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}"
    yield "Python", f"{platform.python_version()}, {sys.executable}"
    yield "system", f"{platform.platform()}, {os.cpu_count()} cores"
    memory = physical_memory()
    yield "memory", "unknown" if memory is None else f"{memory / 1e9:.1f} GB"
    folder = tempfile.gettempdir()
    yield "temporary", f"{folder}, {shutil.disk_usage(folder).free / 1e9:.1f} GB free"
    yield "packages", ", ".join(f"{name} {_version_of(name) or 'missing'}" for name in REQUIRED)
    for extra, package in EXTRAS.items():
        version = _version_of(package)
        present = f"{package} {version}" if version else f"no {package}; pip install 'spasne[{extra}]'"
        yield f"[{extra}]", present


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _small_map() -> dict:
    random = np.random.default_rng(0)
    data, pixels = random.normal(size=(60, 5)), random.uniform(0, 1000, size=(60, 2))
    return embed(data, pixels, Parameters(perplexity=10, max_iter=50, randseed=1)).report
