"""What is embedded: breast cancer data at their own size, simulated tissue at others; made once, kept."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import spasne_tools.preprocessing
import spasne_tools.principal_components
import spasne_tools.simulation
from spasne_tools.datasets import load_dataset, simulate_tissue
from spasne_tools.output_file import output_file
from spasne_tools.preprocessing import preprocess_counts

BREAST_SIZE = 1272
N_COMPONENTS = 200
N_GENES = 500
SEED = 0


@dataclass(frozen=True)
class Input:
    """Files of one data set, data.npy (n, 200) and pixels.npy (n, 2), and the weights that suit it."""

    name: str
    n_points: int
    data: Path
    pixels: Path
    alpha: float
    beta: float


def make_input(n_points: int, cache: Path) -> Input:
    """Return the data set of `n_points`, written to `cache` where it is not there yet.

    1272 points are the breast cancer data where SPASNE_DATA names their folder, else simulated as all others.
    """
    if n_points == BREAST_SIZE and os.environ.get("SPASNE_DATA"):
        name, alpha, beta = "breast cancer", 9.0, 4.0  # the published optimum
        stem = f"breast-{n_points}"
    else:
        name, alpha, beta = "simulated tissue", 8.0, 2.0
        stem = f"simulated-{n_points}-{_fingerprint()}"
    found = Input(name, n_points, cache / f"{stem}-data.npy", cache / f"{stem}-pixels.npy", alpha, beta)
    if not (found.data.is_file() and found.pixels.is_file()):
        cache.mkdir(parents=True, exist_ok=True)
        data, pixels = _breast() if stem.startswith("breast") else _simulated(n_points)
        _save(found.data, data)
        _save(found.pixels, pixels)
    return found


def _breast() -> tuple[np.ndarray, np.ndarray]:
    dataset = load_dataset("breast_cancer")
    return dataset.data.to_numpy(float), dataset.pixels.to_numpy(float)


def _simulated(n_points: int) -> tuple[np.ndarray, np.ndarray]:
    tissue = simulate_tissue(n_points, N_GENES, SEED)
    return preprocess_counts(tissue.counts, N_COMPONENTS), tissue.pixels.to_numpy(float)


def _fingerprint() -> str:
    """Changes with the code that makes simulated data, so that kept files of older code are not used."""
    digest = hashlib.sha256()
    for module in (spasne_tools.simulation, spasne_tools.preprocessing, spasne_tools.principal_components):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()[:8]


def _save(path: Path, array: np.ndarray) -> None:
    with output_file(path) as unfinished:
        np.save(unfinished, np.ascontiguousarray(array))
