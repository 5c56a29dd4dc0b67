"""What becomes of ticks that nobody noticed in time, and of pauses."""

import pytest
from django_celery_beat.models import PeriodicTask

from jobs.engine.beat import schedule_actions
from jobs.models import Job, ScheduleWatch
from tests.integration.schedules.conftest import Beat, at

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("policy", "ticks"),
    [
        (None, ["13:00"]),
        ({"missed": "once"}, ["13:00"]),
        ({"missed": "skip"}, []),
        ({"missed": "all"}, ["11:00", "12:00", "13:00"]),
        ({"missed": "all", "limit_count": 2}, ["12:00", "13:00"]),
        ({"missed": "all", "limit_seconds": 3_600}, ["13:00"]),
    ],
)
def test_missed_runs_follow_the_policy(hourly, policy, ticks):
    if policy:
        hourly.policy(**policy)
    assert hourly.look(at(hours=3, minutes=30)) == len(ticks)
    assert hourly.ticks() == ticks
    assert hourly.look(at(hours=3, minutes=30, seconds=5)) == 0
    assert hourly.task.last_run_at == at(hours=3, minutes=30, seconds=5)
    assert hourly.task.total_run_count == len(ticks)
    assert hourly.look(at(hours=4, seconds=1)) == 1  # and goes on in time


def test_a_second_beat_with_an_older_picture_makes_nothing_twice(hourly):
    hourly.policy(missed="all", overlap="cancel")
    other, entry = Beat(hourly.task), hourly.entry()
    assert hourly.look(at(hours=1, seconds=1)) == 1
    from jobs.engine.beat.runs import run_due

    assert run_due(other.app, entry, now=at(hours=1, seconds=2)) == 0
    assert list(Job.objects.values_list("state", flat=True)) == ["queued"]


def test_a_clock_that_is_put_back_makes_nothing_twice(hourly):
    hourly.policy(missed="all", overlap="cancel")
    assert hourly.look(at(hours=1, seconds=1)) == 1
    assert hourly.look(at(minutes=30)) == 0
    assert hourly.look(at(hours=1, seconds=1)) == 0
    assert hourly.look(at(hours=2, seconds=1)) == 1
    assert sorted(Job.objects.values_list("state", flat=True)) == ["cancelled", "queued"]


def test_a_clock_far_in_the_future_does_not_stop_a_schedule_that_is_back(hourly):
    PeriodicTask.objects.update(last_run_at=at(days=400))
    hourly.look(at(minutes=30))
    assert hourly.look(at(hours=1, seconds=1)) == 1


@pytest.mark.parametrize("missed", ["skip", "once", "all"])
def test_what_passed_while_it_was_off_does_not_run(hourly, missed):
    hourly.policy(missed=missed)
    hourly.look(at(minutes=1))
    PeriodicTask.objects.update(enabled=False)
    assert hourly.look(at(minutes=2)) == 0
    PeriodicTask.objects.update(enabled=True)
    assert hourly.look(at(hours=5, minutes=1)) == 0
    assert hourly.look(at(hours=6, seconds=1)) == 1
    assert hourly.ticks() == ["16:00"]


def test_a_policy_may_count_what_passed_while_it_was_off(hourly):
    hourly.policy(missed="all", count_paused=True)
    hourly.look(at(minutes=1))
    PeriodicTask.objects.update(enabled=False)
    hourly.look(at(minutes=2))
    PeriodicTask.objects.update(enabled=True)
    assert hourly.look(at(hours=2, minutes=1)) == 2


def test_what_was_missed_while_it_was_on_runs_although_beat_is_new(hourly):
    assert not ScheduleWatch.objects.exists()
    assert hourly.look(at(hours=5)) == 1


def test_one_that_is_made_switched_off_owes_nothing_when_it_is_switched_on(hourly):
    PeriodicTask.objects.update(enabled=False)
    hourly.look(at(minutes=1))
    PeriodicTask.objects.update(enabled=True)
    assert hourly.look(at(hours=3, minutes=1)) == 0


def test_the_button_notes_the_pause_even_if_no_beat_saw_it(hourly):
    assert schedule_actions.pause(hourly.pk)
    assert not schedule_actions.pause(hourly.pk)
    assert schedule_actions.resume(hourly.pk)
    watch = ScheduleWatch.objects.get()
    assert watch.enabled_since > at(days=-1)


def test_ten_thousand_seconds_away_cost_one_job_each_only_within_the_limit(clocked_like):
    clocked_like.policy(missed="all", limit_count=50)
    assert clocked_like.look(at(seconds=10_000)) == 50


def test_one_off_runs_once(hourly):
    hourly.policy(missed="all")
    PeriodicTask.objects.update(one_off=True)
    assert hourly.look(at(hours=3, minutes=1)) == 1


def test_a_new_rule_owes_nothing_from_before_beat_has_read_it(hourly):
    hourly.look(at(minutes=1))
    crontab = hourly.task.crontab
    crontab.minute = "*/5"
    crontab.save()
    assert hourly.look(at(minutes=31)) == 0
    assert hourly.look(at(minutes=35)) == 1
    assert hourly.ticks() == ["10:35"]
