"""Run the notebooks: ``python spasne-demos/run_notebooks.py [--pages FOLDER] [--strip] [NOTEBOOK ...]``

``make check-demos`` only runs them; ``make demos`` also writes what they show as Markdown pages with small
figures. ``--strip`` runs nothing: it removes all output from the notebook files, as they are committed.
Needs the extra ``spasne[demos]``; the notebook files are never changed by a run.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import MarkdownExporter
from PIL import Image
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted(ROOT.glob("*-demo*/*.ipynb"))
TIME_LIMIT, START_LIMIT = 7200, 300  # seconds that a cell and the start of a kernel may take
FIGURE_DPI, FIGURE_WIDTH = 100, 1200  # dots an inch of a figure on a page, and pixels, at most
KEPT_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def stripped(notebook: Any) -> Any:
    """The notebook without outputs, counts of executions, and whatever editors leave in it."""
    notebook.metadata = nbformat.from_dict(KEPT_METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number}", {}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def execute(path: Path, runtime: Path) -> Any:
    """The notebook run in its own folder; its kernel is spoken to through sockets in `runtime`."""
    notebook = nbformat.read(path, as_version=4)
    sockets = {} if sys.platform == "win32" else {"transport": "ipc", "ip": str(runtime / path.stem)}
    NotebookClient(
        notebook,
        timeout=TIME_LIMIT,
        startup_timeout=START_LIMIT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        config=Config({"KernelManager": sockets}),
    ).execute()
    return notebook


def write_page(notebook: Any, path: Path, pages: Path) -> None:
    """FOLDER/name.md and its figures, those of an earlier run removed."""
    figures = f"{path.stem}_files"
    exporter = MarkdownExporter()
    exporter.config.NbConvertBase.display_data_priority = ["image/png", "text/plain"]
    text, resources = exporter.from_notebook_node(
        notebook, {"unique_key": path.stem, "output_files_dir": figures}
    )
    link = Path(os.path.relpath(path, pages)).as_posix()
    note = f"*This page shows [{path.name}]({link}) and what it gave; `make demos` writes it.*\n\n"
    (pages / figures).mkdir(parents=True, exist_ok=True)
    for old in (pages / figures).glob("*.png"):
        old.unlink()
    for name, content in resources["outputs"].items():
        (pages / name).write_bytes(small_png(content))
    text = text.replace("![png](", "![Figure](").replace(
        f"]({path.parent.name}/", f"](../../{path.parent.name}/"
    )
    text = re.sub(r"\]\((\.\./.*?)\)", lambda match: f"]({moved_link(match[1], path, pages)})", text)
    (pages / f"{path.stem}.md").write_text(note + tidy(text), encoding="utf-8")


def moved_link(link: str, path: Path, pages: Path) -> str:
    """A link of a notebook as its page needs it; one to another notebook leads to the page of that."""
    if link.endswith(".ipynb"):
        return f"{Path(link).stem}.md"
    return Path(os.path.relpath(path.parent / link, pages)).as_posix()


def tidy(text: str) -> str:
    """Without spaces at line ends and runs of empty lines."""
    lines = [line.rstrip() for line in text.splitlines()]
    kept = [line for i, line in enumerate(lines) if line or (i > 0 and lines[i - 1])]
    return "\n".join(kept).strip() + "\n"


def small_png(content: bytes) -> bytes:
    """A figure shrunk for a page, in 256 colours that stay close to its own."""
    picture = Image.open(io.BytesIO(content))
    width, image = picture.width, picture.convert("RGB")
    dpi = picture.info.get("dpi", (FIGURE_DPI,))[0]
    wanted = round(min(width * min(1, FIGURE_DPI / dpi), FIGURE_WIDTH))
    if wanted < width:
        image = image.resize((wanted, round(image.height * wanted / width)), Image.Resampling.LANCZOS)
    colours = image.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    file = io.BytesIO()
    colours.save(file, "png", optimize=True)
    return file.getvalue()


def prepare_environment(runtime: str) -> None:
    """Kernels import the checkout, find data named by a relative path, and leave nothing behind."""
    os.environ["JUPYTER_RUNTIME_DIR"] = runtime
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    if folder := os.environ.get("SPASNE_DATA"):
        os.environ["SPASNE_DATA"] = str(Path(folder).expanduser().resolve())


def run(path: Path, runtime: Path, pages: Path | None) -> bool:
    """Run a notebook and write its page where one is wanted; False if a cell fails."""
    start = time.perf_counter()
    try:
        notebook = execute(path, runtime)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        print(f"{path.name}: failed\n{error}", file=sys.stderr, flush=True)
        return False
    if pages is not None:
        write_page(notebook, path, pages.resolve())
    print(f"{path.name}: {time.perf_counter() - start:.0f} s", flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the notebooks from top to bottom.")
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="(default: all)")
    parser.add_argument("--pages", type=Path, help="folder for what they show, as Markdown and PNG")
    parser.add_argument("--strip", action="store_true", help="run nothing; remove outputs from the files")
    options = parser.parse_args()
    notebooks = [path.resolve() for path in options.notebooks] or NOTEBOOKS
    if options.strip:
        for path in notebooks:
            nbformat.write(stripped(nbformat.read(path, as_version=4)), path)
        return 0
    with tempfile.TemporaryDirectory(prefix="spasne-") as runtime:
        prepare_environment(runtime)
        failed = [path.name for path in notebooks if not run(path, Path(runtime), options.pages)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
