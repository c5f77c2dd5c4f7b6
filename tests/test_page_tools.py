"""The tools of the interactive page, in headless Chromium: image, ranking, search, files, pictures, maps."""

import base64
import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import colormaps
from matplotlib.image import imread
from scipy.ndimage import uniform_filter1d
from scipy.stats import ttest_ind
from test_page_browser import (
    MAP,
    MISSING_COLOUR,
    PALETTE,
    PIXELS,
    TISSUE,
    WEBGL,
    N,
    browser,
    check_lit,
    class_colours,
    example,
    pytestmark,
    rectangle,
    rgb,
    show,
    variable,
)

__all__ = ["browser", "pytestmark", "show"]  # fixtures and a mark, for pytest to find

SVG = "{http://www.w3.org/2000/svg}"


def left_half(page):
    """Select the left half of the tissue; which points these are."""
    _, pixels, *_ = example()
    places = page.places(TISSUE, pixels)
    low, high, middle = places.min(axis=0) - 5, places.max(axis=0) + 5, places.mean(axis=0)
    page.draw_around(TISSUE, rectangle(low, (middle[0], high[1])))
    return places[:, 0] < middle[0]


def saved(page, act):
    """The file that is saved when `act` is called."""
    with page.page.expect_download() as download:
        act()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


# ---- image, scale bar --------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [WEBGL, PIXELS], ids=["webgl", "pixels"])
def test_the_image_lies_where_the_positions_say(show, script):
    Y, pixels, classes, _ = example()
    image = np.zeros(
        (60, 80, 3), dtype=np.uint8
    )  # four quarters of the positions from 0 to 110, and white around
    image[:] = 255
    image[:28, :28], image[:28, 28:56], image[28:56, :28], image[28:56, 28:56] = (
        [200, 40, 40], [40, 200, 40], [40, 40, 200], [200, 200, 40],
    )  # fmt: skip
    page = show(Y, pixels, labels=classes, script=script, image=image, image_scale=0.5)
    page.page.locator("#image-opacity").evaluate(
        "(at) => { at.value = 1; at.dispatchEvent(new Event('input')) }"
    )
    between = np.array([[25.0, 25.0], [85, 25], [25, 85], [85, 85]])  # of four spots
    places = page.places(TISSUE, np.vstack([pixels, between]))[-4:]
    drawn = page.drawn(TISSUE)
    found = np.array([drawn[round(y), round(x)] for x, y in places])
    wanted = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [200, 200, 40]])
    assert np.abs(found - wanted).max() < 12  # JPEG
    np.testing.assert_array_equal(page.colours_at(TISSUE, pixels), class_colours(classes))
    page.page.locator("#image-opacity").focus()
    page.page.keyboard.press("Home")  # no image
    drawn = page.drawn(TISSUE)
    assert [drawn[round(y), round(x)].tolist() for x, y in places] == [[255] * 3] * 4


def test_the_scale_bar_is_as_long_as_it_says(show):
    Y, pixels, *_ = example()
    page = show(Y, pixels, scalebar_dx=0.5)
    pixel = np.diff(page.places(TISSUE, pixels)[:2, 0])[0] / 10  # CSS pixels for each unit of the positions
    bar = page.page.locator(".scale-bar")
    assert bar.evaluate_all("(bars) => bars.map((bar) => bar.hidden)") == [False, True]

    def length():
        number, unit = bar.nth(TISSUE).inner_text().split()
        assert unit == "µm"
        return float(number), bar.nth(TISSUE).locator("i").bounding_box()["width"]

    micrometres, drawn = length()
    assert drawn == pytest.approx(micrometres / 0.5 * pixel, abs=0.1)
    page.page.locator("[data-zoom]").nth(1).click()
    page.settle()
    micrometres, drawn = length()
    assert drawn == pytest.approx(1.5 * micrometres / 0.5 * pixel, abs=0.1)


# ---- what marks a selection --------------------------------------------------------------------------------


