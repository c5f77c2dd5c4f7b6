"""Which columns of a table hold positions, told by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# x, y, of which the first pair that a table has is taken: vendors' names before plain ones, positions in the
# whole tissue before those in a field of view, pixels before millimetres, of which a tissue has too few for
# the spatial term. A third axis has the same name with z.
KNOWN = (
    ("pxl_col_in_fullres", "pxl_row_in_fullres"),  # Visium
    ("pxl_col", "pxl_row"),
    ("x_centroid", "y_centroid"),  # Xenium
    ("center_x", "center_y"),  # MERSCOPE
    ("CenterX_global_px", "CenterY_global_px"),  # CosMx
    ("x_global_px", "y_global_px"),
    ("CenterX_global_mm", "CenterY_global_mm"),
    ("x_global_mm", "y_global_mm"),
    ("x_slide_mm", "y_slide_mm"),
    ("global_x", "global_y"),
    ("xcoord", "ycoord"),  # Slide-seq
    ("imagecol", "imagerow"),  # Seurat
    ("sdimx", "sdimy"),  # Giotto
    ("x_pixel", "y_pixel"),  # the published data sets
    ("xpixels", "ypixels"),
    ("pixel_x", "pixel_y"),
    ("spatial_x", "spatial_y"),
    ("x_spatial", "y_spatial"),
    ("spatial1", "spatial2"),
    ("centroid_x", "centroid_y"),
    ("x_position", "y_position"),
    ("position_x", "position_y"),
    ("x_location", "y_location"),
    ("x_loc", "y_loc"),
    ("x_coordinate", "y_coordinate"),
    ("coord_x", "coord_y"),
    ("x_um", "y_um"),
    ("x_micron", "y_micron"),
    ("x_px", "y_px"),
    ("x_mm", "y_mm"),
    ("x_pos", "y_pos"),
    ("pos_x", "pos_y"),
    ("x", "y"),
    ("CenterX_local_px", "CenterY_local_px"),
    ("x_local_px", "y_local_px"),
    ("x_fov_px", "y_fov_px"),
    ("array_col", "array_row"),  # places in a lattice
    ("col", "row"),
)
_LOCAL = re.compile("local|fov")
_NO_POSITION = re.compile("min|max|width|size|umap|tsne|velocity")  # edges of boxes, other maps


def find_coordinates(columns: Iterable[Any], known_only: bool = False) -> list[Any] | None:
    """The columns that hold x, y and, where there is one, z; None where the names do not tell.

    Names are compared without case and separators. Known ones come first, in the order of ``KNOWN``; else two
    names that differ in one letter, x in one and y in the other, will do where there is one such pair.

    Parameters
    ----------
    columns : iterable of str
        Names of a table's columns.
    known_only : bool
        Take no others than known names: for tables that hold genes as well.

    Examples
    --------
    >>> find_coordinates(["cell_id", "x_centroid", "y_centroid", "x", "y", "area"])
    ['x_centroid', 'y_centroid']
    >>> find_coordinates(["Z", "Y", "X"])
    ['X', 'Y', 'Z']
    >>> find_coordinates(["Image", "Nucleus X (px)", "Nucleus Y (px)"])
    ['Nucleus X (px)', 'Nucleus Y (px)']
    >>> find_coordinates(["barcode", "Gad1"]) is None
    True
    """
    plain: dict[str, list[Any]] = {}
    for column in columns:
        plain.setdefault(_plain(column), []).append(column)
    pairs = [(x, y) for x, y in (map(_plain, pair) for pair in KNOWN) if x in plain and y in plain]
    if not pairs and not known_only:
        others = [(x, y) for x in plain for y in _with_letter(x, "y") if y in plain]
        pairs = [pair for pair in others if not _NO_POSITION.search(pair[0])]
        if len(pairs) > 1:
            return None
    if not pairs:
        return None
    x, y = pairs[0]
    third = [name for name in _with_letter(x, "z") if name in plain and name != y]
    return _alike([plain[name] for name in (x, y, *third[:1])])


def are_local(columns: Iterable[Any]) -> bool:
    """Whether the names of `columns` say that positions count from the corner of a field of view.

    Examples
    --------
    >>> are_local(["CenterX_local_px", "CenterY_local_px"]), are_local(["center_x", "center_y"])
    (True, False)
    """
    return any(_LOCAL.search(_plain(column)) for column in columns)


def _plain(name: Any) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _alike(choices: list[list[Any]]) -> list[Any]:
    """One of each, written alike where there are several: of X, x and y the last two."""
    common = set.intersection(*({_shape(name) for name in names} for names in choices))
    return [next((name for name in names if _shape(name) in common), names[0]) for names in choices]


def _shape(name: Any) -> str:
    """A name without what tells axes apart."""
    return re.sub("[xyz]", "-", re.sub("[XYZ]", "+", str(name)))


def _with_letter(x: str, letter: str) -> list[str]:
    """What `x` becomes with `letter` in place of one of its letters x."""
    return [x[:place] + letter + x[place + 1 :] for place, found in enumerate(x) if found == "x"]
