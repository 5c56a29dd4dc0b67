"""A calendar day in a time zone: it has 23, 24 or 25 hours."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Day:
    """A date and the moments, in UTC, at which it starts and the next one does."""

    calendar_date: date
    zone: ZoneInfo
    start: datetime
    end: datetime

    @classmethod
    def on(cls, day: date, zone: ZoneInfo) -> "Day":
        """The day from its midnight to the next, whatever the clocks do between."""
        return cls(day, zone, _midnight(day, zone), _midnight(day + timedelta(days=1), zone))

    def hours(self) -> list[datetime]:
        """The local start of each hour. Hours are counted, so one that comes twice stands twice."""
        count = -((self.start - self.end) // HOUR)
        return [(self.start + number * HOUR).astimezone(self.zone) for number in range(count)]

    def hour_of(self, moment: datetime) -> int:
        """The index in `hours` of a moment of this day."""
        return (moment - self.start) // HOUR

    def is_over(self, now: datetime) -> bool:
        return now >= self.end


def yesterday(now: datetime, zone: ZoneInfo) -> date:
    """The day that ended last: at 00:00 the one that ended just then."""
    return now.astimezone(zone).date() - timedelta(days=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # Where the clocks skip midnight, zoneinfo reads 00:00 as the moment of the skip: the start.
    return datetime.combine(day, time.min, zone).astimezone(UTC)
