"""Domains, and axes of a map, over the tissue."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from spasne_tools.metrics.checks import check_k, label_codes, points
from spasne_tools.validation import MatrixLike


def _nearest_positions(pixels: np.ndarray, k: int) -> np.ndarray:
    """Indices (n, k) of the k nearest spots of every spot, itself excluded, from a k-d tree."""
    near = cKDTree(pixels).query(pixels, k + 1)[1]
    itself = near == np.arange(len(pixels))[:, None]
    return np.take_along_axis(near, np.argsort(itself, axis=1, kind="stable")[:, :k], axis=1)


def chaos(domains: Any, pixels: MatrixLike) -> float:
    """CHAOS: how scattered domains are over the tissue, smaller is more compact [5]_.

    Variant: that of SpatialPCA. Positions are standardised per column (sample standard deviation), each spot
    is joined to the nearest spot of its own domain, and the lengths are summed and divided by the number of
    spots. A spot alone in its domain adds nothing.

    Parameters
    ----------
    domains : array-like (n,)
        Domain of each spot, e.g. clusters found on the map.
    pixels : array-like (n, any)
        Positions; their unit does not matter.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For missing labels or another number of labels than positions.

    References
    ----------
    [5] of ``spasne_tools.metrics.scores``.

    Examples
    --------
    >>> round(chaos(["a", "a", "b", "b"], [[0, 0], [0, 1], [9, 0], [9, 1]]), 3)
    1.732
    """
    pixels = points(pixels, "pixels")
    codes, n_domains = label_codes(domains, pixels.shape[0], "domains")
    spread = pixels.std(axis=0, ddof=1)
    pixels = pixels / np.where(spread > 0, spread, 1)
    total = 0.0
    for domain in range(n_domains):
        members = pixels[codes == domain]
        if len(members) > 1:
            total += cKDTree(members).query(members, 2)[0][:, 1].sum()
    return float(total / len(pixels))


def pas(domains: Any, pixels: MatrixLike, k: int = 10) -> float:
    """PAS: share of abnormal spots, those whose domain differs from more than half of their k nearest [5]_.

    Variant: that of SpatialPCA, at k = 10 a spot is abnormal if at least six of the ten differ.

    Parameters
    ----------
    domains : array-like (n,)
        Domain of each spot, e.g. clusters found on the map.
    pixels : array-like (n, any)
        Positions.
    k : int
        Neighbours, below n / 2.

    Returns
    -------
    float
        Between 0 and 1, smaller is smoother.

    Raises
    ------
    ValueError
        For missing labels, another number of labels than positions, or k out of range.

    References
    ----------
    [5] of ``spasne_tools.metrics.scores``.

    Examples
    --------
    >>> pas(["a"] * 3 + ["b"] * 3, [[0], [1], [2], [7], [8], [9]], k=2)
    0.0
    """
    pixels = points(pixels, "pixels")
    codes, _ = label_codes(domains, pixels.shape[0], "domains")
    check_k(k, len(pixels))
    different = codes[_nearest_positions(pixels, k)] != codes[:, None]
    return float((different.sum(axis=1) > k / 2).mean())


def morans_i(values: MatrixLike, pixels: MatrixLike, k: int = 6) -> np.ndarray:
    """Moran's I of values over space [6]_, with equal weights 1/k on the k nearest spots of each spot.

    I = sum_i z_i * (mean of z over the k nearest spots of i) / sum_i z_i^2, where z is the centred value. For
    a map the values are its axes; how it is turned is arbitrary, so compare the mean over the axes.

    Parameters
    ----------
    values : array-like (n,) or (n, m)
    pixels : array-like (n, any)
        Positions.
    k : int
        Neighbours; 6 is the ring around a spot of a hexagonal lattice.

    Returns
    -------
    ndarray (m,)
        About 0 without spatial order, near 1 for smooth values; nan for a constant.

    Raises
    ------
    ValueError
        For shapes that do not match, nan or infinity, or k out of range.

    References
    ----------
    [6] of ``spasne_tools.metrics.scores``.

    Examples
    --------
    >>> morans_i([1, 2, 3, 4, 5, 6], [[0], [1], [2], [3], [4], [5]], k=2).round(2)
    array([0.57])
    """
    values = np.asarray(values, dtype=float)
    z = points(values.reshape(len(values), -1), "values")
    pixels = points(pixels, "pixels", z.shape[0])
    check_k(k, len(z))
    lag = np.zeros_like(z)
    for column in _nearest_positions(pixels, k).T:
        lag += z[column]
    power = (z * z).sum(axis=0)
    return np.where(power > 0, (z * lag).sum(axis=0) / k / np.where(power > 0, power, 1), np.nan)
