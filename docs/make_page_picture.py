"""The picture of docs/page.md: a page of mouse visual cortex (or of simulated tissue) in headless Chromium.

``python docs/make_page_picture.py`` with the extra ``browser`` and Chromium installed. Points are selected in
the map, and genes are ranked by what marks them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from spasne import export_html, load_example, run_spasne  # noqa: E402

WINDOW = {"width": 1280, "height": 880}
PICTURE = HERE / "images" / "page.png"
LASSO = ((0.10, 0.55), (0.30, 0.45), (0.48, 0.62), (0.42, 0.92), (0.15, 0.92))  # shares of the map's panel


def write_page(folder: Path) -> Path:
    """SpaSNE's map and t-SNE's, all genes."""
    example = load_example("visual_cortex")
    maps = {
        name: run_spasne(example.data, example.pixels, alpha=alpha, beta=beta, use_pca=False, randseed=1)
        for name, alpha, beta in (("SpaSNE", 9, 2.25), ("t-SNE", 0, 0))
    }
    counts = example.counts.toarray()
    genes = pd.DataFrame(np.log1p(1e3 * counts / counts.sum(axis=1, keepdims=True)), columns=example.genes)
    labels = {"Layer": example.labels}
    title = "Simulated cortex" if example.simulated else "Mouse visual cortex, STARmap"
    return export_html(folder / "page.html", maps, example.pixels, labels=labels, genes=genes, title=title)


def draw_around(page: Page) -> None:
    box = page.locator(".marks").nth(1).bounding_box()
    for number, (x, y) in enumerate((*LASSO, LASSO[0])):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport=WINDOW, device_scale_factor=1.5)
        page.goto(write_page(Path(folder)).as_uri())
        page.wait_for_selector("main[aria-busy=false]")
        draw_around(page)
        page.click("#ranking summary")
        page.wait_for_selector("#ranked button")
        page.evaluate("document.activeElement.blur()")
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
