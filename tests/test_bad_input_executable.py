"""Every input that the executable rejects: exit code 2, one line on stderr, no file, no memory wasted."""

import os
import re
import resource
import signal
import struct
from dataclasses import replace

import numpy as np
import pytest
from data_layout import MAGIC, base_fields, extension_records, floats, pack_case, record
from random_cases import random_case

HUGE = 2_000_000_000
NOT_NUMBERS = [("nan", np.nan), ("inf", np.inf), ("minus_inf", -np.inf)]

CASE = random_case(1, n_points=40, n_features=3, max_iter=3)
EXTENDED = replace(
    CASE,
    method="exact",
    learning_rate=100.0,
    max_step=1.0,
    init=np.zeros((40, 2)) + np.arange(40)[:, None],
    global_scale=0.5,
    pixel_offset=0.0,
    stop_tolerance=1e-6,
)
BASE = pack_case(CASE)


def with_field(name, value):
    """data.dat with one field replaced by other bytes, everything else as it was."""
    parts = base_fields(CASE)
    assert name in dict(parts)
    return b"".join(value if field == name else part for field, part in parts)


def with_entry(name, index, value):
    """data.dat with one entry of X or of the pixels replaced."""
    matrix = getattr(CASE, name).copy()
    matrix[index] = value
    return pack_case(replace(CASE, **{name: matrix}))


def with_records(*records):
    return BASE + MAGIC + b"".join(records)


@pytest.fixture
def reject(execute):
    """Run on bad input and return the message."""

    def run(data, *arguments, mentions=""):
        outcome = execute(data, *arguments, memory_limited=True)
        assert_rejected(outcome, mentions)
        assert {path.name for path in outcome.folder.iterdir()} <= {"data.dat"}
        return outcome

    return run


def assert_rejected(outcome, mentions=""):
    assert outcome.returncode == 2, (outcome.returncode, outcome.stderr)
    assert outcome.stderr.startswith("spasne: error: ")
    assert outcome.stderr.count("\n") == 1 and outcome.stderr.endswith("\n")
    assert len(outcome.stderr) > len("spasne: error: \n") + 10
    assert mentions.lower() in outcome.stderr.lower()


def test_the_files_changed_below_are_good_ones(execute):
    for case in (CASE, EXTENDED):
        outcome = execute(pack_case(case), memory_limited=True)
        assert outcome.returncode == 0, outcome.stderr
        assert np.all(np.isfinite(outcome.Y))
    assert b"".join(part for _, part in base_fields(CASE)) == BASE


# --- missing, too short, too long ---


def test_missing_file(reject):
    reject(None, mentions="data.dat")


def test_missing_named_file(reject):
    reject(None, "--data", "elsewhere.dat", mentions="elsewhere.dat")


def test_folder_in_place_of_the_file(reject, tmp_path):
    reject(None, "--data", tmp_path)


