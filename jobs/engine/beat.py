"""Beat: turns schedules in the database into jobs, one for each tick."""

from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler


class JobScheduler(DatabaseScheduler):
    pass
