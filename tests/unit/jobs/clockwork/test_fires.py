"""Intervals, clocked schedules, and what has passed at a bounded cost."""

import time
from datetime import UTC, datetime, timedelta
from itertools import islice

from celery import schedules
from django_celery_beat.clockedschedule import clocked

from jobs.clockwork import begin_of, due, fires_after, first_after, latest

NOW = datetime(2026, 11, 22, 10, 0, 7, tzinfo=UTC)


def every(seconds):
    return schedules.schedule(timedelta(seconds=seconds))


def ago(**span):
    return NOW - timedelta(**span)


def test_an_interval_stands_on_a_grid():
    at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert first_after(every(30), at) == at + timedelta(seconds=30)
    assert first_after(every(30), at + timedelta(seconds=29.9)) == at + timedelta(seconds=30)
    assert first_after(every(30), at + timedelta(seconds=30)) == at + timedelta(seconds=60)
    found = [fire.at for fire in islice(fires_after(every(86_400), at), 2)]
    assert found == [datetime(2026, 11, day, tzinfo=UTC) for day in (23, 24)]


def test_an_interval_of_nothing_never_fires():
    assert first_after(every(0), NOW) is latest(every(0), ago(days=1), NOW) is None


def test_a_clocked_one_fires_once():
    assert first_after(clocked(NOW), ago(days=1)) == NOW
    assert first_after(clocked(NOW), NOW) is None


def test_a_solar_one_fires_once_a_day_and_every_process_finds_the_same_minute():
    sunrise = schedules.solar("sunrise", 52.5, 13.4)
    found = [fire.at for fire in islice(fires_after(sunrise, NOW), 3)]
    assert [at.day for at in found] == [23, 24, 25]
    assert all(at.second == at.microsecond == 0 for at in found)
    assert first_after(sunrise, NOW + timedelta(hours=5)) == found[0]


def test_what_has_passed_is_found_from_the_end():
    at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert latest(every(30), ago(days=300), NOW) == at
    assert latest(every(30), at, NOW) is None
    assert latest(schedules.crontab("*/5"), ago(hours=9), NOW) == at
    assert due(every(1), ago(days=300), NOW, most=2) == [NOW - timedelta(seconds=1), NOW]
    assert due(every(1), ago(seconds=1), NOW, most=9) == [NOW]
    minutely = due(schedules.crontab(), ago(minutes=3), NOW, most=100)
    assert minutely == [at - timedelta(minutes=2), at - timedelta(minutes=1), at]


def test_a_beat_that_was_away_for_years_is_soon_back():
    begin, years = time.process_time(), ago(days=20 * 365)
    for schedule in (every(0.001), every(1), every(86_400 * 366), schedules.crontab()):
        assert latest(schedule, years, NOW)
    assert latest(every(86_400 * 365 * 90), years, NOW) is None
    leap = schedules.crontab(0, 0, day_of_month=29, month_of_year=2)
    assert latest(leap, years, NOW) == datetime(2024, 2, 29, tzinfo=UTC)
    # In CPU seconds of this process: a busy machine changes little.
    assert time.process_time() - begin < 5


class Row:
    last_run_at = start_time = clocked_id = None
    date_changed = ago(days=1)

    def __init__(self, **values):
        vars(self).update(values)


def test_what_counts_begins_at_the_last_run_or_when_it_was_made_or_at_its_start():
    assert begin_of(Row(last_run_at=ago(hours=1)), None, count_paused=False) == ago(hours=1)
    assert begin_of(Row(), None, count_paused=False) == ago(days=1)
    start = begin_of(Row(start_time=NOW), None, count_paused=False)
    assert first_after(every(1), start) == NOW
    assert begin_of(Row(clocked_id=1), None, count_paused=False) < ago(days=9_000)


def test_what_passed_while_it_was_off_counts_only_if_the_policy_says_so():
    row = Row(last_run_at=ago(hours=9))
    assert begin_of(row, ago(hours=1), count_paused=False) == ago(hours=1)
    assert begin_of(row, ago(hours=1), count_paused=True) == ago(hours=9)
