"""Where a map begins, unless at random: where the caller says, or along axes of the data or the tissue."""

from __future__ import annotations

import numpy as np

from spasne_tools.principal_components import pca
from spasne_tools.run.parameters import Parameters, is_start_of_executable
from spasne_tools.validation import LARGEST_START, Matrix, as_matrix, check_size

START_SPREAD = 1e-4  # standard deviation of the published random start


def start_before_pca(
    positions: np.ndarray | None, data_shape: tuple[int, int], parameters: Parameters
) -> np.ndarray | str | None:
    """Check `parameters.init`; return the start (n, no_dims) unless it is random or made by PCA.

    Of one that the executable makes, the name.
    """
    init, no_dims = parameters.init, parameters.no_dims
    if is_start_of_executable(init):
        return init
    if not isinstance(init, str):
        start = as_matrix(init, "init", allow_sparse=False)
        if start.shape != (data_shape[0], no_dims):
            raise ValueError(f"expected init of shape {(data_shape[0], no_dims)}, found {start.shape}")
        check_size(start, LARGEST_START, "init")
        return start
    if init == "pca":
        n_kept = (
            min(data_shape[1], parameters.initial_dims or no_dims) if parameters.use_pca else data_shape[1]
        )
        _check_has_axes(n_kept, no_dims, "data")
    if init != "spatial":
        return None
    if positions is None:
        raise ValueError("expected pixels for init='spatial', found none")
    _check_has_axes(positions.shape[1], no_dims, "pixels")
    # As many columns as the map has stay as they are, so that a tissue keeps its orientation.
    return _spread_to_start(positions) if positions.shape[1] == no_dims else pca_start(positions, no_dims)


def pca_start(X: Matrix, no_dims: int) -> np.ndarray:
    """The leading principal components of `X`, spread as a start is."""
    return _spread_to_start(pca(X, no_dims))


def _check_has_axes(n_axes: int, no_dims: int, name: str) -> None:
    if n_axes < no_dims:
        raise ValueError(
            f"expected at least no_dims = {no_dims} columns in {name} for this init, found {n_axes}"
        )


def _spread_to_start(axes: np.ndarray) -> np.ndarray:
    """`axes` centred, the widest brought to the standard deviation of the published start."""
    widest = axes.std(axis=0).max()
    if widest == 0:
        raise ValueError("expected rows that differ for this init, found all rows the same")
    return (axes - axes.mean(axis=0)) * (START_SPREAD / widest)
