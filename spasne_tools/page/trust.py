"""How far points can be trusted, on a page: the columns that its slider and its legends know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.page.tables import columns_of
from spasne_tools.reliability.verdicts import VERDICTS
from spasne_tools.validation import MatrixLike

__all__ = ["NUMBER", "VERDICT", "describe_trust", "trust_columns"]

NUMBER, VERDICT = "reliability", "verdict"  # as ``map_reliability`` names them


def trust_columns(given: Any, of_points: Sequence[MatrixLike]) -> dict[str, pd.Series]:
    """Numbers from 0 to 1 and, of a table that has them, verdicts; nothing of None."""
    if isinstance(given, pd.DataFrame):
        if NUMBER not in given:
            raise ValueError(f"expected a column {NUMBER!r} in reliability, found {_listed(given.columns)}")
        given = given[[name for name in (VERDICT, NUMBER) if name in given]]
    elif given is not None:
        given = {NUMBER: given}
    columns = columns_of(given, NUMBER, of_points)
    if NUMBER in columns:
        columns[NUMBER] = _shares(columns[NUMBER])
    if VERDICT in columns:
        found = columns[VERDICT].dropna().unique()
        if unknown := [verdict for verdict in found if verdict not in VERDICTS]:
            raise ValueError(
                f"expected verdicts ({', '.join(VERDICTS)}) in reliability, found {unknown[0]!r}"
            )
    return columns


def describe_trust(trust: Collection[str], columns: Iterable[str]) -> dict[str, int]:
    """Which of the page's columns they are, as reliability.js reads it."""
    names, keys = list(columns), {NUMBER: "numbers", VERDICT: "verdicts"}
    return {key: names.index(name) for name, key in keys.items() if name in trust}


def _shares(values: pd.Series) -> pd.Series:
    try:
        numbers = values.astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers in reliability, found something else ({error})") from None
    outside = numbers[(numbers < 0) | (numbers > 1)]
    if len(outside):
        raise ValueError(f"expected numbers from 0 to 1 in reliability, found {np.asarray(outside)[0]:g}")
    return numbers


def _listed(names: pd.Index) -> str:
    return ", ".join(map(repr, names[:5])) or "none"
