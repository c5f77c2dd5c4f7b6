"""AnnData on disk (.h5ad, .zarr), also as the table of a SpatialData store; where its positions are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.coordinates import find_coordinates
from spasne_tools.extras import load_anndata
from spasne_tools.readers.anndata_io import DEFAULT_SPATIAL_KEY, RECORD
from spasne_tools.readers.anndata_representation import dense
from spasne_tools.readers.spatialdata_store import is_spatialdata, read_table, region_column, shape_centroids

_OTHER_KEY = re.compile(r"(x_)?(spatial|coord|location|position|centroid|xy)", re.IGNORECASE)


def is_anndata_file(path: Path) -> bool:
    """Whether the name of `path` says that it is AnnData or SpatialData."""
    return path.name.lower().endswith((".h5ad", ".zarr", ".zarr.zip"))


def open_anndata(path: Path, table_key: str | None = None) -> Any:
    """The AnnData in a .h5ad file or a .zarr store, or the table `table_key` of SpatialData.

    Raises
    ------
    ValueError
        There is none that can be read.
    ImportError
        anndata, or zarr for a .zarr store, is missing.
    """
    anndata = load_anndata()
    is_file = path.name.lower().endswith(".h5ad")
    if not (path.is_file() if is_file else path.exists()):
        raise ValueError(f"expected a {'.h5ad file' if is_file else '.zarr store'}, found none at {path}")
    if path.name.lower().endswith(".zip"):
        raise ValueError(f"expected a .zarr store in {path}, found an archive; unzip it and name the folder")
    try:
        if not is_file and is_spatialdata(path):
            return read_table(path, table_key)
        return anndata.read_h5ad(path) if is_file else anndata.read_zarr(path)
    except (OSError, KeyError, ValueError, AttributeError, TypeError) as error:
        if str(error).startswith("expected "):
            raise
        raise ValueError(f"expected AnnData in {path}, found none that can be read ({error})") from None


def find_positions(adata: Any, spatial_key: str, path: Path | None = None) -> tuple[pd.DataFrame, str] | None:
    """Positions (n, 2 or 3) of the rows of `adata`, and where they were; None where there are none.

    They are looked for in obsm[spatial_key]; with the usual key also in other entries of obsm with a name
    such as X_spatial, in columns of obs with known names, and in the shapes of the SpatialData store `path`.

    Raises
    ------
    ValueError
        Several entries of obsm could be the positions.
    """
    rows = pd.Index(adata.obs_names.astype(str))
    if spatial_key in adata.obsm:
        return _framed(adata.obsm[spatial_key], rows), f"obsm[{spatial_key!r}]"
    if spatial_key != DEFAULT_SPATIAL_KEY:
        present = ", ".join(adata.obsm) or "nothing"
        where = "" if path is None else f" of {path}"
        raise ValueError(f"expected {spatial_key!r} in obsm{where}, found {present}")
    others = [key for key in adata.obsm if _OTHER_KEY.match(key) and np.shape(adata.obsm[key])[1] in (2, 3)]
    if len(others) > 1:
        raise ValueError(
            f"expected positions in obsm[{spatial_key!r}], found {', '.join(others)}; --spatial_key (in "
            "Python spatial_key=) chooses"
        )
    if others:
        return _framed(adata.obsm[others[0]], rows), f"obsm[{others[0]!r}]"
    if (columns := find_coordinates(adata.obs.columns, known_only=True)) is not None:
        return adata.obs[columns].set_axis(rows, axis=0), f"obs: {', '.join(map(str, columns))}"
    if path is not None and is_spatialdata(path):
        places, where = shape_centroids(adata, path)
        return places.set_axis(rows, axis=0), where
    return None


def _framed(entry: Any, rows: pd.Index) -> pd.DataFrame:
    """An entry of obsm with its columns numbered from 1, as those of a table without a header."""
    if isinstance(entry, pd.DataFrame) and (columns := find_coordinates(entry.columns)) is not None:
        entry = entry[columns]
    frame = pd.DataFrame(dense(entry), rows)
    frame.columns = frame.columns + 1
    return frame


def section_column(adata: Any) -> str | None:
    """The column of obs with the sections that `spasne.read` found, or with the regions of SpatialData."""
    noted = adata.uns.get(RECORD, {})
    column = noted.get("library_key") if hasattr(noted, "get") else None
    return column if column is not None and column in adata.obs else region_column(adata)


def read_anndata(path: Path, table_key: str | None, spatial_key: str) -> Any:
    """The AnnData in `path` with its positions in obsm["spatial"], as numbers.

    Raises
    ------
    ValueError
        There is none that can be read, or it has no positions.
    """
    adata = open_anndata(path, table_key)
    found = find_positions(adata, spatial_key, path)
    if found is None:
        raise ValueError(no_positions(adata, path))
    positions, where = found
    adata.obsm[DEFAULT_SPATIAL_KEY] = positions.to_numpy(dtype=np.float64)
    record = {"platform": "AnnData", "notes": f"positions: {where}"}
    if (column := region_column(adata)) is not None:
        record["library_key"] = column
    adata.uns[RECORD] = record
    return adata


def no_positions(adata: Any, path: Path) -> str:
    """The message for whoever needs the positions of an AnnData that has none."""
    present = ", ".join(adata.obsm) or "nothing"
    return (
        f"expected positions in obsm['spatial'] of {path}, found {present} in obsm and no columns of obs "
        "such as x and y; --spatial_key (in Python spatial_key=) names another entry"
    )
