"""The points that weights are tried on, and many maps of them at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spasne_tools.run.batch import Run, embed_runs
from spasne_tools.run.embedding import Embedding
from spasne_tools.run.executable import ExecutableError
from spasne_tools.run.parameters import Parameters
from spasne_tools.run.prepare import prepare_problem
from spasne_tools.user_warning import no_user_warnings
from spasne_tools.validation import (
    Matrix,
    MatrixLike,
    as_matrix,
    check_perplexity,
    check_rows_match,
    check_sections,
)

MOST_POINTS = 1500  # of which a map takes well under a second
LEAST_PERPLEXITY = 10.0  # of a sample
SEED = 1  # of the map by t-SNE


@dataclass(frozen=True)
class Sample:
    """Reduced expression (m, D), positions (m, any) or None, sections (m,) or None, of `n_points` points.

    `parameters` are those that all maps of the sample share. Their perplexity is smaller than `perplexity`,
    that of all points, as the sample is: so its neighbourhoods are as wide as theirs in expression, and both
    maps have much the same r1, r2 and neighbours kept with the same weights (benchmarks/README.md).
    """

    X: Any
    pixels: np.ndarray | None
    sections: np.ndarray | None
    parameters: Parameters
    n_points: int
    perplexity: float
    rows: np.ndarray  # of all points, rising

    @property
    def is_part(self) -> bool:
        """Whether there are more points than these."""
        return len(self.rows) < self.n_points

    @property
    def share(self) -> float:
        """Of the others, of each point, that are in the sample."""
        return _share(self.X.shape[0], self.n_points)

    @property
    def widening(self) -> float:
        """A scale times this leaves the neighbourhoods of the sample's map the room that those of all have.

        1 while its perplexity is as much smaller as the sample is.
        """
        own = self.parameters.perplexity / self.X.shape[0]
        return math.sqrt(own * self.n_points / self.perplexity)

    def scale(self, global_scale: float) -> float:
        """What stands on the sample for a scale of all points.

        A wide map gets the same room for each point. At 1, the published scale, a map is compact whatever the
        number of points, and stays as it is: its r1 and r2 hardly depend on it (benchmarks/README.md).
        """
        return min(global_scale * self.widening, max(global_scale, 1.0))

    def maps(
        self, runs: Sequence[Run], init: str | np.ndarray, most: int | None = None
    ) -> list[Embedding | None]:
        """The map of each run, of `most` steps or fewer; None of those that ended in numerical trouble."""
        max_iter = self.parameters.max_iter if most is None else min(most, self.parameters.max_iter)
        shared = replace(self.parameters, init=init, max_iter=max_iter)
        found: list[Embedding | None] = [None] * len(runs)
        with no_user_warnings():  # of the positions' unit: given once already
            for k, made in embed_runs(self.X, self.pixels, shared, runs):
                found[k] = None if isinstance(made, ExecutableError) else made
        return found


def draw_sample(
    data: MatrixLike,
    pixels: MatrixLike | None,
    parameters: Parameters,
    random_state: int,
    most_points: int | None = None,
) -> Sample:
    """At most so many rows (None: MOST_POINTS), drawn at random; checked as all rows of a run are."""
    matrix = as_matrix(data, "data", keep_single=True)
    n_points, most = matrix.shape[0], MOST_POINTS if most_points is None else most_points
    rows = np.arange(n_points)
    if n_points > most:
        rows = np.sort(np.random.default_rng(random_state).choice(n_points, most, replace=False))
    return _sample_of(data, matrix, pixels, replace(parameters, method="exact", theta=0), rows)


def draw_more(
    sample: Sample,
    data: MatrixLike,
    pixels: MatrixLike | None,
    parameters: Parameters,
    random_state: int,
    most_points: int,
) -> Sample:
    """The rows of `sample` and others, so many at most, whose maps are made by method interpolation.

    `sample` itself where it has all rows.
    """
    if not sample.is_part:
        return sample
    matrix = as_matrix(data, "data", keep_single=True)
    rows = np.arange(matrix.shape[0])
    if len(rows) > most_points:
        others = np.setdiff1d(rows, sample.rows, assume_unique=True)
        n_more = most_points - len(sample.rows)
        more = np.random.default_rng(random_state).choice(others, n_more, replace=False)
        rows = np.sort(np.concatenate([sample.rows, more]))
    return _sample_of(data, matrix, pixels, replace(parameters, method="interpolation"), rows)


def _sample_of(
    data: MatrixLike, matrix: Matrix, pixels: MatrixLike | None, parameters: Parameters, rows: np.ndarray
) -> Sample:
    """These rows of `data`, whose matrix is `matrix`."""
    n_points = matrix.shape[0]
    positions = None
    if pixels is not None:
        check_rows_match(data, pixels, "pixels")
        positions = as_matrix(pixels, "pixels", allow_sparse=False)
    sections = check_sections(parameters.sections, data)
    if len(rows) < n_points:
        matrix = matrix[rows]
        positions = None if positions is None else positions[rows]
        sections = None if sections is None else check_sections(sections[rows], matrix)
    if positions is None:
        sections, parameters = None, replace(parameters, beta=0.0)
    perplexity = float(parameters.perplexity)
    check_perplexity(perplexity, n_points)
    own = min(perplexity, max(LEAST_PERPLEXITY, perplexity * _share(len(rows), n_points)))
    shared = replace(parameters, sections=sections, perplexity=own, randseed=SEED)
    X = prepare_problem(matrix, positions, shared).X
    return Sample(X, positions, sections, replace(shared, use_pca=False), n_points, perplexity, rows)


def _share(n_drawn: int, n_points: int) -> float:
    return (n_drawn - 1) / max(n_points - 1, 1)
