"""The arrays of a page: codes of few bits in place of numbers, compressed, as text."""

from __future__ import annotations

import base64
import zlib
from typing import NamedTuple

import numpy as np

__all__ = [
    "LARGEST_BYTE",
    "LARGEST_CODE",
    "MISSING_BYTE",
    "MISSING_CODE",
    "Blocks",
    "Codes",
    "codes_of",
    "sparse_codes_of",
]

LARGEST_CODE, MISSING_CODE = 65_534, 65_535  # of 16 bits
LARGEST_BYTE, MISSING_BYTE = 254, 255


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


def sparse_codes_of(values: np.ndarray) -> Codes:
    """8 bits from the smallest to the largest of `values` (n,), those with code 0 left out.

    The content is a bit for each value, set where it is stored (that of the first value is the lowest of the
    first byte), and a byte for each that is. NaN is MISSING_BYTE. Only the smallest value is 0, so that what
    is expressed at all stays told from what is not.
    """
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    step = (high - low) / LARGEST_BYTE or 1.0
    levels = np.maximum(np.rint((values - low) / step), values > low)
    codes = np.where(np.isnan(values), MISSING_BYTE, levels).astype(np.uint8)
    stored = codes > 0
    return Codes(np.packbits(stored, bitorder="little").tobytes() + codes[stored].tobytes(), low, high)
