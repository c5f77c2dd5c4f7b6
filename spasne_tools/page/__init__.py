"""The interactive page of a map."""

from spasne_tools.lazy import lazy_names

_MODULES = {
    "export_html": "spasne_tools.page.export",
}
__getattr__, __dir__ = lazy_names(__name__, _MODULES)
