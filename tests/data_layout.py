"""Byte layouts of data.dat and result.dat (docs/file_format.md), packed field by field with struct.

Independent of spasne_tools.run.data_file, so that a mistake there cannot hide from the tests.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from reference import Case

MAGIC = b"SPASNEX1"


def floats(array):
    """The entries in row-major order as float64."""
    return np.ascontiguousarray(array, dtype="<f8").tobytes()


def record(tag, payload=b""):
    """One record of the extension: tag, payload size, payload."""
    return struct.pack("<8sq", tag.encode(), len(payload)) + payload


def base_fields(case):
    """The published part of data.dat as a list of (name, bytes), in file order."""
    n, n_features = case.X.shape
    n_pixels, n_space = case.pixels.shape
    return [
        ("n", struct.pack("<i", n)),
        ("D", struct.pack("<i", n_features)),
        ("theta", struct.pack("<d", case.theta)),
        ("perplexity", struct.pack("<d", case.perplexity)),
        ("no_dims", struct.pack("<i", case.no_dims)),
        ("max_iter", struct.pack("<i", case.max_iter)),
        ("X", floats(case.X)),
        ("seed", struct.pack("<i", case.seed)),
        ("n0", struct.pack("<i", n_pixels)),
        ("D0", struct.pack("<i", n_space)),
        ("pixels", floats(case.pixels)),
        ("alpha", struct.pack("<d", case.alpha)),
        ("beta", struct.pack("<d", case.beta)),
        ("exaggeration", struct.pack("<d", case.exaggeration)),
    ]


def extension_records(case):
    """The records of the fields that are not None, without the end record."""
    values = {
        "method": None if case.method is None else case.method.encode(),
        "lrate": case.learning_rate,
        "maxstep": case.max_step,
        "descent": None if case.descent is None else case.descent.encode(),
        "start": None if case.start is None else case.start.encode(),
        "init": case.init,
        "gscale": case.global_scale,
        "pxoffset": case.pixel_offset,
        "accuracy": case.accuracy,
        "stoptol": case.stop_tolerance,
        "sections": None if case.sections is None else np.asarray(case.sections, dtype="<i4").tobytes(),
        "nbrindex": None if case.graph is None else np.asarray(case.graph[0], dtype="<i4").tobytes(),
        "nbrdist": None if case.graph is None else np.asarray(case.graph[1], dtype="<f4").tobytes(),
        "runs": case.runs,
        "scales": case.scales,
    }
    return [
        (tag, record(tag, value if isinstance(value, bytes) else floats(value)))
        for tag, value in values.items()
        if value is not None
    ]


def pack_case(case):
    """The bytes of data.dat."""
    packed = b"".join(part for _, part in base_fields(case))
    records = extension_records(case)
    if records:
        packed += MAGIC + b"".join(part for _, part in records) + record("end")
    return packed


class Fields:
    """Reads bytes from their beginning on, little-endian."""

    def __init__(self, packed):
        self.packed, self.position = packed, 0

    def take(self, layout):
        """The next values, of this layout of `struct`."""
        values = struct.unpack_from("<" + layout, self.packed, self.position)
        self.position += struct.calcsize("<" + layout)
        return values


def unpack_case(packed):
    """The case held by a data.dat without extension."""
    fields = Fields(packed)
    take = fields.take

    def take_matrix(rows, columns):
        return np.array(take(f"{rows * columns}d")).reshape(rows, columns)

    n, n_features, theta, perplexity, no_dims, max_iter = take("iiddii")
    X = take_matrix(n, n_features)
    seed, n_pixels, n_space = take("iii")
    pixels = take_matrix(n_pixels, n_space)
    weights = take("ddd")
    if fields.position != len(packed):
        raise ValueError(f"expected {fields.position} bytes, found {len(packed)}")
    return Case(X, pixels, theta, perplexity, no_dims, max_iter, seed, *weights)


def checksum(packed):
    """The extension that tells a damaged result: its size and CRC-32."""
    return MAGIC + record("crc32", struct.pack("<qq", len(packed), zlib.crc32(packed))) + record("end")


def unpack_result(packed):
    """(Y, landmarks, cost) of a result.dat."""
    n, no_dims = struct.unpack_from("<ii", packed)
    layout = f"<ii{n * no_dims}d{n}i{n}d"
    size = struct.calcsize(layout)
    if packed[size:] not in (b"", checksum(packed[:size])) or len(packed) < size:
        raise ValueError(f"expected {size} bytes, found {len(packed)}")
    values = struct.unpack(layout, packed[:size])[2:]
    Y = np.array(values[: n * no_dims]).reshape(n, no_dims)
    landmarks, cost = values[n * no_dims : n * no_dims + n], values[-n:]
    return Y, np.array(landmarks), np.array(cost)
