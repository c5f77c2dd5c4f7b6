"""The pictures of README.md: the paper's data sets with the paper's weights and with chosen ones.

``python docs/make_paper_picture.py`` with SPASNE_DATA, or a connection. Weights are those of
benchmarks/results/choice.csv; each map is one of random starts (seed 1) or, with chosen weights, of the start
that they were chosen with. "kept" is in units of the mean of five t-SNE maps.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.small_pictures import save_small  # noqa: E402
from spasne import load_dataset, plot_maps, run_spasne, score_embedding  # noqa: E402
from spasne_tools.datasets import Dataset  # noqa: E402
from spasne_tools.metrics.scores import knn_preservation  # noqa: E402

CHOICES = HERE.parent / "benchmarks" / "results" / "choice.csv"
SHOWN = {"published weights": "Paper's weights", "chosen: paper": "Chosen weights"}
TITLES = {  # of the tissue and of the legend
    "breast_cancer": ("Human breast cancer", "Class"),
    "visual_cortex": ("Mouse visual cortex", "Layer"),
}
SEEDS, NEIGHBOURS = (1, 2, 3, 4, 5), 15
DPI = 100


def mapped(data: Dataset, **parameters: Any) -> np.ndarray:
    return run_spasne(data.data, data.pixels, use_pca=False, theta=0.0, **parameters)


def save_picture(name: str, weights: pd.DataFrame) -> None:
    """`weights`: rows of CHOICES of this data set, by map."""
    data = load_dataset(name)
    t_sne = [mapped(data, alpha=0, beta=0, randseed=seed) for seed in SEEDS]
    unit = np.mean([float(knn_preservation(data.data, Y, NEIGHBOURS)) for Y in t_sne])
    maps, scores = {}, {}
    for row, title in SHOWN.items():
        chosen = weights.loc[row, ["alpha", "beta", "global_scale", "init"]].to_dict()
        maps[title] = Y = mapped(data, randseed=SEEDS[0], **chosen)
        kept = float(knn_preservation(data.data, Y, NEIGHBOURS)) / unit
        scores[title] = score_embedding(Y, data.data, data.pixels, data.labels).to_dict() | {"kept": kept}
        print(name, title, {score: round(value, 3) for score, value in scores[title].items()}, flush=True)
    tissue, classes = TITLES[name]
    titles = [tissue, *SHOWN.values()]
    figure = plot_maps(maps, data.labels, data.pixels, scores=scores, title=titles, legend_title=classes)
    save_small(figure, HERE / "images" / f"paper_{name}.png", DPI)


def main() -> None:
    rows = pd.read_csv(CHOICES)
    for name in TITLES:
        save_picture(name, rows[rows["data"] == name].set_index("map"))


if __name__ == "__main__":
    main()
