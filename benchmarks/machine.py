"""What the machine can do at best: ``python -m benchmarks.machine THREADS`` prints it as JSON.

The arithmetic rate is that of a matrix product in double (numpy's BLAS), which runs near the peak of the
vector units and counts a fused multiply-add as two. The reading rate is that of summing an array far larger
than the caches.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

PRODUCT_SIZE = 2048
READ_NUMBERS = 40_000_000
ATTEMPTS = 7
PACKAGES = ("numpy", "scipy", "scikit-learn", "openTSNE")


def _best_seconds(work: Callable[[], object]) -> float:
    work()  # the first touches memory and starts threads
    seconds = []
    for _ in range(ATTEMPTS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def arithmetic_rate() -> float:
    """Operations per second in double, all threads that the BLAS was given."""
    a = np.random.default_rng(0).standard_normal((PRODUCT_SIZE, PRODUCT_SIZE))
    out = np.empty_like(a)
    return 2 * PRODUCT_SIZE**3 / _best_seconds(lambda: np.matmul(a, a, out=out))


def reading_rate(threads: int) -> float:
    """Bytes per second read from memory by `threads` threads."""
    parts = np.array_split(np.ones(READ_NUMBERS), threads)
    with ThreadPoolExecutor(threads) as pool:
        return 8 * READ_NUMBERS / _best_seconds(lambda: list(pool.map(np.sum, parts)))


def processor() -> str:
    """Name of the processor, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Versions of Python and of what is compared; packages that are not installed are left out."""
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    threads = int(sys.argv[1])
    said = {
        "processor": processor(),
        "threads": threads,
        "versions": versions(),
        "flops": arithmetic_rate(),
        "bytes_per_second": reading_rate(threads),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
