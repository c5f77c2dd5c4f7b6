"""Keep the files of a release: what it writes, and the part of its Python side that hands data over.

    PYTHONPATH=RELEASE SPASNE_BIN=RELEASE/spasne python tests/versions/record.py

RELEASE is a source folder of the release in which `make` was run. Run once for each release, just before it
is made; what was kept is never made again (README.md).
"""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import numpy as np

import spasne
from spasne_tools.version import __version__

HERE = Path(__file__).resolve().parent
# Runs the executable and keeps the two files that it was given.
CAPTURE = """#!/bin/sh
"{executable}" "$@" || exit
while [ $# -gt 1 ]; do
  case "$1" in --data) cp "$2" "{folder}/data.dat" ;; --result) cp "$2" "{folder}/result.dat" ;; esac
  shift
done
"""
N_POINTS = 40
SHARED = {"perplexity": 5, "randseed": 1, "use_pca": False, "n_jobs": 1}
FEW = {"max_iter": 20}


def expression_and_pixels():
    rng = np.random.default_rng(1)
    return rng.normal(size=(N_POINTS, 5)), rng.uniform(0, 1000, size=(N_POINTS, 2))


def runs():
    """Parameters of each run by the name of its folder: between them every record of data.dat."""
    start = np.random.default_rng(2).normal(size=(N_POINTS, 2))
    near = np.argsort(np.abs(np.subtract.outer(np.arange(N_POINTS), np.arange(N_POINTS))), axis=1)[:, 1:16]
    graph = near, np.sqrt(1.0 + np.arange(15)) * np.ones((N_POINTS, 1))
    steady = {"init": start, "learning_rate": 10.0, "max_step": 0.5, "global_scale": 0.5, **FEW}
    sections = np.arange(N_POINTS) % 2
    return {
        "exact": {"theta": 0, **FEW},
        "barnes_hut": {"theta": 0.5, "no_dims": 3, **FEW},
        "sections": {"method": "exact", "pixel_scale": "unit", "sections": sections, **steady},
        "graph": {"neighbors": graph, "accuracy": 1e-6, **steady},
        "interpolation": {"method": "interpolation", "max_iter": 300},
    }


def record_run(folder: Path, parameters: dict) -> None:
    folder.mkdir()
    executable = Path(os.environ["SPASNE_BIN"]).resolve()
    script = folder / "capture"
    script.write_text(CAPTURE.format(executable=executable, folder=folder))
    script.chmod(0o755)
    os.environ["SPASNE_BIN"] = str(script)
    try:
        spasne.run_spasne(*expression_and_pixels(), **SHARED, **parameters)
    finally:
        script.unlink()
        os.environ["SPASNE_BIN"] = str(executable)


def record_hand_over(path: Path) -> None:
    """The modules that `run_spasne` has loaded by now."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        root = Path(spasne.__file__).parent
        for name, module in sorted(sys.modules.items()):
            if name.split(".")[0] in ("spasne", "spasne_tools"):
                source = Path(module.__file__)
                entry = zipfile.ZipInfo(source.relative_to(root).as_posix())
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, source.read_bytes())


def main() -> None:
    folder = HERE / __version__
    folder.mkdir()
    for name, parameters in runs().items():
        record_run(folder / name, parameters)
    record_hand_over(folder / "python.zip")
    X, pixels = expression_and_pixels()
    labels = ["tumour", "stroma"] * (N_POINTS // 2)
    map_parameters = {"alpha": 8.0, "perplexity": 5}
    Y = spasne.run_spasne(X, pixels, **SHARED, **FEW)
    spasne.save_map(folder / "map.npz", Y, map_parameters, data=X, pixels=pixels, labels=labels)
    spasne.SpaSNE(perplexity=5, max_iter=20, random_state=1, n_jobs=1).fit(X, pixels=pixels).save(
        folder / "estimator.npz"
    )
    from spasne_tools.screening import Schedule  # not one of the modules kept above

    grid = Schedule(rough_alphas=(2, 8), rough_betas=(1,), tsne_runs=1, rough_repeats=1)
    shared = {**SHARED, **FEW}
    spasne.screen_parameters(
        X, pixels, stage="rough", schedule=grid, checkpoint=folder / "checkpoint", **shared
    )


if __name__ == "__main__":
    main()
