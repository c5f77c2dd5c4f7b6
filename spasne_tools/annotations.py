"""The paper's own annotation of its data sets: what each spot or cell is, and where."""

from __future__ import annotations

import pandas as pd

from spasne_tools.published_files import find_published

FILES = {
    "breast_cancer": "human_BreastCancer1272_meta.csv",
    "prostate_cancer": "TableS3_ProstateCancerMeta.csv",
    "visual_cortex": "mouse_VisualCortex1207_meta.csv",
    "hypothalamus": "TableS5_mouseHypothalamusMeta.csv",
}
POSITIONS = {"xpixels": "x_pixel", "ypixels": "y_pixel"}  # as one of the tables calls them, and all others


def load_annotation(name: str) -> pd.DataFrame:
    """Load what the paper says of each spot or cell of one of its data sets.

    The file is looked for in the folder named by the environment variable SPASNE_DATA, then in the cache, and
    is else downloaded into the cache from the published repository. It must have the published content.
    docs/datasets.md says what the data sets are, and what each column stands for.

    Parameters
    ----------
    name : "breast_cancer", "prostate_cancer", "visual_cortex" or "hypothalamus"

    Returns
    -------
    DataFrame
        A row for each spot or cell, 1272, 4371, 1207 and 2693 of them. Columns x_pixel and y_pixel are the
        positions, the others classes: cell_type and sub_type_1 to sub_type_5 of the cancers, layer_type and
        cell_type of the visual cortex, nucleus_type and cell_type of the hypothalamus.

    Raises
    ------
    ValueError
        Another name; or a file in SPASNE_DATA that is not the published one.
    FileNotFoundError
        The file is nowhere to be found and cannot be downloaded; the message says where to put it.

    Examples
    --------
    >>> load_annotation("hypothalamus")["nucleus_type"].nunique()  # doctest: +SKIP
    11
    """
    if name not in FILES:
        raise ValueError(f"expected the name of an annotation, one of {', '.join(FILES)}, found {name!r}")
    return pd.read_csv(find_published(FILES[name]), index_col=0).rename(columns=POSITIONS)
