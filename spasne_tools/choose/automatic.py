"""What "auto" stands for in alpha, beta and global_scale, before a map is made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from spasne_tools.run.automatic import AUTO, is_auto, settle_scale
from spasne_tools.run.method import LARGE
from spasne_tools.run.parameters import WEIGHTS, Parameters
from spasne_tools.user_warning import no_user_warnings
from spasne_tools.validation import MatrixLike

FOR_ALL = ("perplexity", "no_dims", "exaggeration", "max_iter", "use_pca", "initial_dims", "pixel_scale")


def weights_by_size(parameters: Parameters, given: Collection[str], n_points: int) -> Parameters:
    """`parameters` with all three weights "auto" above 5,000 points, unless one of them is in `given`."""
    if n_points <= LARGE or not set(given).isdisjoint(WEIGHTS):
        return parameters
    automatic: dict[str, Any] = dict.fromkeys(WEIGHTS, AUTO)
    return replace(parameters, **automatic)


def settled(
    data: MatrixLike, pixels: MatrixLike | None, parameters: Parameters, verbose: bool = False
) -> Parameters:
    """`parameters` with numbers for what is "auto".

    alpha and beta are chosen for the largest balance, and the scale with them; a scale that is "auto" beside
    numbers follows from the size of the data. Weights that are chosen go with the start that they were chosen
    with, unless another is asked for. `verbose`: say what was chosen, and how to get the published map.
    """
    if not any(is_auto(getattr(parameters, name)) for name in ("alpha", "beta")):
        return settle_scale(parameters, n_rows(data))
    from spasne_tools.choose.choice import choose_parameters

    given = {name: getattr(parameters, name) for name in (*WEIGHTS, *FOR_ALL)}
    init = parameters.init if isinstance(parameters.init, str) else "random"
    with no_user_warnings():  # of the data: the run that follows gives them
        choice = choose_parameters(
            data, pixels, init=init, sections=parameters.sections, n_jobs=parameters.n_jobs, **given
        )
    if verbose:
        print(f"chosen: {choice}; alpha=8, beta=2, global_scale=1 give the paper's map", flush=True)
    found: dict[str, Any] = {name: getattr(choice, name) for name in WEIGHTS}
    if init == "random" and isinstance(parameters.init, str) and parameters.method != "barnes_hut":
        found["init"] = choice.init
    return replace(parameters, **found)


def n_rows(data: MatrixLike) -> int:
    """0 for what has none, which is refused later."""
    shape = getattr(data, "shape", None)
    return int(shape[0]) if shape else len(data) if hasattr(data, "__len__") else 0
