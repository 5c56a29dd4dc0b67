"""The moments of any schedule of django-celery-beat: interval, crontab, solar, clocked."""

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import schedules
from django_celery_beat.clockedschedule import clocked

from jobs.clockwork.crontab import Crontab, Fire

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALMOST_A_MINUTE = timedelta(seconds=59)


def first_after(schedule: Any, moment: datetime) -> datetime | None:
    """The next moment at which `schedule` fires; None for never."""
    fire = next(fires_after(schedule, moment), None)
    return fire.at if fire else None


def fires_after(schedule: Any, moment: datetime) -> Iterator[Fire]:
    """Every fire after `moment`, in order. Lazy: most schedules never end."""
    if isinstance(schedule, clocked):
        at: datetime = schedule.clocked_time
        return iter([Fire(at.astimezone(UTC))] if at > moment else [])
    if isinstance(schedule, schedules.crontab):
        return crontab_of(schedule).fires_after(moment)
    if isinstance(schedule, schedules.solar):
        return _solar(schedule, moment)
    return _grid(schedule.run_every, moment)


def crontab_of(schedule: schedules.crontab) -> Crontab:
    """What Celery has parsed."""
    return Crontab(
        minutes=frozenset(schedule.minute),
        hours=frozenset(schedule.hour),
        days=frozenset(schedule.day_of_month),
        months=frozenset(schedule.month_of_year),
        weekdays=frozenset(schedule.day_of_week),
        zone=schedule.tz,
    )


def _grid(step: timedelta, moment: datetime) -> Iterator[Fire]:
    if step <= timedelta():
        return
    number = (moment - _EPOCH) // step
    while True:
        number += 1
        try:
            yield Fire(_EPOCH + number * step)
        except OverflowError:  # beyond the year 9999
            return


def _solar(schedule: schedules.solar, moment: datetime) -> Iterator[Fire]:
    """At the full minute after the event: astronomy is not the same to the last microsecond."""
    schedule, moment = copy.copy(schedule), moment.astimezone(UTC)
    while True:
        schedule.nowfun = lambda at=moment: at
        event: datetime = moment + schedule.remaining_estimate(moment)
        at = (event + _ALMOST_A_MINUTE).replace(second=0, microsecond=0)
        if at <= moment:
            return
        moment = at
        yield Fire(at)