@pytest.mark.parametrize("n_genes", [3, 33])
def test_genes_are_ranked_as_by_a_slow_t_test(show, n_genes):
    Y, pixels, classes, _ = example()
    rng = np.random.default_rng(1)
    counts = rng.poisson(rng.uniform(0.1, 3, n_genes), size=(N, n_genes)).astype(float)
    counts[:, 1] += 2 * (pixels[:, 0] < 55)
    counts[rng.random((N, n_genes)) < 0.02] = np.nan
    genes = pd.DataFrame(np.log1p(counts), columns=[f"gene {k}" for k in range(n_genes)])
    page = show(Y, pixels, labels=classes, genes=genes)
    page.page.click("#ranking summary")
    assert "Select 2 points" in page.page.wait_for_selector("#ranking-told:text('Select')").inner_text()
    selected = left_half(page)
    page.page.wait_for_selector("#ranked:visible")
    name, content = saved(page, lambda: page.page.click("#save-ranking"))
    assert name == "genes.csv"
    table = pd.read_csv(io.BytesIO(content)).set_index("gene")
    # what the page holds: codes, of which only the smallest value has 0
    low, high = np.nanmin(genes, axis=0), np.nanmax(genes, axis=0)
    step = (high - low) / (65_534 if n_genes <= 20 else 254)
    held = low + step * np.maximum(np.rint((genes - low) / step), genes > low).where(genes.notna())
    wanted = ttest_ind(held[selected], held[~selected], equal_var=False, nan_policy="omit").statistic
    np.testing.assert_allclose(table.loc[genes.columns, "t"], wanted, rtol=1e-9)
    np.testing.assert_allclose(table.loc[genes.columns, "mean_selected"], held[selected].mean(), rtol=1e-9)
    shares = (genes > low)[~selected].sum() / genes[~selected].notna().sum()
    np.testing.assert_allclose(table.loc[genes.columns, "share_rest"], shares, rtol=1e-9)
    assert table.index[0] == page.page.locator("#ranked button").first.inner_text() == "gene 1"
    page.page.locator("#ranked button").first.focus()
    page.page.keyboard.press("Enter")
    assert page.page.inner_text("#legend-title") == "gene 1"
    page.page.click("#clear")
    page.page.wait_for_selector("#ranked", state="hidden")  # of no selection


# ---- search ------------------------------------------------------------------------------------------------


def test_genes_and_classes_are_found_by_keys(show):
    Y, pixels, classes, gene = example()
    page = show(Y, pixels, labels={"Class": classes}, genes={"Gad1": gene, "Bad2": gene, "Adam": gene})
    page.page.keyboard.press("/")
    page.page.keyboard.type("ad")
    options = page.page.locator("#found [role=option]")
    assert options.all_inner_texts() == ["Adam\ngene", "Gad1\ngene", "Bad2\ngene"]  # beginnings first
    page.page.keyboard.press("ArrowDown")
    assert page.page.get_attribute("#search", "aria-activedescendant") == "found-1"
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector("#legend-title:text('Gad1')")
    assert page.page.evaluate("column.selectedOptions[0].label") == "Gad1"
    page.page.keyboard.type("zzz")
    assert page.page.inner_text("#found") == "Nothing has this name."
    page.page.keyboard.press("Escape")
    assert not page.page.locator("#found").is_visible()
    page.page.fill("#search", "b")
    assert options.all_inner_texts()[:2] == ["b\nClass", "Bad2\ngene"]
    options.first.click()
    page.page.wait_for_selector("#legend-title:text('Class')")
    check_lit(page, classes == "b")


# ---- selections kept, saved, loaded ------------------------------------------------------------------------


