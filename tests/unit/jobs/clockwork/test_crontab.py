"""Crontabs where clocks are changed, on other days in each zone, and where they never are."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from celery import schedules

from jobs.clockwork import Fire
from jobs.clockwork.fires import crontab_of

BERLIN, NEW_YORK, TOKYO = map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Asia/Tokyo"))


def cron(text, zone):
    minute, hour, day, month, weekday = text.split()
    schedule = schedules.crontab(minute, hour, weekday, day, month)
    schedule.tz = zone
    return crontab_of(schedule)


def fires(text, zone, begin, count):
    after = datetime.fromisoformat(begin).replace(tzinfo=zone)
    found = islice(cron(text, zone).fires_after(after), count)
    return [(f"{fire.at.astimezone(zone):%d %H:%M%z}", fire.mark) for fire in found]


def plain(text, zone, begin, count):
    return [local for local, _ in fires(text, zone, begin, count)]


def test_a_daily_one_fires_at_its_hour_in_its_zone():
    assert fires("0 6 * * *", TOKYO, "2026-03-28T12:00", 2) == [
        ("29 06:00+0900", ""),
        ("30 06:00+0900", ""),
    ]


def test_a_time_that_does_not_exist_is_the_next_minute_that_does():
    assert fires("30 2 * * *", BERLIN, "2026-03-28T12:00", 2) == [
        ("29 03:00+0200", "gap"),
        ("30 02:30+0200", ""),
    ]
    assert fires("15 2 * * *", NEW_YORK, "2026-03-07T12:00", 2) == [
        ("08 03:00-0400", "gap"),
        ("09 02:15-0400", ""),
    ]


def test_several_times_that_do_not_exist_are_one_fire():
    assert plain("*/20 2 * * *", BERLIN, "2026-03-29T01:00", 2) == [
        "29 03:00+0200",
        "30 02:00+0200",
    ]
    assert fires("0 2,3 * * *", BERLIN, "2026-03-29T01:00", 2) == [
        ("29 03:00+0200", ""),
        ("30 02:00+0200", ""),
    ]


def test_a_daily_time_that_comes_twice_fires_at_the_first():
    assert fires("30 2 * * *", BERLIN, "2026-10-24T12:00", 2) == [
        ("25 02:30+0200", "double"),
        ("26 02:30+0100", ""),
    ]
    assert fires("30 1 * * *", NEW_YORK, "2026-10-31T12:00", 2) == [
        ("01 01:30-0400", "double"),
        ("02 01:30-0500", ""),
    ]


def test_an_hourly_one_fires_in_both_of_the_hours_that_are_equal():
    assert fires("0 * * * *", BERLIN, "2026-10-25T01:30", 4) == [
        ("25 02:00+0200", "double"),
        ("25 02:00+0100", "double"),
        ("25 03:00+0100", ""),
        ("25 04:00+0100", ""),
    ]


@pytest.mark.parametrize(("text", "a_day"), [("* * * * *", 1440), ("*/20 * * * *", 72)])
@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, datetime(2026, 3, 29), 23),
        (BERLIN, datetime(2026, 10, 25), 25),
        (NEW_YORK, datetime(2026, 3, 8), 23),
        (NEW_YORK, datetime(2026, 11, 1), 25),
        (TOKYO, datetime(2026, 3, 29), 24),
    ],
)
def test_one_for_every_hour_follows_the_time_that_passes(text, a_day, zone, day, hours):
    begin = day.replace(tzinfo=zone).astimezone(UTC)
    end = day.replace(day=day.day + 1, tzinfo=zone).astimezone(UTC)
    found = [fire.at for fire in islice(cron(text, zone).fires_after(begin), 2000)]
    in_the_day = [at for at in found if at < end]
    assert len(in_the_day) == a_day // 24 * hours - 1  # midnight itself is before
    assert len({b - a for a, b in pairwise(in_the_day)}) == 1


def test_an_hour_that_does_not_exist_is_not_made_up_for_by_an_hourly_one():
    assert fires("30 * * * *", BERLIN, "2026-03-29T01:00", 2) == [
        ("29 01:30+0100", ""),
        ("29 03:30+0200", ""),
    ]


def test_all_fields_must_fit_and_sunday_is_0():
    assert plain("0 0 13 * 5", TOKYO, "2026-03-01T00:00", 2) == ["13 00:00+0900", "13 00:00+0900"]
    assert plain("0 0 * * 0", TOKYO, "2026-11-20T00:00", 1) == ["22 00:00+0900"]


def test_a_fire_is_after_the_moment_not_at_it():
    at = datetime(2026, 5, 1, 6, 0, tzinfo=UTC)
    assert next(cron("0 6 * * *", UTC).fires_after(at)).at.day == 2
    assert next(cron("* * * * *", UTC).fires_after(at)) == Fire(at.replace(minute=1))


def test_february_29_is_found_and_31_never_is_at_a_bounded_cost():
    begin = datetime(2096, 3, 1, tzinfo=UTC)
    started = time.process_time()
    assert next(cron("0 0 29 2 *", UTC).fires_after(begin)).at.year == 2104
    assert next(cron("0 0 29 2 3", UTC).fires_after(begin)).at == datetime(2108, 2, 29, tzinfo=UTC)
    # Celery refuses these now; it did not always, and another version may not.
    never = replace(cron("* * 31 * *", BERLIN), months=frozenset({2, 4, 6, 9, 11}))
    assert list(never.fires_after(begin)) == []
    assert list(replace(never, months=frozenset()).fires_after(begin)) == []
    # In CPU seconds of this process: a busy machine changes little.
    assert time.process_time() - started < 5


def test_a_gap_at_midnight_moves_the_fire_to_the_first_minute_of_the_day():
    beirut = ZoneInfo("Asia/Beirut")  # 2026-03-29: 00:00 becomes 01:00
    assert fires("0 0 * * *", beirut, "2026-03-28T12:00", 1) == [("29 01:00+0300", "gap")]


def test_half_an_hour_of_summer_time():
    lord_howe = ZoneInfo("Australia/Lord_Howe")  # 2026-10-04: 02:00 becomes 02:30
    assert fires("10 2 * * *", lord_howe, "2026-10-03T12:00", 1) == [("04 02:30+1100", "gap")]
