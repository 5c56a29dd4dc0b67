"""Schedules: which are enabled, when they fire next, and how their last run ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import OuterRef, QuerySet, Subquery
from django_celery_beat.models import PeriodicTask

from jobs.models import Job
from jobs.queries.jobs import hot


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A schedule as the home page shows it."""

    name: str
    task: str
    #: In words: "every 10 seconds", "at 06:00".
    rule: str
    next_at: datetime | None
    last_at: datetime | None
    last_job: str
    last_state: str


def count_enabled() -> int:
    """How many schedules are to fire."""
    return int(PeriodicTask.objects.filter(enabled=True).count())


def upcoming(now: datetime, *, most: int = 6) -> Sequence[ScheduleRow]:
    """The enabled schedules, the soonest first."""
    rows = [_row(task, now) for task in _enabled()]
    far = datetime.max.replace(tzinfo=UTC)
    return sorted(rows, key=lambda row: (row.next_at or far, row.name))[:most]


def _enabled() -> QuerySet[PeriodicTask]:
    runs = Job.objects.filter(hot.OF_A_SCHEDULE, schedule=OuterRef("name"))
    last = runs.order_by("-created_at")
    tasks: QuerySet[PeriodicTask] = (
        PeriodicTask.objects.filter(enabled=True)
        .select_related("interval", "crontab", "solar", "clocked")
        .annotate(
            last_job=Subquery(last.values("id")[:1]),
            last_state=Subquery(last.values("state")[:1]),
        )
    )
    return tasks


def _row(task: PeriodicTask, now: datetime) -> ScheduleRow:
    return ScheduleRow(
        name=task.name,
        task=task.task,
        rule=_rule(task),
        next_at=next_fire(task, now),
        last_at=task.last_run_at,
        last_job=task.last_job or "",
        last_state=task.last_state or "",
    )


def next_fire(task: PeriodicTask, now: datetime) -> datetime | None:
    """When the schedule fires next: now, if it should have fired already; None for never."""
    if task.expires and task.expires <= now:
        return None
    begin: datetime | None = task.start_time
    if begin and begin > now:
        return begin
    schedule = task.schedule
    schedule.nowfun = lambda: now
    left: timedelta = schedule.remaining_estimate(task.last_run_at or task.date_changed or now)
    return max(now + left, now)


def _rule(task: PeriodicTask) -> str:
    if task.crontab:
        return str(task.crontab.human_readable)
    rule = task.interval or task.solar or task.clocked
    return str(rule)