def cuts(parts, start=0):
    """(id, length) of a file cut at the start of every part and within it."""
    for name, part in parts:
        yield pytest.param(start, id=f"before_{name}")
        if part:
            yield pytest.param(start + len(part) // 2, id=f"within_{name}")
            yield pytest.param(start + len(part) - 1, id=f"last_byte_of_{name}")
        start += len(part)


@pytest.mark.parametrize("length", list(cuts(base_fields(CASE))))
def test_truncated(reject, length):
    reject(BASE[:length])


EXTENSION_PARTS = [("magic", MAGIC), *extension_records(EXTENDED), ("end", record("end"))]


@pytest.mark.parametrize("length", list(cuts(EXTENSION_PARTS, len(BASE)))[1:])
def test_truncated_extension(reject, length):
    reject(pack_case(EXTENDED)[:length])


@pytest.mark.parametrize(
    "tail",
    [b"\0", b"\0" * 8, b"SPASNEX1"[:7], b"SPASNEX2" + record("end"), floats([1.0]), b"\0" * 100_000],
    ids=["one_byte", "zeros", "part_of_the_magic", "another_version", "a_number", "many_bytes"],
)
def test_bytes_after_the_last_field(reject, tail):
    reject(BASE + tail)


# --- sizes ---


@pytest.mark.parametrize("value", [0, -1, -HUGE, -(2**31), 41, HUGE, 2**31 - 1])
@pytest.mark.parametrize("name", ["n", "D", "n0", "D0"])
def test_false_size(reject, name, value):
    reject(with_field(name, struct.pack("<i", value)))


@pytest.mark.parametrize("value", [0, -1, 4, HUGE, 2**31 - 1, -(2**31)])
def test_no_dims(reject, value):
    reject(with_field("no_dims", struct.pack("<i", value)), mentions="no_dims")


@pytest.mark.parametrize("value", [-1, -(2**31)])
def test_negative_max_iter(reject, value):
    reject(with_field("max_iter", struct.pack("<i", value)), mentions="max_iter")


@pytest.mark.parametrize("n", [1, 40, 46_341, 65_536, HUGE, 2**31 - 1])
@pytest.mark.parametrize("n_features", [46_341, 65_536, HUGE, 2**31 - 1])
def test_huge_claims_together(reject, n, n_features):
    """Products that pass 2^31, 2^32 and, in bytes, 2^63; only a few bytes follow."""
    header = struct.pack("<iiddii", n, n_features, 0.5, 1e-3, 2, 10)
    reject(header + b"\0" * 4096)


def test_huge_pixels(reject):
    reject(with_field("D0", struct.pack("<i", 2**31 - 1))[:-24])


@pytest.mark.parametrize("rows", [39, 41, 1], ids=["one_too_few", "one_too_many", "one_row"])
def test_pixels_of_other_length(reject, rows):
    pixels = np.resize(CASE.pixels, (rows, 2))
    reject(pack_case(replace(CASE, pixels=pixels)))


def test_one_point(reject):
    reject(pack_case(replace(CASE, X=CASE.X[:1], pixels=CASE.pixels[:1], perplexity=1e-3)))


# --- values ---

BAD_NUMBERS = {
    "theta": [-0.1, -1e-300],
    "perplexity": [0, -1, 13.01, 40, 1e300],
    "alpha": [-1e-9, -8],
    "beta": [-1e-9, -2],
    "exaggeration": [0, -4],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD_NUMBERS.items() for value in values]
)
def test_number_out_of_range(reject, name, value):
    reject(with_field(name, struct.pack("<d", value)), mentions=name)


@pytest.mark.parametrize("value", [value for _, value in NOT_NUMBERS], ids=[name for name, _ in NOT_NUMBERS])
@pytest.mark.parametrize("name", BAD_NUMBERS)
def test_number_not_finite(reject, name, value):
    reject(with_field(name, struct.pack("<d", value)), mentions=name)


@pytest.mark.parametrize("index", [(0, 0), (17, 1), (-1, -1)], ids=["first", "middle", "last"])
@pytest.mark.parametrize("value", [value for _, value in NOT_NUMBERS], ids=[name for name, _ in NOT_NUMBERS])
@pytest.mark.parametrize("name", ["X", "pixels"])
def test_entry_not_finite(reject, name, value, index):
    reject(with_entry(name, index, value))


@pytest.mark.parametrize("level", [0.0, 1.0, -3.25, 1e300])
@pytest.mark.parametrize("max_iter", [0, 3])
def test_constant_data(reject, level, max_iter):
    reject(pack_case(replace(CASE, X=np.full_like(CASE.X, level), max_iter=max_iter)), mentions="constant")


def test_data_constant_in_every_column(reject):
    """Equal rows: 0.1 and 0.7 are no binary fractions, and their means may differ in the last bit."""
    reject(pack_case(replace(CASE, X=np.tile([0.1, 0.7, 1e5 / 3], (40, 1)))), mentions="constant")


