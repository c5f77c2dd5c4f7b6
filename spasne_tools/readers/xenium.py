"""Xenium: the output folder of Xenium Onboard Analysis 1 to 3, whose cells have centroids in micrometres."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from spasne_tools.readers.cell_file import column_names, read_cell_table
from spasne_tools.readers.cell_table import located
from spasne_tools.readers.platform_data import PlatformData, assemble
from spasne_tools.readers.sample_files import Sample, find_sample
from spasne_tools.readers.ten_x import read_h5_or_folder

PLATFORM = "Xenium"
MATRIX = "cell_feature_matrix"
CELLS = ("cells.parquet", "cells.csv")
MARKS = (f"{MATRIX}.h5", "experiment.xenium")
CENTROID = "x_centroid"  # a column that says whose list of cells it is


def find(path: Path) -> Sample | None:
    """The sample that `path` is of: the output folder, or the matrix in it."""
    if path.is_dir() and path.name == MATRIX:
        return Sample(path.parent)
    if path.is_file():
        if path.parent.name == MATRIX:
            return Sample(path.parent.parent)
        return find_sample(path, PLATFORM, f"{MATRIX}.h5")
    for folder in (path, path / "outs"):
        if not folder.is_dir():
            continue
        if (folder / MATRIX).is_dir():
            return Sample(folder)
        if sample := find_sample(folder, PLATFORM, *MARKS) or _with_cells_alone(folder):
            return sample
    return None


def _with_cells_alone(folder: Path) -> Sample | None:
    path = Sample(folder).find(*CELLS)
    return Sample(folder) if path is not None and CENTROID in column_names(path) else None


def read(files: Sample, bin: int | None = None) -> PlatformData:
    """Counts of cells with their centroids; control probes and codewords set apart.

    Raises
    ------
    ValueError
        The matrix is missing, or cells of its in the list of cells.
    """
    found = read_h5_or_folder(files, MATRIX)
    if found is None:
        packed = files.find(f"{MATRIX}.tar", f"{MATRIX}.tar.gz", f"{MATRIX}.zarr.zip")
        remedy = f"; unpack {packed.name} (tar xzf)" if packed is not None and ".tar" in packed.name else ""
        raise ValueError(files.missing(PLATFORM, f"{MATRIX}.h5", MATRIX) + remedy)
    matrix = found[0]
    wanted = CELLS if find_spec("pyarrow") else CELLS[::-1]
    path = files.find(*wanted)
    if path is None:
        return assemble(PLATFORM, matrix, None, files.missing(PLATFORM, "cells.csv.gz", "cells.parquet"))
    return assemble(PLATFORM, matrix, located(read_cell_table(path), matrix.names, path.name))
