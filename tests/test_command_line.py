"""`python -m spasne`: tables of all kinds in, a map out, scores on screen, one line for each error."""

import gzip
import io
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from processes import children, is_running

import spasne
from spasne_tools.commands import command_line
from spasne_tools.commands import embed as embed_command
from spasne_tools.map_table import check_map_format, write_map
from spasne_tools.plotting import maps as plotting
from spasne_tools.plotting.class_colours import palette
from spasne_tools.plotting.colour_scale import is_continuous
from spasne_tools.readers.tables import has_row_names, read_table
from spasne_tools.run.parameters import Parameters
from spasne_tools.simulation import simulate_components
from spasne_tools.version import __version__

pytestmark = pytest.mark.usefixtures("real_executable")

ROOT = Path(__file__).resolve().parents[1]
NAMES = [f"spot_{row}" for row in range(60)]


# --- tables ---------------------------------------------------------------------------------------------

VALUES = [[1.5, -2.0], [3.0, 4e-3], [0.1, 5.0]]
TABLES = {  # text, row names, column names
    "csv of pandas": (",a,b\nr1,1.5,-2\nr2,3,4e-3\nr3,0.1,5\n", ["r1", "r2", "r3"], ["a", "b"]),
    "csv, numbered rows": (",a,b\n0,1.5,-2\n1,3,4e-3\n2,0.1,5\n", ["0", "1", "2"], ["a", "b"]),
    "csv, numbered columns": (",0,1\nr1,1.5,-2\nr2,3,4e-3\nr3,0.1,5\n", ["r1", "r2", "r3"], ["0", "1"]),
    "numbered columns only": ("0,1\n1.5,-2\n3,4e-3\n0.1,5\n", None, ["0", "1"]),
    "header only": ("a,b\n1.5,-2\n3,4e-3\n0.1,5\n", None, ["a", "b"]),
    "numbers only": ("1.5,-2\n3,4e-3\n0.1,5\n", None, [1, 2]),
    "row names only": ("r1,1.5,-2\nr2,3,4e-3\nr3,0.1,5\n", ["r1", "r2", "r3"], [1, 2]),
    "named index of numbers": ("cell,a,b\n8,1.5,-2\n9,3,4e-3\n11,0.1,5\n", ["8", "9", "11"], ["a", "b"]),
    "leading zeros in names": ("id,a,b\n01,1.5,-2\n1,3,4e-3\n001,0.1,5\n", ["01", "1", "001"], ["a", "b"]),
    "name NA": (",a,b\nNA,1.5,-2\nr2,3,4e-3\nr3,0.1,5\n", ["NA", "r2", "r3"], ["a", "b"]),
    "tab": ("\ta\tb\nr1\t1.5\t-2\nr2\t3\t4e-3\nr3\t0.1\t5\n", ["r1", "r2", "r3"], ["a", "b"]),
    "written by R": ('"a" "b"\n"r1" 1.5 -2\n"r2" 3 4e-3\n"r3" 0.1 5\n', ["r1", "r2", "r3"], ["a", "b"]),
    "white space": ("  1.5   -2 \n 3 4e-3\n0.1 5\n\n", None, [1, 2]),
    "quoted names with commas": (
        'n,a,b\n"r,1",1.5,-2\nr2,3,4e-3\nr3,0.1,5\n',
        ["r,1", "r2", "r3"],
        ["a", "b"],
    ),
    "semicolons": ("a;b\n1.5;-2\n3;4e-3\n0.1;5\n", None, ["a", "b"]),
    "windows": ("\ufeffa,b\r\n1.5,-2\r\n3,4e-3\r\n0.1,5\r\n", None, ["a", "b"]),
    "old mac": ("a,b\r1.5,-2\r3,4e-3\r0.1,5", None, ["a", "b"]),
    "a name twice": ("a,a\n1.5,-2\n3,4e-3\n0.1,5\n", None, ["a", "a"]),
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("text", "rows", "columns"), TABLES.values(), ids=TABLES)
def test_read_table(tmp_path, text, rows, columns, zipped):
    content = text.encode()
    path = tmp_path / "table"  # gzip is told from the content, not from the name
    path.write_bytes(gzip.compress(content) if zipped else content)
    table = read_table(path)
    assert table.to_numpy().tolist() == VALUES
    assert list(table.columns) == columns
    assert has_row_names(table) == (rows is not None)
    assert rows is None or list(table.index) == rows


