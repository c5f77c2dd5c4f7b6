"""Mutation testing: change an operator or a number, or drop a statement, and see whether the tests notice.

    python tests/mutation/run.py {kernels,descent,neighbours,python,readers} [--count 20] [--seed 0]

``--first 20`` goes on where a run ended, ``--jobs`` judges several at once. Works on copies in a temporary
folder. Prints each mutant and whether it was killed; tests/README.md says
what the survivors were.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "*.cpp",
    "*.h",
    "*.py",
    "*.md",
    "*.toml",
    "Makefile",
    "CITATION.cff",
    "docs/file_format.md",
    "docs/platforms",
    "benchmarks/*.py",
    "src",
    "spasne_tools",
    "tests",
)
TIME_LIMIT = 600  # seconds: a mutant that does not end is killed
# The baseline alone, hardly optimised: an executable for tests within seconds.
COMPILE = ["g++", "-std=c++17", "-O1", "-pthread", "-DSPASNE_BASELINE_ONLY"]
# Sources, and the kernels that each of them compiles (src/kernels/isa.h).
OBJECTS = {"src/kernels/kernels.cpp": 1, "sptree.cpp": 0, "spasne.cpp": 0, "spasne_main.cpp": 0}


@dataclass(frozen=True)
class Target:
    """Files to be changed, the tests that are to notice, and the sources that include the files.

    ``program``: one of tests/cpp that the tests compile.
    """

    files: tuple[str, ...]
    tests: tuple[str, ...]
    recompiled: tuple[str, ...] = ()
    program: str = ""


TARGETS = {
    "kernels": Target(
        (
            "src/kernels/all_pairs.inl",
            "src/kernels/tree.inl",
            "src/kernels/neighbour_sums.inl",
            "src/kernels/grid.inl",
            "src/dense_objective.h",
        ),
        ("tests/test_executable.py", "tests/test_interpolation.py", "tests/test_golden.py"),
        tuple(OBJECTS),
    ),
    "descent": Target(
        ("src/safe_descent.h",),
        ("tests/test_failures.py", "tests/test_callback.py"),
        ("spasne.cpp",),
    ),
    "neighbours": Target(
        (
            "src/neighbours.h",
            "src/approximate_neighbours.h",
            "src/cells.h",
            "src/shortlists.h",
            "src/rounded_points.h",
            "src/sparse_affinities.h",
        ),
        ("tests/test_neighbours.py",),
        program="tests/cpp/test_neighbours.cpp",
    ),
    "python": Target(
        (
            "spasne_tools/run/data_file.py",
            "spasne_tools/metrics/correlation.py",
            "spasne_tools/metrics/silhouettes.py",
        ),
        ("tests/test_data_file.py", "tests/test_metrics.py"),
    ),
    "readers": Target(
        tuple(
            f"spasne_tools/readers/{path.name}"
            for path in sorted((ROOT / "spasne_tools" / "readers").glob("[a-z]*.py"))
        ),
        (
            "tests/test_tables.py",
            "tests/test_matching.py",
            "tests/test_features.py",
            "tests/test_damaged_samples.py",
            "tests/test_anndata_files.py",
            "tests/test_platforms.py",
            "tests/test_guards.py",
            "tests/test_anndata.py",
            "tests/test_commands.py",
        ),
    ),
}

SWAPS = {
    " + ": " - ", " - ": " + ", " * ": " / ", " / ": " * ", " += ": " -= ", " -= ": " += ",
    " < ": " <= ", " > ": " >= ", " <= ": " < ", " >= ": " > ", " == ": " != ", " != ": " == ",
    " && ": " || ", " || ": " && ", " and ": " or ", " or ": " and ",
}  # fmt: skip
# Statements of one line that do something and declare nothing, and what stands in their place once dropped.
STATEMENTS = {
    ".py": (re.compile(r"\s*([\w.]+\(.*\)|[\w.\[\]]+ [-+*/|&]= .*[^(\[{,]|continue|break)"), "pass"),
    ".h": (re.compile(r"\s*([\w.\[\]>()-]+ [-+*/|&]?= .*;|[\w.:]+\(.*\);|continue;|break;)"), ";"),
}
CHANGEABLE = re.compile("|".join(map(re.escape, SWAPS)) + r"|(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


@dataclass(frozen=True)
class Mutant:
    file: str
    line: int
    before: str
    after: str


def changed(text: str) -> str:
    if text in SWAPS:
        return SWAPS[text]
    return str(float(text) + 1) if "." in text else str(int(text) + 1)


def without_statement(code: str, ending: str) -> str | None:
    """The line without its statement; an error that is made, but not raised."""
    indent = code[: len(code) - len(code.lstrip())]
    if code.lstrip().startswith("raise "):
        return code.replace("raise ", "", 1)
    statement, nothing = STATEMENTS[ending]
    whole = statement.fullmatch(code.rstrip()) and code.count("(") == code.count(")")
    return indent + nothing if whole else None


def mutants_of(file: str) -> list[Mutant]:
    """All mutants of a file, comments, docstrings and preprocessor lines left alone."""
    found, within_docstring = [], False
    ending = ".py" if file.endswith(".py") else ".h"
    for number, line in enumerate((ROOT / file).read_text(encoding="utf-8").split("\n")):
        quotes = line.count('"""')
        if file.endswith(".py") and (quotes or within_docstring):
            within_docstring ^= quotes == 1
            continue
        code = re.split(r"//|#", line, maxsplit=1)[0]
        if not code.strip() or code.lstrip().startswith(("template", "namespace", "from ", "import ")):
            continue
        if (dropped := without_statement(code, ending)) is not None:
            found.append(Mutant(file, number, line, dropped))
        for match in CHANGEABLE.finditer(code):
            after = line[: match.start()] + changed(match[0]) + line[match.end() :]
            found.append(Mutant(file, number, line, after))
    return found


