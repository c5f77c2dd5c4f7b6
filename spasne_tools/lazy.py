"""Names of a package that are imported at their first use: a map need not wait for matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package whose names come from the `modules` given for them."""

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(modules[name])
        return module if modules[name].endswith(f".{name}") else getattr(module, name)

    def names() -> list[str]:
        return sorted({*vars(import_module(package)), *modules})

    return get, names
