"""Heat maps of a screening."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from spasne_tools.screening.plot import plot_screening
from spasne_tools.screening.screen import Screening


def made_up_table(alphas, betas, best):
    cells = pd.DataFrame([(a, b) for a in alphas for b in betas], columns=["alpha", "beta"])
    cells = cells.assign(r1=0.5, r2=0.5, var=1e-4, repeats=3, score=0.0)
    cells.loc[(cells["alpha"] == best[0]) & (cells["beta"] == best[1]), "r1"] = 0.7
    return cells


def framed(ax):
    """(alpha, beta) of the frame, from the labels of the ticks."""
    (frame,) = [patch for patch in ax.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    x, y = (int(corner + 0.5) for corner in frame.get_xy())
    return float(ax.get_xticklabels()[x].get_text()), float(ax.get_yticklabels()[y].get_text())


def test_a_screening_has_a_row_for_each_stage_with_its_optimum_framed():
    rough, fine = made_up_table((2, 10, 50), (1, 5), (10, 5)), made_up_table((5, 6, 7, 8), (1, 2, 3), (7, 2))
    screening = Screening(7.0, 2.0, 1, np.zeros((3, 2)), fine, rough, fine, fine, fine["r1"])
    figure = plot_screening(screening, title="made up")
    assert [framed(ax) for ax in figure.axes] == [(10, 5)] * 3 + [(7, 2)] * 3
    figure.canvas.draw()
    assert "best (7, 2), 0.942" in figure.axes[-1].get_title()


def test_cells_without_a_run_or_a_spread_are_empty():
    table = made_up_table((5, 6), (1, 2), (5, 1)).iloc[:3].assign(repeats=[1, 2, 3])
    product, spread, _ = plot_screening(table).axes
    assert [text.get_text() for text in product.texts] == [".35", ".25", ".25"]
    assert [text.get_text() for text in spread.texts] == ["10", "10"]


def test_a_published_table_is_drawn_without_its_row_of_t_sne():
    table = pd.concat([made_up_table((0,), (0,), (0, 0)), made_up_table((5, 6), (1, 2), (5, 1))])
    assert framed(plot_screening(table.drop(columns=["repeats", "score"])).axes[0]) == (5, 1)


def test_tables_that_are_no_screening_are_errors():
    table = made_up_table((5,), (1,), (5, 1))
    with pytest.raises(ValueError, match="expected a column 'var' in the table"):
        plot_screening(table.drop(columns="var"))
    with pytest.raises(ValueError, match="expected cells in the table, found none but t-SNE"):
        plot_screening(table.iloc[:0])
