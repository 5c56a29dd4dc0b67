"""Which ticks become jobs, by the policy for what was missed."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import schedules
from django_celery_beat.clockedschedule import clocked

from jobs.engine.beat import ticks
from jobs.engine.beat.ticks import TickSchedule, Window, to_run
from jobs.models import SchedulePolicy


def at(second, minute=0, hour=10):
    return datetime(2026, 11, 22, hour, minute, 0, tzinfo=UTC) + timedelta(seconds=second)


def every(seconds):
    return schedules.schedule(timedelta(seconds=seconds))


class Frozen(datetime):
    moment = at(0)

    @classmethod
    def now(cls, tz=None):
        return cls.moment


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(ticks, "datetime", Frozen)
    return Frozen


def chosen(schedule, after, now, **policy):
    return to_run(Window(schedule, after, now), SchedulePolicy(**policy))


@pytest.mark.parametrize("noticed", [30, 30.4, 31, 45])
def test_two_beats_that_ran_at_other_moments_find_the_same_tick(noticed, clock):
    clock.moment = at(noticed)
    assert TickSchedule(every(30)).is_due(at(0.1)).is_due
    for last in (at(0.1), at(7)):
        assert chosen(every(30), last, at(noticed)) == [at(30)]


def test_an_interval_says_how_long_it_is_until_the_next_tick(clock):
    clock.moment = at(31)
    state = TickSchedule(every(30)).is_due(at(30.2))
    assert (state.is_due, state.next) == (False, 29)
    assert TickSchedule(every(30)).remaining_estimate(at(30.2)) == timedelta(seconds=29)


def test_delays_do_not_add_up():
    last, found = at(0), []
    for run in range(1, 11):
        now = at(30 * run + 0.9)  # noticed almost a second late, every time
        found += chosen(every(30), last, now)
        last = now
    assert found == [at(30 * run) for run in range(1, 11)]


@pytest.mark.parametrize("late", [0.01, 5, 59])
def test_a_crontab_comes_due_at_its_minute_however_late_it_is_noticed(late):
    found = chosen(schedules.crontab("*/5"), at(0), at(late, minute=5))
    assert found == [at(0, minute=5)]


def test_a_last_run_in_the_future_does_not_stop_a_schedule(clock):
    clock.moment = at(10)  # the clock was put back
    state = TickSchedule(every(30)).is_due(at(0, hour=20))
    assert (state.is_due, state.next) == (False, 20)


def test_a_schedule_that_never_fires_rests(clock):
    clock.moment = at(30)
    assert TickSchedule(clocked(at(0))).is_due(at(10)) == (False, 86_400)


def test_what_was_missed_is_run_once_skipped_or_caught_up():
    hourly = schedules.crontab(minute=0)
    window = (hourly, at(0, hour=3), at(0, minute=30))
    assert chosen(*window) == chosen(*window, missed="once") == [at(0)]
    assert chosen(*window, missed="skip") == []
    assert chosen(*window, missed="skip", max_lateness_seconds=3_600) == [at(0)]
    assert chosen(*window, missed="all") == [at(0, hour=hour) for hour in range(4, 11)]
    assert chosen(*window, missed="all", limit_count=2) == [at(0, hour=9), at(0)]
    assert chosen(*window, missed="all", limit_seconds=7_200) == [at(0, hour=9), at(0)]


@pytest.mark.parametrize("missed", ["skip", "once", "all"])
def test_what_is_on_time_runs_under_every_policy(missed):
    assert chosen(every(30), at(0.1), at(30.5), missed=missed) == [at(30)]
