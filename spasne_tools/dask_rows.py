"""Rows of a Dask array, placed on a map block by block: from disk one after another, or on a cluster."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_dask_array(X: Any) -> bool:
    """Whether `X` is one; Dask itself is not imported to find out."""
    return type(X).__module__.partition(".")[0] == "dask" and hasattr(X, "map_blocks")


def place_blocks(model: Any, X: Any, pixels: Any, n_dims: int) -> Any:
    """Places (m, n_dims) of the rows of `X` as a Dask array with its blocks of rows, not computed yet.

    pixels: a Dask array, an array or None.

    ``model.transform`` places each block by itself, as it may, since no new row acts on another. Each worker
    gets the model once.
    """
    import dask
    import dask.array

    X = X.rechunk({1: -1})
    blocks = [X]
    if pixels is not None:
        rows = (X.chunks[0], -1)
        if is_dask_array(pixels):
            blocks.append(pixels.rechunk(rows))
        else:
            blocks.append(dask.array.from_array(pixels, chunks=rows))
    return dask.array.map_blocks(
        _placed,
        *blocks,
        model=dask.delayed(model),
        dtype=np.float64,
        chunks=(X.chunks[0], (n_dims,)),
        meta=np.empty((0, 0)),
    )


def _placed(X: np.ndarray, pixels: np.ndarray | None = None, *, model: Any) -> np.ndarray:
    return model.transform(X, pixels)