def test_selections_are_kept_saved_and_loaded(show):
    Y, pixels, classes, _ = example()
    options = {"labels": classes, "names": [f"cell, {i}" for i in range(N)]}
    page = show(Y, pixels, **options)
    assert not page.page.locator("#keep").is_visible()
    left = left_half(page)
    page.page.fill("#keep-name", "left")
    page.page.keyboard.press("Enter")
    page.draw_around(TISSUE, [page.places(TISSUE, pixels)[7]])
    page.page.click("#keep button")
    kept = page.page.locator("#kept li button:first-child")
    assert kept.all_inner_texts() == ["left\n72", "Selection 1\n1"]
    name, content = saved(page, lambda: page.page.click("#save-kept"))
    assert name == "selections.csv"
    table = pd.read_csv(io.BytesIO(content))
    assert table.columns.tolist() == ["row", "name", "selection"]
    np.testing.assert_array_equal(table["row"][table["selection"] == "left"], np.flatnonzero(left))
    again = show(Y, pixels, **options)
    # sorted otherwise, and with a row of another page
    shuffled = pd.concat([table[::-1], pd.DataFrame({"row": [3], "name": ["x"], "selection": ["left"]})])
    send(again, shuffled.to_csv(index=False))
    assert (
        again.page.inner_text("#told")
        == "Loaded 73 points in 2 selections. 1 rows are of no point of this page."
    )
    kept = again.page.locator("#kept li button:first-child")
    assert kept.all_inner_texts() == ["Selection 1\n1", "left\n72"]
    send(again, shuffled.to_csv(index=False))  # again: under the same names
    assert kept.all_inner_texts() == ["Selection 1\n1", "left\n72"]
    kept.nth(1).focus()
    again.page.keyboard.press("Enter")
    check_lit(again, left)
    kept.nth(0).click(modifiers=["Alt"])
    check_lit(again, left & (np.arange(N) != 7))
    again.page.click("[aria-label='Forget left']")
    assert kept.all_inner_texts() == ["Selection 1\n1"]


def send(page, text):
    page.page.locator("#file").set_input_files(
        {"name": "some.csv", "mimeType": "text/csv", "buffer": text.encode("utf-8")}
    )
    page.page.wait_for_selector("#told:not(:empty)")


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("row,name\r\n0,0\r\n5,5\r\n", [0, 5]),
        ('\ufeffname,row,"say ""so"""\n"a\nb",3,x\n', [3]),  # quotes, a line within a field
    ],
)
def test_a_table_without_names_of_selections_is_selected(show, text, selected):
    Y, pixels, classes, _ = example()
    page = show(Y, pixels, labels=classes)
    send(page, text)
    check_lit(page, np.isin(np.arange(N), selected))
    page.page.click("#clear")
    send(page, "barcode\nx\n")
    page.page.wait_for_selector('#told:text("some.csv was not loaded: expected a first line")')


# ---- pictures ----------------------------------------------------------------------------------------------


def test_a_panel_is_saved_as_png(show):
    Y, pixels, classes, _ = example()
    page = show(Y, pixels, labels={"Class": classes}, scalebar_dx=1.0, dark=True)
    box = page.marks(TISSUE).bounding_box()
    name, content = saved(page, lambda: page.page.locator("[data-save=png]").nth(TISSUE).click())
    assert name == "tissue.png"
    picture = (255 * imread(io.BytesIO(content))[:, :, :3]).round().astype(int)
    assert picture.shape[0] == pytest.approx(3 * (box["height"] + 30), abs=3)
    assert picture.shape[1] > 3 * (box["width"] + 40)  # a legend
    x, y = np.floor(3 * (page.places(TISSUE, pixels) + [0, 30])).astype(int).T
    np.testing.assert_array_equal(picture[y, x], page.colours_at(TISSUE, pixels))
    assert (picture[:, int(3 * box["width"]) :] == variable(page, "ground")).all(axis=2).mean() > 0.8


