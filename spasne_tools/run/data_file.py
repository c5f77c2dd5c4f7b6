"""The two binary files exchanged with the executable; byte layouts in docs/file_format.md."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import scipy.sparse

from spasne_tools.run.neighbours import Graph
from spasne_tools.run.parameters import Settings
from spasne_tools.validation import Matrix

Value: TypeAlias = str | float | np.ndarray  # of a record

EXTENSION_MAGIC = b"SPASNEX1"
TAG_BYTES = 8
NUMBER = np.dtype("<f8")  # of all arrays and numbers but these
RECORD_TYPES = {"nbrindex": np.dtype("<i4"), "nbrdist": np.dtype("<f4"), "sections": np.dtype("<i4")}
CHECKSUM = struct.Struct("<8s 8sqQQ 8sq")  # magic; tag, size, size and checksum of the file so far; tag, size
WRITTEN_AT_ONCE = 1 << 20  # numbers


@dataclass(frozen=True, kw_only=True)
class Problem(Settings):
    """Everything that data.dat holds, which C++ calls a Task; what is None is left to the executable.

    ``X`` is (n, D), dense or CSR, of any type of numbers; ``pixels`` is (n, D0); ``space_offset`` is the
    constant c of Ps = (c + d^2) / sum. ``start`` is (n, no_dims), or the name of one that the executable
    makes; ``sections`` (n,) codes; ``runs`` (any, 3) holds alpha, beta and seed of each, ``scales`` their
    global scales where these differ. ``search`` says how neighbours are found where there is no ``graph``.
    ``stop_tolerance`` is how closely the map rests when the run stops.
    """

    X: Matrix
    pixels: np.ndarray
    space_offset: float = 1.0
    start: np.ndarray | str | None = None
    sections: np.ndarray | None = None
    search: str | None = None
    graph: Graph | None = None
    runs: np.ndarray | None = None
    scales: np.ndarray | None = None
    stop_tolerance: float | None = None


@dataclass(frozen=True)
class Result:
    """What result.dat holds, rows in the order of the data: ``Y`` (n, no_dims) and ``cost`` (n,)."""

    Y: np.ndarray
    cost: np.ndarray


def write_data_file(path: Path, problem: Problem) -> None:
    """Write `problem` to `path` (data.dat), with an extension only where it asks for one.

    Raises
    ------
    OSError
        It cannot be written whole, on a full disk for instance; it names `path`, where no file is left.
    """
    file = open(path, "wb")  # an error of this names the path by itself
    try:
        with file:
            _write_fields(file, problem)
    except OSError as error:
        path.unlink(missing_ok=True)
        error.filename = str(path)
        raise


def _write_fields(file: BinaryIO, problem: Problem) -> None:
    n_points, n_features = problem.X.shape
    file.write(struct.pack("<ii", n_points, n_features))
    file.write(struct.pack("<dd", problem.theta, problem.perplexity))
    file.write(struct.pack("<ii", problem.no_dims, problem.max_iter))
    _write_array(file, problem.X)
    file.write(struct.pack("<i", problem.randseed))
    file.write(struct.pack("<ii", *problem.pixels.shape))
    _write_array(file, problem.pixels)
    file.write(struct.pack("<ddd", problem.alpha, problem.beta, problem.exaggeration))
    records = {tag: value for tag, value in _records(problem).items() if value is not None}
    if records:
        _write_extension(file, records)


def _records(problem: Problem) -> dict[str, Value | None]:
    """The value of each tag of docs/file_format.md; None where the executable's own default holds."""
    graph, sections = problem.graph, problem.sections
    return {
        "method": None if problem.method == "auto" else problem.method,
        "lrate": 0.0 if problem.learning_rate == "auto" else problem.learning_rate,
        "maxstep": problem.max_step,
        "descent": problem.descent,
        "start": problem.start if isinstance(problem.start, str) else None,
        "init": None if isinstance(problem.start, str) else problem.start,
        "gscale": None if problem.global_scale == 1 else problem.global_scale,
        "pxoffset": None if problem.space_offset == 1 else problem.space_offset,
        "accuracy": problem.accuracy,
        "stoptol": problem.stop_tolerance,
        "sections": None if sections is None else sections[:, None],
        "nbrfind": None if problem.search == "auto" else problem.search,
        "nbrindex": None if graph is None else graph.index,
        "nbrdist": None if graph is None else graph.distance,
        "runs": problem.runs,
        "scales": None if problem.scales is None else problem.scales[:, None],
    }


