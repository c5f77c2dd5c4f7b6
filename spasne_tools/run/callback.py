"""A callback's view of a run: maps on the way, read as the executable writes them, and the wish to stop."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from spasne_tools.run.data_file import read_result_file
from spasne_tools.run.parameters import Callback

SNAPSHOT_LINE = re.compile(r"snapshot (\d+) (\S+)")
GO_ON, STOP = "c", "s"  # what the executable waits for after each snapshot (docs/file_format.md)


class SnapshotReader:
    """Takes the executable's lines: snapshots go to the callback, all others to `other` (None: nowhere)."""

    def __init__(self, path: Path, callback: Callback, other: Callable[[str], object] | None = None) -> None:
        self.path = path
        self.callback = callback
        self.other = other

    def __call__(self, line: str) -> str | None:
        """Return the answer to be sent to the executable, None where it expects none."""
        found = SNAPSHOT_LINE.fullmatch(line)
        if found is None:
            if self.other is not None:
                self.other(line)
            return None
        wish = self.callback(int(found[1]), float(found[2]), read_result_file(self.path).Y)
        return STOP if isinstance(wish, (bool, np.bool_)) and wish else GO_ON
