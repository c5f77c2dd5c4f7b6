"""The arrays of a page: codes of few bits in place of numbers, compressed, as text."""

from __future__ import annotations

import base64
import zlib
from typing import NamedTuple

import numpy as np

__all__ = ["LARGEST_CODE", "MISSING_CODE", "Blocks", "codes_of"]

LARGEST_CODE, MISSING_CODE = 65_534, 65_535  # of 16 bits


class Blocks:
    """The arrays of a page, each compressed and in base64."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, content: bytes) -> int:
        """Number by which the page finds the content."""
        self.texts.append(base64.b64encode(zlib.compress(content)).decode("ascii"))
        return len(self.texts) - 1


class Codes(NamedTuple):
    """Numbers as codes: 0 is `low`, the largest code is `high`, linear between."""

    content: bytes
    low: float
    high: float


def codes_of(values: np.ndarray) -> Codes:
    """16 bits from the smallest to the largest of `values` (n,); NaN has the code MISSING_CODE."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    step = (high - low) / LARGEST_CODE or 1.0
    codes = np.where(np.isnan(values), MISSING_CODE, np.rint((values - low) / step))
    return Codes(codes.astype("<u2").tobytes(), low, high)
