"""Figures hold what was asked for, in colours that colour-blind readers can tell apart, at any size."""

import io
import subprocess
import sys
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from scipy.spatial.distance import pdist

from spasne_tools.plotting import plot_genes, plot_maps, plot_rgb, side_by_side
from spasne_tools.plotting.class_colours import PALETTE, palette
from spasne_tools.plotting.panels import LARGEST_VECTOR

# Machado, Oliveira, Fernandes, IEEE TVCG 15 (2009) 1291: severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def oklab(colours, vision):
    """Ottosson, A perceptual color space for image processing (2020)."""
    rgb = np.array([to_rgb(colour) for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    lms = (
        linear
        @ np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        ).T
    )
    return (
        np.cbrt(lms)
        @ np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        ).T
    )


def smallest_difference(colours, vision):
    return min(np.linalg.norm(a - b) for a, b in combinations(oklab(colours, vision), 2))


def example(n=120, seed=0):
    rng = np.random.default_rng(seed)
    Y = rng.normal(size=(n, 3))
    return Y, 1000 * Y[:, :2], np.array(["a", "b", "c"])[rng.integers(3, size=n)]


def save(figure, kind="png"):
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=60)
    return file.getvalue()


def points_drawn(ax):
    return sum(len(collection.get_offsets()) for collection in ax.collections)


# ---- colours ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "vision", "least"),
    [(8, "normal", 0.15), (20, "normal", 0.09)]
    + [(8, vision, 0.07) for vision in ("deutan", "protan", "tritan")]
    + [(20, vision, 0.055) for vision in ("deutan", "protan", "tritan")],
)
def test_colours_can_be_told_apart(n, vision, least):
    found = smallest_difference(PALETTE[:n], vision)
    assert found >= least
    usual = colormaps["tab20"].colors[:n]
    assert vision == "normal" or found > 1.5 * smallest_difference(usual, vision)


def test_colours_can_be_seen_on_white():
    assert oklab(PALETTE, "normal")[:, 0].max() < 0.9


def test_classes_are_sorted_as_people_sort():
    assert list(palette(["tumor_10", "fat", "tumor_9", "Immune"])) == ["fat", "Immune", "tumor_9", "tumor_10"]
    assert list(palette([10, 9, 1])) == [1, 9, 10]


def test_categories_keep_their_order_and_unused_ones_are_left_out():
    layers = pd.Categorical(["WM", "L1"], ["L2", "L1", "WM"])
    assert list(palette(layers)) == ["L1", "WM"]


def test_missing_classes_get_no_colour():
    assert list(palette(["a", None, "b"])) == ["a", "b"]


def test_more_classes_than_colours_differ_by_marker():
    looks = palette(range(65))
    assert len(set(looks.values())) == 65
    assert looks[0][0] == looks[20][0] and looks[0][1] != looks[20][1]


@pytest.mark.parametrize(
    ("asked", "shown"), [({}, "layer"), ({"legend_title": "Depth"}, "Depth"), ({"legend_title": ""}, "")]
)
def test_the_name_of_a_column_stands_above_the_legend(asked, shown):
    Y, pixels, labels = example()
    figure = plot_maps(Y, pd.Series(labels, name="layer"), pixels, **asked)
    assert figure.axes[-1].get_legend().get_title().get_text() == shown
    figure = plot_maps(Y, pd.Series(Y[:, 0], name="layer"), pixels, **asked)
    assert figure.axes[-1].get_ylabel() == shown


# ---- tissue and maps --------------------------------------------------------------------------------------


def test_tissue_and_maps_stand_side_by_side():
    Y, pixels, labels = example()
    figure = plot_maps({"t-SNE": Y[:, :2], "SpaSNE": Y[:, 1:]}, labels, pixels, legend_title="Layer")
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Tissue", "t-SNE", "SpaSNE"]
    assert [points_drawn(ax) for ax in figure.axes] == [120] * 3
    assert [ax.get_aspect() for ax in figure.axes] == [1.0] * 3
    legend = figure.axes[-1].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "c"]
    assert legend.get_title().get_text() == "Layer"
    assert len(save(figure)) > 1000


def test_panels_share_colours_and_spots_keep_theirs():
    Y, pixels, labels = example()
    figure = plot_maps(Y[:, :2], labels, pixels)
    for ax, points in zip(figure.axes, (pixels, Y[:, :2]), strict=True):
        collection = [c for c in ax.collections if len(c.get_offsets())][0]
        drawn = zip(collection.get_offsets(), collection.get_facecolors(), strict=True)
        where = {tuple(point): colour for point, colour in drawn}
        for point, label in zip(points, labels, strict=True):
            assert tuple(where[tuple(point)][:3]) == pytest.approx(to_rgb(palette(labels)[label][0]))


