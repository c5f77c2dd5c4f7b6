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

from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.metrics_checks import LEAST_SPOTS, label_codes, points, section_rows
from spasne_tools.metrics_correlation import pairwise_correlation
from spasne_tools.metrics_neighbours import (
    KNN_NEIGHBOURS,
    RANK_NEIGHBOURS,
    continuity,
    knn_preservation,
    nearest,
    neighbourhood_scores,
    trustworthiness,
)
from spasne_tools.metrics_sampling import DEFAULT_SAMPLING, Estimate, Sampling, sampled_rows
from spasne_tools.metrics_silhouette import silhouette
from spasne_tools.metrics_tissue import chaos, morans_i, pas
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


def _all_scores(
    Y: np.ndarray, data: Matrix, pixels: np.ndarray | None, domains: Any, sampling: Sampling
) -> dict[str, float]:
    """What score_embedding(full=True) adds to r1, r2 and s."""
    rows = sampled_rows(len(Y), sampling)
    scores: dict[str, float] = {}
    near_Y = nearest(Y, rows, max(*KNN_NEIGHBOURS, RANK_NEIGHBOURS))
    spaces = {"expression": data} | ({} if pixels is None else {"space": pixels})
    for space, X in spaces.items():
        scores[f"spearman_{space}"] = pairwise_correlation(X, Y, "spearman", sampling)
        scores |= neighbourhood_scores(X, Y, near_Y, rows, space)
    if pixels is not None:
        scores |= {f"moran_{axis}": value for axis, value in enumerate(morans_i(Y, pixels), 1)}
        if domains is not None:
            scores |= {"chaos": chaos(domains, pixels), "pas": pas(domains, pixels)}
    return scores


def _is_spatial(score: str) -> bool:
    return score in ("r2", "chaos", "pas") or score.endswith("_space") or score.startswith("moran_")


def _spatial_scores_within(
    sections: Any, spots: dict[str, Any], full: bool, sampling: Sampling
) -> dict[str, float]:
    """Means of the spatial scores over sections, weighted by their spots, and r2 of each section."""
    codes, _ = label_codes(sections, len(spots["Y"]), "sections")
    names = pd.unique(np.asarray(sections))
    kept = section_rows(codes, 2 * RANK_NEIGHBOURS + 2 if full else LEAST_SPOTS)
    tables = []
    for rows in kept.values():
        own = {name: None if value is None else value[rows] for name, value in spots.items()}
        tables.append(score_embedding(**own, full=full, sampling=sampling))
    share = np.array([len(rows) for rows in kept.values()], dtype=float)
    share /= share.sum()
    scores: dict[str, float] = {}
    for score in filter(_is_spatial, tables[0].index):
        values = np.array([table[score] for table in tables])
        errors = np.array([table.get(f"{score}_se", 0.0) for table in tables])
        scores[score] = Estimate(float(share @ values), float(np.linalg.norm(share * errors)))
        if score == "r2":
            named = zip(kept, values, errors, strict=True)
            scores |= {f"r2_{names[code]}": Estimate(value, error) for code, value, error in named}
    return scores


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
    r2_<section>                 r2 of each of the `sections` (needs them)
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
    pixels = None if pixels is None else points(pixels, "pixels", n)
    scores: dict[str, float] = {"r1": pairwise_correlation(data, Y, sampling=sampling)}
    if pixels is not None and sections is not None:
        spots = {"Y": Y, "data": data, "pixels": pixels}
        spots["domains"] = None if domains is None else np.asarray(domains)
        scores |= _spatial_scores_within(sections, spots, full, sampling)
        pixels = None  # what else there is to say of them would compare sections
    elif pixels is not None:
        scores["r2"] = pairwise_correlation(pixels, Y, sampling=sampling)
    if labels is not None:
        scores["s"] = silhouette(Y, labels, sampling)
    if full:
        scores |= _all_scores(Y, data, pixels, domains, sampling)
    rows = {}
    for name, value in scores.items():
        rows[name] = float(value)
        if isinstance(value, Estimate) and value.standard_error > 0:
            rows[f"{name}_se"] = value.standard_error
    return pd.Series(rows, name="score", dtype=float)
