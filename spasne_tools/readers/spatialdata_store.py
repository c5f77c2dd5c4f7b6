"""SpatialData on disk: the table of a .zarr store, its regions, and centroids of the shapes they refer to.

The layout is that of scverse's SpatialData (Marconato et al., Nature Methods 22 (2025) 58): AnnData under
``tables``, GeoParquet under ``shapes``. Read so, it needs neither the package nor images in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.extras import load_anndata, load_parquet, load_shapely
from spasne_tools.readers.anndata_io import positions
from spasne_tools.readers.coordinate_systems import frame_in_memory, frame_on_disk
from spasne_tools.readers.sample_files import listed

ATTRIBUTES = "spatialdata_attrs"  # in uns of a table: region, region_key, instance_key
TABLES = ("tables", "table")  # the second before version 0.1
SHAPES = "shapes"


def is_spatialdata(path: Path) -> bool:
    """Whether the store `path` has tables and other elements beside them, as AnnData has not."""
    return path.is_dir() and any((path / name).is_dir() for name in TABLES) and not (path / "obs").exists()


def read_table(path: Path, table_key: str | None) -> Any:
    """The table `table_key` of a store, or its only one.

    Raises
    ------
    ValueError
        There is none, or there are several and none is named.
    """
    folder = next(path / name for name in TABLES if (path / name).is_dir())
    names = sorted(below.name for below in folder.iterdir() if (below / "obs").is_dir())
    if table_key is None and len(names) == 1:
        table_key = names[0]
    if table_key not in names:
        asked = "one table, or its name as table_key" if table_key is None else f"a table {table_key!r}"
        raise ValueError(f"expected {asked} in {path}, found {', '.join(map(repr, names)) or 'none'}")
    return load_anndata().read_zarr(folder / table_key)


def region_column(adata: Any) -> str | None:
    """The column of obs that names the region of each row, where there are several."""
    column = adata.uns.get(ATTRIBUTES, {}).get("region_key")
    if column is None or column not in adata.obs or adata.obs[column].nunique() < 2:
        return None
    return str(column)


def centroids(adata: Any, of_region: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """The centroid (x, y) of each row of a table, by the name of its instance in its region.

    `of_region` gives those of a region, indexed by instance.

    Raises
    ------
    ValueError
        The table does not say which shape a row is, or one is missing or there twice.
    """
    attributes = adata.uns.get(ATTRIBUTES, {})
    region_key, instance_key = attributes.get("region_key"), attributes.get("instance_key")
    if region_key not in adata.obs or instance_key not in adata.obs:
        raise ValueError(
            "expected positions in obsm['spatial'], or a region and an instance of each row in "
            f"uns[{ATTRIBUTES!r}], found neither"
        )
    found = np.full((adata.n_obs, 2), np.nan)
    regions = adata.obs[region_key].astype(str).to_numpy()
    instances = adata.obs[instance_key].to_numpy()
    for region in pd.unique(regions):
        rows = np.flatnonzero(regions == region)
        known = of_region(region)
        if not known.index.is_unique:
            twice = known.index[known.index.duplicated()][0]
            raise ValueError(f"expected each shape of {region!r} once, found {twice} twice")
        places = known.index.get_indexer(pd.Index(instances[rows]))
        if (places < 0).any():
            absent = instances[rows][places < 0][0]
            raise ValueError(
                f"expected a shape in {region!r} for each row, found none for {absent} and "
                f"{int((places < 0).sum()) - 1} others"
            )
        found[rows] = known.to_numpy()[places]
    return pd.DataFrame(found, columns=["x", "y"])


def _regions_without_shapes(data: Any, adata: Any) -> list[str]:
    """Regions that the table `adata` of SpatialData `data` refers to and that have no shapes there."""
    key = adata.uns.get(ATTRIBUTES, {}).get("region_key")
    regions = set(adata.obs[key].astype(str)) if key in adata.obs else set()
    return sorted(regions - set(data.shapes))


def has_positions(data: Any, adata: Any, spatial_key: str | None) -> bool:
    """Whether `positions_of` finds some, in obsm or among the shapes."""
    if spatial_key is None or spatial_key in adata.obsm:
        return spatial_key is not None
    has_shapes = data is not adata and bool(getattr(data, "shapes", None)) and ATTRIBUTES in adata.uns
    return has_shapes and not _regions_without_shapes(data, adata)


def positions_of(data: Any, adata: Any, spatial_key: str | None) -> np.ndarray | None:
    """Positions of the rows of `adata`, which is `data` or the table of SpatialData `data`; None for None.

    They are in obsm; where SpatialData has none there, they are the centroids of its shapes.
    """
    shapes = getattr(data, "shapes", None)
    if spatial_key is None or spatial_key in adata.obsm or data is adata or not shapes:
        return positions(adata, spatial_key)

    def of_region(region: str) -> pd.DataFrame:
        middles = shapes[region].geometry.centroid
        places = pd.DataFrame({"x": middles.x, "y": middles.y}, index=shapes[region].index)
        frame = frame_in_memory(shapes[region])
        return places if frame is None else frame.place(places)

    if absent := _regions_without_shapes(data, adata):
        raise ValueError(
            f"expected positions in obsm[{spatial_key!r}] or shapes of region {absent[0]!r}, found neither"
        )
    return centroids(adata, of_region).to_numpy()


def shape_centroids(adata: Any, path: Path) -> tuple[pd.DataFrame, str]:
    """Centroids of the shapes in the store `path` that the rows of its table refer to, and what they are."""
    systems: list[str] = []

    def of_region(region: str) -> pd.DataFrame:
        folder = path / SHAPES / region
        places, frame = _read_centroids(folder), frame_on_disk(folder)
        if frame is None:
            return places
        systems.append(repr(frame.system))
        return frame.place(places)

    found = centroids(adata, of_region)
    within = f", in coordinates {', '.join(dict.fromkeys(systems))}" if systems else ""
    return found, f"centroids of shapes{within}"


def _read_centroids(folder: Path) -> pd.DataFrame:
    file = folder / "shapes.parquet"
    if not file.exists():
        raise ValueError(
            f"expected the shapes of region {folder.name!r} in {file}, found {listed(folder.parent)}; with "
            "middles = spatialdata.get_centroids(element).compute(), which have an order of their own, put "
            "middles.loc[adata.obs[instance key]].to_numpy() into obsm['spatial']"
        )
    shapely = load_shapely()
    table = load_parquet().read_table(file).to_pandas()
    middles = shapely.centroid(shapely.from_wkb(table["geometry"].to_numpy()))
    return pd.DataFrame({"x": shapely.get_x(middles), "y": shapely.get_y(middles)}, index=table.index)
