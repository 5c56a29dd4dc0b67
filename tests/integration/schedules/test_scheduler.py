"""The scheduler without its process: what it reads, and when it reads again."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from celery import current_app
from django.db import OperationalError
from django_celery_beat.models import CrontabSchedule, PeriodicTask, PeriodicTasks

from jobs.engine.beat import entry, ticks
from jobs.engine.beat import scheduler as beat
from jobs.engine.beat.scheduler import JobScheduler
from jobs.models import Job, ScheduleWatch
from jobs.operations import schedule_runs
from tests.integration.schedules.conftest import TEN, at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scheduler(monkeypatch):
    for module in ("jobs.engine.beat.scheduler", "django_celery_beat.schedulers"):
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


class Clocks:
    """The clocks of a beat: the test lets them go on, and moves the one on the wall."""

    def __init__(self, monkeypatch, app):
        self.wall, self.steady = TEN, 1_000.0
        monkeypatch.setattr(beat, "timezone", SimpleNamespace(now=lambda: self.wall))
        monkeypatch.setattr(beat, "time", SimpleNamespace(monotonic=lambda: self.steady))
        monkeypatch.setattr(app, "now", lambda: self.wall)
        clock = SimpleNamespace(now=lambda tz=None: self.wall)
        monkeypatch.setattr(ticks, "datetime", clock)
        monkeypatch.setattr(entry.JobEntry, "_default_now", lambda _: self.wall)

    def go_on(self, scheduler, seconds):
        """Let that much time pass for a beat that looks as soon as it wants to."""
        end = self.steady + seconds
        while self.steady < end:
            step = min(max(scheduler.tick(), 0.01), end - self.steady)
            self.steady += step
            self.wall += timedelta(seconds=step)


@pytest.fixture
def clocks(scheduler, monkeypatch):
    return Clocks(monkeypatch, scheduler.app)


def made(since):
    jobs = Job.objects.filter(tick__gt=since).order_by("tick")
    return list(jobs.values_list("tick", flat=True))


def test_a_clock_that_is_put_forward_and_back_stops_nothing(clocked_like, scheduler, clocks):
    clocks.go_on(scheduler, 10)
    clocks.wall += timedelta(hours=10)
    clocks.go_on(scheduler, 5)
    clocks.wall -= timedelta(hours=10)
    back = clocks.wall
    clocks.go_on(scheduler, 10)
    # It is noticed within two seconds; after that, each second has its job.
    steps = [tick for tick in made(back) if tick < back + timedelta(hours=1)]
    assert len(steps) >= 8
    assert Job.objects.count() == len(set(made(TEN - timedelta(days=1))))


def test_a_last_run_in_the_future_does_not_stop_a_beat_that_begins(clocked_like, scheduler, clocks):
    PeriodicTask.objects.update(last_run_at=TEN + timedelta(hours=10))
    ScheduleWatch.objects.update(enabled_since=TEN + timedelta(hours=10))
    clocks.go_on(scheduler, 5)
    assert len(made(TEN)) >= 4


def test_a_schedule_that_was_made_by_a_clock_that_was_wrong_fires(clocked_like, scheduler, clocks):
    PeriodicTask.objects.update(last_run_at=None, date_changed=TEN + timedelta(hours=10))
    clocks.go_on(scheduler, 5)
    assert len(made(TEN)) >= 4


def test_an_edit_after_the_clock_was_put_back_is_seen(hourly, scheduler):
    PeriodicTasks.objects.update_or_create(defaults={"last_update": at(hours=10)}, ident=1)
    assert list(scheduler.schedule) == ["毎時"]
    PeriodicTask.objects.update(enabled=False)
    PeriodicTasks.objects.update(last_update=at())
    assert list(scheduler.schedule) == []
