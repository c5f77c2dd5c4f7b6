"""From a path to the reader of its platform, chosen by what is there."""

from __future__ import annotations

from pathlib import Path

from spasne_tools.name_list import listed_names
from spasne_tools.readers import (
    cosmx,
    loom,
    merscope,
    slide_seq,
    stereo_seq,
    table_folder,
    visium,
    visium_cells,
    visium_hd,
    xenium,
)
from spasne_tools.readers.anndata_files import is_anndata_file
from spasne_tools.readers.platform_data import PlatformData

# Visium HD before Visium, whose folders it holds; what has no vendor's names last.
READERS = (
    visium_cells,
    visium_hd,
    xenium,
    visium,
    merscope,
    cosmx,
    slide_seq,
    stereo_seq,
    loom,
    table_folder,
)
BINNED = (visium_hd, stereo_seq)
# How far, and among how many entries of a folder, is looked for samples where a path is of none; how many are
# named.
DEPTH, MOST_ENTRIES, SHOWN = 2, 100, 6
# What cannot be read, and what to do about it.
_R_OBJECT = (
    "an R object; in R, Matrix::writeMM(counts, 'matrix.mtx'), the names of its columns to barcodes.tsv and "
    "of its rows to features.tsv, and write.csv(coordinates, 'coordinates.csv') (docs/platforms)"
)
REFUSED = {
    ".rds": _R_OBJECT,
    ".rdata": _R_OBJECT,
    ".rda": _R_OBJECT,
    ".qs": _R_OBJECT,
    ".h5seurat": "a file of SeuratDisk; Convert(file, dest = 'h5ad') there makes a .h5ad of it",
    ".h5mu": "a file of MuData; mudata.read(file).mod['rna'].write_h5ad('rna.h5ad') makes a .h5ad of it",
    ".gef": "a binary file of Stereo-seq; geftools (saw convert gef2gem) makes a .gem of it",
    ".tar": "an archive; unpack it (tar xf) and name the folder",
    ".tgz": "an archive; unpack it (tar xzf) and name the folder",
    ".tar.gz": "an archive; unpack it (tar xzf) and name the folder",
}


def read_platform(path: Path, bin: int | None = None) -> PlatformData | None:
    """What the reader of the platform makes of `path`; None where the path is of none of them.

    Raises
    ------
    ValueError
        It looks like a platform but lacks a file; or `bin` is given to one without bins.
    ImportError
        A package of the extra ``spasne[spatial]`` is missing.
    """
    check_kind(path)
    for reader in READERS:
        found = reader.find(path)
        if found is not None:
            check_bin(bin, reader.PLATFORM if reader not in BINNED else None)
            return reader.read(found, bin)
    return None


def check_what_is_below(path: Path) -> None:
    """ValueError where a folder `path`, which is of no platform, holds what may be meant; it says what."""
    if not path.is_dir():
        return
    if below := _samples_below(path):
        found = f"{listed_names(below, SHOWN)} below it; name one of them"
        raise ValueError(f"expected one sample in {path}, found {found}")
    for file in sorted(path.iterdir()):
        if (kind := _refused(file)) is not None:
            raise ValueError(f"expected what a platform writes in {path}, found {file.name}, {kind}")


def _samples_below(path: Path) -> list[str]:
    """Folders of platforms and files of AnnData, one or two levels below, relative to `path`."""
    found: list[str] = []
    level = [path]
    for _ in range(DEPTH):
        level = [below for folder in level for below in _entries(folder)]
        found += [str(each.relative_to(path)) for each in level if _is_sample(each)]
        level = [folder for folder in level if folder.is_dir() and not _is_sample(folder)]
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())[:MOST_ENTRIES]
    except OSError:  # a folder of another user
        return []


def _is_sample(path: Path) -> bool:
    if is_anndata_file(path):
        return True
    try:
        return path.is_dir() and any(reader.find(path) is not None for reader in READERS)
    except ValueError:  # several samples in one folder
        return True
    except OSError:
        return False


def check_bin(bin: int | None, platform: str | None) -> None:
    """ValueError unless `bin` is None, or a whole number above 0 for what has bins (`platform` None)."""
    if bin is None:
        return
    if platform is not None:
        raise ValueError(
            f"expected no --bin (in Python bin=) for {platform}, which has none; found {bin}: Visium HD and "
            "Stereo-seq (.gem) have bins"
        )
    if isinstance(bin, bool) or not isinstance(bin, int) or bin < 1:
        raise ValueError(f"expected --bin (in Python bin=) to be a whole number above 0, found {bin!r}")


def check_kind(path: Path) -> None:
    """ValueError, with what to do, for kinds of files that nothing here reads."""
    if (found := _refused(path)) is not None:
        raise ValueError(f"expected a table, .h5ad or what a platform writes in {path}, found {found}")


def _refused(path: Path) -> str | None:
    """What a file of a kind that nothing here reads is, and what to do about it."""
    name = path.name.lower()
    return next((found for ending, found in REFUSED.items() if name.endswith(ending)), None)
