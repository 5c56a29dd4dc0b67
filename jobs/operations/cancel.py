"""Cancel: durable, also when no worker is up."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import Combinable

from jobs.models import Job
from jobs.operations.statements import unlocked
from jobs.operations.unique import ENDED_KEY
from jobs.states import State

NOT_IN_TIME = "Expired: it had not started in time."
NO_NEXT_IN_TIME = "Expired: its next attempt had not started in time."
_EXPIRED = Case(
    When(started_at__isnull=False, then=Value(NO_NEXT_IN_TIME)), default=Value(NOT_IN_TIME)
)

_WAITING = Q(state=State.SCHEDULED) | Q(state=State.QUEUED, worker="")


@transaction.atomic
def cancel(
    ids: Collection[str], *, reason: str, now: datetime, running: bool = True
) -> tuple[list[str], list[str]]:
    """Cancel waiting jobs at once, and ask the workers that hold the others to stop them.

    Returns the ids that are cancelled now, and those that were asked. A worker sees the request
    within a second or so (jobs.engine.worker). With `running` False, what runs is left alone.
    """
    # First what workers hold: one that ends a job and admits the next of its lane holds the first
    # and wants the second. And once more for what was claimed between the two statements.
    asked = _ask(ids, reason, now, running)
    waiting = Job.objects.filter(_WAITING, id__in=ids)
    cancelled = list(waiting.select_for_update().values_list("id", flat=True))
    _end(cancelled, reason, now)
    return cancelled, asked + _ask(ids, reason, now, running)


def _ask(ids: Collection[str], reason: str, now: datetime, running: bool) -> list[str]:
    begun = Q(state=State.RUNNING) if running else Q(pk__in=[])
    held = Job.objects.filter(
        begun | (Q(state=State.QUEUED) & ~Q(worker="")), id__in=ids, cancel_requested_at=None
    )
    asked = list(held.select_for_update().values_list("id", flat=True))
    Job.objects.filter(id__in=asked).update(cancel_requested_at=now, error_message=reason)
    return asked


def cancel_flagged(ids: Collection[str], *, now: datetime | None) -> None:
    """Cancel those of `ids` that wait again although somebody has asked to cancel them.

    Who it was stands on the row since the request.
    """
    if ids and now is not None:
        flagged = Job.objects.filter(_WAITING, id__in=ids, cancel_requested_at__isnull=False)
        _end(list(flagged.values_list("id", flat=True)), F("error_message"), now)


def cancel_claimed(
    ids: Collection[str], *, worker: str, reason: str, error_type: str, now: datetime
) -> list[str]:
    """Cancel jobs that `worker` has claimed and not begun. Returns those that were still its own.

    The database decides about the expiry of a claimed job by the worker's clock: it was claimed in
    time, and then waited too long for a free process.
    """
    claimed = Job.objects.filter(id__in=ids, worker=worker, state=State.QUEUED)
    with transaction.atomic():
        kept = list(claimed.select_for_update().values_list("id", flat=True))
        Job.objects.filter(id__in=kept).update(
            state=State.CANCELLED,
            finished_at=now,
            unique_key=ENDED_KEY,
            error_type=error_type,
            error_message=reason,
        )
    return kept


def some_expire(*, now: datetime) -> bool:
    """Whether `expire` would find any: SQLite needs no write lock to see that none do."""
    return Job.objects.expired(now).filter(_WAITING).exists()


@transaction.atomic
def expire(*, now: datetime, limit: int = 500) -> list[str]:
    """Cancel waiting jobs whose time to start has passed."""
    late = Job.objects.expired(now).filter(_WAITING)
    ids = list(unlocked(late).values_list("id", flat=True)[:limit])
    _end(ids, _EXPIRED, now, error_type="Expired")
    return ids


def flagged_of(worker: str) -> list[tuple[str, datetime, str]]:
    """The jobs that `worker` holds and somebody wants cancelled: id, when it was asked, reason."""
    held = Job.objects.held_by(worker).filter(cancel_requested_at__isnull=False)
    rows = held.values_list("id", "cancel_requested_at", "error_message")
    return [(id, asked_at, reason) for id, asked_at, reason in rows if asked_at]


def _end(
    ids: Collection[str], reason: str | Combinable, now: datetime, *, error_type: str = "Cancelled"
) -> None:
    if ids:
        Job.objects.filter(_WAITING, id__in=ids).update(
            state=State.CANCELLED,
            waiting_for="",
            finished_at=now,
            unique_key=ENDED_KEY,
            error_type=error_type,
            error_message=reason,
        )
