"""A simulated tissue section with a known truth: cortex-like layers, mixed cell types, counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

LAYERS = ("L1", "L2", "L3", "L4", "L5", "L6", "WM")
LAYER_THICKNESS = (0.09, 0.10, 0.19, 0.12, 0.17, 0.17, 0.16)  # shares of the depth, surface first
# Shares of cell types in each layer; each column is rescaled to sum to 1.
#                    L1    L2    L3    L4    L5    L6    WM
CELL_TYPE_SHARES = {
    "Ex L2/3":      (0.02, 0.38, 0.38, 0.10, 0.08, 0.05, 0.00),
    "Ex L4":        (0.00, 0.08, 0.12, 0.39, 0.10, 0.07, 0.00),
    "Ex L5":        (0.00, 0.04, 0.07, 0.11, 0.35, 0.10, 0.01),
    "Ex L6":        (0.00, 0.04, 0.05, 0.08, 0.11, 0.38, 0.03),
    "Inh PV":       (0.02, 0.05, 0.07, 0.09, 0.08, 0.05, 0.00),
    "Inh SST":      (0.02, 0.03, 0.04, 0.04, 0.06, 0.05, 0.01),
    "Inh VIP":      (0.16, 0.10, 0.06, 0.03, 0.02, 0.02, 0.00),
    "Astrocyte":    (0.46, 0.14, 0.10, 0.07, 0.08, 0.10, 0.17),
    "Oligo":        (0.04, 0.02, 0.02, 0.02, 0.05, 0.10, 0.64),
    "Microglia":    (0.12, 0.05, 0.04, 0.03, 0.03, 0.04, 0.08),
    "Endothelial":  (0.16, 0.07, 0.05, 0.04, 0.04, 0.04, 0.06),
}  # fmt: skip
CELL_TYPES = tuple(CELL_TYPE_SHARES)

WIDTH_PIXELS = 10_000  # of the whole section, whatever the number of spots
MARGIN_PIXELS = 2_000  # between the section and the edge of the image
HALF_ANGLE = 0.4  # radians that the section spans to either side
INNER_RADIUS = 0.3  # of the white matter's lower edge; the surface is at 1
SPOT_JITTER = 0.12  # standard deviation, in spacings of the lattice
LAYER_BLUR = 0.025  # standard deviation of depth with which a cell sits in another layer's surroundings

CELL_SHARE = (4.0, 3.0)  # Beta distribution of the share of a spot's counts that its own cell gives
COUNTS_PER_GENE = 3.0  # expected in a spot of median size, before any marker is raised
LIBRARY_SPREAD = 0.35  # standard deviation of the log library size
TYPE_MARKER_FOLD = (1.5, 0.4)  # mean and sd of the log fold change of a cell type's marker genes
LAYER_MARKER_FOLD = (0.5, 0.3)  # the same of a layer's marker genes, at its centre
GRADIENT_FOLD = 0.8  # sd of the log fold change of a gradient gene from surface to white matter
DISPERSION = (0.05, 0.4)  # range over genes; variance = mean + dispersion * mean^2
TYPE_GENES, LAYER_GENES, GRADIENT_GENES = 0.30, 0.25, 0.10  # shares of the genes; the rest marks nothing

SPOTS_PER_BLOCK = 4096


@dataclass(frozen=True)
class Tissue:
    """A simulated section.

    Attributes
    ----------
    counts : scipy.sparse.csr_matrix of int32, shape (n, n_genes)
    pixels : DataFrame (n, 2)
        Positions x, y in pixels of an image, y downwards: about 10,000 pixels wide.
    labels : Series (n,)
        Layer of each spot, an ordered category.
    cell_types : Series (n,)
        Cell type of each spot, a category.
    depth : ndarray (n,)
        Depth of each spot, 0 at the surface and 1 at the lower edge of the white matter.
    genes : DataFrame (n_genes, 1)
        By gene name, what the gene marks: a cell type, a layer, "gradient" or "" (nothing).
    """

    counts: csr_matrix
    pixels: pd.DataFrame
    labels: pd.Series
    cell_types: pd.Series
    depth: np.ndarray
    genes: pd.DataFrame


@dataclass(frozen=True)
class _Layout:
    """Where the spots are and what they are; indices into LAYERS and CELL_TYPES."""

    pixels: np.ndarray
    depth: np.ndarray
    layer: np.ndarray
    cell_type: np.ndarray


@dataclass(frozen=True)
class _Genes:
    """What the genes do in each cell type and at each depth, and how much their counts scatter."""

    marks: list[str]
    type_mean: np.ndarray  # (cell types, genes)
    depth_fold: np.ndarray  # (layers + 1, genes), log fold change per function of _depth_basis
    dispersion: np.ndarray  # (genes,)


def simulate_tissue(n_spots: int = 1200, n_genes: int = 500, seed: int = 0) -> Tissue:
    """Simulate a section of cortex: curved layers, mixed cell types, negative-binomial counts.

    Spots lie on a jittered hexagonal lattice inside an arched band with six layers and white matter, whose
    borders undulate. Each spot holds one cell, drawn from its layer's composition; its own cell gives a part
    of its counts (a Beta-distributed share) and its surroundings, the mean composition at that depth, the
    rest. Cell types and layers have marker genes, some genes follow depth, the others mark nothing. Library
    sizes are log-normal.

    Parameters
    ----------
    n_spots : int
        At least 10. Above, memory grows with the non-zero counts only (they are made in blocks): about 3 kB a
        spot at 500 genes.
    n_genes : int
        At least 50.
    seed : int
        0 or more. The same arguments give the same tissue.

    Returns
    -------
    Tissue

    Raises
    ------
    ValueError
        For sizes below those given.

    Examples
    --------
    >>> tissue = simulate_tissue(n_spots=300, n_genes=60, seed=1)
    >>> tissue.counts.shape, list(tissue.labels.cat.categories)
    ((300, 60), ['L1', 'L2', 'L3', 'L4', 'L5', 'L6', 'WM'])
    """
    check_sizes(n_spots, n_genes)
    layout, genes = _lay_out(n_spots, seed), _make_genes(n_genes, seed)
    counts = vstack(list(_count_blocks(layout, genes, seed)), format="csr")
    number = pd.Series(genes.marks).groupby(genes.marks).cumcount() + 1
    names = [f"{mark or 'background'}-{i}" for mark, i in zip(genes.marks, number, strict=True)]
    return Tissue(
        counts=counts,
        pixels=_pixels_frame(layout),
        labels=_labels(layout),
        cell_types=pd.Series(pd.Categorical.from_codes(layout.cell_type, CELL_TYPES), name="cell_type"),
        depth=layout.depth,
        genes=pd.DataFrame({"marks": genes.marks}, index=pd.Index(names, name="gene")),
    )


def simulate_components(
    n_spots: int,
    n_components: int = 50,
    n_genes: int = 500,
    seed: int = 0,
    components: np.ndarray | None = None,
) -> tuple[np.ndarray, pd.DataFrame, pd.Series]:
    """Principal components, positions and layers of a simulated section of any size.

    The counts are never held: they are those of ``simulate_tissue`` with the same arguments, made block by
    block. Each block is scaled to the median library size, logged and projected on the principal axes of the
    first 4,096 spots (spots are in random order).

    Parameters
    ----------
    n_spots, n_genes, seed : int
        As in ``simulate_tissue``.
    n_components : int
        At most n_genes and n_spots.
    components : ndarray (n_spots, n_components), optional
        Where the components go, block by block, and what is returned, such as a file mapped into memory.

    Returns
    -------
    components : ndarray (n_spots, n_components)
    pixels : DataFrame (n_spots, 2)
    labels : Series (n_spots,)

    Raises
    ------
    ValueError
        For sizes out of range.

    Examples
    --------
    >>> components, pixels, labels = simulate_components(300, n_components=10, n_genes=60)
    >>> components.shape, pixels.shape, labels.shape
    ((300, 10), (300, 2), (300,))
    """
    check_sizes(n_spots, n_genes, n_components)
    layout, genes = _lay_out(n_spots, seed), _make_genes(n_genes, seed)
    if components is None:
        components = np.empty((n_spots, n_components))
    blocks = _count_blocks(layout, genes, seed)
    first = next(blocks).toarray()
    median = float(np.median(first.sum(axis=1)))
    logged = _log_normalised(first, median)
    mean = logged.mean(axis=0)
    axes = np.linalg.svd(logged - mean, full_matrices=False)[2][:n_components].T
    components[: len(first)] = (logged - mean) @ axes
    for number, block in enumerate(blocks, 1):
        start = number * SPOTS_PER_BLOCK
        components[start : start + SPOTS_PER_BLOCK] = (_log_normalised(block.toarray(), median) - mean) @ axes
    return components, _pixels_frame(layout), _labels(layout)


def _log_normalised(counts: np.ndarray, median: float) -> np.ndarray:
    return np.log1p(counts * (median / counts.sum(axis=1, keepdims=True)))


def check_sizes(n_spots: int, n_genes: int, n_components: int = 1) -> None:
    """ValueError for a section that cannot be simulated."""
    if n_spots < 10:
        raise ValueError(f"expected n_spots of 10 or more, found {n_spots}")
    if n_genes < 50:
        raise ValueError(f"expected n_genes of 50 or more, found {n_genes}")
    if not 1 <= n_components <= min(n_spots, n_genes):
        raise ValueError(f"expected n_components between 1 and {min(n_spots, n_genes)}, found {n_components}")


def _pixels_frame(layout: _Layout) -> pd.DataFrame:
    return pd.DataFrame(layout.pixels, columns=["x", "y"])


def _labels(layout: _Layout) -> pd.Series:
    return pd.Series(pd.Categorical.from_codes(layout.layer, LAYERS, ordered=True), name="layer")


def _lay_out(n_spots: int, seed: int) -> _Layout:
    """Spots in random order, their depth, and a layer and a cell type for each."""
    rng = np.random.default_rng([seed, 0])
    unit = _lattice_in_band(n_spots, rng)
    unit = unit[rng.permutation(len(unit))[:n_spots]]
    depth = np.clip(_depth(unit), 0.0, 1.0)
    lower_edges = np.cumsum(LAYER_THICKNESS)[:-1]
    layer = np.searchsorted(lower_edges, depth, side="right")
    surroundings = np.searchsorted(lower_edges, depth + rng.normal(0, LAYER_BLUR, n_spots), side="right")
    cumulative = np.cumsum(np.array(list(CELL_TYPE_SHARES.values())), axis=0).T  # (layers, cell types)
    cumulative /= cumulative[:, -1:]
    cell_type = (rng.random((n_spots, 1)) > cumulative[surroundings]).sum(axis=1)
    return _Layout(_to_pixels(unit), depth, layer, cell_type)


def _lattice_in_band(n_spots: int, rng: np.random.Generator) -> np.ndarray:
    """n_spots or more points (x, y) of a jittered hexagonal lattice; y upwards from the arch's centre."""
    half_width = np.sin(HALF_ANGLE) * 1.1
    area = HALF_ANGLE * (1 - INNER_RADIUS**2)
    spacing = np.sqrt(area / n_spots * 2 / np.sqrt(3))
    while True:
        row_height = spacing * np.sqrt(3) / 2
        x, y = np.meshgrid(np.arange(-half_width, half_width, spacing), np.arange(0.2, 1.15, row_height))
        x[1::2] += spacing / 2
        points = np.column_stack([x.ravel(), y.ravel()])
        depth, angle = _depth(points), np.arctan2(points[:, 0], points[:, 1])
        points = points[(depth >= 0) & (depth <= 1) & (np.abs(angle) <= HALF_ANGLE)]
        if len(points) >= n_spots:
            return points + rng.normal(0, SPOT_JITTER * spacing, points.shape)
        spacing *= 0.995


