"""The key of a figure of numbers: a bar of colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure

from spasne_tools.plotting.style import Style

BAR_WIDTH = 0.4  # inches
BAR_ROOM = 1.0  # inches, with numbers and label


@dataclass(frozen=True)
class ColourBar:
    """Colours of numbers; `grey` is that of points without, or of a gene's zeros (None: there are none)."""

    norm: Normalize
    colours: str | Colormap
    grey: str | None

    def width(self, style: Style) -> float:
        """Inches beside the panels."""
        return BAR_ROOM

    def draw(self, figure: Figure, row: Sequence[Axes], style: Style) -> None:
        """Beside a row of panels."""
        colours = colormaps[self.colours] if isinstance(self.colours, str) else self.colours
        if self.grey is not None:
            colours = colours.with_extremes(under=self.grey)
        share = BAR_WIDTH / sum(ax.bbox.width / figure.dpi for ax in row)
        bar = figure.colorbar(
            ScalarMappable(self.norm, colours), ax=list(row), fraction=share, pad=share / 2, shrink=0.8,
            aspect=18, extend="neither" if self.grey is None else "min", extendrect=True,
        )  # fmt: skip
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=8, width=0.6)
        if style.legend_title:
            bar.set_label(style.legend_title, fontsize=style.legend_fontsize or 9)
