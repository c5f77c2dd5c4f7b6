"""The parameters of a map, one place for all: of each its default, what it may be and its flag.

An `Objective` is what a map minimises; `Settings`, which hold it, are what the executable is told in numbers
and words; `Parameters` are all that ``spasne.run_spasne`` takes but the data. Its docstring says what they
mean, docs/code.md what a new one takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

from spasne_tools.run.checks import (
    Check,
    all_of,
    anything,
    below,
    between,
    function,
    integer,
    number,
    one_of,
    optional,
    text_or,
    threads,
    truth_value,
)

METHODS = ("auto", "exact", "barnes_hut", "interpolation")
STARTS = ("random", "pca", "spatial", "joint", "best")
JOINT = re.compile(r"joint(\*\d+(\.\d*)?)?")  # with space at a multiple of its weight
DESCENTS = ("published", "fast")
SEARCHES = ("auto", "exact", "approximate")  # for neighbours, by the executable
WEIGHTS = ("alpha", "beta", "global_scale")  # which may be "auto" until they are settled
LARGEST_SCALE = 1e100  # as in src/validation.h

# callback(iterations done, cost, map (n, no_dims)); True stops the run, which returns that map.
Callback: TypeAlias = Callable[[int, float, Any], Any]


@dataclass(frozen=True)
class Flag:
    """How the command line takes a parameter; `read` makes a value of the text."""

    help: str
    read: Callable[[str], Any] = float
    letter: str | None = None
    choices: tuple[str, ...] | None = None


def number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def is_start(name: Any) -> bool:
    """Whether `name` is a start that is made here or in the executable."""
    return isinstance(name, str) and (name in STARTS or JOINT.fullmatch(name) is not None)


def is_start_of_executable(name: Any) -> bool:
    """Whether the executable makes the start of this `name`."""
    return isinstance(name, str) and (name == "best" or JOINT.fullmatch(name) is not None)


def start(name: str, value: Any) -> None:
    """Names; arrays are judged with the data."""
    if isinstance(value, str) and not is_start(value):
        names = ", ".join(map(repr, STARTS))
        raise ValueError(
            f"expected {name} to be one of {names}, 'joint*F' with a number F, or an array (n, no_dims), "
            f"found {value!r}"
        )


weight = text_or(one_of(("auto",), "a number of 0 or more"), number(allow_zero=True))


def parameter(default: Any, check: Check, flag: Flag | None = None) -> Any:
    """The field of a parameter. `check` raises ValueError for what it may not be; None: it has no flag."""
    return field(default=default, metadata={"check": check, "flag": flag})


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What a map minimises, as do new points that are placed on it."""

    alpha: float = parameter(8.0, weight, Flag("weight of global expression, or auto", number_or_text))
    beta: float = parameter(2.0, weight, Flag("weight of space, or auto", number_or_text))
    perplexity: float = parameter(
        50, number(), Flag("effective number of neighbours, at most (rows - 1) / 3", letter="p")
    )
    global_scale: float = parameter(
        1.0,
        text_or(
            one_of(("auto",), "a number above 0"),
            all_of(number(), between(1 / LARGEST_SCALE, LARGEST_SCALE)),
        ),
        Flag("sigma of the global kernel, or auto", number_or_text),
    )


@dataclass(frozen=True, kw_only=True)
class Settings(Objective):
    """What the executable is told in numbers and words: the objective, and how to minimise it."""

    exaggeration: float = parameter(4, number(), Flag("factor on the local affinities up to iteration 250"))
    no_dims: int = parameter(
        2, all_of(integer(1), between(1, 3)), Flag("dimensions of the map, 1 to 3", int, "d")
    )
    theta: float = parameter(0.5, number(allow_zero=True), Flag("0: exact; above 0: Barnes-Hut", letter="t"))
    randseed: int = parameter(
        -1, integer(), Flag("seed of a random start; below 0: a new one each time", int, "r")
    )
    max_iter: int = parameter(1000, integer(0), Flag("iterations", int, "m"))
    method: str = parameter(
        "auto", one_of(METHODS), Flag("how sums over pairs are taken", str, choices=METHODS)
    )
    descent: str | None = parameter(
        None,
        optional(one_of(DESCENTS)),
        Flag("steps: published, or fast (quasi-Newton); default: by init and method", str, choices=DESCENTS),
    )
    learning_rate: float | str | None = parameter(
        None,
        optional(text_or(one_of(("auto",), "a positive number or None"), number())),
        Flag("a number or auto", number_or_text),
    )
    max_step: float | None = parameter(
        None,
        optional(number(allow_infinity=True)),
        Flag("largest move of a point in one iteration; inf: no limit"),
    )
    accuracy: float | None = parameter(
        None,
        optional(all_of(number(), below(1))),
        Flag("error allowed in the gradient by method interpolation (default: 1e-3)"),
    )


