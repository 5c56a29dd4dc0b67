"""The schedules that it ships with, as rows that people may edit in the admin."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask


def _every_30_seconds() -> dict[str, IntervalSchedule]:
    wanted = {"every": 30, "period": IntervalSchedule.SECONDS}
    found = IntervalSchedule.objects.filter(**wanted).first()
    return {"interval": found or IntervalSchedule.objects.create(**wanted)}


def _daily_at_midnight() -> dict[str, CrontabSchedule]:
    wanted = {"minute": "0", "hour": "0", "timezone": settings.TIME_ZONE}
    wanted |= dict.fromkeys(("day_of_week", "day_of_month", "month_of_year"), "*")
    found = CrontabSchedule.objects.filter(**wanted).first()
    return {"crontab": found or CrontabSchedule.objects.create(**wanted)}


@dataclass(frozen=True)
class Seed:
    """A schedule: its name in the admin, the task, and when."""

    name: str
    task: str
    when: Callable[[], dict[str, IntervalSchedule] | dict[str, CrontabSchedule]]


SEEDS = (
    Seed("Clean up sessions", "jobs.cleanup_old_sessions", _every_30_seconds),
    Seed("Daily report", "reports.generate_daily_report", _daily_at_midnight),
)


@transaction.atomic
def seed_schedules() -> int:
    """Create the schedules that are missing, by name, and return how many that were.

    One that exists is left alone, whatever a person made of it: task, times, or switched off.
    """
    created = 0
    for seed in SEEDS:
        if not PeriodicTask.objects.filter(name=seed.name).exists():
            PeriodicTask.objects.create(name=seed.name, task=seed.task, **seed.when())
            created += 1
    return created
