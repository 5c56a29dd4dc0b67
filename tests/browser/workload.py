"""Tasks for the browser tests: a worker gets them with `-I tests.browser.workload`."""

import time
from pathlib import Path

from celery import shared_task

from jobs.engine.context import check_cancelled, log, progress


@shared_task(name="test.stages")
def stages(folder, names):
    """Work on each stage, with progress and log lines, until a file of its name is in `folder`."""
    for number, name in enumerate(names):
        while not Path(folder, name).exists():
            check_cancelled()
            progress(number, len(names), f"working on {name}")
            log(f"working on {name}")
            time.sleep(0.1)
    return f"{len(names)} stages"


@shared_task(name="test.read")
def read(path):
    """Fail for as long as the file is missing."""
    return Path(path).read_text()
