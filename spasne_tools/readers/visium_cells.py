"""Cells of Visium HD: what Space Ranger 4 and later leaves in ``outs/segmented_outputs``.

Counts are laid out as of bins; positions are the centroids of the outlines of cells, in pixels of the full
image.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from spasne_tools.extras import load_shapely
from spasne_tools.readers import visium
from spasne_tools.readers.cell_table import CellTable
from spasne_tools.readers.platform_data import PlatformData, assemble
from spasne_tools.readers.sample_files import Sample
from spasne_tools.readers.text_file import READ_ERRORS, open_text
from spasne_tools.readers.tissue_images import TissueImages

PLATFORM = "Visium HD (cells)"
SEGMENTED = "segmented_outputs"
MATRICES = ("filtered_feature_cell_matrix", "raw_feature_cell_matrix")
OUTLINES = "cell_segmentations.geojson"
ID = "cell_id"  # of an outline, a number: 17 is cellid_000000017-1 of the counts
NAME = "cellid_{:09d}-1"


def find(path: Path) -> Sample | None:
    """The folder of cells that `path` is, is in, or holds where there are no bins beside it."""
    for folder in (path, path.parent):
        if folder.is_dir() and folder.name in MATRICES:
            return Sample(folder.parent)
    if path.is_file():
        return Sample(path.parent) if path.stem in MATRICES else None
    if _has_cells(path):
        return Sample(path)
    for outs in (path, path / "outs"):
        if _has_cells(outs / SEGMENTED) and not (outs / "binned_outputs").is_dir():
            return Sample(outs / SEGMENTED)
    return None


def _has_cells(folder: Path) -> bool:
    files = Sample(folder)
    return any(files.find(f"{name}.h5", name) for name in MATRICES) or files.find(OUTLINES) is not None


def read(files: Sample, bin: int | None = None) -> PlatformData:
    """Counts of cells with the centroids of their outlines.

    Raises
    ------
    ValueError
        A file is missing, or cells of the counts have no outline.
    ImportError
        shapely is missing.
    """
    counts = visium.read_counts(PLATFORM, files, MATRICES)
    path = files.find(OUTLINES)
    if path is None:
        return assemble(PLATFORM, counts.matrix, None, files.missing(PLATFORM, OUTLINES))
    above = files.folder.resolve().parent  # outs
    library = counts.attributes.get("library_ids") or (above.parent if above.name == "outs" else above).name
    return assemble(
        PLATFORM,
        counts.matrix,
        CellTable(_centroids(path), ("x", "y"), f"{path.name}:{ID}"),
        images=TissueImages(Sample(files.folder / visium.SPATIAL), library),
    )


def _centroids(path: Path) -> pd.DataFrame:
    """Centroids of outlines, indexed by the names that the counts have for their cells."""
    shapely = load_shapely()
    try:
        with open_text(path) as file:
            features = json.load(file)["features"]
        ids = [int(feature["properties"][ID]) for feature in features]
        outlines = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    except (*READ_ERRORS, ValueError, KeyError, TypeError, shapely.errors.ShapelyError) as error:
        raise ValueError(
            f"expected outlines of cells (GeoJSON), each with its {ID}, in {path}, found others ({error})"
        ) from None
    middles = shapely.centroid(np.asarray(outlines, dtype=object))
    names = pd.Index([NAME.format(number) for number in ids])
    return pd.DataFrame({"x": shapely.get_x(middles), "y": shapely.get_y(middles)}, names)
