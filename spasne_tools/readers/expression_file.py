"""Expression from files: tables, .npy and .npz arrays, AnnData's .h5ad, folders that 10x programs write."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse

from spasne_tools.readers.anndata_io import load_anndata, obsm_matrix
from spasne_tools.readers.tables import STANDARD_STREAM, has_row_names, read_table
from spasne_tools.readers.text_file import GZIP_MAGIC
from spasne_tools.validation import Matrix

MATRIX_NAMES = ("matrix.mtx", "matrix.mtx.gz")
BARCODE_NAMES = ("barcodes.tsv", "barcodes.tsv.gz")
FEATURE_NAMES = ("features.tsv", "features.tsv.gz", "genes.tsv", "genes.tsv.gz")
FILTERED_FOLDERS = ("filtered_feature_bc_matrix", "filtered_gene_bc_matrices")  # below a folder `outs`
EXPRESSION_FEATURES = "Gene Expression"  # beside antibodies and others in features.tsv
DEFAULT_SPATIAL_KEY = "spatial"


@dataclass(frozen=True)
class Expression:
    """Expression (n, genes) and what its file says of rows and columns.

    ``rows`` and ``genes`` are None where the file does not name them; ``positions`` (n, 2 or 3) and
    ``annotation`` (n, columns) come with .h5ad files only.
    """

    values: pd.DataFrame | np.ndarray | Matrix
    rows: pd.Index | None = None
    genes: pd.Index | None = None
    positions: pd.DataFrame | None = None
    annotation: pd.DataFrame | None = None


def read_expression(
    file: str, layer: str | None = None, use_rep: str | None = None, spatial_key: str = DEFAULT_SPATIAL_KEY
) -> Expression:
    """Read expression from `file`, whose kind is told from its name.

    Parameters
    ----------
    file : str
        A table (see ``read_table``; "-" for standard input), a NumPy array (.npy), a sparse matrix that
        ``scipy.sparse.save_npz`` wrote (.npz), AnnData (.h5ad), or a folder with ``matrix.mtx``,
        ``barcodes.tsv`` and ``features.tsv`` (each may end in .gz), such as 10x programs write, or that
        matrix file itself. Rows are cells or spots, in the matrix.mtx columns are.
    layer, use_rep : str, optional
        Of .h5ad: the layer, or the entry of obsm, in place of X.
    spatial_key : str
        Of .h5ad: the entry of obsm that holds the positions.

    Returns
    -------
    Expression

    Raises
    ------
    ValueError
        The file is missing or not of the kind its name says.
    ImportError
        A .h5ad file without the package anndata (``pip install 'spasne[anndata]'``).
    """
    path, suffix = Path(file), "".join(Path(file).suffixes[-2:]).lower()
    if suffix.endswith(".h5ad"):
        return _read_anndata(path, layer, use_rep, spatial_key)
    if layer is not None or use_rep is not None:
        raise ValueError(f"expected a .h5ad file for a layer or a representation, found {file!r}")
    if file != STANDARD_STREAM and path.is_dir():
        return _read_10x(path)
    if suffix.endswith((".mtx", ".mtx.gz")):
        return _read_10x(path.parent, path)
    if suffix.endswith(".npz"):
        return Expression(_read_sparse(path))
    if suffix.endswith((".h5", ".hdf5")):
        raise ValueError(
            f"expected a table, .npy, .npz, .h5ad or a folder with matrix.mtx, found {file}; beside a .h5 "
            "file of 10x Genomics lies the folder filtered_feature_bc_matrix: name that"
        )
    table = read_table(file)
    return Expression(table, table.index if has_row_names(table) else None, table.columns)


def _read_sparse(path: Path) -> Matrix:
    try:
        return scipy.sparse.csr_matrix(scipy.sparse.load_npz(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"expected a sparse matrix as scipy.sparse.save_npz writes it in {path}, found none ({error})"
        ) from None


# ---- 10x -------------------------------------------------------------------------------------------------


def _read_10x(folder: Path, matrix: Path | None = None) -> Expression:
    """The matrix (genes x cells) of a folder, turned around."""
    if matrix is None:
        folder = next((folder / name for name in FILTERED_FOLDERS if (folder / name).is_dir()), folder)
        matrix = _one_of(folder, MATRIX_NAMES)
    barcodes = _read_names(_one_of(folder, BARCODE_NAMES))
    features = _read_names(_one_of(folder, FEATURE_NAMES))
    try:
        with _open(matrix) as file:
            counts = scipy.sparse.csc_matrix(scipy.io.mmread(file))
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"expected a Matrix Market file in {matrix}, found none ({error})") from None
    if counts.shape != (len(features), len(barcodes)):
        raise ValueError(
            f"expected {len(features)} genes (rows) of {len(barcodes)} cells (columns) in {matrix}, as "
            f"listed beside it, found {counts.shape[0]} x {counts.shape[1]}"
        )
    symbols = pd.Index(features[1] if features.shape[1] > 1 else features[0], name="gene")
    values = counts.T.tocsr()
    if features.shape[1] > 2:  # of several kinds of features only genes
        genes = np.flatnonzero(features[2].to_numpy() == EXPRESSION_FEATURES)
        if 0 < len(genes) < len(symbols):
            values, symbols = values[:, genes], symbols[genes]
    return Expression(values, pd.Index(barcodes[0]), symbols)


def _one_of(folder: Path, names: tuple[str, ...]) -> Path:
    for path in (folder / name for name in names):
        if path.is_file():
            return path
    there = sorted(path.name for path in folder.iterdir())[:8] if folder.is_dir() else []
    raise ValueError(f"expected {' or '.join(names)} in {folder}, found {', '.join(there) or 'nothing'}")


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    with path.open("rb") as file:
        zipped = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    return gzip.open(path, "rb") if zipped else path.open("rb")


def _read_names(path: Path) -> pd.DataFrame:
    """Text columns, without header, of a tab-separated file."""
    try:
        with _open(path) as file:
            return pd.read_csv(file, sep="\t", header=None, dtype=str, keep_default_na=False, quoting=3)
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"expected names, one in a line, in {path}, found none ({error})") from None


# ---- AnnData ---------------------------------------------------------------------------------------------


def _read_anndata(path: Path, layer: str | None, use_rep: str | None, spatial_key: str) -> Expression:
    if layer is not None and use_rep is not None:
        raise ValueError(f"expected a layer or a representation, found both ({layer!r} and {use_rep!r})")
    anndata = load_anndata()
    if not path.is_file():
        raise ValueError(f"expected a .h5ad file, found none at {path}")
    try:
        adata = anndata.read_h5ad(path)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"expected AnnData in {path}, found none that can be read ({error})") from None
    rows = pd.Index(adata.obs_names.astype(str))
    positions = None
    if spatial_key in adata.obsm:
        positions = pd.DataFrame(np.asarray(adata.obsm[spatial_key]), rows)
        positions.columns = positions.columns + 1  # as those of a table without a header
    elif spatial_key != DEFAULT_SPATIAL_KEY:
        raise _absent(spatial_key, "obsm", adata.obsm, path)
    values, genes = _values_of(adata, layer, use_rep, path)
    return Expression(values, rows, genes, positions, adata.obs.set_axis(rows, axis=0))


def _values_of(
    adata: Any, layer: str | None, use_rep: str | None, path: Path
) -> tuple[Matrix, pd.Index | None]:
    if use_rep is not None:
        if use_rep not in adata.obsm:
            raise _absent(use_rep, "obsm", adata.obsm, path)
        return obsm_matrix(adata, use_rep), None
    if layer is not None:
        if layer not in adata.layers:
            raise _absent(layer, "layers", adata.layers, path)
        return adata.layers[layer], adata.var_names
    if adata.X is None:
        raise ValueError(f"expected X in {path}, found none; name a layer or an entry of obsm")
    return adata.X, adata.var_names


def _absent(key: str, place: str, found: Any, path: Path) -> ValueError:
    return ValueError(f"expected {key!r} in {place} of {path}, found {', '.join(found) or 'nothing'}")
