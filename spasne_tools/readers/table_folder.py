"""A folder of plain files: counts as Matrix Market or a table, positions and what else is known in tables.

So labs export Seurat and SpatialExperiment objects, and so GEO keeps sections, each under a prefix. Rows are
matched by name, which also tells whether genes are in rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from spasne_tools.coordinates import find_coordinates
from spasne_tools.readers import visium
from spasne_tools.readers.cell_file import column_names, read_cell_table
from spasne_tools.readers.cell_table import CellTable, indexed, located
from spasne_tools.readers.count_table import read_count_table
from spasne_tools.readers.platform_data import FeatureMatrix, PlatformData, assemble
from spasne_tools.readers.sample_files import Sample, find_sample
from spasne_tools.readers.ten_x import BARCODES, FEATURES, MATRIX, read_triplet

PLATFORM = "a folder of tables"
COUNTS = tuple(
    f"{stem}.{ending}"
    for stem in ("counts", "count_matrix", "raw_counts", "expression", "matrix")
    for ending in ("csv", "tsv", "txt")
)
SECTIONS = ("sample_id", "library_id", "section", "section_id", "slice", "slide", "region")
_TABLE = re.compile(r".*\.(csv|tsv|txt|parquet)(\.gz)?", re.IGNORECASE)
_POSITIONS = re.compile(r"coord|position|spatial|location|centroid", re.IGNORECASE)


@dataclass(frozen=True)
class Exported:
    """The files of one sample, and its counts."""

    files: Sample
    counts: Path
    sparse: bool


def find(path: Path) -> Exported | None:
    """The sample that `path` is: a folder, or the Matrix Market file in it."""
    if not path.is_dir():
        if not re.search(r"\.mtx(\.gz)?$", path.name):
            return None
        return Exported(find_sample(path, PLATFORM, MATRIX) or Sample(path.parent), path, True)
    for names, sparse in (((MATRIX, "counts.mtx"), True), (COUNTS, False)):
        if sample := find_sample(path, PLATFORM, *names):
            return Exported(sample, sample.require(PLATFORM, *names), sparse)
    return None


def read(exported: Exported, bin: int | None = None) -> PlatformData:
    """Counts with the positions of the one table beside them that has some.

    Raises
    ------
    ValueError
        A file is missing, several tables have positions, or names do not match.
    """
    files = exported.files
    beside = _tables_beside(exported, files.prefix)
    if _positions_of(beside) is None and _is_only_sample(exported):
        beside = _tables_beside(exported, "")
    if exported.sparse:
        matrix = read_triplet(files, exported.counts)
        if files.find(*visium.POSITION_FILES) or visium.Section(files).spatial() is not files:
            spatial = visium.Section(files).spatial()
            return visium.with_positions(visium.PLATFORM, visium.Counts(matrix), files, spatial)
    else:
        matrix = _read_counts(exported.counts)
    path = _positions_of(beside)
    if path is None:
        wanted = "a table with the names of the cells and their x and y (coordinates.csv)"
        return assemble(PLATFORM, matrix, None, f"expected {wanted} in {files.folder}, found none")
    table = read_cell_table(path)
    matrix = _cells_in_rows(matrix, table)
    cells = located(table, matrix.names, path.name)
    cells = _with_annotation(cells, matrix.names, [other for other in beside if other != path])
    sections, note = _sections(cells, matrix.names)
    return assemble(PLATFORM, matrix, cells, sections=sections, notes=note)


def _is_only_sample(exported: Exported) -> bool:
    """Whether tables without its prefix must be of this sample, there being no other."""
    endings = (MATRIX, ".mtx") if exported.sparse else COUNTS
    names = [path.name.removesuffix(".gz") for path in exported.files.folder.iterdir()]
    return sum(name.endswith(endings) for name in names) == 1


def _tables_beside(exported: Exported, prefix: str) -> list[Path]:
    """Tables whose names begin with `prefix` and that are neither counts nor lists of names."""
    files = exported.files
    known = {exported.counts, files.find(*BARCODES), files.find(*FEATURES)}
    return [
        path
        for path in sorted(files.folder.iterdir())
        if path.is_file()
        and path not in known
        and _TABLE.fullmatch(path.name)
        and path.name.startswith(prefix)
    ]


def _positions_of(tables: list[Path]) -> Path | None:
    found = [path for path in tables if find_coordinates(column_names(path)) is not None]
    named = [path for path in found if _POSITIONS.search(path.name)] or found
    if len(named) > 1:
        names = ", ".join(path.name for path in named)
        raise ValueError(f"expected one table of positions in {named[0].parent}, found {names}")
    return named[0] if named else None


def _read_counts(path: Path) -> FeatureMatrix:
    table = read_count_table(path, lambda place, name: place == 0)
    return FeatureMatrix(table.counts, pd.Index(table.ids.iloc[:, 0]), pd.DataFrame({"name": table.columns}))


def _cells_in_rows(matrix: FeatureMatrix, table: pd.DataFrame) -> FeatureMatrix:
    """`matrix` turned around where the names of its columns, and not of its rows, are those in `table`."""
    texts = [table[column].astype(str) for column in table]
    rows, columns = (
        max(int(names.isin(values).sum()) for values in texts)
        for names in (matrix.names, pd.Index(matrix.features["name"]))
    )
    if columns <= rows:
        return matrix
    turned = pd.DataFrame({"name": matrix.names.to_numpy()})
    return FeatureMatrix(matrix.counts.T.tocsr(), pd.Index(matrix.features["name"]), turned)


def _with_annotation(cells: CellTable, names: pd.Index, tables: list[Path]) -> CellTable:
    """With the columns of other tables that name all rows."""
    joined = cells.table
    for path in tables:
        try:
            table, _ = indexed(read_cell_table(path), names, path.name)
        except ValueError:
            continue  # of something else
        if names.isin(table.index).all() and table.index.is_unique:
            joined = joined.join(table[table.columns.difference(joined.columns, sort=False)])
    return CellTable(joined, cells.coordinates, cells.source)


def _sections(cells: CellTable, names: pd.Index) -> tuple[np.ndarray | None, list[str]]:
    for column in SECTIONS:
        if column in cells.table and cells.table.index.is_unique:
            found = cells.table[column].reindex(names)
            if 1 < found.nunique() < len(names) and found.notna().all():
                return found.to_numpy(), [f"{found.nunique()} sections by column {column}"]
    return None, []
