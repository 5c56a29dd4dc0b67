"""Submit jobs one at a time to an idle worker; the task itself notes how long each waited.

python -m benchmarks.latency ours|stock|results NUMBER FILE
"""

import sys
import time
from pathlib import Path

from benchmarks.apps import tasks_of

#: Between two jobs: the worker is idle again by then.
_PAUSE_SECONDS = 0.02


def main() -> None:
    """Submit, and wait until all have run."""
    kind, number, path = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    tasks = tasks_of(kind)
    for _ in range(number):
        tasks.note_delay.delay(str(path), time.time())
        time.sleep(_PAUSE_SECONDS)
    deadline = time.monotonic() + 60
    while not path.exists() or len(path.read_text().splitlines()) < number:
        if time.monotonic() > deadline:
            raise SystemExit(f"Not all of {number} jobs ran.")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
