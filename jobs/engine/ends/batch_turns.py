"""What the dispatcher does for batches: notice their ends, and cancel their members."""

from datetime import datetime

from celery import Celery
from celery.canvas import maybe_signature
from django.db import transaction
from kombu.utils.json import loads

from jobs.engine.ends.failures import never_run
from jobs.engine.ends.turns import after_cancel
from jobs.errors import DatabaseUnavailable, SubmitError
from jobs.models import Batch, BatchCallback
from jobs.operations import batches
from jobs.operations.batches import Finished
from jobs.operations.cancel import cancel
from jobs.operations.conclude import Problem, record_failures

#: Members of one statement, and statements of one turn.
SLICE = 500
MOST_SLICES = 20


def finish_ended(app: Celery, *, now: datetime) -> int:
    """Mark batches whose members have all ended, and submit their callbacks. Returns how many."""
    finished = 0
    for id in batches.ended():
        with transaction.atomic():
            done = batches.finish(id, now=now)
            if done is not None:
                finished += 1
                for callback in done.callbacks:
                    _submit(app, callback, done)
    return finished


def cancel_members(app: Celery, *, now: datetime) -> int:
    """Go on cancelling the members of cancelled batches. Returns how many it concerned."""
    concerned, slices = 0, MOST_SLICES
    for batch in batches.cancelling():
        number, used = cancel_some(app, batch, now=now, slices=slices)
        concerned, slices = concerned + number, slices - used
        if slices <= 0:
            break
    return concerned


def cancel_some(app: Celery, batch: Batch, *, now: datetime, slices: int) -> tuple[int, int]:
    """Cancel members, `SLICE` a transaction; how many it concerned, and in how many slices."""
    by = f" by {batch.cancelled_by}" if batch.cancelled_by else ""
    concerned = used = 0
    while used < slices:
        with transaction.atomic():
            ids = batches.to_cancel(batch.id, limit=SLICE)
            gone, asked = cancel(ids, reason=f"Cancelled with its batch{by}.", now=now)
            after_cancel(app, gone, now=now)
        concerned += len(gone) + len(asked)
        used += 1
        if len(ids) < SLICE:
            break
    return concerned, used


def _submit(app: Celery, callback: BatchCallback, done: Finished) -> None:
    """Submit a callback; one that is refused becomes a failed job that says why."""
    call = maybe_signature(loads(callback.signature), app=app)
    by = {"requested_by": done.batch.requested_by}
    try:
        call.apply_async(
            () if call.immutable else (_summary(done),), task_id=callback.job_id, headers=by
        )
    except DatabaseUnavailable:
        raise
    except SubmitError as error:
        problem = Problem(type(error).__name__, f"The callback was refused: {error}")
        record_failures([never_run(callback.job_id, call.task, problem)])


def _summary(done: Finished) -> dict[str, str | int]:
    return {
        "id": done.batch.id,
        "name": done.batch.name,
        "total": done.tally.total,
        "succeeded": done.tally.succeeded,
        "failed": done.tally.failed,
        "cancelled": done.tally.cancelled,
    }
