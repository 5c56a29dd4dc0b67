"""Jobs, lanes and pauses to say a sentence about, at two minutes past two."""

from datetime import UTC, datetime, timedelta

from jobs.models import Job, Lane, Pause
from jobs.queries.sentences import Facts

NOW = datetime(2026, 3, 4, 14, 2, tzinfo=UTC)
UP = Facts(workers=2, listeners=1, slots=2, busy=2)


def job(state, **columns):
    row = {"id": "j", "task": "t", "queue": "images", "created_at": NOW, "run_at": NOW}
    return Job(state=state, **row | columns)


def earlier(seconds):
    return NOW - timedelta(seconds=seconds)


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def pause(kind="queue", value="images", **columns):
    row = {"paused_by": "ann", "created_at": earlier(180)}
    return Pause(kind=kind, value=value, **row | columns)


STRICT = Lane(key="order-17", width=1)
HOST = Lane(key="host", width=2, rate_count=1, rate_seconds=1)
SHUT = pause(reason="the shop is closed", until=later(7200))