def test_image_like_turns_the_tissue_only():
    Y, pixels, labels = example()
    turned, upright = (plot_maps(Y, labels, pixels, image_like=image_like) for image_like in (True, False))
    assert [ax.yaxis_inverted() for ax in turned.axes] == [True, False]
    assert [ax.yaxis_inverted() for ax in upright.axes] == [False, False]


def test_scores_stand_under_the_title():
    Y, pixels, labels = example()
    scores = pd.Series({"r1": 0.6606, "r2": 0.7178, "s": -0.003, "knn10_space": 1.0})
    figure = plot_maps({"SpaSNE": Y}, labels, pixels, scores={"SpaSNE": scores})
    texts = [[text.get_text() for text in ax.texts] for ax in figure.axes]
    assert texts[1] == ["$r_1$ = 0.66, $r_2$ = 0.72, $s$ = 0.00"]
    assert texts[0] in ([], [""])
    figure = plot_maps({"SpaSNE": Y}, labels, scores={"SpaSNE": scores[["r1"]].to_dict() | {"kept": 0.42}})
    assert figure.axes[0].texts[0].get_text() == "$r_1$ = 0.66, kept = 0.42"
    figure = plot_maps({"SpaSNE": Y}, labels, scores={"SpaSNE": {"s": -0.155}})
    assert figure.axes[0].texts[0].get_text() == "$s$ = \N{MINUS SIGN}0.15"


def test_missing_classes_are_drawn_in_grey_below():
    Y, _, labels = example()
    labels = labels.astype(object)
    labels[:7] = None
    ax = plot_maps(Y, labels).axes[0]
    assert len(ax.collections[0].get_offsets()) == 7
    assert points_drawn(ax) == 120


def test_floats_are_continuous_and_integers_are_classes():
    Y, _, _ = example()
    figure = plot_maps(Y, Y[:, 0], legend_title="depth")
    assert figure.axes[0].get_legend() is None and figure.axes[-1].get_ylabel() == "depth"
    assert plot_maps(Y, np.arange(120) % 3).axes[-1].get_legend()


@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_maps_of_any_dimension_are_drawn(n_dims):
    Y, pixels, labels = example()
    figure = plot_maps(Y[:, :n_dims], labels, pixels)
    assert points_drawn(figure.axes[1]) == 120
    np.testing.assert_allclose(sorted(figure.axes[1].collections[1].get_offsets()[:, 0]), sorted(Y[:, 0]))


def test_other_axes_of_a_map_can_be_drawn():
    Y, _, labels = example()
    offsets = plot_maps(Y, labels, axes=(1, 2)).axes[0].collections[1].get_offsets()
    assert sorted(offsets[:, 1]) == pytest.approx(sorted(Y[:, 2]))
    with pytest.raises(ValueError, match="expected map 'Map' with at least 4 columns, found 3"):
        plot_maps(Y, labels, axes=(0, 3))


def test_names_on_maps_do_not_overlap():
    labels = np.repeat([f"class_{i}" for i in range(12)], 10)
    Y = np.random.default_rng(0).uniform(size=(120, 2)) * [1, 0.1]  # all medians near the middle
    Y[0] = [0, 3]
    figure = plot_maps(Y, labels, annotate=True)
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in figure.axes[0].texts]  # a name without its leader
    assert len(boxes) == 12
    pairs = [(a, b) for a, b in combinations(boxes, 2) if a.x0 < b.x1 and b.x0 < a.x1]
    covered = [min(a.y1, b.y1) - max(a.y0, b.y0) for a, b in pairs]
    assert max(covered) < 0.3 * boxes[0].height


def test_many_points_are_rasterised_and_smaller():
    Y, pixels, labels = example(LARGEST_VECTOR + 1)
    large, small = (plot_maps(Y[:n], labels[:n], pixels[:n]) for n in (len(Y), 100))
    for few, many in zip(small.axes, large.axes, strict=True):
        assert many.collections[1].get_rasterized() and not few.collections[1].get_rasterized()
        assert many.collections[1].get_sizes()[0] < few.collections[1].get_sizes()[0]
    assert len(save(large, "pdf")) < 500_000


@pytest.mark.parametrize(("n", "least"), [(100, 0.03), (1000, 0.2), (100_000, 0.3)])
def test_small_and_large_figures_are_well_covered(n, least):
    """Tissue in a square: its ink covers much of the panel, and not all of it."""
    rng = np.random.default_rng(0)
    figure = plot_maps(rng.uniform(size=(n, 2)), np.zeros(n, int), rng.uniform(0, 9000, size=(n, 2)))
    ax = figure.axes[0]
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())[..., :3]
    box = ax.get_window_extent()
    height = image.shape[0]
    panel = image[int(height - box.y1) : int(height - box.y0), int(box.x0) : int(box.x1)]
    assert least < (panel.min(axis=2) < 200).mean() < 0.9


