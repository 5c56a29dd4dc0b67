"""Celery with django-celery-results: a row for every result, written by the child that ran it."""

import os

import django
from celery import Celery

from benchmarks import bodies

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.results_settings"  # noqa: TID251 - before Django
django.setup()

app = Celery("results")
app.config_from_object("django.conf:settings", namespace="CELERY")

noop = app.task(name="bench.noop")(bodies.noop)
mark = app.task(name="bench.mark")(bodies.mark)
note_delay = app.task(name="bench.note_delay")(bodies.note_delay)
