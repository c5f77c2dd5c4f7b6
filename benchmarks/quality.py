"""Method `interpolation` beside `exact` on the same data, from the same start (principal axes).

``python -m benchmarks.quality``: cost, r1, r2 and silhouette at 5,000 simulated spots and, where
SPASNE_DATA names the folder of the real data, on the osmFISH cortex (4,839 cells, 476 of them exact
duplicates); and runs from end to end on the STARmap cortex with three coordinates (32,845 cells), as
maps of two and three dimensions. Both methods make the same kind of steps (learning rate, limit,
exaggeration of `interpolation`), and the cost of both maps is that of `exact`, whose P is over all
pairs. Writes benchmarks/results/quality.csv, prints a table.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import time

import pandas as pd

from benchmarks.measure import ROOT
from benchmarks.sections import Section, real, simulated
from spasne_tools.metrics.scores import knn_preservation, score_embedding
from spasne_tools.run.embedding import embed
from spasne_tools.run.parameters import Parameters

SEED = 1
STEP_LIMIT = 0.05  # that of `interpolation` where the map is compact
JUDGED_UP_TO = 10_000  # points for which `exact` is evaluated
RESULTS = ROOT / "benchmarks" / "results" / "quality.csv"


def run(section: Section, method: str, no_dims: int = 2, alpha: float = 8.0, beta: float = 2.0) -> dict:
    """One map and its scores."""
    parameters = Parameters(
        alpha=alpha, beta=beta, method=method, init="pca", randseed=SEED, use_pca=False, no_dims=no_dims,
        learning_rate="auto", max_step=STEP_LIMIT if method == "exact" else None,
    )  # fmt: skip
    start = time.perf_counter()
    found = embed(section.X, section.pixels, parameters)
    seconds = time.perf_counter() - start
    judged = found
    if len(section.X) <= JUDGED_UP_TO:
        as_it_is = dataclasses.replace(parameters, method="exact", init=found.Y, max_iter=0)
        judged = embed(section.X, section.pixels, as_it_is)
    scores = score_embedding(found.Y, section.X, section.pixels, section.labels)
    return {
        "data": section.name,
        "alpha": alpha,
        "beta": beta,
        "method": method,
        "no_dims": no_dims,
        "cost": judged.report["cost"],
        **{key: float(scores[key]) for key in ("r1", "r2", "s") if key in scores},
        "knn15": float(knn_preservation(section.X, found.Y, 15)),
        "n_iter": found.report["n_iter"],
        "seconds": round(seconds, 1),
    }


def main() -> int:
    """Run all that the machine has data for."""
    sections = [simulated(5000)]
    if os.environ.get("SPASNE_DATA"):
        sections.append(real("osmfish_cortex_4839", "counts.npz"))
    rows = []
    for section in sections:
        for alpha, beta in ((8.0, 2.0), (0.0, 0.0)):
            rows += [run(section, method, 2, alpha, beta) for method in ("exact", "interpolation")]
            print(pd.DataFrame(rows[-2:]).to_string(index=False), flush=True)
    if os.environ.get("SPASNE_DATA"):
        cortex = real("starmap3d_cortex_32845", "intensity.npz")
        for no_dims in (2, 3):
            rows.append(run(cortex, "interpolation", no_dims))
            print(pd.DataFrame(rows[-1:]).to_string(index=False), flush=True)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.6g")
    return 0


if __name__ == "__main__":
    sys.exit(main())
