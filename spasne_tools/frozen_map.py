"""A finished map with what is needed to place new points on it: a copy of its data, their axes and units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse

from spasne_tools.blas_threads import threads_for
from spasne_tools.placement import place
from spasne_tools.placement_cost import Reference
from spasne_tools.principal_components import Projection
from spasne_tools.run.data_file import Problem
from spasne_tools.run.parameters import Objective, values_of
from spasne_tools.validation import Matrix


@dataclass(frozen=True)
class Frame:
    """How data and positions as a user has them are brought to the units of a Reference.

    Data are projected (None: taken as they are), moved by ``centre`` and divided by ``scale``. Positions are
    moved by ``origin`` (None: there were none) and multiplied by ``factor``.
    """

    projection: Projection | None
    centre: np.ndarray
    scale: float
    origin: np.ndarray | None
    factor: float

    def data(self, X: Matrix) -> Matrix:
        """In single precision, which is ample for affinities and halves what a map holds."""
        return self.reduced(X if self.projection is None else self.projection.apply(X))

    def reduced(self, X: Matrix) -> Matrix:
        """Of data that are projected already. Sparse data are not centred: distances are the same."""
        moved = X if scipy.sparse.issparse(X) else X - self.centre
        return (moved / self.scale).astype(np.float32)

    def positions(self, S: np.ndarray) -> np.ndarray:
        return S if self.origin is None else (S - self.origin) * self.factor


@dataclass(frozen=True)
class FrozenMap:
    """A map that new points are placed on."""

    frame: Frame
    reference: Reference

    def place(self, X: Matrix, S: np.ndarray | None) -> np.ndarray:
        """Places (m, no_dims) of rows of data `X` (m, D) and positions `S` (m, any; None: unknown)."""
        positions = None if S is None else self.frame.positions(S)
        if self.frame.projection is None:
            X = _of_the_kind_of(self.reference.X, X)
        with threads_for(X.shape[0] * X.shape[1] * self.reference.n_points):
            return place(self.reference, self.frame.data(X), positions)

    def state(self) -> dict[str, Any]:
        """Everything but the map itself, as nested dicts of arrays, numbers and None."""
        frame = vars(self.frame) | {
            "projection": None if self.frame.projection is None else vars(self.frame.projection)
        }
        names = Reference.__dataclass_fields__.keys() - {"Y"}
        return {"frame": frame, "reference": {name: getattr(self.reference, name) for name in sorted(names)}}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], Y: np.ndarray) -> FrozenMap:
        frame = dict(state["frame"])
        if frame["projection"] is not None:
            frame["projection"] = Projection(**frame["projection"])
        return cls(Frame(**frame), Reference(Y=Y, **state["reference"]))


def freeze(
    X: Matrix, S: np.ndarray | None, problem: Problem, use_pca: bool
) -> Callable[[np.ndarray], FrozenMap]:
    """What is to be kept of a `problem` made from data `X` and positions `S`: a function of its finished map.

    It holds neither `X` nor the problem's own data.
    """
    with threads_for(X.shape[0] * X.shape[1] * problem.X.shape[1]):
        projection = Projection.of(X, problem.X) if use_pca else None
    centre = np.asarray(problem.X.mean(axis=0, dtype=np.float64)).ravel()
    highest, lowest = (_dense_row(extreme(axis=0)) for extreme in (problem.X.max, problem.X.min))
    frame = Frame(
        projection=projection,
        centre=centre,
        scale=float(max((highest - centre).max(), (centre - lowest).max())),
        origin=None,
        factor=1.0,
    )
    if S is not None:
        # The executable's positions are the caller's, moved and scaled; how, is read off both.
        spread, spread_given = problem.pixels.var(axis=0).sum(), S.var(axis=0).sum()
        factor = float(np.sqrt(spread / spread_given)) if spread_given > 0 else 1.0
        origin = S.mean(axis=0) - problem.pixels.mean(axis=0) / factor
        frame = replace(frame, origin=origin, factor=factor)
    kept, pixels = frame.reduced(problem.X), problem.pixels.copy() if problem.beta > 0 else None
    objective, space_offset = values_of(Objective, problem), problem.space_offset

    def finish(Y: np.ndarray) -> FrozenMap:
        return FrozenMap(frame, Reference(kept, Y, pixels, space_offset, **objective))

    return finish


def _of_the_kind_of(known: Matrix, X: Matrix) -> Matrix:
    """`X` sparse or dense as `known` is: only one of the two is centred, and distances need one kind."""
    if scipy.sparse.issparse(X) == scipy.sparse.issparse(known):
        return X
    return X.toarray() if scipy.sparse.issparse(X) else scipy.sparse.csr_matrix(X)


def _dense_row(extremes: Any) -> np.ndarray:
    dense = extremes.toarray() if scipy.sparse.issparse(extremes) else extremes
    return np.asarray(dense, dtype=np.float64).ravel()
