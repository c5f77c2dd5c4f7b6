"""What "auto" stands for in global_scale, settled once the data are known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from spasne_tools.run.parameters import Parameters

AUTO = "auto"
BLURRED = 20000  # points above which a map with sigma 1 shows no neighbours
# sigma sqrt(n) at which the map is as wide as one of t-SNE, at this perplexity and above: docs/parameters.md
ROOM, ROOM_PERPLEXITY = 2.7, 50.0


def automatic_scale(n_points: int, perplexity: float) -> float:
    """sigma = 2.7 sqrt(min(perplexity, 50) / 50) / sqrt(n), at most 1.

    t-SNE gives each neighbourhood, of `perplexity` points, about the same area, so that the radius of its
    map grows as sqrt(n / perplexity). At a sigma of the reciprocal order the global terms ask for a map of
    that width, which has room for neighbours. Above a perplexity of 50 that would be too narrow for the
    nearest of them (benchmarks/README.md).
    """
    return min(1.0, ROOM * math.sqrt(min(perplexity / ROOM_PERPLEXITY, 1.0) / n_points))


def is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == AUTO


def check_settled(parameters: Parameters) -> None:
    """ValueError where a weight is still to be chosen, which takes more than the parameters."""
    for name in ("alpha", "beta"):
        if is_auto(value := getattr(parameters, name)):
            raise ValueError(
                f"expected {name} to be a number here, found {value!r}; spasne.choose_parameters chooses one"
            )


def settle_scale(parameters: Parameters, n_points: int) -> Parameters:
    """`parameters` with a number for global_scale, where "auto" stands for the scale alone."""
    if not is_auto(parameters.global_scale):
        return parameters
    return replace(parameters, global_scale=automatic_scale(n_points, float(parameters.perplexity)))


def note_of_blur(parameters: Parameters, n_points: int) -> str | None:
    """What a run with the published scale says where neighbours blur; None where they do not."""
    weight = parameters.alpha + parameters.beta
    if n_points <= BLURRED or weight == 0 or parameters.global_scale < 1:
        return None
    return (
        f"with global_scale {parameters.global_scale:g} neighbours in expression blur above {BLURRED:,} "
        "points; global_scale='auto', best with alpha='auto' and beta='auto', keeps them apart"
    )
