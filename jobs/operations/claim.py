"""Claim: a worker takes jobs before it runs anything. The row decides, never the message."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet

from jobs.models import Job
from jobs.operations.cancel import cancel_flagged
from jobs.operations.statements import among
from jobs.operations.submit import Draft, submit
from jobs.states import State


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a worker must know of a job that it won."""

    id: str
    #: Attempts started so far; the coming one is this plus one.
    attempt: int
    #: When the message that the row holds was published; another message is stale.
    published_at: datetime | None
    #: A worker died that had claimed it: its start is to be written before it begins.
    suspect: bool


def claim(ids: Collection[str], *, worker: str, now: datetime) -> list[Claimed]:
    """Give those of `ids` that are free to `worker`, and return them.

    What is not returned is somebody else's, finished, cancelled, expired, or has no row.
    """
    if not ids:
        return []
    these, params = among(ids)
    moment = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE jobs_job SET worker = %s, claimed_at = %s WHERE id {these} "  # noqa: S608
            # Its own claim counts: the answer to the commit of the first try may have been lost.
            "AND state = 'queued' AND worker IN ('', %s) AND cancel_requested_at IS NULL "
            "AND (expires_at IS NULL OR expires_at > %s) "
            "AND NOT EXISTS (SELECT 1 FROM jobs_pause p WHERE "
            "(p.kind = 'queue' AND p.value = jobs_job.queue) "
            "OR (p.kind = 'task' AND p.value = jobs_job.task) "
            "OR (p.kind = 'lane' AND p.value = jobs_job.lane)) "
            "RETURNING id, attempt, published_at, releases",
            [worker, moment, *params, worker, moment],
        )
        rows = cursor.fetchall()
    return [
        Claimed(id, attempt, _moment(published), releases > 0)
        for id, attempt, published, releases in rows
    ]


def _moment(value: datetime | str | None) -> datetime | None:
    """A column as raw SQL returns it: SQLite's are text, in UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def messages(ids: Collection[str]) -> dict[str, str]:
    """The stored message of each job: for a claim that was won with a stale one."""
    return dict(Job.objects.filter(id__in=ids).values_list("id", "message"))


def existing(ids: Collection[str]) -> set[str]:
    """Those of `ids` that have a row."""
    return set(Job.objects.filter(id__in=ids).values_list("id", flat=True))


def held_elsewhere(ids: Collection[str]) -> set[str]:
    """Those of `ids` whose rows another transaction holds. It waits for none of them."""
    if not connection.features.has_select_for_update_skip_locked:
        return set()
    rows = Job.objects.filter(id__in=ids).values_list("id", flat=True)
    with transaction.atomic():
        free = set(rows.select_for_update(skip_locked=True, no_key=True))
        return set(rows) - free


@transaction.atomic
def adopt(drafts: Sequence[Draft], *, worker: str, now: datetime) -> list[Claimed]:
    """Write rows for messages that came without one, and claim those that are due.

    They were sent by a Celery client that knows nothing of us; Redis held their only copy.
    """
    due = submit(drafts, now=now)
    return claim([job.id for job in due], worker=worker, now=now)


@transaction.atomic
def release(
    ids: Collection[str], *, worker: str, now: datetime, worker_died: bool = False
) -> list[Job]:
    """Put claimed jobs that never started back into the queue; no attempt is spent.

    Returns the rows: the queued ones are to be published again, the others were to be cancelled.
    """
    held = Job.objects.filter(id__in=ids, worker=worker, state=State.QUEUED)
    return _put_back(held, now=now, releases=F("releases") + int(worker_died))


@transaction.atomic
def interrupt(ids: Collection[str], *, worker: str, now: datetime) -> list[Job]:
    """Put running jobs back into the queue; the attempt that was cut short does not count.

    Returns the rows, as `release` does.
    """
    held = Job.objects.filter(id__in=ids, worker=worker, state=State.RUNNING)
    return _put_back(held, now=now, state=State.QUEUED, attempt=F("attempt") - 1, started_at=None)


def _put_back(held: QuerySet[Job], *, now: datetime, **changes: Any) -> list[Job]:
    freed = list(held.select_for_update().values_list("id", flat=True))
    Job.objects.filter(id__in=freed).update(worker="", claimed_at=None, published_at=now, **changes)
    cancel_flagged(freed, now=now)
    return list(Job.objects.filter(id__in=freed))
