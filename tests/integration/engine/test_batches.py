"""Batches as people who write tasks use them; no worker: the rows tell."""

import json

import pytest
from celery import chain, chord, current_app, group, shared_task
from django.utils import timezone

from jobs.engine import context
from jobs.engine.actions.batch_actions import cancel_batch, close_batch, retry_failed
from jobs.engine.batches import batch, current_batch, map_calls, map_task, open_batch
from jobs.engine.bulk import submit_many
from jobs.engine.ends import batch_turns
from jobs.errors import BatchClosed, BatchNotFound, InvalidArguments, SubmitError
from jobs.models import Batch, BatchCallback, Job

pytestmark = pytest.mark.django_db(transaction=True)


@shared_task(name="test.batches.add")
def add(a, b=0):
    return a + b


@shared_task(name="test.batches.total")
def total(numbers):
    return sum(numbers)


@shared_task(name="test.batches.tell")
def tell(summary, word=""):
    return summary, word


@shared_task(name="test.batches.quiet")
def quiet():
    return None


def end(state="succeeded", **which):
    error = "" if state == "succeeded" else "ValueError"
    Job.objects.unfinished().filter(**which).update(
        state=state, waiting_for="", worker="", finished_at=timezone.now(), error_type=error
    )


def turn():
    return batch_turns.finish_ended(current_app, now=timezone.now())


def called(id):
    return json.loads(json.loads(Job.objects.get(id=id).message)["body"])[0]


def test_the_block_is_one_transaction_and_closes_the_batch():
    with pytest.raises(ZeroDivisionError), batch("Import", on_finish=tell.s()) as imports:
        imports.submit(add.s(1))
        raise ZeroDivisionError
    assert not Batch.objects.exists()
    assert not Job.objects.exists()
    with batch("Import") as imports:
        imports.submit_many(add, [((n,), {}) for n in range(3)])
        imports.submit(add.s(4))
        add.apply_async((5,), batch=imports.id)
        add.delay(6)
    assert Job.objects.filter(batch_id=imports.id).count() == 5
    with pytest.raises(BatchClosed):
        imports.submit(add.s(7))
    with pytest.raises(BatchClosed):
        submit_many(add, [((7,), {})], batch=imports.id)
    assert Job.objects.count() == 6


def test_a_callback_gets_the_counts_and_is_submitted_once():
    with batch("Import", on_finish=tell.s("hello"), on_success=quiet.si()) as imports:
        imports.submit_many(add, [((n,), {}) for n in range(3)])
    assert turn() == 0
    end()
    assert turn() == 1
    assert turn() == 0
    summary, word = called(f"{imports.id}-finish")
    assert word == "hello"
    assert summary == {
        "id": imports.id,
        "name": "Import",
        "total": 3,
        "succeeded": 3,
        "failed": 0,
        "cancelled": 0,
    }
    assert called(f"{imports.id}-success") == []
    assert Job.objects.filter(batch=None).count() == 2


def test_a_callback_that_makes_no_sense_is_refused_at_once():
    with pytest.raises(InvalidArguments):
        open_batch(on_finish=quiet.s())
    with pytest.raises(InvalidArguments):
        open_batch(on_finish=tell.si())
    with pytest.raises(SubmitError, match="one task"):
        open_batch(on_finish=chain(add.s(1), add.s(2)))
    assert not Batch.objects.exists()


def test_a_callback_that_no_longer_fits_becomes_a_failed_job_and_the_batch_finishes():
    with batch(on_finish=tell.s()) as one:
        pass
    callback = BatchCallback.objects.get()
    callback.signature = json.dumps(json.loads(callback.signature) | {"args": [1, 2, 3]})
    callback.save()
    assert turn() == 1
    assert Job.objects.get(id=f"{one.id}-finish").state == "failed"
    assert Batch.objects.get().finished_at


def test_every_task_of_a_canvas_is_a_member():
    with batch() as one:
        one.submit(chain(add.si(1), add.s(2), add.s(3)))
        one.submit(group(add.si(4), chain(add.si(5), add.s(6))))
        one.submit(chord([add.si(7), add.si(8)], total.s()))
    messages = list(Job.objects.filter(batch_id=one.id).values_list("message", flat=True))
    assert len(messages) == 5
    steps = [
        step["options"]["batch"]
        for message in messages
        for step in json.loads(json.loads(message)["body"])[2]["chain"] or ()
    ]
    assert steps == [one.id] * 3
    assert all(json.loads(message)["headers"]["batch"] == one.id for message in messages)


