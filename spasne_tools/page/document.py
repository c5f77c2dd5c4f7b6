"""The file of a page: markup, style, scripts and data in one, which asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any

from spasne_tools.page.blocks import Blocks
from spasne_tools.version import __version__

__all__ = ["SCRIPTS", "STYLES", "assemble"]

STYLES = ("page.css",)
# In the order that a reader would like; page.js, which starts the page, is last.
SCRIPTS = (
    "elements.js", "numbers.js", "signals.js", "csv.js", "blocks.js",
    "column.js", "theme.js", "colouring.js", "selection.js", "reliability.js", "foreground.js", "order.js",
    "moments.js", "layout.js", "transition.js", "camera.js", "markers.js", "drawing.js", "webgl.js",
    "webgl_image.js", "pixels.js", "density.js", "pace.js", "image.js", "scale_bar.js", "places.js",
    "marks.js", "lasso.js", "pointer.js", "keys.js", "panel_bar.js", "panel.js", "figure.js", "picture.js",
    "description.js", "colour_scale.js", "legend.js", "selection_file.js", "selection_panel.js", "kept.js",
    "ranking.js", "ranking_panel.js", "search.js", "controls.js", "page.js",
)  # fmt: skip


def assemble(header: Mapping[str, Any], blocks: Blocks) -> bytes:
    """The whole file. Text of the user's is escaped here, and nowhere else does it become HTML."""
    style, script = ("\n".join(_asset(name) for name in names) for names in (STYLES, SCRIPTS))
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    elements = [
        f'<script type="text/plain" id="block-{number}">{text}</script>'
        for number, text in enumerate(blocks.texts)
    ]
    page = Template(_asset("page.html")).substitute(
        version=__version__,
        policy=policy,
        title=html.escape(header["title"]),
        style=style,
        script=script,
        header=_json_for_html(header),
        blocks="\n".join(elements),
    )
    return page.encode("utf-8", errors="replace")


def _asset(name: str) -> str:
    return (files("spasne_tools") / "page" / "browser" / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """The text as a source that a content security policy allows, by its hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _json_for_html(content: Any) -> str:
    """JSON in ASCII that no HTML parser takes for a tag or an entity."""
    text = json.dumps(content, allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
