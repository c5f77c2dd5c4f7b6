"""MERSCOPE: cell_by_gene.csv and cell_metadata.csv of a region, as Vizgen's software writes them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from spasne_tools.features import is_identifier
from spasne_tools.readers.cell_file import column_names, read_cell_table
from spasne_tools.readers.cell_table import located
from spasne_tools.readers.count_table import read_count_table
from spasne_tools.readers.platform_data import FeatureMatrix, PlatformData, assemble
from spasne_tools.readers.sample_files import Sample, find_sample

PLATFORM = "MERSCOPE"
CENTRE = "center_x"  # a column that says whose table of cells it is
COUNTS, CELLS = "cell_by_gene.csv", "cell_metadata.csv"


def find(path: Path) -> Sample | None:
    """The region that `path` is: its folder, its table of counts, or the folder above with one region.

    Raises
    ------
    ValueError
        There are several regions.
    """
    sample = find_sample(path, PLATFORM, COUNTS)
    if sample is not None or not path.is_dir():
        return sample
    cells = find_sample(path, PLATFORM, CELLS)  # counts missing
    if cells is not None and CENTRE in column_names(cells.require(PLATFORM, CELLS)):
        return cells
    regions = [below for below in sorted(path.glob("region_*")) if (below / COUNTS).exists()]
    if len(regions) > 1:
        names = ", ".join(region.name for region in regions)
        raise ValueError(f"expected one region of {PLATFORM} in {path}, found {names}; name one of them")
    return Sample(regions[0]) if regions else None


def read(files: Sample, bin: int | None = None) -> PlatformData:
    """Counts of cells with their centres in micrometres; Blank- features set apart.

    Raises
    ------
    ValueError
        A file is missing, or cells of the counts in the metadata.
    """
    table = read_count_table(
        files.require(PLATFORM, COUNTS), lambda place, name: place == 0 or is_identifier(name)
    )
    names = pd.Index(table.ids.iloc[:, 0])
    matrix = FeatureMatrix(table.counts, names, pd.DataFrame({"name": table.columns}))
    path = files.find(CELLS)
    if path is None:
        return assemble(PLATFORM, matrix, None, files.missing(PLATFORM, CELLS))
    return assemble(PLATFORM, matrix, located(read_cell_table(path), names, path.name))
