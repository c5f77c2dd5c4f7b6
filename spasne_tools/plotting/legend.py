"""The key of a figure of classes: a legend beside its panels, as wide as its names ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath

from spasne_tools.plotting.class_colours import Looks
from spasne_tools.plotting.style import ON_DATA, RIGHT_MARGIN, Style

LEGEND_ROWS = 20  # a longer legend gets another column
MOST_ENTRIES = 100  # those beyond are counted, not named
FONT_SIZE = 9.0  # points
HINTING = 1.1  # letters drawn with few pixels are wider than their outlines
HANDLE_WIDTH = 3.1  # of a marker and the gaps around it, in font sizes
MISSING_NAME = "NA"  # as in scanpy's legends
NOT_KEPT_NAME = "not kept"


@dataclass(frozen=True)
class Legend:
    """Colours and markers of classes, and those of points without one or not kept where there are any.

    `numbered`: with the numbers that stand for the classes on the map.
    """

    looks: Looks
    missing_colour: str | None
    not_kept_colour: str | None = None
    numbered: bool = False

    def _place(self, style: Style) -> str | None:
        """Where it is drawn; None: nowhere, the names are on the map."""
        if style.legend_loc == ON_DATA:
            return RIGHT_MARGIN if self.numbered else None
        return None if style.legend_loc == "none" else style.legend_loc

    def numbers(self) -> dict[Any, str]:
        """What stands for each class on the map."""
        return {name: str(number) for number, name in enumerate(self.looks, 1)}

    def width(self, style: Style) -> float:
        """Inches that the legend takes beside the panels."""
        if self._place(style) != RIGHT_MARGIN:
            return 0.1
        font = FontProperties(size=style.legend_fontsize or FONT_SIZE)
        names = [str(handle.get_label()) for handle in self._handles()]
        columns = [names[at : at + LEGEND_ROWS] for at in range(0, len(names), LEGEND_ROWS)]
        handle = HANDLE_WIDTH * font.get_size_in_points()
        entries = sum(_text_width(column, font) + handle for column in columns)
        return (max(entries, _text_width([style.legend_title or ""], font)) + handle) / 72

    def draw(self, figure: Figure, row: Sequence[Axes], style: Style) -> None:
        """Beside the last panel of a row, or within it."""
        if (where := self._place(style)) is None:
            return
        handles = self._handles()
        place: dict[str, Any] = {"loc": where, "framealpha": 0.8}
        if where == RIGHT_MARGIN:
            place = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5), "frameon": False}
        row[-1].legend(
            handles=handles, title=style.legend_title, fontsize=style.legend_fontsize or FONT_SIZE,
            ncols=1 + (len(handles) - 1) // LEGEND_ROWS, alignment="left", columnspacing=0.8,
            handletextpad=0.2, labelspacing=0.35, borderaxespad=0.3, **place,
        )  # fmt: skip

    def _handles(self) -> list[Line2D]:
        shown = list(self.looks.items())[:MOST_ENTRIES]
        numbers = self.numbers()
        text = "{0}  {1}" if self.numbered else "{1}"
        entries = [(text.format(numbers[name], name), *look) for name, look in shown]
        if self.missing_colour is not None:
            entries.append((MISSING_NAME, self.missing_colour, "o"))
        if self.not_kept_colour is not None:
            entries.append((NOT_KEPT_NAME, self.not_kept_colour, "o"))
        handles = [
            Line2D([], [], lw=0, marker=marker, ms=6.5, markeredgewidth=0, color=colour, label=name)
            for name, colour, marker in entries
        ]
        if (n_more := len(self.looks) - len(shown)) > 0:
            handles.append(Line2D([], [], lw=0, label=f"and {n_more} more"))
        return handles


def _text_width(texts: Sequence[str], font: FontProperties) -> float:
    """Points of the widest text."""
    size = font.get_size_in_points()
    return HINTING * max(
        (float(TextPath((0, 0), text, size, prop=font).get_extents().width) for text in texts if text),
        default=0,
    )
