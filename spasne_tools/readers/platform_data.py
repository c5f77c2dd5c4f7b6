"""What the reader of any platform makes of its files; AnnData and the command line are served from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.extras import load_anndata
from spasne_tools.features import control_features
from spasne_tools.readers.anndata_io import DEFAULT_SPATIAL_KEY, RECORD
from spasne_tools.readers.cell_table import CellTable, aligned
from spasne_tools.readers.tissue_images import TissueImages
from spasne_tools.readers.totals import unlike_totals
from spasne_tools.user_warning import warn_user

GENES = "Gene Expression"  # 10x's word in feature_types
CONTROLS = "controls"  # key of control features among those that are no genes
SECTION_KEY = "section"  # column of obs where the reader found several


@dataclass(frozen=True)
class FeatureMatrix:
    """Counts as a platform gives them: ``counts`` (n, features) as CSR, names of both sides.

    ``features`` has the columns name, id and kind, of which the last two may be missing.
    """

    counts: scipy.sparse.csr_matrix
    names: pd.Index
    features: pd.DataFrame

    def rows(self, chosen: np.ndarray) -> FeatureMatrix:
        """The rows that a mask or row numbers choose."""
        return FeatureMatrix(self.counts[chosen], self.names[chosen], self.features)


@dataclass(frozen=True)
class PlatformData:
    """One sample, or several sections that lie in one table.

    Attributes
    ----------
    platform : str
    counts : csr_matrix (n, genes)
    names : Index (n,)
        Of cells, spots, beads or bins.
    genes : DataFrame (genes, any)
        Indexed by their names; ids and kinds where the files have them.
    positions : DataFrame (n, 2 or 3), optional
        x first, in the platform's unit. None: ``no_positions`` says what is missing.
    no_positions : str, optional
        The message for whoever needs positions.
    annotation : DataFrame (n, any)
        What else the files say of the rows.
    apart : dict of FeatureMatrix
        Features that are no genes: "controls", "antibody_capture" ...
    sections : ndarray (n,), optional
        Where there are several.
    images : TissueImages, optional
    notes : tuple of str
        What was done, a line each.
    """

    platform: str
    counts: scipy.sparse.csr_matrix
    names: pd.Index
    genes: pd.DataFrame
    positions: pd.DataFrame | None = None
    no_positions: str | None = None
    annotation: pd.DataFrame = field(default_factory=pd.DataFrame)
    apart: Mapping[str, FeatureMatrix] = field(default_factory=dict)
    sections: np.ndarray | None = None
    images: TissueImages | None = None
    notes: tuple[str, ...] = ()


def assemble(
    platform: str,
    matrix: FeatureMatrix,
    cells: CellTable | None,
    no_positions: str | None = None,
    **others: Any,
) -> PlatformData:
    """Bring the table of `cells` into the row order of the `matrix`, by name, and set other features apart.

    Raises
    ------
    ValueError
        A row has no position, or two have one name.

    Warns
    -----
    UserWarning
        Sums of counts are unlike those that the table of `cells` has.
    """
    notes = list(others.pop("notes", ()))
    positions, annotation = None, pd.DataFrame(index=matrix.names)
    if cells is not None:
        table, note = aligned(cells, matrix.names)
        positions = cells.positions(table)
        annotation = table.drop(columns=list(cells.coordinates))
        notes.append(note)
        if warning := unlike_totals(_sums(matrix.counts), annotation, cells.source.partition(":")[0]):
            warn_user(warning)
    genes, apart = _genes_and_others(matrix)
    if apart:
        notes.append("; ".join(f"set apart: {part.counts.shape[1]} {key}" for key, part in apart.items()))
    return PlatformData(
        platform,
        genes.counts,
        matrix.names,
        genes.features.set_index("name"),
        positions,
        no_positions,
        annotation,
        apart,
        notes=tuple(notes),
        **others,
    )


def _sums(counts: scipy.sparse.csr_matrix) -> np.ndarray:
    return np.asarray(counts.sum(axis=1)).ravel()


def _genes_and_others(matrix: FeatureMatrix) -> tuple[FeatureMatrix, dict[str, FeatureMatrix]]:
    """Genes, and the other features by kind: controls first, told by name and kind."""
    kinds = matrix.features.get("kind")
    if kinds is None or (kinds == "").all():
        kinds = pd.Series(GENES, matrix.features.index)
    are_controls = control_features(matrix.features["name"], kinds)
    wanted = GENES if (kinds == GENES).any() else next(iter(kinds[~are_controls]), GENES)
    keys = kinds.map(_key).mask(are_controls, CONTROLS).mask(~are_controls & (kinds == wanted), "")
    parts = {
        key: FeatureMatrix(
            matrix.counts[:, members], matrix.names, matrix.features[members].reset_index(drop=True)
        )
        for key in ["", *sorted(set(keys) - {""})]
        for members in [(keys == key).to_numpy()]
    }
    genes = parts.pop("")
    if genes.counts.shape[1] == 0:
        raise ValueError(f"expected genes among {len(kinds)} features, found {', '.join(parts)} only")
    return genes, parts


def _key(kind: str) -> str:
    return re.sub(r"\W+", "_", str(kind).lower()).strip("_") or "other"


def as_anndata(data: PlatformData, images: bool = True) -> Any:
    """AnnData by scanpy's and squidpy's conventions.

    Counts are X (CSR, float32), positions ``obsm["spatial"]``, images and their scale factors
    ``uns["spatial"][library]``. Features that are no genes are in obsm under their kind, their names in uns
    under the same key with "_names". ``uns["spasne_read"]`` says what was read and done.

    Raises
    ------
    ValueError
        There are no positions.
    """
    if data.positions is None:
        raise ValueError(data.no_positions)
    anndata = load_anndata()
    genes = data.genes.rename(columns={"id": "gene_ids", "kind": "feature_types"})
    unique = anndata.utils.make_index_unique(pd.Index(genes.index.astype(str)))
    adata = anndata.AnnData(
        data.counts.astype(np.float32),
        obs=_writable(data.annotation.set_axis(data.names, axis=0)),
        var=_writable(genes.set_axis(unique, axis=0)),
    )
    adata.obs_names.name = adata.var_names.name = None
    adata.obsm[DEFAULT_SPATIAL_KEY] = data.positions.to_numpy(dtype=np.float64)
    if data.sections is not None:
        adata.obs[SECTION_KEY] = pd.Categorical(data.sections)
    for key, part in data.apart.items():
        adata.obsm[key] = part.counts.astype(np.float32)
        adata.uns[f"{key}_names"] = part.features["name"].to_numpy(dtype=object)
    if data.images is not None and images:
        adata.uns[DEFAULT_SPATIAL_KEY] = data.images.load()
    adata.uns[RECORD] = {"platform": data.platform, "notes": "\n".join(data.notes)}
    if data.sections is not None:
        adata.uns[RECORD]["library_key"] = SECTION_KEY
    return adata


def _writable(table: pd.DataFrame) -> pd.DataFrame:
    """Names as text and columns of kinds that .h5ad holds."""
    table = table.set_axis(table.index.astype(str), axis=0)
    table.columns = [str(name) for name in table.columns]
    return table.rename(columns={"_index": "index"})  # the one name that AnnData keeps for itself
