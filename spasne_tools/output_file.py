"""Files that appear complete or not at all, and then outlive the machine's sudden end."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CANNOT_BE_SYNCHRONISED = (errno.EINVAL, errno.ENOTSUP, errno.EROFS)
UNFINISHED = "unfinished-"  # how the names of folders begin that hold a file until it is complete


@contextmanager
def output_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Another path to write to, whose file takes the place of `path` once the block ends without an error.

    The path leads into a new folder beside `path`, so that writers at once never meet and what else a writer
    makes or leaves behind goes with it. The name is the same, because writers choose a format by it and some
    store it. Permissions are those of a file opened as usual: of the file that is replaced, else of the
    umask. A link stays and its target is replaced; what is no file (/dev/null, a pipe) is written to itself.

    Raises
    ------
    OSError
        The file cannot be written; FileNotFoundError if its folder is missing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "numbers.txt")
    ...     with output_file(path) as unfinished:
    ...         _ = unfinished.write_text("1 2 3")
    ...         print(path.exists())
    ...     print(path.read_text())
    False
    1 2 3
    """
    if os.path.exists(path) and not os.path.isfile(path):
        yield Path(path)
        return
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"expected a folder to write {path} into, found none at {target.parent}")
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=target.parent) as folder:
        unfinished = Path(folder, Path(path).name)  # a link's own, for its target may be called anything
        yield unfinished
        if target.exists():
            shutil.copymode(target, unfinished)
        _synchronise(unfinished)
        os.replace(unfinished, target)
        _synchronise(target.parent)


def _synchronise(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder, as far as it can; some file systems cannot."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # a folder where the system opens none, or that may not be listed
        if path.is_dir():
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_BE_SYNCHRONISED:
            raise OSError(error.errno, os.strerror(error.errno or 0), str(path)) from None
    finally:
        os.close(descriptor)
