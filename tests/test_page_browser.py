"""The interactive page in headless Chromium: what is drawn, brushing, keys, colours; no error, no request."""

import base64
import csv
import io
import shutil
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from spasne import export_html
from spasne_tools.page.dark_colours import dark_colour
from spasne_tools.plotting.class_colours import MISSING_COLOUR, PALETTE

playwright = pytest.importorskip("playwright.sync_api", reason="playwright (the extra 'browser') is missing")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for path in map(shutil.which, BROWSERS) if path), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=f"none of {', '.join(BROWSERS)} is installed")

DARK_PALETTE = tuple(map(dark_colour, PALETTE))
MARGIN = 16  # as in panel.js
TISSUE, MAP = 0, 1
SIDE = 12  # spots along a side of the tissue
N = SIDE * SIDE
# The page leaves WebGL alone where it is emulated in software, as on machines without a graphics card. It
# does not see that where the browser does not say what draws.
WEBGL = """
const original = WebGL2RenderingContext.prototype.getExtension;
WebGL2RenderingContext.prototype.getExtension = function (name) {
  return name === "WEBGL_debug_renderer_info" ? null : original.call(this, name);
};
"""
PIXELS = """
const original = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === "webgl2" ? null : original.call(this, kind, ...rest);
};
"""
# Chromium's remark on reading back what was drawn in software, as tests do.
REMARK = "GPU stall due to ReadPixels"
# What was asked for has been read, and is drawn: nothing moves, and nothing waits for a frame.
SETTLED = """() => app.ready && app.colouring.wanted === app.colouring.column && app.panels.every((panel) =>
    panel.wanted === panel.layout && !panel.transition && !panel.pace.moving && !panel.waiting)"""


def rgb(colour):
    return [round(255 * part) for part in to_rgb(colour)]


class Page:
    """A page in the browser, with what tests ask of it."""

    def __init__(self, page, extents, downwards=(True, False)):
        self.page, self.extents, self.downwards = page, extents, downwards

    def ready(self):
        self.page.wait_for_selector("main[aria-busy=false]")
        return self

    @property
    def status(self):
        return self.page.inner_text("#status").replace("\N{NO-BREAK SPACE}", " ")

    def marks(self, panel):
        return self.page.locator(".marks").nth(panel)

    def settle(self):
        self.page.wait_for_function(SETTLED)

    def drawn(self, panel, canvas=".points", *, moving=False):
        """Pixels of a panel's canvas at rest, or as it moves, (height, width, 3) of 0 to 255."""
        if not moving:
            self.settle()
        url = self.page.evaluate(
            """async ([name, number]) => {
                await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
                return document.querySelectorAll(name)[number].toDataURL();
            }""",
            [canvas, panel],
        )
        content = base64.b64decode(url.split(",")[1])
        return (255 * imread(io.BytesIO(content))[:, :, :3]).round().astype(int)

    def places(self, panel, points):
        """CSS pixels of points in a panel, as the view is at first: fitted, centred, equal units."""
        box, points = self.marks(panel).bounding_box(), np.asarray(points, dtype=float)
        size, low, extent = (
            np.array([box["width"], box["height"]]),
            points.min(axis=0),
            np.ptp(points, axis=0),
        )
        scale = ((size - 2 * MARGIN)[extent > 0] / extent[extent > 0]).min()
        offset = (points - low - extent / 2) * scale
        return size / 2 + offset * [1, 1 if self.downwards[panel] else -1]

    def colours_at(self, panel, points):
        """The colour drawn at each point."""
        x, y = np.floor(self.places(panel, points)).astype(int).T
        return self.drawn(panel)[y, x]

    def mouse_to(self, panel, place):
        box = self.marks(panel).bounding_box()
        self.page.mouse.move(box["x"] + place[0], box["y"] + place[1])

    def draw_around(self, panel, corners, *keys):
        """Drag along corners in CSS pixels of a panel while keys are held."""
        for key in keys:
            self.page.keyboard.down(key)
        self.mouse_to(panel, corners[0])
        self.page.mouse.down()
        for corner in corners[1:]:
            self.mouse_to(panel, corner)
        self.page.mouse.up()
        for key in keys:
            self.page.keyboard.up(key)


def rectangle(low, high):
    return [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]


