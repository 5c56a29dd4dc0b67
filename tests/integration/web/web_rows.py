"""Rows that the tests of pages are made of."""

import json
from datetime import datetime, timedelta
from uuid import uuid4

from django.utils import timezone

from jobs.models import Attempt, Job, Lane, LogLine, Node, Page, Pause

STATES = ("scheduled", "queued", "running", "succeeded", "failed", "cancelled")


def message(args=(), kwargs=None):
    body = json.dumps([list(args), kwargs or {}, {"chain": None}])
    headers = {"id": "x", "task": "jobs.resize_image", "retries": 0}
    return json.dumps({"body": body, "headers": headers, "content-type": "application/json"})


def make_job(state="queued", *, args=(), kwargs=None, age=60, now=None, **columns):
    """A job in `state` that keeps the table's constraints."""
    now = now or timezone.now()
    born = now - timedelta(seconds=age)
    row = {
        "id": str(uuid4()),
        "task": "jobs.resize_image",
        "queue": "celery",
        "message": message(args, kwargs),
        "created_at": born,
        "run_at": born,
        "published_at": born,
    }
    began = {"attempt": 1, "worker": "w1", "started_at": born + timedelta(seconds=2)}
    match state:
        case "scheduled":
            row |= {"run_at": now + timedelta(minutes=3), "waiting_for": "time"}
        case "running":
            row |= began
        case "succeeded":
            row |= began | {"finished_at": born + timedelta(seconds=2.4), "result": '{"a": 1}'}
        case "failed":
            row |= began | {
                "finished_at": born + timedelta(seconds=3),
                "error_type": "HTTPError",
                "error_message": "503 from the server",
                "error_fingerprint": "f1",
            }
        case "cancelled":
            row |= {
                "finished_at": born + timedelta(seconds=3),
                "error_type": "Cancelled",
                "error_message": "Cancelled by ann.",
            }
    return Job.objects.create(state=state, **row | columns)


def make_lane(key="order-17", **columns):
    return Lane.objects.create(key=key, created_at=timezone.now(), **columns)


def make_pause(kind="queue", value="celery", *, by="ann", age=180, **columns):
    born = timezone.now() - timedelta(seconds=age)
    return Pause.objects.create(kind=kind, value=value, paused_by=by, created_at=born, **columns)


def make_attempt(job, number=1, **columns):
    row = {
        "outcome": "failed",
        "worker": "w1",
        "finished_at": job.created_at + timedelta(seconds=1),
        "error_type": "HTTPError",
        "error_message": "503",
        "traceback": "Traceback (most recent call last):\n  ...\nHTTPError: 503",
    }
    return Attempt.objects.create(job=job, number=number, **row | columns)


def make_line(job, text="hello", level="INFO", attempt=1):
    return LogLine.objects.create(
        job=job, attempt=attempt, at=job.created_at, level=level, text=text
    )


def make_worker(name="w1", *, queues="celery", silent=0, concurrency=2, kind="worker"):
    now = timezone.now()
    return Node.objects.create(
        id=name,
        kind=kind,
        name=name,
        pid=1,
        pool="prefork",
        concurrency=concurrency,
        queues=queues,
        started_at=now - timedelta(hours=1),
        seen_at=now - timedelta(seconds=silent),
    )


def make_page(url, title="", text="", *, at: datetime | None = None):
    return Page.objects.create(
        url=url,
        final_url=url,
        title=title,
        text=text,
        status=200,
        bytes=len(text),
        fetched_at=at or timezone.now(),
    )