@pytest.mark.parametrize(
    ("text", "n_rows", "columns"),
    [
        ("layer\nL1\nL2", 2, ["layer"]),
        ("layer\nL1\nL2", 3, [1]),
        ("0 1\n2 3", 2, [1, 2]),
        ("0 1\n2 3", 1, ["0", "1"]),
    ],
)
def test_the_number_of_rows_settles_whether_there_is_a_header(tmp_path, text, n_rows, columns):
    (tmp_path / "table").write_text(text)
    table = read_table(tmp_path / "table", n_rows)
    assert (len(table), list(table.columns)) == (n_rows, columns)


def test_repeated_texts_are_no_row_names(tmp_path):
    (tmp_path / "table").write_text("layer,x\nL1,1\nL1,2\n")
    assert list(read_table(tmp_path / "table").columns) == ["layer", "x"]


def test_array_file_is_read_as_it_is(tmp_path):
    values = np.array(VALUES, dtype=np.float32)
    np.save(tmp_path / "table.npy", values)
    table = read_table(tmp_path / "table.npy")
    assert not has_row_names(table)
    assert list(table.columns) == [1, 2]
    assert set(table.dtypes) == {np.dtype(np.float32)}
    assert np.array_equal(table.to_numpy(), values)


@pytest.mark.parametrize(
    ("content", "found"),
    [(np.arange(3.0), "found shape .3,"), (np.empty((0, 2)), "found shape .0, 2"), (b"text", "found none")],
)
def test_no_array(tmp_path, content, found):
    path = tmp_path / "table.npy"
    path.write_bytes(content) if isinstance(content, bytes) else np.save(path, content)
    with pytest.raises(ValueError, match=f"expected an array .*{found}"):
        read_table(path)


def test_numbers_are_read_to_the_last_digit(tmp_path):
    values = np.random.default_rng(0).normal(size=(50, 3)) * 10.0 ** np.arange(-150, 150, 100)
    pd.DataFrame(values).to_csv(tmp_path / "table.csv", index=False)
    assert np.array_equal(read_table(tmp_path / "table.csv").to_numpy(), values)


@pytest.mark.parametrize(
    "content", [b"", b"\n \n", b"\xff\xfe\x00", b"\x1f\x8b\x08 broken", b"a,b\n1,2\n1,2,3,4\n"]
)
def test_no_table(tmp_path, content):
    (tmp_path / "table").write_bytes(content)
    with pytest.raises(ValueError, match="^expected a table in .*table, found"):
        read_table(tmp_path / "table")


def test_header_of_another_length(tmp_path):
    (tmp_path / "table").write_text("a,b,c,d\n1,2\n3,4\n")
    with pytest.raises(ValueError, match="expected 4 columns in .*, as its header has, found 2"):
        read_table(tmp_path / "table")


MAP = np.array([[0.1, -2e-17], [1 / 3, 4.0]])


def test_map_as_csv(tmp_path):
    write_map(tmp_path / "map.csv", MAP, pd.Index(["a", "b"]))
    assert (tmp_path / "map.csv").read_text() == f",x_pos,y_pos\na,0.1,-2e-17\nb,{1 / 3!r},4.0\n"
    write_map(tmp_path / "map.csv", MAP, None)
    assert (tmp_path / "map.csv").read_text() == f"x_pos,y_pos\n0.1,-2e-17\n{1 / 3!r},4.0\n"


@pytest.mark.parametrize("name", ["map.txt", "map.dat", "map.tsv", "map.txt.gz"])
def test_map_as_bare_numbers(tmp_path, name):
    write_map(tmp_path / name, MAP, pd.Index(["a", "b"]))
    assert np.array_equal(spasne.load_data(tmp_path / name), MAP)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_map_as_zipped_csv(tmp_path):
    write_map(tmp_path / "map.csv.gz", MAP, None)
    assert np.array_equal(pd.read_csv(tmp_path / "map.csv.gz").to_numpy(), MAP)