def _depth(points: np.ndarray) -> np.ndarray:
    """Depth below the undulating surface, as a share of the thickness of the band."""
    x, y = points.T
    angle = np.arctan2(x, y)
    surface = 1 + 0.025 * np.sin(5.3 * angle + 0.7)
    floor = INNER_RADIUS + 0.03 * np.sin(3.1 * angle - 0.4)
    return (surface - np.hypot(x, y)) / (surface - floor)


def _to_pixels(points: np.ndarray) -> np.ndarray:
    scale = WIDTH_PIXELS / (2 * np.sin(HALF_ANGLE))
    x = points[:, 0] * scale + WIDTH_PIXELS / 2 + MARGIN_PIXELS
    y = (1.05 - points[:, 1]) * scale + MARGIN_PIXELS
    return np.column_stack([x, y])


def _make_genes(n_genes: int, seed: int) -> _Genes:
    rng = np.random.default_rng([seed, 1])
    shares = (TYPE_GENES, LAYER_GENES, GRADIENT_GENES)
    n_type, n_layer, n_gradient = (round(share * n_genes) for share in shares)
    marks = [CELL_TYPES[i % len(CELL_TYPES)] for i in range(n_type)]
    marks += [LAYERS[i % len(LAYERS)] for i in range(n_layer)] + ["gradient"] * n_gradient
    marks += [""] * (n_genes - len(marks))
    type_fold = rng.normal(0, 0.15, (len(CELL_TYPES), n_genes))
    depth_fold = np.zeros((len(LAYERS) + 1, n_genes))
    for gene, mark in enumerate(marks):
        if mark in CELL_TYPE_SHARES:
            type_fold[CELL_TYPES.index(mark), gene] += rng.normal(*TYPE_MARKER_FOLD)
        elif mark in LAYERS:
            depth_fold[LAYERS.index(mark), gene] = rng.normal(*LAYER_MARKER_FOLD)
        elif mark == "gradient":
            depth_fold[-1, gene] = rng.normal(0, GRADIENT_FOLD)
    base = rng.lognormal(0, 1, n_genes)
    base *= n_genes * COUNTS_PER_GENE / base.sum()
    return _Genes(marks, base * np.exp(type_fold), depth_fold, rng.uniform(*DISPERSION, n_genes))


