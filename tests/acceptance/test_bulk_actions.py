"""Bulk actions through real workers, whose dispatchers do them: once each, or stopped."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from jobs.engine.actions import bulk_actions
from jobs.engine.bulk import submit_many
from jobs.models import BulkAction, Job
from jobs.queries.jobs import JobFilter
from jobs.states import State
from tests.acceptance import workload
from tests.acceptance.stack import wait_until

NUMBER = 8_000


def failed(number=NUMBER, **options):
    """Jobs that have failed, in a queue that no worker listens to unless it is told otherwise."""
    now = timezone.now()
    calls = [((one, one), {}) for one in range(number)]
    ids = submit_many(workload.add, calls, **({"queue": "elsewhere"} | options))
    Job.objects.filter(created_at__gte=now).update(
        state=State.FAILED, waiting_for="", finished_at=now, error_type="ValueError"
    )
    return ids


def at(id):
    return BulkAction.objects.get(id=id)


def test_a_bulk_retry_survives_the_death_of_its_worker_and_does_nothing_twice(stack):
    failed()
    worker = stack.worker("-c", "1")
    asked = bulk_actions.ask("retry", JobFilter(task="test.add"), by="ann")
    wait_until(lambda: at(asked.id).done, 30)
    worker.kill()
    there = at(asked.id)
    assert Job.objects.filter(state=State.QUEUED).count() == there.done == there.matched
    assert there.done < NUMBER
    stack.worker("-c", "1", name="next")
    wait_until(lambda: at(asked.id).finished_at, 60)
    there = at(asked.id)
    assert (there.state, there.matched, there.done) == ("finished", NUMBER, NUMBER)
    assert Job.objects.filter(state=State.QUEUED, requested_by="ann").count() == NUMBER


def test_a_bulk_retry_that_is_aborted_stops_where_it_is(stack):
    failed()
    stack.worker("-c", "1")
    asked = bulk_actions.ask("retry", JobFilter(state=State.FAILED), by="ann")
    wait_until(lambda: at(asked.id).done, 30)
    assert bulk_actions.abort(asked.id, by="bob")
    there = at(asked.id)
    assert there.state == "stopped"
    assert 0 < there.done < NUMBER
    # Another one is worked on to its end, and the first has not moved.
    other = bulk_actions.ask("delete", JobFilter(state=State.SUCCEEDED), by="ann")
    wait_until(lambda: at(other.id).finished_at, 30)
    assert at(asked.id).done == there.done
    assert Job.objects.filter(state=State.QUEUED).count() == there.done
    assert Job.objects.filter(state=State.FAILED).count() == NUMBER - there.done


def test_three_dispatchers_at_once_change_each_job_once(stack):
    failed(3_000)
    asked = bulk_actions.ask("retry", JobFilter(), by="ann")
    gate = threading.Barrier(3)

    def dispatch():
        gate.wait()
        try:
            while at(asked.id).finished_at is None:
                bulk_actions.work(now=timezone.now(), enough=lambda: False)
        finally:
            connection.close()

    threads = [threading.Thread(target=dispatch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert (at(asked.id).matched, at(asked.id).done) == (3_000, 3_000)


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_a_lane_keeps_its_order_through_a_bulk_retry_and_empties_by_a_bulk_cancel(stack, verb):
    ids = failed(60, queue="celery", lane="k")
    if verb == "cancel":
        bulk_actions.ask("retry", JobFilter(lane="k"), by="ann")
        bulk_actions.work(now=timezone.now(), enough=lambda: False)
    asked = bulk_actions.ask(verb, JobFilter(lane="k"), by="ann")
    stack.worker("-c", "2")
    wait_until(lambda: at(asked.id).finished_at, 30)
    wait_until(lambda: not Job.objects.unfinished().exists(), 60)
    if verb == "retry":
        assert list(Job.objects.order_by("started_at").values_list("id", flat=True)) == ids
    else:
        # The one that ran may have been asked too late.
        done = Job.objects.filter(state=State.CANCELLED).count()
        assert 0 < at(asked.id).done - 2 <= done <= at(asked.id).done
