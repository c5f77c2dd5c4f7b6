"""Write the small data files that fuzzing starts from: `python tests/fuzz/make_corpus.py [FOLDER]`.

One for each method, number of dimensions and record of the extension, the same bytes on every run.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from data_layout import MAGIC, floats, pack_case, record  # noqa: E402
from random_cases import random_case  # noqa: E402


def small_case(n_points: int = 13, **options):
    case = random_case(1, n_points, n_features=3, perplexity=3.0, max_iter=2)
    return replace(case, seed=16, **options)


def neighbour_records(n_points: int = 13, k: int = 4) -> bytes:
    """A ring: each point's neighbours are the k after it."""
    index = (np.arange(n_points)[:, None] + np.arange(1, k + 1)) % n_points
    distance = np.broadcast_to(np.arange(1, k + 1, dtype="<f4"), (n_points, k))
    return record("nbrindex", index.astype("<i4").tobytes()) + record("nbrdist", distance.tobytes())


def seeds() -> dict[str, bytes]:
    """The content of each file by its name."""
    plain = pack_case(small_case())
    files = {"plain": plain, "tsne": pack_case(small_case(alpha=0.0, beta=0.0, theta=0.0))}
    for method in ("exact", "barnes_hut", "interpolation"):
        for no_dims in (1, 2, 3):
            files[f"{method}_{no_dims}"] = pack_case(small_case(method=method, no_dims=no_dims))
    files["options"] = pack_case(
        small_case(
            learning_rate=100.0,
            max_step=0.5,
            init=np.linspace(-1, 1, 26).reshape(13, 2),
            global_scale=0.5,
            pixel_offset=0.0,
            stop_tolerance=1e-3,
        )
    )
    far = np.linspace(-1, 1, 13)[:, None]
    far[4] = 1e6
    files["start_interpolation"] = pack_case(
        small_case(method="interpolation", no_dims=1, init=far, global_scale=10.0)
    )
    files["accuracy"] = plain + MAGIC + record("accuracy", floats([1e-2])) + record("end")
    files["sections"] = pack_case(small_case(sections=np.arange(13) % 3))
    files["sections_interpolation"] = pack_case(
        small_case(sections=np.arange(13) % 3, method="interpolation", no_dims=1)
    )
    runs = floats([[8.0, 2.0, 1.0], [0.0, 0.0, -1.0]])
    files["runs"] = plain + MAGIC + record("runs", runs) + record("end")
    files["neighbours"] = (
        plain + MAGIC + record("method", b"interpolation") + neighbour_records() + record("end")
    )
    files["least"] = pack_case(small_case(n_points=2, perplexity=1 / 3, theta=0.0))
    files["one_column"] = pack_case(random_case(2, 7, n_features=1, n_space=1, perplexity=2.0, max_iter=1))
    return files


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in seeds().items():
        (folder / f"{name}.dat").write_bytes(content)


if __name__ == "__main__":
    main()