def _write_array(file: BinaryIO, array: Matrix, dtype: np.dtype = NUMBER) -> None:
    """Row by row as `dtype`, converted in blocks of rows, so that no copy of that size is made."""
    rows = max(1, WRITTEN_AT_ONCE // max(1, array.shape[1]))
    for start in range(0, array.shape[0], rows):
        block = array[start : start + rows]
        dense = block.toarray() if scipy.sparse.issparse(block) else block
        file.write(np.ascontiguousarray(dense, dtype=dtype).data)


def _write_extension(file: BinaryIO, records: dict[str, Value]) -> None:
    file.write(EXTENSION_MAGIC)
    for tag, value in records.items():
        if isinstance(value, np.ndarray):
            dtype = RECORD_TYPES.get(tag, NUMBER)
            _write_header(file, tag, value.size * dtype.itemsize)
            _write_array(file, value, dtype)
        else:
            payload = value.encode("ascii") if isinstance(value, str) else struct.pack("<d", value)
            _write_header(file, tag, len(payload))
            file.write(payload)
    _write_header(file, "end", 0)


def _write_header(file: BinaryIO, tag: str, payload_size: int) -> None:
    file.write(tag.encode("ascii").ljust(TAG_BYTES, b"\0"))
    file.write(struct.pack("<q", payload_size))


def _checksum(content: bytes) -> bytes:
    """The extension behind a result: size and CRC-32 of what is before it."""
    record = (b"crc32", 16, len(content), zlib.crc32(content))
    return CHECKSUM.pack(EXTENSION_MAGIC, *record, b"end", 0)


def read_result_file(path: Path) -> Result:
    """Read `path` (result.dat), rows put in landmark order.

    Raises
    ------
    RuntimeError
        The file is missing, incomplete, damaged or not a result file. Files without a checksum, which earlier
        versions wrote, are taken as they are.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise RuntimeError(f"expected a result file at {path}, found none") from None
    if len(content) < 8:
        raise RuntimeError(f"expected at least 8 bytes in {path}, found {len(content)}")
    n_points, no_dims = struct.unpack_from("<ii", content)
    expected = 8 + n_points * (8 * no_dims + 4 + 8)
    if n_points < 0 or no_dims < 0 or len(content) not in (expected, expected + CHECKSUM.size):
        raise RuntimeError(
            f"expected {expected} bytes in {path} ({n_points} points, {no_dims} dimensions), and "
            f"{CHECKSUM.size} of a checksum or none, found {len(content)}"
        )
    if len(content) > expected and content[expected:] != _checksum(content[:expected]):
        raise RuntimeError(f"expected {path} as it was written, found another checksum: the file is damaged")
    Y = np.frombuffer(content, "<f8", n_points * no_dims, 8).reshape(n_points, no_dims)
    landmarks = np.frombuffer(content, "<i4", n_points, 8 + Y.nbytes)
    cost = np.frombuffer(content, "<f8", n_points, 8 + Y.nbytes + landmarks.nbytes)
    order = np.argsort(landmarks, kind="stable")
    if not np.array_equal(landmarks[order], np.arange(n_points)):
        raise RuntimeError(f"expected each landmark 0..{n_points - 1} once in {path}, found others")
    return Result(Y[order].astype(np.float64), cost[order].astype(np.float64))
