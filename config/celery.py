"""The Celery app of every process: `celery -A config worker | beat | flower | ...`."""

import os

from jobs.engine.app import JobApp

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")  # noqa: TID251 - before Django

app = JobApp("hachi")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
