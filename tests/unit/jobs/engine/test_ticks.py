"""A tick is the same moment for every beat, whenever it notices."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import schedules

from jobs.engine.ticks import AlignedInterval, aligned, due_after


def at(second, minute=0, hour=10):
    return datetime(2026, 11, 22, hour, minute, 0, tzinfo=UTC) + timedelta(seconds=second)


def interval(seconds, now):
    return aligned(schedules.schedule(timedelta(seconds=seconds), nowfun=lambda: now))


def test_an_interval_stands_on_a_grid():
    schedule = interval(30, at(0))
    assert isinstance(schedule, AlignedInterval)
    assert schedule.next_tick(at(0)) == at(30)
    assert schedule.next_tick(at(29.9)) == at(30)
    assert schedule.next_tick(at(30)) == at(60)


@pytest.mark.parametrize("noticed", [30, 30.4, 31, 45])
def test_two_beats_that_ran_at_other_moments_find_the_same_tick(noticed):
    schedule = interval(30, at(noticed))
    assert schedule.is_due(at(0.1)).is_due
    assert due_after(schedule, at(0.1), at(noticed)) == at(30)
    assert due_after(schedule, at(7), at(noticed)) == at(30)


def test_an_interval_says_how_long_it_is_until_the_next_tick():
    state = interval(30, at(31)).is_due(at(30.2))
    assert (state.is_due, state.next) == (False, 29)


def test_delays_do_not_add_up():
    last, ticks = at(0), []
    for run in range(1, 11):
        now = at(30 * run + 0.9)  # noticed almost a second late, every time
        ticks.append(due_after(interval(30, now), last, now))
        last = now
    assert ticks == [at(30 * run) for run in range(1, 11)]


@pytest.mark.parametrize("late", [0.01, 5, 59])
def test_a_crontab_comes_due_at_its_minute_however_late_it_is_noticed(late):
    now = at(late, minute=5)
    schedule = schedules.crontab(minute="*/5", nowfun=lambda: now)
    assert due_after(schedule, at(0, minute=0), now) == at(0, minute=5)
