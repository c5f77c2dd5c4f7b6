"""The places of points on a page: in the tissue, and in the map."""

from __future__ import annotations

from typing import Any

import numpy as np

from spasne_tools.page.blocks import Blocks, codes_of
from spasne_tools.plotting.maps import LARGEST_VECTOR, MAP_COVER, TISSUE_COVER, spread_line
from spasne_tools.validation import MatrixLike, as_matrix, check_rows_match

__all__ = ["tissue_of", "view"]

MOST_AXES = 3


def tissue_of(pixels: MatrixLike, Y: MatrixLike) -> np.ndarray:
    """Positions (n, 1 or more), checked to have the rows of the map."""
    points = as_matrix(pixels, "pixels", allow_sparse=False)
    check_rows_match(Y, pixels, "pixels")
    return points


def _axes(points: np.ndarray, blocks: Blocks) -> list[dict[str, Any]]:
    """The first three axes of `points` (n, 1 or more); a line is spread over two."""
    if points.shape[1] == 1:
        points = spread_line(points)
    axes = []
    for axis in points.T[:MOST_AXES]:
        content, low, high = codes_of(axis)
        axes.append({"block": blocks.add(content), "extent": high - low})
    return axes


def view(title: str, points: np.ndarray, downwards: bool, blocks: Blocks) -> dict[str, Any]:
    """What the page must know of a panel: its axes, which way is up, how much of it its markers cover."""
    cover = TISSUE_COVER if title == "Tissue" else MAP_COVER
    return {
        "title": title,
        "axes": _axes(points, blocks),
        "downwards": downwards,
        "cover": cover[len(points) > LARGEST_VECTOR],
    }
