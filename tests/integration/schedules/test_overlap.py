"""What a run does if the one before it has not ended."""

import pytest

from jobs.models import Job, ScheduleWatch
from tests.integration.schedules.conftest import at

pytestmark = pytest.mark.django_db


def states(beat):
    jobs = Job.objects.filter(schedule=beat.task.name).order_by("tick")
    return list(jobs.values_list("state", flat=True))


def watch():
    return ScheduleWatch.objects.get()


def test_allow_runs_them_beside_each_other(hourly):
    assert hourly.look(at(hours=1)) == hourly.look(at(hours=2)) == 1
    assert states(hourly) == ["queued", "queued"]


def test_skip_leaves_the_new_one_out_and_notes_it(hourly):
    hourly.policy(overlap="skip")
    assert hourly.look(at(hours=1)) == 1
    assert hourly.look(at(hours=2)) == 0
    assert watch().skipped_tick == at(hours=2)
    hourly.end()
    assert hourly.look(at(hours=3)) == 1
    assert hourly.ticks() == ["11:00", "13:00"]


def test_skip_makes_one_of_many_that_were_missed(hourly):
    hourly.policy(overlap="skip", missed="all")
    assert hourly.look(at(hours=3)) == 1
    assert hourly.ticks() == ["13:00"]


def test_cancel_ends_the_old_one(hourly):
    hourly.policy(overlap="cancel")
    hourly.look(at(hours=1))
    Job.objects.update(state="running", worker="w", started_at=at(hours=1), attempt=1)
    assert hourly.look(at(hours=2)) == 1
    old = Job.objects.get(tick=at(hours=1))
    assert old.cancel_requested_at
    assert old.error_message == "Cancelled by schedule 毎時, whose next run is due."
    assert states(hourly) == ["running", "queued"]


def test_queue_lets_one_wait_and_no_more(hourly):
    hourly.policy(overlap="queue")
    assert hourly.look(at(hours=1)) == 1
    assert hourly.look(at(hours=2)) == hourly.look(at(hours=3)) == 0
    assert watch().waiting_tick == at(hours=2)
    hourly.look_for_waiting()
    assert hourly.ticks() == ["11:00"]
    hourly.end()
    hourly.look_for_waiting()
    hourly.look_for_waiting()
    assert hourly.ticks() == ["11:00", "12:00"]
    assert watch().waiting_tick is None


def test_the_one_that_waits_goes_before_the_one_that_comes(hourly):
    hourly.policy(overlap="queue")
    hourly.look(at(hours=1))
    hourly.look(at(hours=2))
    hourly.end()
    assert hourly.look(at(hours=3)) == 1
    assert hourly.ticks() == ["11:00", "12:00"]
    assert watch().waiting_tick == at(hours=3)


def test_queue_catches_up_with_one_and_lets_one_wait(hourly):
    hourly.policy(overlap="queue", missed="all")
    assert hourly.look(at(hours=4)) == 1
    assert (hourly.ticks(), watch().waiting_tick) == (["11:00"], at(hours=2))
