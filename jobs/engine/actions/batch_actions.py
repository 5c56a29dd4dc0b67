"""What people do with batches, the same for pages, API, admin and commands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone

from jobs.engine.actions.job_actions import find_task, retry_free
from jobs.engine.batches import BatchHandle, member_id, open_batch
from jobs.engine.bulk import Call
from jobs.engine.ends.batch_turns import cancel_some
from jobs.errors import BatchNotFound
from jobs.models import Batch
from jobs.operations import batches
from jobs.states import State

#: Members that are dealt with at once, in slices of 500; the dispatcher does the rest.
_SLICES_AT_ONCE = 4
_SLICE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A job at the end of a batch, as a program asks for it."""

    task: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    #: Called with just these arguments, without the counts.
    immutable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """One public task for many inputs."""

    task: str
    inputs: Sequence[Any]
    #: Those of `apply_async`.
    options: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def start_batch(
    members: Members | None,
    *,
    by: str,
    name: str = "",
    idempotency_key: str = "",
    callbacks: Mapping[str, Callback] | None = None,
    keep_open: bool = False,
) -> str:
    """Make a batch from outside, with its first jobs; returns its id.

    It is the id of an older one, and nothing is submitted, if that has the same key and is closed.

    Raises:
        UnknownTask, TaskNotPublic, InvalidArguments, SubmitError: nothing was written.
    """
    calls: dict[str, Any] = {
        f"on_{event}": find_task(one.task, public_only=True).signature(
            tuple(one.args), dict(one.kwargs), immutable=one.immutable
        )
        for event, one in (callbacks or {}).items()
    }
    name = name or (members.task if members else "")
    handle = open_batch(name, requested_by=by, idempotency_key=idempotency_key, **calls)
    if not batches.is_open(handle.id):
        return handle.id
    if members is not None:
        _submit(handle, members, [member_id(handle.id, n) for n in range(len(members.inputs))])
    if not keep_open:
        handle.close()
    return handle.id


def add_to_batch(id: str, members: Members, *, by: str) -> list[str]:
    """Add jobs to an open batch; returns their ids.

    Raises:
        BatchNotFound, BatchClosed: it takes none.
        UnknownTask, TaskNotPublic, InvalidArguments, SubmitError: nothing was written.
    """
    return _submit(BatchHandle(_find(id).id, by), members, [])


def _submit(handle: BatchHandle, members: Members, ids: Sequence[str]) -> list[str]:
    task = find_task(members.task, public_only=True)
    calls: list[Call] = [((one,), {}) for one in members.inputs]
    return handle.submit_many(task, calls, ids=ids, **members.options)


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
            retried += retry_free(ids, by=by)
        if len(ids) < _SLICE:
            return retried
        after = ids[-1]


def _find(id: str) -> Batch:
    batch = Batch.objects.filter(id=id.replace("\0", "")).first()
    if batch is None:
        raise BatchNotFound(f"There is no batch {id!r}.")
    return batch
