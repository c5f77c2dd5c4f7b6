"""``spasne.load_data``: a table of numbers and nothing else, as the published program reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import numpy as np

from spasne_tools.user_warning import filtered


def load_data(file: str | Path | TextIO) -> np.ndarray:
    """Read a table of numbers separated by white space, without header or row names.

    Parameters
    ----------
    file : str, Path or open text file
        A file name ending in .gz is unzipped.

    Returns
    -------
    ndarray of float64, shape (rows, columns)

    Raises
    ------
    ValueError
        A field is not a number, the rows differ in length, or there are none.

    Examples
    --------
    >>> import io
    >>> from spasne import load_data
    >>> load_data(io.StringIO("1 2 3\\n4 5 6\\n"))
    array([[1., 2., 3.],
           [4., 5., 6.]])
    """
    with filtered("ignore", UserWarning):  # about no rows: an error below
        try:
            table = np.loadtxt(file, dtype=np.float64, ndmin=2)
        except ValueError as error:
            raise ValueError(f"expected a table of numbers, found something else ({error})") from None
    if table.size == 0:
        raise ValueError("expected a table of numbers, found no rows")
    return table
