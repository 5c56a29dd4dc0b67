"""Which jobs are to be published now: those that came due, and those whose message is lost."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from jobs.models import Job
from jobs.operations.statements import unlocked
from jobs.states import State

#: A list in Redis: a queue and a priority.
Bell = tuple[str, int]


def publish_due(*, now: datetime, limit: int = 500) -> list[Job]:
    """Scheduled → queued for jobs whose time has come, the most urgent first; at most `limit`.

    Returns the rows, to be published in that order. Jobs of a lane are among them only if they
    have their turn already: `operations.lanes.line_up` is for the others.
    """
    due = Job.objects.due(now).filter(Q(lane="") | Q(in_turn=True))
    if not due.exists():  # as nearly always: SQLite needs no write lock to see that
        return []
    with transaction.atomic():
        first = due.order_by("-priority", "run_at", "id")
        ids = list(unlocked(first).values_list("id", flat=True)[:limit])
        Job.objects.filter(id__in=ids, state=State.SCHEDULED).update(
            state=State.QUEUED, waiting_for="", published_at=now
        )
        return list(Job.objects.filter(id__in=ids).order_by("-priority", "run_at", "id"))


def next_due(*, after: datetime, before: datetime) -> datetime | None:
    """When the next job comes due that `publish_due` would take, within that time; None if none.

    What was due by `after` and is still there is held by somebody.
    """
    coming = Job.objects.due(before).filter(Q(lane="") | Q(in_turn=True), run_at__gt=after)
    return coming.order_by("run_at").values_list("run_at", flat=True).first()


#: The lists in which somebody waits, each with its oldest: two looks into the index a list, however
#: many wait in it. SELECT DISTINCT would read them all.
_BELLS = """
WITH RECURSIVE bell(id) AS (
  SELECT (SELECT id FROM jobs_job WHERE state = 'queued' AND worker = ''
          ORDER BY queue, priority, published_at LIMIT 1)
  UNION ALL
  SELECT COALESCE(
    (SELECT id FROM jobs_job WHERE state = 'queued' AND worker = ''
        AND queue = job.queue AND priority > job.priority
      ORDER BY queue, priority, published_at LIMIT 1),
    (SELECT id FROM jobs_job WHERE state = 'queued' AND worker = '' AND queue > job.queue
      ORDER BY queue, priority, published_at LIMIT 1))
  FROM bell JOIN jobs_job job ON job.id = bell.id
)
SELECT id FROM bell WHERE id IS NOT NULL
"""


def waiting_bells(*, before: datetime) -> dict[Bell, datetime]:
    """The lists that must hold messages, because a queued job was published before `before`.

    With each comes the moment when the oldest of its jobs was published.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BELLS)
        ids = [id for (id,) in cursor.fetchall()]
    oldest = Job.objects.filter(id__in=ids, published_at__lt=before)
    rows = oldest.values_list("queue", "priority", "published_at")
    return {(queue, priority): at for queue, priority, at in rows if at}


def lost_before(
    waiting: Mapping[Bell, datetime],
    oldest: Mapping[Bell, datetime | None],
    *,
    before: datetime,
) -> dict[Bell, datetime]:
    """The lists that have lost messages, and before which moment those were published.

    Lists are first in, first out. So a job that nobody has claimed and that was published before
    the oldest message still in its list (`oldest`; None for an empty list) has lost its own.
    `before` keeps away from what is just on its way.
    """
    bounds = {
        bell: before if moment is None else min(before, moment - timedelta(seconds=1))
        for bell, moment in oldest.items()
    }
    return {bell: bound for bell, bound in bounds.items() if waiting[bell] < bound}


@transaction.atomic
def republish_lost(lost: Mapping[Bell, datetime], *, now: datetime, limit: int = 500) -> list[Job]:
    """Jobs whose message is no longer in Redis, marked as published `now`; at most `limit`.

    `lost` comes from `lost_before`. A wrong guess only doubles a message, and a message that comes
    twice starts nothing twice.
    """
    ids: list[str] = []
    for (queue, priority), bound in sorted(lost.items(), key=lambda item: -item[0][1]):
        waiting = Job.objects.unclaimed().filter(
            queue=queue, priority=priority, published_at__lt=bound
        )
        oldest = unlocked(waiting.order_by("published_at", "id"))
        ids += oldest.values_list("id", flat=True)[: limit - len(ids)]
        if len(ids) == limit:
            break
    Job.objects.filter(id__in=ids).update(published_at=now)  # locked: nobody else has them
    return list(Job.objects.filter(id__in=ids).order_by("-priority", "run_at", "id"))


@transaction.atomic
def republish(ids: Collection[str], *, now: datetime) -> list[Job]:
    """Those of `ids` that nobody has claimed, marked as published `now`."""
    waiting = Job.objects.unclaimed().filter(id__in=ids)
    waiting.update(published_at=now)
    return list(waiting)
