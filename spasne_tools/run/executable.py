"""Finding the executable `spasne`, checking its version and running it as a child process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import IO, NoReturn, TypeAlias

from spasne_tools.user_warning import warn_user
from spasne_tools.version import __version__

EXECUTABLE_NAME = "spasne.exe" if os.name == "nt" else "spasne"
ENVIRONMENT_VARIABLES = ("SPASNE_BIN", "SPASNE_BIN_PATH")  # the second is the published name
HOW_TO_BUILD = "build it with `make` in the source folder, or install it with `pip install .`"
# Beside spasne.py, where `make` and `pip install -e .` put it; inside the package, where `pip install` does.
OWN_FOLDERS = (Path(__file__).resolve().parents[2], Path(__file__).resolve().parents[1] / "bin")
VERSION_TIMEOUT_SECONDS = 60
ERROR_PREFIX = "spasne: error: "

# Takes a line of the executable's; returns what is to be sent to it, None for nothing.
OnLine: TypeAlias = Callable[[str], str | None]

_known_versions: dict[tuple[str, int, int], str] = {}


class ExecutableError(RuntimeError):
    """The executable could not be used, or it failed; ``exit_code`` is its own (1 where it has none)."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ExecutableNotFoundError(ExecutableError, FileNotFoundError):
    """No executable `spasne` where one is looked for."""


def find_executable() -> Path:
    """Return the executable: SPASNE_BIN, SPASNE_BIN_PATH, beside spasne.py, inside the package, PATH.

    Raises
    ------
    RuntimeError
        There is none; the message says how to build it.
    """
    for variable in ENVIRONMENT_VARIABLES:
        if named := os.environ.get(variable):
            path = Path(named).expanduser().absolute()
            if not _is_executable(path):
                raise ExecutableNotFoundError(
                    f"expected an executable file at {path} (environment variable "
                    f"{variable}), found none; {HOW_TO_BUILD}"
                )
            return path
    if own := _own_executable():
        return own
    if on_path := shutil.which(EXECUTABLE_NAME):
        return Path(on_path).absolute()
    places = ", ".join(str(folder) for folder in OWN_FOLDERS)
    raise ExecutableNotFoundError(
        f"expected the executable '{EXECUTABLE_NAME}' in {places} or on PATH, "
        f"found none; {HOW_TO_BUILD}, or name it in SPASNE_BIN"
    )


def _own_executable() -> Path | None:
    """The executable that was built with this package."""
    paths = (folder / EXECUTABLE_NAME for folder in OWN_FOLDERS)
    return next((path for path in paths if _is_executable(path)), None)


def become_executable() -> NoReturn:
    """The command `spasne` of an installed package: the executable inside it takes over this process.

    It is not looked for on PATH, where this command itself is found.
    """
    executable = _own_executable()
    if executable is None:
        print(f"{ERROR_PREFIX}this installation holds no executable; {HOW_TO_BUILD}", file=sys.stderr)
        sys.exit(1)
    os.execv(executable, [str(executable), *sys.argv[1:]])


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def check_version(executable: Path) -> None:
    """Refuse an executable of another version than this package.

    Raises
    ------
    RuntimeError
        It is of another version, or it does not answer ``--version``.
    """
    status = executable.stat()
    key = (str(executable), status.st_mtime_ns, status.st_size)
    if key not in _known_versions:
        _known_versions[key] = _ask_version(executable)
    found = _known_versions[key]
    if found != f"spasne {__version__}":
        raise ExecutableError(
            f"expected 'spasne {__version__}' from {executable} --version, found '{found}'; "
            f"it belongs to another version of this package: {HOW_TO_BUILD}"
        )


def _ask_version(executable: Path) -> str:
    try:
        answer = subprocess.run(
            [executable, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ExecutableError(f"{executable} cannot be run ({error}); {HOW_TO_BUILD}") from error
    return answer.stdout.strip()


def run_executable(arguments: Sequence[str | Path], on_line: OnLine | None = None) -> None:
    """Run the executable with `arguments` to its end, its lines handed live to `on_line` (None: it is quiet).

    What `on_line` returns, where that is text, is written to the executable's stdin. Errors, and the child's
    life, as in `executable_lines`.
    """
    with contextlib.closing(executable_lines(arguments, quiet=on_line is None)) as lines:
        line = next(lines, None)
        while line is not None:
            answer = None if on_line is None else on_line(line)
            try:
                line = lines.send(answer)
            except StopIteration:
                return


def executable_lines(arguments: Sequence[str | Path], quiet: bool) -> Generator[str, str | None, None]:
    """Run the executable with `arguments` and yield its lines as they come; what is sent goes to its stdin.

    The child never outlives the generator: it is killed when that is closed (use contextlib.closing) or when
    an exception (KeyboardInterrupt too) passes through here, and it ends by itself when this process dies,
    because its stdin, a pipe kept open by this process, then ends.

    Raises
    ------
    RuntimeError
        It is missing, of another version, or failed; the message is the executable's own.
    """
    executable = find_executable()
    check_version(executable)
    command = [executable, *arguments, "--watch-stdin"]
    if quiet:
        command.append("--quiet")
    # A file for stderr, not a second pipe: nobody has to empty it while stdout is read.
    with _file_in_memory() as stderr:
        exit_code = yield from _run_child(command, stderr)
        stderr.seek(0)
        said = stderr.read().decode(errors="replace").strip()
    if exit_code != 0:
        _raise_failure(exit_code, said)
    if said:
        warn_user(said)


def _file_in_memory() -> IO[bytes]:
    """A file without a name; on disk only where there are no others, for a full disk is told through it."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("spasne"), "w+b")
    return tempfile.TemporaryFile()


def _run_child(command: Sequence[str | Path], stderr: IO[bytes]) -> Generator[str, str | None, int]:
    """Yield the child's lines, pass on what is sent; return its exit code."""
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
        )
    except OSError as error:
        raise ExecutableError(f"{command[0]} cannot be run ({error}); {HOW_TO_BUILD}") from error
    try:
        assert child.stdout is not None and child.stdin is not None
        for line in child.stdout:
            answer = yield line.rstrip("\n")
            if answer is not None:
                _send(child.stdin, answer)
        return child.wait()
    except BaseException:
        child.kill()
        child.wait()
        raise
    finally:
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # an answer nobody read
                    pipe.close()


def _send(stdin: IO[str], answer: str) -> None:
    """A child that has ended reads no answer; what became of it is told by its exit code."""
    with contextlib.suppress(BrokenPipeError):
        stdin.write(answer)
        stdin.flush()


def _raise_failure(exit_code: int, said: str) -> NoReturn:
    """Raise the error of a child that ended with `exit_code` (negative: a signal) after saying `said`."""
    if exit_code < 0:
        try:
            name = signal.Signals(-exit_code).name
        except ValueError:
            name = f"signal {-exit_code}"
        hint = "; memory may have run out" if name == "SIGKILL" else ""
        message = f"the executable was ended by {name}{hint}"
        raise ExecutableError(f"{message}: {said}" if said else message)
    own_errors = [line for line in said.splitlines() if line.startswith(ERROR_PREFIX)]
    message = own_errors[-1].removeprefix(ERROR_PREFIX) if own_errors else said
    raise ExecutableError(
        message or f"the executable failed with exit code {exit_code} and no message", exit_code
    )
