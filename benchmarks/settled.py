"""Wait until every job of a drain has a row that says it has succeeded; print when that was.

    python -m benchmarks.settled ours|results NUMBER FOLDER

It asks the database only once the last job has begun, so that it does not slow the drain down.
"""

import sys
import time
from pathlib import Path

from benchmarks.apps import tasks_of
from benchmarks.surroundings import wait_for


def main() -> None:
    """Print the time at which the last row was there, in seconds since 1970."""
    kind, number, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    tasks_of(kind)  # sets Django up
    wait_for(folder / "last", 300)
    deadline = time.monotonic() + 60
    while (there := _succeeded(kind)) < number:
        if time.monotonic() > deadline:
            raise SystemExit(f"{there} of {number} jobs have a row that says they succeeded.")
        time.sleep(0.005)
    print(time.time())


def _succeeded(kind: str) -> int:
    if kind == "ours":
        from jobs.models import Job  # noqa: PLC0415 - not for django-celery-results

        return Job.objects.filter(state="succeeded").count()
    from django_celery_results.models import TaskResult  # noqa: PLC0415 - not for ours

    return TaskResult.objects.filter(status="SUCCESS").count()


if __name__ == "__main__":
    main()