@dataclass(frozen=True, kw_only=True)
class Control:
    """How a run is spread over threads and watched."""

    n_jobs: int | None = parameter(None, optional(threads), Flag("threads (default: all cores)", int))
    callback: Callback | None = parameter(None, optional(function))
    callback_every: int = parameter(50, integer(1))

    @property
    def threads(self) -> int | None:
        """None: all cores."""
        return None if self.n_jobs == -1 else self.n_jobs


@dataclass(frozen=True, kw_only=True)
class Parameters(Control, Settings):
    """All of ``spasne.run_spasne`` but the data: besides, how these are prepared, and arrays."""

    use_pca: bool = parameter(True, truth_value, Flag("reduce the expression by PCA first"))
    initial_dims: int = parameter(0, integer(0), Flag("principal components kept; 0: up to 200", int, "n"))
    init: Any = parameter(
        "random",
        start,
        Flag(f"start: {', '.join(STARTS)}, joint*F or a table (rows x no_dims)", str),
    )
    pixel_scale: float | str = parameter(
        "raw",
        text_or(one_of(("raw", "unit"), "a positive number"), number()),
        Flag("raw, unit (the unit of positions is made irrelevant) or a factor", number_or_text),
    )
    neighbors: Any = parameter(
        "auto",
        text_or(one_of(SEARCHES, "(indices, distances) or a sparse matrix of distances"), anything),
        Flag(
            "the search for neighbours: exact, approximate, or auto (approximate where exact takes long)",
            str,
            choices=SEARCHES,
        ),
    )
    sections: Any = parameter(None, anything)

    @property
    def gives_graph(self) -> bool:
        """Whether the caller brings neighbours, which are not searched for then."""
        return self.neighbors is not None and not isinstance(self.neighbors, str)

    @property
    def implies_interpolation(self) -> bool:
        """Whether `neighbors` are such as only method interpolation takes."""
        return self.gives_graph or (isinstance(self.neighbors, str) and self.neighbors == "approximate")

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], besides: Collection[str] = ()) -> Parameters:
        """Of the `arguments` of a call (its locals()) all but those named in `besides`.

        Parameters that the call does not have keep their defaults; an argument that is none is a TypeError,
        so that none is ever ignored.
        """
        return cls(**{name: value for name, value in arguments.items() if name not in besides})


def values_of(kind: type, source: Any) -> dict[str, Any]:
    """The fields of the dataclass `kind` as `source`, which has them too, holds them."""
    return {one.name: getattr(source, one.name) for one in fields(kind)}


def check_parameters(parameters: Parameters) -> None:
    """Check everything that can be judged without the data; ValueError otherwise."""
    for one in fields(parameters):
        one.metadata["check"](one.name, getattr(parameters, one.name))
    if parameters.method == "barnes_hut" and parameters.theta == 0:
        raise ValueError("expected theta above 0 for method barnes_hut, found 0")
    if parameters.method == "barnes_hut" and parameters.descent == "fast":
        raise ValueError(
            "expected descent='published' with method='barnes_hut', whose gradient is not quite that of the "
            "cost, found 'fast'; method='exact' or 'interpolation' takes it"
        )
    for name in ("learning_rate", "max_step"):
        if parameters.descent == "fast" and getattr(parameters, name) is not None:
            raise ValueError(
                f"expected no {name} with descent='fast', whose steps it does not rule, found one"
            )
    if parameters.implies_interpolation and parameters.method not in ("auto", "interpolation"):
        raise ValueError(
            f"expected method 'auto' or 'interpolation' with neighbors, found {parameters.method!r}, which "
            "uses all pairs"
        )
