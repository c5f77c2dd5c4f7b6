"""What is lost where only a sample is mapped, and all other points are placed on its map.

``python -m benchmarks.placed``: a simulated section with 50 components, with the paper's weights and with
weights and a scale that leave room for neighbours: the map of all points, and that of a sample on which
`SpaSNE.transform` places the others. A wide map's scale is that for as many points as it is made of. Writes
benchmarks/results/placed.csv and prints the table of benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.choice import NEIGHBOURS, label_agreement
from benchmarks.measure import ROOT
from benchmarks.sections import Section, section_of
from spasne import SpaSNE
from spasne_tools.metrics.scores import knn_preservation, score_embedding

WEIGHTS = {
    "published weights": {"alpha": 8.0, "beta": 2.0, "global_scale": 1.0},
    "room for neighbours": {"alpha": 32.0, "beta": 16.0, "global_scale": "auto"},
}
AT_ONCE = 20_000  # rows placed
RESULTS = ROOT / "benchmarks" / "results" / "placed.csv"


def placed(section: Section, mapped: np.ndarray, **weights: float | str) -> tuple[np.ndarray, float]:
    """Places of all points, those of the rows `mapped` by a map, and the CPU seconds that placing took."""
    model = SpaSNE(use_pca=False, random_state=1, method="interpolation", **weights)
    Y = np.empty((len(section.X), 2))
    Y[mapped] = model.fit_transform(section.X[mapped], pixels=section.pixels[mapped])
    others = np.setdiff1d(np.arange(len(Y)), mapped)
    start = time.process_time()
    for at in range(0, len(others), AT_ONCE):
        rows = others[at : at + AT_ONCE]
        Y[rows] = model.transform(section.X[rows], section.pixels[rows])
    return Y, time.process_time() - start


def row_of(section: Section, name: str, n_mapped: int, Y: np.ndarray, seconds: float) -> dict:
    scores = score_embedding(Y, section.X, section.pixels)
    return {
        "n": len(Y), "weights": name, "mapped": n_mapped,
        "r1": float(scores["r1"]), "r2": float(scores["r2"]),
        "kept": float(knn_preservation(section.X, Y, NEIGHBOURS)),
        "type": label_agreement(Y, section.types), "layer": label_agreement(Y, section.labels),
        "seconds": seconds,
    }  # fmt: skip


def line_of(row: dict) -> str:
    return (
        f"| {row['weights']} | {row['mapped']:,} | {row['r1']:.3f} | {row['r2']:.3f} | {row['kept']:.3f} "
        f"| {row['type']:.3f} | {row['layer']:.3f} | {row['seconds']:.0f} |"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print and write, a row as soon as its points have places."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.placed", description=__doc__)
    parser.add_argument("--size", type=int, default=300_000, help="points")
    parser.add_argument("--mapped", type=int, nargs="+", default=[30_000], help="points of each sample")
    options = parser.parse_args(arguments)
    section = section_of(f"{options.size}:50")
    random = np.random.default_rng(0)
    print("| weights | mapped | r1 | r2 | kept | type | layer | CPU seconds to place the others |")
    print("|" + "---|" * 8)
    rows: list[dict] = []
    for name, weights in WEIGHTS.items():
        for n_mapped in (options.size, *options.mapped):
            mapped = np.sort(random.choice(options.size, n_mapped, replace=False))
            Y, seconds = placed(section, mapped, **weights)
            rows.append(row_of(section, name, n_mapped, Y, seconds))
            print(line_of(rows[-1]), flush=True)
            pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.6g")
    return 0


if __name__ == "__main__":
    sys.exit(main())
