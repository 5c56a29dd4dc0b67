"""Ticks: when beat looks at a schedule, and which of the moments that passed become jobs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import schedules

from jobs.clockwork import due, first_after, latest
from jobs.models.schedule import SchedulePolicy

#: How long beat may rest if a schedule never fires again: an edit wakes it.
_NEVER_SECONDS = 86_400.0


class TickSchedule(schedules.BaseSchedule):
    """Any schedule, by the moments at which it fires.

    Celery counts an interval from the last run: each delay is carried on, two beats never agree,
    and one that restarts fires at once. Its crontabs leave out the hour that comes twice. The
    moments of jobs.clockwork are the same for every process.
    """

    def __init__(self, schedule: Any, *, app: Any = None) -> None:
        super().__init__(app=app)
        self.schedule = schedule

    def is_due(self, last_run_at: datetime) -> schedules.schedstate:
        """Whether it has fired since `last_run_at`, and the seconds to its next moment."""
        now = datetime.now(UTC)
        moment = first_after(self.schedule, min(last_run_at, now))
        is_due = moment is not None and moment <= now
        if is_due:
            moment = first_after(self.schedule, now)
        left = _NEVER_SECONDS if moment is None else (moment - now).total_seconds()
        return schedules.schedstate(is_due, min(left, _NEVER_SECONDS))

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        """How long it is to the next moment."""
        return timedelta(seconds=self.is_due(last_run_at).next)


@dataclass(frozen=True, slots=True)
class Window:
    """What has passed since beat has last dealt with a schedule."""

    schedule: Any
    #: The last moment that has been dealt with.
    after: datetime
    now: datetime


def to_run(window: Window, policy: SchedulePolicy) -> list[datetime]:
    """The ticks of `window` that are to become jobs, in order, by the rule for missed runs."""
    schedule, after, now = window.schedule, window.after, window.now
    if policy.missed == SchedulePolicy.Missed.ALL:
        oldest = now - timedelta(seconds=policy.limit_seconds)
        return due(schedule, max(after, oldest), now, most=policy.limit_count)
    tick = latest(schedule, after, now)
    return [] if tick is None or _is_left_out(tick, now, policy) else [tick]


def left_out(window: Window, policy: SchedulePolicy) -> datetime | None:
    """The last tick of `window`, if it comes too late to become a job."""
    tick = latest(window.schedule, window.after, window.now)
    return tick if tick and _is_left_out(tick, window.now, policy) else None


def _is_left_out(tick: datetime, now: datetime, policy: SchedulePolicy) -> bool:
    is_too_late = now - tick > timedelta(seconds=policy.max_lateness_seconds)
    return is_too_late and policy.missed == SchedulePolicy.Missed.SKIP
