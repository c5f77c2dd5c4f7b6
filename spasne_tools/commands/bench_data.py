"""``spasne-map bench-data N -o FOLDER``: a simulated section of any size, as files to make a map of."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from spasne_tools.output_file import output_file

SUMMARY = "simulate a tissue section of any size, as files to try the other commands on"
EXAMPLES = """\
example:
  spasne-map bench-data 20000 -o section
  spasne-map embed -i section/components.npy -x section/pixels.npy -l section/labels.csv -o map.csv -v
"""
COMPONENTS_FILE, PIXELS_FILE, LABELS_FILE = "components.npy", "pixels.npy", "labels.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("n_spots", metavar="N", type=int, help="number of spots, at least 10")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        help=f"folder for {COMPONENTS_FILE}, {PIXELS_FILE} and {LABELS_FILE}; made where it is missing",
    )
    parser.add_argument("--components", type=int, default=50, help="principal components of the expression")
    parser.add_argument("--genes", type=int, default=500, help="genes that they come from, at least 50")
    parser.add_argument("--seed", type=int, default=0, help="seed of the simulation")


def run(options: argparse.Namespace) -> None:
    write_bench_data(options.output, options.n_spots, options.components, options.genes, options.seed)
    print(f"{options.output}: {options.n_spots} spots, {options.components} components")


def write_bench_data(
    folder: str | Path, n_spots: int, n_components: int = 50, n_genes: int = 500, seed: int = 0
) -> None:
    """Write a simulated section to `folder`: components (float32), positions and layers.

    Components are written block by block as they are made, so memory holds positions and layers only. Each
    file appears complete or not at all.

    Raises
    ------
    ValueError
        `folder` cannot be written to, or a size is out of range (``simulate_components``).
    """
    from spasne_tools.simulation import check_sizes, simulate_components

    check_sizes(n_spots, n_genes, n_components)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"expected a folder that can be written to, found {folder} ({error})") from error

    with output_file(folder / COMPONENTS_FILE) as path:
        components = np.lib.format.open_memmap(path, "w+", np.float32, (n_spots, n_components))
        _, pixels, labels = simulate_components(n_spots, n_components, n_genes, seed, components)
        components.flush()
    with output_file(folder / PIXELS_FILE) as path:
        np.save(path, pixels.to_numpy())
    with output_file(folder / LABELS_FILE) as path:
        labels.to_csv(path, index=False)
