"""The Django app that holds the life of a job and the work it ships with."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        """Know every check, and every task: web and beat submit by name and check arguments."""
        autodiscover_modules("checks", "tasks")
