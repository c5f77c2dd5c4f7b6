"""When scores are estimated, from which seeded sample, and with what error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sampling:
    """When and how scores are estimated instead of computed in full.

    Parameters
    ----------
    exact_up_to : int
        Largest number of points for which every pair and every point is used; 5,000 is also where
        ``run_spasne`` passes from all pairs to sums in linear time.
    n_pairs : int
        Pairs drawn above that size (with replacement), and the most pairs that a Spearman correlation
        ranks at any size.
    n_points : int
        Points drawn above that size (without replacement) for scores that are means over points; each of them
        is still compared with all others.
    seed : int
        Seed of the draws.
    """

    exact_up_to: int = 5_000
    n_pairs: int = 1_000_000
    n_points: int = 2_000
    seed: int = 0


DEFAULT_SAMPLING = Sampling()


class Estimate(float):
    """A float that knows its standard error: 0.0 where nothing was sampled.

    Examples
    --------
    >>> Estimate(0.5, 0.01).standard_error
    0.01
    """

    standard_error: float

    def __new__(cls, value: float, standard_error: float = 0.0) -> Estimate:
        self = super().__new__(cls, value)
        self.standard_error = float(standard_error)
        return self

    def __reduce__(self) -> tuple:
        return Estimate, (float(self), self.standard_error)


def sampled_pairs(n: int, sampling: Sampling) -> tuple[np.ndarray, np.ndarray]:
    """Pairs i != j drawn uniformly with replacement."""
    rng = np.random.default_rng(sampling.seed)
    i = rng.integers(n, size=sampling.n_pairs)
    return i, (i + rng.integers(1, n, size=sampling.n_pairs)) % n


def sampled_rows(n: int, sampling: Sampling) -> np.ndarray:
    """All points, or a seeded sample of them in increasing order."""
    if n <= sampling.exact_up_to or n <= sampling.n_points:
        return np.arange(n)
    return np.sort(np.random.default_rng(sampling.seed).choice(n, sampling.n_points, replace=False))


def weighted_mean(values: Sequence[float], weights: Sequence[int]) -> Estimate:
    """Mean of values, or of estimates that are independent of each other, with its standard error."""
    share = np.array(weights, dtype=float)
    share /= share.sum()
    errors = np.array([getattr(value, "standard_error", 0.0) for value in values])
    return Estimate(float(share @ np.array(values)), float(np.linalg.norm(share * errors)))


def mean_of_sample(values: np.ndarray, n: int) -> Estimate:
    """Mean over a sample drawn without replacement from n points, with its standard error."""
    m = len(values)
    error = np.std(values, ddof=1) * np.sqrt((1 - m / n) / m) if m < n else 0.0
    return Estimate(np.mean(values), error)