@pytest.mark.parametrize("name", ["X", "pixels"])
def test_numbers_whose_squares_overflow(execute, name):
    """Finite, but no distance can be computed from them as they are: a map, or an error, and never NaN."""
    outcome = execute(pack_case(replace(CASE, **{name: getattr(CASE, name) * 1e300})), memory_limited=True)
    if outcome.returncode == 0:
        assert np.all(np.isfinite(outcome.Y)) and np.all(np.isfinite(outcome.cost))
        return
    assert outcome.returncode in (2, 3)
    assert outcome.stderr.startswith("spasne: error: ") and outcome.stderr.count("\n") == 1
    assert not (outcome.folder / "result.dat").exists()


# --- extension ---

END = record("end")
ONE = floats([1.0])


@pytest.mark.parametrize("tag", ["unknown", "", "END", "gscale2", "lrates", "method\0x"])
def test_unknown_tag(reject, tag):
    reject(with_records(record(tag, ONE), END))


@pytest.mark.parametrize("tag", [b"lrate\0x", b"lrate\0\0\1", b"\0lrate"])
def test_tag_padded_with_more_than_zeros(reject, tag):
    reject(with_records(tag.ljust(8, b"\0") + struct.pack("<q", 8) + ONE, END), mentions="unknown")


@pytest.mark.parametrize("tag", [b"\xff\xfe\n\x1b[2J", b"a\nb\r\tc"])
def test_bytes_of_the_file_are_not_printed_as_they_are(reject, tag):
    """They could be no text, end the line or steer a terminal."""
    for rest in (struct.pack("<q", 8) + ONE, struct.pack("<q", -1)):
        message = reject(with_records(tag.ljust(8, b"\0") + rest, END)).stderr
        assert message.rstrip("\n").isprintable() and "?" in message
    message = reject(with_records(record("method", tag * 1000), END), mentions="method").stderr
    assert message.rstrip("\n").isprintable() and len(message) < 200


@pytest.mark.parametrize("name", [name for name, _ in extension_records(EXTENDED)])
def test_duplicate_tag(reject, name):
    copy = dict(extension_records(EXTENDED))[name]
    reject(with_records(copy, copy, END), mentions=name)


@pytest.mark.parametrize("size", [0, 4, 7, 9, 16])
@pytest.mark.parametrize("tag", ["lrate", "maxstep", "gscale", "pxoffset", "stoptol", "init", "runs"])
def test_wrong_size(reject, tag, size):
    reject(with_records(record(tag, b"\x01" * size), END), mentions=tag)


@pytest.mark.parametrize("shape", [(40, 1), (40, 3), (39, 2), (41, 2)])
def test_start_of_other_shape(reject, shape):
    reject(with_records(record("init", floats(np.ones(shape))), END), mentions="init")


@pytest.mark.parametrize("size", [-1, -8, -(2**63), 2**40, 2**62, 2**63 - 1])
@pytest.mark.parametrize("tag", ["lrate", "init", "method", "end", "unknown"])
def test_false_record_size(reject, tag, size):
    reject(with_records(struct.pack("<8sq", tag.encode(), size), ONE, END))


def test_payload_in_end(reject):
    reject(with_records(record("end", ONE)))


@pytest.mark.parametrize("records", [[], extension_records(EXTENDED)[:1]], ids=["alone", "after_a_record"])
def test_missing_end(reject, records):
    reject(with_records(*(part for _, part in records)))


@pytest.mark.parametrize(
    "tail", [b"\0", END, MAGIC + END, record("lrate", ONE)], ids=["byte", "end", "extension", "record"]
)
def test_bytes_after_end(reject, tail):
    reject(with_records(record("gscale", ONE), END, tail))


@pytest.mark.parametrize("name", ["", "Exact", "exact\0", "bh", "x" * 1000])
def test_unknown_method(reject, name):
    reject(with_records(record("method", name.encode()), END), mentions="method")


