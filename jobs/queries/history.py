"""What happened between two moments: the reads of reports.

Rows stream in chunks and only the columns that are needed leave the database, so a day of a
million jobs takes the memory of one chunk. Nothing here runs in a transaction: on SQLite every
transaction takes the write lock, and a report must not hold up the workers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.db.models.functions import Left
from django_celery_beat.models import PeriodicTask

from jobs.models import Attempt, Job

CHUNK = 2000
#: As much of an error message as a report shows.
MESSAGE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class CreatedJob:
    """A job that was submitted; `finished_at` is empty while it has not ended."""

    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class FinishedJob:
    """A job in a final state."""

    id: str
    task: str
    state: str
    attempt: int
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime
    error_type: str
    error_message: str
    error_fingerprint: str


@dataclass(frozen=True, slots=True)
class AttemptCount:
    """How many attempts of a task ended in one way."""

    task: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """A job that a schedule submitted."""

    schedule: str
    task: str
    state: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as it is now."""

    name: str
    task: str
    timing: str
    enabled: bool


def created_jobs(start: datetime, end: datetime) -> Iterator[CreatedJob]:
    """The jobs submitted in [start, end), in no order."""
    rows = Job.objects.filter(created_at__gte=start, created_at__lt=end).order_by()
    for row in rows.values_list("created_at", "finished_at").iterator(CHUNK):
        yield CreatedJob(*row)


def finished_jobs(start: datetime, end: datetime) -> Iterator[FinishedJob]:
    """The jobs that ended in [start, end), in no order."""
    rows = Job.objects.filter(finished_at__gte=start, finished_at__lt=end).order_by()
    columns = rows.values_list(
        "id",
        "task",
        "state",
        "attempt",
        "run_at",
        "started_at",
        "finished_at",
        "error_type",
        Left("error_message", MESSAGE_LENGTH),
        "error_fingerprint",
    )
    for row in columns.iterator(CHUNK):
        yield FinishedJob(*row)


def unsuccessful_attempts(start: datetime, end: datetime) -> list[AttemptCount]:
    """The attempts that ended without success in [start, end), counted by task and outcome."""
    rows = Attempt.objects.filter(finished_at__gte=start, finished_at__lt=end).order_by()
    counts = rows.values_list("job__task", "outcome").annotate(count=Count("id"))
    return [AttemptCount(*row) for row in counts]


def scheduled_runs(start: datetime, end: datetime) -> Iterator[ScheduledRun]:
    """The jobs that schedules submitted in [start, end), in no order."""
    rows = Job.objects.filter(created_at__gte=start, created_at__lt=end).order_by()
    columns = rows.exclude(schedule="").values_list(
        "schedule", "task", "state", "created_at", "started_at", "finished_at"
    )
    for row in columns.iterator(CHUNK):
        yield ScheduledRun(*row)


def schedules() -> list[Schedule]:
    """Every schedule in django-celery-beat's table, by name."""
    rows = PeriodicTask.objects.select_related("interval", "crontab", "solar", "clocked")
    return [
        Schedule(row.name, row.task, _timing(row), row.enabled) for row in rows.order_by("name")
    ]


def due_at(job_id: str) -> datetime | None:
    """The moment that a run stands for: its tick, or when it was submitted; None for no such job.

    A nightly job that a stopped worker leaves lying for two days still speaks of its own night.
    """
    row = Job.objects.filter(pk=job_id).values_list("tick", "created_at").first()
    return (row[0] or row[1]) if row else None


def _timing(row: PeriodicTask) -> str:
    return str(row.crontab.human_readable if row.crontab else row.scheduler)
