"""CosMx: the flat files *_exprMat_file.csv and *_metadata_file.csv of NanoString's (Bruker's) SMI.

A cell is known by its field of view and its number therein; number 0 is what lies outside all cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from spasne_tools.coordinates import are_local, find_coordinates
from spasne_tools.features import is_field_of_view, is_identifier, plain_name
from spasne_tools.readers.cell_file import read_cell_table
from spasne_tools.readers.cell_table import CellTable
from spasne_tools.readers.count_table import read_count_table
from spasne_tools.readers.platform_data import FeatureMatrix, PlatformData, assemble
from spasne_tools.readers.sample_files import Sample, find_sample

PLATFORM = "CosMx"
COUNTS, CELLS = "exprMat_file.csv", "metadata_file.csv"
SLIDE, FIELD, NUMBER = "slide_ID", "fov", "cell_ID"  # which name a cell
OUTSIDE = "0"  # the number of what is in no cell


def find(path: Path) -> Sample | None:
    """The slide that `path` is: a folder, or the table of counts in it."""
    return find_sample(path, PLATFORM, COUNTS, *((CELLS,) if path.is_dir() else ()))


def read(files: Sample, bin: int | None = None) -> PlatformData:
    """Counts of cells, named by field and number ("3_17"), with positions in the whole slide.

    Raises
    ------
    ValueError
        A file or a column is missing, or positions are those within fields only.
    """
    path = files.require(PLATFORM, COUNTS)
    table = read_count_table(path, lambda place, name: _is_id(name, place))
    keys = [_column(table.ids, name) for name in (FIELD, NUMBER)]
    if missing := [name for name, key in zip((FIELD, NUMBER), keys, strict=True) if key is None]:
        raise ValueError(
            f"expected a column {missing[0]} in {path}, found {', '.join(table.ids.columns) or 'none'}"
        )
    column = _column(table.ids, SLIDE)
    inside = (_plain_numbers(table.ids[keys[1]]) != OUTSIDE).to_numpy()
    slides = None if column is None else _plain_numbers(table.ids[column])
    several = slides is not None and slides.nunique() > 1  # one needs no name
    names = _names(table.ids, [column if several else None, *keys])
    features = pd.DataFrame({"name": table.columns})
    matrix = FeatureMatrix(table.counts, names, features).rows(inside)
    n_outside = int((~inside).sum())
    notes = [f"left out: {n_outside} rows of what lies outside cells ({NUMBER} 0)"] if n_outside else []
    return _with_cells(files, matrix, None if slides is None else slides[inside].to_numpy(), notes)


def _with_cells(
    files: Sample, matrix: FeatureMatrix, slides: np.ndarray | None, notes: list[str]
) -> PlatformData:
    """`slides` (n,): the slide of each row, where the counts name it; several are sections."""
    path = files.find(CELLS)
    if path is None:
        return assemble(PLATFORM, matrix, None, files.missing(PLATFORM, CELLS), notes=notes)
    table = read_cell_table(path)
    keys = [_column(table, name) for name in (SLIDE, FIELD, NUMBER)]
    if missing := [name for name, key in zip((FIELD, NUMBER), keys[1:], strict=True) if key is None]:
        raise ValueError(f"expected a column {missing[0]} in {path}, found {', '.join(table.columns[:12])}")
    coordinates = find_coordinates(table.columns)
    if coordinates is None or are_local(coordinates):
        raise ValueError(
            f"expected CenterX_global_px and CenterY_global_px in {path}, found "
            f"{', '.join(coordinates or table.columns[:12])}: within fields of view, fields would lie over "
            "each other"
        )
    several = slides is not None and len(set(slides)) > 1
    if slides is not None and keys[0] is not None:
        table = _of_slides(table, keys[0], set(slides), path)
    table.index = _names(table, [keys[0] if several else None, *keys[1:]])
    cells = CellTable(table, tuple(coordinates), f"{path.name}:{keys[1]},{keys[2]}")
    sections = slides if several else None
    return assemble(PLATFORM, matrix, cells, notes=notes, sections=sections)


def _is_id(name: str, place: int) -> bool:
    return is_field_of_view(name) or is_identifier(name, first=place == 0) or plain_name(name) == "slideid"


def _column(table: pd.DataFrame, name: str) -> str | None:
    """The column `name` of `table`, or one that differs in case only."""
    if name in table:
        return name
    return next((column for column in table if str(column).lower() == name.lower()), None)


def _of_slides(table: pd.DataFrame, column: str, slides: set[str], path: Path) -> pd.DataFrame:
    """The cells of `slides`: another slide has cells of the same numbers."""
    theirs = _plain_numbers(table[column])
    if absent := sorted(slides - set(theirs)):
        raise ValueError(
            f"expected cells of slide {absent[0]}, which the counts are of, in {path}:{column}, found "
            f"{', '.join(sorted(set(theirs))[:8])}"
        )
    return table[theirs.isin(slides)]


def _plain_numbers(column: pd.Series) -> pd.Series:
    """Whole numbers as text, which some program may have written as 3.0 or 003."""
    return column.astype(str).str.strip().str.replace(r"^0*(\d+)(?:\.0+)?$", r"\1", regex=True)


def _names(table: pd.DataFrame, keys: Iterable[str | None]) -> pd.Index:
    columns = [_plain_numbers(table[key]) for key in keys if key is not None]
    names = columns[0]
    for column in columns[1:]:
        names = names + "_" + column
    return pd.Index(names)
