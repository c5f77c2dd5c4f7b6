"""The interactive page holds what it was given, and nothing can break out of it."""

import base64
import hashlib
import io
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from scipy.sparse import csr_matrix
from test_plotting import VISION, oklab, smallest_difference

from spasne import export_html
from spasne_tools.page.dark_colours import dark_colour
from spasne_tools.page.document import SCRIPTS, STYLES
from spasne_tools.plotting.class_colours import MISSING_COLOUR, PALETTE, palette
from spasne_tools.plotting.colour_scale import PERCENTILES
from spasne_tools.plotting.greying import VERDICT_COLOURS

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "spasne_tools" / "page" / "browser"
DARK_PALETTE = tuple(map(dark_colour, PALETTE))
STEPS = 65_534
MISSING = 65_535
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> \"'`&lt;&#60;$n ${n} \u2028\u2029"
    "<!-- é 細胞 \ud800"
)


class Reader(HTMLParser):
    """Elements of a page, and the text of its scripts by id."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.open = [], {}, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open = tag if tag in ("script", "style", "title", "h1") else None
        self.name = dict(attributes).get("id", tag)

    def handle_endtag(self, tag):
        self.open = None

    def handle_data(self, data):
        if self.open:
            self.texts[self.name] = self.texts.get(self.name, "") + data

    @property
    def header(self):
        return json.loads(self.texts["header"])

    def block(self, number):
        return zlib.decompress(base64.b64decode(self.texts[f"block-{number}"]))

    def codes(self, number):
        return np.frombuffer(self.block(number), "<u2")

    def column(self, name):
        return next(column for column in self.header["columns"] if column["name"] == name)


@pytest.fixture
def write(tmp_path):
    """A function that writes a page and reads it."""

    def export(*arguments, **options):
        path = export_html(tmp_path / "page.html", *arguments, **options)
        assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
        return Reader(path.read_text(encoding="utf-8"))

    return export


def example(n=60, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 2)), rng.uniform(100, 900, size=(n, 2))


# ---- what it holds ---------------------------------------------------------------------------------------


def test_positions_to_the_last_step(write):
    Y, pixels = example()
    page = write(Y, pixels)
    assert page.header["n"] == 60
    for view, points in zip(page.header["views"], (pixels, Y), strict=True):
        for axis, values in zip(view["axes"], points.T, strict=True):
            found = values.min() + page.codes(axis["block"]) * axis["extent"] / STEPS
            np.testing.assert_allclose(found, values, rtol=0, atol=0.51 * np.ptp(values) / STEPS)
            assert page.codes(axis["block"]).max() == STEPS


@pytest.mark.parametrize("image_like", [True, False])
def test_tissue_is_upside_down_as_an_image_where_wanted(write, image_like):
    views = write(*example(), image_like=image_like).header["views"]
    assert [view["title"] for view in views] == ["Tissue", "Map"]
    assert [view["downwards"] for view in views] == [image_like, False]


@pytest.mark.parametrize(("n_dims", "axes"), [(1, 2), (2, 2), (3, 3), (5, 3)])
def test_three_axes_at_most_and_a_line_is_spread(write, n_dims, axes):
    points = np.random.default_rng(0).normal(size=(30, n_dims))
    for view in write(points, points).header["views"]:
        assert len(view["axes"]) == axes
        assert all(axis["extent"] > 0 for axis in view["axes"])


@pytest.mark.filterwarnings("error")
def test_a_single_point_and_equal_positions(write):
    page = write([[2.0, 3.0]], [[5.0, 5.0]], labels=["a"])
    assert [axis["extent"] for view in page.header["views"] for axis in view["axes"]] == [0, 0, 0, 0]
    page = write(np.ones((4, 2)), np.ones((4, 2)), labels=np.ones(4))
    assert page.codes(page.header["views"][0]["axes"][0]["block"]).tolist() == [0] * 4


def test_classes_in_the_colours_of_the_figures(write):
    labels = pd.Series(["tumor_10", None, "fat", "tumor_9"] * 15, name="class")
    page = write(*example(), labels=labels)
    column = page.column("class")
    looks = palette(labels)
    assert [(look["name"], look["light"]) for look in column["classes"]] == [
        (name, colour) for name, (colour, _) in looks.items()
    ]
    assert page.codes(column["block"]).tolist() == [2, MISSING, 0, 1] * 15
    assert page.header["missing"] == MISSING_COLOUR


def test_more_classes_than_colours_differ_by_marker(write):
    classes = write(*example(), labels=np.arange(60)).header["columns"][0]["classes"]
    assert len({(look["light"], look["marker"]) for look in classes}) == 60
    assert {look["marker"] for look in classes} == {0, 1, 2}


def test_classes_in_colours_of_ones_own(write):
    labels = {"a": ["u", "v"] * 30, "b": ["w"] * 60}
    page = write(*example(), labels=labels, palettes={"a": {"v": "red", "u": "#000000"}})
    own = [(look["name"], look["light"], look["dark"]) for look in page.column("a")["classes"]]
    assert own == [("u", "#000000", dark_colour("#000000")), ("v", "#ff0000", "#ff0000")]
    assert page.column("b")["classes"][0]["light"] == PALETTE[0]


@pytest.mark.parametrize("kind", ["labels", "genes"])
def test_numbers_with_their_limits(write, kind):
    values = np.random.default_rng(1).gamma(1.0, size=60)
    values[7] = np.nan
    page = write(*example(), **{kind: pd.DataFrame({"depth": values})})
    column, codes = page.column("depth"), page.codes(page.column("depth")["block"])
    low, high = np.nanmin(values), np.nanmax(values)
    assert (column["low"], column["high"]) == (low, high)
    np.testing.assert_allclose(column["limits"], np.nanpercentile(values, PERCENTILES))
    assert np.flatnonzero(codes == MISSING).tolist() == [7]
    found = low + np.delete(codes, 7) * (high - low) / STEPS
    np.testing.assert_allclose(found, np.delete(values, 7), rtol=0, atol=0.51 * (high - low) / STEPS)


@pytest.mark.parametrize(
    "labels",
    [
        {"layer": ["a", "b"] * 30},
        pd.DataFrame({"layer": ["a", "b"] * 30}),
        pd.Series(["a", "b"] * 30, name="layer"),
        pd.Series(pd.Categorical(["a", "b"] * 30), name="layer"),
    ],
    ids=["dict", "frame", "series", "category"],
)
def test_labels_of_any_kind(write, labels):
    page = write(*example(), labels=labels)
    assert [look["name"] for look in page.column("layer")["classes"]] == ["a", "b"]


@pytest.mark.parametrize(
    "genes",
    [
        pd.DataFrame({"Gad1": [0, 1, 2] * 20}),
        pd.DataFrame({"Gad1": [0, 1, 2] * 20}, dtype="float32"),
        pd.DataFrame({"Gad1": [0, 1, 2] * 20}, dtype="Int64"),
        pd.DataFrame.sparse.from_spmatrix(csr_matrix(np.array([[0.0], [1], [2]] * 20)), columns=["Gad1"]),
        {"Gad1": [False, 1, 2] * 20},
    ],
    ids=["int", "float32", "nullable", "sparse", "dict"],
)
def test_genes_of_any_kind(write, genes):
    page = write(*example(), genes=genes)
    assert page.codes(page.column("Gad1")["block"]).tolist() == [0, STEPS // 2, STEPS] * 20


def test_many_genes_have_8_bits_and_the_smallest_value_takes_no_room(write):
    rng = np.random.default_rng(0)
    values = rng.gamma(1, size=(60, 40)) * (rng.random((60, 40)) < 0.3) - np.arange(40)
    values[rng.random(values.shape) < 0.05] = np.nan
    values[3, 0] = np.nanmin(values[:, 0]) + 1e-6  # above the smallest, if not by a step
    names = [f"gene {k}" for k in range(40)]
    page = write(*example(), genes=pd.DataFrame(values, columns=names))
    assert len({page.column(name)["block"] for name in names}) == 2
    for name, wanted in zip(names, values.T, strict=True):
        column = page.column(name)
        content = np.frombuffer(page.block(column["block"]), "u1")[column["start"] :]
        codes, rest = np.zeros(60), list(content[8:])  # 60 bits are 8 bytes
        for i in range(60):
            if content[i // 8] >> (i % 8) & 1:
                codes[i] = rest.pop(0)
        assert (codes == 255).tolist() == np.isnan(wanted).tolist()
        assert (codes == 0).tolist() == (wanted == np.nanmin(wanted)).tolist()
        found = np.where(codes == 255, np.nan, column["low"] + codes * (column["high"] - column["low"]) / 254)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=np.nanmax(wanted - np.nanmin(wanted)) / 254)
        np.testing.assert_allclose(column["limits"], np.nanpercentile(wanted, PERCENTILES))
        assert column["sparse"] and column["largest"] == 254


def test_several_maps_of_the_same_points(write):
    Y, pixels = example()
    maps = {"SpaSNE": Y, "t-SNE": pd.DataFrame(Y[::-1]), "3-D": np.column_stack([Y, Y[:, 0]])}
    page = write(maps, pixels)
    assert [described["name"] for described in page.header["maps"]] == list(maps)
    assert page.header["maps"][0]["axes"] == page.header["views"][1]["axes"]
    for described, points in zip(page.header["maps"], maps.values(), strict=True):
        for axis, values in zip(described["axes"], np.asarray(points).T, strict=True):
            found = axis["low"] + page.codes(axis["block"]) * axis["extent"] / STEPS
            np.testing.assert_allclose(found, values, rtol=0, atol=0.51 * np.ptp(values) / STEPS)


def test_reliability_is_two_columns_that_the_page_knows(write):
    Y, pixels = example()
    verdict = pd.Categorical(["misplaced", "kept", None] * 20, ["kept", "uncertain", "misplaced"])
    table = pd.DataFrame({"p": 0.5, "reliability": np.linspace(0, 1, 60), "verdict": verdict})
    page = write(Y, pixels, labels={"Class": ["a", "b"] * 30}, reliability=table)
    assert [column["name"] for column in page.header["columns"]] == ["Class", "verdict", "reliability"]
    assert page.header["reliability"] == {"numbers": 2, "verdicts": 1}
    looks = {look["name"]: look["light"] for look in page.column("verdict")["classes"]}
    assert looks == {name: VERDICT_COLOURS[name] for name in ("kept", "misplaced")}
    assert page.codes(page.column("verdict")["block"])[:3].tolist() == [1, 0, 65535]
    assert [page.column("reliability")[end] for end in ("low", "high")] == [0, 1]


def test_reliability_may_be_numbers_alone(write):
    Y, pixels = example()
    page = write(Y, pixels, genes={"g": np.arange(60.0)}, reliability=np.repeat([0, 1], 30))
    assert [column["name"] for column in page.header["columns"]] == ["reliability", "g"]
    assert page.header["reliability"] == {"numbers": 0}
    assert write(Y, pixels).header["reliability"] == {}


def test_a_scale_bar_where_the_unit_is_known(write):
    assert write(*example()).header["views"][0]["micrometres"] is None
    assert write(*example(), scalebar_dx=np.float32(0.5)).header["views"][0]["micrometres"] == 0.5
    page = write(*example(), scalebar_dx=2, scalebar_units="mm")
    assert page.header["views"][0]["micrometres"] == pytest.approx(2000)


# ---- the tissue's image ----------------------------------------------------------------------------------


def image_of(page):
    """The image that a page holds, and what it says of it."""
    described = page.header["views"][0]["image"]
    return imread(io.BytesIO(page.block(described["block"])), format="jpeg").astype(int), described


def smooth_image(height, width):
    y, x = np.mgrid[:height, :width]
    return np.stack([x / width, y / height, (x + y) / (width + height)], axis=-1)


@pytest.mark.parametrize("kind", ["bytes", "float64", "float32", "grey", "transparent"])
def test_images_of_any_kind(write, kind):
    levels = smooth_image(60, 90)
    given, wanted = {
        "bytes": (np.rint(255 * levels).astype(np.uint8), levels),
        "float64": (levels, levels),
        "float32": (levels.astype(np.float32), levels),
        "grey": (levels[:, :, 0], levels[:, :, [0, 0, 0]]),
        "transparent": (np.dstack([levels, np.full((60, 90), 0.25)]), 0.75 + 0.25 * levels),
    }[kind]
    found, described = image_of(write(*example(), image=given, image_scale=0.5))
    assert (described["width"], described["height"]) == (180, 120)
    assert np.abs(found - 255 * wanted).mean() < 3


def test_large_images_are_reduced(write):
    levels = smooth_image(4001, 50)
    found, described = image_of(write(*example(), image=levels, image_scale=2.0))
    assert found.shape == (1333, 16, 3)
    assert (described["width"], described["height"]) == (24, 1999.5)  # a pixel or two at the edges is lost
    means = levels[:3999, :48].reshape(1333, 3, 16, 3, 3).mean(axis=(1, 3))
    assert np.abs(found - 255 * means).mean() < 3


def test_names_given_or_of_the_first_index_that_names_rows(write):
    Y, pixels = example()
    assert write(Y, pixels).header["names"] is None
    assert write(Y, pd.DataFrame(pixels)).header["names"] is None
    barcodes = [f"cell {i}" for i in range(60)]
    for options in ({"names": barcodes}, {"labels": pd.Series(["a"] * 60, index=barcodes)}):
        page = write(Y, pixels, **options)
        assert json.loads(page.block(page.header["names"])) == barcodes
    page = write(Y, pd.DataFrame(pixels, index=barcodes), names=range(60))
    assert json.loads(page.block(page.header["names"])) == [str(i) for i in range(60)]


def test_the_same_input_gives_the_same_bytes(tmp_path):
    Y, pixels = example()
    first, second = (
        export_html(str(tmp_path / name), Y, pixels, labels=["a", "b"] * 30).read_bytes() for name in "ab"
    )
    assert first == second


def test_an_existing_file_is_replaced_and_a_failure_leaves_it(tmp_path):
    Y, pixels = example()
    path = export_html(tmp_path / "page.html", Y, pixels, title="old")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="expected"):
        export_html(path, Y, pixels[1:])
    assert path.read_bytes() == before
    export_html(path, Y, pixels, title="new")
    assert "<h1>new</h1>" in path.read_text(encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        export_html(tmp_path / "no such folder" / "page.html", Y, pixels)


# ---- nothing breaks out ----------------------------------------------------------------------------------


def test_text_of_the_user_stays_text(write):
    Y, pixels = example()
    options = {
        "labels": {HOSTILE: [HOSTILE, "b"] * 30},
        "genes": {HOSTILE: Y[:, 0]},
        "names": [HOSTILE] * 60,
    }
    plain = write(Y, pixels, labels={"a": ["a", "b"] * 30}, genes={"a": Y[:, 0]}, names=["a"] * 60)
    page = write(Y, pixels, title=HOSTILE, **options)
    assert page.tags == plain.tags
    assert not re.search("[<>&]", page.texts["header"])
    shown = HOSTILE.replace("\ud800", "?")
    assert page.texts["title"] == page.texts["h1"] == shown
    assert page.header["title"] == HOSTILE
    assert [column["name"] for column in page.header["columns"]] == [HOSTILE, HOSTILE]
    assert page.header["columns"][0]["classes"][0]["name"] == HOSTILE
    assert json.loads(page.block(page.header["names"])) == [HOSTILE] * 60


def test_the_policy_allows_the_pages_own_script_and_style_alone(write):
    page = write(*example())
    policy = next(tag["content"] for name, tag in page.tags if "http-equiv" in tag)
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert allowed["default-src"] == allowed["base-uri"] == allowed["form-action"] == "'none'"
    assert allowed["img-src"] == "data:"
    assert set(allowed) == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}
    for kind, name in (("script-src", "script"), ("style-src", "style")):
        digest = base64.b64encode(hashlib.sha256(page.texts[name].encode()).digest()).decode()
        assert allowed[kind] == f"'sha256-{digest}'"


def test_the_page_refers_to_nothing_outside(write):
    page = write(*example())
    addresses = [tag[key] for _, tag in page.tags for key in ("src", "href", "action") if key in tag]
    assert addresses == ["data:,"]
    own = "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in (*SCRIPTS, *STYLES, "page.html"))
    # the name of a kind of element, never fetched
    assert set(re.findall(r"\w+://[^\s\"'`]+", own)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"(inner|outer|Adjacent)HTML|document\.write|\beval\b|@import|url\(", own)


def test_every_asset_is_used():
    assert {path.name for path in ASSETS.iterdir()} == {"page.html", *SCRIPTS, *STYLES}


# ---- dark colours ----------------------------------------------------------------------------------------


def contrast(colour, ground):
    """Web Content Accessibility Guidelines 2.2: relative luminance and contrast ratio."""
    levels = np.array([[int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)] for text in (colour, ground)])
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    low, high = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (high + 0.05) / (low + 0.05)


def test_dark_colours_are_seen_and_told_apart():
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    ground = re.findall(r"--ground: (#\w+)", style)[1]
    assert min(contrast(colour, ground) for colour in DARK_PALETTE) > 2.2
    assert min(contrast(colour, ground) for colour in PALETTE) < 1.3
    assert smallest_difference(DARK_PALETTE[:8], "normal") > 0.14
    assert smallest_difference(DARK_PALETTE, "normal") > 0.055
    assert all(smallest_difference(DARK_PALETTE[:8], vision) > 0.05 for vision in VISION)


def test_dark_colours_are_the_palettes_with_another_lightness():
    light, dark = oklab(PALETTE, "normal"), oklab(DARK_PALETTE, "normal")
    lifted = light[:, 0] < 0.6
    wanted = np.where(lifted, 0.45 + (light[:, 0] - 0.28) * 0.15 / 0.32, light[:, 0])
    np.testing.assert_allclose(dark[:, 0], wanted, atol=0.02)
    assert [a == b for a, b in zip(PALETTE, DARK_PALETTE, strict=True)] == (~lifted).tolist()


# ---- what is rejected ------------------------------------------------------------------------------------


Y60, PIXELS60 = example()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pixels": PIXELS60[:59]}, "expected 60 rows in pixels, as in data, found 59"),
        ({"labels": ["a"] * 59}, "expected 60 rows in labels, as in data, found 59"),
        ({"genes": pd.DataFrame({"a": np.zeros(61)})}, "expected 60 rows in genes, as in data, found 61"),
        (
            {"labels": {"a": ["a"] * 60, "b": ["a"] * 59}},
            "expected 60 rows in labels 'b', as in data, found 59",
        ),
        ({"names": ["a"] * 59}, "expected names for 60 points, found 59"),
        ({"names": "a"}, "expected names for 60 points, found 'a'"),
        ({"names": 3}, "expected names for 60 points, found 3"),
        ({"title": 3}, "expected title to be text, found 3"),
        ({"labels": "layer"}, "expected labels to be a table or array-like, found 'layer'"),
        ({"genes": np.zeros((60, 2))}, "expected genes as a DataFrame or dict, .* found ndarray"),
        ({"labels": np.zeros((60, 2))}, "expected labels with one value for each point, found ndarray"),
        ({"labels": {"a": "b"}}, "expected a with one value for each point, found str"),
        ({"genes": pd.DataFrame({"a": ["x"] * 60})}, "expected numbers in genes 'a', found something else"),
        (
            {"genes": pd.DataFrame({"a": [1j] * 60})},
            "expected real numbers in genes 'a', found type complex128",
        ),
        (
            {"genes": pd.DataFrame({"a": [np.nan] * 60})},
            "expected at least one number in genes 'a', found none",
        ),
        ({"labels": np.full(60, np.inf)}, "expected finite numbers in labels 'Label', found 60 infinite"),
        (
            {"labels": {"a": [[1]] * 60}},
            "expected one class for each point in labels 'a', found .*unhashable",
        ),
        ({"Y": np.full((60, 2), np.nan)}, "expected finite numbers in Y, found 120"),
        ({"pixels": np.full((60, 2), np.inf)}, "expected finite numbers in pixels, found 120"),
        ({"Y": np.zeros(60)}, "expected Y with two dimensions, found shape"),
        ({"Y": {}}, "expected at least one map in Y, found none"),
        ({"Y": {"a": Y60, "b": Y60[1:]}}, "expected 59 rows in pixels, as in data, found 60"),
        ({"scalebar_dx": 0}, "expected scalebar_dx to be a number above 0, found 0"),
        ({"scalebar_dx": "1"}, "expected scalebar_dx to be a number above 0, found '1'"),
        ({"scalebar_dx": 1, "scalebar_units": "ft"}, "expected scalebar_units to be one of .*, found 'ft'"),
        ({"reliability": np.linspace(0, 2, 60)}, "expected numbers from 0 to 1 in reliability, found 1.01"),
        ({"reliability": ["x"] * 60}, "expected numbers in reliability, found something else"),
        ({"reliability": np.zeros(59)}, "expected 60 rows in reliability, as in data, found 59"),
        (
            {"reliability": pd.DataFrame({"p": np.zeros(60)})},
            "expected a column 'reliability' in .*found 'p'",
        ),
        (
            {"reliability": pd.DataFrame({"reliability": np.zeros(60), "verdict": "good"})},
            r"expected verdicts \(kept, uncertain, misplaced\) in reliability, found 'good'",
        ),
        ({"palettes": {"x": ["red"]}}, "expected palettes of columns of labels, found one of 'x'"),
        (
            {"labels": {"a": ["u", "v"] * 30}, "palettes": {"a": {"u": "red"}}},
            "expected a colour of every class in palette, found none of 'v'",
        ),
        (
            {"image": np.zeros((4, 4)), "image_scale": np.nan},
            "expected image_scale to be a number above 0, found nan",
        ),
        ({"image": np.zeros((4, 4)), "image_like": False}, "expected image_like to be true with an image"),
        ({"image": np.zeros((4, 4, 2))}, r"expected image .* found shape \(4, 4, 2\)"),
        (
            {"image": np.full((4, 4), 2.0)},
            "expected image of bytes or of numbers from 0 to 1, found .*float64",
        ),
        ({"image": np.zeros((4, 4), dtype=int)}, "expected image of bytes .*int64"),
        (
            {"labels": pd.DataFrame([["a", "b"]] * 60, columns=["x", "x"])},
            "expected different names in labels, found 'x' twice",
        ),
    ],
)
def test_rejected(tmp_path, options, message):
    arguments = {"Y": Y60, "pixels": PIXELS60} | options
    with pytest.raises(ValueError, match=message):
        export_html(tmp_path / "page.html", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_too_many_classes_are_rejected_with_the_remedy(tmp_path):
    Y, pixels = example(501)
    with pytest.raises(ValueError, match=r"at most 500 classes .* found 501; .* floating-point"):
        export_html(tmp_path / "page.html", Y, pixels, labels=np.arange(501))


@pytest.mark.parametrize("kind", [list, np.array, lambda values: {"layer": values}])
def test_labels_without_an_index_go_with_tables_that_have_one(write, kind):
    pixels = pd.DataFrame(PIXELS60, index=[f"c{i}" for i in range(60)])
    page = write(Y60, pixels, labels=kind(["a", "b"] * 30), genes={"Gad1": np.arange(60.0)})
    assert [look["name"] for look in page.header["columns"][0]["classes"]] == ["a", "b"]


@pytest.mark.parametrize("which", ["Y", "pixels"])
def test_labels_in_another_row_order_are_rejected(tmp_path, which):
    arguments = {"Y": Y60, "pixels": PIXELS60}
    arguments[which] = pd.DataFrame(arguments[which], index=[f"c{i}" for i in range(60)])
    labels = pd.Series(["a"] * 60, index=[f"c{i}" for i in range(60)][::-1])
    with pytest.raises(ValueError, match="expected labels in the row order of data"):
        export_html(tmp_path / "page.html", **arguments, labels=labels)
