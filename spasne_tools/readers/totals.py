"""Whether counts are of the rows that a table says they are: its column of their sums tells.

Names that agree can still be those of other cells: numbers from 1 on are in every sample, and barcodes are
the same on every slide. Sums are not.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from spasne_tools.features import plain_name

# Xenium, MERSCOPE, CosMx, Seurat (nCount_RNA, nCount_Spatial ...), scanpy.
_TOTALS = re.compile(r"transcriptcounts?|ncount\w*|totalcounts?|ncounts|numi|totalumis?")
FEWEST_ROWS = 30
# Rank correlation below which sums say nothing of each other; genes may have been left out since.
LOWEST = 0.25


def unlike_totals(sums: np.ndarray, table: pd.DataFrame, source: str) -> str | None:
    """What to warn of where the `sums` of counts do not follow the column of sums in `table`; else None.

    Parameters
    ----------
    sums : ndarray (n,)
        Of each row of counts.
    table : DataFrame (n, any)
        In the same order; numbers may be text.
    source : str
        The name of its file.
    """
    if len(table) < FEWEST_ROWS:
        return None
    for column in table.columns:
        if not _TOTALS.fullmatch(plain_name(column)):
            continue
        totals = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
        ranks = pd.DataFrame({"sums": sums, "totals": totals}).dropna().rank()
        if (ranks.nunique() < 2).any():
            continue
        correlation = float(np.corrcoef(ranks["sums"], ranks["totals"])[0, 1])
        if correlation < LOWEST:
            return (
                f"sums of counts do not follow column {column} of {source} (rank correlation "
                f"{correlation:.2f}), as they would if its rows were those of the counts: is it the table of "
                "this sample, and in its order?"
            )
        return None
    return None
