"""Text on disk as UTF-8 bytes, however compressed and encoded; what is no text is refused with a remedy."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

STANDARD_STREAM = "-"
GZIP_MAGIC = b"\x1f\x8b"
_OPENERS: dict[bytes, Callable[[Any], Any]] = {
    GZIP_MAGIC: gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_ZIP_MAGIC = b"PK\x03\x04"
_UTF8_MARK, _UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
FALLBACK_ENCODING = "cp1252"  # of older Windows programs; it has letters for almost all bytes
# How files that are no text begin, and what to do about them.
_NO_TEXT = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file; -i reads .h5ad and what vendors write, -x and the like take tables",
    b"PAR1": "a Parquet file; write it as a table, pandas.read_parquet(file).to_csv('table.csv')",
    b"\x28\xb5\x2f\xfd": "a file of zstd; decompress it, zstd -d",
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save its sheet as CSV",
    b"RDX": "an R file; write it as a table, write.csv(object, 'table.csv')",
    b"X\n\x00\x00": "an R file; write it as a table, write.csv(object, 'table.csv')",
    b"%%MatrixMarket": "a Matrix Market file; pass it as -i, named .mtx, with barcodes.tsv and features.tsv "
    "beside it",
    b"\x93NUMPY": "an array of NumPy's; name it .npy",
}
# What goes wrong while a file is opened or decompressed.
READ_ERRORS = (OSError, EOFError, UnicodeError, lzma.LZMAError, zlib.error, zipfile.BadZipFile)


def open_bytes(file: str | Path) -> BinaryIO:
    """The content of `file` ("-": standard input), decompressed: gzip, bz2, xz or a zip with one file in it.

    The kind is told from the content. The stream can be rewound.

    Raises
    ------
    ValueError
        A zip holds no file, several, or a workbook.
    OSError
        The file cannot be opened.
    """
    if file == STANDARD_STREAM:
        return _decompressed(io.BytesIO(sys.stdin.buffer.read()), "standard input")
    stream = open(file, "rb")  # noqa: SIM115 -- the caller's to close
    try:
        return _decompressed(stream, str(file))
    except BaseException:
        stream.close()
        raise


def _decompressed(stream: BinaryIO, shown: str) -> BinaryIO:
    beginning = stream.read(8)
    stream.seek(0)
    if beginning.startswith(_ZIP_MAGIC):
        return _only_member(stream, shown)
    opener = next((opener for magic, opener in _OPENERS.items() if beginning.startswith(magic)), None)
    if opener is None:
        return stream
    if isinstance(stream, io.BytesIO):
        return opener(stream)
    with stream:  # what is opened by name closes its file, too
        return opener(stream.name)


def _only_member(stream: BinaryIO, shown: str) -> BinaryIO:
    with zipfile.ZipFile(stream) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
        if "[Content_Types].xml" in names:
            raise ValueError(
                f"expected a table in {shown}, found an Excel workbook; save its sheet as CSV, or "
                "pandas.read_excel(file).to_csv('table.csv', index=False)"
            )
        if len(names) != 1:
            found = ", ".join(names[:5]) or "none"
            raise ValueError(f"expected one file in the zip {shown}, found {found}; unzip it and name one")
        return io.BytesIO(archive.read(names[0]))


def open_text(file: str | Path, fallback: bool = False) -> BinaryIO:
    """As `open_bytes`, in UTF-8 and without a mark of its encoding; the stream is at its beginning.

    UTF-16 is told by its mark. With `fallback` what is not UTF-8 is taken for Windows' cp1252.

    Raises
    ------
    ValueError
        The content is that of another kind of file; the message says what to do.
    """
    stream = open_bytes(file)
    beginning = stream.read(16)
    stream.seek(0)
    if beginning.startswith(_UTF16_MARKS):
        return _recoded(stream, "utf-16")
    if fallback:
        return _recoded(stream, FALLBACK_ENCODING)
    for magic, found in _NO_TEXT.items():
        if beginning.startswith(magic):
            stream.close()
            raise ValueError(f"expected a table in {shown_name(file)}, found {found}")
    if beginning.startswith(_UTF8_MARK):
        return _recoded(stream, "utf-8-sig")
    return stream


def _recoded(stream: BinaryIO, encoding: str) -> BinaryIO:
    with stream:
        return io.BytesIO(stream.read().decode(encoding).encode())


def shown_name(file: str | Path) -> str:
    """`file` as messages name it."""
    return "standard input" if file == STANDARD_STREAM else str(file)
