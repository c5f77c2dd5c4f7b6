"""Make a virtual environment of what pyproject.toml requires: `python3 environment.py FOLDER [EXTRA ...]`.

Used by the Makefile. The project itself is not installed, so that the checkout is what runs.
"""

import importlib.util
import subprocess
import sys
import venv
from pathlib import Path

MIN_PYTHON = (3, 10)
STEPS = ("Collecting", "Installing", "Successfully")  # of what pip says, the lines that are shown
PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def create(folder: Path) -> list[str]:
    """Create the environment where it is missing; return the command that runs its pip."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    runs = python.exists() and subprocess.run([python, "-c", ""], check=False).returncode == 0
    # Debian splits ensurepip off into a package of its own; a pip outside can stand in for it.
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    if not runs:
        if not has_ensurepip and importlib.util.find_spec("pip") is None:
            sys.exit(
                f"{sys.executable} can make no virtual environment: it has neither ensurepip nor pip.\n"
                "Install them (Debian, Ubuntu: apt-get install python3-venv), or name another Python: "
                "make PYTHON=/path/to/python3"
            )
        print(f"making a virtual environment in {folder}", flush=True)
        venv.create(folder, with_pip=has_ensurepip, clear=folder.exists(), symlinks=sys.platform != "win32")
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        return [str(python), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(python)]


def requirements(extras: list[str]) -> list[str]:
    """What pyproject.toml requires, together with the extras named."""
    try:
        import tomllib
    except ImportError:  # Python 3.10
        from pip._vendor import tomli as tomllib
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return wanted


def main() -> None:
    if sys.version_info < MIN_PYTHON:
        sys.exit(
            f"expected Python >= {'.'.join(map(str, MIN_PYTHON))}, found {sys.version.split()[0]} "
            f"({sys.executable}): name another one with make PYTHON=/path/to/python3"
        )
    folder, extras = Path(sys.argv[1]), sys.argv[2:]
    pip = create(folder)
    wanted = requirements(extras)
    print(f"installing into {folder}, a minute or less where pip has them: {' '.join(wanted)}", flush=True)
    command = [*pip, "install", "--disable-pip-version-check", "--no-warn-script-location", *wanted]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as install:
        for line in install.stdout:
            if line.startswith(STEPS):
                print(line, end="", flush=True)
    sys.exit(install.returncode)


if __name__ == "__main__":
    main()
