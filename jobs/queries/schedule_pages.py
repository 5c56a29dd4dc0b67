"""What the pages of schedules show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models.functions import Substr
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from jobs.clockwork import Fire
from jobs.errors import ScheduleNotFound
from jobs.models import Job, SchedulePolicy, ScheduleWatch
from jobs.queries.jobs.messages import written_result
from jobs.queries.schedule_health import RECENT_RUNS, Health, Run, health, last_runs, policy_of
from jobs.queries.schedules import next_fire, next_fires, rule_of, schedule_of
from jobs.queries.sentences import spell
from jobs.states import State

_PARTS = ("interval", "crontab", "solar", "clocked", "policy", "watch")
_MOST = 20
#: Characters of a result: so many are read, and so many stand in the list.
_MOST_READ = 2_000
_MOST_SHOWN = 120
_LOOKS = {Health.OK: "succeeded", Health.LATE: "queued", Health.OFF: "cancelled"}


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """A schedule in the list."""

    pk: int
    name: str
    task: str
    rule: str
    enabled: bool
    health: Health
    next_at: datetime | None
    last: Run | None

    @property
    def look(self) -> str:
        """The state of a job that looks like this health."""
        return _LOOKS.get(self.health, "failed")


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run, how long it took in words, and the begin of what its task returned."""

    run: Run
    took: str
    result: str


@dataclass(frozen=True, slots=True)
class FireLine:
    """A fire, on the clock of the schedule's own zone."""

    fire: Fire
    local: datetime

    @property
    def zone(self) -> str:
        """Short. Django's own filter leaves it out just where an hour comes twice."""
        return self.local.tzname() or ""


@dataclass(frozen=True, slots=True)
class ScheduleDetails:
    """All that the page of one schedule shows."""

    line: ScheduleLine
    zone: str
    runs: Sequence[RunLine]
    fires: Sequence[FireLine]
    policy: SchedulePolicy
    watch: ScheduleWatch | None


def list_schedules(now: datetime, *, most: int = 200) -> Sequence[ScheduleLine]:
    """The schedules by name, those that are switched off last."""
    tasks = PeriodicTask.objects.select_related(*_PARTS).order_by("-enabled", "name")
    return [_line(task, last_runs(task.name, most=RECENT_RUNS), now) for task in tasks[:most]]


def schedule_details(pk: int, now: datetime) -> ScheduleDetails:
    """One schedule. Raises ScheduleNotFound."""
    task = PeriodicTask.objects.select_related(*_PARTS).filter(pk=pk).first()
    if task is None:
        raise ScheduleNotFound
    runs = last_runs(task.name, most=RECENT_RUNS)
    zone = _zone(task)
    fires = next_fires(task, now, _MOST) if task.enabled else []
    return ScheduleDetails(
        line=_line(task, runs, now),
        zone=str(zone),
        runs=_run_lines(runs[:_MOST], now),
        fires=[FireLine(fire, fire.at.astimezone(zone)) for fire in fires],
        policy=policy_of(task),
        watch=getattr(task, "watch", None),
    )


def _line(task: PeriodicTask, runs: Sequence[Run], now: datetime) -> ScheduleLine:
    schedule = schedule_of(task)
    return ScheduleLine(
        pk=task.pk,
        name=task.name,
        task=task.task,
        rule=rule_of(task),
        enabled=task.enabled,
        health=health(task, schedule, runs, now) if schedule else Health.DID_NOT_RUN,
        next_at=next_fire(task, now) if task.enabled else None,
        last=runs[0] if runs else None,
    )


def _run_lines(runs: Sequence[Run], now: datetime) -> Sequence[RunLine]:
    done = Job.objects.filter(id__in=[run.id for run in runs], state=State.SUCCEEDED)
    results = dict(done.values_list("id", Substr("result", 1, _MOST_READ)))
    return [_run_line(run, results.get(run.id, ""), now) for run in runs]


def _run_line(run: Run, result: str, now: datetime) -> RunLine:
    took, shown = run.took(now), written_result(result)
    line = " ".join(shown.text.split()) if shown else ""
    short = line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}…"
    return RunLine(run, spell(took) if took is not None else "", short)


def _zone(task: PeriodicTask) -> Any:
    if task.crontab:
        return ZoneInfo(str(task.crontab.timezone))
    return timezone.get_current_timezone()
