"""Columns that a page colours by: classes with their colours, or numbers with the limits of their scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from spasne_tools.page.blocks import (
    LARGEST_BYTE,
    LARGEST_CODE,
    MISSING_CODE,
    Blocks,
    Codes,
    codes_of,
    sparse_codes_of,
)
from spasne_tools.page.dark_colours import dark_colour
from spasne_tools.plotting.class_colours import MARKERS, Palette, class_order, looks_of
from spasne_tools.plotting.colour_scale import colour_limits, is_continuous

__all__ = ["MOST_CLASSES", "MOST_EXACT_GENES", "describe_columns"]

MOST_CLASSES = 500  # a longer legend is of no use
MOST_EXACT_GENES = 20  # with 16 bits; more genes have 8, and zeros take no room
GENES_IN_A_BLOCK = 32


def describe_columns(
    labels: dict[str, pd.Series], genes: dict[str, pd.Series], palettes: Mapping[str, Palette], blocks: Blocks
) -> list[dict[str, Any]]:
    """What the page must know of each column; `palettes` go by the names of labels."""
    if unknown := [name for name in palettes if name not in labels]:
        raise ValueError(f"expected palettes of columns of labels, found one of {unknown[0]!r}")
    described = [_label(name, values, palettes.get(name), blocks) for name, values in labels.items()]
    if len(genes) > MOST_EXACT_GENES:
        return described + _sparse_genes(genes, blocks)
    return described + [_numbers(name, values, "genes", blocks) for name, values in genes.items()]


def _label(name: str, values: pd.Series, colours: Palette | None, blocks: Blocks) -> dict[str, Any]:
    if is_continuous(values):
        return _numbers(name, values, "labels", blocks)
    return _classes(name, values, colours, blocks)


def _numbers(name: str, values: pd.Series, kind: str, blocks: Blocks) -> dict[str, Any]:
    numbers = _checked_numbers(values, f"{kind} {name!r}")
    codes = codes_of(numbers)
    return _scale(name, kind, numbers, codes) | {"block": blocks.add(codes.content), "largest": LARGEST_CODE}


def _sparse_genes(genes: dict[str, pd.Series], blocks: Blocks) -> list[dict[str, Any]]:
    """With 8 bits, GENES_IN_A_BLOCK to a block: the page reads few blocks in less time than many."""
    described: list[dict[str, Any]] = []
    names = list(genes)
    for first in range(0, len(names), GENES_IN_A_BLOCK):
        content, entries = b"", []
        for name in names[first : first + GENES_IN_A_BLOCK]:
            numbers = _checked_numbers(genes[name], f"genes {name!r}")
            codes = sparse_codes_of(numbers)
            entries.append(
                _scale(name, "genes", numbers, codes) | {"start": len(content), "largest": LARGEST_BYTE}
            )
            content += codes.content
        block = blocks.add(content)
        described += [entry | {"block": block, "sparse": True} for entry in entries]
    return described


def _scale(name: str, kind: str, numbers: np.ndarray, codes: Codes) -> dict[str, Any]:
    limits = colour_limits(numbers)
    ends = {"low": codes.low, "high": codes.high, "limits": [limits.vmin, limits.vmax]}
    return {"name": name, "kind": kind} | ends


def _classes(name: str, values: pd.Series, colours: Palette | None, blocks: Blocks) -> dict[str, Any]:
    described = f"labels {name!r}"
    try:
        looks = looks_of(class_order(values), colours)
        codes = pd.Categorical(values.astype(object), categories=pd.Index(list(looks), dtype=object)).codes
    except TypeError as error:
        raise ValueError(f"expected one class for each point in {described}, found {error}") from None
    if len(looks) > MOST_CLASSES:
        raise ValueError(
            f"expected at most {MOST_CLASSES} classes in {described}, found {len(looks)}; numbers of a "
            "measurement must be of a floating-point type, and names of points go into `names`"
        )
    classes = [
        {"name": str(label), "light": colour, "dark": dark_colour(colour), "marker": MARKERS.index(marker)}
        for label, (colour, marker) in looks.items()
    ]
    content = np.where(codes < 0, MISSING_CODE, codes).astype("<u2").tobytes()
    return {"name": name, "kind": "labels", "block": blocks.add(content), "classes": classes}


def _checked_numbers(values: pd.Series, described: str) -> np.ndarray:
    """Float64, NaN where missing; at least one is not."""
    if pd.api.types.is_complex_dtype(values.dtype):
        raise ValueError(f"expected real numbers in {described}, found type {values.dtype}")
    try:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers in {described}, found something else ({error})") from None
    if np.isinf(numbers).any():
        raise ValueError(f"expected finite numbers in {described}, found {np.isinf(numbers).sum()} infinite")
    if np.isnan(numbers).all():
        raise ValueError(f"expected at least one number in {described}, found none")
    return numbers
