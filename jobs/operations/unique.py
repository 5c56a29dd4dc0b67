"""Unique jobs: one of a key at a time, and what a second one is answered with."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, F, Value, When

from jobs.models import Job
from jobs.states import State

#: What the start of an attempt makes of its job's key, for statements in SQL.
KEY_ONCE_BEGUN = "unique_key = CASE WHEN unique_scope = 'waiting' THEN '' ELSE unique_key END"
#: What the end of a job makes of it, for SQL and for `update(unique_key=...)`. The constraint
#: `job_unique_key_ends` tells who forgets it.
KEY_ONCE_ENDED = (
    "unique_key = CASE WHEN unique_scope IN ('waiting', 'unfinished') THEN '' ELSE unique_key END"
)
ENDED_KEY = Case(
    When(unique_scope__in=("waiting", "unfinished"), then=Value("")), default=F("unique_key")
)


@dataclass(frozen=True, slots=True)
class Holder:
    """The job that has a unique key."""

    id: str
    task: str
    scope: str


def holder_of(key: str, *, now: datetime) -> Holder | None:
    """The job that has `key`. A period that is over ends here: no dispatcher may have come by."""
    having = Job.objects.filter(unique_key=key).exclude(unique_key="")
    rows = having.values_list("id", "task", "unique_scope", "unique_until")
    row = rows.first()
    if row and row[2] == "period" and row[3] and row[3] <= now:
        having.filter(unique_scope="period", unique_until__lte=now).update(unique_key="")
        row = rows.all().first()  # somebody may have been quicker, and has the key by now
    return Holder(*row[:3]) if row else None


def holders(keys: Collection[str]) -> dict[str, str]:
    """The id of the job that has each of `keys`."""
    having = Job.objects.filter(unique_key__in=keys).exclude(unique_key="")
    return dict(having.values_list("unique_key", "id"))


def was_replaced(id: str) -> bool:
    """Whether job `id` is another task by now than the one that was called (`self.replace()`)."""
    messages = Job.objects.filter(id=id).values_list("message", flat=True)
    return any(json.loads(text)["headers"].get("replaced_task_nesting") for text in messages)


def replace_waiting(key: str, message: str, *, now: datetime) -> bool:
    """Give the job that has `key` the arguments of `message`, if it has not been claimed yet."""
    waiting = Job.objects.filter(
        unique_key=key, state__in=(State.SCHEDULED, State.QUEUED), worker=""
    ).exclude(unique_key="")
    job = waiting.first()
    if job is None:
        return False
    content = json.loads(message)
    content["headers"] |= {"id": job.id, "root_id": job.root or job.id}
    # `published_at` moves, so that a worker that fetched the old message sees that it is stale.
    moved = now if job.published_at else None
    return waiting.filter(id=job.id).update(message=json.dumps(content), published_at=moved) == 1


def let_go_of_claimed(key: str) -> bool:
    """Free `key` of a job that a worker has claimed, and that is unique while it waits.

    The worker has its arguments already and may begin in this moment: it waits no more.
    """
    claimed = Job.objects.filter(unique_key=key, unique_scope="waiting", state=State.QUEUED)
    return claimed.exclude(unique_key="").exclude(worker="").update(unique_key="") == 1


def end_periods(*, now: datetime) -> int:
    """Free the keys whose period is over; returns how many."""
    over = Job.objects.filter(unique_scope="period", unique_until__lte=now).exclude(unique_key="")
    # SQLite needs no write lock to see that there is none, as nearly always.
    return over.update(unique_key="") if over.exists() else 0
