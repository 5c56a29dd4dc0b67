"""The scheduler without its process: what it reads, and when it reads again."""

import pytest
from celery import current_app
from django.db import OperationalError
from django_celery_beat.models import CrontabSchedule, PeriodicTask, PeriodicTasks

from jobs.engine.beat import JobScheduler
from jobs.operations import schedule_runs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scheduler(monkeypatch):
    for module in ("jobs.engine.beat", "django_celery_beat.schedulers"):
        monkeypatch.setattr(f"{module}.Finalize", lambda *_, **__: None)
    return JobScheduler(current_app._get_current_object(), lazy=True)


@pytest.mark.parametrize("first_ever", [True, False])
def test_a_change_right_after_the_first_read_is_seen(hourly, scheduler, first_ever):
    if first_ever:
        PeriodicTasks.objects.all().delete()
    assert list(scheduler.schedule) == ["毎時"]
    PeriodicTask.objects.update(enabled=False)
    PeriodicTasks.update_changed()
    assert list(scheduler.schedule) == []
    assert not scheduler.schedule_changed()


def test_a_schedule_that_makes_no_sense_does_not_hide_the_others(hourly, scheduler):
    for name, minute in (("odd", "61"), ("words", "abc")):
        crontab = CrontabSchedule.objects.create(minute=minute)
        PeriodicTask.objects.create(name=name, task="t", crontab=crontab)
    never = CrontabSchedule.objects.create(day_of_month="31", month_of_year="2")
    PeriodicTask.objects.create(name="never", task="t", crontab=never)
    assert list(scheduler.schedule) == ["毎時"]


def test_rows_that_could_not_be_read_are_read_again(hourly, scheduler, monkeypatch):
    def away(**_):
        raise OperationalError

    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(schedule_runs, "note_switches", away)
        _ = scheduler.schedule
    assert list(scheduler.schedule) == ["毎時"]