def example():
    """A square lattice, a map that is a shuffled lattice, three classes in stripes, a gene, names."""
    x, y = (part.ravel() for part in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    pixels = 10.0 * np.column_stack([x, y])
    Y = pixels[np.random.default_rng(0).permutation(N)] / 50
    classes = np.array(["a", "b", "c"])[x * 3 // SIDE]
    gene = np.where(y == 0, np.nan, x + 0.25 * y)
    return Y, pixels, classes, gene


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        # without a graphics card, WebGL is drawn in software
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--enable-unsafe-swiftshader"])
        yield browser
        browser.close()


@pytest.fixture
def show(browser, tmp_path):
    """A function that writes a page and opens it; at the end, nothing went wrong and nothing was fetched."""
    problems, requests, contexts = [], [], []

    def open_page(Y, pixels, *, window=(1040, 560), dark=False, script=None, density=1, **options):
        path = export_html(tmp_path / f"page{len(contexts)}.html", Y, pixels, **options)
        context = browser.new_context(
            viewport={"width": window[0], "height": window[1]},
            color_scheme="dark" if dark else "light",
            device_scale_factor=density,
            has_touch=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        if script:
            page.add_init_script(script)
        page.on("console", lambda message: REMARK in message.text or problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return Page(page, (pixels, Y)).ready()

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []
    assert {Path(url).name for url in requests if not url.startswith(("data:", "blob:"))} == {
        f"page{number}.html" for number in range(len(contexts))
    }


@pytest.fixture
def shown(show):
    Y, pixels, classes, gene = example()
    names = [f"cell {i}" for i in range(N)]
    return show(Y, pixels, labels={"Class": classes}, genes={"Gad1": gene}, names=names, title="Example")


def class_colours(classes, colours=PALETTE):
    return np.array([rgb(colours["abc".index(name)]) for name in classes])


def variable(page, name):
    text = page.page.evaluate(
        f"getComputedStyle(document.documentElement).getPropertyValue('--{name}').trim()"
    )
    return rgb(text)


def check_lit(page, selected):
    """In both panels, selected points have their class's colour and the others are dim."""
    Y, pixels, classes, _ = example()
    wanted = np.where(np.asarray(selected)[:, None], class_colours(classes), variable(page, "dim"))
    for panel, points in ((TISSUE, pixels), (MAP, Y)):
        np.testing.assert_array_equal(page.colours_at(panel, points), wanted)


# ---- drawing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("script", "density"), [(WEBGL, 1), (WEBGL, 2), (PIXELS, 2)])
def test_every_point_is_drawn_in_its_colour(show, script, density):
    Y, pixels, classes, _ = example()
    page = show(Y, pixels, labels=classes, script=script, density=density)
    for panel, points in ((TISSUE, pixels), (MAP, Y)):
        drawn, box = page.drawn(panel), page.marks(panel).bounding_box()
        assert abs(drawn.shape[1] - density * box["width"]) <= 1
        x, y = np.floor(density * page.places(panel, points)).astype(int).T
        np.testing.assert_array_equal(drawn[y, x], class_colours(classes))
        background = (drawn == rgb("#ffffff")).all(axis=2).mean()
        assert 0.5 < background < 0.99


def test_both_ways_of_drawing_give_the_same_picture(show):
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(80, 2))
    pages = [show(Y, Y, labels=np.arange(80), script=script) for script in (WEBGL, PIXELS)]
    first, second = (page.drawn(MAP) for page in pages)
    # edges differ by less than a pixel: the coverage of each 16 by 16 pixels hardly does
    height, width = (16 * (size // 16) for size in first.shape[:2])
    inked = [
        (255 - drawn[:height, :width]).reshape(height // 16, 16, width // 16, 16, 3).mean(axis=(1, 3))
        for drawn in (first, second)
    ]
    assert inked[0].max() > 60
    assert np.abs(inked[0] - inked[1]).max() < 12
    drawn_by = "document.querySelector('.points').getContext('2d') ? 'pixels' : 'webgl'"
    assert [page.page.evaluate(drawn_by) for page in pages] == ["webgl", "pixels"]


def test_markers_differ_beyond_the_palette(show):
    page = show([[0, 0], [1, 1]], [[0, 0], [1, 1]], labels=[f"class {i}" for i in range(2)])
    assert page.page.locator(".classes button").count() == 2
    points = np.array([[i, 0] for i in range(80)], dtype=float)
    page = show(points, points, labels=np.arange(80), script=WEBGL, window=(3200, 500))
    # circle, triangle, square and diamond of the same colour
    x, y = np.floor(page.places(MAP, points)[[0, 20, 40, 60]]).astype(int).T
    drawn = page.drawn(MAP)
    shapes = [
        (drawn[b - 6 : b + 7, a - 6 : a + 7] == rgb(PALETTE[0])).all(axis=2)
        for a, b in zip(x, y, strict=True)
    ]
    assert all(shape.sum() > 20 for shape in shapes)
    corners = [shape[np.ix_([3, 9], [3, 9])].all() for shape in shapes]
    assert corners == [False, False, True, False]
    widths = shapes[1].sum(axis=1)
    assert widths[widths > 0][-1] == widths.max() > widths[widths > 0][0]  # a triangle stands on its base


def test_a_lost_context_is_drawn_again(show):
    Y, pixels, *_ = example()
    shown = show(Y, pixels, script=WEBGL)
    before = shown.drawn(MAP)
    shown.page.evaluate(
        """async () => {
            const canvas = document.querySelectorAll(".points")[1];
            const loss = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
            const restored = new Promise((done) => canvas.addEventListener("webglcontextrestored", done));
            const lost = new Promise((done) => canvas.addEventListener("webglcontextlost", done));
            loss.loseContext();
            await lost;
            await new Promise((done) => setTimeout(done)); // until all have heard of the loss
            loss.restoreContext();
            await restored;
        }"""
    )
    np.testing.assert_array_equal(shown.drawn(MAP), before)


def test_two_hundred_thousand_points(show):
    rng = np.random.default_rng(0)
    Y, layer = rng.normal(size=(200_000, 2)), rng.integers(7, size=200_000)
    page = show(Y, 1000 * Y, labels={"Layer": layer}, names=np.arange(200_000))
    assert "200,000 points" in page.page.inner_text("#size")
    present = {tuple(colour) for colour in page.drawn(MAP).reshape(-1, 3)}
    assert {tuple(rgb(colour)) for colour in PALETTE[:7]} <= present
    middle = page.places(MAP, np.vstack([Y, [[0, 0]]]))[-1]
    page.draw_around(MAP, rectangle(middle - 60, middle + 60))
    left, low = page.places(MAP, Y).T
    inside = (np.abs(left - middle[0]) < 60) & (np.abs(low - middle[1]) < 60)
    found = int(page.status.split(" ")[0].replace(",", ""))
    assert abs(found - inside.sum()) < 0.01 * inside.sum()  # codes round places by up to half a step


@pytest.mark.parametrize(
    ("Y", "axes"), [(np.arange(12.0).reshape(12, 1), 0), (np.random.default_rng(0).normal(size=(12, 3)), 1)]
)
def test_maps_of_other_dimensions(show, Y, axes):
    page = show(Y, Y, labels=["a", "b"] * 6)
    selects = page.page.locator(".axes select:visible")
    assert selects.count() == 2 * axes
    assert (page.drawn(MAP) == rgb(PALETTE[0])).all(axis=2).any()
    if axes:
        Page(page.page, None).ready()
        selects.nth(1).select_option(label="2 and 3")
        found = page.colours_at(MAP, Y[:, 1:])
        np.testing.assert_array_equal(found, class_colours(["a", "b"] * 6))


def test_a_single_point(show):
    page = show([[1.0, 2.0]], [[3.0, 4.0]])
    height, width, _ = (drawn := page.drawn(MAP)).shape
    assert drawn[height // 2, width // 2].tolist() == variable(page, "accent")
    assert not page.page.locator("#column").is_visible()


# ---- selection ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("panel", "script"), [(TISSUE, WEBGL), (MAP, WEBGL), (MAP, PIXELS)])
def test_points_drawn_around_in_one_panel_light_up_in_both(show, panel, script):
    Y, pixels, classes, _ = example()
    shown = show(Y, pixels, labels=classes, script=script)
    places = shown.places(panel, (pixels, Y)[panel])
    middle = places.mean(axis=0)
    selected = (places < middle).all(axis=1)
    assert selected.sum() == N // 4
    shown.draw_around(panel, rectangle(places.min(axis=0) - 5, middle))
    assert shown.status == f"36 of {N} points selected (25.0 %)"
    check_lit(shown, selected)


def test_a_lasso_need_not_be_convex(shown):
    _, pixels, *_ = example()
    places = shown.places(TISSUE, pixels)
    low, high, middle = places.min(axis=0) - 5, places.max(axis=0) + 5, places.mean(axis=0)
    corners = [
        (low[0], low[1]),
        (high[0], low[1]),
        (high[0], middle[1]),
        (middle[0], middle[1]),
        (middle[0], high[1]),
        (low[0], high[1]),
    ]
    shown.draw_around(TISSUE, corners)
    check_lit(shown, ~(places > middle).all(axis=1))


def test_selections_are_added_taken_away_and_cleared(shown):
    _, pixels, *_ = example()
    places = shown.places(TISSUE, pixels)
    low, high, middle = places.min(axis=0) - 5, places.max(axis=0) + 5, places.mean(axis=0)
    left, top = places[:, 0] < middle[0], places[:, 1] < middle[1]
    shown.draw_around(TISSUE, rectangle(low, (middle[0], high[1])))
    check_lit(shown, left)
    shown.draw_around(TISSUE, rectangle(low, (high[0], middle[1])), "Shift")
    check_lit(shown, left | top)
    shown.draw_around(TISSUE, rectangle(low, middle), "Alt")
    check_lit(shown, left ^ top)
    shown.page.click("#clear")
    check_lit(shown, np.full(N, True))
    assert shown.status.startswith("No points selected")
    assert shown.page.locator("#save").is_disabled()


def test_a_click_selects_a_point_and_beside_them_nothing(shown):
    Y, *_ = example()
    places = shown.places(MAP, Y)
    shown.draw_around(MAP, [places[5]])
    check_lit(shown, np.arange(N) == 5)
    assert shown.status == f"1 of {N} points selected (0.7 %)"
    between = places.min(axis=0) + 0.5 * np.ptp(places, axis=0) / (SIDE - 1)
    shown.draw_around(MAP, [between])
    assert shown.status.startswith("No points selected")


def test_the_selection_is_saved_with_rows_and_names(show):
    Y, pixels, classes, _ = example()
    names = ['say "a", b', "two\nlines", "plain", "細胞"] * (N // 4)
    page = show(Y, pixels, labels=classes, names=names)
    places = page.places(TISSUE, pixels)
    page.draw_around(TISSUE, rectangle(places[0] - 5, places[3] + 5))
    with page.page.expect_download() as download:
        page.page.click("#save")
    assert download.value.suggested_filename == "selection.csv"
    text = Path(download.value.path()).read_bytes().decode("utf-8")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["row", "name"], *([str(i), names[i]] for i in range(4))]
    assert pd.read_csv(io.StringIO(text))["row"].tolist() == [0, 1, 2, 3]


# ---- keys --------------------------------------------------------------------------------------------------


def test_everything_is_reached_by_tab_with_a_visible_focus(shown):
    reached = []
    for _ in range(30):
        shown.page.keyboard.press("Tab")
        reached.append(
            shown.page.evaluate(
                """() => {
                    const at = document.activeElement;
                    if (at === document.body) return ["", false];
                    const drawn = at.matches("[type=radio]") ? at.nextElementSibling : at;
                    const name = at.id || at.getAttribute("aria-label") || at.name || at.textContent.trim();
                    return [name, getComputedStyle(drawn).outlineStyle !== "none"];
                }"""
            )
        )
        if reached[-1][0] == reached[0][0] and len(reached) > 1:
            break
    names = [name for name, _ in reached]
    assert names[:5] == ["column", "tool", "point-size", "reset", "theme"]
    assert {"Tissue, 144 points", "Map, 144 points", "Zoom in: Map", "Show all", "Mouse and keys"} <= set(
        names
    )
    assert "a48" in names  # the first of the legend's entries; arrows lead to the others
    assert "b48" not in names
    assert [name for name, outlined in reached if not outlined and name] == []


def test_points_are_selected_by_keys_alone(shown):
    _, pixels, *_ = example()
    places = shown.places(TISSUE, pixels)
    box = shown.marks(TISSUE).bounding_box()
    centre = np.array([box["width"], box["height"]]) / 2
    shown.marks(TISSUE).focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Shift+ArrowUp", "Enter"):
        shown.page.keyboard.press(key)
    at = centre + [-12, -60]  # the first press shows the circle in the middle
    near = np.hypot(*(places - at).T) <= 40
    assert near.sum() > 1
    check_lit(shown, near)
    assert "Class" in shown.page.text_content("#spoken")
    for key in ("]", "]", "Shift+Enter", "ArrowDown", "[", "Alt+Enter"):
        shown.page.keyboard.press(key)
    large, less = 40 * 1.25**2, 40 * 1.25
    wide = np.hypot(*(places - at).T) <= large
    check_lit(shown, wide & ~(np.hypot(*(places - at - [0, 12]).T) <= less))
    shown.page.keyboard.press("Escape")
    assert shown.status.startswith("No points selected")
    check_lit(shown, np.full(N, True))


def test_keys_zoom_and_reset(shown):
    before = shown.drawn(MAP)
    shown.marks(MAP).focus()
    shown.page.keyboard.press("+")
    assert (shown.drawn(MAP) != before).any()
    shown.page.keyboard.press("-")
    np.testing.assert_array_equal(shown.drawn(MAP), before)
    for _ in range(60):
        shown.page.keyboard.press("Shift+ArrowRight")  # beyond the edge the view moves
    assert (shown.drawn(MAP) != before).any()
    shown.page.keyboard.press("0")
    np.testing.assert_array_equal(shown.drawn(MAP), before)


# ---- moving ------------------------------------------------------------------------------------------------


def test_wheel_and_dragging_move_one_panel_and_reset_restores_it(shown):
    Y, *_ = example()
    before, tissue = shown.drawn(MAP), shown.drawn(TISSUE)
    place = shown.places(MAP, Y)[7]
    shown.mouse_to(MAP, place)
    shown.page.mouse.wheel(0, -200)
    zoomed = shown.drawn(MAP)
    x, y = np.floor(place).astype(int)
    np.testing.assert_array_equal(zoomed[y, x], before[y, x])  # the point stays under the pointer
    assert (zoomed != before).any()
    shown.page.check("[value=move]")
    shown.draw_around(MAP, [place, place + [30, 20]])
    moved = shown.drawn(MAP)
    np.testing.assert_array_equal(moved[120:300, 130:300], zoomed[100:280, 100:270])
    assert shown.status.startswith("No points selected")
    np.testing.assert_array_equal(shown.drawn(TISSUE), tissue)
    shown.page.click("#reset")
    np.testing.assert_array_equal(shown.drawn(MAP), before)


def test_space_moves_while_it_is_held(shown):
    before = shown.drawn(MAP)
    shown.page.keyboard.down(" ")
    shown.draw_around(MAP, [(100, 100), (140, 130)])
    shown.page.keyboard.up(" ")
    assert (shown.drawn(MAP) != before).any()
    shown.draw_around(MAP, rectangle((12, 12), (200, 200)))
    assert "points selected (" in shown.status


def test_two_fingers_zoom(shown):
    before = shown.drawn(MAP)
    box = shown.marks(MAP).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    client = shown.page.context.new_cdp_session(shown.page)
    for kind, apart in (("touchStart", 40), ("touchMove", 60), ("touchMove", 80), ("touchEnd", None)):
        fingers = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}] if apart else []
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    after = shown.drawn(MAP)
    gaps = [np.diff(np.flatnonzero((drawn != 255).any(axis=(0, 2)))).max() for drawn in (before, after)]
    assert gaps[1] > 1.5 * gaps[0]
    assert shown.status.startswith("No points selected")


# ---- colours -----------------------------------------------------------------------------------------------


def test_colour_by_a_gene(shown):
    Y, pixels, _, gene = example()
    shown.page.select_option("#column", label="Gad1")
    low, high = np.nanpercentile(gene, [1, 99])
    ramp = colormaps["viridis"](np.arange(256), bytes=True)[:, :3].astype(int)
    level = np.clip((gene - low) / (high - low), 0, 1)
    wanted = np.where(
        np.isnan(gene)[:, None], rgb(MISSING_COLOUR), ramp[np.nan_to_num(255 * level).round().astype(int)]
    )
    for panel, points in ((TISSUE, pixels), (MAP, Y)):
        assert (
            np.abs(shown.colours_at(panel, points) - wanted).max() <= 2
        )  # a level more or less, by the codes
    assert shown.page.inner_text("#legend-title") == "Gad1"
    assert shown.page.inner_text(".ends").split("\n") == [f"≤ {low:.3g}", f"≥ {high:.3g}"]
    assert shown.page.inner_text(".absent") == "missing"
    shown.draw_around(MAP, [shown.places(MAP, Y)[N - 1]])
    assert (
        shown.page.inner_text("#means") == f"Mean Gad1: {gene[-1]:.3g} selected, {np.nanmean(gene):.3g} all"
    )


@pytest.mark.parametrize("script", [WEBGL, PIXELS], ids=["webgl", "pixels"])
def test_high_values_are_drawn_above_others(show, script):
    places = np.array([[0.0, 0], [0, 0], [0, 0], [1, 1]])
    page = show(places, places, genes={"Gad1": [np.nan, 2.0, 1.0, 1.0]}, script=script)
    assert np.abs(page.colours_at(MAP, places)[0] - rgb(colormaps["viridis"](255))).max() <= 2


def test_the_legend_hides_shows_and_selects_classes(shown):
    Y, pixels, classes, _ = example()
    entry = shown.page.locator(".classes button")
    assert entry.all_inner_texts() == ["a\n48", "b\n48", "c\n48"]
    entry.nth(1).click()
    shown.mouse_to(MAP, (2, 2))
    assert entry.nth(1).get_attribute("aria-pressed") == "false"
    colours = shown.colours_at(MAP, Y)
    assert (colours[classes == "b"] == 255).all()
    np.testing.assert_array_equal(colours[classes != "b"], class_colours(classes[classes != "b"]))
    places = shown.places(TISSUE, pixels)
    shown.draw_around(TISSUE, rectangle(places.min(axis=0) - 5, places.max(axis=0) + 5))
    assert shown.status == f"96 of {N} points selected (66.7 %)"  # what is hidden is not selected
    entry.nth(0).click()
    assert shown.status == f"48 of {N} points selected (33.3 %)"
    shown.page.click("text=Show all")
    assert entry.all_inner_texts() == ["a\n0 / 48", "b\n0 / 48", "c\n48 / 48"]
    shown.page.click("#clear")
    entry.nth(2).click(modifiers=["Shift"])
    shown.mouse_to(MAP, (2, 2))
    check_lit(shown, classes == "c")
    shown.page.click("text=Hide all")
    assert (shown.drawn(MAP) == 255).all()


def test_pointing_at_a_class_shows_it_alone(shown):
    *_, classes, _ = example()
    shown.page.locator(".classes button").nth(1).hover()
    check_lit(shown, classes == "b")
    shown.mouse_to(MAP, (2, 2))
    check_lit(shown, np.full(N, True))


def test_the_legend_by_keys(shown):
    *_, classes, _ = example()
    shown.page.locator(".legend-tools button").nth(1).focus()
    for key in ("Tab", "ArrowDown", "ArrowDown", "ArrowUp"):
        shown.page.keyboard.press(key)
    check_lit(shown, classes == "b")
    shown.page.keyboard.press("Shift+Enter")
    assert shown.status.startswith("48 of")
    shown.page.keyboard.press("Enter")
    assert shown.page.locator(".classes button").nth(1).get_attribute("aria-pressed") == "false"


def test_light_and_dark(show):
    Y, pixels, classes, _ = example()
    page = show(Y, pixels, labels=classes, dark=True)
    ground = variable(page, "ground")
    assert max(ground) < 60
    np.testing.assert_array_equal(page.drawn(MAP)[1, 1], ground)
    np.testing.assert_array_equal(page.colours_at(MAP, Y), class_colours(classes, DARK_PALETTE))
    page.page.click("#theme")
    np.testing.assert_array_equal(page.drawn(MAP)[1, 1], [255, 255, 255])
    np.testing.assert_array_equal(page.colours_at(MAP, Y), class_colours(classes))
    page.page.emulate_media(color_scheme="light")
    page.page.emulate_media(color_scheme="dark")
    np.testing.assert_array_equal(page.drawn(MAP)[1, 1], [255, 255, 255])  # the reader has chosen


# ---- beside the pointer -----------------------------------------------------------------------------------


def test_the_nearest_point_is_described_and_marked_in_both_panels(shown):
    Y, pixels, classes, gene = example()
    place = shown.places(TISSUE, pixels)[30]
    shown.mouse_to(TISSUE, place + [3, -2])
    tip = shown.page.locator(".tip").nth(TISSUE)
    assert tip.inner_text().split("\n") == ["cell 30", f"Class: {classes[30]}"]
    for panel, points in ((TISSUE, pixels), (MAP, Y)):
        x, y = np.floor(shown.places(panel, points)[30]).astype(int)
        ring = shown.drawn(panel, ".marks")[y - 12 : y + 13, x - 12 : x + 13]
        assert (ring == variable(shown, "mark")).all(axis=2).sum() > 20
    shown.page.select_option("#column", label="Gad1")
    shown.mouse_to(TISSUE, place)
    assert tip.inner_text().split("\n") == ["cell 30", f"Gad1: {gene[30]:.3g}", f"Class: {classes[30]}"]
    shown.mouse_to(TISSUE, (1, 1))
    assert not tip.is_visible()


def test_text_of_the_user_is_never_markup(show):
    Y, pixels, *_ = example()
    hostile = "</script><img src=x onerror=document.title='caught'><b>bold</b>"
    labels = {hostile: [hostile, "b"] * (N // 2)}
    page = show(Y, pixels, labels=labels, genes={hostile: Y[:, 0]}, names=[hostile] * N, title=hostile)
    page.mouse_to(MAP, page.places(MAP, Y)[0])
    assert page.page.locator(".tip").nth(MAP).inner_text().startswith(hostile)
    assert page.page.inner_text("h1") == page.page.title() == page.page.inner_text("#legend-title") == hostile
    assert page.page.locator("b, img").count() == 0
    assert page.page.locator("#column option").all_inner_texts() == [hostile, hostile]


def test_the_policy_stops_requests_and_foreign_scripts(browser, tmp_path):
    Y, pixels, *_ = example()
    page = browser.new_page()
    page.goto(export_html(tmp_path / "page.html", Y, pixels).as_uri())
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        stopped = page.evaluate(
            """async (address) => {
                const stopped = [], note = (event) => stopped.push(event.effectiveDirective);
                addEventListener("securitypolicyviolation", note);
                const image = new Image(), script = document.createElement("script");
                const told = new Promise((done) => {
                    image.onerror = done;
                    setTimeout(done, 5000); // should it be fetched
                });
                image.src = address;
                script.textContent = "document.title = 'caught'";
                document.body.append(script);
                await fetch(address, { signal: AbortSignal.timeout(5000) }).catch(() => {});
                await told;
                return stopped.sort();
            }""",
            f"http://127.0.0.1:{server.getsockname()[1]}/",
        )
        with pytest.raises(BlockingIOError):
            server.accept()
    assert stopped == ["connect-src", "img-src", "script-src-elem"]
    assert page.title() == "SpaSNE"
    page.close()


# ---- windows and paper -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "side_by_side"), [(380, False), (800, True), (1400, True)])
def test_panels_fit_the_window(show, width, side_by_side):
    Y, pixels, classes, _ = example()
    page = show(Y, pixels, labels=classes, window=(width, 700), title="A long title " * 8)
    tissue, map_ = (page.marks(panel).bounding_box() for panel in (TISSUE, MAP))
    assert (tissue["y"] == map_["y"]) == side_by_side
    assert min(tissue["width"], tissue["height"], map_["width"], map_["height"]) > 180
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    np.testing.assert_array_equal(page.colours_at(MAP, Y), class_colours(classes))
    page.page.set_viewport_size({"width": 700, "height": 500})
    np.testing.assert_array_equal(page.colours_at(MAP, Y), class_colours(classes))


def test_print_is_light_and_holds_the_points(show):
    Y, pixels, classes, _ = example()
    page = show(Y, pixels, labels=classes, dark=True)
    page.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    printed = page.drawn(MAP, ".marks")
    assert {tuple(rgb(colour)) for colour in PALETTE[:3]} <= {
        tuple(colour) for colour in printed.reshape(-1, 3)
    }
    assert printed[1, 1].tolist() == [255, 255, 255]
    page.page.evaluate("dispatchEvent(new Event('afterprint'))")
    np.testing.assert_array_equal(page.drawn(MAP)[1, 1], variable(page, "ground"))
    assert not page.drawn(MAP, ".marks").any()
