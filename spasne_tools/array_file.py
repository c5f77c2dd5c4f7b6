"""Files .npz with a checksum of the whole: what is cut short or damaged is refused.

A zip archive may end in a comment; this one is the CRC-32 of all bytes before it, its own length included.
The checksums that an archive has of its entries leave headers out, and np.load looks at some of them only.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

LAST_RECORD = b"PK\5\6"  # how the last record of an archive begins
LAST_RECORD_BYTES = 22  # without a comment, whose length are the last two of them
COMMENT_BYTES = len(b"crc32 01234567")
READ_AT_ONCE = 1 << 20  # bytes


def save_arrays(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write `arrays` to `path`, which np.load reads as any .npz file.

    Raises
    ------
    OSError
        It cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_arrays(f"{folder}/a.npz", {"Y": np.eye(2)})
    ...     load_arrays(f"{folder}/a.npz")
    {'Y': array([[1., 0.],
           [0., 1.]])}
    """
    with open(path, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    with open(path, "r+b") as file:
        size = file.seek(-2, os.SEEK_END) + 2
        file.write(struct.pack("<H", COMMENT_BYTES))
        file.write(_checksum(file, size))


def load_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of an .npz file by name. One without a checksum, of an earlier version, is taken as it is.

    Raises
    ------
    zipfile.BadZipFile, ValueError, EOFError
        The file is cut short, damaged, or none of these.
    OSError
        There is none, or it cannot be read.
    """
    _require_whole(Path(path))
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _require_whole(path: Path) -> None:
    """BadZipFile where an archive neither ends as those without a comment nor in its checksum."""
    with path.open("rb") as file:
        if file.read(2) != LAST_RECORD[:2]:
            return  # no archive: np.load says so
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LAST_RECORD_BYTES))
        end = file.read()
        if end.startswith(LAST_RECORD) and end.endswith(b"\0\0"):
            return
        if end[-COMMENT_BYTES:] != _checksum(file, size - COMMENT_BYTES):
            raise zipfile.BadZipFile("another checksum: the file is damaged or cut short")


def _checksum(file: BinaryIO, size: int) -> bytes:
    """The comment behind the first `size` bytes of `file`, which are then read."""
    file.seek(0)
    value, left = 0, size
    while left > 0 and (part := file.read(min(left, READ_AT_ONCE))):
        value, left = zlib.crc32(part, value), left - len(part)
    return b"crc32 %08x" % value
