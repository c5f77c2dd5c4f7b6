"""Maps kept in one .npz file, without pickle: the map, its parameters and where it came from.

The entries of the file are described in docs/file_format.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse

from spasne_tools.array_file import load_arrays, save_arrays
from spasne_tools.output_file import output_file
from spasne_tools.run.embedding import Embedding
from spasne_tools.run.parameters import Parameters
from spasne_tools.validation import Matrix, MatrixLike, as_matrix
from spasne_tools.version import __version__

FORMAT = 1
HEADER = "spasne"  # the entry that holds all but arrays, as JSON
ROWS = ("cost_per_point", "labels", "index", "pixels")  # optional entries with a row for each point
HASHED_AT_ONCE = 1 << 20  # numbers
ARRAY, CSR = "__array__", "__csr__"  # keys that stand for arrays in the JSON


@dataclass(frozen=True)
class SavedMap:
    """What a file written by `save_map` holds.

    Attributes
    ----------
    Y : ndarray (n, no_dims)
        The map.
    params : dict
        Parameters, by their names in `spasne.run_spasne`.
    provenance : dict
        ``version`` of spasne, ``saved`` (time, UTC) and, where they were known, what the executable reported
        (method chosen, seed, threads, isa, iterations, cost, seconds ...: docs/file_format.md, --report) and
        ``data_sha256`` (see `data_checksum`).
    cost_per_point, labels, index : ndarray (n,), or None
        Shares of the cost, classes and names of the rows.
    pixels : ndarray (n, any), or None
    extra : dict
        What SpaSNE.save adds.
    """

    Y: np.ndarray
    params: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    cost_per_point: np.ndarray | None = None
    labels: np.ndarray | None = None
    index: np.ndarray | None = None
    pixels: np.ndarray | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def save_map(
    path: str | os.PathLike[str],
    embedding: Embedding | MatrixLike,
    params: Parameters | Mapping[str, Any] | None = None,
    *,
    data: MatrixLike | None = None,
    pixels: MatrixLike | None = None,
    labels: Any = None,
    index: Any = None,
) -> None:
    """Write a map to `path`, one .npz file without pickle, complete or not at all.

    Parameters
    ----------
    path : path
        Usually ends in .npz; a file that is there is replaced.
    embedding : array-like (n, no_dims), or Embedding
        The map, from `run_spasne`, or what ``spasne_tools.run.embedding.embed`` returns, whose report (method
        chosen, seed, timings ...) is then kept as provenance.
    params : dict, optional
        Parameters it was made with: numbers, text, arrays, and lists and dicts of them.
    data : array-like (n, genes), optional
        The data it was made of. Not saved; their checksum is.
    pixels : array-like (n, any), optional
    labels, index : array-like (n,), optional
        Classes and names of the rows: text or numbers, none missing.

    Raises
    ------
    ValueError
        Something cannot be saved or has other than n rows.
    OSError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from spasne import load_map, save_map
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_map(f"{folder}/map.npz", np.eye(2), {"alpha": 9}, labels=["tumour", "stroma"])
    ...     saved = load_map(f"{folder}/map.npz")
    >>> saved.params, saved.labels.tolist()
    ({'alpha': 9}, ['tumour', 'stroma'])
    """
    made = isinstance(embedding, Embedding)
    provenance = dict(embedding.report) if made else {}
    if data is not None:
        provenance["data_sha256"] = data_checksum(data)
    write_saved_map(
        Path(path),
        SavedMap(
            Y=as_matrix(embedding.Y if made else embedding, "the map", allow_sparse=False),
            params=dict(vars(params) if isinstance(params, Parameters) else params or {}),
            provenance=provenance,
            cost_per_point=embedding.cost_per_point if made else None,
            labels=None if labels is None else plain_array(labels, "labels"),
            index=None if index is None else plain_array(index, "index"),
            pixels=None if pixels is None else as_matrix(pixels, "pixels", allow_sparse=False),
        ),
    )


def write_saved_map(path: Path, saved: SavedMap) -> None:
    """Write `saved`, after noting version and time in its provenance; errors as in `save_map`."""
    arrays: dict[str, np.ndarray] = {"Y": saved.Y}
    for name in ROWS:
        rows = getattr(saved, name)
        if rows is None:
            continue
        if len(rows) != len(saved.Y):
            raise ValueError(f"expected {len(saved.Y)} rows in {name}, as in the map, found {len(rows)}")
        arrays[name] = rows
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    header = {
        "format": FORMAT,
        "params": _packed(saved.params, "params", arrays),
        "provenance": {"version": __version__, **saved.provenance, "saved": now},
        "extra": _packed(saved.extra, "extra", arrays),
    }
    arrays[HEADER] = np.array(json.dumps(header))
    with output_file(path) as unfinished:
        save_arrays(unfinished, arrays)


def load_map(path: str | os.PathLike[str]) -> SavedMap:
    """Read a file that `save_map` or ``SpaSNE.save`` wrote. Nothing in it can run code.

    Parameters
    ----------
    path : path

    Returns
    -------
    SavedMap

    Raises
    ------
    ValueError
        The file is no such file, or of a later version of spasne.
    OSError
        There is none, or it cannot be read.

    Examples
    --------
    See `save_map`.
    """
    try:
        arrays = load_arrays(path)
        header = json.loads(str(arrays.pop(HEADER)))
        version = header["format"]
        if version > FORMAT:
            raise ValueError(f"format {version}, of a later version of spasne; format {FORMAT} can be read")
        params, extra = (_unpacked(header[name], arrays) for name in ("params", "extra"))
        rows = {name: arrays.get(name) for name in ROWS}
        saved = SavedMap(arrays["Y"], params, header["provenance"], **rows, extra=extra)
        if saved.Y.ndim != 2 or any(len(part) != len(saved.Y) for part in rows.values() if part is not None):
            raise ValueError("a map and rows that do not fit together")
        return saved
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        reason = f"no entry {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"expected a map written by spasne.save_map in {path}, found {reason}") from error


def data_checksum(data: MatrixLike) -> str:
    """SHA-256 of the shape and the numbers of `data` as float64, row by row; of sparse data as sorted CSR.

    The same numbers as another type, or as a DataFrame, have the same checksum; dense and sparse differ.

    Examples
    --------
    >>> data_checksum([[1, 2]]) == data_checksum(np.array([[1.0, 2.0]]))
    True
    """
    matrix = as_matrix(data, "data", keep_single=True)
    digest = hashlib.sha256(np.array(matrix.shape, "<i8").tobytes())
    if not scipy.sparse.issparse(matrix):
        _hash_blocks(digest, matrix, "<f8")
        return digest.hexdigest()
    matrix = matrix if matrix.has_sorted_indices else matrix.sorted_indices()
    for part, dtype in ((matrix.indptr, "<i8"), (matrix.indices, "<i8"), (matrix.data, "<f8")):
        _hash_blocks(digest, part, dtype)
    return digest.hexdigest()


def _hash_blocks(digest: Any, array: np.ndarray, dtype: str) -> None:
    step = max(1, HASHED_AT_ONCE // max(1, array[:1].size))
    for start in range(0, len(array), step):
        digest.update(np.ascontiguousarray(array[start : start + step], dtype=dtype).tobytes())


def plain_array(values: Any, name: str) -> np.ndarray:
    """`values` as an array of numbers or text, which pandas objects of them become too."""
    array = np.asarray(values)
    if array.dtype.kind not in "biufU":
        entries = array.ravel().tolist()
        if not all(isinstance(entry, str) for entry in entries):
            kinds = sorted({type(entry).__name__ for entry in entries if not isinstance(entry, str)})
            raise ValueError(
                f"expected text or numbers in {name}, none missing, found entries of type "
                f"{', '.join(kinds)}; use .astype(str)"
            )
        array = array.astype(str)
    if array.ndim != 1:
        raise ValueError(f"expected {name} with one entry for each row, found shape {array.shape}")
    return array


def _packed(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """`value` as JSON can hold it, its arrays put into `arrays` and named in their place."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _packed(part, f"{name}.{key}", arrays) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_packed(part, f"{name}.{k}", arrays) for k, part in enumerate(value)]
    if scipy.sparse.issparse(value):
        matrix: Matrix = value.tocsr()
        parts = [matrix.data, matrix.indices, matrix.indptr]
        return {CSR: _packed(parts, name, arrays), "shape": list(matrix.shape)}
    if (
        isinstance(value, (np.ndarray, pd.DataFrame, pd.Series))
        and (array := np.asarray(value)).dtype.kind in "biufU"
    ):
        arrays[name] = array
        return {ARRAY: name}
    raise ValueError(f"expected numbers, text or arrays to save, found {name} of type {type(value).__name__}")


def _unpacked(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_unpacked(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    if ARRAY in value:
        return arrays[value[ARRAY]]
    if CSR in value:
        return scipy.sparse.csr_matrix(tuple(_unpacked(value[CSR], arrays)), shape=value["shape"])
    return {key: _unpacked(part, arrays) for key, part in value.items()}