def test_a_panel_is_saved_as_svg(show):
    Y, pixels, classes, gene = example()
    hostile = "<b>&\"'"
    page = show(
        {"first": Y, hostile: Y}, pixels, labels={hostile: classes}, genes={"Gad1": gene}, scalebar_dx=1.0
    )
    page.page.locator("[data-save=svg]").nth(TISSUE).focus()
    name, content = saved(page, lambda: page.page.keyboard.press("Enter"))
    assert name == "tissue.svg"
    root = ElementTree.fromstring(content)
    points = root.find(f"{SVG}svg").findall(f".//{SVG}path")
    assert len(points) == N
    at = {
        re.search(r"translate\((\S+ \S+)\)", point.get("transform"))[1]: point.get("fill") for point in points
    }
    for place, colour in zip(page.places(TISSUE, pixels), class_colours(classes), strict=True):
        near = min(at, key=lambda text: np.hypot(*(np.array(text.split(), dtype=float) - place)))
        assert at[near] == f"rgb({','.join(map(str, colour))})"
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[:5] == ["Tissue", hostile, "a", "b", "c"]
    assert texts[5].endswith("µm")
    page.page.select_option("#column", label="Gad1")
    page.page.select_option(".layouts select >> nth=1", "1")
    page.settle()
    _, content = saved(page, lambda: page.page.locator("[data-save=svg]").nth(MAP).click())
    assert [text.text for text in ElementTree.fromstring(content).iter(f"{SVG}text")][:2] == [hostile, "Gad1"]


def test_many_points_are_a_picture_within_the_svg(show):
    Y = np.random.default_rng(0).normal(size=(30_001, 2))
    page = show(Y, Y)
    _, content = saved(page, lambda: page.page.locator("[data-save=svg]").nth(MAP).click())
    root = ElementTree.fromstring(content).find(f"{SVG}svg")
    assert root.find(f"{SVG}image").get("href").startswith("data:image/png;base64,")
    assert len(content) < 3_000_000


# ---- colours -----------------------------------------------------------------------------------------------


def test_points_without_a_gene_are_grey(show):
    places = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0]])
    page = show(places, places, genes={"Gad1": [0.0, 1, 2, np.nan]}, labels={"Depth": [0.0, 1, 2, 3]})
    viridis = [rgb(colormaps["viridis"](level)) for level in (0.0, 1.0)]
    assert np.abs(page.colours_at(MAP, places)[[0, 3]] - viridis).max() <= 2  # of numbers that are no gene
    page.page.select_option("#column", label="Gad1")
    found = page.colours_at(MAP, places)
    np.testing.assert_array_equal(found[[0, 3]], [rgb(MISSING_COLOUR)] * 2)
    assert np.abs(found[2] - viridis[1]).max() <= 2
    assert page.page.inner_text(".absent") == "0, missing"


def test_the_ends_of_the_colours_are_moved(show):
    Y, pixels, _, gene = example()
    page = show(Y, pixels, genes={"Gad1": gene})
    before = page.page.inner_text(".ends")
    handles = page.page.locator(".rails input")
    handles.nth(1).focus()
    for _ in range(3):
        page.page.keyboard.press("PageDown")
    high = float(handles.nth(1).get_attribute("aria-valuetext"))
    assert page.page.inner_text(".ends").split("\n")[1] == f"≥ {high:.3g}"
    assert high < float(before.split("≥")[1])
    top = gene > high * 1.01
    found = page.colours_at(MAP, Y)[top & ~np.isnan(gene)]
    assert np.abs(found - rgb(colormaps["viridis"](255))).max() <= 2
    handles.nth(0).focus()
    page.page.keyboard.press("End")  # stops at the other
    assert float(handles.nth(0).input_value()) == float(handles.nth(1).input_value()) - 1
    page.page.click(".range button")
    assert page.page.inner_text(".ends") == before


def test_a_handle_is_dragged(show):
    Y, pixels, _, gene = example()
    page = show(Y, pixels, genes={"Gad1": gene})
    box = page.page.locator(".rails").bounding_box()
    y = box["y"] + box["height"] / 2
    page.page.mouse.move(box["x"] + box["width"] - 7, y)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] / 2, y, steps=4)
    page.page.mouse.up()
    middle = np.nanmean([np.nanmin(gene), np.nanmax(gene)])
    high = float(page.page.locator(".rails input").nth(1).get_attribute("aria-valuetext"))
    assert high == pytest.approx(middle, rel=0.1)


