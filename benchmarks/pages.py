"""How large interactive pages are.

``python -m benchmarks.pages``: pages of simulated cells of 12 classes, with names, two labels and genes, of
which a part of the values is not 0. Puts the table into docs/page.md.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measure import ROOT
from benchmarks.summary import replace_between_markers
from spasne import export_html

# Cells, genes, share of values that are not 0, pixels of the image's side.
PAGES = ((1_000, 20, 0.1, 0), (5_000, 300, 0.1, 2_000), (100_000, 20, 0.1, 0), (100_000, 300, 0.1, 0),
         (100_000, 300, 0.3, 0), (200_000, 5, 0.1, 0), (200_000, 300, 0.1, 0))  # fmt: skip
TARGET = ROOT / "docs" / "page.md"


def page_size(n_cells: int, n_genes: int, share: float, side: int) -> float:
    """Megabytes of a page."""
    rng = np.random.default_rng(0)
    classes, depth = rng.integers(12, size=n_cells), rng.lognormal(0, 0.4, size=n_cells)
    genes = {f"gene {k}": _expression(depth, share, rng) for k in range(n_genes)}
    labels = {"Class": [f"type {k}" for k in classes], "Depth": depth}
    names = [f"{'ACGT'[i % 4]}{i:08x}-1" for i in range(n_cells)]
    Y, pixels = rng.normal(size=(n_cells, 2)), rng.uniform(0, 1e4, size=(n_cells, 2))
    image = _noise(side, rng) if side else None
    with tempfile.TemporaryDirectory() as folder:
        page = export_html(
            Path(folder) / "page.html", Y, pixels, labels=labels, genes=genes, names=names, image=image
        )
        return page.stat().st_size / 1e6


def _expression(depth: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """log(1 + counts per depth) of a gene that about `share` of the cells express."""
    spread = (1 - share) ** -2 - 1  # a negative binomial count of shape 1/2 is 0 with probability 1 - share
    counts = rng.poisson(depth * rng.gamma(0.5, spread, size=len(depth)))
    return np.log1p(counts / depth)


def _noise(side: int, rng: np.random.Generator) -> np.ndarray:
    """An image as rich in detail as a stained tissue."""
    coarse = rng.uniform(120, 255, size=(side // 8, side // 8, 3)).repeat(8, axis=0).repeat(8, axis=1)
    return np.clip(coarse + rng.normal(0, 12, size=coarse.shape), 0, 255).astype(np.uint8)


def main() -> None:
    columns = ("Cells", "Genes", "Values above 0", "Image", "Page")
    rows = [
        (f"{n:,}", genes, f"{share:.0%}", f"{side:,} x {side:,}" if side else "none",
         f"{page_size(n, genes, share, side):.1f} MB")
        for n, genes, share, side in PAGES
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    lines = [
        f"| {' | '.join(map(str, row))} |" for row in (table.columns, ["---"] * len(columns), *table.values)
    ]
    replace_between_markers(TARGET, "\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
