from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from reports.build.day import Day, yesterday

BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("zone", "day", "hours", "start"),
    [
        ("UTC", "2026-03-29", 24, "2026-03-29T00:00"),
        ("Asia/Tokyo", "2026-03-29", 24, "2026-03-28T15:00"),
        ("Europe/Berlin", "2026-03-29", 23, "2026-03-28T23:00"),
        ("Europe/Berlin", "2026-10-25", 25, "2026-10-24T22:00"),
        # Half an hour of summer time: the last hour is a short one.
        ("Australia/Lord_Howe", "2026-10-04", 24, "2026-10-03T13:30"),
        # The clocks skip midnight itself.
        ("Africa/Cairo", "2026-04-24", 23, "2026-04-23T22:00"),
        # Samoa went over the date line and left the day out.
        ("Pacific/Apia", "2011-12-30", 0, "2011-12-30T10:00"),
    ],
)
def test_a_day_has_the_hours_that_its_zone_gives_it(zone, day, hours, start):
    bounds = Day.on(date.fromisoformat(day), ZoneInfo(zone))
    assert len(bounds.hours()) == hours
    assert bounds.start == datetime.fromisoformat(start).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "Europe/Berlin", "Africa/Cairo"])
def test_every_day_ends_where_the_next_one_starts(zone):
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(366)]
    bounds = [Day.on(day, ZoneInfo(zone)) for day in days]
    assert all(a.end == b.start for a, b in pairwise(bounds))


def test_the_hour_that_comes_twice_stands_twice():
    hours = Day.on(date(2026, 10, 25), BERLIN).hours()
    assert [f"{hour:%H %Z}" for hour in hours[1:5]] == ["01 CEST", "02 CEST", "02 CET", "03 CET"]


def test_the_hour_that_is_skipped_is_missing():
    hours = Day.on(date(2026, 3, 29), BERLIN).hours()
    assert [hour.hour for hour in hours[:4]] == [0, 1, 3, 4]


def test_a_moment_finds_its_hour_after_the_clocks_changed():
    day = Day.on(date(2026, 10, 25), BERLIN)
    moment = datetime(2026, 10, 25, 23, 59, 59, 999999, tzinfo=BERLIN).astimezone(UTC)
    assert day.hour_of(moment) == 24
    assert day.hour_of(day.start) == 0


def test_at_midnight_yesterday_is_the_day_that_just_ended():
    assert yesterday(datetime(2026, 3, 29, 15, 0, tzinfo=UTC), TOKYO) == date(2026, 3, 29)
    assert yesterday(datetime(2026, 3, 29, 14, 59, tzinfo=UTC), TOKYO) == date(2026, 3, 28)


def test_a_day_is_over_at_its_last_moment_and_not_before():
    day = Day.on(date(2026, 3, 29), BERLIN)
    assert day.is_over(day.end)
    assert not day.is_over(day.end - timedelta(microseconds=1))
