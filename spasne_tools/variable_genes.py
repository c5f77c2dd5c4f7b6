"""Genes that vary more than others of like mean, as scanpy.pp.highly_variable_genes finds them."""

from __future__ import annotations

import numpy as np
import scipy.sparse

from spasne_tools.validation import Matrix

DISPERSION_BINS = 20  # of means, as in scanpy (flavour "seurat", Satija et al. 2015)


def highly_variable(logged: Matrix, n_genes: int) -> np.ndarray:
    """Sorted indices of the `n_genes` columns of largest dispersion, normalised within bins of similar mean.

    Dispersion is log(variance / mean) of the normalised counts before log1p; the bins split log1p(mean)
    evenly; within each, dispersions are centred by their mean and divided by their standard deviation (a bin
    of one gene: scored 1).
    """
    if not 1 <= n_genes <= logged.shape[1]:
        raise ValueError(f"expected hvg between 1 and the {logged.shape[1]} genes, found {n_genes}")
    counts = logged.expm1() if scipy.sparse.issparse(logged) else np.expm1(logged)
    mean = np.asarray(counts.mean(axis=0)).ravel()
    squares = counts.multiply(counts) if scipy.sparse.issparse(counts) else counts * counts
    n_cells = counts.shape[0]
    variance = (np.asarray(squares.mean(axis=0)).ravel() - mean**2) * n_cells / max(n_cells - 1, 1)
    expressed = mean > 0
    score = np.full(mean.size, -np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = np.log(variance / mean)
    usable = expressed & np.isfinite(dispersion)
    score[usable] = _scores_within_bins(np.log1p(mean[usable]), dispersion[usable])
    return np.sort(np.argsort(-score, kind="stable")[:n_genes])


def _scores_within_bins(means: np.ndarray, dispersions: np.ndarray) -> np.ndarray:
    edges = np.linspace(means.min(), means.max(), DISPERSION_BINS + 1)
    bins = np.clip(np.searchsorted(edges, means, side="left"), 1, DISPERSION_BINS)
    scores = np.ones(means.size)
    for members in (np.flatnonzero(bins == number) for number in np.unique(bins)):
        values = dispersions[members]
        if members.size > 1 and (spread := values.std(ddof=1)) > 0:
            scores[members] = (values - values.mean()) / spread
    return scores
