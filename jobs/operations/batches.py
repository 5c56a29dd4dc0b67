"""Batches: open, join, close, finish, open again, and cancel their members.

Whoever adds a job holds the batch's row shared, whoever finishes or reopens it holds it alone. So
a batch that has finished has no unfinished member, whatever dies when.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from jobs.errors import BatchClosed, BatchNotFound
from jobs.models import Batch, BatchCallback, Job
from jobs.models.batch import Tally
from jobs.states import UNFINISHED

# The states stand in the SQL so that SQLite, too, can use the index. LIMIT 1 makes PostgreSQL look
# once for each batch instead of reading all unfinished members: it cannot turn that into a join.
_ENDED = """
SELECT b.id FROM jobs_batch b
 WHERE b.finished_at IS NULL AND b.closed_at IS NOT NULL
   AND (SELECT 1 FROM jobs_job j WHERE j.batch_id = b.id
         AND j.state IN ('scheduled', 'queued', 'running') LIMIT 1) IS NULL
 ORDER BY b.created_at LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Finished:
    """A batch whose members have all ended, and the callbacks that are due by it."""

    batch: Batch
    tally: Tally
    callbacks: Sequence[BatchCallback]


@transaction.atomic
def open_batch(
    id: str,
    *,
    name: str = "",
    requested_by: str = "",
    idempotency_key: str = "",
    callbacks: Mapping[str, str] | None = None,
    now: datetime,
) -> str:
    """Write a batch; `callbacks` maps events to signatures as JSON text. Returns its id.

    It is the id of an older batch if that one has the same `idempotency_key`.
    """
    batch = Batch(
        id=id,
        name=name[:200],
        requested_by=requested_by[:150],
        idempotency_key=idempotency_key,
        created_at=now,
    )
    Batch.objects.bulk_create([batch], ignore_conflicts=bool(idempotency_key))
    if idempotency_key:
        id = Batch.objects.values_list("id", flat=True).get(idempotency_key=idempotency_key)
        if id != batch.id:
            return id
    BatchCallback.objects.bulk_create(
        BatchCallback(batch_id=id, event=event, signature=signature)
        for event, signature in (callbacks or {}).items()
    )
    return id


def join(id: str, *, inside: bool) -> None:
    """Make sure that the batch takes jobs until the transaction, which the caller has, ends.

    `inside`: it is one of its own members that adds to it, which a closed batch allows.

    Raises:
        BatchNotFound, BatchClosed: it takes none.
    """
    lock = " FOR SHARE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT finished_at, cancel_requested_at, closed_at "  # noqa: S608 - constants
            f"FROM jobs_batch WHERE id = %s{lock}",
            [id],
        )
        row = cursor.fetchone()
    if row is None:
        raise BatchNotFound(f"There is no batch {id!r}.")
    finished_at, cancel_requested_at, closed_at = row
    if finished_at is not None:
        raise BatchClosed(f"Batch {id} has finished: it takes no more jobs.")
    if inside:
        return
    if cancel_requested_at is not None:
        raise BatchClosed(f"Batch {id} was cancelled: it takes no more jobs.")
    if closed_at is not None:
        raise BatchClosed(f"Batch {id} is closed: only its own jobs may add to it.")


def close(id: str, *, now: datetime) -> bool:
    """From here on only its members may add to it. False if it was closed before."""
    return Batch.objects.filter(id=id, closed_at=None).update(closed_at=now) == 1


def is_open(id: str) -> bool:
    """Whether anybody may add to it."""
    return Batch.objects.filter(id=id, closed_at=None).exists()


def ended(*, limit: int = 100) -> list[str]:
    """Closed batches all of whose members have ended, and that are not marked as finished yet."""
    with connection.cursor() as cursor:
        cursor.execute(_ENDED, [limit])
        return [id for (id,) in cursor.fetchall()]


@transaction.atomic
def finish(id: str, *, now: datetime) -> Finished | None:
    """Unfinished → finished, if no member is left; None if there is, or another one did it.

    The callbacks that it returns are to be submitted in the same transaction.
    """
    locked = Batch.objects.select_for_update(skip_locked=True)
    batch = locked.filter(id=id, finished_at=None, closed_at__isnull=False).first()
    if batch is None:
        return None
    tally = batch.count()  # after the lock: it sees whatever joined before
    if tally.unfinished:
        return None
    changed = Batch.objects.filter(id=id, finished_at=None).update(
        finished_at=now,
        succeeded=tally.succeeded,
        failed=tally.failed,
        cancelled=tally.cancelled,
    )
    return Finished(batch, tally, _take_callbacks(id, tally, now)) if changed == 1 else None


def _take_callbacks(id: str, tally: Tally, now: datetime) -> list[BatchCallback]:
    """Those that are due now, once in the life of a batch."""
    outcome = "failure" if tally.failed or tally.cancelled else "success"
    due = BatchCallback.objects.filter(
        batch_id=id, event__in=("finish", outcome), submitted_at=None
    )
    callbacks = list(due.order_by("id"))
    BatchCallback.objects.filter(id__in=[callback.id for callback in callbacks]).update(
        submitted_at=now
    )
    return callbacks


def reopen(ids: Collection[str]) -> None:
    """Members of these batches are about to run again: take back that they have finished.

    Call it in the transaction that changes the members, before it does. Ended members whose rows
    retention has deleted by now go on counting.
    """
    for batch in Batch.objects.select_for_update().filter(id__in=ids).order_by("id"):
        if batch.finished_at is not None:
            _reopen(batch)


def _reopen(batch: Batch) -> None:
    kept, there = batch.tally(), batch.count()
    Batch.objects.filter(id=batch.id).update(
        finished_at=None,
        cancel_requested_at=None,
        cancelled_by="",
        **{
            # `there` has counted what was gone before.
            f"gone_{state}": F(f"gone_{state}")
            + max(0, getattr(kept, state) - getattr(there, state))
            for state in ("succeeded", "failed", "cancelled")
        },
    )


def request_cancel(id: str, *, by: str, now: datetime) -> bool:
    """Close the batch and have its members cancelled. False if it has finished, or is none."""
    unfinished = Batch.objects.filter(id=id, finished_at=None)
    return (
        unfinished.update(
            closed_at=Coalesce("closed_at", now),
            cancel_requested_at=Coalesce("cancel_requested_at", now),
            cancelled_by=by[:150],
        )
        == 1
    )


def cancelling() -> list[Batch]:
    """Unfinished batches whose members are to be cancelled."""
    unfinished = Batch.objects.filter(finished_at=None, cancel_requested_at__isnull=False)
    return list(unfinished.order_by("created_at"))


def to_cancel(id: str, *, limit: int) -> list[str]:
    """Unfinished members that nobody has asked to stop yet."""
    members = Job.objects.filter(batch_id=id, state__in=UNFINISHED, cancel_requested_at=None)
    return list(members.order_by().values_list("id", flat=True)[:limit])


def ended_members(id: str, states: Collection[str], *, after: str, limit: int) -> list[str]:
    """Members in final `states`, in the order of their ids, on from the one after `after`."""
    members = Job.objects.filter(batch_id=id, state__in=states, id__gt=after)
    return list(members.order_by("id").values_list("id", flat=True)[:limit])
