"""Which weights suit a data set, without labels: a short search on a sample, and what came of it."""

from spasne_tools.lazy import lazy_names

_MODULES = {
    "Choice": "spasne_tools.choose.choice",
    "choose_parameters": "spasne_tools.choose.choice",
    "plot_choice": "spasne_tools.choose.plot",
}
__getattr__, __dir__ = lazy_names(__name__, _MODULES)
