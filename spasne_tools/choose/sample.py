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
from spasne_tools.validation import MatrixLike, as_matrix, check_rows_match, check_sections

MOST_POINTS = 1500  # of which a map takes well under a second
SEED = 1  # of the map by t-SNE


@dataclass(frozen=True)
class Sample:
    """Reduced expression (m, D), positions (m, any) or None, sections (m,) or None, of `n_points` points.

    `parameters` are those that all maps of the sample share.
    """

    X: Any
    pixels: np.ndarray | None
    sections: np.ndarray | None
    parameters: Parameters
    n_points: int

    @property
    def widening(self) -> float:
        """sqrt(n / m): a scale times this gives the sample's map the room that n points have at the scale."""
        return math.sqrt(self.n_points / self.X.shape[0])

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
    positions = None
    if pixels is not None:
        check_rows_match(data, pixels, "pixels")
        positions = as_matrix(pixels, "pixels", allow_sparse=False)
    sections = check_sections(parameters.sections, data)
    if n_points > most:
        rows = np.sort(np.random.default_rng(random_state).choice(n_points, most, replace=False))
        matrix = matrix[rows]
        positions = None if positions is None else positions[rows]
        sections = None if sections is None else check_sections(sections[rows], matrix)
    if positions is None:
        sections, parameters = None, replace(parameters, beta=0.0)
    shared = replace(parameters, sections=sections, method="exact", theta=0, randseed=SEED)
    X = prepare_problem(matrix, positions, shared).X
    return Sample(X, positions, sections, replace(shared, use_pca=False), n_points)
