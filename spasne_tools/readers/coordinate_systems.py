"""Transformations that SpatialData keeps beside an element, into a coordinate system that elements share.

Each is an affine map of x and y here. Their kinds and names are those of the NGFF proposal that SpatialData
writes (https://ngff.openmicroscopy.org/rfc/5), as far as SpatialData uses them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

GLOBAL = "global"  # the system that SpatialData gives every element unless told otherwise
PLANE = ("x", "y")
ATTRIBUTES = {"zarr.json": "attributes", ".zattrs": None}  # of zarr 3 and 2, and where in the file


@dataclass(frozen=True)
class Frame:
    """A coordinate ``system`` and the ``matrix`` (2, 3) that takes x, y, 1 of an element into it."""

    system: str
    matrix: np.ndarray

    def place(self, places: pd.DataFrame) -> pd.DataFrame:
        """`places`, columns x and y of the element, in the system."""
        moved = places.to_numpy(dtype=float) @ self.matrix[:, :2].T + self.matrix[:, 2]
        return pd.DataFrame(moved, places.index, list(PLANE))


def frame_on_disk(folder: Path) -> Frame | None:
    """The frame of the element in `folder`: "global", else the first there; None where none is told.

    Raises
    ------
    ValueError
        It is of a kind that is no affine map; the message has what to do.
    """
    for name, within in ATTRIBUTES.items():
        if (path := folder / name).exists():
            attributes = json.loads(path.read_text())
            attributes = attributes.get(within, {}) if within else attributes
            return _frame_of(attributes.get("coordinateTransformations", ()), folder.name)
    return None


def _frame_of(transformations: Any, region: str) -> Frame | None:
    systems = {each["output"]["name"]: each for each in transformations}
    system = _chosen(systems)
    if system is None:
        return None
    try:
        full = _matrix(systems[system], PLANE, PLANE)
    except KeyError as error:
        raise ValueError(
            f"expected an affine transformation of {region!r} into {system!r}, found {error.args[0]!r}; put "
            "positions into obsm['spatial']"
        ) from None
    return Frame(system, full[:2])


def frame_in_memory(element: Any) -> Frame | None:
    """As `frame_on_disk`, of an element of SpatialData that is in memory."""
    systems = getattr(element, "attrs", {}).get("transform") or {}
    system = _chosen(systems)
    if system is None:
        return None
    full = systems[system].to_affine_matrix(input_axes=PLANE, output_axes=PLANE)
    return Frame(system, np.asarray(full, dtype=float)[:2])


def _chosen(systems: Mapping[str, Any]) -> str | None:
    return GLOBAL if GLOBAL in systems else next(iter(systems), None)


def _matrix(transformation: Mapping[str, Any], given: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    """The affine matrix (wanted + 1, given + 1) of a transformation between axes; KeyError: of no such kind.

    Axes that a transformation does not name pass it as they are, and those that are not given are 0.
    """
    inputs, outputs = (_axes(transformation, side) for side in ("input", "output"))
    inputs, outputs = inputs or given, outputs or wanted
    before = _selection(given, inputs)
    kind = transformation["type"]
    if kind == "sequence":
        product, axes = before, inputs
        for part in transformation["transformations"]:
            after = _axes(part, "output") or axes
            product, axes = _matrix(part, axes, after) @ product, after
        return _selection(axes, wanted) @ product
    return _selection(outputs, wanted) @ _simple(transformation, inputs, outputs) @ before


def _axes(transformation: Mapping[str, Any], side: str) -> tuple[str, ...]:
    return tuple(axis["name"] for axis in transformation.get(side, {}).get("axes", ()))


def _simple(
    transformation: Mapping[str, Any], inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> np.ndarray:
    kind = transformation["type"]
    if kind == "mapAxis":
        return _selection(inputs, tuple(transformation[kind][axis] for axis in outputs))
    matrix = _selection(inputs, outputs)
    if kind == "scale":
        matrix[:-1] *= np.array(transformation[kind])[:, None]
    elif kind == "translation":
        matrix[:-1, -1] = transformation[kind]
    elif kind == "affine":
        matrix[:-1] = np.reshape(transformation[kind], (len(outputs), len(inputs) + 1))
    elif kind == "rotation":
        matrix[:-1, :-1] = np.reshape(transformation[kind], (len(outputs), len(inputs)))
    elif kind != "identity":
        raise KeyError(kind)
    return matrix


def _selection(given: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    """The matrix that takes coordinates `given`, 1 to those `wanted`, 1; a missing one is 0."""
    matrix = np.array([[axis == name for name in given] + [False] for axis in wanted], dtype=float)
    return np.vstack([matrix.reshape(len(wanted), len(given) + 1), [0.0] * len(given) + [1.0]])