@pytest.mark.parametrize("script", [WEBGL, PIXELS], ids=["webgl", "pixels"])
def test_opacity(show, script):
    Y, pixels, classes, _ = example()
    page = show(Y, pixels, labels=classes, script=script)
    page.page.locator("#opacity").evaluate("(at) => { at.value = 0.5; at.dispatchEvent(new Event('input')) }")
    half = (class_colours(classes) + 255) / 2
    assert np.abs(page.colours_at(MAP, Y) - half).max() <= 2


def slow_density(places, size):
    """Opacity of cells of 3 by 3 pixels: counts, three means over five neighbours, two thirds at the mean."""
    width, height = np.ceil(size / 3).astype(int)
    inside = (np.floor(places / 3) < [width, height]).all(axis=1) & (places >= 0).all(axis=1)
    density = np.zeros((height, width))
    np.add.at(density, tuple(np.floor(places[inside] / 3).astype(int).T[::-1]), 1)
    for _ in range(3):
        for axis in (0, 1):
            density = uniform_filter1d(density, 5, axis=axis, mode="constant")
    return 1 - np.exp(-1.1 * density * (density > 1e-3).sum() / density.sum())


def test_density_is_as_opaque_as_a_slow_one(show):
    rng = np.random.default_rng(0)
    Y = np.vstack([rng.normal(size=(4000, 2)) * 0.3, rng.uniform(-4, 4, size=(400, 2))])
    page = show(Y, Y, labels=["crowd"] * 4000 + ["few"] * 400)
    page.page.locator("#density").focus()
    page.page.keyboard.press("Space")
    assert (page.drawn(MAP) == 255).all()  # instead of points
    url = page.page.evaluate("document.querySelectorAll('.density')[1].toDataURL()")
    drawn = imread(io.BytesIO(base64.b64decode(url.split(",")[1])))
    box = page.marks(MAP).bounding_box()
    opacity = slow_density(page.places(MAP, Y), np.array([box["width"], box["height"]]))
    assert drawn.shape[:2] == opacity.shape
    assert np.abs(drawn[..., 3] - opacity).mean() < 0.005  # places are rounded, so that a few change cells
    middle = drawn[drawn.shape[0] // 2, drawn.shape[1] // 2]
    assert np.abs(255 * middle[:3] - rgb(PALETTE[0])).max() < 12
    page.page.click("#density")
    page.page.locator(".density").nth(MAP).wait_for(state="hidden")
    assert (page.drawn(MAP) != 255).any()


# ---- several maps, three dimensions ------------------------------------------------------------------------


def test_another_map_of_the_same_points(show):
    Y, pixels, classes, _ = example()
    other = Y[::-1] * [3, 1]
    page = show({"SpaSNE": Y, "t-SNE": other}, pixels, labels=classes)
    page.page.emulate_media(reduced_motion="reduce")
    choice = page.page.locator(".layouts select:visible")
    assert choice.locator("option").all_inner_texts() == ["SpaSNE", "t-SNE"]
    choice.focus()
    page.page.keyboard.press("ArrowDown")
    np.testing.assert_array_equal(page.colours_at(MAP, other), class_colours(classes))
    page.page.emulate_media(reduced_motion="no-preference")
    page.page.evaluate(
        """() => {
            const { at } = Transition.prototype;
            window.passed = TRANSITION / 2;
            Transition.prototype.at = function () { return at.call(this, this.start + window.passed); };
        }"""
    )
    page.page.keyboard.press("ArrowUp")
    page.page.wait_for_function("() => app.panels[1].transition")
    first, last = page.drawn(MAP, moving=True), page.places(MAP, Y)
    assert (first[tuple(np.floor(last[:, ::-1]).astype(int).T)] != class_colours(classes)).any()
    page.page.evaluate("window.passed = 2 * TRANSITION")
    np.testing.assert_array_equal(page.colours_at(MAP, Y), class_colours(classes))


@pytest.mark.parametrize("script", [WEBGL, PIXELS], ids=["webgl", "pixels"])
def test_a_map_of_three_dimensions_turns(show, script):
    corners = np.vstack([np.eye(3), -np.eye(3)])
    page = show(corners, corners[:, :2], labels=list("abcdef"), script=script)
    box = page.marks(MAP).bounding_box()
    page.marks(MAP).focus()
    for key in "llljii":
        page.page.keyboard.press(key)
    page.settle()
    across, upwards = 20 * 0.008 * 2, 20 * 0.008 * 2
    x, y, z = corners.T / 2
    x, z = np.cos(across) * x + np.sin(across) * z, np.cos(across) * z - np.sin(across) * x
    y, z = np.cos(upwards) * y + np.sin(upwards) * z, np.cos(upwards) * z - np.sin(upwards) * y
    scale = min(box["width"], box["height"]) - 32
    places = np.column_stack([box["width"] / 2 + scale * x, box["height"] / 2 - scale * y])
    nearest = np.argsort(-z)[:3]
    drawn = page.drawn(MAP)
    for point in nearest:
        at = np.floor(places[point]).astype(int)
        assert drawn[at[1], at[0]].tolist() == rgb(PALETTE[point])
    page.draw_around(MAP, [places[nearest[0]]])
    assert page.status.startswith("1 of 6")
    page.page.check("[value=move]")
    before = page.drawn(MAP)
    page.draw_around(MAP, [(60, 60), (60, 90)])
    assert (page.drawn(MAP) != before).any()
    page.page.keyboard.press("0")
    page.page.locator(".turn:visible").click()
    first = page.drawn(MAP, moving=True)
    assert (page.drawn(MAP, moving=True) != first).any()


# ---- many points in motion ---------------------------------------------------------------------------------


def test_fewer_points_in_motion_are_an_even_share_in_the_same_order(show):
    page = show([[0.0, 0]] * 3, [[0.0, 0]] * 3)
    few, split = page.page.evaluate(
        """() => {
            const order = shuffledOrder(1000), { order: few, split } = thinned({ order, split: 600 }, 0.1);
            return [Array.from(few, (point) => order.indexOf(point)), split];
        }"""
    )
    assert few == list(range(0, 1000, 10))
    assert split == 60
    by_depth = page.page.evaluate(
        """() => {
            const away = [0.1, 0.9, 0.5, 0, 1], order = Uint32Array.of(0, 1, 2, 3, 4);
            return Array.from(byDepth({ order, split: 2 }, (point) => away[point]).order);
        }"""
    )
    assert by_depth == [1, 0, 4, 2, 3]


def test_frame_rate_of_200000_points(show, record_property, capsys):
    """Reports frames a second while a map is dragged, without a graphics card; asserts nothing of time.

    Of the points, fewer are drawn while it moves, and all of them at rest.
    """
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(200_000, 2))
    page = show(Y, Y, labels={"Layer": rng.integers(7, size=len(Y))}, script=PIXELS, window=(1400, 900))
    page.page.check("[value=move]")
    frames = page.page.evaluate(
        """async () => {
            const marks = document.querySelectorAll(".marks")[1];
            const at = { pointerId: 1, clientY: 400, bubbles: true };
            const send = (kind, x) => marks.dispatchEvent(new PointerEvent(kind, { ...at, clientX: x }));
            const setOrder = PixelDrawing.prototype.setOrder;
            window.sent = [];
            PixelDrawing.prototype.setOrder = function (order, split) {
                window.sent.push(order.length);
                setOrder.call(this, order, split);
            };
            marks.setPointerCapture = () => {};
            send("pointerdown", 900);
            const start = performance.now(), times = [];
            while (performance.now() - start < 2500) {
                send("pointermove", 900 + 40 * Math.sin(times.length / 5));
                await new Promise(requestAnimationFrame);
                times.push(performance.now() - start);
            }
            send("pointerup", 900);
            return times.filter((time) => time > 1000).length / 1.5; // once its pace is found
        }"""
    )
    record_property("frames a second", frames)
    with capsys.disabled():
        print(f"\n200,000 points without a graphics card: {frames:.0f} frames a second while dragged")
    page.page.wait_for_function("() => sent.at(-1) === 200_000")
    sent = page.page.evaluate("sent")
    assert sent[0] == 60_000
    assert min(sent) >= 10_000


