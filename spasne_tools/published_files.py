"""Files of the published repository: found locally or downloaded, and verified by their content."""

from __future__ import annotations

import hashlib
import os
import urllib.request
from pathlib import Path

from spasne_tools.output_file import output_file

DATA_VARIABLE, CACHE_VARIABLE = "SPASNE_DATA", "SPASNE_CACHE"
REPOSITORY = "https://github.com/Lin-Xu-lab/SpaSNE/raw/"
TUTORIALS, PREPROCESSING = "adef46e/Tutorials/data/", "adef46e/Preprocessing_Tutorial/"
ANNOTATION = "08ecf89c0a3acd994f0bd4136e180aa2b7a9fed1/Data_Annotation_Info/"
# Where a file is, unless in TUTORIALS.
FOLDERS = {
    "TableS3_ProstateCancerMeta.csv": ANNOTATION,
    "TableS5_mouseHypothalamusMeta.csv": ANNOTATION,
    "data.tar.gz": PREPROCESSING,
}
DOWNLOAD_TIMEOUT = 60  # seconds without an answer
LARGEST_DOWNLOAD = 1 << 28  # bytes, several times the largest file

# Git blob ids of the published files: SHA-1 of "blob <size>\0" and the content.
BLOB_IDS = {
    "human_BreastCancer1272_data_pc200.csv": "7b077cb9163123fbfb1a57d7b2bae88aa223aa99",
    "human_BreastCancer1272_meta.csv": "f9e2a79ff9830319e1e0a380e3edb757fd2e53cb",
    "mouse_VisualCortex1207_data_pc200.csv": "7cf1bc3dcd5feff4be0bf8c6144d46a2981ac3fb",
    "mouse_VisualCortex1207_meta.csv": "51a0bf9dce6c8875f0460a0d3ab87bee5ebcbe75",
    "TableS3_ProstateCancerMeta.csv": "ee24be45ee903c5e87a99529e75678e8726c43d1",
    "TableS5_mouseHypothalamusMeta.csv": "7af655507c37cda9805966dd92f17e01bd318c40",
    "data.tar.gz": "604259482b138bc2191e8a1c334ff6072efe3d01",
}


def named_folder() -> Path | None:
    """The folder that the environment names; None where it names none."""
    value = os.environ.get(DATA_VARIABLE)
    return Path(value).expanduser() if value else None


def cache_folder() -> Path:
    """Where downloads are kept: SPASNE_CACHE, XDG_CACHE_HOME/spasne or ~/.cache/spasne."""
    if value := os.environ.get(CACHE_VARIABLE):
        return Path(value).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "spasne"


def find_published(file_name: str) -> Path:
    """Path of a published file, downloaded where it is not at hand.

    Raises
    ------
    ValueError
        The folder SPASNE_DATA holds another file of this name.
    FileNotFoundError
        It is nowhere and cannot be downloaded; the message says where to put it.
    """
    folder = named_folder()
    if folder is not None and (folder / file_name).is_file():
        check_published(folder / file_name)
        return folder / file_name
    path = cache_folder() / file_name
    if not path.is_file() or blob_id(path.read_bytes()) != BLOB_IDS[file_name]:
        _download(file_name, path)
    return path


def check_published(path: Path) -> None:
    """ValueError if the file at `path` has not the content of the published one of that name."""
    if (found := blob_id(path.read_bytes())) != BLOB_IDS[path.name]:
        raise ValueError(
            f"expected the published {path.name} (git blob {BLOB_IDS[path.name]}), found another file "
            f"({found}) at {path}"
        )


def blob_id(content: bytes) -> str:
    """What git calls a file of this content."""
    header = b"blob %d\0" % len(content)
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def _download(file_name: str, path: Path) -> None:
    """Write a verified copy of a published file."""
    url = REPOSITORY + FOLDERS.get(file_name, TUTORIALS) + file_name
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT) as answer:
            content = answer.read(LARGEST_DOWNLOAD)
    except OSError as error:
        problem = f"{url} cannot be reached ({error})"
        raise FileNotFoundError(_how_to_provide(file_name, path, problem)) from error
    if (found := blob_id(content)) != BLOB_IDS[file_name]:
        problem = f"{url} gave another content (expected git blob {BLOB_IDS[file_name]}, found {found})"
        raise FileNotFoundError(_how_to_provide(file_name, path, problem))
    path.parent.mkdir(parents=True, exist_ok=True)
    with output_file(path) as unfinished:
        unfinished.write_bytes(content)


def _how_to_provide(file_name: str, path: Path, problem: str) -> str:
    return (
        f"{file_name} is not at hand and {problem}. Put the file into {path.parent}, or set the environment "
        f"variable {DATA_VARIABLE} to the folder that holds it."
    )
