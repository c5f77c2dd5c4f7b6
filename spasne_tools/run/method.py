"""Which method a run takes where it is "auto": the executable's own rule (src/method.h)."""

from __future__ import annotations

from spasne_tools.run.parameters import Parameters, is_start_of_executable

LARGE = 5000  # points above which method "auto" interpolates where theta is above 0, as in src/method.h


def chosen_method(parameters: Parameters, n_points: int) -> str:
    """The method that a run takes, by the executable's own rule where it is "auto"."""
    if parameters.method != "auto":
        return parameters.method
    if parameters.implies_interpolation:
        return "interpolation"
    if parameters.theta == 0:
        return "exact"
    if n_points > LARGE:
        return "interpolation"
    fast = parameters.descent == "fast" or goes_fast(parameters, parameters.alpha + parameters.beta)
    return "exact" if fast or is_start_of_executable(parameters.init) else "barnes_hut"


def start_depends_on_seed(parameters: Parameters, n_points: int) -> bool:
    """Whether another seed is another start: in method interpolation it does not."""
    is_random = isinstance(parameters.init, str) and parameters.init == "random"
    return is_random and chosen_method(parameters, n_points) != "interpolation"


def goes_fast(parameters: Parameters, global_weight: float) -> bool:
    """Whether a run takes the fast steps unasked, the executable's own choices aside.

    It does with any start but the published one, unless a parameter of the published steps is given, the
    method is the published one, or there is no global term (`global_weight`: alpha + beta).
    """
    published = isinstance(parameters.init, str) and parameters.init == "random"
    ruled = parameters.learning_rate is not None or parameters.max_step is not None
    return not published and not ruled and parameters.method != "barnes_hut" and global_weight > 0
