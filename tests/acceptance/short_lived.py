"""Loaded by a worker whose first child is killed before it has begun, as short memory would do."""

import os
import signal
from pathlib import Path

from celery.signals import worker_process_init


@worker_process_init.connect(weak=False)
def die_once(**_):
    mark = Path(os.environ["VAR_DIR"]) / "a-child-has-died"  # noqa: TID251 - this test's own folder
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
