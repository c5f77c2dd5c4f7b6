"""How far each point of a map can be trusted; docs/reliability_of_maps.md has formulas and sources."""

from spasne_tools.lazy import lazy_names

_MODULES = {
    "Curves": "spasne_tools.reliability.curves",
    "map_curves": "spasne_tools.reliability.curves",
    "map_reliability": "spasne_tools.reliability.points",
}
__getattr__, __dir__ = lazy_names(__name__, _MODULES)
