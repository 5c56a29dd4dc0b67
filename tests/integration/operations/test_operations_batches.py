"""Batches as rows: join, finish once, open again, cancel, and what retention leaves of them."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.engine.ids import new_id
from jobs.errors import BatchClosed, BatchNotFound
from jobs.models import Batch, BatchCallback, Job
from jobs.operations import batches
from jobs.operations.cleanup import FinishedBatches, FinishedJobs
from jobs.operations.retry import retry
from jobs.operations.submit import Draft, submit
from tests.integration.refusals import refused

pytestmark = pytest.mark.django_db

NOW = timezone.now()
MESSAGE = '{"headers": {"task": "t", "id": "x"}, "body": "[[], {}, {}]", "content-type": "a"}'


def opened(**options):
    return batches.open_batch(new_id(), now=NOW, **options)


def members(batch, number, **values):
    drafts = [
        Draft(id=new_id(), task="t", queue="celery", message=MESSAGE, batch=batch)
        for _ in range(number)
    ]
    submit(drafts, now=NOW)
    ids = [draft.id for draft in drafts]
    if values:
        Job.objects.filter(id__in=ids).update(**values)
    return ids


def end(ids, state="succeeded"):
    error = "" if state == "succeeded" else "ValueError"
    Job.objects.filter(id__in=ids).update(
        state=state, waiting_for="", finished_at=NOW, error_type=error
    )


def finished(id):
    batches.close(id, now=NOW)
    assert batches.ended() == [id]
    return batches.finish(id, now=NOW)


def test_a_batch_finishes_once_when_it_is_closed_and_all_its_jobs_have_ended():
    id = opened()
    one, two = members(id, 2)
    members(opened(), 1)  # somebody else's
    end([one])
    assert batches.ended() == []
    batches.close(id, now=NOW)
    assert batches.ended() == []
    assert batches.finish(id, now=NOW) is None
    end([two], "failed")
    assert batches.ended() == [id]
    done = batches.finish(id, now=NOW)
    assert (done.tally.total, done.tally.succeeded, done.tally.failed) == (2, 1, 1)
    assert batches.ended() == []
    assert batches.finish(id, now=NOW) is None


def test_a_batch_without_jobs_finishes_when_it_is_closed():
    id = opened(callbacks={"success": "{}", "failure": "{}"})
    assert batches.ended() == []
    assert [c.event for c in finished(id).callbacks] == ["success"]


@pytest.mark.parametrize(
    ("state", "events"),
    [
        ("succeeded", {"finish", "success"}),
        ("failed", {"finish", "failure"}),
        ("cancelled", {"finish", "failure"}),
    ],
)
def test_the_end_of_a_batch_is_due_to_its_callbacks(state, events):
    id = opened(callbacks=dict.fromkeys(("finish", "success", "failure"), "{}"))
    end(members(id, 2))
    end(members(id, 1), state)
    assert {c.event for c in finished(id).callbacks} == events


def test_a_retry_opens_a_batch_again_and_callbacks_come_once_in_its_life():
    id = opened(callbacks=dict.fromkeys(("finish", "success", "failure"), "{}"))
    end(members(id, 3))
    [bad] = members(id, 1)
    end([bad], "failed")
    assert len(finished(id).callbacks) == 2
    assert [job.id for job in retry([bad], by="ann", now=NOW)] == [bad]
    batch = Batch.objects.get()
    assert (batch.finished_at, batch.tally().succeeded, batch.tally().queued) == (None, 3, 1)
    end([bad])
    assert [c.event for c in finished(id).callbacks] == ["success"]
    assert Batch.objects.get().tally().succeeded == 4
    retry([bad], by="ann", now=NOW)
    end([bad])
    assert finished(id).callbacks == []


def test_only_its_own_jobs_add_to_a_closed_batch_and_nobody_to_one_that_has_finished():
    with pytest.raises(BatchNotFound), transaction.atomic():
        batches.join("nowhere", inside=False)
    id = opened()
    with transaction.atomic():
        batches.join(id, inside=False)
    batches.close(id, now=NOW)
    with transaction.atomic():
        batches.join(id, inside=True)
        with pytest.raises(BatchClosed, match="closed"):
            batches.join(id, inside=False)
    finished(id)
    for inside in (True, False):
        with pytest.raises(BatchClosed, match="finished"), transaction.atomic():
            batches.join(id, inside=inside)


def test_a_cancelled_batch_takes_no_jobs_and_lists_what_is_left_to_cancel():
    id = opened()
    waiting, done = members(id, 3), members(id, 1)
    end(done)
    assert batches.request_cancel(id, by="ann", now=NOW)
    assert [batch.id for batch in batches.cancelling()] == [id]
    assert sorted(batches.to_cancel(id, limit=10)) == waiting
    assert len(batches.to_cancel(id, limit=2)) == 2
    with pytest.raises(BatchClosed, match="cancelled"), transaction.atomic():
        batches.join(id, inside=False)
    end(waiting, "cancelled")
    finished(id)
    assert not batches.request_cancel(id, by="ann", now=NOW)
    assert batches.cancelling() == []


def test_the_same_key_is_the_same_batch():
    first = opened(idempotency_key="import-7", callbacks={"finish": "{}"})
    assert opened(idempotency_key="import-7", callbacks={"finish": "{}"}) == first
    assert opened() != opened()
    assert BatchCallback.objects.count() == 1


def test_counts_outlive_the_rows_and_go_on_when_the_batch_is_opened_again():
    id = opened()
    end(members(id, 3))
    end(bad := members(id, 2), "failed")
    finished(id)
    later = NOW + timedelta(days=1)
    assert FinishedJobs({"succeeded"}, later).delete(100) == 3
    assert Batch.objects.get().tally().succeeded == 3
    retry(bad[:1], by="ann", now=NOW)
    tally = Batch.objects.get().tally()
    assert (tally.succeeded, tally.failed, tally.queued, tally.total) == (3, 1, 1, 5)
    end(bad[:1])
    assert finished(id).tally.succeeded == 4
    retry(bad[1:], by="ann", now=NOW)
    assert Batch.objects.get().tally().succeeded == 4


def test_jobs_of_a_running_batch_and_batches_with_jobs_are_kept():
    id = opened()
    end(members(id, 1))
    later = NOW + timedelta(days=1)
    assert FinishedJobs({"succeeded"}, later).delete(100) == 0
    assert FinishedBatches(later).delete(100) == 0
    finished(id)
    assert FinishedBatches(later).delete(100) == 0
    assert FinishedJobs({"succeeded"}, later).delete(100) == 1
    assert FinishedBatches(NOW - timedelta(days=1)).delete(100) == 0
    assert FinishedBatches(later).delete(100) == 1


def test_the_look_for_ended_batches_reads_an_index_and_no_table_of_jobs():
    batches.close(opened(), now=NOW)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        batches.ended()
    sql = captured[0]["sql"]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan TO off")
            cursor.execute(f"EXPLAIN {sql}")
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "job_by_batch" in plan
    assert "batch_unfinished" in plan


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"finished_at": NOW}, "batch_finished_only_when_closed"),
        ({"cancel_requested_at": NOW}, "batch_cancelled_only_when_closed"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused(values, constraint):
    with refused(constraint):
        Batch.objects.create(id="b", created_at=NOW, **values)


def test_a_callback_has_a_known_event_and_one_of_a_kind():
    id = opened(callbacks={"finish": "{}"})
    with refused("batch_callback_once"):
        BatchCallback.objects.create(batch_id=id, event="finish", signature="{}")
    with refused("batch_callback_event_known"):
        BatchCallback.objects.create(batch_id=id, event="odd", signature="{}")


def test_an_idempotency_key_is_of_one_batch():
    opened(idempotency_key="k")
    with refused("batch_idempotency_key"):
        Batch.objects.create(id="other", created_at=NOW, idempotency_key="k")


def meanwhile(first, second):
    """`second` in the middle of `first`'s transaction; SQLite lets it wait for the end of that."""
    inside, let_go, results = Event(), Event(), {}

    def run(name, function):
        try:
            results[name] = function()
        finally:
            connection.close()

    @transaction.atomic
    def held():
        first()
        inside.set()
        let_go.wait(30)

    holder = Thread(target=run, args=("first", held))
    holder.start()
    assert inside.wait(30)
    other = Thread(target=run, args=("second", second))
    other.start()
    other.join(1)
    let_go.set()
    for thread in (other, holder):
        thread.join(60)
    return results["second"]


@pytest.mark.django_db(transaction=True)
def test_a_batch_does_not_finish_while_somebody_adds_to_it():
    id = opened()
    end(members(id, 1))

    def add():
        batches.join(id, inside=False)
        members(id, 1)

    def finish():
        batches.close(id, now=NOW)
        return batches.finish(id, now=NOW)

    assert meanwhile(add, finish) is None
    assert Batch.objects.get().finished_at is None
    assert batches.ended() == []


@pytest.mark.django_db(transaction=True)
def test_a_batch_does_not_finish_while_somebody_retries_a_job_of_it():
    id = opened()
    ids = members(id, 2)
    end(ids, "failed")
    batches.close(id, now=NOW)
    done = meanwhile(lambda: retry(ids[:1], by="ann", now=NOW), lambda: batches.finish(id, now=NOW))
    assert done is None
    assert Batch.objects.get().finished_at is None
