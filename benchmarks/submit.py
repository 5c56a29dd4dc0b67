"""Submit a first mark, no-op jobs one by one and at once, and a last mark; print both rates.

python -m benchmarks.submit ours|stock|results SINGLY AT_ONCE FOLDER
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.apps import tasks_of


def main() -> None:
    """Print jobs per second, as JSON."""
    kind, singly, at_once, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    tasks = tasks_of(kind)
    tasks.mark.delay(str(Path(folder) / "first"))
    begun = time.perf_counter()
    for _ in range(singly):
        tasks.noop.delay()
    one_by_one = singly / (time.perf_counter() - begun)
    begun = time.perf_counter()
    (_ours if kind == "ours" else _stock)(tasks.noop, at_once)
    in_bulk = at_once / (time.perf_counter() - begun)
    tasks.mark.delay(str(Path(folder) / "last"))
    print(json.dumps({"singly": one_by_one, "in_bulk": in_bulk}))


def _ours(task: Any, number: int) -> None:
    from jobs.engine.bulk import submit_many  # noqa: PLC0415 - not for stock Celery

    submit_many(task, (((), {}) for _ in range(number)))


def _stock(task: Any, number: int) -> None:
    """The quickest way that Celery has: kombu pipelines the messages."""
    with task.app.producer_or_acquire() as producer, producer.batch(500):
        for _ in range(number):
            task.apply_async(producer=producer)


if __name__ == "__main__":
    main()
