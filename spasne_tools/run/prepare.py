"""From data and parameters to the problem that the executable gets: checks, PCA, start, neighbours."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import scipy.sparse

from spasne_tools.blas_threads import at_most
from spasne_tools.guards import warn_of_data
from spasne_tools.principal_components import pca, pca_need
from spasne_tools.run import memory
from spasne_tools.run.automatic import check_settled, note_of_blur, settle_scale
from spasne_tools.run.data_file import Problem
from spasne_tools.run.method import chosen_method, goes_fast
from spasne_tools.run.neighbours import Graph, given_graph
from spasne_tools.run.parameters import Parameters, Settings, check_parameters, values_of
from spasne_tools.run.positions import prepared_positions
from spasne_tools.run.starts import pca_start, start_before_pca
from spasne_tools.validation import Matrix, MatrixLike, check_data, check_perplexity, check_sections

DEFAULT_COMPONENTS = 200  # of PCA where initial_dims is 0, as published


def prepare_problem(
    data: MatrixLike,
    pixels: MatrixLike | None,
    parameters: Parameters,
    verbose: bool = False,
    n_runs: int = 1,
) -> Problem:
    """Check all input and return what goes into data.dat, for `n_runs` in one; errors as in `embed`."""
    check_parameters(parameters)
    _check_space(pixels, parameters)
    matrix = check_data(data)
    n_points = matrix.shape[0]
    check_perplexity(parameters.perplexity, n_points)
    check_settled(parameters)
    parameters = settle_scale(parameters, n_points)
    if verbose and (note := note_of_blur(parameters, n_points)):
        print(note, flush=True)
    sections = check_sections(parameters.sections, data)
    positions, unit_free = prepared_positions(data, pixels, n_points, sections, parameters)
    start = start_before_pca(positions if pixels is not None else None, matrix.shape, parameters)
    graph = None
    if parameters.gives_graph:
        graph = given_graph(parameters.neighbors, n_points, parameters.perplexity)
    _check_memory(matrix, positions.shape[1], graph, parameters, n_runs)
    warn_of_data(data, matrix, pixels)
    with at_most(parameters.threads):
        X = _reduced(matrix, parameters)
        if isinstance(parameters.init, str) and parameters.init == "pca":
            start = pca_start(X, parameters.no_dims)
    return Problem(
        **_settings(parameters, has_pixels=pixels is not None),
        X=X,
        pixels=positions,
        space_offset=0.0 if unit_free else 1.0,
        start=start,
        sections=sections,
        search=None if graph is not None or parameters.neighbors is None else parameters.neighbors,
        graph=graph,
    )


def _check_space(pixels: MatrixLike | None, parameters: Parameters) -> None:
    """ValueError where space is asked for, by a weight or by sections, and there are no positions."""
    if pixels is not None or parameters.beta == 0:
        return
    asked = "sections" if parameters.sections is not None else f"beta={parameters.beta:g}"
    if parameters.sections is not None or parameters.beta != Parameters().beta:
        raise ValueError(
            f"expected pixels with {asked}, found none; pass them, or beta=0 for a map of expression alone"
        )


def _settings(parameters: Parameters, has_pixels: bool) -> dict[str, Any]:
    """What the executable is told: `parameters` as plain numbers and words, as far as they apply."""
    settings = values_of(Settings, parameters)
    for one in fields(Settings):  # numbers of any type become Python's own
        if (value := settings[one.name]) is not None and not isinstance(value, str):
            settings[one.name] = int(value) if one.type == "int" else float(value)
    # Any negative seed asks for entropy; -1 stands for all, however large they are.
    settings["randseed"] = max(settings["randseed"], -1)
    if not has_pixels:
        settings["beta"] = 0.0
    if parameters.implies_interpolation:
        settings["method"] = "interpolation"
    if settings["descent"] is None and goes_fast(parameters, settings["alpha"] + settings["beta"]):
        settings["descent"] = "fast"
    return settings


def _reduced(matrix: Matrix, parameters: Parameters) -> Matrix:
    if not parameters.use_pca:
        return matrix
    X = pca(matrix, parameters.initial_dims or DEFAULT_COMPONENTS)
    if not np.isfinite(X).all():
        raise ValueError(
            "expected data whose squares can be summed, found values so large that they overflow"
        )
    return X


def _check_memory(
    matrix: Matrix, n_space: int, graph: Graph | None, parameters: Parameters, n_runs: int
) -> None:
    """MemoryError if the wrapper or the executable would need more than there is."""
    n_points, n_columns = matrix.shape
    n_features = n_columns
    held = matrix.data.nbytes + (matrix.indices.nbytes if scipy.sparse.issparse(matrix) else 0)
    preparing = 0.0
    if parameters.use_pca:
        n_features = min(n_columns, n_points, parameters.initial_dims or DEFAULT_COMPONENTS)
        preparing = pca_need(matrix, n_features)
    size = memory.Size(
        n_points,
        n_features,
        n_space,
        n_neighbours=int(3 * parameters.perplexity) if graph is None else graph.index.shape[1],
        given=graph is not None,
    )
    if chosen_method(parameters, n_points) == "interpolation":
        need, remedy = memory.interpolation_need(size), "use fewer components (initial_dims) or points"
    else:
        need, remedy = memory.dense_need(size, n_runs), "use method='interpolation' or fewer points"
    memory.check_memory(held + max(preparing, need), n_points, remedy)