def test_a_member_knows_its_batch_and_adds_to_it_after_it_was_closed():
    with batch() as one:
        one.submit(add.s(1))
    now = timezone.now()
    context.enter(context.Attempt("j", 1, "w", context.Report(now, now), one.id))
    try:
        assert context.current_job().batch == one.id
        current_batch().submit(add.s(2))
        current_batch().submit_many(add, [((3,), {})])
        add.delay(4)
    finally:
        context.leave()
    assert current_batch() is None
    assert Job.objects.filter(batch_id=one.id).count() == 3


def test_many_inputs_are_submitted_in_slices_and_the_order_of_their_ids():
    drawn = []
    seen = []

    def inputs():
        for number in range(25):
            drawn.append(number)
            seen.append(Job.objects.count())
            yield number

    handle = map_task(add, inputs(), slice_=10, on_success=quiet.si(), requested_by="ann")
    assert (seen[9], seen[10], seen[20]) == (0, 10, 20)
    rows = Job.objects.filter(batch_id=handle.id).order_by("id")
    assert [called(id) for id in rows.values_list("id", flat=True)] == [[n] for n in range(25)]
    assert set(rows.values_list("requested_by", flat=True)) == {"ann"}
    stored = Batch.objects.get()
    assert (stored.name, stored.closed_at is not None) == ("test.batches.add", True)


def test_a_mapping_that_was_cut_short_goes_on_where_it_was():
    def breaks(at):
        for number in range(30):
            if number == at:
                raise OSError("the disk is gone")
            yield number

    with pytest.raises(OSError, match="disk"):
        map_task(add, breaks(25), slice_=10, idempotency_key="job-17")
    assert Job.objects.count() == 20
    assert Batch.objects.get().closed_at is None
    first = set(Job.objects.values_list("id", flat=True))
    handle = map_task(add, range(30), slice_=10, idempotency_key="job-17")
    assert Job.objects.filter(batch_id=handle.id).count() == Job.objects.count() == 30
    assert first < set(Job.objects.values_list("id", flat=True))
    end()
    turn()
    assert map_task(add, range(30), idempotency_key="job-17").id == handle.id
    assert Job.objects.count() == 30


def test_calls_of_several_arguments_are_mapped_with_options_of_a_call():
    handle = map_calls(add, [((1,), {"b": 2}), ((3, 4), {})], name="Sums", queue="slow", lane="l")
    rows = Job.objects.filter(batch_id=handle.id).order_by("id")
    assert list(rows.values_list("queue", "lane")) == [("slow", "l")] * 2
    assert Batch.objects.get().name == "Sums"


def test_a_cancel_takes_all_waiting_members_also_those_beyond_the_first_thousands(monkeypatch):
    monkeypatch.setattr(batch_turns, "SLICE", 5)
    with batch("Import", on_failure=tell.s()) as one:
        one.submit_many(add, [((n,), {}) for n in range(32)])
    add.delay(0)
    assert cancel_batch(one.id, by="ann")
    assert Job.objects.filter(batch_id=one.id, state="cancelled").count() == 20
    assert batch_turns.cancel_members(current_app, now=timezone.now()) == 12
    assert set(Job.objects.filter(batch_id=one.id).values_list("error_message", flat=True)) == {
        "Cancelled with its batch by ann."
    }
    assert Job.objects.unfinished().count() == 1
    assert turn() == 1
    assert called(f"{one.id}-failure")[0]["cancelled"] == 32
    assert not cancel_batch(one.id, by="ann")
    with pytest.raises(BatchNotFound):
        cancel_batch("nowhere", by="ann")


def test_what_failed_is_retried_and_the_rest_is_left():
    with batch() as one:
        ids = one.submit_many(add, [((n,), {}) for n in range(6)])
    end("failed", id__in=ids[:2])
    end("cancelled", id__in=ids[2:3])
    end()
    turn()
    assert retry_failed(one.id, by="ann") == 2
    tally = Batch.objects.get().tally()
    assert (tally.queued, tally.succeeded, tally.cancelled) == (2, 3, 1)
    end()
    assert turn() == 1
    assert retry_failed(one.id, by="ann", cancelled=True) == 1


def test_a_batch_that_was_left_open_can_be_closed():
    handle = open_batch("left")
    assert turn() == 0
    assert close_batch(handle.id)
    assert not close_batch(handle.id)
    assert turn() == 1
