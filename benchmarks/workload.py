"""The same tasks for this project."""

import time
from pathlib import Path

from celery import shared_task


@shared_task(name="bench.noop", ignore_result=True)
def noop():
    """Do nothing."""


@shared_task(name="bench.mark", ignore_result=True)
def mark(path):
    """Note the time."""
    Path(path).write_text(str(time.time()))
