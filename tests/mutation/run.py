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
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
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
NOT_COMPILED = "not compiled"
TIME_LIMIT = 600  # seconds that the tests of a mutant may take; some never end, on a busy machine any may not
# Hardly optimised, for an executable within seconds: kernels must be a little, what calls them need not.
COMPILE = ["g++", "-std=c++17", "-pthread"]
# Sources, and the kernels that each of them compiles (src/kernels/isa.h): of kernels the baseline alone.
SOURCES = {"src/kernels/kernels.cpp": 1, "sptree.cpp": 0, "spasne.cpp": 0, "spasne_main.cpp": 0}
# What no mutant changes is compiled once, by make in the checkout.
KERNELS = ("kernels1.o", "kernels2.o", "kernels3.o")
OBJECTS = (*KERNELS, "sptree.o", "spasne.o", "spasne_main.o")


@dataclass(frozen=True)
class Target:
    """Files to be changed, the tests that are to notice, and the sources that include the files.

    ``program``: whether tests compile one of tests/cpp with the files. ``concerned``: by file, which of
    the tests (as ``pytest -k`` takes it); all where it is not named.
    """

    files: tuple[str, ...]
    tests: tuple[str, ...]
    recompiled: tuple[str, ...] = ()
    program: bool = False
    concerned: Mapping[str, str] = field(default_factory=dict)


FEW_NEIGHBOURS = "told_apart or no_threads or finds_as_many or bytes"
APPROXIMATE = f"approximate or structure or nearly_all or few_points or {FEW_NEIGHBOURS}"

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
        tuple(SOURCES),
    ),
    "descent": Target(
        ("src/safe_descent.h",),
        ("tests/test_failures.py", "tests/test_repeats.py", "tests/test_callback.py"),
        ("spasne.cpp",),
        concerned={"src/safe_descent.h": "not interrupt"},
    ),
    "neighbours": Target(
        (
            "src/neighbours.h",
            "src/approximate_neighbours.h",
            "src/cells.h",
            "src/coded_points.h",
            "src/shortlists.h",
            "src/rounded_points.h",
            "src/sparse_affinities.h",
        ),
        ("tests/test_neighbours.py",),
        program=True,
        concerned={
            "src/approximate_neighbours.h": APPROXIMATE,
            "src/cells.h": APPROXIMATE,
            "src/coded_points.h": APPROXIMATE,
            "src/sparse_affinities.h": "affinities or graphs or perplexities or bytes_depend_on_neither",
        },
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
            "tests/test_wrong_joins.py",
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
    baseline = ["-O1", "-DSPASNE_BASELINE_ONLY"] if "src/kernels/kernels.cpp" in sources else ["-O0"]
    commands = [
        [*COMPILE, *baseline, f"-DSPASNE_KERNELS_OF={SOURCES[source]}"]
        + ["-c", source, "-o", f"{Path(source).stem}.o"]
        for source in sources
    ]
    return all(
        subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0
        for command in [*commands, [*COMPILE, *map(str, folder.glob("*.o")), "-o", "spasne"]]
    )


def verdict_of(folder: Path, target: Target, file: str = "") -> str:
    """What the tests say that concern a file."""
    tests = [*target.tests, "-k", target.concerned.get(file, "")]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "SPASNE_BIN": str(folder / "spasne")}
    if target.program:
        kernels = [str(folder / name) for name in KERNELS]
        environment["CXXFLAGS"] = " ".join(["-O1", "-DSPASNE_KERNELS_OF=0", *kernels])
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
        return "timed out"
    if target.program and re.search(rb"\b1 error\b", done.stdout):  # not of a test, but of what it is given
        return NOT_COMPILED
    return "SURVIVED" if done.returncode == 0 else "killed"


def prepare(folder: Path, target: Target) -> bool:
    """An executable in `folder`, and the objects that mutants are linked with."""
    if set(target.recompiled) == set(SOURCES):
        return compile_executable(folder, SOURCES)
    objects = [f"build/objects/{name}" for name in OBJECTS]
    made = subprocess.run(["make", "OBJECTS_ONLY=1", *objects], cwd=ROOT, capture_output=True, check=False)
    if made.returncode != 0:
        return False
    for name in objects:
        shutil.copy(ROOT / name, folder)
    return compile_executable(folder, ())


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
        if target.recompiled and not compile_executable(folder, target.recompiled):
            return NOT_COMPILED
        return verdict_of(folder, target, mutant.file)
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
        if not prepare(folder, target) or verdict_of(folder, target) != "SURVIVED":
            sys.exit("the tests fail without any change, or take too long")
        verdicts = processes.map(partial(judge, original_folder=folder, target=target), drawn)
        for mutant, verdict in zip(drawn, verdicts, strict=True):
            counts[verdict] += 1
            print(f"{verdict:9} {mutant.file}:{mutant.line + 1}\n  - {mutant.before.strip()}", flush=True)
            print(f"  + {mutant.after.strip()}", flush=True)
    print(f"{len(mutants)} mutants in all, {len(drawn)} tried: {dict(counts)}")


if __name__ == "__main__":
    main()
