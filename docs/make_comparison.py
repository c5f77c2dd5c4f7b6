"""The table of docs/index.md: t-SNE, UMAP and SpaSNE on the demo's section.

``python docs/make_comparison.py`` with umap-learn installed (it comes with scanpy).
"""

from __future__ import annotations

import umap
from make_figures import put_table, section  # which puts the source folder on the path

from spasne import run_spasne, score_embedding

WEIGHTS = {"alpha": 9, "beta": 4}
MAPS: dict[str, dict[str, float | str]] = {
    "t-SNE": {"alpha": 0, "beta": 0},
    "UMAP": {},
    "SpaSNE, alpha 9, beta 4": WEIGHTS,
    'SpaSNE, alpha 9, beta 4, global_scale "auto"': WEIGHTS | {"global_scale": "auto"},
    'SpaSNE, all three "auto"': {"alpha": "auto", "beta": "auto", "global_scale": "auto"},
}
SEED = 3
SCORES = {"r1": "r1", "r2": "r2", "s": "s", "knn15_expression": "15 nearest kept"}


def main() -> None:
    tissue, data = section()
    rows = [["map", *SCORES.values()]]
    for name, parameters in MAPS.items():
        if name == "UMAP":
            Y = umap.UMAP(random_state=SEED).fit_transform(data)
        else:
            Y = run_spasne(data, tissue.pixels, randseed=SEED, **parameters)
        scores = score_embedding(Y, data, tissue.pixels, tissue.labels, full=True)
        rows.append([name, *(f"{scores[score]:.3f}" for score in SCORES)])
    put_table("index.md", "comparison", rows)


if __name__ == "__main__":
    main()
