"""Colours and markers of classes: the palette, and any other that a user names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex

from spasne_tools.plotting.nearest import nearest_to

# Six colours of Okabe and Ito, Color Universal Design (2008), and 14 of all sRGB colours in steps of 17,
# searched for so that the smallest distance of any two is large: 25 in CIELAB (1976), and 14 as protanopes,
# deuteranopes and tritanopes see them by Machado et al., IEEE TVCG 15 (2009) 1291. The first few are
# farthest apart, and so are neighbours.
PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#0011cc",
    "#aaee44", "#8888ff", "#bb0011", "#440066", "#776677", "#00eeff", "#9922ff",
    "#660011", "#223344", "#88bb77", "#cc00aa", "#336644", "#554477",
)  # fmt: skip
MARKERS = ("o", "^", "s", "D")  # one round of the palette each
MISSING_COLOUR = "#d3d3d3"  # "lightgray", as scanpy draws what has no value

Looks: TypeAlias = dict[Any, tuple[str, str]]  # colour and marker by class, in legend order
Palette: TypeAlias = str | Sequence[Any] | Mapping[Any, Any]


def palette(labels: Any) -> Looks:
    """Colour and marker of each class, the same for the same classes.

    Classes keep the order of an ordered or unordered category and are else sorted as people sort (tumor_2
    before tumor_10). The first 20 have different colours, chosen to be told apart by colour-blind readers
    too; further ones repeat the colours with another marker.

    Parameters
    ----------
    labels : array-like
        Class of each spot; missing ones get no colour.

    Returns
    -------
    dict
        (colour, marker) by class, in legend order.

    Examples
    --------
    >>> palette(["b_10", "b_9", "a"])
    {'a': ('#0072b2', 'o'), 'b_9': ('#e69f00', 'o'), 'b_10': ('#009e73', 'o')}
    """
    return looks_of(class_order(labels))


def class_order(labels: Any) -> list[Any]:
    """The classes that occur, in the order of their category, else as people sort."""
    values = pd.Series(labels)
    if isinstance(values.dtype, pd.CategoricalDtype):
        present = set(values.dropna().unique())
        return [name for name in values.cat.categories if name in present]
    return sorted(values.dropna().unique().tolist(), key=_natural)


def _natural(name: Any) -> list[tuple[int, float, str]]:
    """Sort key: digits compare as numbers and come before words."""
    if isinstance(name, (int, float, np.number)):
        return [(0, float(name), "")]
    parts = re.split(r"(\d+)", str(name))
    return [(0, float(part), "") if part.isdigit() else (1, 0.0, part.lower()) for part in parts if part]


def looks_of(names: Sequence[Any], colours: Palette | None = None) -> Looks:
    """Colour and marker of each of `names`; a colour that comes again has the next marker.

    `colours`: a sequence, used again from its start where it is too short; a dict by class; or the name of a
    colour map of matplotlib, from which as many as there are classes are taken at equal steps, as scanpy
    does. None: `PALETTE`. ValueError for anything else.
    """
    looks: Looks = {}
    rounds: Counter[str] = Counter()
    for name, colour in zip(names, _as_many(names, PALETTE if colours is None else colours), strict=True):
        looks[name] = (colour, MARKERS[rounds[colour] % len(MARKERS)])
        rounds[colour] += 1
    return looks


def _as_many(names: Sequence[Any], colours: Palette) -> list[str]:
    if isinstance(colours, str):
        if colours not in colormaps:
            raise ValueError(
                f"expected palette to name one of matplotlib's colour maps, found {colours!r}"
                f"{nearest_to(colours, colormaps)}"
            )
        return [to_hex(colour) for colour in colormaps[colours](np.linspace(0, 1, len(names)))]
    if isinstance(colours, Mapping):
        if missing := [name for name in names if name not in colours]:
            raise ValueError(f"expected a colour of every class in palette, found none of {missing[0]!r}")
        return [as_hex(colours[name]) for name in names]
    if len(colours) == 0:
        raise ValueError("expected at least one colour in palette, found none")
    return [as_hex(colours[i % len(colours)]) for i in range(len(names))]


def as_hex(colour: Any, name: str = "palette") -> str:
    """The colour as #rrggbb; ValueError where matplotlib does not know it."""
    try:
        return to_hex(colour)
    except ValueError:
        raise ValueError(f"expected colours that matplotlib knows in {name}, found {colour!r}") from None
