"""Whether faults planted into a map are found, beside the ideas of scDEED and of LOO-map.

``python -m benchmarks.planted_faults``: simulated tissue of eight domains whose expression has two dimensions
and noise around them; a faithful map of it, or the map that SpaSNE makes of it; in that one fault at a time,
with known truth. Each score is judged by the area under its ROC curve for the points at fault. Writes
results/planted_faults.csv and prints it as a table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score

from benchmarks.measure import ROOT
from spasne import map_reliability, run_spasne

RESULTS = ROOT / "benchmarks" / "results" / "planted_faults.csv"
N_POINTS, N_FEATURES, SEED = 1_500, 50, 0
NOISE, JITTER = 0.1, 0.01  # of expression (length) and of the faithful map, widths of the tissue
GAP = 2.0  # domains are this many times as far apart in expression as in the tissue
CENTRES = np.array(
    [[0.15, 0.2], [0.5, 0.15], [0.85, 0.2], [0.2, 0.55], [0.55, 0.5], [0.85, 0.6], [0.3, 0.87], [0.75, 0.88]]
)  # of the domains in a tissue of width 1
MIDDLE, CORNER = 4, 0  # domains
MIRROR_RADIUS = 0.25  # of the patch, widths of the map
PERPLEXITY = 30  # of LOO-map's loss


@dataclass(frozen=True)
class Tissue:
    """Simulated: positions (n, 2), the domain of each point, expression (n, 50) and its two dimensions."""

    pixels: np.ndarray
    domain: np.ndarray
    data: np.ndarray
    plane: np.ndarray

    @classmethod
    def make(cls, n: int, seed: int) -> Tissue:
        rng = np.random.default_rng(seed)
        pixels = rng.uniform(size=(n, 2))
        domain = cdist(pixels, CENTRES).argmin(axis=1)
        plane = CENTRES[domain] * GAP + pixels - CENTRES[domain]
        axes = np.linalg.qr(rng.normal(size=(N_FEATURES, 2)))[0]
        noise = rng.normal(size=(n, N_FEATURES)) * NOISE / np.sqrt(N_FEATURES)
        return cls(1000 * pixels, domain, plane @ axes.T + noise, plane)


def faithful_map(tissue: Tissue) -> np.ndarray:
    rng = np.random.default_rng(SEED)
    return tissue.plane + rng.normal(scale=JITTER, size=tissue.plane.shape)


def spasne_map(tissue: Tissue) -> np.ndarray:
    return run_spasne(
        tissue.data, tissue.pixels, alpha=32, beta=16, global_scale="auto", init="pca", use_pca=False, theta=0
    )


# ---- faults: the changed map, and which points are at fault ----------------------------------------------

Faulty = tuple[np.ndarray, np.ndarray]


def moved(Y: np.ndarray, tissue: Tissue, rng: np.random.Generator, share: float) -> Faulty:
    """Points at the place of a point of another domain."""
    out, at_fault = Y.copy(), np.zeros(len(Y), bool)
    at_fault[rng.choice(len(Y), round(share * len(Y)), replace=False)] = True
    for i in np.flatnonzero(at_fault):
        other = rng.choice(np.flatnonzero(tissue.domain != tissue.domain[i]))
        out[i] = Y[other] + rng.normal(scale=JITTER, size=2) * np.ptp(Y)
    return out, at_fault


def torn(Y: np.ndarray, tissue: Tissue, rng: np.random.Generator) -> Faulty:
    """A random half of a domain's points beyond the border of the map."""
    out, own = Y.copy(), tissue.domain == MIDDLE
    half = rng.permutation(np.flatnonzero(own))[: own.sum() // 2]
    corner = Y.max(axis=0) + 0.15 * np.ptp(Y, axis=0)
    out[half] += corner - Y[half].mean(axis=0)
    return out, own


def merged(Y: np.ndarray, tissue: Tissue, rng: np.random.Generator) -> Faulty:
    """One domain's points on top of another's."""
    out, a, b = Y.copy(), tissue.domain == MIDDLE, tissue.domain == CORNER
    out[a] += Y[b].mean(axis=0) - Y[a].mean(axis=0)
    return out, a | b


def mirrored(Y: np.ndarray, tissue: Tissue, rng: np.random.Generator) -> Faulty:
    """A round patch in the middle of the tissue, mirrored on the map; at fault is what moved by a tenth."""
    out, width = Y.copy(), np.ptp(tissue.pixels)
    own = np.linalg.norm(tissue.pixels - tissue.pixels.mean(axis=0), axis=1) < MIRROR_RADIUS * width
    middle = Y[own, 0].mean()
    out[own, 0] = 2 * middle - Y[own, 0]
    return out, np.abs(out - Y).max(axis=1) > 0.1 * np.ptp(Y[:, 0])


def noise(Y: np.ndarray, tissue: Tissue, rng: np.random.Generator) -> Faulty:
    """A tenth of the points anywhere on the map."""
    out, at_fault = Y.copy(), np.zeros(len(Y), bool)
    at_fault[rng.choice(len(Y), len(Y) // 10, replace=False)] = True
    out[at_fault] = rng.uniform(Y.min(axis=0), Y.max(axis=0), size=(at_fault.sum(), 2))
    return out, at_fault


FAULTS: dict[str, Callable[[np.ndarray, Tissue, np.random.Generator], Faulty]] = {
    "1 % moved": lambda Y, tissue, rng: moved(Y, tissue, rng, 0.01),
    "5 % moved": lambda Y, tissue, rng: moved(Y, tissue, rng, 0.05),
    "20 % moved": lambda Y, tissue, rng: moved(Y, tissue, rng, 0.2),
    "a domain torn in two": torn,
    "two domains merged": merged,
    "a patch mirrored": mirrored,
    "10 % noise": noise,
}


# ---- slow twins of two other ideas -----------------------------------------------------------------------


def scdeed_scores(Y: np.ndarray, data: np.ndarray) -> np.ndarray:
    """The reliability score of scDEED [1]_: low where a point's neighbourhood changed.

    Pearson correlation of two lists of distances on the map, to the nearer half of all points on the map and
    to the nearer half in expression, each in its order of nearness.

    References
    ----------
    .. [1] Xia, Lee and Li, Statistical method scDEED for detecting dubious 2D single-cell embeddings and
           optimizing t-SNE and UMAP hyperparameters, Nat. Commun. 15 (2024) 1753.
    """
    on_map, half = cdist(Y, Y), len(Y) // 2
    in_data = cdist(data, data)
    scores = np.empty(len(Y))
    for i, distance in enumerate(on_map):
        by_map, by_data = np.argsort(distance)[1 : half + 1], np.argsort(in_data[i])[1 : half + 1]
        scores[i] = np.corrcoef(distance[by_map], distance[by_data])[0, 1]
    return scores


def loo_scores(Y: np.ndarray, affinities: np.ndarray) -> np.ndarray:
    """The idea of LOO-map [1]_: minus how far a point moves when it is placed anew with all others fixed.

    It is placed where its own part of t-SNE's loss is least, among the places of all points. Row i of
    `affinities` holds p(j | i).

    References
    ----------
    .. [1] Liu, Ma and Zhong, Assessing and improving reliability of neighbor embedding methods: a
           map-continuity perspective, arXiv 2410.16608 (2024).
    """
    unit = np.sort(cdist(Y, Y), axis=1)[:, PERPLEXITY].mean()  # of a t-SNE map
    squared = cdist(Y / unit, Y / unit, "sqeuclidean")
    kernel = 1 / (1 + squared)
    np.fill_diagonal(kernel, 0)
    # of the place of row b for point i, where i itself is no longer in the way
    loss = np.log1p(squared) @ affinities.T + np.log(kernel.sum(axis=1, keepdims=True) - kernel)
    moves = np.sqrt(squared[np.arange(len(Y)), loss.argmin(axis=0)])
    return -moves


def tsne_affinities(data: np.ndarray) -> np.ndarray:
    """Row i: t-SNE's p(j | i), its width by bisection."""
    squared = cdist(data, data, "sqeuclidean")
    affinities = np.zeros_like(squared)
    for i, row in enumerate(squared):
        others = np.delete(row, i)
        others -= others.min()
        low, high = 0.0, np.inf
        precision = 1 / others.mean()
        for _ in range(50):
            p = np.exp(-precision * others)
            p /= p.sum()
            entropy = -(p[p > 0] * np.log(p[p > 0])).sum()
            low, high = (precision, high) if entropy > np.log(PERPLEXITY) else (low, precision)
            precision = 2 * precision if np.isinf(high) else (low + high) / 2
        affinities[i] = np.insert(p, i, 0)
    return affinities


# ---- all of it -------------------------------------------------------------------------------------------


def areas(Y: np.ndarray, tissue: Tissue, affinities: np.ndarray, at_fault: np.ndarray) -> dict[str, float]:
    """Area under the ROC curve of each score, and shares of verdicts among the points at fault and others."""
    table = map_reliability(Y, tissue.data, tissue.pixels)
    scores = {
        "reliability": table["reliability"],
        "1 - p": -table["p"],
        "expression alone": map_reliability(Y, tissue.data)["reliability"],
        "scDEED": scdeed_scores(Y, tissue.data),
        "LOO-map": loo_scores(Y, affinities),
    }
    found = {name: float(roc_auc_score(~at_fault, score)) for name, score in scores.items()}
    verdict = table["verdict"]
    found["at fault: kept"] = float((verdict[at_fault] == "kept").mean())
    found["at fault: misplaced"] = float((verdict[at_fault] == "misplaced").mean())
    found["others: misplaced"] = float((verdict[~at_fault] == "misplaced").mean())
    return found


def run(n: int) -> pd.DataFrame:
    tissue, rows = Tissue.make(n, SEED), []
    affinities = tsne_affinities(tissue.data)
    for base, make in {"faithful": faithful_map, "SpaSNE": spasne_map}.items():
        Y = make(tissue)
        undisturbed = map_reliability(Y, tissue.data, tissue.pixels)["verdict"]
        print(base, undisturbed.value_counts(normalize=True).round(3).to_dict(), flush=True)
        for fault, plant in FAULTS.items():
            changed, at_fault = plant(Y, tissue, np.random.default_rng(SEED))
            rows.append({"map": base, "fault": fault, **areas(changed, tissue, affinities, at_fault)})
            print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def to_markdown(table: pd.DataFrame) -> str:
    lines = [f"| {' | '.join(table.columns)} |", "|" + "---|" * len(table.columns)]
    for _, row in table.iterrows():
        cells = [value if isinstance(value, str) else f"{value:.2f}" for value in row]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted_faults", description=__doc__)
    parser.add_argument("--points", type=int, default=N_POINTS)
    options = parser.parse_args(arguments)
    table = run(options.points)
    table.to_csv(RESULTS, index=False, float_format="%.4f")
    print(to_markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