def test_rows_that_do_not_match_are_errors():
    Y, pixels, labels = example()
    with pytest.raises(ValueError, match="expected 120 rows in pixels, one per colour, found 119"):
        plot_maps(Y, labels, pixels[:-1])
    with pytest.raises(ValueError, match="expected 119 rows in map 'Map', one per colour, found 120"):
        plot_maps(Y, labels[:-1])
    with pytest.raises(ValueError, match="expected at least one map, or pixels, found none"):
        plot_maps({}, labels)


def test_no_display_and_no_global_state_are_needed():
    program = "import sys, spasne_tools.plotting.maps; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# ---- genes and 3-D maps -----------------------------------------------------------------------------------


def test_genes_are_rows_and_high_values_are_on_top():
    Y, pixels, _ = example()
    genes = pd.DataFrame({"Gad1": Y[:, 2], "Mbp": -Y[:, 2]})
    figure = plot_genes({"SpaSNE": Y}, genes, pixels)
    panels = [ax for ax in figure.axes if ax.collections and points_drawn(ax) == 120]
    assert [ax.get_ylabel() for ax in panels] == ["Gad1", "", "Mbp", ""]
    assert [ax.get_title(loc="left") for ax in panels] == ["Tissue", "SpaSNE", "", ""]
    for ax in panels:
        assert (np.diff(ax.collections[0].get_array()) >= 0).all()
    with pytest.raises(ValueError, match="expected 120 rows in map 'SpaSNE'"):
        plot_genes({"SpaSNE": Y[:-1]}, genes)


def test_genes_stand_side_by_side():
    Y, pixels, _ = example()
    genes = pd.DataFrame(Y, columns=["Cux2", "Gad1", "Mbp"])
    figure = plot_genes({"SpaSNE": Y}, genes, pixels, n_columns=2)
    panels = [ax for ax in figure.axes if ax.collections and points_drawn(ax) == 120]
    assert [ax.get_ylabel() for ax in panels] == ["Cux2", "", "Gad1", "", "Mbp", ""]
    assert [ax.get_title(loc="left") for ax in panels] == ["Tissue", "SpaSNE"] * 2 + ["", ""]
    assert len(figure.axes) == 6 + 3  # each gene with its bar of colours, and no empty panels
    tops = [ax.get_position().y1 for ax in panels]
    assert tops[0] == pytest.approx(tops[2]) and tops[2] > tops[4]
    with pytest.raises(ValueError, match="expected n_columns of 1 or more, found 0"):
        plot_genes(Y, genes, n_columns=0)


def test_the_tissue_can_be_drawn_alone():
    Y, pixels, labels = example()
    assert [ax.get_title(loc="left") for ax in plot_maps(None, labels, pixels).axes] == ["Tissue"]
    assert len(plot_genes(None, pd.DataFrame(Y), pixels, n_columns=9).axes) == 6


def test_rgb_paints_the_three_axes():
    Y, pixels, _ = example()
    figure = plot_rgb(Y, pixels)
    assert len(figure.axes) == 3
    drawn = figure.axes[0].collections[0]
    order = [int(np.flatnonzero((pixels == point).all(axis=1))[0]) for point in drawn.get_offsets()]
    low, high = np.percentile(Y, [1, 99], axis=0)
    np.testing.assert_allclose(drawn.get_facecolors()[:, :3], np.clip((Y[order] - low) / (high - low), 0, 1))


def test_rgb_needs_three_dimensions_and_matching_rows():
    Y, pixels, _ = example()
    with pytest.raises(ValueError, match="expected a map with 3 dimensions, found 2"):
        plot_rgb(Y[:, :2], pixels)
    with pytest.raises(ValueError, match="expected 120 rows in pixels, one per colour, found 119"):
        plot_rgb(Y, pixels[:-1])


# --- sections side by side ---


def test_sections_side_by_side_keep_their_shape():
    pixels = np.random.default_rng(0).uniform(0, [300, 200], size=(60, 2))
    names = np.array(["b", "a", "c"])[np.arange(60) % 3]
    moved = side_by_side(pixels + 1e4 * (np.arange(60) % 3)[:, None], names)
    assert moved.min(axis=0).tolist() == [0, 0]
    right = 0.0
    for name in "abc":
        part = names == name
        np.testing.assert_allclose(pdist(moved[part]), pdist(pixels[part]))
        assert moved[part, 0].min() > right or name == "a"
        right = moved[part, 0].max()


@pytest.mark.parametrize(
    ("names", "message"),
    [(["a"] * 5, "expected 4 rows in sections, .* found 5"), (["a", None] * 2, "every row, found 2 missing")],
)
def test_bad_sections_side_by_side(names, message):
    with pytest.raises(ValueError, match=message):
        side_by_side(np.ones((4, 2)), names)
