"""Slide-seq: a table of beads with their places, and counts with genes in rows and beads in columns.

So does Curio Seeker, which is sold as Slide-seq, with counts as Matrix Market.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from spasne_tools.readers.cell_file import first_line, read_cell_table
from spasne_tools.readers.cell_table import located
from spasne_tools.readers.count_table import read_count_table
from spasne_tools.readers.platform_data import FeatureMatrix, PlatformData, assemble
from spasne_tools.readers.sample_files import Sample, find_sample
from spasne_tools.readers.ten_x import MATRIX, read_triplet

PLATFORM = "Slide-seq"
BEADS = (
    "BeadLocationsForR.csv",
    "bead_locations.csv",
    "bead_locations.txt",
    "matched_bead_locations.txt",
    "MatchedBeadLocation.csv",
)
COUNTS = ("MappedDGEForR.csv", "digital_expression.txt", "digital_expression.tsv", "digital_expression.csv")
# With the names of beads and genes beside them; the first is Curio Seeker's.
SPARSE_COUNTS = ("MoleculesPerMatchedBead.mtx", MATRIX)
# Of bead files without a header; some number their rows first.
COLUMNS = ("barcode", "xcoord", "ycoord")


@dataclass(frozen=True)
class Puck:
    """Where the files of a puck are; their prefixes may differ in the mark at the end."""

    folder: Path
    beads: Sample | None
    counts: Sample | None


def find(path: Path) -> Puck | None:
    """The puck that `path` is: a folder, or the table of counts in it."""
    if not path.is_dir():
        counts = find_sample(path, PLATFORM, *COUNTS, SPARSE_COUNTS[0])
        if counts is None:
            return None
        prefixes = [counts.prefix.rstrip("-_.") + mark for mark in ("_", ".", "-", "")]
        samples = [Sample(path.parent, prefix) for prefix in [*prefixes, ""]]
        beads = next((sample for sample in samples if sample.find(*BEADS)), None)
        return Puck(path.parent, beads, counts)
    beads, counts = find_sample(path, PLATFORM, *BEADS), find_sample(path, PLATFORM, *COUNTS)
    return None if beads is None and counts is None else Puck(path, beads, counts)


def read(puck: Puck, bin: int | None = None) -> PlatformData:
    """Counts of beads with their places.

    Raises
    ------
    ValueError
        A file is missing, or beads of the counts in the table of places.
    """
    matrix = _counts(puck)
    if puck.beads is None:
        return assemble(PLATFORM, matrix, None, Sample(puck.folder).missing(PLATFORM, *BEADS[:2]))
    path = puck.beads.require(PLATFORM, *BEADS)
    return assemble(PLATFORM, matrix, located(_read_beads(path), matrix.names, path.name))


def _counts(puck: Puck) -> FeatureMatrix:
    sample = puck.counts or find_sample(puck.folder, PLATFORM, *SPARSE_COUNTS)
    if sample is None:
        raise ValueError(Sample(puck.folder).missing(PLATFORM, *COUNTS[:2], SPARSE_COUNTS[0]))
    path = sample.find(*COUNTS)
    if path is None:
        return read_triplet(sample, sample.require(PLATFORM, *SPARSE_COUNTS), PLATFORM)
    table = read_count_table(path, lambda place, name: place == 0)
    return FeatureMatrix(
        table.counts.T.tocsr(), table.columns, pd.DataFrame({"name": table.ids.iloc[:, 0].to_numpy()})
    )


def _read_beads(path: Path) -> pd.DataFrame:
    """The beads of a file with or without a header."""
    fields = first_line(path)
    if not _is_number(fields[-1]):
        return read_cell_table(path)
    names = ["row", *COLUMNS] if len(fields) > len(COLUMNS) else COLUMNS
    return read_cell_table(path, names)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
