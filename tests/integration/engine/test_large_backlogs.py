"""What concerns very many rows is done in bounded statements, and yet soon."""

import pytest
from celery import current_app
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.engine.actions.job_actions import pause_jobs
from jobs.engine.bulk import submit_many
from jobs.engine.worker.dispatcher import Dispatcher
from jobs.models import Job
from tests.acceptance import workload

pytestmark = pytest.mark.django_db


def submit(number, **options):
    submit_many(workload.add, [((1, 2), {})] * number, **options)


def turn():
    return Dispatcher(current_app, "me", started_at=timezone.now()).run_once(timezone.now())


def rows_of_the_largest_update(captured):
    updates = [q["sql"] for q in captured if q["sql"].startswith('UPDATE "jobs_job"')]
    return max(sql.partition('"id" IN')[2].count(",") for sql in updates) + 1


def test_a_turn_expires_thousands_of_jobs_and_not_all_at_once():
    submit(2_600, expires=3600)
    Job.objects.update(expires_at=timezone.now())

    with CaptureQueriesContext(connection) as captured:
        assert turn().expired == 2_600

    assert set(Job.objects.values_list("state", "error_type")) == {("cancelled", "Expired")}
    assert rows_of_the_largest_update(captured) <= 500


def test_a_pause_of_a_large_backlog_holds_it_in_batches():
    submit(3_200)

    with CaptureQueriesContext(connection) as captured:
        pause_jobs("queue", "celery", by="ann")

    assert rows_of_the_largest_update(captured) <= 1_000
    assert Job.objects.filter(waiting_for="pause").count() == 1_000
    assert turn().held == 2_200
