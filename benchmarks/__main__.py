"""The command: `make bench`, or ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import benchmarks
from benchmarks.figure import save_figure
from benchmarks.inputs import Input, make_input
from benchmarks.measure import ROOT, environment, run_task
from benchmarks.programs import PROGRAMS, Task
from benchmarks.summary import replace_between_markers, summarise, summarise_starts, to_markdown

SIZES, QUICK_SIZES = (1272, 2500, 5000, 10_000), (1272, 2500)
PERPLEXITY = 50
STARTED_BY = "exact"  # the program whose way to the first iteration is timed
PAGE, RESULTS = ROOT / "benchmarks" / "README.md", ROOT / "benchmarks" / "results"
CACHE = ROOT / "build" / "bench"

Row = dict[str, Any]  # what one run measured


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    add = parser.add_argument
    add("--sizes", type=int, nargs="+", help=f"points (default: {' '.join(map(str, SIZES))})")
    add("--repeats", type=int, help="runs of each program at each size (default: 5)")
    add("--methods", nargs="+", choices=list(PROGRAMS), help="at every size (default: where they suit)")
    add("--quick", action="store_true", help=f"sizes {' '.join(map(str, QUICK_SIZES))}, one run each")
    add("--iterations", type=int, default=1000, help="(default: %(default)s)")
    add("--threads", type=int, default=2, help="of every program (default: %(default)s)")
    add("--timeout", type=float, default=900, help="seconds that a run may take (default: %(default)s)")
    add("--output", type=Path, default=RESULTS, help="folder (default: benchmarks/results)")
    add("--cache", type=Path, default=CACHE, help="folder of input data (default: build/bench)")
    add("--update-readme", action="store_true", help="put the tables into benchmarks/README.md")
    options = parser.parse_args(arguments)
    options.sizes = options.sizes or list(QUICK_SIZES if options.quick else SIZES)
    options.repeats = options.repeats or (1 if options.quick else 5)
    if min(options.sizes) < 10 or options.repeats < 1 or options.threads < 1 or options.iterations < 1:
        parser.error("expected sizes of 10 or more; repeats, threads and iterations of 1 or more")
    return options


def suited(program: str, n_points: int, asked: list[str] | None) -> bool:
    """Programs that are named run at every size, the others where their own limits allow."""
    if asked is not None:
        return program in asked
    return PROGRAMS[program].smallest <= n_points <= PROGRAMS[program].largest


def run_round(
    inputs: list[Input], repeat: int, options: argparse.Namespace, given_up: set[tuple[str, int]]
) -> tuple[list[Row], list[Row]]:
    """Every program at every size once, then one start; the runs and the starts.

    The order of programs rotates with `repeat`. What fails or takes too long joins `given_up`, whose members
    are not run.
    """
    runs = []
    for data in inputs:
        programs = [name for name in PROGRAMS if suited(name, data.n_points, options.methods)]
        for name in _rotated(programs, repeat):
            if (name, data.n_points) not in given_up:
                runs.append(_run(name, data, repeat, options))
                if runs[-1]["status"] != "ok":
                    given_up.add((name, data.n_points))
    return runs, [_run(STARTED_BY, inputs[0], repeat, options, iterations=0)]


def _rotated(names: list[str], by: int) -> list[str]:
    by %= max(1, len(names))
    return names[by:] + names[:by]


def _run(
    name: str, data: Input, repeat: int, options: argparse.Namespace, iterations: int | None = None
) -> Row:
    task = Task(
        program=name,
        data=str(data.data.resolve()),
        pixels=str(data.pixels.resolve()),
        alpha=data.alpha,
        beta=data.beta,
        perplexity=min(PERPLEXITY, (data.n_points - 1) // 3),
        iterations=options.iterations if iterations is None else iterations,
        threads=options.threads,
    )
    row = {"n_points": data.n_points, "data": data.name, "program": name, "repeat": repeat}
    row |= run_task(task, options.timeout)
    said = f"{row['seconds']:.2f} s" if row["status"] == "ok" else f"{row['status']}: {row['message']}"
    what = f"N {data.n_points:,}, {PROGRAMS[name].label}" + (", start only" if iterations == 0 else "")
    print(f"run {repeat + 1} of {options.repeats}, {what}: {said}", flush=True)
    return row


def _measure_machine(threads: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.machine", str(threads)],
        cwd=ROOT,
        env=environment(threads),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def write_results(
    runs: pd.DataFrame, starts: pd.DataFrame, machine: dict[str, Any], options: argparse.Namespace
) -> str:
    """Write tables and figure to the output folder; return the tables as text."""
    isa = set(runs["isa"].dropna()) if "isa" in runs else set()
    settings = {"iterations": options.iterations, "repeats": options.repeats, "isa": " ".join(sorted(isa))}
    table = summarise(runs, machine)
    start = {"n_points": starts["n_points"].iloc[0], **summarise_starts(starts)}
    text = to_markdown(table, start, machine | settings)
    options.output.mkdir(parents=True, exist_ok=True)
    runs.to_csv(options.output / "runs.csv", index=False)
    starts.to_csv(options.output / "starts.csv", index=False)
    table.to_csv(options.output / "summary.csv", index=False)
    (options.output / "summary.md").write_text(text + "\n", encoding="utf-8")
    save_figure(table, options.output / "seconds.png")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything, write and print the tables; 1 where a run failed, else 0."""
    options = parse(arguments)
    inputs = [make_input(n_points, options.cache) for n_points in sorted(set(options.sizes))]
    machine = _measure_machine(options.threads)
    runs: list[Row] = []
    starts: list[Row] = []
    given_up: set[tuple[str, int]] = set()
    for repeat in range(options.repeats):
        new_runs, new_starts = run_round(inputs, repeat, options, given_up)
        runs, starts = runs + new_runs, starts + new_starts
        # After each round, so that an interrupted benchmark keeps the rounds that it finished.
        text = write_results(pd.DataFrame(runs), pd.DataFrame(starts), machine, options)
    if options.update_readme:
        replace_between_markers(PAGE, text)
    print(f"\n{text}\n\nwritten to {os.path.relpath(options.output)}")
    return int(any(row["status"] == "failed" for row in runs + starts))


if __name__ == "__main__":
    # As an interrupt, so that the run under way is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
