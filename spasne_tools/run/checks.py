"""What a single parameter may be: checks that are put together in parameters.py.

A check takes a parameter's name and value and raises ValueError, "expected ..., found ...", for what is not
allowed.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from spasne_tools.validation import INT32_MAX

Check: TypeAlias = Callable[[str, Any], None]

MOST_THREADS = 4096  # that the executable takes


def anything(name: str, value: Any) -> None:
    """Judged elsewhere, together with the data."""


def truth_value(name: str, value: Any) -> None:
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"expected {name} to be True or False, found {value!r}")


def function(name: str, value: Any) -> None:
    if not callable(value):
        raise ValueError(f"expected {name} to be a function or None, found {value!r}")


def number(allow_zero: bool = False, allow_infinity: bool = False) -> Check:
    """Above 0, or 0 and above; finite unless infinity is allowed."""
    wanted = "a number of 0 or more" if allow_zero else "a number above 0"

    def check(name: str, value: Any) -> None:
        try:
            found = math.nan if isinstance(value, (str, bool, np.bool_)) else float(value)
        except (TypeError, ValueError, OverflowError):
            found = math.nan
        in_range = found >= 0 if allow_zero else found > 0
        if not in_range or (math.isinf(found) and not allow_infinity):
            raise ValueError(f"expected {name} to be {wanted}, found {value!r}")

    return check


def integer(least: float = -math.inf) -> Check:
    wanted = "an integer" if least == -math.inf else f"an integer of {least} or more"

    def check(name: str, value: Any) -> None:
        try:
            found = math.nan if isinstance(value, (bool, np.bool_)) else operator.index(value)
        except TypeError:
            found = math.nan
        if not least <= found <= INT32_MAX:
            raise ValueError(f"expected {name} to be {wanted}, at most {INT32_MAX}, found {value!r}")

    return check


def threads(name: str, value: Any) -> None:
    try:
        found = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        found = 0
    if not 1 <= found <= MOST_THREADS and found != -1:
        raise ValueError(
            f"expected {name} to be None, -1 (both: all cores) or 1 to {MOST_THREADS} threads, "
            f"found {value!r}"
        )


def between(least: float, most: float) -> Check:
    """Of what is known to be a number, its limits included."""

    def check(name: str, value: Any) -> None:
        if not least <= value <= most:
            raise ValueError(f"expected {name} between {least:g} and {most:g}, found {value!r}")

    return check


def below(limit: float) -> Check:
    """Of what is known to be a number."""

    def check(name: str, value: Any) -> None:
        if value >= limit:
            raise ValueError(f"expected {name} below {limit:g}, found {value!r}")

    return check


def one_of(choices: Sequence[str], otherwise: str = "") -> Check:
    """One of these words; `otherwise` says in the message what else there is."""
    allowed = ", ".join(repr(choice) for choice in choices) + (f" or {otherwise}" if otherwise else "")

    def check(name: str, value: Any) -> None:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"expected {name} to be {allowed}, found {value!r}")

    return check


def optional(check: Check) -> Check:
    """None, or what passes the check."""
    return lambda name, value: None if value is None else check(name, value)


def text_or(check_of_text: Check, check_of_others: Check) -> Check:
    return lambda name, value: (check_of_text if isinstance(value, str) else check_of_others)(name, value)


def all_of(*checks: Check) -> Check:
    """Each in turn."""

    def check(name: str, value: Any) -> None:
        for one in checks:
            one(name, value)

    return check