# ---- which points to trust ---------------------------------------------------------------------------------


def test_points_below_a_reliability_are_hidden(show):
    Y, pixels, classes, _ = example()
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"reliability": rng.uniform(size=N)})
    table["verdict"] = np.where(table["reliability"] > 0.6, "kept", "uncertain")
    page = show(Y, pixels, labels={"Class": classes}, reliability=table)
    slider = page.page.locator("#least")
    shares = [float((table["verdict"] == "kept")[classes == name].mean()) for name in "abc"]
    assert page.page.locator(".classes .share").all_inner_texts() == [f"{100 * s:.0f} % kept" for s in shares]
    assert np.array_equal(page.colours_at(MAP, Y), class_colours(classes))

    page.page.click("#legend li:first-child button", modifiers=["Shift"])
    assert page.page.evaluate("app.selection.size") == N // 3
    page.page.keyboard.press("Escape")
    page.page.mouse.move(0, 0)  # at a class, it is shown alone
    slider.fill("0.5")
    hidden = table["reliability"].to_numpy() < 0.5
    assert page.page.inner_text("#least-told") == f"0.50, hides {hidden.sum()}"
    ground = variable(page, "ground")
    expected = np.where(hidden[:, None], ground, class_colours(classes))
    assert np.array_equal(page.colours_at(MAP, Y), expected)
    page.page.click("#legend li:first-child button", modifiers=["Shift"])  # what is hidden is not selected
    assert page.page.evaluate("app.selection.size") == ((classes == "a") & ~hidden).sum()

    page.page.select_option("#column", label="verdict")  # hidden in another column, too
    page.settle()
    assert page.page.evaluate("app.foreground.order.length") == (~hidden).sum()
    assert page.page.locator(".classes .share:visible").count() == 0  # of itself
    slider.fill("0")
    assert page.page.inner_text("#least-told") == "nothing"
    assert page.page.evaluate("app.foreground.order.length") == N


