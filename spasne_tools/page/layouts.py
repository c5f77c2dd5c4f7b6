"""The places of points on a page: in the tissue, and in one map or several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spasne_tools.page.blocks import Blocks, codes_of
from spasne_tools.plotting.panels import LARGEST_VECTOR, MAP_COVER, TISSUE_COVER
from spasne_tools.plotting.plane import spread_line
from spasne_tools.validation import MatrixLike, as_matrix, check_rows_match

__all__ = ["describe_layouts", "maps_of", "tissue_of"]

MOST_AXES = 3


def maps_of(Y: Any) -> dict[str, MatrixLike]:
    """Maps by name, as they were given: `Y` is one, or a dict of them."""
    maps = {str(name): points for name, points in Y.items()} if isinstance(Y, Mapping) else {"Y": Y}
    if not maps:
        raise ValueError("expected at least one map in Y, found none")
    return maps


def tissue_of(pixels: MatrixLike, maps: Mapping[str, MatrixLike]) -> np.ndarray:
    """Positions (n, 1 or more), checked to have the rows of every map."""
    points = as_matrix(pixels, "pixels", allow_sparse=False)
    for Y in maps.values():
        check_rows_match(Y, pixels, "pixels")
    return points


def describe_layouts(
    tissue: np.ndarray, maps: Mapping[str, MatrixLike], downwards: bool, blocks: Blocks
) -> dict[str, Any]:
    """What the page must know of its panels (the tissue's, and that of the first map), and of all maps."""
    described: list[dict[str, Any]] = [
        {"name": name, "axes": _axes(as_matrix(Y, "Y", allow_sparse=False), blocks)}
        for name, Y in maps.items()
    ]
    many = len(tissue) > LARGEST_VECTOR
    return {
        "views": [
            _view("Tissue", _axes(tissue, blocks), downwards, TISSUE_COVER[many]),
            _view("Map", described[0]["axes"], False, MAP_COVER[many]),
        ],
        "maps": described,
    }


def _axes(points: np.ndarray, blocks: Blocks) -> list[dict[str, Any]]:
    """The first three axes of `points` (n, 1 or more); a line is spread over two."""
    if points.shape[1] == 1:
        points = spread_line(points)
    axes = []
    for axis in points.T[:MOST_AXES]:
        content, low, high = codes_of(axis)
        axes.append({"block": blocks.add(content), "low": low, "extent": high - low})
    return axes


def _view(title: str, axes: list[dict[str, Any]], downwards: bool, cover: float) -> dict[str, Any]:
    """A panel: its axes, which way is up, how much of it its markers cover."""
    return {"title": title, "axes": axes, "downwards": downwards, "cover": cover}
