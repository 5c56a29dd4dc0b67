"""Stock Celery on Redis, as its first steps guide has it: no rows, no results."""

import os
import time
from pathlib import Path

from celery import Celery

app = Celery("stock", broker=os.environ["REDIS_URL"])  # noqa: TID251 - not our settings
app.conf.task_ignore_result = True
app.conf.broker_connection_retry_on_startup = True


@app.task(name="bench.noop")
def noop():
    """Do nothing."""


@app.task(name="bench.mark")
def mark(path):
    """Note the time."""
    Path(path).write_text(str(time.time()))
