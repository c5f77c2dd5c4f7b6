"""Everything that takes several threads, on small problems: the same bytes as on one.

`make check-tsan` runs these under ThreadSanitizer and `make check-valgrind` under memcheck, which fail a run.
"""

import subprocess

import numpy as np
import pytest
from data_layout import pack_case
from random_cases import random_case

SMALL = {"n_features": 5, "perplexity": 5.0, "max_iter": 12}
RUNS = np.array([[8.0, 2.0, 1.0], [4.0, 2.0, 2.0], [0.0, 0.0, 3.0], [8.0, 0.0, 4.0], [0.0, 2.0, 5.0]])
SECTIONS = np.arange(90) % 2
CASES = {
    "exact": {"theta": 0},
    "barnes_hut": {"method": "barnes_hut", "no_dims": 3},
    "interpolation in one dimension": {"method": "interpolation", "no_dims": 1},
    "interpolation in two dimensions": {"method": "interpolation"},
    "race of starts": {"method": "exact", "start": "best"},
    "fast steps by interpolation": {"method": "interpolation", "start": "best"},
    "sections": {"theta": 0, "sections": SECTIONS},
    "batch": {"theta": 0, "runs": RUNS},
    "batch with scales": {"theta": 0, "runs": RUNS, "scales": np.linspace(0.5, 1, len(RUNS))},
    "batch by interpolation": {"method": "interpolation", "runs": RUNS[:2]},
}


def files_of(outcome):
    return {path.name: path.read_bytes() for path in outcome.folder.glob("*.dat")}


@pytest.mark.parametrize("case", CASES)
def test_threads_change_no_byte(embed, case):
    """Snapshots and a report besides, where there is one run."""
    options = CASES[case]
    problem = random_case(31, n_points=90, **SMALL, **options)
    follow = [] if "runs" in options else ["--snapshots", "snapshot.dat", "--every", 5]
    flags = ["--report", "report.json", *follow]
    one, several = (files_of(embed(problem, "--threads", threads, *flags)) for threads in (1, 4))
    assert one == several
    assert len(one) == 1 + (len(options["runs"]) if "runs" in options else 2)


def test_neighbours_of_more_points_than_a_block_holds(embed):
    problem = random_case(32, n_points=700, n_features=20, perplexity=5.0, max_iter=2, method="interpolation")
    results = {embed(problem, "--threads", threads).result_bytes for threads in (1, 4)}
    assert len(results) == 1


def test_a_caller_that_watches_and_one_that_goes(spasne_binary, tmp_path):
    """The threads that watch standard input and wait for signals, beside those that work."""
    case = random_case(33, n_points=90, **SMALL | {"max_iter": 10**6})
    (tmp_path / "data.dat").write_bytes(pack_case(case))
    flags = ["--threads", "4", "--snapshots", "snapshot.dat", "--every", "5", "--watch-stdin", "--temporary"]
    child = subprocess.Popen(
        [spasne_binary, "--quiet", *flags],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        for _ in range(3):
            assert child.stdout.readline().startswith("snapshot")
            child.stdin.write("c")
            child.stdin.flush()
        child.stdin.close()
        said = child.stderr.read()
    assert (child.returncode, said) == (1, "spasne: error: the caller has closed standard input\n")
