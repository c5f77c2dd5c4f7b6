"""Images of the tissue that lie beside a Visium section, by scanpy's convention for ``uns["spatial"]``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spasne_tools.readers.sample_files import Sample
from spasne_tools.readers.text_file import READ_ERRORS, open_bytes

IMAGES = {"hires": "tissue_hires_image", "lowres": "tissue_lowres_image"}
IMAGE_ENDINGS = ("png", "jpg", "jpeg", "tif", "tiff")
SCALE_FACTORS = "scalefactors_json.json"


@dataclass(frozen=True)
class TissueImages:
    """Where the images of a section are; they are read when they are asked for."""

    files: Sample
    library: str
    metadata: dict[str, str] = field(default_factory=dict)

    def load(self) -> dict[str, Any]:
        """``{library: {"images": {"hires": ..., "lowres": ...}, "scalefactors": ..., "metadata": ...}}``.

        What is not there is left out: figures of counts need no image.

        Raises
        ------
        ValueError
            A file that is there is no image, or holds no scale factors.
        """
        images = {}
        for key, stem in IMAGES.items():
            found = self.files.find(*(f"{stem}.{ending}" for ending in IMAGE_ENDINGS))
            if found is not None:
                images[key] = _read_image(found)
        factors: dict[str, float] = {}
        if (path := self.files.find(SCALE_FACTORS)) is not None:
            factors = _read_factors(path)
        return {self.library: {"images": images, "scalefactors": factors, "metadata": self.metadata}}


def _read_image(path: Path) -> np.ndarray:
    """Bytes (height, width, colours)."""
    from PIL import Image

    try:
        with open_bytes(path) as file, Image.open(file) as image:
            return np.asarray(image)
    except (*READ_ERRORS, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"expected an image in {path}, found none ({error}); images=False reads all else"
        ) from None


def _read_factors(path: Path) -> dict[str, float]:
    try:
        with open_bytes(path) as file:
            return json.loads(file.read().decode())
    except (*READ_ERRORS, ValueError) as error:
        raise ValueError(f"expected scale factors (JSON) in {path}, found none ({error})") from None
