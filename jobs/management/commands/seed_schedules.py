"""`manage.py seed_schedules`: the schedules that it ships with."""

from typing import Any

from django.core.management.base import BaseCommand

from jobs.operations.schedules import seed_schedules


class Command(BaseCommand):
    help = "Create the default schedules that are missing. What people edited stays as it is."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        created = seed_schedules()
        if verbosity:
            self.stdout.write(f"{created} schedules were created.")
