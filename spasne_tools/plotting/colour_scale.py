"""Continuous colours: which columns get them, and at which values they end."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize

CONTINUOUS_COLOURS = "viridis"
PERCENTILES = (1.0, 99.0)  # of continuous values, where the colours end
PERCENTILE = re.compile(r"p(\d+(?:\.\d+)?)")

Limit: TypeAlias = float | str | None  # a value, "p99" or None


def is_continuous(colors: pd.Series) -> bool:
    """Floating-point numbers are drawn as continuous colours, anything else as classes."""
    return pd.api.types.is_float_dtype(colors.dtype)


def colour_limits(values: np.ndarray, vmin: Limit = None, vmax: Limit = None) -> Normalize:
    """Values at which the continuous colours end; missing ones (NaN) do not count.

    None stands for the 1st or 99th percentile, "p5" for the 5th. ValueError for anything else than that or a
    number, or where vmin is not below vmax.
    """
    present = values[~np.isnan(values)]
    if len(present) == 0:
        return Normalize(0, 1)
    low, high = (
        _limit(present, given, name, usual)
        for given, name, usual in zip((vmin, vmax), ("vmin", "vmax"), PERCENTILES, strict=True)
    )
    if high > low:
        return Normalize(low, high)
    if vmin is not None and vmax is not None:
        raise ValueError(f"expected vmin below vmax, found {low:g} and {high:g}")
    return Normalize(high - 1, high) if vmax is not None else Normalize(low, low + 1)


def _limit(present: np.ndarray, given: Any, name: str, usual: float) -> float:
    percentile = usual if given is None else None
    if isinstance(given, str) and (found := PERCENTILE.fullmatch(given)):
        percentile = float(found[1])
    if percentile is not None and percentile <= 100:
        return float(np.percentile(present, percentile))
    if isinstance(given, (int, float, np.number)) and np.isfinite(given):
        return float(given)
    raise ValueError(f"expected {name} to be a number or a percentile such as 'p99', found {given!r}")
