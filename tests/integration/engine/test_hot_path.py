"""What a job costs: three statements, each shared by a whole batch."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.engine.ids import new_id
from jobs.models import Job
from jobs.operations.claim import claim
from jobs.operations.finish import Start, Success, start, succeed
from jobs.operations.submit import Draft, submit

pytestmark = pytest.mark.django_db


def drafts(number):
    return [Draft(id=new_id(), task="t", queue="celery", message="{}") for _ in range(number)]


def queries(function, *args, **kwargs):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        result = function(*args, **kwargs)
    return len(captured), result


def test_two_hundred_jobs_are_claimed_started_and_finished_with_a_statement_each():
    now = timezone.now()
    inserts, ready = queries(submit, drafts(200), now=now)
    ids = [job.id for job in ready]
    claims, won = queries(claim, ids, worker="w", now=now)
    starts, begun = queries(start, [Start(id, 1, now) for id in ids], worker="w")
    ends, done = queries(succeed, [Success(id, 1, now, now, "3") for id in ids], worker="w")
    assert (inserts, claims, starts, ends) == (1, 1, 1, 1)
    assert len(won) == len(begun) == len(done) == 200
    assert Job.objects.filter(state="succeeded", attempt=1, result="3").count() == 200


def test_a_start_and_an_end_of_one_batch_are_one_statement():
    now = timezone.now()
    [job] = submit(drafts(1), now=now)
    claim([job.id], worker="w", now=now)
    assert succeed([Success(job.id, 1, now, now, "")], worker="w") == [job.id]
    assert Job.objects.get().started_at == now


def test_ten_thousand_jobs_are_written_in_chunks_that_the_database_takes():
    assert len(submit(drafts(10_000), now=timezone.now())) == 10_000
    assert Job.objects.count() == 10_000


@pytest.mark.parametrize(
    ("worker", "attempt"), [("another", 1), ("w", 2), ("w", 3)], ids=["worker", "next", "later"]
)
def test_a_worker_that_does_not_hold_the_attempt_writes_nothing(worker, attempt):
    now = timezone.now()
    [job] = submit(drafts(1), now=now)
    claim([job.id], worker="w", now=now)
    start([Start(job.id, 1, now)], worker="w")
    assert succeed([Success(job.id, attempt, now, now, "")], worker=worker) == []
    assert start([Start(job.id, attempt, now)], worker=worker) == []
    assert Job.objects.get().state == "running"


def test_a_job_is_claimed_once():
    now = timezone.now()
    [job] = submit(drafts(1), now=now)
    assert [c.id for c in claim([job.id], worker="a", now=now)] == [job.id]
    assert claim([job.id], worker="b", now=now) == []


def test_the_same_id_submitted_twice_is_one_job():
    now = timezone.now()
    draft = Draft(id="twice", task="t", queue="celery", message="{}")
    with transaction.atomic():
        submit([draft], now=now)
        submit([draft], now=now)
    assert Job.objects.count() == 1


def test_a_worker_whose_commit_was_in_doubt_finds_its_own_claim_again():
    now = timezone.now()
    [job] = submit(drafts(1), now=now)
    claim([job.id], worker="a", now=now)
    assert [c.id for c in claim([job.id], worker="a", now=now)] == [job.id]
    assert claim([job.id], worker="b", now=now) == []
