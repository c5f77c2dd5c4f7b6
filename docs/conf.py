"""Settings of Sphinx: `make docs`, or `sphinx-build -W docs build/docs`."""

import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from spasne_tools.commands.demo import run_demo  # noqa: E402
from spasne_tools.version import __version__  # noqa: E402

project = "SpaSNE"
author = "the SpaSNE contributors"
project_copyright = "the SpaSNE contributors"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
autodoc_typehints = "none"  # docstrings say more
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
html_theme = "furo"
html_title = f"SpaSNE {__version__}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
exclude_patterns = ["examples"]


def _inline_math(writer: Any, node: Any) -> None:
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _block_math(writer: Any, node: Any) -> None:
    formula = tex2mathml(node.astext()).replace("<math", '<math display="block"', 1)
    writer.body.append(f'<div class="formula">{formula}</div>')  # in which a wide one can be scrolled
    raise nodes.SkipNode


def _plain_citations(app: Any, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """numpydoc's [1]_ as [1]: on one page with many docstrings such targets are ambiguous."""
    lines[:] = [re.sub(r"^(\s*)\.\. (?=\[\d\])", r"\1", re.sub(r"(\[\d\])_", r"\1", line)) for line in lines]


def _outside(app: Any, name: str, source: list[str]) -> None:
    """Links to pages outside this folder, which the site does not hold, become names of files."""
    folder = (DOCS / name).parent

    def plain(link: re.Match[str]) -> str:
        path = (folder / link[2]).resolve()
        return link[0] if path.is_relative_to(DOCS) else f"{link[1]} (`{path.relative_to(DOCS.parent)}`)"

    source[0] = re.sub(r"\[([^]]*)\]\(([^)#:]+\.md)\)", plain, source[0])


def _live_page(app: Any, error: Exception | None) -> None:
    """The demo's page, which the first page links to; made here, so that it is never older than the code."""
    if error is None and app.builder.format == "html":
        folder = Path(app.outdir) / "demo"
        folder.mkdir(exist_ok=True)
        run_demo(output=str(folder / "demo.png"))


def setup(app: Any) -> None:
    """Formulas as MathML, which browsers draw by themselves: the site needs no network."""
    app.connect("autodoc-process-docstring", _plain_citations, priority=100)  # before napoleon
    app.connect("source-read", _outside)
    app.connect("build-finished", _live_page)
    app.add_html_math_renderer("mathml", (_inline_math, None), (_block_math, None))
