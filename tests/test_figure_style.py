"""The options of figures that scanpy and squidpy have too: colours, sizes, legends, images, scale bars."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from scipy.spatial.distance import pdist
from test_plotting import VISION

from spasne_tools.plotting import plot_genes, plot_maps
from spasne_tools.plotting.class_colours import MISSING_COLOUR, PALETTE, looks_of
from spasne_tools.plotting.figure import colour_classes, compose
from spasne_tools.plotting.panels import make_panels
from spasne_tools.plotting.scale_bar import Scale
from spasne_tools.plotting.style import make_style
from spasne_tools.plotting.tissue import TissueImage, make_tissue

N = 90
Y = np.random.default_rng(0).normal(size=(N, 2))
LABELS = np.array(["a", "b", "c"] * 30)


def drawn_colours(ax, points):
    """Hex colour of each point, and None where none is drawn."""
    where = {}
    for part in ax.collections:
        part.update_scalarmappable()
        faces = np.broadcast_to(part.get_facecolor(), (len(part.get_offsets()), 4))
        where |= {tuple(at): to_hex(face) for at, face in zip(part.get_offsets(), faces, strict=True)}
    return [where.get(tuple(point)) for point in points]


def legend_names(figure):
    return [text.get_text() for text in figure.axes[-1].get_legend().get_texts()]


# ---- the palette ------------------------------------------------------------------------------------------


def cielab(colours, vision):
    """CIE 1976 L*a*b* of sRGB colours under D65."""
    rgb = np.array([to_rgb(colour) for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    x, y, z = (linear @ np.array(to_xyz).T / [0.95047, 1, 1.08883]).T
    fx, fy, fz = (np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116) for t in (x, y, z))
    return np.column_stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


@pytest.mark.parametrize(
    ("vision", "least"), [("normal", 25), ("deutan", 15), ("protan", 14.8), ("tritan", 14.4)]
)
def test_twenty_colours_are_far_apart(vision, least):
    assert pdist(cielab(PALETTE, vision)).min() >= least


def test_neighbours_in_the_palette_are_farther_apart_than_others():
    """Classes of one kind, tumor_1 and tumor_2, follow each other."""
    lab = cielab(PALETTE, "normal")
    assert np.linalg.norm(np.diff(lab, axis=0), axis=1).min() > 1.3 * pdist(lab).min()


def test_palettes_of_any_kind():
    assert looks_of(["x", "y", "z"], ["red", "#0000ff"]) == {
        "x": ("#ff0000", "o"), "y": ("#0000ff", "o"), "z": ("#ff0000", "^"),
    }  # fmt: skip
    assert looks_of(["x", "y"], {"y": "k", "x": "w"}) == {"x": ("#ffffff", "o"), "y": ("#000000", "o")}
    assert [colour for colour, _ in looks_of("ab", "gray").values()] == ["#000000", "#ffffff"]


# ---- colours of points ------------------------------------------------------------------------------------


def test_groups_are_coloured_and_others_are_grey():
    figure = plot_maps(Y, LABELS, groups=["c", "a"], palette={"a": "red", "b": "lime", "c": "blue"})
    expected = {"a": "#ff0000", "b": MISSING_COLOUR, "c": "#0000ff"}
    assert drawn_colours(figure.axes[0], Y) == [expected[label] for label in LABELS]
    assert legend_names(figure) == ["a", "c", "NA"]


def test_missing_classes_have_a_colour_of_choice_and_a_place_in_the_legend():
    labels = pd.Series(LABELS).where(np.arange(N) > 4)
    figure = plot_maps(Y, labels, na_color="black")
    assert drawn_colours(figure.axes[0], Y)[:5] == ["#000000"] * 5
    assert legend_names(figure)[-1] == "NA" and legend_names(plot_maps(Y, LABELS))[-1] == "c"


def test_missing_numbers_are_grey():
    values = np.where(np.arange(N) < 4, np.nan, Y[:, 0])
    colours = drawn_colours(plot_maps(Y, values).axes[0], Y)
    assert colours[:4] == [MISSING_COLOUR] * 4 and MISSING_COLOUR not in colours[4:] and None not in colours


def test_zeros_of_genes_are_grey_unless_the_colour_map_is_given():
    genes = pd.DataFrame({"Mbp": np.maximum(Y[:, 0], 0)})
    zero = genes["Mbp"].to_numpy() == 0
    for cmap, greys in ((None, zero), ("magma", np.zeros(N, bool))):
        colours = np.array(drawn_colours(plot_genes(Y, genes, cmap=cmap).axes[0], Y))
        np.testing.assert_array_equal(colours == MISSING_COLOUR, greys)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, (np.percentile(Y[:, 0], 1), np.percentile(Y[:, 0], 99))),
        ({"vmin": -1, "vmax": 2.5}, (-1, 2.5)),
        ({"vmin": "p10", "vmax": "p99.5"}, (np.percentile(Y[:, 0], 10), np.percentile(Y[:, 0], 99.5))),
    ],
)
def test_limits_of_colours(limits, expected):
    part = plot_maps(Y, Y[:, 0], **limits).axes[0].collections[-1]
    assert (part.norm.vmin, part.norm.vmax) == pytest.approx(expected)


def test_each_gene_has_its_limits():
    figure = plot_genes(Y, pd.DataFrame(Y, columns=["a", "b"]), vmax=[1, "p50"], vmin=[0, None])
    tops = [ax.collections[-1].norm.vmax for ax in figure.axes[:2]]
    assert tops == pytest.approx([1, np.median(Y[:, 1])])


def test_size_opacity_frame_and_titles():
    figure = plot_maps(Y, LABELS, Y, size=7, alpha=0.5, frameon=False, title=["Section", "Map of it"])
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Section", "Map of it"]
    for ax in figure.axes:
        assert ax.collections[1].get_sizes().tolist() == [7 / 4] and ax.collections[1].get_alpha() == 0.5
        assert not any(spine.get_visible() for spine in ax.spines.values())
    assert plot_maps(Y, LABELS, Y, title="Both").get_suptitle() == "Both"


def test_axes_given_are_drawn_into():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot_maps(Y, LABELS, ax=right, title="Here") is figure
    assert not left.collections and right.collections and right.get_title(loc="left") == "Here"
    with pytest.raises(ValueError, match="expected 2 axes, one for each panel, found 1"):
        plot_maps(Y, LABELS, Y, ax=left)


# ---- legends and names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dpi", [72, 200])
@pytest.mark.parametrize("n_classes", [7, 19, 60, 150])
def test_a_legend_never_lies_over_the_panels(n_classes, dpi):
    labels = [f"class number {i}" for i in range(n_classes)] * 2
    points = np.random.default_rng(0).normal(size=(len(labels), 2))
    figure = plot_maps(points, labels, points)
    figure.set_dpi(dpi)
    figure.draw_without_rendering()
    box = figure.axes[-1].get_legend().get_window_extent()
    panels = [ax.get_window_extent() for ax in figure.axes]
    assert all(panel.x1 <= box.x0 for panel in panels) and box.x1 <= figure.bbox.x1
    assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
    assert min(panel.width for panel in panels) > 0.8 * 3.6 * figure.dpi
    assert legend_names(figure)[-1] == ("and 50 more" if n_classes == 150 else labels[-1])


def test_places_of_the_legend():
    assert plot_maps(Y, LABELS, legend_loc="upper left").axes[0].get_legend()
    for nowhere in (None, "none"):
        assert plot_maps(Y, LABELS, legend_loc=nowhere).axes[0].get_legend() is None
    ax = plot_maps(Y, LABELS, legend_loc="on data", legend_fontsize=13).axes[0]
    assert ax.get_legend() is None and [text.get_text() for text in ax.texts] == ["a", "b", "c"]
    assert {text.get_fontsize() for text in ax.texts} == {13}


def test_names_stand_where_their_class_is_densest():
    """Two thirds in one place and the rest in another: the mean and the median lie where there is none."""
    rng = np.random.default_rng(1)
    places = {"a": ([0, 0], [10, 10]), "b": ([0, 10], [10, 0])}
    points = np.concatenate(
        [
            rng.normal(at, 0.5, (n, 2))
            for pair in places.values()
            for at, n in zip(pair, (51, 49), strict=True)
        ]
    )
    ax = plot_maps(points, np.repeat(["a", "b"], 100), annotate=True).axes[0]
    for text in ax.texts:
        distance = np.linalg.norm(np.array(places[text.get_text()]) - text.xy, axis=1).min()
        assert distance < 1


def drawn_boxes(figure, texts):
    figure.draw_without_rendering()
    return np.array([text.get_window_extent().extents for text in texts])


@pytest.mark.parametrize("options", [{"legend_loc": "on data"}, {"annotate": True}], ids=str)
def test_numbers_stand_for_names_that_would_crowd_the_map(options):
    """Sixty long names in one cloud: each number once on the map, none over another, and in the legend."""
    rng = np.random.default_rng(0)
    names = [f"a long name of type {i:02}" for i in range(60)]
    points = np.repeat(rng.uniform(size=(60, 2)), 20, axis=0) + rng.normal(scale=0.02, size=(1200, 2))
    figure = plot_maps(points, np.repeat(names, 20), points, **options)
    texts = figure.axes[-1].texts
    assert sorted(int(text.get_text()) for text in texts) == list(range(1, 61))
    assert legend_names(figure) == [f"{number}  {name}" for number, name in enumerate(names, 1)]
    assert len(figure.axes[0].texts) == 0  # the tissue has none
    low, high = np.split(drawn_boxes(figure, texts), 2, axis=1)
    apart = ((low[:, None] >= high[None] - 1) | (high[:, None] <= low[None] + 1)).any(axis=2)
    assert apart[~np.eye(60, dtype=bool)].mean() > 0.999
    assert figure.axes[-1].get_legend().get_window_extent().x1 <= figure.bbox.x1


def test_names_stay_where_no_legend_would_explain_numbers():
    names = [f"a long name of type {i:02}" for i in range(60)]
    figure = plot_maps(np.random.default_rng(0).normal(size=(60, 2)), names, annotate=True, legend_loc=None)
    assert sorted(text.get_text() for text in figure.axes[0].texts) == names


def test_names_stay_within_their_panel():
    points = np.array([[0.0, 0], [0, 1], [9, 1], [9, 0]])
    names = ["a name at the left edge", "b", "a name at the right edge", "c"]
    figure = plot_maps(points, names, legend_loc="on data")
    boxes, panel = drawn_boxes(figure, figure.axes[0].texts), figure.axes[0].get_window_extent()
    assert (boxes[:, 0] >= panel.x0).all() and (boxes[:, 2] <= panel.x1).all()


# ---- the tissue -------------------------------------------------------------------------------------------


def test_sections_stand_side_by_side_with_names():
    ax = plot_maps(None, LABELS, Y, sections=LABELS).axes[0]
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]
    middles = [text.xy[0] for text in ax.texts]
    assert middles == sorted(middles)


def test_an_image_lies_under_its_section_and_a_crop_shows_a_part():
    points = np.array([[10.0, 20.0], [30.0, 60.0]] * 2)
    images = {name: TissueImage(np.zeros((10, 5, 3)), (0, 50, 0, 100)) for name in "ab"}
    style, names = make_style({}), ["a", "a", "b", "b"]
    tissue = make_tissue(points, names, images, image_alpha=0.3)
    figure = compose([colour_classes(pd.Series(names), style)], make_panels(None, tissue, (0, 1), 4), style)
    ax = figure.axes[0]
    for image, left in zip(ax.images, (0, 21.6), strict=True):
        assert image.get_alpha() == 0.3
        assert image.get_extent() == pytest.approx([left - 10, left + 40, 80, -20])
    tissue = make_tissue(points, crop=(5, 25, 10, 40))
    ax = compose([colour_classes(pd.Series(names), style)], make_panels(None, tissue, (0, 1), 4), style).axes[
        0
    ]
    assert ax.get_xlim() == (5, 25) and ax.get_ylim() == (40, 10)


@pytest.mark.parametrize(
    ("scale", "name", "units"),
    [
        (Scale(0.5, "um"), "100 µm", 200),
        (Scale(20, "um"), "5 mm", 250),
        (Scale(300, "nm"), "50 µm", 500 / 3),
    ],
)
def test_a_scale_bar_is_as_long_as_it_says(scale, name, units):
    points, style = np.array([[0.0, 0.0], [1000.0, 500.0]]), make_style({})
    panels = make_panels(None, make_tissue(points, scale=scale), (0, 1), 2)
    figure = compose([colour_classes(pd.Series(["a", "b"]), style)], panels, style)
    figure.draw_without_rendering()
    (bar,) = figure.axes[0].artists
    assert bar.txt_label.get_text() == name
    assert bar.size_bar.get_children()[0].get_width() == pytest.approx(units)


# ---- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size to be a number above 0, found 0"),
        ({"alpha": 2}, "alpha of at most 1, found 2"),
        ({"na_color": "gray50x"}, "colours that matplotlib knows in na_color, found 'gray50x'"),
        (
            {"palette": "tab21"},
            "palette to name one of matplotlib's colour maps, found 'tab21'; did you mean 'tab2",
        ),
        ({"palette": {"a": "red"}}, "a colour of every class in palette, found none of 'b'"),
        ({"palette": []}, "at least one colour in palette, found none"),
        ({"palette": ["bleu"]}, "colours that matplotlib knows in palette, found 'bleu'"),
        ({"groups": "d"}, "groups among the classes, found 'd'"),
        ({"legend_loc": "left"}, "legend_loc to be None or one of right margin, .* found 'left'"),
        ({"cmap": "virids"}, "cmap to name .* found 'virids'; did you mean 'viridis'"),
        ({"title": ["x", "y"]}, "1 titles, one for each panel, found 2"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=f"^expected {message}"):
        plot_maps(Y, LABELS, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vmax": "99"}, "vmax to be a number or a percentile such as 'p99', found '99'"),
        ({"vmin": "p101"}, "vmin to be a number or a percentile"),
        ({"vmin": 2, "vmax": 1}, "vmin below vmax, found 2 and 1"),
        ({"vmin": [1, 2]}, "one vmin, or 1, one for each column, found 2"),
    ],
)
def test_limits_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=f"^expected {message}"):
        plot_maps(Y, Y[:, 0], **options)


def test_an_option_of_another_name():
    with pytest.raises(TypeError, match="found 'pallete'; did you mean 'palette'"):
        plot_maps(Y, LABELS, pallete="tab10")


def test_units_that_cannot_be():
    with pytest.raises(ValueError, match="scalebar_units to be one of nm, um, .* found 'inch'"):
        Scale(1, "inch")
    with pytest.raises(ValueError, match="scalebar_dx to be a number above 0, found 0"):
        Scale(0)
