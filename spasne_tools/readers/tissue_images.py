"""Images of the tissue that lie beside a Visium section, by scanpy's convention for ``uns["spatial"]``."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spasne_tools.readers.sample_files import Sample
from spasne_tools.readers.text_file import open_bytes

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

    with open_bytes(path) as file, Image.open(file) as image:
        return np.asarray(image)


def _read_factors(path: Path) -> dict[str, float]:
    try:
        with open_bytes(path) as file:
            return json.loads(file.read().decode())
    except (OSError, gzip.BadGzipFile, ValueError) as error:
        raise ValueError(f"expected scale factors (JSON) in {path}, found none ({error})") from None