@pytest.mark.parametrize(
    ("records", "mentions"),
    [
        ([record("nbrfind", b"nearest")], 'nbrfind auto, exact or approximate, found "nearest"'),
        ([record("nbrfind", b"approximate"), record("method", b"exact")], "with approximate neighbours"),
        (
            [record("runs", floats([8, 2, 1])), record("scales", floats(np.nan))],
            "record scales, found nan",
        ),
    ],
    ids=["search", "method", "scales"],
)
def test_bad_record(reject, records, mentions):
    assert mentions in reject(with_records(*records, END), mentions=mentions).stderr


MALFORMED = {
    "method of a known length": ([record("method", b"exakt")], 'found "exakt"'),
    "search of a known length": ([record("nbrfind", b"exakt")], 'found "exakt"'),
    "steps of a known length": ([record("descent", b"slow")], 'found "slow"'),
    "part of a run": ([record("runs", b"\0" * 25)], "m x 3 numbers in extension record runs, found 25"),
    "scales of other runs": (
        [record("runs", floats([8, 2, 1])), record("scales", floats([1, 1]))],
        "8 bytes in extension record scales, found 16",
    ),
    "start of other points": ([record("init", floats(np.ones(78)))], "640 bytes in extension record init"),
    "sections of other points": ([record("sections", b"\0" * 156)], "160 bytes in extension record sections"),
}


