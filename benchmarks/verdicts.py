"""Verdicts on maps of real sections: t-SNE, the published weights, and a small scale of the global kernel.

``python -m benchmarks.verdicts`` with SPASNE_DATA: breast cancer (1,272 spots), visual cortex (1,207 cells)
and osmFISH cortex (4,839 cells). Writes results/verdicts.csv, docs/images/verdicts.png (verdict of each
point), docs/images/verdicts_tissue.png (the same in the tissue) and docs/images/curves.png, prints a table.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.measure import ROOT
from benchmarks.sections import Section, real
from spasne import load_dataset, map_curves, map_reliability, plot_curves, run_spasne
from spasne_tools.plotting.greying import VERDICT_COLOURS

RESULTS, IMAGES = ROOT / "benchmarks" / "results" / "verdicts.csv", ROOT / "docs" / "images"
SEED, DPI = 1, 100
CURVES_OF = ("breast cancer", "small scale")


def sections() -> Iterator[Section]:
    for name in ("breast_cancer", "visual_cortex"):
        found = load_dataset(name)
        yield Section(name.replace("_", " "), found.data.to_numpy(float), found.pixels.to_numpy(float), None)
    osmfish = real("osmfish_cortex_4839", "counts.npz")
    yield Section("osmFISH cortex", osmfish.X, osmfish.pixels[:, -2:], None)  # without the cell's number


def maps(section: Section) -> dict[str, np.ndarray]:
    weights: dict[str, dict] = {
        "t-SNE": {"alpha": 0, "beta": 0},
        "published (8, 2)": {"alpha": 8, "beta": 2},
        "small scale": {"alpha": 32, "beta": 16, "global_scale": "auto", "init": "pca"},
    }
    return {
        name: run_spasne(
            section.X, section.pixels, randseed=SEED, use_pca=False, method="interpolation", **given
        )
        for name, given in weights.items()
    }


def row_of(section: Section, name: str, table: pd.DataFrame) -> dict:
    """Shares of the verdicts, and medians of the measures over points."""
    shares = table["verdict"].value_counts(normalize=True, sort=False).to_dict()
    measures = ["kept_expression", "true_expression", "r1", "kept_space", "true_space", "r2", "reliability"]
    return {"data": section.name, "map": name, **shares, **table[measures].median().to_dict()}


def draw(ax: Axes, points: np.ndarray, verdict: pd.Series, title: str) -> None:
    size = 0.35 * ax.bbox.width * ax.bbox.height / len(points) * (72 / DPI) ** 2
    order = np.random.default_rng(0).permutation(len(points))  # no verdict on top of the others
    colours = verdict.astype(object).map(VERDICT_COLOURS).to_numpy()[order]
    ax.scatter(*points[order].T, s=size, c=colours, linewidths=0, rasterized=True)
    shares = {f"{name} {(verdict == name).mean():.0%}": colour for name, colour in VERDICT_COLOURS.items()}
    handles = [Line2D([], [], lw=0, marker="o", ms=5, color=c, label=name) for name, c in shares.items()]
    ax.set_aspect("equal", adjustable="datalim")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set(linewidth=0.6, color="#bfbfbf")
    ax.set_title(title, fontsize=10, fontweight="bold", loc="left")
    legend = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "ncols": 3, "columnspacing": 0.8}
    ax.legend(handles=handles, frameon=False, fontsize=8, handletextpad=0.1, **legend)


def main() -> int:
    """Run, write and print."""
    rows = []
    on_maps, in_tissue = (Figure(figsize=(10.5, 11), layout="constrained", dpi=DPI) for _ in range(2))
    for number, section in enumerate(sections()):
        for column, (name, Y) in enumerate(maps(section).items()):
            table = map_reliability(Y, section.X, section.pixels)
            rows.append(row_of(section, name, table))
            print(rows[-1], flush=True)
            place, title = 3 * number + column + 1, f"{section.name}, {name}"
            draw(on_maps.add_subplot(3, 3, place), Y, table["verdict"], title)
            image_like = section.pixels[:, :2] * [1, -1]
            draw(in_tissue.add_subplot(3, 3, place), image_like, table["verdict"], title)
            if (section.name, name) == CURVES_OF:
                figure = plot_curves(map_curves(Y, section.X, section.pixels), title)
                figure.savefig(IMAGES / "curves.png", dpi=DPI)
    on_maps.savefig(IMAGES / "verdicts.png")
    in_tissue.savefig(IMAGES / "verdicts_tissue.png")
    written = pd.DataFrame(rows)
    written.to_csv(RESULTS, index=False, float_format="%.4f")
    print(written.round(2).to_string(index=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
