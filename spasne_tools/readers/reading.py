"""``spasne.read``: what a platform or a lab left on disk, as AnnData."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from spasne_tools.readers.anndata_files import is_anndata_file, read_anndata
from spasne_tools.readers.anndata_io import DEFAULT_SPATIAL_KEY
from spasne_tools.readers.platform_data import as_anndata
from spasne_tools.readers.platforms import check_bin, check_what_is_below, read_platform


def read(
    path: str | os.PathLike[str],
    *,
    bin: int | None = None,
    images: bool = True,
    spatial_key: str = DEFAULT_SPATIAL_KEY,
    table_key: str | None = None,
) -> Any:
    """Read spatially resolved data of any platform into AnnData, with positions.

    The platform is told from what is at `path`; docs/platforms says what each is known by. Rows are matched
    by name. Features that are no genes (control probes, blank codewords, antibodies) are set apart.

    Parameters
    ----------
    path : path
        A folder, such as ``outs`` of Space Ranger, or a file: Visium, Visium HD, Xenium, MERSCOPE, CosMx,
        Slide-seq, Stereo-seq (.gem), AnnData (.h5ad, .zarr), SpatialData (.zarr), .loom, Matrix Market with
        tables beside it.
    bin : int, optional
        Of Visium HD the size of bins in micrometres (2, 8, 16; None: 8). Of Stereo-seq the spots of the chip
        along a side of a bin (None: the cells of the file, or 50 where it has none).
    images : bool
        Read images of the tissue, of Visium, into ``uns["spatial"]``.
    spatial_key : str
        Of AnnData: the entry of obsm with the positions.
    table_key : str, optional
        Of SpatialData: the table, where there are several.

    Returns
    -------
    AnnData
        ``X`` counts (of AnnData: as it is), ``obsm["spatial"]`` positions (n, 2 or 3), x first,
        ``obs_names`` and ``var_names``. ``uns["spasne_read"]`` says what was read, and how rows were matched.

    Raises
    ------
    ValueError
        A file is missing, names do not match, or there are no positions; the message has the remedy.
    ImportError
        anndata is missing (the extra ``spasne[anndata]``), or what a format needs (``spasne[spatial]``).

    Examples
    --------
    >>> import spasne  # doctest: +SKIP
    >>> adata = spasne.read("outs")  # doctest: +SKIP
    >>> spasne.tl.spasne(adata)  # doctest: +SKIP
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise ValueError(f"expected a file or a folder, found none at {path}")
    if is_anndata_file(path):
        check_bin(bin, "AnnData")
        return read_anndata(path, table_key, spatial_key)
    data = read_platform(path, bin)
    if data is None:
        check_what_is_below(path)
        raise ValueError(
            f"expected what a platform writes in {path}, found nothing known; read a table of your own with "
            "pandas, and pass it to spasne.run_spasne with its positions"
        )
    return as_anndata(data, images)
