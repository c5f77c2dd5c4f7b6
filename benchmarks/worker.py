"""One run in a fresh process: ``python -m benchmarks.worker task.json answer.json map.npy LAUNCHED``.

LAUNCHED is time.monotonic() of the caller when it started this process. The map is written to map.npy.
"""

import time

BEGIN = time.monotonic()

import json  # noqa: E402  the clock comes first
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks.programs import PROGRAMS, Task  # noqa: E402


def measure(task: Task) -> tuple[Any, dict[str, Any]]:
    """The map; seconds of the import and of the whole call, and what the program says of its run."""
    start = time.monotonic()
    run = PROGRAMS[task.program].load()
    imported = time.monotonic()
    import numpy as np

    X, pixels = np.load(task.data), np.load(task.pixels)
    loaded = time.monotonic()
    Y, told = run(X, pixels, task)
    return Y, {"imports": imported - start, "seconds": time.monotonic() - loaded, **told}


def peaks_mb() -> list[float]:
    """Largest memory in MB of this process and of a child; the kernel's own count."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kB elsewhere
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return [resource.getrusage(who).ru_maxrss * unit / 1e6 for who in whose]


def main() -> None:
    task_file, answer_file, map_file, launched = sys.argv[1:]
    task = Task(**json.loads(Path(task_file).read_text(encoding="utf-8")))
    Y, measured = measure(task)
    answer = {"interpreter": BEGIN - float(launched), **measured}
    if not Path("/proc/self/status").exists():  # elsewhere the caller watches the memory
        answer["peak_mb"] = max(peaks_mb())
    import numpy as np

    np.save(map_file, np.asarray(Y, dtype=float))
    Path(answer_file).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
