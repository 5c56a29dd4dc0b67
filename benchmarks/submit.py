"""Submit a first mark, no-op jobs and a last mark; print the seconds that the no-ops took.

python -m benchmarks.submit ours|stock NUMBER FOLDER
"""

import sys
import time
from importlib import import_module
from pathlib import Path

import django


def main() -> None:
    """Submit one by one, as views do."""
    system, number, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if system == "ours":
        django.setup()
        tasks = import_module("benchmarks.workload")
    else:
        tasks = import_module("benchmarks.stock_app")
    tasks.mark.delay(str(folder / "first"))
    begun = time.perf_counter()
    for _ in range(number):
        tasks.noop.delay()
    seconds = time.perf_counter() - begun
    tasks.mark.delay(str(folder / "last"))
    print(seconds)


if __name__ == "__main__":
    main()
