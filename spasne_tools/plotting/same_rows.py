"""Whether all that a figure draws has its rows in one order, as far as tables say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spasne_tools.row_index import check_order, index_of


def check_same_rows(maps: Any, others: Mapping[str, Any]) -> None:
    """ValueError where one of `maps` or `others`, by name, has the index of the first in another order."""
    named = dict(maps) if isinstance(maps, Mapping) else {"the map": maps}
    indexed = {name: rows for name, rows in {**named, **others}.items() if index_of(rows) is not None}
    for name, rows in list(indexed.items())[1:]:
        first = next(iter(indexed))
        check_order(indexed[first], rows, name, first)
