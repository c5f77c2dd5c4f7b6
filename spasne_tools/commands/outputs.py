"""Whether what a command is to write can be written: found out before the work, not after it."""

from __future__ import annotations

import os
from pathlib import Path

from spasne_tools.readers.text_file import STANDARD_STREAM


def check_can_write(*files: str | None) -> None:
    """ValueError for a file whose folder is missing or cannot be written to; None and "-" are passed over."""
    for file in files:
        if file is None or file == STANDARD_STREAM:
            continue
        path = Path(os.path.realpath(file))
        is_device = path.exists() and not path.is_file() and not path.is_dir()
        written = path if is_device else path.parent  # as output_file does
        if path.is_dir() or not written.exists() or not os.access(written, os.W_OK):
            raise ValueError(f"expected a file name in a folder that can be written to, found {file!r}")


def check_figure_format(file: str | None) -> None:
    """ValueError for a figure whose ending names no format that matplotlib writes; None is none."""
    if file is None:
        return
    from matplotlib.backend_bases import FigureCanvasBase

    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if Path(file).suffix[1:].lower() not in known:
        raise ValueError(f"expected a figure file that ends in one of {', '.join(known)}, found {file!r}")
