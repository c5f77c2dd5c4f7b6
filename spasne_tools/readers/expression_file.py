"""Expression from files: tables, .npy and .npz arrays, AnnData, and what platforms write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.readers import loom, table_folder
from spasne_tools.readers.anndata_files import (
    find_positions,
    is_anndata_file,
    no_positions,
    open_anndata,
    section_column,
)
from spasne_tools.readers.anndata_io import DEFAULT_SPATIAL_KEY
from spasne_tools.readers.anndata_representation import RAW, obsm_matrix, values_and_genes
from spasne_tools.readers.platform_data import PlatformData
from spasne_tools.readers.platforms import check_bin, check_what_is_below, read_platform
from spasne_tools.readers.sample_files import listed
from spasne_tools.readers.tables import has_row_names, read_table
from spasne_tools.readers.ten_x import MATRIX
from spasne_tools.readers.text_file import STANDARD_STREAM
from spasne_tools.validation import Matrix

# What these read may be normalised already; other platforms count.
OF_ANY_KIND = (loom.PLATFORM, table_folder.PLATFORM)


@dataclass(frozen=True)
class Expression:
    """Expression (n, genes) and what its file says of rows and columns.

    ``rows`` and ``genes`` are None where the file does not name them. ``positions`` (n, 2 or 3),
    ``annotation`` (n, columns) and ``sections`` (n,) come with AnnData and platforms only; where these should
    have positions and have none, ``no_positions`` says so. ``is_counts``: surely, by its platform. ``notes``
    are lines about what was done. ``identifiers`` (n, columns) are those columns of a table that are
    no genes. Where rows were left out, ``taken`` are the numbers of those kept, among ``n_read``.
    """

    values: pd.DataFrame | np.ndarray | Matrix
    rows: pd.Index | None = None
    genes: pd.Index | None = None
    positions: pd.DataFrame | None = None
    annotation: pd.DataFrame | None = None
    sections: np.ndarray | None = None
    no_positions: str | None = None
    is_counts: bool = False
    notes: tuple[str, ...] = ()
    identifiers: pd.DataFrame | None = None
    taken: np.ndarray | None = None
    n_read: int | None = None

    def keep(self, kept: np.ndarray, note: str) -> Expression:
        """The rows of a mask `kept`, with a `note` that says which."""
        of_rows = ("values", "rows", "positions", "annotation", "sections", "identifiers")
        parts = {name: getattr(self, name) for name in of_rows}
        left: dict[str, Any] = {name: part if part is None else part[kept] for name, part in parts.items()}
        return replace(
            self,
            **left,
            taken=self.row_numbers()[kept],
            n_read=self.n_read or len(kept),
            notes=(*self.notes, note),
        )

    def row_numbers(self) -> np.ndarray:
        """Of each row, in the file."""
        return np.arange(self.values.shape[0]) if self.taken is None else self.taken


def read_expression(
    file: str,
    layer: str | None = None,
    use_rep: str | None = None,
    spatial_key: str = DEFAULT_SPATIAL_KEY,
    bin: int | None = None,
) -> Expression:
    """Read expression from `file`, whose kind is told from its name and, of platforms, from what is there.

    Parameters
    ----------
    file : str
        A table (see ``read_table``; "-" for standard input), a NumPy array (.npy), a sparse matrix that
        ``scipy.sparse.save_npz`` wrote (.npz), AnnData (.h5ad, .zarr), or what a platform writes (see
        ``spasne.read``). Rows are cells or spots, in a matrix.mtx columns are.
    layer, use_rep : str, optional
        Of AnnData: the layer ("raw": .raw, where no layer has that name), or the entry of obsm, in place of
        X.
    spatial_key : str
        Of AnnData: the entry of obsm that holds the positions.
    bin : int, optional
        Of Visium HD and Stereo-seq: the size of bins, see ``spasne.read``.

    Returns
    -------
    Expression

    Raises
    ------
    ValueError
        The file is missing or not of the kind its name says.
    ImportError
        AnnData without the package anndata (``pip install 'spasne[anndata]'``), or a platform's file without
        the package that it needs.
    """
    path = Path(file)
    if file != STANDARD_STREAM and is_anndata_file(path):
        check_bin(bin, "AnnData")
        return _read_anndata(path, layer, use_rep, spatial_key)
    if layer is not None or use_rep is not None:
        raise ValueError(f"expected a .h5ad file for a layer or a representation, found {file!r}")
    if file != STANDARD_STREAM and (data := read_platform(path, bin)) is not None:
        return _of_platform(data)
    check_bin(bin, "a table")
    if file != STANDARD_STREAM and path.is_dir():
        check_what_is_below(path)
        raise ValueError(
            f"expected {MATRIX} or {MATRIX}.gz in {file}, found {listed(path)}; docs/platforms says by which "
            "files other platforms are known"
        )
    if path.suffix.lower() == ".npz":
        return Expression(_read_sparse(path))
    table = read_table(file)
    return Expression(table, table.index if has_row_names(table) else None, table.columns)


def _of_platform(data: PlatformData) -> Expression:
    return Expression(
        data.counts,
        data.names,
        pd.Index(data.genes.index, name="gene"),
        data.positions,
        data.annotation,
        data.sections,
        data.no_positions,
        data.platform not in OF_ANY_KIND,
        (f"{data.platform}: {len(data.names)} rows, {len(data.genes)} genes", *data.notes),
    )


def _read_sparse(path: Path) -> Matrix:
    try:
        return scipy.sparse.csr_matrix(scipy.sparse.load_npz(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"expected a sparse matrix as scipy.sparse.save_npz writes it in {path}, found none ({error})"
        ) from None


# ---- AnnData ---------------------------------------------------------------------------------------------


def _read_anndata(path: Path, layer: str | None, use_rep: str | None, spatial_key: str) -> Expression:
    if layer is not None and use_rep is not None:
        raise ValueError(f"expected a layer or a representation, found both ({layer!r} and {use_rep!r})")
    adata = open_anndata(path)
    rows = pd.Index(adata.obs_names.astype(str))
    found = find_positions(adata, spatial_key, path)
    positions, notes = (None, ()) if found is None else (found[0], (f"positions: {found[1]}",))
    values, genes = _values_of(adata, layer, use_rep, path)
    column = section_column(adata)
    return Expression(
        values,
        rows,
        genes,
        positions,
        adata.obs.set_axis(rows, axis=0),
        None if column is None else adata.obs[column].to_numpy(),
        no_positions(adata, path) if positions is None else None,
        notes=notes if column is None else (*notes, f"sections: {column}"),
    )


def _values_of(
    adata: Any, layer: str | None, use_rep: str | None, path: Path
) -> tuple[Matrix, pd.Index | None]:
    if use_rep is not None:
        if use_rep not in adata.obsm:
            raise _absent(use_rep, "obsm", adata.obsm, path)
        return obsm_matrix(adata, use_rep), None
    if layer is not None and layer != RAW and layer not in adata.layers:
        raise _absent(layer, "layers", adata.layers, path)
    values, var = values_and_genes(adata, layer)
    return values, var.index


def _absent(key: str, place: str, found: Any, path: Path) -> ValueError:
    return ValueError(f"expected {key!r} in {place} of {path}, found {', '.join(found) or 'nothing'}")
