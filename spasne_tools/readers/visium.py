"""Visium: what Space Ranger 1 to 3 leaves in ``outs``, and the same files as GEO keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from spasne_tools.features import IN_TISSUE, on_tissue
from spasne_tools.readers.cell_file import first_line, read_cell_table
from spasne_tools.readers.cell_table import CellTable, indexed
from spasne_tools.readers.platform_data import FeatureMatrix, PlatformData, assemble
from spasne_tools.readers.sample_files import Sample, find_sample
from spasne_tools.readers.ten_x import MATRIX, read_h5_or_folder
from spasne_tools.readers.tissue_images import TissueImages
from spasne_tools.user_warning import warn_user

PLATFORM = "Visium"
MATRICES = ("filtered_feature_bc_matrix", "filtered_gene_bc_matrices", "raw_feature_bc_matrix")
SPATIAL = "spatial"
# With and without header (Space Ranger 2 and 1), and those of several sections that `aggr` joined.
POSITION_FILES = (
    "tissue_positions.parquet",
    "tissue_positions.csv",
    "tissue_positions_list.csv",
    "aggr_tissue_positions.csv",
    "aggr_tissue_positions_list.csv",
)
METADATA = ("chemistry_description", "software_version")  # attributes of the .h5 that scanpy keeps
COLUMNS = ("barcode", IN_TISSUE, "array_row", "array_col", "pxl_row_in_fullres", "pxl_col_in_fullres")
X, Y = "pxl_col_in_fullres", "pxl_row_in_fullres"


@dataclass(frozen=True)
class Section:
    """Where a section is: the folder ``outs``, and the names its counts may have there."""

    outs: Sample
    matrices: tuple[str, ...] = MATRICES

    def spatial(self) -> Sample:
        """The folder of positions and images; where there is none, they lie beside the counts.

        Where files of several sections lie there, that of another is not taken: barcodes are the same in all.
        """
        folder, prefix = self.outs.folder, self.outs.prefix
        own = [Sample(folder / f"{prefix}{SPATIAL}"), Sample(folder / SPATIAL, prefix)]
        shared = [Sample(folder / SPATIAL)] if not prefix or _is_only_section(folder) else []
        candidates = [sample for sample in (*own, *shared) if sample.folder.is_dir()]
        with_positions = (sample for sample in (*candidates, self.outs) if sample.find(*POSITION_FILES))
        return next(with_positions, candidates[0] if candidates else self.outs)


def _is_only_section(folder: Path) -> bool:
    prefixes = {
        file.name[: -len(name) - len(".h5")] for name in MATRICES for file in folder.glob(f"*{name}.h5")
    } | {file.name.partition(MATRIX)[0] for file in folder.glob(f"*{MATRIX}*")}
    return len(prefixes) <= 1


def find(path: Path) -> Section | None:
    """The section that `path` is of: ``outs`` or a folder above it, a matrix in it, or ``spatial``."""
    if path.is_dir() and path.name == SPATIAL and Sample(path).find(*POSITION_FILES):
        path = path.parent
    if path.is_dir():
        if path.name in MATRICES:
            return Section(Sample(path.parent), (path.name,))
        found = (_in_folder(folder) for folder in (path, path / "outs") if folder.is_dir())
        return next(filter(None, found), None)
    if path.name.startswith(MATRIX) and path.parent.name in MATRICES:
        return Section(Sample(path.parent.parent), (path.parent.name,))
    if path.suffix.lower() in (".h5", ".hdf5") and path.is_file():
        for name in MATRICES:
            if sample := find_sample(path, PLATFORM, f"{name}.h5"):
                return Section(sample, (name,))
        return Section(Sample(path.parent), (path.stem,))
    return None


def _in_folder(folder: Path) -> Section | None:
    if any((folder / name).is_dir() for name in MATRICES):
        return Section(Sample(folder))
    for name in MATRICES:
        if sample := find_sample(folder, PLATFORM, f"{name}.h5"):
            return Section(sample)
    has_positions = (folder / SPATIAL).is_dir() and Sample(folder / SPATIAL).find(*POSITION_FILES)
    return Section(Sample(folder)) if has_positions else None


def read(section: Section, bin: int | None = None) -> PlatformData:
    """Counts of the spots in the tissue, with their positions in pixels of the full image.

    Raises
    ------
    ValueError
        The counts are missing, or spots of theirs among the positions.
    """
    counts = read_counts(PLATFORM, section.outs, section.matrices)
    return with_positions(PLATFORM, counts, section.outs, section.spatial())


@dataclass(frozen=True)
class Counts:
    """A matrix, what its file says of the sample, and whether only spots on the tissue should be in it."""

    matrix: FeatureMatrix
    attributes: Mapping[str, str] = field(default_factory=dict)
    filtered: bool = False


def read_counts(platform: str, outs: Sample, names: Sequence[str] = MATRICES) -> Counts:
    """The first of the matrices `names` that is in `outs`.

    Raises
    ------
    ValueError
        None is there.
    """
    for name in names:
        if (found := read_h5_or_folder(outs, name)) is not None:
            return Counts(*found, name.startswith("filtered"))
    raise ValueError(outs.missing(platform, f"{MATRICES[0]}.h5", MATRICES[0]))


def with_positions(platform: str, counts: Counts, outs: Sample, spatial: Sample) -> PlatformData:
    """`counts` with the positions and images in `spatial`, or `outs`; spots off the tissue left out.

    Warns
    -----
    UserWarning
        Filtered counts hold such spots, as they do where the positions are of another section.
    """
    matrix = counts.matrix
    path = spatial.find(*POSITION_FILES) or outs.find(*POSITION_FILES)
    if path is None:
        return assemble(platform, matrix, None, _no_positions(platform, spatial, outs))
    table = read_positions(path)
    cells, _ = indexed(table, matrix.names, path.name)
    notes = []
    if IN_TISSUE in cells:
        kept = ~matrix.names.isin(cells.index[~on_tissue(cells[IN_TISSUE])])
        if not kept.any():
            raise ValueError(f"expected spots on the tissue in {path}, found {IN_TISSUE} 0 for all of them")
        if n_off := int((~kept).sum()):
            notes.append(f"left out: {n_off} of {len(kept)} spots off the tissue ({IN_TISSUE} 0)")
            matrix = matrix.rows(kept)
            if counts.filtered:
                warn_user(
                    f"{n_off} of {len(kept)} spots of the filtered counts are off the tissue by {path}, "
                    "where Space Ranger has none: are these the positions of another section?"
                )
    library = counts.attributes.get("library_ids") or _library(outs)
    metadata = {key: counts.attributes[key] for key in METADATA if key in counts.attributes}
    return assemble(
        platform,
        matrix,
        CellTable(cells, (X, Y), f"{path.name}:{COLUMNS[0]}"),
        notes=notes,
        images=TissueImages(spatial, library, metadata),
        sections=_sections(matrix) if "aggr_" in path.name else None,
    )


def read_positions(path: Path) -> pd.DataFrame:
    """A list of positions with the names of its columns, which Space Ranger 1 does not write."""
    if path.suffix == ".parquet" or not _is_number(first_line(path)[1:2]):
        table = read_cell_table(path)
    else:
        table = read_cell_table(path, COLUMNS)
    if missing := [name for name in (X, Y) if name not in table]:
        raise ValueError(
            f"expected a column {missing[0]} in {path}, found {', '.join(map(str, table.columns))}"
        )
    return table


def _is_number(field: list[str]) -> bool:
    return bool(field) and field[0].strip().isdigit()


def _sections(matrix: FeatureMatrix) -> np.ndarray | None:
    """The number that `aggr` puts behind the barcodes of each section, where there are several."""
    numbers = matrix.names.str.extract(r"-(\d+)$", expand=False)
    return numbers.to_numpy() if numbers.nunique() > 1 else None


def _library(outs: Sample) -> str:
    """A name for the section: GEO's prefix, or that of the folder above ``outs``."""
    if outs.prefix:
        return outs.prefix.strip("-_.")
    folder = outs.folder.resolve()
    return (folder.parent if folder.name == "outs" else folder).name


def _no_positions(platform: str, spatial: Sample, outs: Sample) -> str:
    wanted = " or ".join(POSITION_FILES[:3])
    if spatial is outs or not spatial.folder.is_dir():
        return (
            f"expected the folder {SPATIAL}/ with {wanted} in {outs.folder}, which looks like {platform}, "
            "found none: copy it there, or name a table of positions"
        )
    return spatial.missing(platform, *POSITION_FILES[:3])
