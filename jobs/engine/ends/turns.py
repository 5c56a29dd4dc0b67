"""What the end of a job sets going: the body of its chord, and the next of its lane."""

from collections.abc import Collection
from datetime import datetime

from celery import Celery
from django.utils import timezone

from jobs.engine.after_commit import after_commit
from jobs.engine.broker.publisher import publish_on_commit
from jobs.engine.ends import chords
from jobs.engine.ends.family import abandon
from jobs.models import Job
from jobs.operations.lanes import admit, lanes_of
from jobs.states import State

#: A transaction that lets jobs go holds the rows of so many lanes, and no longer than a moment.
_LANES_AT_ONCE = 500


def after_end(app: Celery, ids: Collection[str], *, now: datetime) -> None:
    """Call it in the transaction that ended these jobs."""
    if ids:
        chords.end_of(app, ids, now=now)
        if lanes := lanes_of(ids):
            publish_on_commit(admit(lanes, now=now))


def after_loss(app: Celery, ids: Collection[str], *, now: datetime, errbacks: bool = False) -> None:
    """The same for jobs that ended without success where no process could tell who hangs on them.

    Some of `ids` may go on; they are left alone.
    """
    if ids:
        abandon(app, ids, errbacks=errbacks)
        after_end(app, ids, now=now)


def after_cancel(app: Celery, ids: Collection[str], *, now: datetime) -> None:
    """The same where many jobs were cancelled at once: their lanes go on after the commit.

    A worker that ends a job holds its lane and wants the next one of it, which may be one of these.
    Should this process die before, the dispatcher lets the lanes go on.
    """
    if ids:
        abandon(app, ids)
        chords.end_of(app, ids, now=now)
        if lanes := lanes_of(ids):
            let_in_on_commit(lanes)


def give_on(app: Celery, jobs: Collection[Job], *, now: datetime) -> None:
    """Publish jobs that a worker gave back; those that were to be cancelled have ended by it."""
    publish_on_commit([job for job in jobs if job.state == State.QUEUED])
    after_loss(app, [job.id for job in jobs if job.state == State.CANCELLED], now=now)


def let_in(lanes: Collection[str]) -> None:
    """Admit the next jobs of these lanes, and publish them once that is committed."""
    keys = sorted(set(lanes))
    for start in range(0, len(keys), _LANES_AT_ONCE):
        publish_on_commit(admit(keys[start : start + _LANES_AT_ONCE], now=timezone.now()))


def let_in_on_commit(lanes: Collection[str]) -> None:
    """The same once the transaction commits, for all lanes that it has submitted jobs to."""
    after_commit(let_in, lanes)
