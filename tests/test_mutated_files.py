"""Damaged data files, by the hundred: a finite result or one line of error, never a signal.

The files of tests/fuzz/corpus with bytes changed, cut out, doubled and exchanged, the same on every run;
tests/fuzz has the search that goes on for as long as one likes.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from data_layout import unpack_result

CORPUS = Path(__file__).parent / "fuzz" / "corpus"
SEEDS = sorted(CORPUS.glob("*.dat"))
PER_SEED = 20
SPECIAL = [  # numbers at which something changes
    *(np.array(value, "<i4").tobytes() for value in (0, 1, -1, 3, 2**31 - 1, -(2**31))),
    *(np.array(value, "<f8").tobytes() for value in (0, -1, 1e300, 1.7e308, 1e-300, 5e-324, np.inf, np.nan)),
    *(np.array(value, "<i8").tobytes() for value in (2**62, -(2**63), 2**40)),
]


def mutated(content, random):
    """A copy with one to three changes."""
    data = bytearray(content)
    for _ in range(random.integers(1, 4)):
        at = int(random.integers(len(data)))
        kind = random.integers(6)
        if kind == 0:
            data[at] ^= 1 << int(random.integers(8))
        elif kind == 1:
            del data[at : at + int(random.integers(1, 24))]
        elif kind == 2:
            data[at:at] = data[at : at + int(random.integers(1, 24))]
        elif kind == 3:
            length = int(random.integers(1, 9))
            data[at : at + length] = random.bytes(length)
        else:  # most often: a special number where a number may begin
            value = SPECIAL[int(random.integers(len(SPECIAL)))]
            at = at // 4 * 4
            data[at : at + len(value)] = value
        if not data:
            return b""
    return bytes(data)


def assert_finite_results(folder):
    """Of a run, or of each run of a batch that did not fail."""
    results = list(folder.glob("result*.dat"))
    assert results
    for path in results:
        Y, _, cost = unpack_result(path.read_bytes())
        assert np.isfinite(Y).all() and np.isfinite(cost).all()


def test_the_corpus_is_what_its_script_writes(tmp_path):
    script = CORPUS.parent / "make_corpus.py"
    subprocess.run([sys.executable, script, tmp_path], check=True)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in SEEDS}


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_undamaged(embed, seed):
    assert_finite_results(embed(seed.read_bytes(), "--quiet", "--threads", 1).folder)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_damaged(execute, seed):
    random = np.random.default_rng(SEEDS.index(seed))
    for _ in range(PER_SEED):
        data = mutated(seed.read_bytes(), random)
        data = with_few_iterations(data)
        outcome = execute(data, "--quiet", "--threads", 1, memory_limited=True)
        if outcome.returncode == 0:
            assert outcome.stderr == ""
            assert_finite_results(outcome.folder)
        else:
            assert outcome.returncode in (1, 2, 3), (outcome.returncode, data)
            assert outcome.stderr.startswith("spasne: error: ") and outcome.stderr.count("\n") == 1
            assert [path.name for path in outcome.folder.iterdir()] == ["data.dat"]


def with_few_iterations(data):
    """max_iter, at byte 28, capped at 20 where it is large: how long a run takes is not the question here."""
    if len(data) < 32 or int.from_bytes(data[28:32], "little", signed=True) <= 20:
        return data
    return data[:28] + (20).to_bytes(4, "little") + data[32:]
