"""Sections whose positions lie over each other, each in a frame of its own, and nobody said so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.features import is_field_of_view, plain_name

# Columns that squidpy and SpatialData keep the section in; others are looked at where positions are mixed.
CERTAIN = ("libraryid", "librarykey")
POSSIBLE = frozenset(
    """
    batch brainsectionlabel library puck region replicate sample sampleid section sectionid slice sliceid
    slide slideid slidename tissue tissueid
    """.split()
)
POINTS, NEIGHBOURS, FEWEST = 2000, 10, 3
# Share of neighbours of the same group, from what chance gives (0) to all (1), below which groups are mixed.
MIXED = 0.3
SHOWN = 3


def overlaid_sections(
    annotation: pd.DataFrame, positions: Any, uns: Mapping[str, Any] | None = None
) -> str | None:
    """What to warn of where rows of several sections are taken for those of one; None where nothing says so.

    Parameters
    ----------
    annotation : DataFrame (n, any)
        obs, or the table of the positions.
    positions : array-like (n, 2 or more)
    uns : mapping, optional
        Of AnnData: images under "spatial", regions under "spatialdata_attrs".
    """
    certain = _noted(annotation, uns or {})
    for column in annotation.columns:
        plain = plain_name(column)
        if plain in CERTAIN and annotation[column].nunique() > 1:
            certain = certain or str(column)
    if certain is not None and certain not in annotation:
        return (
            f"there are images of several sections ({certain}) but positions are taken as those of one; name "
            "the column with the section of each row as library_key (on the command line --section_column)"
        )
    if certain is not None and not is_field_of_view(certain):
        return _message(annotation, certain)
    points = np.asarray(positions, dtype=float)
    for column in annotation.columns:
        if plain_name(column) in POSSIBLE and _are_mixed(annotation[column], points):
            return _message(annotation, str(column))
    for column in filter(is_field_of_view, annotation.columns):
        if _are_mixed(annotation[column], points):
            return (
                f"positions of different fields of view ({column}) lie over each other, as positions within "
                "each do; use those in the whole tissue (spatial_key, --spatial_key or --pixel_columns names "
                "them)"
            )
    return None


def _noted(annotation: pd.DataFrame, uns: Mapping[str, Any]) -> str | None:
    """The column of sections that `uns` tells of; the sections themselves where no column holds them."""
    attributes = uns.get("spatialdata_attrs")
    if isinstance(attributes, Mapping):
        key = str(attributes.get("region_key"))
        if key in annotation and annotation[key].nunique() > 1:
            return key
    images = uns.get("spatial")
    if not isinstance(images, Mapping) or len(images) < 2:
        return None
    names = set(map(str, images))
    naming = {  # some sections, or fields of view, may have no row
        str(column): annotation[column].nunique()
        for column in annotation.columns
        if annotation[column].nunique() <= len(names) and set(annotation[column].astype(str)) <= names
    }
    if not naming:
        return ", ".join(list(images)[:SHOWN])
    column = max(naming, key=naming.__getitem__)
    return column if naming[column] > 1 else None


def _message(annotation: pd.DataFrame, column: str) -> str:
    values = list(map(str, annotation[column].unique()))
    shown = ", ".join(values[:SHOWN]) + (" ..." if len(values) > SHOWN else "")
    return (
        f"positions of {len(values)} sections ({column}: {shown}) are taken as those of one; "
        f"library_key={column!r} (sections=, on the command line --section_column {column}) tells them apart"
    )


def _are_mixed(column: pd.Series, positions: np.ndarray) -> bool:
    """Whether the nearest in space belong to any group, rather than to the same."""
    from scipy.spatial import cKDTree  # which most runs do without

    codes, groups = pd.factorize(column)
    counts = np.bincount(codes[codes >= 0], minlength=1)
    if not 2 <= len(groups) <= len(codes) / FEWEST or np.median(counts) < FEWEST:
        return False
    if not np.isfinite(positions).all():
        return False
    some = np.random.default_rng(0).permutation(len(codes))[:POINTS]
    k = min(NEIGHBOURS + 1, len(codes))
    near = cKDTree(positions).query(positions[some], k)[1]
    same = float(np.mean(codes[near[:, 1:]] == codes[some, None]))
    by_chance = float(np.sum((counts / counts.sum()) ** 2))
    return same < by_chance + MIXED * (1 - by_chance)
