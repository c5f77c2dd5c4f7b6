"""The command line: ``spasne-map COMMAND``, the same as ``python -m spasne COMMAND``.

Flags without a command are those of ``embed``, so that ``python spasne.py -i data -o map``
works as published.
"""

from __future__ import annotations

import argparse
import difflib
import re
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

from spasne_tools.run.executable import ERROR_PREFIX, ExecutableError
from spasne_tools.version import __version__

PROGRAM = "spasne-map"
EMBED = "embed"  # the command that flags alone mean
COMMANDS = (EMBED, "choose", "screen", "score", "plot", "demo", "bench", "bench-data", "doctor")
EXIT_OTHER, EXIT_BAD_INPUT, EXIT_NUMERICAL = 1, 2, 3
EXIT_INTERRUPTED, EXIT_TERMINATED = 130, 143  # 128 and the signal's number, as shells have it


class _Terminated(BaseException):
    """SIGTERM has come."""


class _Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Defaults behind each flag; examples line by line."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.nargs == 0 or action.default in (None, ""):  # a switch, or nothing to say
            return action.help
        return super()._get_help_string(action)


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_BAD_INPUT, f"{ERROR_PREFIX}{message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments, after the program's name or without it. None: those of the process.

    Returns
    -------
    int
        0: done; 2: bad input or arguments; 3: numerical trouble; 130: interrupted; 143: terminated;
        1: anything else; each but 0 with one line ``spasne: error: ...`` on standard error.
    """
    arguments = _without_program(list(sys.argv if argv is None else argv))
    if arguments[:1] in (["-h"], ["--help"], ["help"]) or not arguments and sys.stdin.isatty():
        print(_overview())
        return 0 if arguments else EXIT_BAD_INPUT
    try:
        name, arguments = _command(arguments)
        options = parser_of(name).parse_args([_underscored(argument) for argument in arguments])
    except SystemExit as ended:  # how argparse ends: after --help and --version, and with errors
        return int(ended.code or 0)
    module = command_module(name)
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = _show_warning
        try:
            with _orderly_termination():
                module.run(options)
        except ExecutableError as error:
            known = (EXIT_BAD_INPUT, EXIT_NUMERICAL)
            return _fail(error, error.exit_code if error.exit_code in known else EXIT_OTHER)
        except ValueError as error:
            return _fail(error, EXIT_BAD_INPUT)
        except (OSError, ImportError, RuntimeError, MemoryError) as error:
            return _fail(error, EXIT_OTHER)
        except KeyboardInterrupt:
            return _fail("interrupted", EXIT_INTERRUPTED)
        except _Terminated:
            return _fail("terminated", EXIT_TERMINATED)
    return 0


@contextmanager
def _orderly_termination() -> Iterator[None]:
    """SIGTERM raises _Terminated in the block, so that temporary files and the executable go as after Ctrl-C.

    Only in the main thread, where alone signals are handled, and only where the caller does not handle it.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(*_: Any) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not end the tidying up
    raise _Terminated


def _without_program(arguments: list[str]) -> list[str]:
    if arguments and not arguments[0].startswith("-") and arguments[0] not in (*COMMANDS, "help"):
        return arguments[1:]
    return arguments


def _command(arguments: list[str]) -> tuple[str, list[str]]:
    """The name of the command and what follows it."""
    if not arguments or arguments[0].startswith("-"):
        return EMBED, arguments
    if arguments[0] not in COMMANDS:
        near = difflib.get_close_matches(arguments[0], COMMANDS, 1)
        hint = f"; is {near[0]} meant?" if near else ""
        _OneLineParser().error(f"expected a command ({', '.join(COMMANDS)}), found {arguments[0]!r}{hint}")
    return arguments[0], arguments[1:]


def command_module(name: str) -> ModuleType:
    return import_module(f"spasne_tools.commands.{name.replace('-', '_')}")


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of the command `name`."""
    module = command_module(name)
    parser = _OneLineParser(
        prog=f"{PROGRAM} {name}",
        description=f"{module.SUMMARY[0].upper()}{module.SUMMARY[1:]}.",
        formatter_class=_Formatter,
        epilog=module.EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"spasne {__version__}")
    module.add_arguments(parser)
    return parser


def _overview() -> str:
    lines = [f"usage: {PROGRAM} COMMAND ...", "", "SpaSNE: maps of spatially resolved profiling data.", ""]
    lines += [f"  {name:12}{command_module(name).SUMMARY}" for name in COMMANDS]
    lines += ["", f"{PROGRAM} COMMAND --help lists its flags, with examples. python -m spasne is the same."]
    return "\n".join([*lines, "Flags without a command are those of embed."])


def _underscored(argument: str) -> str:
    """--max-iter as --max_iter, the published spelling."""
    return re.sub(r"^--[a-z-]+", lambda flag: "--" + flag[0][2:].replace("-", "_"), argument)


def _fail(reason: BaseException | str, exit_code: int) -> int:
    message = " ".join((str(reason) or type(reason).__name__).split())
    print(f"{ERROR_PREFIX}{message}", file=sys.stderr)
    return exit_code


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"spasne: warning: {message}", file=sys.stderr)
