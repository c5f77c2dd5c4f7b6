"""Figures of maps and tissues."""

from spasne_tools.lazy import lazy_names

_MODULES = {
    "Style": "spasne_tools.plotting.style",
    "palette": "spasne_tools.plotting.class_colours",
    "plot_genes": "spasne_tools.plotting.genes",
    "plot_maps": "spasne_tools.plotting.maps",
    "plot_rgb": "spasne_tools.plotting.rgb",
    "side_by_side": "spasne_tools.plotting.sections",
}
__getattr__, __dir__ = lazy_names(__name__, _MODULES)