@pytest.mark.parametrize("name", ["map.npy", "MAP.NPY"])
def test_map_as_array(tmp_path, name):
    write_map(tmp_path / name, MAP, pd.Index(["a", "b"]))
    written = np.load(tmp_path / name)
    assert written.dtype == np.float64 and np.array_equal(written, MAP)
    assert np.array_equal(read_table(tmp_path / name).to_numpy(), MAP)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["-", "map", "map.csv", "map.gz", "map.CSV.gz", "map.tsv", "v1.2/map.npy"])
def test_known_endings_of_maps(name):
    check_map_format(name)


@pytest.mark.parametrize("name", ["map.npz", "map.xlsx", "map.h5ad", "map.npy.gz"])
@pytest.mark.parametrize("command", ["embed", "screen"])
def test_unknown_endings_of_maps_are_refused_before_any_work(tmp_path, capsys, command, name):
    assert command_line.main([command, "-i", str(tmp_path / "no.csv"), "-o", str(tmp_path / name)]) == 2
    said = capsys.readouterr().err
    assert f"ends in one of .csv, .txt, .dat, .tsv, .npy, found '{tmp_path / name}'" in said


def test_an_interrupted_write_leaves_the_old_map(tmp_path, monkeypatch):
    (tmp_path / "map.csv").write_text("old")
    monkeypatch.setattr(pd.DataFrame, "to_csv", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_map(tmp_path / "map.csv", MAP, None)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("map.csv", "old")]


# --- runs -----------------------------------------------------------------------------------------------

