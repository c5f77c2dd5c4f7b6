"""The published screening of the breast cancer data, beside one made here."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from spasne_tools.published_files import DATA_VARIABLE, named_folder
from spasne_tools.screening.screen import Screening
from spasne_tools.screening.table import best_cell, scores

STAGES = ("rough", "fine")
FILES = {stage: f"human_BreastCancer1272_screenPar_{stage}.csv" for stage in STAGES}
SCORES = ("r1", "r2", "ss")
CELL = ["alpha", "beta"]
PUBLISHED_CHOICE = (9.0, 4.0)
PUBLISHED_TSNE = {"r1": (0.293, 0.014), "r2": (0.112, 0.007), "ss": (-0.155, 0.005)}  # mean, sd over 100 runs
# Cells whose 20 published repeats agree, where the published method rarely fails.
CLEAN_ALPHA, CLEAN_VARIANCE = 12, 1e-5
GROUPS = ("no repeat fails", "some fail", "all fail")


def load_published() -> dict[str, pd.DataFrame]:
    """The two published tables, without their rows of t-SNE.

    Raises
    ------
    FileNotFoundError
        SPASNE_DATA does not name a folder that holds them.
    """
    folder = named_folder()
    tables = {}
    for stage, name in FILES.items():
        path = (folder or Path()) / name
        if folder is None or not path.is_file():
            raise FileNotFoundError(f"expected {name} in the folder that {DATA_VARIABLE} names, found none")
        table = pd.read_csv(path, index_col=0)
        tables[stage] = table[(table["alpha"] > 0) | (table["beta"] > 0)].reset_index(drop=True)
    return tables


def compare(screening: Screening, published: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row for each published cell: our columns, the published ones as NAME_published, and its group.

    The group says for how many of our repeats the published steps failed (they were then repeated with a step
    limit), as the executable judged by cost: it knows nothing of the published numbers.
    """
    failing = screening.runs.groupby(CELL)["repeated"].mean().rename("failing")
    parts = []
    for stage, table in published.items():
        ours = getattr(screening, stage)
        both = table.merge(ours, on=CELL, how="left", suffixes=("_published", ""), validate="1:1")
        parts.append(both.assign(stage=stage))
    cells = pd.concat(parts, ignore_index=True).merge(failing, on=CELL, how="left")
    group = pd.cut(cells["failing"], [-1, 0, 1 - 1e-9, 1], labels=list(GROUPS))
    return cells.assign(group=group.astype(str))


def differences(cells: pd.DataFrame) -> pd.DataFrame:
    """|ours - published| of each score; none for r1 where either counts as 0."""
    out = pd.DataFrame({name: (cells[name] - cells[f"{name}_published"]).abs() for name in SCORES})
    return out.mask((cells["r1"] == 0) | (cells["r1_published"] == 0))


def is_clean(cells: pd.DataFrame) -> pd.Series:
    return (cells["alpha"] <= CLEAN_ALPHA) & (cells["var_published"] < CLEAN_VARIANCE)


# ---- tables of the page ------------------------------------------------------------------------------------


def tsne_table(screenings: dict[float, Screening]) -> str:
    head = ["", *SCORES]
    rows = [["published", *(f"{mean:.3f} ± {sd:.3f}" for mean, sd in PUBLISHED_TSNE.values())]]
    for theta, screening in screenings.items():
        mean, sd = (screening.tsne.loc[row] for row in ("mean", "std"))
        rows.append([f"theta {theta:g}", *(f"{mean[name]:.4f} ± {sd[name]:.4f}" for name in SCORES)])
    return markdown(head, rows)


def difference_table(cells: pd.DataFrame) -> str:
    """Median and largest difference in each score, over cells by grid and group."""
    parts = {
        f"fine, alpha at most {CLEAN_ALPHA}, published var below {CLEAN_VARIANCE:g}": (
            (cells["stage"] == "fine") & is_clean(cells)
        )
    }
    for stage in STAGES:
        for group in GROUPS:
            parts[f"{stage}, {group}"] = (cells["stage"] == stage) & (cells["group"] == group)
    head = ["cells", "number", *(f"{name}: median, largest" for name in SCORES)]
    found = differences(cells)
    rows = []
    for name, chosen in parts.items():
        part = found[chosen]
        numbers = [f"{part[score].median():.4f}, {part[score].max():.4f}" for score in SCORES]
        counted = f"{int(chosen.sum())}" + (
            f" ({len(part.dropna())} with r1)" if part.isna().any(axis=None) else ""
        )
        rows.append([name, counted, *(numbers if len(part.dropna()) else [""] * len(SCORES))])
    return markdown(head, rows)


def failed_table(cells: pd.DataFrame) -> str:
    """What cells of the fine grid give in which all repeats fail with the published steps: means by alpha."""
    failed = cells[(cells["stage"] == "fine") & (cells["group"] == GROUPS[-1])]
    rows = []
    for alpha, part in failed.groupby("alpha"):
        means = part[[*SCORES, *(f"{name}_published" for name in SCORES)]].mean()
        numbers = [f"{means[name]:.3f} ({means[f'{name}_published']:.3f})" for name in SCORES]
        spread = part["var"].pow(0.5).mean(), part["var_published"].pow(0.5).mean()
        rows.append([f"{alpha:g}", f"{len(part)}", *numbers, f"{spread[0]:.4f} ({spread[1]:.4f})"])
    return markdown(["alpha", "cells", *SCORES, "sd(r1)"], rows)


def choice_table(screenings: dict[float, Screening], published: pd.DataFrame) -> str:
    """Scores and ranks of (9, 4) and of our optimum, in each fine table."""
    tables = {"published": published.assign(score=scores(published))}
    tables |= {f"theta {theta:g}": screening.fine for theta, screening in screenings.items()}
    optima = dict.fromkeys([PUBLISHED_CHOICE, *(_cell(best_cell(table)) for table in tables.values())])
    head = ["fine table", *(f"({alpha:g}, {beta:g})" for alpha, beta in optima)]
    rows = []
    for name, table in tables.items():
        rank = table["score"].rank(ascending=False).astype(int)
        row = [name]
        for alpha, beta in optima:
            at = (table["alpha"] == alpha) & (table["beta"] == beta)
            share = table.loc[at, "score"].item() / table["score"].max()
            row.append(f"rank {rank[at].item()}, {table.loc[at, 'score'].item():.4f} ({share:.2%} of best)")
        rows.append(row)
    return markdown(head, rows)


def _cell(row: pd.Series) -> tuple[float, float]:
    return float(row["alpha"]), float(row["beta"])


def markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
