"""The image of a tissue, under its spots: small enough for a page, and placed where the spots are."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.image import imsave

from spasne_tools.page.blocks import Blocks

__all__ = ["describe_image"]

LARGEST_SIDE = 2_000  # pixels; larger images are reduced
QUALITY = 85  # of JPEG, percent


def describe_image(image: Any, scale: float, blocks: Blocks) -> dict[str, Any]:
    """What the page must know of the image: its block, and its width and height in units of the positions.

    `scale` is the number of the image's pixels for a unit of the positions.
    """
    levels = _levels(image)
    factor = -(-max(levels.shape[:2]) // LARGEST_SIDE)
    reduced = _reduced(levels, factor)
    height, width = (side * factor / scale for side in reduced.shape[:2])
    return {"block": blocks.add(_jpeg(_on_white(reduced))), "width": width, "height": height}


def _levels(image: Any) -> np.ndarray:
    """The image (height, width, 3 or 4), of bytes or from 0 to 1."""
    levels = np.asarray(image)
    if levels.ndim == 2:
        levels = np.repeat(levels[:, :, None], 3, axis=2)
    if levels.ndim != 3 or levels.shape[2] not in (3, 4) or 0 in levels.shape:
        raise ValueError(
            f"expected image (height, width), with 3 or 4 colours, found shape {np.shape(image)}"
        )
    real = np.issubdtype(levels.dtype, np.floating)
    if levels.dtype != np.uint8 and not (real and levels.min() >= 0 and levels.max() <= 1):
        raise ValueError(f"expected image of bytes or of numbers from 0 to 1, found others ({levels.dtype})")
    return levels


def _reduced(levels: np.ndarray, factor: int) -> np.ndarray:
    """Means of squares of `factor` times `factor` pixels, from 0 to 1; those cut by an edge are left out."""
    height, width, colours = levels.shape
    whole = levels[: height - height % factor, : width - width % factor]
    squares = whole.reshape(height // factor, factor, width // factor, factor, colours)
    return squares.mean(axis=(1, 3), dtype=np.float32) / (255 if levels.dtype == np.uint8 else 1)


def _on_white(levels: np.ndarray) -> np.ndarray:
    """Bytes (height, width, 3); what is transparent is white."""
    opaque = levels[:, :, 3:] if levels.shape[2] == 4 else 1.0
    return np.rint(255 * (levels[:, :, :3] * opaque + 1.0 - opaque)).astype(np.uint8)


def _jpeg(colours: np.ndarray) -> bytes:
    file = io.BytesIO()
    imsave(file, colours, format="jpeg", pil_kwargs={"quality": QUALITY})
    return file.getvalue()
