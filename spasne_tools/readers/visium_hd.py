"""Visium HD: bins of 2, 8 or 16 micrometres below ``outs/binned_outputs``, each laid out as of Visium."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from spasne_tools.readers import visium, visium_cells
from spasne_tools.readers.platform_data import PlatformData
from spasne_tools.readers.sample_files import Sample, listed

PLATFORM = "Visium HD"
BINNED = "binned_outputs"
DEFAULT_BIN = 8  # micrometres, which Space Ranger analyses too
_SQUARE = re.compile(r"square_(\d+)um")


@dataclass(frozen=True)
class Bins:
    """The folders of bins by their size in micrometres; ``named``: the one that the path leads to."""

    folder: Path
    named: int | None = None


def find(path: Path) -> Bins | None:
    """The bins that `path` is of: ``outs`` or the folder above, ``binned_outputs``, or one of its folders."""
    folder = path if path.is_dir() else path.parent
    for above in (folder, *folder.parents[:2]):
        if match := _SQUARE.fullmatch(above.name):
            return Bins(above.parent, int(match[1]))
    for below in (path / "outs" / BINNED, path / BINNED, path):
        if below.is_dir() and (below.name == BINNED or any(_sizes(below))):
            return Bins(below)
    return None


def _sizes(folder: Path) -> dict[int, Path]:
    found = {}
    for below in folder.iterdir() if folder.is_dir() else ():
        if below.is_dir() and (match := _SQUARE.fullmatch(below.name)):
            found[int(match[1])] = below
    return found


def read(bins: Bins, bin: int | None = None) -> PlatformData:
    """The bins of `bin` micrometres: 8 unless the path or the caller says otherwise.

    Raises
    ------
    ValueError
        There are no bins of this size, or a file is missing.
    """
    sizes = _sizes(bins.folder)
    wanted = bin or bins.named or DEFAULT_BIN
    if wanted not in sizes:
        there = ", ".join(map(str, sorted(sizes))) or listed(bins.folder)
        raise ValueError(
            f"expected bins of {wanted} micrometres (square_{wanted:03d}um) in {bins.folder}, found {there}; "
            "--bin (in Python bin=) chooses"
        )
    outs = Sample(sizes[wanted])
    counts = visium.read_counts(PLATFORM, outs)
    data = visium.with_positions(PLATFORM, counts, outs, visium.Section(outs).spatial())
    if (cells := bins.folder.parent / visium_cells.SEGMENTED).is_dir() and bin is None and bins.named is None:
        note = f"bins of {wanted} micrometres; cells are in {visium_cells.SEGMENTED}: name {cells}"
        return replace(data, notes=(note, *data.notes))
    return data
