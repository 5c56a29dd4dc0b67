"""Bulk actions: all that match, in bounded steps, once each, to their end or to a stop."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.engine.actions import bulk_actions
from jobs.engine.ids import new_id
from jobs.engine.worker.dispatcher import Dispatcher
from jobs.errors import BulkActionNotFound
from jobs.models import Batch, BulkAction, Job
from jobs.operations import bulk
from jobs.operations.cleanup import FinishedBulkActions
from jobs.operations.submit import Draft, submit
from jobs.queries.jobs import JobFilter
from jobs.queries.jobs import bulk as steps
from jobs.queries.jobs.bulk import count_matching
from jobs.states import State
from tests.integration.refusals import refused

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now() - timedelta(minutes=1)


def message(task="t"):
    return json.dumps({"headers": {"task": task}, "body": "[[], {}, {}]", "content-type": "a"})


def jobs(number, state="failed", **values):
    drafts = [
        Draft(id=new_id(), task="t", queue="celery", message=message()) for _ in range(number)
    ]
    submit(drafts, now=NOW)
    ids = [draft.id for draft in drafts]
    ended = state in ("failed", "succeeded", "cancelled")
    for start in range(0, number, 5_000):
        Job.objects.filter(id__in=ids[start : start + 5_000]).update(
            state=state,
            finished_at=NOW if ended else None,
            error_type="ValueError" if state == "failed" else "",
            **values,
        )
    return ids


def work(steps=10_000):
    left = iter(range(steps))
    return bulk_actions.work(now=timezone.now(), enough=lambda: next(left, None) is None)


def small(monkeypatch, window=7, slice_=3):
    monkeypatch.setattr(steps, "WINDOW", window)
    monkeypatch.setattr(steps, "SLICE", slice_)


def test_all_that_match_are_retried_and_nothing_else(monkeypatch):
    small(monkeypatch)
    failed = jobs(20, task="a")
    jobs(5, task="b")
    jobs(5, "succeeded", task="a")
    cancelled = jobs(3, "cancelled", task="a")
    asked = bulk_actions.ask("retry", JobFilter(task="a"), by="ann")
    assert asked.expected == 23
    jobs(4, task="a")
    Job.objects.filter(task="a", state="failed").exclude(id__in=failed).update(
        created_at=timezone.now() + timedelta(hours=1)
    )
    assert work() == 23
    assert set(Job.objects.filter(state="queued").values_list("id", flat=True)) == {
        *failed,
        *cancelled,
    }
    done = BulkAction.objects.get()
    assert (done.state, done.matched, done.done, done.skipped) == ("finished", 23, 23, 0)
    assert work() == 0


def test_what_succeeded_runs_again_only_if_it_is_asked_for():
    jobs(2, "succeeded")
    assert count_matching("retry", JobFilter(), asked_at=timezone.now()) == 0
    assert count_matching("retry", JobFilter(state=State.SUCCEEDED), asked_at=timezone.now()) == 2


def test_a_job_that_fails_again_meanwhile_is_not_retried_twice(monkeypatch):
    small(monkeypatch)
    jobs(10)
    bulk_actions.ask("retry", JobFilter(state=State.FAILED), by="ann")
    for _ in range(20):
        work(1)
        Job.objects.filter(state="queued").update(
            state="failed", finished_at=timezone.now(), error_type="ValueError"
        )
    done = BulkAction.objects.get()
    assert (done.state, done.done) == ("finished", 10)


def test_waiting_jobs_are_cancelled_and_running_ones_are_asked():
    waiting = jobs(3, "queued", priority=7)
    [running] = jobs(1, "running", priority=7, worker="w", started_at=NOW, attempt=1)
    jobs(2, "queued", priority=3)
    jobs(2, "failed")
    bulk_actions.ask("cancel", JobFilter(queue="celery"), by="ann")
    assert work() == 6
    assert Job.objects.filter(id__in=waiting, error_message="Cancelled by ann.").count() == 3
    assert Job.objects.get(id=running).cancel_requested_at


def test_only_ended_jobs_are_deleted_and_members_of_a_running_batch_are_kept():
    jobs(4)
    waiting = jobs(2, "queued")
    batch = Batch.objects.create(id="b", created_at=NOW)
    members = jobs(3, "succeeded", batch=batch)
    bulk_actions.ask("delete", JobFilter(), by="ann")
    assert work() == 4
    assert set(Job.objects.values_list("id", flat=True)) == {*waiting, *members}
    assert (BulkAction.objects.get().matched, BulkAction.objects.get().skipped) == (7, 3)


def test_a_crash_in_the_middle_of_a_step_undoes_it_and_the_next_goes_on(monkeypatch):
    small(monkeypatch)
    jobs(10)
    bulk_actions.ask("delete", JobFilter(), by="ann")
    work(1)
    assert Job.objects.count() == 7

    def dies(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(bulk, "move_on", dies)
        with pytest.raises(KeyboardInterrupt):
            work(1)
    assert Job.objects.count() == 7
    assert work() == 7
    assert BulkAction.objects.get().done == 10


def test_a_step_that_was_overtaken_is_rolled_back(monkeypatch):
    small(monkeypatch)
    jobs(5)
    bulk_actions.ask("delete", JobFilter(), by="ann")
    monkeypatch.setattr(bulk, "move_on", lambda *_, **__: False)
    assert work() == 0
    assert Job.objects.count() == 5


def test_one_that_cannot_go_on_says_why_and_the_others_do(monkeypatch):
    jobs(3)
    broken = bulk_actions.ask("retry", JobFilter(), by="ann")
    BulkAction.objects.filter(id=broken.id).update(wanted={"moon": "full"})
    bulk_actions.ask("delete", JobFilter(), by="bob")
    assert work() == 3
    broken.refresh_from_db()
    assert broken.state == "failed"
    assert "moon" in broken.error


def test_an_abort_stops_it_where_it_is(monkeypatch):
    small(monkeypatch)
    jobs(10)
    asked = bulk_actions.ask("retry", JobFilter(), by="ann")
    work(2)
    assert bulk_actions.abort(asked.id, by="bob")
    assert not bulk_actions.abort(asked.id, by="bob")
    assert work() == 0
    asked.refresh_from_db()
    assert (asked.state, asked.aborted_by, asked.done) == ("stopped", "bob", 6)
    with pytest.raises(BulkActionNotFound):
        bulk_actions.abort("nothing", by="bob")


def test_several_take_turns(monkeypatch):
    small(monkeypatch)
    jobs(6, task="a")
    jobs(6, task="b")
    first = bulk_actions.ask("retry", JobFilter(task="a"), by="ann")
    second = bulk_actions.ask("retry", JobFilter(task="b"), by="ann")
    work(3)
    for one in (first, second):
        one.refresh_from_db()
        assert one.cursor_at


def test_jobs_of_a_lane_are_retried_the_oldest_first(monkeypatch):
    small(monkeypatch)
    ids = jobs(8, lane="k")
    for age, id in enumerate(reversed(ids)):  # their ids say the opposite
        Job.objects.filter(id=id).update(created_at=NOW + timedelta(seconds=age))
    order = []
    monkeypatch.setattr(
        bulk_actions, "retry_free", lambda ids, by: (order.extend(ids), len(ids))[1]
    )
    bulk_actions.ask("retry", JobFilter(lane="k"), by="ann")
    work()
    assert order == ids[::-1]


def test_bulk_actions_that_ended_long_ago_are_deleted():
    asked = bulk_actions.ask("retry", JobFilter(), by="ann")
    later = timezone.now() + timedelta(days=1)
    assert FinishedBulkActions(later).delete(10) == 0
    work()
    assert FinishedBulkActions(asked.asked_at - timedelta(days=1)).delete(10) == 0
    assert FinishedBulkActions(later).delete(10) == 1


def test_a_filter_comes_back_as_it_was():
    wanted = JobFilter(
        state=State.FAILED, task="t", queue="q", lane="l", batch="b", schedule="s", cause="c",
        text="x", since=NOW, until=NOW,
    )  # fmt: skip
    assert JobFilter.from_json(json.loads(json.dumps(wanted.as_json()))) == wanted
    assert JobFilter.from_json({}) == JobFilter()


@pytest.mark.parametrize("verb", ["retry", "cancel", "delete"])
def test_twenty_thousand_jobs_take_statements_and_turns_of_bounded_size(
    verb, settings, monkeypatch
):
    settings.HACHI_LEASE_SECONDS = 1000
    state = "queued" if verb == "cancel" else "failed"
    published = {"published_at": timezone.now() + timedelta(hours=1)} if verb == "cancel" else {}
    jobs(20_000, state, **published)
    asked = bulk_actions.ask(verb, JobFilter(), by="ann")
    assert asked.expected == 20_000
    dispatcher = Dispatcher(None, "d", started_at=timezone.now())
    other = Job.objects.create(
        id="due", task="t", queue="q", state="scheduled", waiting_for="time", message=message(),
        run_at=NOW, created_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    with CaptureQueriesContext(connection) as first:
        dispatcher.run_once(timezone.now())
    other.refresh_from_db()
    assert other.state == "queued"  # the turn's other parts come first
    largest = max(len(query["sql"]) for query in first)
    assert largest < 400_000, largest
    for _ in range(200):
        if BulkAction.objects.get().finished_at:
            break
        dispatcher.run_once(timezone.now())
    done = BulkAction.objects.get()
    assert (done.state, done.done) == ("finished", 20_000)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"verb": "burn"}, "bulk_verb_known"),
        ({"done": 1}, "bulk_done_of_matched"),
        ({"aborted_by": "ann"}, "bulk_stopped_is_finished"),
        ({"error": "x"}, "bulk_stopped_is_finished"),
    ],
)
def test_a_bulk_action_that_makes_no_sense_is_refused(values, constraint):
    with refused(constraint):
        BulkAction.objects.create(**{"id": "x", "verb": "retry", "asked_at": NOW} | values)
