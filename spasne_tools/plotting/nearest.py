"""The end of a message about a name that is not known: which one was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest_to(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?``, or nothing where no known name is near."""
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
