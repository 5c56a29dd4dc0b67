"""Real beats whose clock on the wall is moved."""

from datetime import UTC, datetime, timedelta

import pytest
from django_celery_beat.models import (
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from jobs.clockwork import first_after
from jobs.models import Job
from tests.acceptance.stack import wait_until

HOURS = 36_000


@pytest.fixture
def every_second(transactional_db):
    interval = IntervalSchedule.objects.create(every=1, period="seconds")
    return PeriodicTask.objects.create(
        name="each", task="test.add", args="[1, 2]", interval=interval
    )


def begun(stack, **environment):
    beat = stack.run(
        "beat", "celery", "-A", "config", "beat", "-l", "INFO", "--pidfile=", **environment
    )
    wait_until(lambda: "Starting..." in beat.text(), 30, "beat has started")
    return beat


def ticks(*, after, before):
    jobs = Job.objects.filter(schedule="each", tick__gt=after, tick__lt=before).order_by("tick")
    return list(jobs.values_list("tick", flat=True))


def test_beats_go_on_after_their_clock_was_put_forward_and_back(stack, wall, every_second):
    begun(stack, **wall.environment), begun(stack, **wall.environment)
    now = datetime.now(UTC)
    then, far = now + timedelta(seconds=HOURS // 2), now + timedelta(days=9)
    wait_until(lambda: len(ticks(after=now, before=then)) >= 2, 30)
    wall.put(HOURS)
    wait_until(lambda: len(ticks(after=then, before=far)) >= 3, 30)
    wall.put(0)
    back = datetime.now(UTC)
    wait_until(lambda: len(ticks(after=back, before=then)) >= 5, 20)
    every_second.refresh_from_db()
    assert every_second.last_run_at < then
    found = ticks(after=now, before=far)
    assert len(set(found)) == len(found)


def test_a_beat_that_begins_after_the_clock_was_put_back_fires(stack, wall, every_second):
    wall.put(HOURS)
    beat = begun(stack, **wall.environment)
    future = datetime.now(UTC) + timedelta(seconds=HOURS // 2)
    wait_until(lambda: ticks(after=future, before=future + timedelta(days=9)), 30)
    assert beat.stop(20) == 0
    back = datetime.now(UTC)
    begun(stack)
    wait_until(lambda: len(ticks(after=back, before=future)) >= 3, 20)


#: Berlin puts its clocks back at 01:00 UTC on that day; 02:30 comes at 00:30 and at 01:30 UTC.
DOUBLE = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
#: Sunrise in Berlin, by any almanac.
SUNRISE = datetime(2027, 6, 21, 2, 43, tzinfo=UTC)


def put_at(wall, moment):
    wall.put(int((moment - datetime.now(UTC)).total_seconds()))


def test_a_crontab_of_a_zone_fires_once_in_the_hour_that_comes_twice(stack, wall, every_second):
    crontab = CrontabSchedule.objects.create(minute="30", hour="2", timezone="Europe/Berlin")
    PeriodicTask.objects.create(
        name="nightly",
        task="test.add",
        args="[1, 2]",
        crontab=crontab,
        last_run_at=DOUBLE - timedelta(hours=1),
    )
    PeriodicTask.objects.filter(name="each").update(last_run_at=DOUBLE - timedelta(hours=1))
    put_at(wall, DOUBLE - timedelta(seconds=10))
    begun(stack, **wall.environment)
    nightly = Job.objects.filter(schedule="nightly")
    wait_until(nightly.exists, 40)
    again = DOUBLE + timedelta(hours=1)
    put_at(wall, again - timedelta(seconds=3))
    far = again + timedelta(days=1)
    wait_until(lambda: len(ticks(after=again, before=far)) >= 3, 40)
    assert [job.tick for job in nightly] == [DOUBLE]


def test_a_solar_schedule_fires_at_the_full_minute_after_the_event(stack, wall, db):
    solar = SolarSchedule.objects.create(event="sunrise", latitude="52.52", longitude="13.405")
    PeriodicTask.objects.create(
        name="dawn",
        task="test.add",
        args="[1, 2]",
        solar=solar,
        last_run_at=SUNRISE - timedelta(hours=3),
    )
    solar.refresh_from_db()  # decimals by now
    due = first_after(solar.schedule, SUNRISE - timedelta(hours=3))
    put_at(wall, due - timedelta(seconds=8))
    begun(stack, **wall.environment), begun(stack, **wall.environment)
    job = wait_until(lambda: Job.objects.filter(schedule="dawn").first(), 40)
    assert job.tick == due
    assert abs(job.tick - SUNRISE) <= timedelta(minutes=3)
    assert (job.tick.second, job.tick.microsecond) == (0, 0)
    assert 0 <= (job.created_at - due).total_seconds() < 10
