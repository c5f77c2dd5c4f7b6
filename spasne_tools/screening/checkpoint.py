"""Finished runs on disk: one file each, complete or absent: a killed screening goes on where it was.

A file that is damaged counts as absent: its run is made again.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spasne_tools.array_file import load_arrays, save_arrays
from spasne_tools.output_file import UNFINISHED, output_file
from spasne_tools.run.batch import Run

IDENTITY_FILE = "identity.json"
VERSION = "version of spasne"  # of those that made the runs, an entry of their identity


@dataclass(frozen=True)
class Outcome:
    """A finished run: its scores, cost and map (n, no_dims); nan and an error where it ended in one."""

    run: Run
    r1: float
    r2: float
    ss: float
    cost: float
    repeated: bool
    seconds: float
    error: str
    Y: np.ndarray

    @property
    def found(self) -> dict[str, Any]:
        """All but the run and the map."""
        return {name: value for name, value in vars(self).items() if name not in ("run", "Y")}

    def row(self) -> dict[str, Any]:
        """All but the map; of the run what runs of a screening differ in."""
        run = {name: value for name, value in asdict(self.run).items() if name != "global_scale"}
        return {**run, **self.found}


class Checkpoint:
    """A folder of finished runs, all of the same data and parameters.

    Parameters
    ----------
    folder : Path
    identity : dict
        What the runs have in common, by name, as text.

    Raises
    ------
    ValueError
        From `open`: the folder holds runs of another identity, or other files.
    """

    def __init__(self, folder: Path, identity: dict[str, str]) -> None:
        self.folder, self.identity = folder, identity

    def open(self) -> None:
        """Make the folder, or check that what it holds is of this identity."""
        self.folder.mkdir(parents=True, exist_ok=True)
        known = self._known_identity()
        if known is None:
            if others := [
                path.name for path in self.folder.iterdir() if not path.name.startswith(UNFINISHED)
            ]:
                raise ValueError(
                    f"expected checkpoint to be a new or empty folder, or one of an earlier screening; found "
                    f"{others[0]!r} in {self.folder}"
                )
            with output_file(self.folder / IDENTITY_FILE) as unfinished:
                unfinished.write_text(json.dumps(self.identity, indent=1), encoding="utf-8")
        elif known.get(VERSION) != self.identity.get(VERSION):
            raise ValueError(
                f"expected the checkpoint {self.folder} to be of spasne {self.identity.get(VERSION)}, which "
                f"may make other maps, found runs of spasne {known.get(VERSION)}; use another folder"
            )
        elif known != self.identity:
            names = sorted(
                name for name in known.keys() | self.identity.keys()
                if known.get(name) != self.identity.get(name)
            )  # fmt: skip
            raise ValueError(
                f"expected the checkpoint {self.folder} to be of this screening, found another "
                f"{' and '.join(names)}; use another folder, or delete this one"
            )

    def is_here(self) -> bool:
        """Whether this process sees the folder; one on another machine may not."""
        return self._known_identity() == self.identity

    def load(self, run: Run) -> Outcome | None:
        """The outcome of a run; None where it is not here or cannot be read."""
        try:
            stored = load_arrays(self.folder / _file_name(run))
            return Outcome(run=run, Y=stored["Y"], **json.loads(str(stored["row"])))
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return None

    def save(self, outcome: Outcome) -> None:
        """Keep an outcome."""
        with output_file(self.folder / _file_name(outcome.run)) as unfinished:
            save_arrays(unfinished, {"Y": outcome.Y, "row": np.array(json.dumps(outcome.found))})

    def _known_identity(self) -> dict[str, str] | None:
        try:
            return json.loads((self.folder / IDENTITY_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ValueError(
                f"expected what {self.folder / IDENTITY_FILE} was written with, found {error}: the file is "
                "damaged; use another folder, or delete this one"
            ) from error


def _file_name(run: Run) -> str:
    return f"alpha{run.alpha!r}_beta{run.beta!r}_seed{run.randseed}.npz"
