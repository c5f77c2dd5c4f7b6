"""Figures of maps and tissues."""

from spasne_tools.lazy import lazy_names

_MODULES = {
    "palette": "spasne_tools.plotting.maps",
    "plot_genes": "spasne_tools.plotting.maps",
    "plot_maps": "spasne_tools.plotting.maps",
    "plot_rgb": "spasne_tools.plotting.maps",
    "side_by_side": "spasne_tools.plotting.maps",
}
__getattr__, __dir__ = lazy_names(__name__, _MODULES)
