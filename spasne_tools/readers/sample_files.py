"""The files of one sample in a folder: vendors' names, maybe with a prefix (GEO), a suffix or .gz."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from spasne_tools.name_list import listed_names

LISTED = 8  # names of files in a message


@dataclass(frozen=True)
class Sample:
    """A folder, and what stands before and after the vendor's names in it: ``prefix``cells``suffix``.csv."""

    folder: Path
    prefix: str = ""
    suffix: str = ""

    def find(self, *names: str) -> Path | None:
        """The first of the files (or folders) `names` that is there, plain or .gz."""
        for name in names:
            path = self.folder / self._own(name)
            for candidate in (path, path.with_name(f"{path.name}.gz")):
                if candidate.exists():
                    return candidate
        return None

    def require(self, platform: str, *names: str) -> Path:
        """As `find`; ValueError names what is missing."""
        found = self.find(*names)
        if found is None:
            raise ValueError(self.missing(platform, *names))
        return found

    def missing(self, platform: str, *names: str) -> str:
        """A message that says that none of `names` is there."""
        return (
            f"expected {' or '.join(map(self._own, names))} in {self.folder}, which looks like {platform}, "
            f"found {listed(self.folder)}"
        )

    def _own(self, name: str) -> str:
        above, _, last = name.rpartition("/")
        stem, dot, ending = last.partition(".")
        return f"{above}/{self.prefix}{last}" if above else f"{self.prefix}{stem}{self.suffix}{dot}{ending}"


def listed(folder: Path) -> str:
    """The first names in a folder, for a message."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return listed_names(names, LISTED) or "nothing"


def find_sample(path: Path, platform: str, *names: str) -> Sample | None:
    """The sample of the folder `path` that has one of the files `names`; or the one that file `path` is of.

    Returns
    -------
    Sample or None
        None where no file is so named.

    Raises
    ------
    ValueError
        Several samples lie in the folder.
    """
    if path.is_dir():
        folder, files = path, sorted(entry.name for entry in path.iterdir())
    else:
        folder, files = path.parent, [path.name] if path.exists() else []
    samples: dict[Sample, str] = {}
    for name in names:
        for file in files:
            if match := _pattern(name).fullmatch(file):
                samples.setdefault(Sample(folder, match["prefix"], match["suffix"]), file)
    if len(samples) > 1:
        raise ValueError(
            f"expected the files of one sample ({platform}) in {path}, found {len(samples)}: "
            f"{', '.join(samples.values())}; name one of these files instead of the folder"
        )
    return next(iter(samples), None)


def _pattern(name: str) -> re.Pattern[str]:
    stem, _, ending = name.partition(".")
    ending = rf"\.{re.escape(ending)}(?:\.gz)?" if ending else ""
    return re.compile(rf"(?P<prefix>(?:.*[-_.])?){re.escape(stem)}(?P<suffix>(?:[-_]\w+)?){ending}")
