"""When a schedule is due: the moment that a tick stands for, the same for every beat."""

from datetime import UTC, datetime, timedelta
from typing import Any

from celery import schedules
from django_celery_beat.clockedschedule import clocked

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AlignedInterval(schedules.schedule):
    """An interval whose ticks stand on a grid from 1970: every 30 s is :00 and :30.

    Celery counts from the last run, so each run's delay is carried on, two beats never agree, and
    a beat that restarts fires at once. On a grid the ticks are the same for every process.
    """

    def is_due(self, last_run_at: datetime) -> schedules.schedstate:
        now = self.maybe_make_aware(self.now())
        due = self.next_tick(last_run_at)
        if now < due:
            return schedules.schedstate(False, (due - now).total_seconds())
        return schedules.schedstate(True, (self.next_tick(now) - now).total_seconds())

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        now: datetime = self.maybe_make_aware(self.now())
        return self.next_tick(last_run_at) - now

    def next_tick(self, moment: datetime) -> datetime:
        """The first point of the grid after `moment`."""
        step: timedelta = self.run_every
        passed: int = (self.maybe_make_aware(moment) - _EPOCH) // step
        return _EPOCH + (passed + 1) * step


def aligned(schedule: Any) -> Any:
    """`schedule`, on the grid if it is a plain interval."""
    if type(schedule) is schedules.schedule:
        return AlignedInterval(schedule.run_every, schedule.relative, schedule.nowfun, schedule.app)
    return schedule


def due_after(schedule: Any, last_run_at: datetime, now: datetime) -> datetime:
    """The moment at which `schedule` came due after `last_run_at`, whenever it is noticed."""
    if isinstance(schedule, AlignedInterval):
        return schedule.next_tick(last_run_at)
    if isinstance(schedule, clocked):
        moment: datetime = schedule.clocked_time
        return moment
    due: datetime = now + schedule.remaining_estimate(last_run_at)
    # The estimate is counted from a `now` of its own, a little later than ours.
    return (due + timedelta(seconds=1)).replace(second=0, microsecond=0)
