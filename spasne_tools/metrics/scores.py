"""Scores of a map: how well it keeps expression, space and known labels.

Every score is exact up to ``Sampling.exact_up_to`` points and is then estimated from a seeded sample, with a
standard error. Distances are computed in blocks, so no (n, n) matrix is ever held.

References
----------
.. [1] Zhou et al., Dimensionality reduction for visualizing spatially resolved profiling data using SpaSNE,
       GigaScience 14 (2025) giaf002: r1, r2 and the silhouette.
.. [2] Rousseeuw, Silhouettes, J. Comput. Appl. Math. 20 (1987) 53-65.
.. [3] Venna and Kaski, Neighborhood preservation in nonlinear projection methods, ICANN 2001:
       trustworthiness and continuity.
.. [4] Kobak and Berens, The art of using t-SNE for single-cell transcriptomics, Nat. Commun. 10 (2019) 5416:
       k-nearest-neighbour preservation (KNN) and the Spearman correlation of distances (CPD).
.. [5] Shang and Zhou, Spatially aware dimension reduction for spatial transcriptomics (SpatialPCA),
       Nat. Commun. 13 (2022) 7203: CHAOS and PAS.
.. [6] Moran, Notes on continuous stochastic phenomena, Biometrika 37 (1950) 17-23.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.metrics.checks import LEAST_SPOTS, label_codes, points, section_rows
from spasne_tools.metrics.correlation import pairwise_correlation
from spasne_tools.metrics.neighbours import (
    KNN_NEIGHBOURS,
    RANK_NEIGHBOURS,
    continuity,
    knn_preservation,
    nearest,
    neighbourhood_scores,
    trustworthiness,
)
from spasne_tools.metrics.sampling import DEFAULT_SAMPLING, Estimate, Sampling, sampled_rows, weighted_mean
from spasne_tools.metrics.silhouettes import silhouette
from spasne_tools.metrics.tissue import chaos, morans_i, pas
from spasne_tools.validation import Matrix, MatrixLike, check_rows_match

__all__ = [
    "Estimate",
    "Sampling",
    "chaos",
    "continuity",
    "knn_preservation",
    "morans_i",
    "pairwise_correlation",
    "pas",
    "score_embedding",
    "silhouette",
    "trustworthiness",
]


@dataclass(frozen=True)
class _Map:
    """A map whose neighbours are searched once, whatever they are compared with."""

    Y: np.ndarray
    sampling: Sampling

    @cached_property
    def rows(self) -> np.ndarray:
        return sampled_rows(len(self.Y), self.sampling)

    @cached_property
    def near(self) -> np.ndarray:
        return nearest(self.Y, self.rows, max(*KNN_NEIGHBOURS, RANK_NEIGHBOURS))

    def correlation(self, X: Matrix, kind: str = "pearson") -> Estimate:
        return pairwise_correlation(X, self.Y, kind, self.sampling)

    def kept(self, X: Matrix, space: str) -> dict[str, float]:
        """What score_embedding(full=True) says of expression and of space alike."""
        near_scores = neighbourhood_scores(X, self.Y, self.near, self.rows, space)
        return {f"spearman_{space}": self.correlation(X, "spearman"), **near_scores}


@dataclass(frozen=True)
class _Tissue:
    """A map and the positions of its spots; all of them, or those of one section."""

    map: _Map
    pixels: np.ndarray
    domains: np.ndarray | None

    def section(self, rows: np.ndarray) -> _Tissue:
        own_map = _Map(points(self.map.Y[rows], "Y"), self.map.sampling)
        domains = None if self.domains is None else self.domains[rows]
        return _Tissue(own_map, points(self.pixels[rows], "pixels"), domains)

    def r2(self) -> Estimate:
        return self.map.correlation(self.pixels)

    def full_scores(self) -> dict[str, float]:
        """What score_embedding(full=True) adds to r2."""
        scores = self.map.kept(self.pixels, "space")
        scores |= {f"moran_{axis}": value for axis, value in enumerate(morans_i(self.map.Y, self.pixels), 1)}
        if self.domains is not None:
            scores |= {"chaos": chaos(self.domains, self.pixels), "pas": pas(self.domains, self.pixels)}
        return scores


def _sections_of(tissue: _Tissue, sections: Any, full: bool) -> dict[str, _Tissue]:
    """The sections of enough spots for r2, or for all scores, by the names of their r2.

    These end in a bracket, so that no section's name makes them another score or a standard error.
    """
    codes, _ = label_codes(sections, len(tissue.map.Y), "sections")
    names = [f"r2[{name}]" for name in pd.unique(np.asarray(sections))]
    if len(set(names)) < len(names):
        raise ValueError("expected sections whose names differ as text, found two that are the same")
    least = 2 * RANK_NEIGHBOURS + 2 if full else LEAST_SPOTS
    return {names[code]: tissue.section(rows) for code, rows in section_rows(codes, least).items()}


def _spatial_scores(tissues: dict[str, _Tissue], full: bool) -> dict[str, float]:
    """r2 and, if `full`, the other scores of space: means over tissues, weighted by their spots."""
    sizes = [len(part.map.Y) for part in tissues.values()]
    r2 = {name: part.r2() for name, part in tissues.items()}
    scores: dict[str, float] = {"r2": weighted_mean(list(r2.values()), sizes), **r2}
    if full:
        parts = [part.full_scores() for part in tissues.values()]
        scores |= {name: weighted_mean([own[name] for own in parts], sizes) for name in parts[0]}
    return scores


def _with_errors(scores: dict[str, float]) -> pd.Series:
    """Each score, followed by its standard error where it was estimated."""
    rows = {}
    for name, value in scores.items():
        rows[name] = float(value)
        if isinstance(value, Estimate) and value.standard_error > 0:
            rows[f"{name}_se"] = value.standard_error
    return pd.Series(rows, name="score", dtype=float)


def score_embedding(
    Y: MatrixLike,
    data: MatrixLike,
    pixels: MatrixLike | None = None,
    labels: Any = None,
    *,
    domains: Any = None,
    sections: Any = None,
    full: bool = False,
    sampling: Sampling = DEFAULT_SAMPLING,
) -> pd.Series:
    """Scores of a map, as a labelled series.

    ===========================  =======================================================================
    r1                           Pearson correlation of all pairwise distances in `data` and in the map [1]_
    r2                           the same for `pixels` (needs them)
    r2[<section>]                r2 of each of the `sections` (needs them)
    s                            silhouette of the map under `labels` (needs them) [2]_
    *with full=True*
    spearman_expression, _space  as r1 and r2, on ranked distances [4]_
    knn10_expression, _space,    share of the 10 or 15 nearest neighbours kept [4]_
    knn15_expression, _space
    trustworthiness_expression,  k = 15 [3]_
    continuity_expression, and
    both _space
    moran_1, moran_2, ...        Moran's I of each map axis over space, 6 nearest spots [6]_
    chaos, pas                   of `domains` over the tissue (need them) [5]_
    ===========================  =======================================================================

    Parameters
    ----------
    Y : array-like (n, n_dims)
        The map.
    data : array-like (n, D), DataFrame or sparse matrix
        What was given to ``run_spasne``: r1 refers to it.
    pixels : array-like (n, 2 or 3), optional
        Spatial positions.
    labels : array-like (n,), optional
        Known classes, for s.
    domains : array-like (n,), optional
        Domains found with the map (for example clusters on it), for CHAOS and PAS.
    sections : array-like (n,), optional
        The tissue section of each spot, as given to ``run_spasne``. Scores that refer to `pixels` are then
        taken within each section, and of the sections the mean, weighted by their spots. Sections of fewer
        than 3 spots (32 with full=True) are left out.
    full : bool
        All scores rather than r1, r2 and s.
    sampling : Sampling
        Above ``sampling.exact_up_to`` points scores are estimated.

    Returns
    -------
    pandas.Series
        Scores by name. Each score that was estimated from a sample is followed by its standard error, as
        ``<name>_se``.

    Raises
    ------
    ValueError
        For shapes that do not match, nan or infinity, missing labels; with full=True also below 32 spots,
        because 15 neighbours must be less than half of them.

    References
    ----------
    [1] to [6] of the module.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> data, pixels = rng.normal(size=(100, 20)), rng.uniform(0, 5000, size=(100, 2))
    >>> score_embedding(pixels / 1000, data, pixels).round(3)["r2"]
    np.float64(1.0)
    """
    by_spot = {"pixels": pixels, "Y": Y, "labels": labels, "domains": domains, "sections": sections}
    for name, other in by_spot.items():
        if other is not None:
            check_rows_match(data, other, name)
    Y = points(Y, "Y")
    n = len(Y)
    data = points(data, "data", n)
    whole = _Map(Y, sampling)
    scores: dict[str, float] = {"r1": whole.correlation(data)}
    spatial: dict[str, float] = {}
    if pixels is not None:
        tissue = _Tissue(whole, points(pixels, "pixels", n), None if domains is None else np.asarray(domains))
        tissues = {"r2": tissue} if sections is None else _sections_of(tissue, sections, full)
        spatial = _spatial_scores(tissues, full)
        scores |= {name: value for name, value in spatial.items() if name.startswith("r2")}
    if labels is not None:
        scores["s"] = silhouette(Y, labels, sampling)
    if full:
        scores |= whole.kept(data, "expression")
    return _with_errors(scores | spatial)
