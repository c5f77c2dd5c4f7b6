"""Which weights suit a data set: the published screening, and what comes out of it."""

from spasne_tools.lazy import lazy_names

_MODULES = {
    "plot_screening": "spasne_tools.screening.plot",
    "Schedule": "spasne_tools.screening.schedule",
    "screen_parameters": "spasne_tools.screening.screen",
    "Screening": "spasne_tools.screening.screen",
}
__getattr__, __dir__ = lazy_names(__name__, _MODULES)