def copy_project(folder: Path) -> None:
    for pattern in COPIED:
        for path in ROOT.glob(pattern):
            copy = folder / path.relative_to(ROOT)
            if path.is_dir():
                shutil.copytree(path, copy, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                copy.parent.mkdir(exist_ok=True)
                shutil.copy(path, copy)


def compile_executable(folder: Path, sources: Iterable[str]) -> bool:
    """Compile these sources and link them with the objects of the others."""
    objects = [f"{Path(source).stem}.o" for source in OBJECTS]
    commands = [
        [*COMPILE, f"-DSPASNE_KERNELS_OF={OBJECTS[source]}", "-c", source, "-o", f"{Path(source).stem}.o"]
        for source in sources
    ]
    return all(
        subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0
        for command in [*commands, [*COMPILE, *objects, "-o", "spasne"]]
    )


def tests_pass(folder: Path, target: Target) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *target.tests]
    environment = {**os.environ, "SPASNE_BIN": str(folder / "spasne")}
    try:
        done = subprocess.run(
            [*command, "--deselect", "tests/test_executable.py::test_plain_build"],
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def compiles(folder: Path, target: Target) -> bool:
    if target.program:
        check = [*COMPILE, "-fsyntax-only", target.program]
        return subprocess.run(check, cwd=folder, capture_output=True, check=False).returncode == 0
    return compile_executable(folder, target.recompiled) if target.recompiled else True


def prepare(folder: Path, target: Target) -> bool:
    """An executable in `folder`: that of the checkout, unless mutants are compiled into it."""
    if target.recompiled or not (ROOT / "spasne").exists():
        return compile_executable(folder, OBJECTS)
    shutil.copy(ROOT / "spasne", folder / "spasne")
    return True


def own_copy(folder: Path) -> Path:
    """A copy of `folder` beside it for this process, made once."""
    copy = folder.with_name(f"{folder.name}-{os.getpid()}")
    if not copy.exists():
        shutil.copytree(folder, copy)
    return copy


def judge(mutant: Mutant, original_folder: Path, target: Target) -> str:
    folder = own_copy(original_folder)
    path = folder / mutant.file
    original = path.read_text(encoding="utf-8")
    lines = original.split("\n")
    lines[mutant.line] = mutant.after
    path.write_text("\n".join(lines), encoding="utf-8")
    try:
        if not compiles(folder, target):
            return "not compiled"
        return "SURVIVED" if tests_pass(folder, target) else "killed"
    finally:
        path.write_text(original, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--count", type=int, default=20, help="mutants drawn (default: 20)")
    parser.add_argument("--first", type=int, default=0, help="of those drawn, to go on where a run ended")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="mutants judged at once (default: 1)")
    arguments = parser.parse_args()
    target = TARGETS[arguments.target]
    mutants = [mutant for file in target.files for mutant in mutants_of(file)]
    shuffled = random.Random(arguments.seed).sample(mutants, len(mutants))
    drawn = shuffled[arguments.first : arguments.first + arguments.count]
    counts: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as name,
        ProcessPoolExecutor(arguments.jobs) as processes,
    ):
        folder = Path(name, "project")
        folder.mkdir()
        copy_project(folder)
        if not prepare(folder, target) or not tests_pass(folder, target):
            sys.exit("the tests fail without any change")
        verdicts = processes.map(partial(judge, original_folder=folder, target=target), drawn)
        for mutant, verdict in zip(drawn, verdicts, strict=True):
            counts[verdict] += 1
            print(f"{verdict:9} {mutant.file}:{mutant.line + 1}\n  - {mutant.before.strip()}", flush=True)
            print(f"  + {mutant.after.strip()}", flush=True)
    print(f"{len(mutants)} mutants in all, {len(drawn)} tried: {dict(counts)}")


if __name__ == "__main__":
    main()
