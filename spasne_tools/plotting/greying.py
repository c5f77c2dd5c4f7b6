"""Points whose place is not to be trusted: grey, below the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.plotting.class_colours import as_hex
from spasne_tools.plotting.figure import Colouring
from spasne_tools.plotting.layers import Layer
from spasne_tools.plotting.legend import Legend
from spasne_tools.plotting.style import Style
from spasne_tools.reliability.verdicts import VERDICTS

VERDICT_COLOURS = {"kept": "#0072b2", "uncertain": "#b8b8b8", "misplaced": "#d55e00"}


def is_kept(kept: Any, n: int) -> np.ndarray:
    """Which points are drawn in colour, by truth values or verdicts of ``map_reliability``: bool (n,)."""
    values = pd.Series(kept)
    if len(values) != n:
        raise ValueError(f"expected {n} values in kept, one per colour, found {len(values)}")
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.to_numpy(dtype=bool)
    if unknown := [value for value in values.dropna().unique() if value not in VERDICTS]:
        raise ValueError(
            f"expected kept as True and False or as verdicts ({', '.join(VERDICTS)}), found {unknown[0]!r}"
        )
    return (values.astype(object) == VERDICTS[0]).to_numpy(dtype=bool)


def grey_out(colouring: Colouring, kept: np.ndarray, style: Style) -> Colouring:
    """The colouring with points that are not `kept` in grey, and with them in its legend."""
    if kept.all():
        return colouring
    grey = as_hex(style.na_color)
    layers = [Layer(np.flatnonzero(~kept), {"c": grey})]
    for layer in colouring.layers:
        shown = kept[layer.rows]
        looks = {
            name: value[shown] if isinstance(value, np.ndarray) and len(value) == len(shown) else value
            for name, value in layer.style.items()
        }
        layers.append(Layer(layer.rows[shown], looks))
    key = colouring.key
    if isinstance(key, Legend):
        key = replace(key, not_kept_colour=grey)
    return replace(colouring, layers=layers, key=key)
