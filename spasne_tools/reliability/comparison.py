"""A map compared with expression and tissue, point by point, in blocks of random points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from spasne_tools.reliability.distances import Cells, Distances
from spasne_tools.reliability.landmarks import Landmarks, Space
from spasne_tools.reliability.neighbourhoods import Nearness, chance, nearness, neighbours_given, scales
from spasne_tools.reliability.null import density_classes, random_blocks, rank_p_values

CORRELATIONS = {"expression": "r1", "space": "r2"}


@dataclass(frozen=True)
class Promise:
    """What a map promises to keep: its Y and a space X, "expression" or "space", seen from landmarks.

    `stand_ins` (n, k): where neighbours in X are given, the places of the landmarks that stand for them.
    """

    name: str
    Y: Space
    X: Space
    sizes: np.ndarray
    stand_ins: np.ndarray | None = None

    @classmethod
    def make(cls, name: str, Y: Space, X: Space, k: int, graph: np.ndarray | None = None) -> Promise:
        """`graph` (n, k): neighbours of each point in X."""
        landmarks = X.landmarks
        if graph is not None and landmarks.sampled:
            graph = landmarks.nearest_on(Y.matrix)[graph]
        return cls(name, Y, X, scales(k, len(landmarks.rows)), graph)

    @property
    def landmarks(self) -> Landmarks:
        return self.X.landmarks

    @property
    def columns(self) -> list[str]:
        kept, r = f"kept_{self.name}", CORRELATIONS[self.name]
        return [kept, f"true_{self.name}", r, f"p_{kept}", f"p_{r}"]

    @property
    def chance(self) -> float:
        return chance(self.sizes, len(self.landmarks.rows) - (not self.landmarks.sampled))

    def less_chance(self, share: np.ndarray) -> np.ndarray:
        """A mean nearness so that it is 0 by chance and stays 1 at best."""
        return (share - self.chance) / (1 - self.chance)

    def view(self, space: Space, rows: np.ndarray, itself: Cells) -> View:
        """`rows` seen in Y or X; `itself`: where they are landmarks."""
        squared = space.squared(rows)
        squared[itself] = np.inf
        near = nearness(squared, self.sizes)
        # When a point moves to a landmark's place, that landmark moves away, nobody knows how far; but a
        # landmark that stands for other points is near itself.
        near.nearness[itself] = 1 if self.landmarks.sampled and self.stand_ins is not None else self.chance
        squared[itself] = 0
        return View(near, Distances.make(np.sqrt(squared, out=squared), itself))

    def given(self, view: View, rows: np.ndarray) -> View:
        """The view of X with the neighbours that are given, if they are."""
        if self.stand_ins is None:
            return view
        near = neighbours_given(self.stand_ins[rows], len(self.landmarks.rows))
        return replace(view, near=replace(view.near, near=near))


@dataclass(frozen=True)
class View:
    """Some points as one space shows them: rows x landmarks."""

    near: Nearness
    distances: Distances


def compare(promises: list[Promise], rows: np.ndarray, seed: int, pool: Executor) -> pd.DataFrame:
    """Measures and p-values of the points `rows`, compared with each other in blocks; the index is `rows`.

    The column "p" belongs to all promises together.
    """
    columns = ["p", *(column for promise in promises for column in promise.columns)]
    blocks = [rows[block] for block in random_blocks(len(rows), seed)]

    def found(number: int) -> pd.DataFrame:
        rng = np.random.default_rng([seed, number])
        return pd.DataFrame(_block(promises, blocks[number], rng), blocks[number], columns)

    return pd.concat(pool.map(found, range(len(blocks)))).loc[rows]


def _block(promises: list[Promise], rows: np.ndarray, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """The columns of one block."""
    views: list[tuple[View, View]] = []
    columns: dict[str, np.ndarray] = {"p": np.empty(len(rows))}
    for promise in promises:
        itself = promise.landmarks.cells(rows)
        known = bool(views) and promise.Y is promises[0].Y
        on_map = views[0][0] if known else promise.view(promise.Y, rows, itself)
        view = promise.given(promise.view(promise.X, rows, itself), rows)
        views.append((on_map, view))
        found = [*_measures(promise, on_map, view), *np.empty((2, len(rows)))]
        columns |= zip(promise.columns, found, strict=True)
    for like in density_classes(views[0][0].near.radius):
        together = np.zeros((len(like), len(like)), np.float32)
        for promise, (on_map, view) in zip(promises, views, strict=True):
            for name, fit in zip(promise.columns[3:], _fits(promise, on_map, view, like), strict=True):
                columns[name][like] = rank_p_values(fit, rng)
                together += fit
        columns["p"][like] = rank_p_values(together, rng)
    return columns


def _measures(promise: Promise, on_map: View, view: View) -> Iterator[np.ndarray]:
    """kept, true and r of each row."""
    yield promise.less_chance(np.einsum("ij,ij->i", view.near.near, on_map.near.nearness))
    yield promise.less_chance(np.einsum("ij,ij->i", on_map.near.near, view.near.nearness))
    yield view.distances.correlation(on_map.distances)


def _fits(promise: Promise, on_map: View, view: View, like: np.ndarray) -> Iterator[np.ndarray]:
    """How well the place of each (column) suits each point (row): by neighbours, by distances."""
    kept = view.near.near[like] @ on_map.near.nearness[like].T
    true = view.near.nearness[like] @ on_map.near.near[like].T
    yield promise.less_chance(np.minimum(kept, true))
    yield view.distances.own[like] @ on_map.distances.own[like].T
