"""Builds the C++ executable `spasne` and installs it beside Python; everything else is in pyproject.toml."""

import os
import shlex
import subprocess
from pathlib import Path

from setuptools import setup

# isort: split
# from Python 3.12 on it is setuptools, once imported, that provides distutils
from distutils.command.build_scripts import build_scripts

from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.errors import CompileError, ExecError

HERE = Path(__file__).parent
EXECUTABLE = "spasne.exe" if os.name == "nt" else "spasne"
SOURCES = ["sptree.cpp", "spasne.cpp", "spasne_main.cpp"]
# The same as the Makefile's, so that an installed executable is as fast as one built by `make`.
FAST_FLAGS = ["-O3", "-std=c++17", "-pthread"]
# For a compiler that rejects the ones above: the published build command.
PLAIN_FLAGS = ["-O2"]


def compile_executable(target: Path) -> None:
    """Compile the three C++ files into `target` with $CXX (default g++), $CXXFLAGS and $LDFLAGS."""
    compiler = shlex.split(os.environ.get("CXX", "")) or ["g++"]
    user_flags = shlex.split(os.environ.get("CXXFLAGS", ""))
    link_flags = shlex.split(os.environ.get("LDFLAGS", ""))
    failures = []
    for flags in (FAST_FLAGS, PLAIN_FLAGS):
        command = [*compiler, *flags, *user_flags, *SOURCES, "-o", str(target.absolute()), *link_flags]
        print(shlex.join(command), flush=True)
        try:
            done = subprocess.run(command, cwd=HERE, stderr=subprocess.PIPE, text=True)
        except OSError as error:
            raise ExecError(
                f"cannot run the C++ compiler {compiler[0]!r} ({error.strerror}): install g++ (Debian, "
                "Ubuntu: apt-get install g++; macOS: xcode-select --install) or name a compiler in CXX"
            ) from error
        if done.returncode == 0:
            return
        failures.append(f"{shlex.join(command)}\n{done.stderr}")
    raise CompileError("the C++ compiler failed:\n\n" + "\n".join(failures))


class BuildExecutable(build_scripts):
    """Puts the executable where setuptools expects scripts, for pip to put into the environment."""

    def run(self) -> None:
        folder = Path(self.build_dir)
        folder.mkdir(parents=True, exist_ok=True)
        compile_executable(folder / EXECUTABLE)

    def get_source_files(self) -> list[str]:
        return list(SOURCES)


class PlatformWheel(bdist_wheel):
    """A wheel for any Python 3 on one platform: it holds an executable, but no extension module."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


setup(
    # setuptools runs the command below only where some script is named
    scripts=[EXECUTABLE],
    cmdclass={"build_scripts": BuildExecutable, "bdist_wheel": PlatformWheel},
)
