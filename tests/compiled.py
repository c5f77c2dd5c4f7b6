"""Parts of the C++ side, compiled from tests/cpp: programs that read binary numbers and write some."""

import os
import shlex
import subprocess
from pathlib import Path

import numpy as np

SOURCES = Path(__file__).parent / "cpp"
INSTRUCTION_SETS = ["baseline", "avx2", "avx512"]


def compile_source(name, folder):
    """tests/cpp/NAME.cpp as a program in `folder`; CXX and CXXFLAGS as for make."""
    binary = Path(folder) / name
    flags = shlex.split(os.environ.get("CXXFLAGS", "-O2"))
    compiler = os.environ.get("CXX", "g++")
    command = [compiler, *flags, "-std=c++17", "-pthread", str(SOURCES / f"{name}.cpp"), "-o", str(binary)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return binary


def feed(program, arguments, arrays, instruction_set=None):
    """Run a program with arguments; its input are the bytes of the arrays, one after the other."""
    environment = dict(os.environ)
    if instruction_set is not None:
        environment["SPASNE_ISA"] = instruction_set
    return subprocess.run(
        [program, *map(str, arguments)],
        input=b"".join(np.ascontiguousarray(array).tobytes() for array in arrays),
        capture_output=True,
        env=environment,
        check=False,
        timeout=300,
    )


def output_of(done):
    """What a program wrote, which must have succeeded."""
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def compile_library(name, folder):
    """tests/cpp/NAME.cpp as a library in `folder`, for LD_PRELOAD."""
    library = Path(folder) / f"{name}.so"
    command = [os.environ.get("CXX", "g++"), "-O1", "-std=c++17", "-shared", "-fPIC"]
    command += [str(SOURCES / f"{name}.cpp"), "-o", str(library), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library
