"""Tasks that belong to batches, make them, or are told of their ends."""

import json
import time

from celery import shared_task

from jobs.engine.batches import current_batch, map_calls
from jobs.engine.context import current_job
from tests.acceptance.workload import append


@shared_task(name="test.note_batch")
def note_batch(summary, path):
    """Write down what a batch came to."""
    append.run(path, json.dumps(summary))


@shared_task(name="test.grow", bind=True, max_retries=3)
def grow(self, path, depth):
    """Fail once, put itself off, add two members to its own batch, and run."""
    append.run(path, f"{depth}")
    if current_job().attempt == 1:
        raise self.retry(countdown=0.1)
    if depth:
        current_batch().submit_many(grow, [((path, depth - 1), {}), ((path, depth - 1), {})])


@shared_task(name="test.map")
def map_many(path, number):
    """Submit a batch whose inputs come slowly, in small slices."""

    def slowly():
        for one in range(number):
            time.sleep(0.02)
            yield (path, one)

    map_calls(
        append,
        ((call, {}) for call in slowly()),
        slice_=10,
        idempotency_key=current_job().id,
    )
