"""Loom files: genes in rows, cells in columns, what is known of both in row_attrs and col_attrs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.coordinates import find_coordinates
from spasne_tools.extras import load_h5py
from spasne_tools.readers.cell_table import CellTable
from spasne_tools.readers.platform_data import FeatureMatrix, PlatformData, assemble

PLATFORM = "loom"
BLOCK = 1 << 22  # numbers that are read at once
CELL_NAMES = ("CellID", "obs_names", "cell_id", "Barcode", "barcode", "barcodes", "cell_names")
GENE_NAMES = ("Gene", "gene", "gene_names", "var_names", "GeneName", "gene_name", "Accession")
POSITIONS = ("spatial", "X_spatial")  # arrays (n, 2 or 3) among col_attrs, as scanpy writes obsm


def find(path: Path) -> Path | None:
    """`path` where it is a .loom file."""
    return path if path.suffix.lower() == ".loom" else None


def read(path: Path, bin: int | None = None) -> PlatformData:
    """The main matrix with what col_attrs have of positions: X and Y, or an array `spatial`.

    Attributes that begin with an underscore are other maps by the format's convention, and not taken.

    Raises
    ------
    ValueError
        The file is no loom file.
    ImportError
        h5py is missing.
    """
    h5py = load_h5py()
    if not path.is_file():
        raise ValueError(f"expected a .loom file, found none at {path}")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"expected a .loom file in {path}, found none that can be read ({error})") from None
    with file:
        if missing := [name for name in ("matrix", "col_attrs", "row_attrs") if name not in file]:
            raise ValueError(f"expected {missing[0]} in {path}, found {', '.join(file) or 'nothing'}")
        cells, genes = _attributes(file["col_attrs"]), _attributes(file["row_attrs"])
        counts = _sparse(file["matrix"]).T.tocsr()
    names, features = _names(cells, CELL_NAMES, counts.shape[0]), _names(genes, GENE_NAMES, counts.shape[1])
    matrix = FeatureMatrix(counts, names, pd.DataFrame({"name": features}))
    table = pd.DataFrame({name: value for name, value in cells.items() if value.ndim == 1}, index=names)
    coordinates = find_coordinates([name for name in table if not name.startswith("_")])
    for name in (name for name in POSITIONS if name in cells and cells[name].ndim == 2):
        axes = [f"{name}_{axis}" for axis in "xyz"[: cells[name].shape[1]]]
        table[axes], coordinates = cells[name], axes
    if coordinates is None:
        return assemble(
            PLATFORM,
            matrix,
            None,
            f"expected positions in col_attrs of {path} (X and Y, or spatial), found {', '.join(cells)}",
        )
    return assemble(PLATFORM, matrix, CellTable(table, tuple(coordinates), path.name))


def _attributes(group: Any) -> dict[str, np.ndarray]:
    found = {}
    for name, dataset in group.items():
        values = dataset[()]
        if values.dtype.kind in "OS":
            values = np.array([v.decode() if isinstance(v, bytes) else str(v) for v in values.ravel()])
            values = values.astype(object).reshape(dataset.shape)
        found[name] = values
    return found


def _names(attributes: dict[str, np.ndarray], known: tuple[str, ...], n: int) -> pd.Index:
    """The first attribute whose name is `known`; numbers from 0 where there is none."""
    found = next((attributes[name] for name in known if name in attributes), np.arange(n))
    return pd.Index(pd.Series(found).astype(str))


def _sparse(dataset: Any) -> scipy.sparse.csr_matrix:
    """A dense dataset on disk as CSR, a few rows at a time."""
    step = max(1, BLOCK // max(1, dataset.shape[1]))
    parts = [scipy.sparse.csr_matrix(dataset[row : row + step]) for row in range(0, dataset.shape[0], step)]
    return scipy.sparse.vstack(parts, format="csr")
