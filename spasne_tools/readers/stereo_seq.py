"""Stereo-seq: .gem files, a line for each gene at each spot of the chip, put together into bins or cells.

A file may hold hundreds of millions of lines. It is read in parts, each of which is summed by bin and gene at
once, so that memory goes with the bins' counts and not with the lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.readers.cell_table import CellTable
from spasne_tools.readers.platform_data import FeatureMatrix, PlatformData, assemble
from spasne_tools.readers.text_file import open_text

PLATFORM = "Stereo-seq"
DEFAULT_BIN = 50  # spots of the chip, 0.5 micrometres apart: 25 micrometres
LINES = 4_000_000  # of a part
GENE_NAMES = ("geneName", "geneID", "gene", "genes")
COUNT_NAMES = ("MIDCount", "MIDCounts", "UMICount", "UMICounts", "MID", "count", "counts")
CELL_NAMES = ("CellID", "cell", "cell_id", "label", "cell_label")
OUTSIDE = 0  # the cell of what is in none
NO_CELL = ("", "NA", "nan", "None")  # or so
_WIDTH = np.int64(1) << 32  # a bin's number is its column times this and its row
_ENDING = re.compile(r"\.(txt|tsv)(\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """Which columns of a .gem file hold what; ``skipped`` lines stand above their names."""

    gene: str
    count: str
    cell: str | None
    skipped: int
    attributes: dict[str, str]


def find(path: Path) -> Path | None:
    """`path` where it is a .gem file, or the only one in a folder.

    Raises
    ------
    ValueError
        Several are in the folder.
    """
    if path.is_dir():
        files = sorted([*path.glob("*.gem"), *path.glob("*.gem.gz")])
        if len(files) > 1:
            names = ", ".join(file.name for file in files)
            raise ValueError(f"expected one .gem file in {path}, found {names}; name one of them")
        return files[0] if files else None
    if not path.is_file():
        return None
    return path if path.name.lower().endswith((".gem", ".gem.gz")) or _is_gem(path) else None


def _is_gem(path: Path) -> bool:
    """Whether a table of another name, such as *_bin1.tsv.gz, has the columns of a .gem file."""
    if not _ENDING.search(path.name):
        return False
    try:
        _layout(path)
    except (ValueError, OSError, EOFError):
        return False
    return True


def read(path: Path, bin: int | None = None) -> PlatformData:
    """Counts of bins, or of cells where the file names them and no `bin` is asked for.

    A bin is a square of `bin` by `bin` spots of the chip (50 where the file has no cells), counted from the
    chip's corner, named by its first spot ("1200_350") and placed at its middle. A cell is placed at the mean
    of its spots.

    Raises
    ------
    ValueError
        Columns are missing, or `bin` is no multiple of that of the file.
    """
    layout = _layout(path)
    of_file = int(layout.attributes.get("BinSize", "1") or 1)
    by_cell = layout.cell is not None and bin is None
    size = bin or max(DEFAULT_BIN, of_file)
    if not by_cell and size % of_file:
        raise ValueError(f"expected --bin to be a multiple of {of_file}, the bin of {path}, found {size}")
    sums = _Sums(layout, None if by_cell else size)
    for part in _parts(path, layout):
        sums.add(part)
    if not sums.counts:
        raise ValueError(f"expected lines of genes, x, y and counts in {path}, found none")
    matrix, places = sums.result()
    cells = CellTable(places.set_axis(matrix.names, axis=0), ("x", "y"), path.name)
    what = f"cells of column {layout.cell}" if by_cell else f"bins of {size} x {size} spots"
    return assemble(PLATFORM, matrix, cells, notes=[f"{len(matrix.names)} {what}"])


def _layout(path: Path) -> Layout:
    attributes, skipped = {}, 0
    with open_text(path) as file:
        for raw in file:
            line = raw.decode().strip()
            if not line.startswith("#"):
                break
            name, _, value = line[1:].partition("=")
            attributes[name.strip()] = value.strip()
            skipped += 1
        else:
            line = ""
    columns = line.split("\t")
    gene, count, cell = (
        next((column for name in names for column in columns if column.lower() == name.lower()), None)
        for names in (GENE_NAMES, COUNT_NAMES, CELL_NAMES)
    )
    if gene is None or count is None or not {"x", "y"} <= set(columns):
        raise ValueError(
            f"expected columns geneID, x, y and MIDCount, separated by tabs, in {path}, found {line!r}"
        )
    return Layout(gene, count, cell, skipped, attributes)


def _parts(path: Path, layout: Layout) -> Iterator[pd.DataFrame]:
    columns = [layout.gene, "x", "y", layout.count, *([layout.cell] if layout.cell else [])]
    try:
        with (
            open_text(path) as file,
            pd.read_csv(
                file,
                sep="\t",
                skiprows=layout.skipped,
                usecols=columns,
                dtype={layout.gene: str, "x": np.int64, "y": np.int64},
                keep_default_na=False,
                chunksize=LINES,
            ) as parts,
        ):
            for part in parts:
                yield _checked(part, layout, path)
    except (OSError, EOFError, ValueError) as error:
        if str(error).startswith("expected "):
            raise
        raise ValueError(f"expected whole numbers in x and y of {path}, found others ({error})") from None


def _checked(part: pd.DataFrame, layout: Layout, path: Path) -> pd.DataFrame:
    """`part` with numbers of counts and of cells, 0 where no cell is named."""
    for column in filter(None, (layout.count, layout.cell)):
        if pd.api.types.is_numeric_dtype(part[column]):
            continue
        empty = part[column].astype(str).str.strip().isin(NO_CELL) & (column == layout.cell)
        numbers = pd.to_numeric(part[column].mask(empty, OUTSIDE), errors="coerce")
        if (bad := numbers.isna()).any():
            raise ValueError(
                f"expected numbers in column {column} of {path}, found {part[column][bad].iloc[0]!r}"
            )
        part = part.assign(**{column: numbers})
    return part


class _Sums:
    """Counts by group (bin or cell) and gene, of parts added one by one."""

    def __init__(self, layout: Layout, size: int | None) -> None:
        self.layout, self.size = layout, size
        self.genes: dict[str, int] = {}
        self.counts: list[pd.DataFrame] = []
        self.places: list[pd.DataFrame] = []

    def add(self, part: pd.DataFrame) -> None:
        if self.size is None:
            part = part[part[self.layout.cell] != OUTSIDE]
            group = part[self.layout.cell].to_numpy(dtype=np.int64)
            xy = part[["x", "y"]].assign(n=1).groupby(group).sum()
            self.places.append(xy)
        else:
            x, y = (part[axis].to_numpy() // self.size for axis in "xy")
            group = x * _WIDTH + y
        numbers, names = pd.factorize(part[self.layout.gene])
        known = np.array([self.genes.setdefault(name, len(self.genes)) for name in names], dtype=np.int64)
        frame = pd.DataFrame(
            {"group": group, "gene": known[numbers], "count": part[self.layout.count].to_numpy()}
        )
        if len(frame):
            self.counts.append(frame.groupby(["group", "gene"], as_index=False, sort=False).sum())

    def result(self) -> tuple[FeatureMatrix, pd.DataFrame]:
        """The counts, and x and y of each row of them."""
        joined = pd.concat(self.counts, ignore_index=True)
        groups, rows = np.unique(joined["group"].to_numpy(), return_inverse=True)
        shape = (len(groups), len(self.genes))
        counts = scipy.sparse.csr_matrix((joined["count"], (rows, joined["gene"])), shape=shape)
        features = pd.DataFrame({"name": list(self.genes)})
        if self.size is None:
            total = pd.concat(self.places).groupby(level=0).sum().loc[groups]
            places = total[["x", "y"]].div(total["n"], axis=0)
            return FeatureMatrix(counts, pd.Index(groups.astype(str)), features), places
        corners = np.column_stack([groups // _WIDTH, groups % _WIDTH]) * self.size
        names = pd.Index([f"{x}_{y}" for x, y in corners.tolist()])
        return FeatureMatrix(counts, names, features), pd.DataFrame(
            corners + self.size / 2, columns=["x", "y"]
        )
