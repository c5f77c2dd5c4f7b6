"""Colours on a dark ground: each has a twin that can be seen there, with the same hue."""

from __future__ import annotations

from functools import cache

import numpy as np
from matplotlib.colors import to_hex, to_rgb

__all__ = ["dark_colour"]

# Colours with an Oklab lightness below LIFTED are drawn lighter: DARKEST becomes LEAST, LIFTED stays,
# linearly between.
DARKEST, LIFTED, LEAST = 0.28, 0.6, 0.45

# Ottosson, A perceptual color space for image processing (2020): linear sRGB to cones,
# cube roots of these to Lab.
CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
CHROMA_STEPS = 101
OUT_OF_GAMUT = 1e-4  # of linear sRGB, rounding of the matrices above


@cache
def dark_colour(colour: str) -> str:
    """The colour itself where it is light enough, else a lighter one of its hue and, if possible, its chroma.

    >>> dark_colour("#e69f00"), dark_colour("#1e00a5")
    ('#e69f00', '#3643d5')
    """
    lightness, *hue = OKLAB @ np.cbrt(CONES @ _linear(np.array(to_rgb(colour))))
    if lightness >= LIFTED:
        return to_hex(colour)
    lifted = LEAST + max(0.0, lightness - DARKEST) * (LIFTED - LEAST) / (LIFTED - DARKEST)
    for chroma in np.linspace(1, 0, CHROMA_STEPS):  # the most of it that a screen can show
        linear = np.linalg.solve(CONES, np.linalg.solve(OKLAB, [lifted, *(chroma * np.array(hue))]) ** 3)
        if linear.min() >= -OUT_OF_GAMUT and linear.max() <= 1 + OUT_OF_GAMUT:
            break
    return to_hex(tuple(_encoded(linear.clip(0, 1))))


def _linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _encoded(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
