"""Whether the automatic scale follows perplexity as it should: what is kept at it, at half and twice of it.

``python -m benchmarks.perplexities``: for each data set and perplexity t-SNE by fast steps, and the weights
(32, 16) at 0.5, 1 and 2 times the automatic scale, by exact sums up to 5,000 points, else by method
`interpolation`. Kept is in units of what t-SNE keeps at the same perplexity, r2 beside that of t-SNE. Puts
its rows into benchmarks/results/perplexities.csv after each perplexity, in place of those of the same data
and perplexity, and prints the table of benchmarks/README.md. Data of the paper need SPASNE_DATA or a
connection.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

import pandas as pd

from benchmarks.choice import EXACT_UP_TO, T_SNE, listed_weights
from benchmarks.kept_rows import put_rows
from benchmarks.measure import ROOT
from benchmarks.scales import finished, run
from benchmarks.sections import Section, section_of
from spasne_tools.choose.search import Weights
from spasne_tools.run.automatic import automatic_scale

DATA = ("breast_cancer", "osmfish", "5000:50", "20000:50")
PERPLEXITIES = (15.0, 30.0, 50.0, 100.0)
ALPHA, BETA = 32.0, 16.0
FACTORS = (0.5, 1.0, 2.0)  # of the automatic scale
RESULTS = ROOT / "benchmarks" / "results" / "perplexities.csv"


def rows_of(section: Section, perplexity: float) -> Iterator[dict]:
    """t-SNE first, then maps at multiples of the automatic scale."""
    scale = automatic_scale(len(section.X), perplexity)
    maps = {"t-SNE, fast steps": T_SNE}
    for factor in FACTORS:
        maps[f"{factor:g} times the automatic scale"] = Weights(ALPHA, BETA, min(1.0, factor * scale))
    method = "exact" if len(section.X) <= EXACT_UP_TO else "interpolation"
    for name, weights in maps.items():
        yield run(section, name, weights, "fast", perplexity, method)[0]


def beside_tsne(name: str, rows: Sequence[dict]) -> list[dict]:
    """`rows` of the data set of this name, t-SNE first, with kept and r2 in units of those of t-SNE."""
    return [{"data": name, **row, "r2_of_tsne": row["r2"] / rows[0]["r2"]} for row in finished(rows)]


def to_markdown(table: pd.DataFrame) -> str:
    lines = [
        "| data | perplexity | map | alpha, beta, global_scale | r1 | r2 | r2 / t-SNE's | kept |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        scores = " | ".join(f"{row[name]:.3f}" for name in ("r1", "r2", "r2_of_tsne", "kept_of_tsne"))
        named = f"{row['data']} | {row['perplexity']:g} | {row['map']} | {listed_weights(row)}"
        lines.append(f"| {named} | {scores} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write after each perplexity, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.perplexities", description=__doc__)
    parser.add_argument("--data", nargs="+", default=DATA, help="names; simulated ones by size[:columns]")
    parser.add_argument("--perplexities", type=float, nargs="+", default=PERPLEXITIES, help="of each")
    options = parser.parse_args(arguments)
    for name in options.data:
        section = section_of(name)
        for perplexity in options.perplexities:
            rows = beside_tsne(name, list(rows_of(section, perplexity)))
            table = put_rows(RESULTS, rows, ("data", "perplexity"))
    print(to_markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
