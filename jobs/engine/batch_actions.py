"""What people do with batches, the same for pages, API, admin and commands."""

from celery import current_app
from django.db import transaction
from django.utils import timezone

from jobs.engine.actions import retry_jobs
from jobs.engine.batch_turns import cancel_some
from jobs.errors import BatchNotFound
from jobs.models import Batch
from jobs.operations import batches
from jobs.states import State

#: Members that are dealt with at once, in slices of 500; the dispatcher does the rest.
_SLICES_AT_ONCE = 4
_SLICE = 500


def cancel_batch(id: str, *, by: str) -> bool:
    """Close the batch, cancel its waiting members and ask the running ones to stop.

    Some thousands are dealt with at once, the rest within seconds. False if it has finished.
    Raises BatchNotFound.
    """
    now = timezone.now()
    if not batches.request_cancel(id, by=by, now=now):
        _find(id)
        return False
    cancel_some(current_app, _find(id), now=now, slices=_SLICES_AT_ONCE)
    return True


def close_batch(id: str) -> bool:
    """Let nobody but its members add to it. False if that was so. Raises BatchNotFound."""
    closed = batches.close(id, now=timezone.now())
    _find(id)
    return closed


def retry_failed(id: str, *, by: str, cancelled: bool = False) -> int:
    """Run the failed members once more, and on wish the cancelled ones; returns how many.

    Five hundred a transaction. A batch that had finished is at work again. Raises BatchNotFound.
    """
    _find(id)
    states = {State.FAILED, State.CANCELLED} if cancelled else {State.FAILED}
    retried, after = 0, ""
    while True:
        with transaction.atomic():
            ids = batches.ended_members(id, states, after=after, limit=_SLICE)
            retried += retry_jobs(ids, by=by)
        if len(ids) < _SLICE:
            return retried
        after = ids[-1]


def _find(id: str) -> Batch:
    batch = Batch.objects.filter(id=id.replace("\0", "")).first()
    if batch is None:
        raise BatchNotFound(f"There is no batch {id!r}.")
    return batch
