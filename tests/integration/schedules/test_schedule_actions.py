"""Run now, pause and resume."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from jobs.engine.beat import schedule_actions
from jobs.errors import InvalidArguments, ScheduleNotFound, SubmitError
from jobs.models import Job
from tests.integration.schedules.conftest import at

pytestmark = pytest.mark.django_db


def test_run_now_has_every_option_of_the_schedule(hourly):
    PeriodicTask.objects.update(
        task="jobs.index_url",
        kwargs='{"url": "https://example.org/"}',
        queue="slow",
        priority=9,
        expire_seconds=600,
        headers='{"x": 1}',
    )
    job = Job.objects.get(id=schedule_actions.run_now(hourly.pk, by="ann"))
    assert (job.schedule, job.tick, job.requested_by) == ("毎時", None, "ann")
    assert (job.queue, job.priority) == ("slow", 9)
    assert 590 < (job.expires_at - job.created_at).total_seconds() <= 600
    message = json.loads(job.message)
    assert message["headers"]["x"] == 1
    assert message["headers"]["periodic_task_name"] == "毎時"
    assert "https://example.org/" in job.message


def test_run_now_expires_at_the_moment_that_the_schedule_names(hourly):
    until = timezone.now() + timedelta(hours=2)
    PeriodicTask.objects.update(expires=until, routing_key="ignored", exchange="")
    job = Job.objects.get(id=schedule_actions.run_now(hourly.pk, by="ann"))
    assert (job.expires_at, job.queue) == (until, "celery")


def test_a_schedule_with_an_exchange_is_refused_in_a_sentence(hourly):
    PeriodicTask.objects.update(exchange="stock", routing_key="r")
    with pytest.raises(SubmitError, match="route it with queue=NAME"):
        schedule_actions.run_now(hourly.pk, by="ann")


def test_run_now_takes_no_tick_away(hourly):
    schedule_actions.run_now(hourly.pk, by="ann")
    assert hourly.look(at(hours=1)) == 1


def test_a_switched_off_schedule_can_be_run(hourly):
    PeriodicTask.objects.update(enabled=False)
    assert schedule_actions.run_now(hourly.pk, by="ann")


@pytest.mark.parametrize(
    "values",
    [{"args": "["}, {"kwargs": "{"}, {"headers": "x"}, {"args": '["too", "many", "of", "them"]'}],
)
def test_arguments_that_make_no_sense_are_told_and_the_schedule_stays_on(hourly, values):
    PeriodicTask.objects.update(**values)
    with pytest.raises(InvalidArguments):
        schedule_actions.run_now(hourly.pk, by="ann")
    assert hourly.task.enabled
    assert not Job.objects.exists()


@pytest.mark.parametrize("act", ["pause", "resume"])
def test_what_does_not_exist_is_told(db, act):
    with pytest.raises(ScheduleNotFound):
        getattr(schedule_actions, act)(4711)