def test_without_reliability_there_is_no_slider(show):
    Y, pixels, classes, _ = example()
    page = show(Y, pixels, labels={"Class": classes})
    assert page.page.locator("#least:visible, .share:visible").count() == 0


# ---- keys --------------------------------------------------------------------------------------------------


def test_everything_new_is_reached_by_tab(show):
    Y, pixels, classes, gene = example()
    page = show(
        {"SpaSNE": np.column_stack([Y, Y[:, 0]]), "t-SNE": Y}, pixels, genes={"Gad1": gene},
        labels={"Class": classes}, image=np.full((8, 8), 0.5), image_scale=0.07,
    )  # fmt: skip
    page.page.select_option("#column", label="Gad1")
    left_half(page)
    page.page.click("#keep button")
    page.page.click("#ranking summary")
    page.page.check("[name=ranked][value=lower]")
    page.page.wait_for_selector("#ranked button")
    page.page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(50):
        page.page.keyboard.press("Tab")
        reached.append(
            page.page.evaluate(
                """() => {
                    const at = document.activeElement;
                    return at.id || at.getAttribute("aria-label") || at.name || at.textContent.trim();
                }"""
            )
        )
    assert {
        "opacity", "image-opacity", "density", "search", "keep-name", "Keep", "load", "save-kept",
        "save-ranking", "Forget Selection 1", "ranked", "Gad1", "Turn without stopping: Map",
        "Save as PNG: Tissue", "Save as SVG: Map", "Lowest value of the colours",
        "Highest value of the colours",
    } <= set(reached)  # fmt: skip
    assert page.page.locator(".layouts select:visible").count() == 1


def test_files_are_read_as_they_were_written(show):
    page = show([[0.0, 0]] * 3, [[0.0, 0]] * 3)
    rows = [["a", 'say "b"', "c,d"], ["", "two\nlines", "é 細胞"], ["x", "", ""]]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    assert page.page.evaluate("(text) => fieldsOf(text)", text.getvalue()) == rows
    assert page.page.evaluate("(rows) => rows.map((row) => row.map(quoted).join()).join('\\r\\n')", rows) == (
        text.getvalue().strip("\r\n")
    )
