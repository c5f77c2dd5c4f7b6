"""Maps on disk as other programs read them: CSV, bare numbers or an array; the name's ending says which."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from spasne_tools.output_file import output_file
from spasne_tools.readers.tables import ARRAY_SUFFIX
from spasne_tools.readers.text_file import STANDARD_STREAM

PLAIN_SUFFIXES = (".txt", ".dat", ".tsv")  # bare numbers, as published
TABLE_SUFFIXES = ("", ".csv", *PLAIN_SUFFIXES)  # .gz may follow
MAP_COLUMNS = ("x_pos", "y_pos", "z_pos")  # as in the published maps


def check_map_format(file: str | Path) -> None:
    """ValueError unless `write_map` knows what the name `file` ends in."""
    if file == STANDARD_STREAM or Path(file).suffix.lower() == ARRAY_SUFFIX:
        return
    if _table_suffix(Path(file)) not in TABLE_SUFFIXES:
        known = ", ".join([*filter(None, TABLE_SUFFIXES), ARRAY_SUFFIX])
        raise ValueError(f"expected a map file that ends in one of {known}, found {str(file)!r}")


def _table_suffix(path: Path) -> str:
    """What a name ends in, .gz aside."""
    return Path(path.stem if path.suffix.lower() == ".gz" else path.name).suffix.lower()


def write_map(file: str | Path, Y: np.ndarray, index: pd.Index | None) -> None:
    """Write the map `Y` (n, no_dims) to `file`, which appears complete or not at all.

    CSV with a header, and with `index` as row names where given; bare tab-separated numbers where the name
    ends in .txt, .dat or .tsv (.gz may follow) or is "-", standard output; an array of NumPy's where it ends
    in .npy. Other names are for `check_map_format` to refuse.
    """
    if file == STANDARD_STREAM:
        _write_numbers(sys.stdout, Y)
        return
    path = Path(file)
    if path.suffix.lower() == ARRAY_SUFFIX:
        with output_file(path) as unfinished, open(unfinished, "wb") as array:
            np.save(array, Y)
        return
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with output_file(path) as unfinished, opened(unfinished, "wt", encoding="utf-8", newline="") as out:
        if _table_suffix(path) in PLAIN_SUFFIXES:
            _write_numbers(out, Y)
        else:
            frame = pd.DataFrame(Y, columns=list(MAP_COLUMNS[: Y.shape[1]]), index=index)
            frame.to_csv(out, index=index is not None, lineterminator="\n")


def _write_numbers(out: TextIO, Y: np.ndarray) -> None:
    for row in Y.tolist():
        out.write("\t".join(map(repr, row)) + "\n")
