"""Parameters that other programs call otherwise: an error names the one meant."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def names_of_others(**others: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator: a call with one of the names `others` is a TypeError that names the parameter meant."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def checked(*arguments: P.args, **keywords: P.kwargs) -> R:
            for name in keywords:
                if name in others:
                    raise TypeError(
                        f"expected {others[name]} in place of {name}, found {name}={keywords[name]!r}"
                    )
            return function(*arguments, **keywords)

        return checked

    return decorate
