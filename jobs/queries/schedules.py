"""Schedules: which are enabled, when they fire next, and how their last run ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django_celery_beat.models import PeriodicTask

from jobs.clockwork import Fire, fires_after, first_after
from jobs.models import Job
from jobs.queries.jobs import hot
from jobs.queries.schedule_health import begin_of_task


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
        .select_related("interval", "crontab", "solar", "clocked", "policy", "watch")
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
        rule=rule_of(task),
        next_at=next_fire(task, now),
        last_at=task.last_run_at,
        last_job=task.last_job or "",
        last_state=task.last_state or "",
    )


def next_fire(task: PeriodicTask, now: datetime) -> datetime | None:
    """When the schedule fires next: now, if it should have fired already; None for never."""
    schedule = schedule_of(task)
    if schedule is None or (task.expires and task.expires <= now):
        return None
    moment = first_after(schedule, min(begin_of_task(task), _latest_begin(task, now)))
    return max(moment, now) if moment else None


def next_fires(task: PeriodicTask, now: datetime, count: int) -> Sequence[Fire]:
    """The next fires after `now`, with marks where clocks are changed."""
    schedule = schedule_of(task)
    if schedule is None:
        return []
    fires = fires_after(schedule, _latest_begin(task, now))
    if task.expires:
        fires = takewhile(lambda fire: fire.at < task.expires, fires)
    return list(islice(fires, 1 if task.one_off else count))


def schedule_of(task: PeriodicTask) -> Any:
    """Celery's schedule; None if the row makes no sense (it was not made in the admin)."""
    try:
        return task.schedule
    except Exception:  # noqa: BLE001 - crontabs that do not parse, sums beyond the year 9999
        return None


def rule_of(task: PeriodicTask) -> str:
    """When it fires, in words."""
    if task.crontab:
        return str(task.crontab.human_readable)
    rule = task.interval or task.solar or task.clocked
    return str(rule)


def _latest_begin(task: PeriodicTask, now: datetime) -> datetime:
    begin: datetime | None = task.start_time
    return begin - timedelta(microseconds=1) if begin and begin > now else now
