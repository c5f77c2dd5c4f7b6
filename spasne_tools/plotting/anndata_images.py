"""Images of the tissue that an AnnData holds in uns["spatial"], as squidpy and scanpy read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spasne_tools.plotting.scale_bar import Scale
from spasne_tools.plotting.tissue import TissueImage

IMAGE_KEYS = ("hires", "lowres")  # of Space Ranger; the first that is there is drawn
AUTOMATIC = "auto"
MICRONS = "microns_per_pixel"  # which Space Ranger writes for Visium HD


def tissue_images(adata: Any, sections: Any, img_key: str | None, spatial_key: str) -> dict[Any, TissueImage]:
    """The image of each section (the only one: None) that uns[spatial_key] holds under `img_key`.

    "auto": "hires", else "lowres", where there is one; None: no image. ValueError where `img_key` names one
    that is missing.
    """
    libraries = _libraries(adata, spatial_key)
    if img_key is None or (img_key == AUTOMATIC and not libraries):
        return {}
    if sections is None:
        if len(libraries) != 1:
            if img_key == AUTOMATIC:
                return {}
            raise ValueError(
                f"expected one library in uns[{spatial_key!r}], or library_key, found {len(libraries)}"
            )
        named = {None: next(iter(libraries.values()))}
    else:
        named = {name: libraries[str(name)] for name in set(sections) if str(name) in libraries}
    images = {name: _image(library, img_key) for name, library in named.items()}
    if img_key != AUTOMATIC and not all(images.values()):
        raise ValueError(f"expected an image {img_key!r} in uns[{spatial_key!r}], found {_names(libraries)}")
    return {name: image for name, image in images.items() if image is not None}


def tissue_scale(adata: Any, spatial_key: str, dx: float | None, units: str) -> Scale | None:
    """The unit of the positions: `dx` units, else what every library's scale factors say; None: unknown."""
    if dx is not None:
        return Scale(dx, units)
    found = {
        library.get("scalefactors", {}).get(MICRONS) for library in _libraries(adata, spatial_key).values()
    }
    microns = found.pop() if len(found) == 1 else None
    return None if microns is None else Scale(float(microns), "um")


def _libraries(adata: Any, spatial_key: str) -> dict[str, Any]:
    found = adata.uns.get(spatial_key, {})
    return {str(name): library for name, library in found.items()} if isinstance(found, Mapping) else {}


def _image(library: Mapping[str, Any], img_key: str) -> TissueImage | None:
    """The image, placed by its scale factor: pixels of it for each unit of the positions."""
    images, factors = library.get("images", {}), library.get("scalefactors", {})
    keys = IMAGE_KEYS if img_key == AUTOMATIC else (img_key,)
    key = next((key for key in keys if key in images), None)
    if key is None:
        return None
    if (factor := factors.get(f"tissue_{key}_scalef")) is None:
        raise ValueError(f"expected the scale factor tissue_{key}_scalef of the image {key!r}, found none")
    pixels = np.asarray(images[key])
    height, width = pixels.shape[:2]
    # Positions are of pixels' corners: image pixel (0, 0) covers 0 to 1 of the image's own pixels.
    return TissueImage(pixels, (0.0, width / float(factor), 0.0, height / float(factor)))


def _names(libraries: Mapping[str, Any]) -> str:
    names = {key for library in libraries.values() for key in library.get("images", {})}
    return ", ".join(map(repr, sorted(names))) or "none"
