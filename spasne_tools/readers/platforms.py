"""From a path to the reader of its platform, chosen by what is there."""

from __future__ import annotations

from pathlib import Path

from spasne_tools.readers import (
    cosmx,
    loom,
    merscope,
    slide_seq,
    stereo_seq,
    table_folder,
    visium,
    visium_hd,
    xenium,
)
from spasne_tools.readers.platform_data import PlatformData

# Visium HD before Visium, whose folders it holds; what has no vendor's names last.
READERS = (visium_hd, xenium, visium, merscope, cosmx, slide_seq, stereo_seq, loom, table_folder)
BINNED = (visium_hd, stereo_seq)
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
    name = path.name.lower()
    for ending, found in REFUSED.items():
        if name.endswith(ending):
            raise ValueError(f"expected a table, .h5ad or what a platform writes in {path}, found {found}")
