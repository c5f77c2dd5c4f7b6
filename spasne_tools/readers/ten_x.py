"""Feature-barcode matrices of 10x Genomics: HDF5 of versions 2 and 3, and folders of Matrix Market files.

The layouts are those of Cell Ranger, Space Ranger and Xenium Onboard Analysis; genes are in rows there, and
barcodes in rows here. GEO keeps the three files of a folder under a prefix.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse

from spasne_tools.extras import load_h5py
from spasne_tools.readers.platform_data import FeatureMatrix
from spasne_tools.readers.sample_files import Sample, listed
from spasne_tools.readers.text_file import READ_ERRORS, open_bytes, open_text

MATRIX = "matrix.mtx"
BARCODES = ("barcodes.tsv", "barcodes.csv", "barcodes.txt")
FEATURES = ("features.tsv", "genes.tsv", "features.csv", "genes.csv", "features.txt", "genes.txt")
COLUMNS = ("id", "name", "kind")  # of features.tsv, the first three


# ---- HDF5 ------------------------------------------------------------------------------------------------


def read_h5(path: Path) -> tuple[FeatureMatrix, dict[str, str]]:
    """The matrix of a .h5 file, and what its attributes say (library, chemistry, version).

    Raises
    ------
    ValueError
        The file is no HDF5, or not of this layout; the message has what is in it.
    ImportError
        h5py is missing.
    """
    h5py = load_h5py()
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"expected an HDF5 file in {path}, found none that can be read ({error})") from None
    with file:
        attributes = {name: _text(value) for name, value in file.attrs.items()}
        group, features = _matrix_group(file, path)
        n_features, n_barcodes = (int(size) for size in group["shape"][()])
        counts = scipy.sparse.csr_matrix(
            (group["data"][()], group["indices"][()], group["indptr"][()]), shape=(n_barcodes, n_features)
        )
        names = pd.Index(_texts(group["barcodes"]))
    counts.sort_indices()
    return FeatureMatrix(counts, names, features), attributes


def _matrix_group(file: Any, path: Path) -> tuple[Any, pd.DataFrame]:
    if "matrix" in file and "features" in file["matrix"]:
        group = file["matrix"]
        parts = group["features"]
        found = {"id": "id", "name": "name", "kind": "feature_type"}
        return group, pd.DataFrame({name: _texts(parts[key]) for name, key in found.items() if key in parts})
    genomes = [name for name, group in file.items() if hasattr(group, "keys") and "gene_names" in group]
    if len(genomes) == 1:
        group = file[genomes[0]]
        return group, pd.DataFrame({"id": _texts(group["genes"]), "name": _texts(group["gene_names"])})
    if genomes:
        raise ValueError(f"expected one genome in {path}, found {', '.join(genomes)}")
    there = ", ".join(list(file)[:8]) or "nothing"
    raise ValueError(f"expected a feature-barcode matrix of 10x Genomics in {path}, found {there}")


def _texts(values: Any) -> np.ndarray:
    return np.array([_text(value) for value in values[()]], dtype=object)


def _text(value: Any) -> str:
    value = np.asarray(value).ravel()[:1].tolist()
    first = value[0] if value else ""
    return first.decode() if isinstance(first, bytes) else str(first)


# ---- Matrix Market ---------------------------------------------------------------------------------------


def read_triplet(files: Sample, matrix: Path, platform: str = "a folder of 10x Genomics") -> FeatureMatrix:
    """The matrix of a Matrix Market file with its names beside it.

    Raises
    ------
    ValueError
        A file is missing, or the sizes disagree.
    """
    barcodes_path = files.require(platform, *BARCODES)
    features_path = files.require(platform, *FEATURES)
    counts = read_matrix_market(matrix)
    barcodes, features = _names(barcodes_path, counts.shape), _names(features_path, counts.shape)
    if counts.shape == (len(barcodes), len(features)) != (len(features), len(barcodes)):
        counts = counts.T  # written with cells in rows
    if counts.shape != (len(features), len(barcodes)):
        raise ValueError(
            f"expected {len(features)} genes (rows) of {len(barcodes)} cells (columns) in {matrix}, as "
            f"listed beside it, found {counts.shape[0]} x {counts.shape[1]}"
        )
    features.columns = [*COLUMNS, *features.columns][: features.shape[1]]
    if "name" not in features:
        features["name"] = features["id"]
    wanted = [name for name in COLUMNS if name in features]
    return FeatureMatrix(counts.T.tocsr(), pd.Index(barcodes[0]), features[wanted])


def read_matrix_market(path: Path) -> scipy.sparse.csc_matrix:
    """The sparse matrix of a .mtx file, plain or compressed, as it is there."""
    try:
        with open_bytes(path) as file:
            return scipy.sparse.csc_matrix(scipy.io.mmread(file))
    except READ_ERRORS + (ValueError,) as error:
        raise ValueError(f"expected a Matrix Market file in {path}, found none ({error})") from None


def _names(path: Path, shape: tuple[int, int]) -> pd.DataFrame:
    """Columns of text, numbered from 0; without the header that R writes unless told not to."""
    separator = "," if ".csv" in path.suffixes else "\t"
    try:
        with open_text(path) as file:
            names = pd.read_csv(file, sep=separator, header=None, dtype=str, keep_default_na=False)
    except READ_ERRORS + (ValueError,) as error:
        raise ValueError(f"expected names, one in a line, in {path}, found none ({error})") from None
    if len(names) not in shape and len(names) - 1 in shape:
        names = names.iloc[1:].reset_index(drop=True)
    numbers = [str(number + 1) for number in range(len(names))]
    if names.shape[1] > 1 and list(names[0]) == numbers:  # of rows, as write.csv puts them first
        names = names.iloc[:, 1:].set_axis(range(names.shape[1] - 1), axis=1)
    return names


def read_folder(folder: Path) -> FeatureMatrix:
    """The matrix of a folder that holds matrix.mtx, barcodes.tsv and features.tsv or genes.tsv."""
    files = Sample(folder)
    matrix = files.find(MATRIX)
    if matrix is None:
        raise ValueError(f"expected {MATRIX} or {MATRIX}.gz in {folder}, found {listed(folder)}")
    return read_triplet(files, matrix)


def read_h5_or_folder(files: Sample, stem: str) -> tuple[FeatureMatrix, dict[str, str]] | None:
    """`stem`.h5 or the folder `stem`, whichever is there and can be read; None where neither is.

    Where both are, the folder will do without h5py.
    """
    h5, folder = files.find(f"{stem}.h5"), files.find(stem)
    if h5 is not None:
        try:
            return read_h5(h5)
        except ImportError:
            if folder is None:
                raise
    if folder is not None and folder.is_dir():
        return read_folder(folder), {}
    return None
