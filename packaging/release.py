"""Fill the conda recipe for a release archive: ``python packaging/release.py ARCHIVE [--url URL]``

The archive is what ``python -m build --sdist`` makes. It must be of this tree's version and hold what a build
needs; the recipe is written to build/packaging/conda/meta.yaml.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEEDED = ("setup.py", "pyproject.toml", "LICENSE", "spasne.py", "spasne_main.cpp", "src/version.h")
URL = "https://pypi.org/packages/source/s/spasne/{name}"


def version() -> str:
    """Of this tree."""
    text = (ROOT / "spasne_tools" / "version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.*)"$', text, re.MULTILINE)
    assert found is not None
    return found[1]


def check_archive(archive: Path) -> None:
    """Exit with what is wrong with an archive that could not be built from."""
    top = f"spasne-{version()}"
    if archive.name != f"{top}.tar.gz":
        sys.exit(f"expected an archive {top}.tar.gz of this version, found {archive.name}")
    with tarfile.open(archive) as tar:
        held = set(tar.getnames())
    if lost := [name for name in NEEDED if f"{top}/{name}" not in held]:
        sys.exit(f"expected {', '.join(lost)} in {archive}, found none")


def recipe(archive: Path, url: str) -> str:
    """The conda recipe for an archive that will be found at `url`."""
    template = (ROOT / "packaging" / "conda" / "meta.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^# A template: .*\n", "", template)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return text.replace("@URL@", url).replace("@SHA256@", digest)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Fill the conda recipe for a release archive.")
    parser.add_argument("archive", type=Path, help="spasne-X.Y.Z.tar.gz")
    parser.add_argument("--url", default=URL, help="where it will be found (default: on PyPI)")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "packaging", help="for the result")
    options = parser.parse_args(arguments)
    check_archive(options.archive)
    target = options.folder / "conda" / "meta.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    url = options.url.format(name=options.archive.name)
    target.write_text(recipe(options.archive, url), encoding="utf-8")
    print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
