"""Real data sets of the paper, found locally or downloaded and verified, and simulated tissue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, load_npz

from spasne_tools.preprocessing import preprocess_counts
from spasne_tools.published_files import DATA_VARIABLE, find_published, named_folder
from spasne_tools.simulation import Tissue, simulate_components, simulate_tissue

__all__ = ["Dataset", "Tissue", "load_dataset", "load_example", "simulate_components", "simulate_tissue"]

VISUAL_CORTEX_COUNTS = "starmap_visual_cortex_1207"  # folder with counts.npz, genes.csv.gz and coords.csv.gz
SAME_POSITION = 1e-6  # pixels
VISUAL_CORTEX_MARKERS = ("Cux2", "Rorb", "Pcp4", "Mbp")  # of layers 2 to 4, 4, 5 and 6, and of white matter
SIMULATED_MARKERS = ("L2-4", "L4-12", "Ex L6-9", "Oligo-13")
# What the examples are about, and the size of the tissue that stands in for data that are not at hand.
EXAMPLES = {
    "breast_cancer": ("human breast cancer (Visium)", 1272),
    "visual_cortex": ("mouse visual cortex (STARmap)", 1207),
}


@dataclass(frozen=True)
class Dataset:
    """A data set ready for ``run_spasne(dataset.data, dataset.pixels)``.

    Attributes
    ----------
    name : str
    data : DataFrame (n, 200)
        Principal components of the expression, as the paper used them.
    pixels : DataFrame (n, 2)
        Positions x, y in pixels.
    labels : Series (n,)
        The classes that the paper scores the silhouette with.
    meta : DataFrame
        All that is known of each spot: positions, cell types, other classes.
    counts : scipy.sparse.csr_matrix (n, genes) or None
        Where the components were computed from counts, these.
    genes : Index or None
        Names of the columns of `counts`.
    markers : tuple of str
        Genes worth drawing on the map; none without counts.
    simulated : bool
        Whether this is simulated tissue that stands in for the data (`load_example`).
    """

    name: str
    data: pd.DataFrame
    pixels: pd.DataFrame
    labels: pd.Series
    meta: pd.DataFrame
    counts: csr_matrix | None = None
    genes: pd.Index | None = None
    markers: tuple[str, ...] = ()
    simulated: bool = False


def load_dataset(name: str) -> Dataset:
    """Load a data set of the paper.

    Each file is looked for in the folder named by the environment variable SPASNE_DATA, then in the cache
    (SPASNE_CACHE, else XDG_CACHE_HOME/spasne, else ~/.cache/spasne), and is else downloaded into the cache
    from the published repository. Every file must have the published content.

    Parameters
    ----------
    name : "breast_cancer" or "visual_cortex"
        "breast_cancer": 1272 spots of human breast cancer (Visium); labels are ``sub_type_5`` (19 classes).
        "visual_cortex": 1207 cells of mouse visual cortex (STARmap); labels are ``layer_type`` (7 layers). If
        the folder SPASNE_DATA holds ``starmap_visual_cortex_1207`` with the counts, the components are
        computed from them, else the published ones are taken.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        Another name; or a file in SPASNE_DATA that is not the published one.
    FileNotFoundError
        A file is nowhere to be found and cannot be downloaded; the message says where to put it.

    References
    ----------
    Zhou et al., GigaScience 14 (2025) giaf002; https://github.com/Lin-Xu-lab/SpaSNE (BSD 3-clause).
    Wang et al., Three-dimensional intact-tissue sequencing of single-cell transcriptional states, Science 361
    (2018) eaat5691 (STARmap).

    Examples
    --------
    >>> dataset = load_dataset("breast_cancer")  # doctest: +SKIP
    >>> dataset.data.shape, dataset.labels.nunique()  # doctest: +SKIP
    ((1272, 200), 19)
    """
    loaders = {"breast_cancer": _load_breast_cancer, "visual_cortex": _load_visual_cortex}
    if name not in loaders:
        raise ValueError(f"expected the name of a data set, one of {', '.join(loaders)}, found {name!r}")
    return loaders[name]()


def load_example(name: str) -> Dataset:
    """A data set of the paper where SPASNE_DATA provides it, else simulated tissue of the same size.

    The notebooks call this, so that they run everywhere; a line printed says which of the two it was.

    Parameters
    ----------
    name : "breast_cancer" or "visual_cortex"
        As for `load_dataset`. "visual_cortex" is real only where its counts are at hand.

    Returns
    -------
    Dataset
        Simulated tissue has the labels ``layer``, counts and genes; its `meta` has the columns of the real
        ones that both can have: x_pixel, y_pixel and cell_type.

    Raises
    ------
    ValueError
        Another name; or a file in SPASNE_DATA that is not the published one.
    FileNotFoundError
        As `load_dataset`, where SPASNE_DATA is set.

    Examples
    --------
    >>> dataset = load_example("visual_cortex")  # doctest: +SKIP
    simulated cortex of 1207 spots, because SPASNE_DATA does not name the folder of the real data
    """
    if name not in EXAMPLES:
        raise ValueError(f"expected the name of an example, one of {', '.join(EXAMPLES)}, found {name!r}")
    title, n_spots = EXAMPLES[name]
    missing = _why_not_at_hand(name)
    if missing is None:
        dataset = load_dataset(name)
        print(f"{title}, {len(dataset.data)} spots, as published")
        return dataset
    print(f"simulated cortex of {n_spots} spots, because {missing}")
    return _simulated_dataset(n_spots)


def _why_not_at_hand(name: str) -> str | None:
    folder = named_folder()
    if folder is None:
        return f"{DATA_VARIABLE} does not name the folder of the real data"
    if name == "visual_cortex" and not (folder / VISUAL_CORTEX_COUNTS).is_dir():
        return f"the folder that {DATA_VARIABLE} names has no {VISUAL_CORTEX_COUNTS}"
    return None


def _simulated_dataset(n_spots: int) -> Dataset:
    tissue = simulate_tissue(n_spots)
    return Dataset(
        name="simulated",
        data=pd.DataFrame(preprocess_counts(tissue.counts)),
        pixels=tissue.pixels,
        labels=tissue.labels,
        meta=tissue.pixels.add_suffix("_pixel").assign(cell_type=tissue.cell_types),
        counts=tissue.counts,
        genes=tissue.genes.index,
        markers=SIMULATED_MARKERS,
        simulated=True,
    )


def _load_breast_cancer() -> Dataset:
    data, meta = (_read(f"human_BreastCancer1272_{part}.csv") for part in ("data_pc200", "meta"))
    _check_alignment(data.index, meta.index)
    return Dataset("breast_cancer", data, _pixels(meta), meta["sub_type_5"].rename("label"), meta)


def _load_visual_cortex() -> Dataset:
    meta = _read("mouse_VisualCortex1207_meta.csv")
    labels, counts, genes = meta["layer_type"].rename("label"), None, None
    markers: tuple[str, ...] = ()
    folder = named_folder()
    if folder is not None and (folder / VISUAL_CORTEX_COUNTS).is_dir():
        counts, genes = _read_counts(folder / VISUAL_CORTEX_COUNTS, meta)
        data = pd.DataFrame(preprocess_counts(counts, n_components=200), index=meta.index)
        markers = VISUAL_CORTEX_MARKERS
    else:
        data = _read("mouse_VisualCortex1207_data_pc200.csv")
        _check_alignment(data.index, meta.index)
    return Dataset("visual_cortex", data, _pixels(meta), labels, meta, counts, genes, markers)


def _read_counts(folder: Path, meta: pd.DataFrame) -> tuple[csr_matrix, pd.Index]:
    """Counts and gene names, checked to be those of the cells of `meta` by their positions."""
    counts = load_npz(folder / "counts.npz").tocsr()
    genes = pd.Index(pd.read_csv(folder / "genes.csv.gz")["gene"])
    positions = pd.read_csv(folder / "coords.csv.gz")[["x_pixel", "y_pixel"]].to_numpy()
    if counts.shape != (len(meta), len(genes)) or positions.shape != (len(meta), 2):
        raise ValueError(
            f"expected {len(meta)} cells and {len(genes)} genes in {folder}, found counts {counts.shape} "
            f"and {len(positions)} positions"
        )
    distance = np.abs(positions - _pixels(meta).to_numpy()).max(axis=1)
    if (distance > SAME_POSITION).any():
        cell = int(np.argmax(distance > SAME_POSITION))
        raise ValueError(f"expected the cells of {folder} as in the meta file, found another as cell {cell}")
    return counts, genes


def _pixels(meta: pd.DataFrame) -> pd.DataFrame:
    return meta[["x_pixel", "y_pixel"]].astype(float).set_axis(["x", "y"], axis=1)


def _check_alignment(data: pd.Index, meta: pd.Index) -> None:
    if not data.equals(meta):
        raise ValueError("expected the spots of the data in the meta file, found others")


def _read(file_name: str) -> pd.DataFrame:
    return pd.read_csv(find_published(file_name), index_col=0)