FAST = ["--perplexity", "10", "--max_iter", "60", "--randseed", "1"]


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """A folder, made the working directory, with expression.csv, pixels.csv and labels.csv."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    pixels = random.uniform(0, 1000, size=(60, 2))
    data = pixels @ random.normal(size=(2, 8)) / 500 + random.normal(size=(60, 8))
    pd.DataFrame(data, NAMES, list("abcdefgh")).to_csv("expression.csv")
    pd.DataFrame(pixels, NAMES, ["x", "y"]).to_csv("pixels.csv")
    pd.DataFrame({"layer": np.where(pixels[:, 0] < 500, "L1", "L2")}, NAMES).to_csv("labels.csv")
    return data, pixels


def run(*arguments):
    return command_line.main(["-i", "expression.csv", "-x", "pixels.csv", "-o", "map.csv", *FAST, *arguments])


def scores_in(text):
    return {name: float(value) for name, value in re.findall(r"^(r1|r2|s) (\S+)$", text, re.MULTILINE)}


def test_map_and_scores(tables, capsys):
    data, pixels = tables
    assert run("-l", "labels.csv", "--alpha", "9", "--beta", "4") == 0
    written = pd.read_csv("map.csv", index_col=0)
    Y = spasne.run_spasne(data, pixels, 9, 4, perplexity=10, max_iter=60, randseed=1)
    assert list(written.index) == NAMES
    assert Path("map.csv").read_text().startswith(",x_pos,y_pos\nspot_0,")
    assert np.allclose(written.to_numpy(), Y, rtol=0, atol=1e-12)
    expected = spasne.score_embedding(Y, data, pixels, np.where(pixels[:, 0] < 500, "L1", "L2"))
    assert scores_in(capsys.readouterr().out) == pytest.approx(expected.to_dict(), abs=6e-5)


def test_without_pixels_it_is_expression_only(tables, capsys):
    data, _ = tables
    assert command_line.main(["-i", "expression.csv", "-o", "map.csv", *FAST]) == 0
    Y = spasne.run_spasne(data, perplexity=10, max_iter=60, randseed=1)
    assert np.allclose(pd.read_csv("map.csv", index_col=0).to_numpy(), Y, rtol=0, atol=1e-12)
    assert set(scores_in(capsys.readouterr().out)) == {"r1"}


def test_every_parameter_has_its_flag(tables, monkeypatch):
    passed = {}
    monkeypatch.setattr(embed_command, "embed", lambda data, pixels, parameters, verbose: passed.update(
        parameters=parameters, verbose=verbose) or (_ for _ in ()).throw(ValueError("enough")))  # fmt: skip
    flags = (
        "--alpha 1 --beta 2.5 --exaggeration 3 -d 3 -p 5 -t 0.1 -r 6 -n 7 --no_pca -m 8 "
        "--method interpolation --n_jobs 2 --init pca --learning_rate auto --max_step inf --global_scale 0.5 "
        "--pixel_scale unit -v --neighbors approximate --accuracy 0.01"
    )
    assert run(*flags.split()) == 2
    assert passed["parameters"] == Parameters(
        alpha=1, beta=2.5, exaggeration=3, no_dims=3, perplexity=5, theta=0.1, randseed=6, initial_dims=7,
        use_pca=False, max_iter=8, method="interpolation", n_jobs=2, init="pca", learning_rate="auto",
        max_step=np.inf, global_scale=0.5, pixel_scale="unit", neighbors="approximate", accuracy=0.01,
    )  # fmt: skip
    assert passed["verbose"]


def test_flags_default_to_run_spasnes_defaults():
    options = vars(command_line.parser_of("embed").parse_args([]))
    without = {"callback", "callback_every", "sections"}  # functions and labels: from Python only
    by_size = {"alpha", "beta", "global_scale"}
    assert by_size.isdisjoint(options)
    without |= by_size
    defaults = {name: value for name, value in vars(Parameters()).items() if name not in without}
    assert {name: options[name] for name in defaults} == defaults


def test_chosen_columns_of_larger_tables(tables, capsys):
    data, pixels = tables
    meta = pd.read_csv("labels.csv", index_col=0).assign(x=pixels[:, 0], y=pixels[:, 1], cell_type="neuron")
    meta.to_csv("meta.csv.gz")
    run("-l", "labels.csv")
    expected = capsys.readouterr().out
    columns = ["-x", "meta.csv.gz", "--pixel_columns", "x,y", "-l", "meta.csv.gz", "--label_column", "layer"]
    assert run(*columns) == 0
    assert scores_in(capsys.readouterr().out) == scores_in(expected)


@pytest.mark.parametrize("kind", ["csv", "npy", "row names"])
def test_columns_without_a_header_are_numbered_from_1(tables, capsys, kind):
    _, pixels = tables
    assert run() == 0
    expected = Path("map.csv").read_bytes()
    table = pd.DataFrame(np.column_stack([pixels, np.arange(60.0)]), NAMES)
    if kind == "npy":
        np.save("xyz.npy", table.to_numpy())
    else:
        table.to_csv(f"xyz.{kind}", header=False, index=kind == "row names")
    assert run("-x", f"xyz.{kind}", "--pixel_columns", "1,2") == 0
    assert Path("map.csv").read_bytes() == expected
    assert run("-x", f"xyz.{kind}", "--pixel_columns", "0,1") == 2
    assert f"expected column '0' in xyz.{kind}, found 1, 2, 3\n" in capsys.readouterr().err


def test_tables_with_and_without_names_go_together(tables, capsys):
    data, pixels = tables
    run()
    expected = pd.read_csv("map.csv", index_col=0).to_numpy()
    np.savetxt("expression.txt", data, fmt="%.17g")
    assert run("-i", "expression.txt") == 0
    written = pd.read_csv("map.csv")
    assert list(written.columns) == ["x_pos", "y_pos"]
    assert np.allclose(written.to_numpy(), expected, rtol=0, atol=1e-9)


def test_start_from_a_table(tables):
    data, pixels = tables
    np.savetxt("start.txt", pixels, fmt="%.17g")
    assert run("--init", "start.txt", "--max_iter", "0") == 0
    # pandas may round the last bit
    found = np.loadtxt("map.csv", delimiter=",", skiprows=1, usecols=(1, 2))
    assert np.array_equal(found, pixels)


def test_standard_input_to_standard_output(tables, capsys, monkeypatch):
    data, _ = tables
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("expression.csv").read_bytes())))
    assert command_line.main([*FAST, "-v"]) == 0
    out, err = capsys.readouterr()
    Y = spasne.run_spasne(data, perplexity=10, max_iter=60, randseed=1)
    assert np.allclose(np.loadtxt(io.StringIO(out)), Y, rtol=0, atol=1e-12)
    assert "Iteration 50" in err
    assert "r1 " in err


def test_plot(tables):
    assert run("-l", "labels.csv", "--plot", "map.png") == 0
    assert Path("map.png").read_bytes().startswith(b"\x89PNG")
    assert command_line.main(["-i", "expression.csv", "-o", "map.csv", "--plot", "plain.png", *FAST]) == 0
    assert Path("plain.png").read_bytes().startswith(b"\x89PNG")


def test_colours_of_a_plot_without_classes_are_named(tables, monkeypatch):
    drawn, plot_maps = [], plotting.plot_maps
    monkeypatch.setattr(
        plotting, "plot_maps", lambda *given, **more: drawn.append(plot_maps(*given, **more)) or drawn[-1]
    )
    assert command_line.main(["-i", "expression.csv", "-o", "map.csv", "--plot", "plain.png", *FAST]) == 0
    assert drawn[0].axes[-1].get_ylabel() == "first principal component of expression"


@pytest.mark.parametrize("names", [["L1", "L2"], [1, 2]])
def test_rows_without_a_class_are_grey_and_not_scored(tables, capsys, monkeypatch, names):
    _, pixels = tables
    labels = pd.Series(np.where(pixels[:, 0] < 500, *names), NAMES, dtype=object, name="layer")
    labels.iloc[[3, 8]] = ["", "NA"]
    labels.to_csv("labels.csv")
    drawn = []
    plot_maps = plotting.plot_maps
    monkeypatch.setattr(
        plotting, "plot_maps", lambda *given, **more: drawn.append(given[1]) or plot_maps(*given, **more)
    )
    assert run("-l", "labels.csv", "--plot", "map.png") == 0
    out, err = capsys.readouterr()
    assert set(scores_in(out)) == {"r1", "r2"}
    assert re.fullmatch("spasne: warning: 2 of 60 rows have no class .*silhouette.*\n", err)
    assert Path("map.png").read_bytes().startswith(b"\x89PNG")
    assert list(palette(drawn[0])) == names and not is_continuous(drawn[0])
    assert np.flatnonzero(drawn[0].isna()).tolist() == [3, 8]
    assert command_line.main(["score", "map.csv", "-i", "expression.csv", "-l", "labels.csv"]) == 2
    assert "expected labels for every spot, found 2 missing" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["-m", "spasne"], [str(ROOT / "spasne.py")]])
def test_both_ways_to_start_it(tables, command):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    arguments = ["-i", "expression.csv", "-x", "pixels.csv", "-o", "map.csv", *FAST]
    done = subprocess.run(
        [sys.executable, *command, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert set(scores_in(done.stdout)) == {"r1", "r2"}
    bad = subprocess.run(
        [sys.executable, *command, "-p", "x"], env=environment, capture_output=True, check=False
    )
    assert bad.returncode == 2


@pytest.mark.parametrize("program", [[], ["spasne.py"]])
def test_arguments_may_begin_with_the_programs_name(program, capsys):
    assert spasne.main([*program, "-i", "no.csv"]) == 2
    assert "expected a table in no.csv" in capsys.readouterr().err


def test_version(capsys):
    assert spasne.main(["--version"]) == 0
    assert capsys.readouterr().out == f"spasne {__version__}\n"


# --- errors ---------------------------------------------------------------------------------------------

USER_ERRORS = {
    "missing expression": (["-i", "no.csv"], "expected a table in no.csv, found none .*No such file"),
    "missing pixels": (["-x", "no.csv"], "expected a table in no.csv, found none"),
    "missing labels": (["-l", "no.csv"], "expected a table in no.csv, found none"),
    "output in no folder": (["-o", "no/map.csv"], "expected a file name in a folder .*found 'no/map.csv'"),
    "plot in no folder": (["--plot", "no/map.png"], "expected a file name in a folder .*found 'no/map.png'"),
    "no figure format": (
        ["--plot", "map.csv"],
        "expected a figure file that ends in one of .*png.*found 'map.csv'",
    ),
    "output is a folder": (["-o", "."], "expected a file name"),
    "perplexity": (["-p", "50"], "expected perplexity at most"),
    "no number": (["--alpha", "x"], "expected alpha to be 'auto' or a number of 0 or more, found 'x'"),
    "negative alpha": (["--alpha", "-1"], "expected alpha to be a number of 0 or more, found -1.0"),
    "unknown flag": (["--gamma", "1"], "unrecognized arguments: --gamma 1"),
    "unknown method": (["--method", "fast"], "argument --method: invalid choice: 'fast'"),
    "unknown scale": (
        ["--pixel_scale", "mm"],
        "expected pixel_scale to be 'raw', 'unit' or a positive number",
    ),
    "text in pixels": (["-x", "labels.csv"], "expected numbers in every column of pixels, found"),
    "unknown column": (["--pixel_columns", "x,z"], "expected column 'z' in pixels.csv, found x, y"),
    "many label columns": (
        ["-l", "pixels.csv"],
        "expected one column of labels .*found x, y; .*--label_column",
    ),
    "one class": (["-l", "one_class.csv"], "expected between 2 and 59 classes in labels, found 1"),
    "no class": (["-l", "no_class.csv"], "expected classes in labels, found all 60 missing"),
    "column of no table": (["--label_column", "layer"], "expected column 'layer' in pixels.csv, found x, y"),
    "other rows": (["-x", "short.csv"], "expected the names of all 60 rows .* in short.csv, found 59 of 60 "),
    "other names": (["-x", "renamed.csv"], "found 59 of 60 in row names, e.g. not 'spot_7'"),
    "start of another shape": (
        ["--init", "expression.csv"],
        r"expected init of shape \(60, 2\), found \(60, 8\)",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), USER_ERRORS.values(), ids=USER_ERRORS)
def test_user_errors_are_one_line_and_exit_code_2(tables, capsys, arguments, message):
    pixels = pd.read_csv("pixels.csv", index_col=0)
    pixels.iloc[:59].to_csv("short.csv")
    pixels.rename(index={"spot_7": "other"}).to_csv("renamed.csv")
    for name, label in {"one_class": "L1", "no_class": ""}.items():
        pd.DataFrame({"layer": label}, NAMES).to_csv(f"{name}.csv")
    exit_code = run(*arguments)
    err = capsys.readouterr().err
    assert exit_code == 2
    assert re.fullmatch(f"spasne: error: .*{message}.*\n", err)
    assert not Path("map.csv").exists()


@pytest.mark.parametrize(("own", "expected"), [(1, 1), (2, 2), (3, 3), (7, 1)])
def test_exit_code_of_a_failed_run(tables, capsys, monkeypatch, tmp_path, own, expected):
    script = tmp_path / "failing"
    script.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo spasne {__version__}; exit; fi\n'
        f"echo 'spasne: error: the reason' >&2\nexit {own}\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("SPASNE_BIN", str(script))
    assert run() == expected
    assert capsys.readouterr().err == "spasne: error: the reason\n"


def test_no_executable(tables, capsys, monkeypatch):
    monkeypatch.setenv("SPASNE_BIN", "/no/such/file")
    assert run() == 1
    assert re.fullmatch("spasne: error: expected an executable file at .*`make`.*\n", capsys.readouterr().err)


def test_interrupt(tables, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(embed_command, "embed", interrupt)
    assert run() == 130
    assert capsys.readouterr().err == "spasne: error: interrupted\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_termination_leaves_neither_process_nor_folder(tables, tmp_path):
    folder = tmp_path / "tmp"
    folder.mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    environment = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    endless = ["-i", "expression.csv", "-o", "map.csv", "-p", "10", "-m", "1000000000", "-v", "--beta", "0"]
    code = "import sys; sys.modules['tqdm.auto'] = None; import spasne; sys.exit(spasne.main(sys.argv[1:]))"
    with subprocess.Popen(
        [sys.executable, "-c", code, *endless, "--method", "barnes_hut"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as parent:
        assert any(line.startswith("Iteration ") for line in parent.stdout)
        (child,) = children(parent.pid)
        assert is_running(child) and list(folder.iterdir())
        parent.send_signal(signal.SIGTERM)
        _, said = parent.communicate()
    assert (parent.returncode, said) == (143, "spasne: error: terminated\n")
    assert not is_running(child)
    assert list(folder.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_callers_way_with_sigterm_comes_back(tables, monkeypatch):
    during = []

    def look(*_):
        during.append(signal.getsignal(signal.SIGTERM))
        raise ValueError

    def own(*_):
        pass

    monkeypatch.setattr(embed_command, "embed", look)
    old = signal.getsignal(signal.SIGTERM)
    try:
        for handler in (own, signal.SIG_IGN, signal.SIG_DFL):
            signal.signal(signal.SIGTERM, handler)
            assert run() == 2
            assert signal.getsignal(signal.SIGTERM) == handler
    finally:
        signal.signal(signal.SIGTERM, old)
    assert during[:2] == [own, signal.SIG_IGN] and callable(during[2])


def test_the_command_line_works_in_a_thread(tables):
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(run).result() == 0


def test_warnings_are_one_line(tables, capsys):
    assert run("--pixel_scale", "1") == 0
    assert capsys.readouterr().err == ""
    pd.read_csv("pixels.csv", index_col=0).div(1000).to_csv("pixels.csv")
    assert run() == 0
    assert re.fullmatch("spasne: warning: the mean squared distance .*'unit'.*\n", capsys.readouterr().err)


# --- bench-data -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", [[], ["spasne"]])
def test_bench_data_is_the_simulated_section(tmp_path, capsys, program):
    folder = tmp_path / "new" / "section"
    sizes = ["--components", "6", "--genes", "60", "--seed", "3"]
    assert spasne.main([*program, "bench-data", "300", "-o", str(folder), *sizes]) == 0
    assert capsys.readouterr().out == f"{folder}: 300 spots, 6 components\n"
    components, pixels, labels = simulate_components(300, 6, 60, seed=3)
    assert sorted(path.name for path in folder.iterdir()) == ["components.npy", "labels.csv", "pixels.npy"]
    assert np.array_equal(np.load(folder / "components.npy"), components.astype(np.float32))
    assert np.array_equal(np.load(folder / "pixels.npy"), pixels.to_numpy())
    assert pd.read_csv(folder / "labels.csv")["layer"].tolist() == labels.tolist()


def test_bench_data_can_be_mapped(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert spasne.main(["bench-data", "100", "-o", "b", "--components", "5"]) == 0
    files = ["-i", "b/components.npy", "-x", "b/pixels.npy", "-l", "b/labels.csv", "-o", "map.csv"]
    assert run(*files, "-p", "10", "-m", "5") == 0
    assert set(scores_in(capsys.readouterr().out)) == {"r1", "r2", "s"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["9", "-o", "b"], "expected n_spots of 10 or more, found 9"),
        (["100", "-o", "b", "--components", "501"], "expected n_components between 1 and 100, found 501"),
        (["100", "-o", "file"], "expected a folder that can be written to, found file"),
        (["many", "-o", "b"], "invalid int value"),
        (["100"], "-o"),
    ],
)
def test_bench_data_that_cannot_be_made(tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert spasne.main(["bench-data", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("spasne: error: ") and message in said
    assert not (tmp_path / "b").exists()


def test_interrupted_bench_data_leave_nothing(tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("spasne_tools.simulation._labels", stop)
    assert spasne.main(["bench-data", "100", "-o", str(tmp_path)]) == command_line.EXIT_INTERRUPTED
    assert list(tmp_path.iterdir()) == []


def test_sampled_scores_are_printed_with_their_errors(tables, capsys, monkeypatch):
    monkeypatch.setattr(
        embed_command, "_scored", lambda *_: pd.Series({"r1": 0.5, "r1_se": 0.0123, "s": 0.25})
    )
    assert run("-m", "2", "-p", "5") == 0
    assert capsys.readouterr().out.splitlines()[-4:] == [
        "r1 0.5000 +- 0.0123",
        "s 0.2500",
        "distances on the map follow those in expression moderately (r1 0.50)",
        "wrote map.csv",
    ]
