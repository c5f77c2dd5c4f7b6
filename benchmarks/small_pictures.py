"""Figures as small PNG files, in few colours."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

COLOURS = 256


def save_small(figure: Figure, path: Path, dpi: float) -> None:
    """`figure` as a PNG file of colours that stay close to its own."""
    figure.savefig(path, dpi=dpi)
    shrink(path)


def shrink(path: Path) -> None:
    picture = Image.open(path).convert("RGB")
    few = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
