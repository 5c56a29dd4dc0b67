"""Unique jobs: one of a key at a time, and what a second one is answered with."""

import json
from collections.abc import Collection
from datetime import datetime

from jobs.models import Job
from jobs.states import State


def holders(keys: Collection[str]) -> dict[str, str]:
    """The id of the job that has each of `keys`."""
    having = Job.objects.filter(unique_key__in=keys).exclude(unique_key="")
    return dict(having.values_list("unique_key", "id"))


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


def end_periods(*, now: datetime) -> int:
    """Free the keys whose period is over; returns how many."""
    over = Job.objects.filter(unique_scope="period", unique_until__lte=now).exclude(unique_key="")
    # SQLite needs no write lock to see that there is none, as nearly always.
    return over.update(unique_key="") if over.exists() else 0
