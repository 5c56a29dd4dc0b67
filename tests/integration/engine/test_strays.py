"""Rows that give a job to a worker that knows nothing of it: PostgreSQL lost its last moments."""

from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone

from jobs.engine.ids import new_id
from jobs.engine.worker.ledger import Ledger
from jobs.engine.worker.strays import Strays
from jobs.models import Job
from jobs.operations.claim import claim
from jobs.operations.finish import Start, start
from jobs.operations.submit import Draft, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def ledger():
    return Ledger(current_app._get_current_object(), "w", wake=lambda: None)


def held(now, *, begun):
    [job] = submit([Draft(id=new_id(), task="t", queue="celery", message="{}")], now=now)
    claim([job.id], worker="w", now=now)
    if begun:
        start([Start(job.id, 1, now)], worker="w")
    return job.id


def looks(strays, now):
    return [strays.put_back(now + timedelta(seconds=s)) for s in (0, 1, 6, 12)]


@pytest.mark.parametrize("begun", [True, False], ids=["begun", "claimed"])
def test_what_the_worker_does_not_know_goes_back_at_the_second_look(ledger, begun):
    now = timezone.now()
    id = held(now, begun=begun)
    assert looks(Strays(ledger.app, ledger), now) == [0, 0, 1, 0]
    job = Job.objects.get(id=id)
    assert (job.state, job.worker, job.attempt, job.crashes) == ("queued", "", 0, 0)


def test_what_the_worker_knows_stays(ledger):
    now = timezone.now()
    ledger.held[held(now, begun=True)] = object()
    assert looks(Strays(ledger.app, ledger), now) == [0, 0, 0, 0]
    assert Job.objects.get().worker == "w"
