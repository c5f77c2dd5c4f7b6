"""From single runs to medians, ratios and distances from the floor, and these as tables for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.programs import PROGRAMS

STAGES = ("read", "affinities", "optimise", "write")  # as the executable names and times them
MEDIANS = ("seconds", "interpreter", "imports", "peak_mb", "n_iter", "kl", *STAGES)
REFERENCES = {"vs_tree": "opentsne_tree", "vs_grid": "opentsne_grid"}
# Per pair and iteration: 2 differences, 4 to d^2 + 1, 1 division, 1 product with W, 2 products and 2 sums to
# the forces. The Z of t-SNE and the second kernel come on top.
FLOPS_PER_PAIR = 12
BYTES_PER_PAIR = 8  # one number of W
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def summarise(runs: pd.DataFrame, machine: dict[str, Any]) -> pd.DataFrame:
    """Medians over the repeats of each program at each size, with ratios and distances from the floor.

    Parameters
    ----------
    runs : DataFrame
        One row per run, with at least program, n_points, status and, where that is "ok", seconds.
    machine : dict
        What machine.py prints: "flops" and "bytes_per_second".

    Returns
    -------
    DataFrame
        One row per size and program, in the order of PROGRAMS; a program that never succeeded keeps its
        status and has no numbers.
    """
    runs = runs.reindex(columns=[*dict.fromkeys([*runs.columns, *MEDIANS])])
    rows = []
    for n_points in sorted(runs["n_points"].unique()):
        for program in PROGRAMS:
            same = runs[(runs["n_points"] == n_points) & (runs["program"] == program)]
            if len(same):
                rows.append(_row(same))
    table = pd.DataFrame(rows)
    for ratio, reference in REFERENCES.items():
        base = table[table["program"] == reference].set_index("n_points")["seconds"]
        table[ratio] = table["seconds"] / table["n_points"].map(base).astype(float)
    pairs = table["n_points"] * (table["n_points"] - 1) / 2
    table["wrapper"] = table["seconds"] - table[list(STAGES)].sum(axis=1, skipna=False)
    table["per_iteration"] = table["optimise"] / table["n_iter"]
    table["pairs_per_second"] = pairs / table["per_iteration"]
    table["vs_arithmetic"] = table["per_iteration"] / (pairs * FLOPS_PER_PAIR / machine["flops"])
    table["vs_reading"] = table["per_iteration"] / (pairs * BYTES_PER_PAIR / machine["bytes_per_second"])
    return table


def _row(same: pd.DataFrame) -> dict[str, Any]:
    good = same[same["status"] == "ok"]
    first = same.iloc[0]
    row = {"n_points": first["n_points"], "data": first["data"], "program": first["program"]}
    row["status"] = "ok" if len(good) else same["status"].iloc[-1]
    row["runs"] = len(good)
    row |= {name: good[name].astype(float).median() for name in MEDIANS}
    return row | {"seconds_min": good["seconds"].min(), "seconds_max": good["seconds"].max()}


def summarise_starts(starts: pd.DataFrame) -> dict[str, float]:
    """Medians of the seconds until the first iteration, of runs that end there (max_iter = 0)."""
    good = starts[starts["status"] == "ok"]
    return {name: float(good[name].median()) for name in ("interpreter", "imports", "seconds")}


def to_markdown(table: pd.DataFrame, start: dict[str, Any], machine: dict[str, Any]) -> str:
    """The tables of README and of the screen."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    parts = [
        f"{machine['processor']}, {machine['threads']} threads, {machine['isa'] or 'no'} kernels; "
        f"{versions}; {machine['iterations']} iterations; "
        f"medians of up to {machine['repeats']} interleaved runs.",
        _whole_calls(table),
        _stages(table),
        _floor(table, machine),
    ]
    if np.isfinite(start.get("seconds", np.nan)):
        parts.append(_first_iteration(start))
    return "\n\n".join(part for part in parts if part)


def _whole_calls(table: pd.DataFrame) -> str:
    rows = [
        [
            f"{row.n_points:,}",
            row.data,
            PROGRAMS[row.program].label,
            f"{_number(row.seconds)} ({_number(row.seconds_min)} to {_number(row.seconds_max)})"
            if row.status == "ok"
            else row.status,
            _number(row.vs_tree),
            _number(row.vs_grid),
            _number(row.peak_mb, digits=0),
            _number(row.n_iter, digits=0),
            _number(row.kl, digits=3),
            _number(row.imports),
        ]
        for row in table.itertuples()
    ]
    head = ["N", "data", "program", "seconds (range)", "/ openTSNE tree", "/ openTSNE grid"]
    head += ["peak MB", "iterations", "KL(P, Q)", "import s"]
    return _markdown("Whole call", head, rows)


def _stages(table: pd.DataFrame) -> str:
    rows = [
        [f"{row.n_points:,}", PROGRAMS[row.program].label]
        + [_number(getattr(row, stage), digits=3) for stage in ("wrapper", *STAGES)]
        for row in table[table["optimise"].notna()].itertuples()
    ]
    head = ["N", "program", "Python: PCA, files", *STAGES]
    return _markdown("Stages, in seconds, the last four timed by the executable", head, rows)


def _floor(table: pd.DataFrame, machine: dict[str, Any]) -> str:
    rows = [
        [
            f"{row.n_points:,}",
            PROGRAMS[row.program].label,
            _number(1e3 * row.per_iteration, digits=3),
            _number(row.pairs_per_second / 1e9),
            _number(row.vs_arithmetic),
            _number(row.vs_reading),
        ]
        for row in table[table["optimise"].notna()].itertuples()
    ]
    head = ["N", "program", "ms per iteration", "10⁹ pairs per s", "/ arithmetic floor", "/ reading floor"]
    title = (
        f"Distance from the floor: N(N-1)/2 pairs x {FLOPS_PER_PAIR} operations at "
        f"{machine['flops'] / 1e9:.0f} GFLOP/s (matrix product in double), and {BYTES_PER_PAIR} bytes "
        f"a pair at {machine['bytes_per_second'] / 1e9:.0f} GB/s (sum of a large array)"
    )
    return _markdown(title, head, rows)


def _first_iteration(start: dict[str, Any]) -> str:
    beyond = start["interpreter"] + start["seconds"]
    seconds = [start["interpreter"], start["imports"], start["seconds"], beyond]
    row = [f"{start['n_points']:,}", *(_number(value, digits=3) for value in seconds)]
    head = ["N", "interpreter", "imports", "call with max_iter=0", "beyond imports"]
    return _markdown("From the start of Python to the first iteration, in seconds", head, [row])


def _markdown(title: str, head: list[str], rows: list[list[str]]) -> str:
    if not rows:
        return ""
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return f"**{title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in padded)


def _number(value: float, digits: int = 2) -> str:
    return f"{value:,.{digits}f}" if np.isfinite(value) else ""


def replace_between_markers(page: Path, text: str) -> None:
    """Put `text` between the markers of `page`.

    Raises
    ------
    ValueError
        The page does not hold both markers once, in their order.
    """
    content = page.read_text(encoding="utf-8")
    if content.count(BEGIN) != 1 or content.count(END) != 1 or content.index(BEGIN) > content.index(END):
        raise ValueError(f"expected {BEGIN} and then {END} once each in {page}, found otherwise")
    before, after = content.split(BEGIN)[0], content.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
