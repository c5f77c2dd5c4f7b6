"""Figures on the screen; they are made without pyplot, which is imported only here."""

from __future__ import annotations

from matplotlib.figure import Figure


def show_figure(figure: Figure) -> None:
    """Show the figure in the notebook's output, or in a window until it is closed."""
    from matplotlib import pyplot

    canvas = pyplot.figure().canvas  # what pyplot shows; its own empty figure is replaced
    canvas.figure = figure
    figure.set_canvas(canvas)
    pyplot.show()
    pyplot.close()