@pytest.mark.parametrize(("records", "mentions"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_record(reject, records, mentions):
    reject(with_records(*records, END), mentions=mentions)


@pytest.mark.parametrize(("first", "second"), [("nbrindex", "nbrdist"), ("nbrdist", "nbrindex")])
def test_malformed_neighbours(reject, first, second):
    """Whichever of the two comes first."""
    row = b"\0" * 4 * len(CASE.X)
    expected = "expected n x k numbers in extension record"
    reject(with_records(record(first, b""), END), mentions=f"{expected} {first}")
    reject(with_records(record(first, row + b"\0" * 4), END), mentions=f"{expected} {first}")
    reject(with_records(record(first, row), record(second, row * 2), END), mentions=f"{expected} {second}")
    cut = record(first, row) + record(second, row)[:-1]
    reject(with_records(cut), mentions=f"truncated in {second}")
    alone = "both indices and distances of neighbours"
    reject(with_records(record("method", b"interpolation"), record(first, row * 20), END), mentions=alone)


@pytest.mark.parametrize("no_dims", [0, 4])
def test_start_of_no_dims(reject, no_dims):
    """Its size depends on them."""
    data = with_field("no_dims", struct.pack("<i", no_dims))
    reject(data + MAGIC + record("init", floats(np.ones(80))) + END, mentions=f"1, 2 or 3, found {no_dims}")


WORDS = {
    "lrate": "learning rate",
    "maxstep": "step limit",
    "gscale": "global scale",
    "pxoffset": "offset",
    "stoptol": "stop tolerance",
}
BAD_RECORDS = {
    "lrate": [-1.0, np.nan, np.inf, -np.inf],
    "maxstep": [0.0, -1.0, np.nan, -np.inf],
    "gscale": [0.0, -1.0, 1e101, 1e-101, np.nan, np.inf, -np.inf],
    "pxoffset": [-1e-9, np.nan, np.inf, -np.inf],
    "stoptol": [-1e-9, np.nan, np.inf, -np.inf],
}


@pytest.mark.parametrize(
    ("tag", "value"), [(tag, value) for tag, values in BAD_RECORDS.items() for value in values]
)
def test_record_out_of_range(reject, tag, value):
    message = reject(with_records(record(tag, floats([value])), END)).stderr
    assert tag in message or WORDS[tag] in message


@pytest.mark.parametrize("value", [value for _, value in NOT_NUMBERS], ids=[name for name, _ in NOT_NUMBERS])
@pytest.mark.parametrize("index", [(0, 0), (-1, -1)], ids=["first", "last"])
def test_start_not_finite(reject, index, value):
    start = EXTENDED.init.copy()
    start[index] = value
    reject(pack_case(replace(EXTENDED, init=start)), mentions="the start")


# --- batches: rows of alpha, beta, seed ---

GOOD_RUN, RUN_BYTES = [8.0, 2.0, 1.0], 24


def batch_with(column, value):
    """data.dat of three runs, of which the last has another value in a column."""
    runs = np.array([GOOD_RUN] * 3)
    runs[2, column] = value
    return pack_case(replace(CASE, runs=runs))


@pytest.mark.parametrize("value", [-1e-9, -8, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("column", "name"), [(0, "alpha"), (1, "beta")])
def test_weight_of_a_run_out_of_range(reject, column, name, value):
    message = reject(batch_with(column, value), mentions=f"{name} of 0 or more in run 2").stderr
    assert message.count("expected") == 1


@pytest.mark.parametrize("value", [0.5, -0.5, 1e-300, 2.0**31, -(2.0**31), 1e300, np.nan, np.inf, -np.inf])
def test_seed_of_a_run_that_is_no_integer(reject, value):
    reject(batch_with(2, value), mentions="seed of run 2")


@pytest.mark.parametrize("n_runs", [2, 2**40, (2**63 - 1) // RUN_BYTES])
def test_fewer_runs_than_claimed(reject, n_runs):
    claim = struct.pack("<8sq", b"runs", n_runs * RUN_BYTES)
    reject(with_records(claim + floats(GOOD_RUN)), mentions="truncated in runs")


def test_runs_given_twice(reject):
    runs = record("runs", floats(GOOD_RUN))
    reject(with_records(runs, runs, END), mentions="two extension records")


def test_batch_on_bad_data(reject):
    """What the runs share is checked before any of them begins."""
    reject(pack_case(replace(CASE, perplexity=20, runs=np.array([GOOD_RUN] * 3))), mentions="perplexity")


def test_spatial_term_of_one_run_without_distances(reject):
    runs = np.array([[8.0, 0.0, 1.0], GOOD_RUN])
    reject(pack_case(replace(CASE, pixels=np.ones_like(CASE.pixels), pixel_offset=0.0, runs=runs)))


@pytest.mark.parametrize("option", ["--result", "--report"])
def test_batch_over_a_folder(reject, option, tmp_path):
    (tmp_path / "taken.0.x").mkdir()
    reject(pack_case(replace(CASE, runs=np.array([GOOD_RUN]))), option, tmp_path / "taken.x")


def test_no_spatial_distances_without_offset(reject):
    """All positions equal and the constant 0: Ps would be 0 / 0."""
    case = replace(CASE, pixels=np.ones_like(CASE.pixels), pixel_offset=0.0)
    reject(pack_case(case))


@pytest.mark.parametrize("index", [(0, 0), (-1, -1)], ids=["first", "last"])
def test_start_whose_squares_overflow(reject, index):
    start = EXTENDED.init.copy()
    start[index] = -1e101
    reject(pack_case(replace(EXTENDED, init=start)), mentions="a start of numbers of at most 1e+100")


@pytest.mark.parametrize("method", ["exact", "barnes_hut", "interpolation"])
def test_data_whose_sums_overflow(reject, method):
    """Most rows at one end: the others are further from the mean than a number can be."""
    X = np.where(np.arange(40)[:, None] < 2, 1.7e308, -1.7e308) * np.ones(4)
    reject(pack_case(replace(CASE, X=X, method=method)), mentions="numbers in X of at most 5e+307")


@pytest.mark.parametrize("runs", [None, np.array([[8.0, 2.0, 1.0], [0.0, 0.0, 1.0]])])
def test_more_pairs_than_the_machine_has_memory_for(execute, runs):
    """Refused at once: 8 bytes for each of n^2 pairs."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    n = int(1.2 * np.sqrt(memory / 8))
    X = np.arange(n, dtype=float)[:, None]
    outcome = execute(pack_case(replace(CASE, X=X, pixels=X, method="exact", runs=runs)))
    assert outcome.returncode == 1
    assert re.fullmatch(rf"spasne: error: {n} points need about .* GB of memory, .*\n", outcome.stderr)
    assert [path.name for path in outcome.folder.iterdir()] == ["data.dat"]


@pytest.mark.parametrize("beta", [0.0, 2.0])
def test_positions_whose_squares_overflow(reject, beta):
    data = pack_case(replace(CASE, beta=beta, pixels=np.full_like(CASE.pixels, -1e141)))
    reject(data, mentions="positions of at most 1e+140")


def test_positions_whose_squares_vanish(reject):
    """Without the constant of Ps they would be a sum of nothing."""
    case = replace(CASE, pixels=CASE.pixels * 1e-150, pixel_offset=0.0)
    reject(pack_case(case), mentions="positions that differ by 1e-140")


def test_perplexity_of_less_than_one_neighbour(reject):
    reject(
        pack_case(replace(CASE, method="interpolation", perplexity=0.33)),
        mentions="perplexity of at least 1/3",
    )


def test_perplexity_of_less_than_one_neighbour_where_the_method_is_chosen(reject):
    many = np.random.default_rng(0).normal(size=(5001, 2))
    reject(
        pack_case(replace(CASE, X=many, pixels=many, theta=0.5, method="auto", perplexity=0.2)),
        mentions="perplexity of at least 1/3",
    )


# --- arguments and folders ---


@pytest.mark.parametrize(
    "arguments",
    [
        ["--unknown"],
        ["-q"],
        ["data.dat"],
        [""],
        ["--data"],
        ["--result"],
        ["--report"],
        ["--threads"],
        ["--threads", "0"],
        ["--threads", "-1"],
        ["--threads", "two"],
        ["--threads", "2x"],
        ["--threads", "1.5"],
        ["--threads", ""],
        ["--threads", "99999999999999999999"],
        ["--quiet", "--quiet=1"],
        ["--result", ""],
    ],
    ids=" ".join,
)
def test_bad_arguments(reject, arguments):
    reject(BASE, *arguments)


@pytest.mark.parametrize("option", ["--result", "--report"])
def test_result_in_a_missing_folder(reject, option, tmp_path):
    target = tmp_path / "missing" / "file"
    reject(BASE, option, target, mentions=str(target))


@pytest.mark.parametrize("option", ["--result", "--report"])
def test_result_over_a_folder(reject, option, tmp_path):
    (tmp_path / "taken").mkdir()
    reject(BASE, option, tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc, which nobody can write to")
@pytest.mark.parametrize("option", ["--result", "--report"])
def test_result_on_a_read_only_file_system(reject, option):
    reject(BASE, option, "/proc/spasne.dat")


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write to any folder")
def test_unwritable_folder(execute, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert_rejected(execute(BASE, "--result", tmp_path / "closed" / "result.dat"))
    assert list((tmp_path / "closed").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read any file")
def test_unreadable_file(execute, tmp_path):
    (tmp_path / "data.dat").write_bytes(BASE)
    (tmp_path / "data.dat").chmod(0)
    assert_rejected(execute(None, "--data", tmp_path / "data.dat"))


def limit_file_size():
    """No file can grow past 100 bytes; with SIGXFSZ ignored the write fails as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


@pytest.mark.parametrize(("runs", "named"), [(None, "result.dat"), (np.array([GOOD_RUN] * 50), "result.")])
def test_full_disk(execute, runs, named):
    """Not the input's fault: exit code 1, and no part of a result is left."""
    outcome = execute(pack_case(replace(CASE, runs=runs)), prepare=limit_file_size)
    assert outcome.returncode == 1
    assert outcome.stdout.count("done") == 0
    assert outcome.stderr.startswith(f"spasne: error: cannot write {named}")
    assert outcome.stderr.count("\n") == 1
    assert [path.name for path in outcome.folder.iterdir()] == ["data.dat"]
