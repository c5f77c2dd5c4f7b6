"""Tissues that maps are made of, by name: real ones from SPASNE_DATA, simulated ones of any size."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.datasets import load_dataset, simulate_tissue
from spasne_tools.preprocessing import preprocess_counts

N_COMPONENTS = 200
PUBLISHED_DATA = ("breast_cancer", "visual_cortex")
REAL = {
    "osmfish": ("osmfish_cortex_4839", "counts.npz"),
    "starmap3d": ("starmap3d_cortex_32845", "intensity.npz"),
}


@dataclass(frozen=True)
class Section:
    """What is embedded: X (n, D), positions (n, 2 or 3), labels and types (n,) or None."""

    name: str
    X: np.ndarray
    pixels: np.ndarray
    labels: np.ndarray | None
    types: np.ndarray | None = None


def simulated(n_spots: int) -> Section:
    tissue = simulate_tissue(n_spots, seed=0)
    X = preprocess_counts(tissue.counts, N_COMPONENTS)
    layers, types = tissue.labels.to_numpy(), np.asarray(tissue.cell_types)
    return Section(f"simulated {n_spots}", X, tissue.pixels.to_numpy(float), layers, types)


def real(folder: str, counts_file: str) -> Section:
    """A data set of SPASNE_DATA in the layout counts (cells x genes, CSR), coordinates, labels if known."""
    path = Path(os.environ["SPASNE_DATA"], folder)
    X = preprocess_counts(scipy.sparse.load_npz(path / counts_file), N_COMPONENTS)
    table = pd.read_csv(path / "coords.csv.gz")
    coordinates = table[[name for name in ("x", "y", "z") if name in table]].to_numpy(float)
    labels = None
    if (path / "labels.csv.gz").exists():
        labels = pd.read_csv(path / "labels.csv.gz").iloc[:, -1].astype(str).to_numpy()
    return Section(folder, X, coordinates, labels)


def published(name: str) -> Section:
    data = load_dataset(name)
    labels = None if data.labels is None else np.asarray(data.labels).ravel().astype(str)
    return Section(name, np.asarray(data.data, float), np.asarray(data.pixels, float), labels)


def saved(path: Path) -> Section:
    """From an .npz file with X, pixels and, where known, labels; named as the file."""
    with np.load(path) as file:
        labels = file["labels"] if "labels" in file else None
        return Section(path.stem, file["X"], file["pixels"], labels)


def section_of(name: str) -> Section:
    """By name, "osmfish", by number of simulated spots, "5000", or from an .npz file.

    "5000:50" has the first 50 columns alone.
    """
    if name.endswith(".npz"):
        return saved(Path(name))
    kind, _, columns = name.partition(":")
    if kind in PUBLISHED_DATA:
        found = published(kind)
    else:
        found = real(*REAL[kind]) if kind in REAL else simulated(int(kind))
    return replace(found, name=name, X=found.X[:, : int(columns)] if columns else found.X)
