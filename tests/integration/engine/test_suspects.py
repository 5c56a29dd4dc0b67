"""A job that may have killed a worker: its start is written first, and then it may not begin."""

from unittest.mock import Mock

import pytest
from celery import current_app
from django.utils import timezone

from jobs.engine.ids import new_id
from jobs.engine.worker.notes import TakenBack
from jobs.engine.worker.settlement import settle
from jobs.models import Job
from jobs.operations.cancel import cancel
from jobs.operations.claim import claim
from jobs.operations.finish import Start, start
from jobs.operations.submit import Draft, submit

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("cancelled", "state"), [(True, "cancelled"), (False, "queued")], ids=["cancelled", "expired"]
)
def test_one_that_is_taken_back_after_that_is_not_left_running(cancelled, state):
    now = timezone.now()
    [job] = submit([Draft(id=new_id(), task="t", queue="celery", message="{}")], now=now)
    claim([job.id], worker="w", now=now)
    start([Start(job.id, 1, now)], worker="w")
    if cancelled:
        cancel([job.id], reason="by ann", now=now)
    note = TakenBack(Mock(id=job.id, attempt=1), "Cancelled", "by ann")
    settle(current_app, [note], worker="w", taking=True, now=now)
    job = Job.objects.get()
    assert (job.state, job.worker, job.attempt) == (state, "", 0)
