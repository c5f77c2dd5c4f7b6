"""A bar of known length in the tissue, where the unit of positions is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar

from spasne_tools.run.checks import number

SHARE = 0.25  # of the panel's width that the bar has at most
ROUND = (1, 2, 5)
METRES = {"nm": 1e-9, "um": 1e-6, "µm": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0}


@dataclass(frozen=True)
class Scale:
    """Length of one unit of the positions, as a number and its unit."""

    length: float
    unit: str = "um"

    def __post_init__(self) -> None:
        if self.unit not in METRES:
            raise ValueError(f"expected scalebar_units to be one of {', '.join(METRES)}, found {self.unit!r}")
        number()("scalebar_dx", self.length)


def draw_scale_bar(ax: Axes, scale: Scale, width: float) -> None:
    """A bar of 1, 2 or 5 times a power of ten at the lower right; `width` units of positions are in view."""
    length = _round_length(width * SHARE * scale.length)
    bar = AnchoredSizeBar(
        ax.transData, length / scale.length, _named(length, scale.unit), "lower right", pad=0.2, sep=2,
        fontproperties=FontProperties(size=7), size_vertical=0.006 * width, frameon=True, color="black",
    )  # fmt: skip
    bar.patch.set(alpha=0.8, linewidth=0)
    ax.add_artist(bar)


def _round_length(most: float) -> float:
    """The largest of 1, 2, 5, 10 ... that is no longer than `most`."""
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step * power for step in ROUND if step * power <= most * (1 + 1e-12)))


def _named(length: float, unit: str) -> str:
    """500 µm, 2 mm: the length in the unit that makes it 1 or more and below 1,000, where there is one."""
    metres = length * METRES[unit]
    name = next((name for name in ("m", "mm", "µm", "nm") if metres >= METRES[name] * 0.999), "nm")
    return f"{metres / METRES[name]:.4g} {name}"