def _depth_basis(depth: np.ndarray) -> np.ndarray:
    """A bump over each layer, as wide as the layer, and a slope: (n, layers + 1)."""
    thickness = np.array(LAYER_THICKNESS)
    centre = np.cumsum(thickness) - thickness / 2
    bumps = np.exp(-0.5 * ((depth[:, None] - centre) / (0.6 * thickness)) ** 2)
    return np.column_stack([bumps, 2 * depth - 1])


def _count_blocks(layout: _Layout, genes: _Genes, seed: int) -> Iterator[csr_matrix]:
    """Counts of SPOTS_PER_BLOCK spots at a time, each block from its own stream of random numbers.

    counts ~ Poisson(Gamma(shape 1/dispersion, mean mu)), mu = library size * (share of the spot's own cell +
    the rest of its surroundings) * exp(effect of depth).
    """
    shares = np.array(list(CELL_TYPE_SHARES.values())).T  # (layers, cell types)
    surroundings = shares / shares.sum(axis=1, keepdims=True) @ genes.type_mean
    shape = 1 / genes.dispersion
    for number, start in enumerate(range(0, len(layout.depth), SPOTS_PER_BLOCK)):
        rng = np.random.default_rng([seed, 2, number])
        block = slice(start, start + SPOTS_PER_BLOCK)
        size = len(layout.depth[block])
        own = rng.beta(*CELL_SHARE, (size, 1))
        mean = own * genes.type_mean[layout.cell_type[block]] + (1 - own) * surroundings[layout.layer[block]]
        mean *= np.exp(_depth_basis(layout.depth[block]) @ genes.depth_fold)
        mean *= rng.lognormal(0, LIBRARY_SPREAD, (size, 1))
        yield csr_matrix(rng.poisson(rng.gamma(shape, mean / shape)).astype(np.int32))
