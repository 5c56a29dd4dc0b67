"""Schedules, their policies, and a beat without a process."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from jobs.engine.beat.entry import JobEntry
from jobs.engine.beat.runs import run_due, run_waiting
from jobs.models import Job, SchedulePolicy
from jobs.operations.schedule_runs import note_switches

TEN = datetime(2026, 11, 22, 10, tzinfo=UTC)


def at(**span):
    return TEN + timedelta(**span)


class Beat:
    """Does for one schedule what a beat does."""

    def __init__(self, task):
        self.pk = task.pk
        self.app = current_app._get_current_object()

    def entry(self):
        parts = PeriodicTask.objects.select_related("policy", "watch")
        return JobEntry(parts.get(pk=self.pk), app=self.app)

    def look(self, now):
        """Everything due at `now`; returns how many jobs it made."""
        note_switches(now=now)
        return run_due(self.app, self.entry(), now=now)

    def look_for_waiting(self):
        run_waiting(self.app, self.entry())

    def ticks(self):
        found = Job.objects.filter(schedule=self.task.name, tick__isnull=False)
        return [f"{tick:%H:%M}" for tick in sorted(found.values_list("tick", flat=True))]

    @property
    def task(self):
        return PeriodicTask.objects.get(pk=self.pk)

    def policy(self, **values):
        SchedulePolicy.objects.update_or_create(schedule_id=self.pk, defaults=values)

    def end(self, **filters):
        """End the jobs of the schedule, as a worker would."""
        jobs = Job.objects.filter(schedule=self.task.name, **filters)
        jobs.update(state="succeeded", waiting_for="", finished_at=TEN, started_at=TEN)


@pytest.fixture
def hourly(db):
    crontab = CrontabSchedule.objects.create(minute="0", hour="*")
    task = PeriodicTask.objects.create(
        name="毎時", task="jobs.cleanup_old_sessions", crontab=crontab, last_run_at=TEN
    )
    return Beat(task)


@pytest.fixture
def clocked_like(db):
    interval = IntervalSchedule.objects.create(every=1, period="seconds")
    task = PeriodicTask.objects.create(
        name="each second", task="jobs.cleanup_old_sessions", interval=interval, last_run_at=TEN
    )
    return Beat(task)
