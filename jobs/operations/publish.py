"""Which jobs are to be published now: those that came due, and those whose message is lost."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from jobs.models import Job
from jobs.states import State, WaitingFor

#: What ends by itself when `run_at` has come.
_TIMED = (WaitingFor.TIME, WaitingFor.RETRY, WaitingFor.CRASH, WaitingFor.RATE)

#: A list in Redis: a queue and a priority.
Bell = tuple[str, int]


@transaction.atomic
def publish_due(*, now: datetime, limit: int = 500) -> list[Job]:
    """Scheduled → queued for jobs whose time has come, the most urgent first; at most `limit`.

    Returns the rows, to be published in that order. Jobs of a lane go and wait for their turn,
    unless they have it already.
    """
    timed = Job.objects.due(now).filter(waiting_for__in=_TIMED)
    timed.filter(in_turn=False).exclude(lane="").update(waiting_for=WaitingFor.LANE)
    due = timed.order_by("-priority", "run_at", "id")
    ids = list(_lock(due).values_list("id", flat=True)[:limit])
    Job.objects.filter(id__in=ids, state=State.SCHEDULED).update(
        state=State.QUEUED, waiting_for="", published_at=now
    )
    return list(Job.objects.filter(id__in=ids).order_by("-priority", "run_at", "id"))


def waiting_bells(*, before: datetime) -> list[Bell]:
    """The lists that must hold messages: some queued job was published before `before`."""
    waiting = Job.objects.unclaimed().filter(published_at__lt=before)
    return list(waiting.order_by().values_list("queue", "priority").distinct())


@transaction.atomic
def republish_lost(
    oldest: Mapping[Bell, datetime | None], *, before: datetime, now: datetime, limit: int = 500
) -> list[Job]:
    """Jobs whose message is no longer in Redis, marked as published `now`; at most `limit`.

    Lists are first in, first out. So a job that nobody has claimed and that was published before
    the oldest message still in its list (`oldest`; None for an empty list) has lost its own.
    `before` keeps away from what is just on its way. A wrong guess only doubles a message, and a
    message that comes twice starts nothing twice.
    """
    lost = Q(pk__in=[])
    for (queue, priority), moment in oldest.items():
        bound = before if moment is None else min(before, moment - timedelta(seconds=1))
        lost |= Q(queue=queue, priority=priority, published_at__lt=bound)
    waiting = Job.objects.unclaimed().filter(lost).order_by("-priority", "published_at", "id")
    ids = list(_lock(waiting).values_list("id", flat=True)[:limit])
    Job.objects.unclaimed().filter(id__in=ids).update(published_at=now)
    return list(Job.objects.unclaimed().filter(id__in=ids).order_by("-priority", "run_at", "id"))


@transaction.atomic
def republish(ids: Collection[str], *, now: datetime) -> list[Job]:
    """Those of `ids` that nobody has claimed, marked as published `now`."""
    waiting = Job.objects.unclaimed().filter(id__in=ids)
    waiting.update(published_at=now)
    return list(waiting)


def _lock(rows: QuerySet[Job]) -> QuerySet[Job]:
    """Rows that another process is changing right now are left for the next turn."""
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(skip_locked=True)
    return rows
