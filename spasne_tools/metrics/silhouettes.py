"""How well a map separates known classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from spasne_tools.distances import distance_rows
from spasne_tools.forking import not_forked
from spasne_tools.metrics.checks import class_codes, points
from spasne_tools.metrics.sampling import DEFAULT_SAMPLING, Estimate, Sampling, mean_of_sample, sampled_rows
from spasne_tools.validation import MatrixLike


def silhouette(Y: MatrixLike, labels: Any, sampling: Sampling = DEFAULT_SAMPLING) -> Estimate:
    """Mean silhouette of a map under given labels, with Euclidean distances [2]_: the published s.

    Point i has s_i = (b - a) / max(a, b): a is its mean distance to the other points of its class, b the
    smallest mean distance to the points of another class. A point alone in its class has s_i = 0.

    Parameters
    ----------
    Y : array-like (n, n_dims)
    labels : array-like (n,)
        Class of each spot, of any type, none missing.
    sampling : Sampling

    Returns
    -------
    Estimate
        Between -1 and 1.

    Raises
    ------
    ValueError
        If there are fewer than 2 classes or as many as points, or labels are missing.

    References
    ----------
    [2] of ``spasne_tools.metrics.scores``.

    Examples
    --------
    >>> round(silhouette([[0, 0], [0, 1], [9, 0], [9, 1]], ["a", "a", "b", "b"]), 2)
    0.89
    """
    Y = points(Y, "Y")
    n = Y.shape[0]
    codes, n_classes = class_codes(labels, n)
    members = np.zeros((n, n_classes))
    members[np.arange(n), codes] = 1
    size = members.sum(axis=0)
    rows = sampled_rows(n, sampling)
    values = np.empty(len(rows))
    for part, squared in distance_rows(Y, rows):
        own, every = codes[rows[part]], np.arange(len(squared))
        squared[every, rows[part]] = 0.0
        with not_forked():
            total = np.sqrt(squared, out=squared) @ members
        a = total[every, own] / np.maximum(size[own] - 1, 1)
        others = total / size
        others[every, own] = np.inf
        b = others.min(axis=1)
        larger = np.maximum(a, b)
        scored = (size[own] > 1) & (larger > 0)
        values[part] = np.where(scored, (b - a) / np.where(scored, larger, 1), 0.0)
    return mean_of_sample(values, n)
