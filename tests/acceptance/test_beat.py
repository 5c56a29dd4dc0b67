"""Beat: schedules in the database become jobs, one for each tick."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
)

from jobs.engine.beat import schedule_actions
from jobs.models import Job, Node, SchedulePolicy
from tests.acceptance.stack import wait_until


@pytest.fixture
def every_second():
    interval = IntervalSchedule.objects.create(every=1, period="seconds")
    return PeriodicTask.objects.create(
        name="每秒", task="test.add", args="[1, 2]", interval=interval, priority=7
    )


def test_two_beats_make_one_job_for_each_tick_and_its_options_hold(stack, every_second):
    stack.beat("one"), stack.beat("two")
    stack.worker("-c", "1")
    runs = Job.objects.filter(schedule="每秒", state="succeeded")
    wait_until(lambda: runs.count() >= 5, 40)
    ticks = sorted(runs.values_list("tick", flat=True))
    assert all(tick.microsecond == 0 for tick in ticks)
    assert len(set(ticks)) == len(ticks)
    # A beat that could not look for a while makes one job for what it missed.
    assert all((b - a).total_seconds() % 1 == 0 for a, b in pairwise(ticks))
    assert set(runs.values_list("priority", flat=True)) == {7}
    every_second.refresh_from_db()
    assert every_second.last_run_at is not None


def test_of_three_beats_two_may_be_killed_and_each_tick_still_has_its_one_job(stack, every_second):
    SchedulePolicy.objects.create(schedule=every_second, missed="all")
    beats = [stack.beat(name) for name in ("one", "two", "three")]
    jobs = Job.objects.filter(schedule="每秒")
    for victim in beats[:2]:
        count = jobs.count()
        wait_until(lambda count=count: jobs.count() >= count + 4, 40)
        victim.kill()
    stack.beat("again")
    count = jobs.count()
    wait_until(lambda: jobs.count() >= count + 5, 40)
    ticks = sorted(jobs.values_list("tick", flat=True))
    assert {b - a for a, b in pairwise(ticks)} == {timedelta(seconds=1)}  # none twice, none missing


def test_a_clocked_schedule_fires_once_at_its_time(stack):
    at = timezone.now() + timedelta(seconds=8)
    clocked = ClockedSchedule.objects.create(clocked_time=at)
    PeriodicTask.objects.create(
        name="once", task="test.add", args="[1, 2]", clocked=clocked, one_off=True
    )
    stack.beat("one"), stack.beat("two")
    job = wait_until(lambda: Job.objects.filter(schedule="once").first(), 40)
    assert job.tick == at
    assert 0 <= (job.created_at - at).total_seconds() < 5
    stack.beat("later")  # it may not find it due once more
    wait_until(lambda: Node.objects.filter(kind="beat").count() == 3, 20)
    wait_until(lambda: not PeriodicTask.objects.get(name="once").enabled, 20)
    assert Job.objects.filter(schedule="once").count() == 1


def test_a_worker_runs_a_job_of_run_now_with_every_option(stack, every_second):
    until = timezone.now() + timedelta(hours=1)
    PeriodicTask.objects.update(
        enabled=False, expires=until, queue="slow", routing_key="slow", headers='{"x": 1}'
    )
    job_id = schedule_actions.run_now(every_second.pk, by="ann")
    stack.worker("-c", "1", "-Q", "slow")
    job = wait_until(lambda: Job.objects.filter(id=job_id, state="succeeded").first(), 30)
    assert (job.result, job.queue, job.priority) == ("3", "slow", 7)
    assert job.expires_at == until
    assert (job.schedule, job.tick, job.requested_by) == ("每秒", None, "ann")


def test_an_interval_of_a_second_holds_its_grid(stack, every_second):
    stack.beat("one"), stack.beat("two")
    jobs = Job.objects.filter(schedule="每秒")
    wait_until(lambda: jobs.count() >= 15, 60)
    rows = sorted(jobs.values_list("tick", "created_at"))
    late = [(created - tick).total_seconds() for tick, created in rows]
    assert all(tick.microsecond == 0 for tick, _ in rows)
    assert min(late) >= 0
    # Nothing gathers: the last ones are as punctual as the first, whatever stalled in between.
    assert min(late[-5:]) < 1
    assert abs(min(late[-5:]) - min(late[:5])) < 1


def test_a_crontab_row_fires_at_its_minute(stack):
    crontab = CrontabSchedule.objects.create(minute="*", hour="*")
    PeriodicTask.objects.create(name="minutely", task="test.add", args="[1, 2]", crontab=crontab)
    stack.beat()
    job = wait_until(lambda: Job.objects.filter(schedule="minutely").first(), 75)
    assert (job.tick.second, job.tick.microsecond) == (0, 0)
    assert 0 <= (job.created_at - job.tick).total_seconds() < 10


def test_a_schedule_changed_in_the_database_is_seen_and_one_that_is_disabled_stops(
    stack, every_second
):
    stack.beat()
    wait_until(lambda: Job.objects.filter(schedule="每秒").count() >= 2, 30)
    every_second.refresh_from_db()
    every_second.enabled = False
    every_second.save()
    wait_until(lambda: "Schedule changed" in stack.processes[0].text(), 20)
    count = Job.objects.count()
    other = IntervalSchedule.objects.create(every=2, period="seconds")
    PeriodicTask.objects.create(name="another", task="test.add", args="[1, 2]", interval=other)
    wait_until(lambda: Job.objects.filter(schedule="another").count() >= 2, 30)
    assert Job.objects.filter(schedule="每秒").count() <= count + 1


def test_a_beat_goes_on_without_redis_and_signs_off_when_it_is_stopped(stack, every_second):
    stack.redis.kill()
    beat = stack.beat()
    wait_until(lambda: Job.objects.filter(schedule="每秒", state="queued").count() >= 2, 30)
    assert Node.objects.filter(kind="beat").count() == 1
    assert beat.stop(20) == 0
    assert not Node.objects.filter(kind="beat").exists()
    stack.redis.start()
    stack.worker("-c", "1")
    wait_until(lambda: not Job.objects.unfinished().exists(), 30)
