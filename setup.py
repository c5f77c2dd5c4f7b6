"""Builds the C++ executable `spasne` and puts it into the package; everything else is in pyproject.toml."""

import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Command, Distribution, setup
from setuptools.command.build import build
from setuptools.errors import CompileError, ExecError

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    sys.exit("Installed nothing: setuptools 77 or later is missing; use `pip install .`, which brings it")
# The published README looks for this word: grep Installed log.
if "install" in sys.argv[1:]:
    sys.exit("Installed nothing: use `pip install .`, which compiles the executable and installs it as well")

HERE = Path(__file__).parent
EXECUTABLE = "spasne.exe" if os.name == "nt" else "spasne"
INSIDE = Path("spasne_tools", "bin", EXECUTABLE)  # where the installed package looks for it
SOURCES = ["sptree.cpp", "spasne.cpp", "spasne_main.cpp"]
# What is compiled side by side: files, and the kernels that each of them compiles (src/kernels/isa.h).
KERNELS = "src/kernels/kernels.cpp"
OBJECTS = [*((KERNELS, isa) for isa in "213"), *((source, "0") for source in SOURCES)]
KERNEL_FLAGS = ["-fno-tree-vectorize"]  # as in the Makefile, which says why
# The same as the Makefile's, so that an installed executable is as fast as one built by `make`.
FAST_FLAGS = ["-O3", "-std=c++17", "-pthread"]
# For a compiler that rejects the ones above: the published build command.
PLAIN_FLAGS = ["-O2"]


def run_compiler(command: list[str]) -> None:
    print(shlex.join(command), flush=True)
    try:
        done = subprocess.run(command, cwd=HERE, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise ExecError(
            f"cannot run the C++ compiler {command[0]!r} ({error.strerror}): install g++ (Debian, "
            "Ubuntu: apt-get install g++; macOS: xcode-select --install) or name a compiler in CXX"
        ) from error
    if done.returncode != 0:
        raise CompileError(f"{shlex.join(command)}\n{done.stderr}")


def extra_flags(source: str) -> list[str]:
    return KERNEL_FLAGS if source == KERNELS else []


def compile_objects(compiler: list[str], target: Path, link_flags: list[str]) -> None:
    """All objects side by side, and `target` out of them."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count() or 2) as threads:
        objects = [str(Path(folder, f"{number}.o")) for number in range(len(OBJECTS))]
        commands = [
            [*compiler, *extra_flags(source), f"-DSPASNE_KERNELS_OF={isa}", "-c", source, "-o", made]
            for (source, isa), made in zip(OBJECTS, objects, strict=True)
        ]
        list(threads.map(run_compiler, commands))
        run_compiler([*compiler, *objects, "-o", str(target.absolute()), *link_flags])


def compile_executable(target: Path) -> None:
    """Compile the C++ files into `target` with $CXX (default g++), $CXXFLAGS and $LDFLAGS."""
    compiler = shlex.split(os.environ.get("CXX", "")) or ["g++"]
    user_flags = shlex.split(os.environ.get("CXXFLAGS", ""))
    link_flags = shlex.split(os.environ.get("LDFLAGS", ""))
    print("compiling the executable: half a minute or so", flush=True)
    try:
        return compile_objects([*compiler, *FAST_FLAGS, *user_flags], target, link_flags)
    except CompileError as error:
        failure = str(error)
    plain = [*compiler, *PLAIN_FLAGS, *user_flags, *SOURCES, "-o", str(target.absolute()), *link_flags]
    try:
        run_compiler(plain)
    except CompileError as error:
        raise CompileError(f"the C++ compiler failed:\n\n{failure}\n{error}") from None


class BuildExecutable(Command):
    """Compiles the executable into the package; where that is editable, beside spasne.py as `make` does."""

    build_lib = ""
    editable_mode = False

    def initialize_options(self) -> None:
        """Nothing: `build` knows the folder."""

    def finalize_options(self) -> None:
        self.build_lib = self.get_finalized_command("build").build_lib

    def run(self) -> None:
        target = HERE / EXECUTABLE if self.editable_mode else Path(self.build_lib, INSIDE)
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f"{EXECUTABLE}.tmp")  # a program in use is never half written
        compile_executable(unfinished)
        os.replace(unfinished, target)

    def get_source_files(self) -> list[str]:
        return [*SOURCES, KERNELS]

    def get_outputs(self) -> list[str]:
        return [str(Path(self.build_lib, INSIDE))]

    def get_output_mapping(self) -> dict[str, str]:
        return {}


class Build(build):
    """`build`, with the command above as its last step."""

    sub_commands = [*build.sub_commands, ("build_executable", None)]


class PlatformDistribution(Distribution):
    """Modules that go with an executable belong where those with extension modules do."""

    def has_ext_modules(self) -> bool:
        return True


class PlatformWheel(bdist_wheel):
    """A wheel for any Python 3 on one platform: it holds an executable, but no extension module."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


setup(
    distclass=PlatformDistribution,
    cmdclass={"build": Build, "build_executable": BuildExecutable, "bdist_wheel": PlatformWheel},
)
