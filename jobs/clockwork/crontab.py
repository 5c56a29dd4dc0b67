"""The moments of a crontab in its own zone, also where clocks are put forward or back.

A crontab for every hour follows the time that passes: it fires in both of two equal hours, and an
hour that does not exist is not missed. One for certain hours means the clock on the wall: where a
time comes twice it fires at the first, where it does not exist, at the next minute that does.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
#: A 29 February on a certain day of the week may be forty years away, across 2100.
_HORIZON_DAYS = 41 * 366


@dataclass(frozen=True, order=True, slots=True)
class Fire:
    """A moment at which a schedule fires, in UTC."""

    at: datetime
    #: "double": its time on the wall comes twice that day; "gap": the time asked for never comes.
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Crontab:
    """Numbers as Celery understands them: Sunday is 0, and all fields must fit."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    zone: tzinfo

    def fires_after(self, moment: datetime) -> Iterator[Fire]:
        """Every fire after `moment`, in order; ends where none is in sight for 41 years."""
        last = moment.astimezone(UTC)
        for day in self._days(last.astimezone(self.zone).date() - _DAY):
            for fire in self._fires_of(day, last):
                if fire.at > last:
                    last = fire.at
                    yield fire

    def _days(self, day: date) -> Iterator[date]:
        looked = 0
        while looked < _HORIZON_DAYS and day.year < 9998:
            if day.month not in self.months:
                following = day.replace(day=monthrange(day.year, day.month)[1]) + _DAY
                looked += (following - day).days
                day = following
                continue
            if day.day in self.days and day.isoweekday() % 7 in self.weekdays:
                looked = 0
                yield day
            looked += 1
            day += _DAY

    def _fires_of(self, day: date, after: datetime) -> Iterator[Fire]:
        if len(self.hours) == 24:
            return self._as_time_passes(day, after)
        return iter(self._by_the_clock(day))

    def _as_time_passes(self, day: date, after: datetime) -> Iterator[Fire]:
        moment = max(self._begin(day), after.replace(second=0, microsecond=0) + _MINUTE)
        end = self._begin(day + _DAY)
        while moment < end:
            local = moment.astimezone(self.zone)
            if local.minute in self.minutes:
                yield Fire(moment, "double" if _is_double(local) else "")
            moment += _MINUTE

    def _begin(self, day: date) -> datetime:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return midnight.astimezone(UTC).replace(second=0, microsecond=0)

    def _by_the_clock(self, day: date) -> list[Fire]:
        walls = (
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
            for hour in self.hours
            for minute in self.minutes
        )
        fires: dict[datetime, Fire] = {}
        for fire in map(_fire, walls):
            # Several times that do not exist become one; a time that does exist needs no mark.
            if not (fire.mark == "gap" and fire.at in fires):
                fires[fire.at] = fire
        return sorted(fires.values())


def _fire(wall: datetime) -> Fire:
    moment = wall.astimezone(UTC)
    back = moment.astimezone(wall.tzinfo)
    if back.replace(tzinfo=None, fold=0) != wall.replace(tzinfo=None):
        return Fire(_end_of_gap(wall), "gap")
    return Fire(moment, "double" if _is_double(wall) else "")


def _is_double(wall: datetime) -> bool:
    first, second = (wall.replace(fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second


def _end_of_gap(wall: datetime) -> datetime:
    """The first minute after the clocks were put forward over `wall`."""
    # Read with the offset of after, it lies before the change; with the offset of before, after.
    before, after = (wall.replace(fold=fold).astimezone(UTC) for fold in (1, 0))
    offset = after.astimezone(wall.tzinfo).utcoffset()
    while after - before > _MINUTE:
        middle = before + (after - before) // 2 // _MINUTE * _MINUTE
        if middle.astimezone(wall.tzinfo).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
