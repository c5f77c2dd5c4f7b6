"""Lists of names in messages, cut where they are long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SHOWN = 4


def listed_names(names: Sequence[Any], most: int = SHOWN) -> str:
    """The first of `names` and how many there are more, for a message.

    Examples
    --------
    >>> listed_names(["a", "b", "c"]), listed_names(["a", "b", "c"], 2)
    ('a, b, c', 'a, b and 1 more')
    """
    shown = ", ".join(map(str, names[:most]))
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
