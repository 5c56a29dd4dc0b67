"""What makes no sense in a message, or in what a job comes to: a job fails, its worker goes on."""

import json

import pytest
from django.utils import timezone

from jobs.models import Job
from jobs.states import State
from tests.acceptance import fault_workload, workload
from tests.acceptance.stack import wait_until
from tests.acceptance.test_refused_messages import refused
from tests.acceptance.test_reviewed_defects import push

POOLS = ["prefork", "threads", "solo"]
#: Each of these once ended a worker, or took one of its slots for good, in one pool or another.
HEADERS = {
    "one number": {"timelimit": 7},
    "one limit": {"timelimit": [1]},
    "text": {"timelimit": ["10", "5"]},
    "below zero": {"timelimit": [-3, -1]},
    "shadow": {"shadow": ["a"]},
    "retries": {"retries": "a"},
}


def goes_on(worker):
    return worker.runs() and workload.add.delay(1, 2).get(timeout=20) == 3


@pytest.mark.parametrize("pool", POOLS)
def test_headers_that_make_no_sense_fail_their_job(stack, pool):
    worker = stack.worker("-P", pool, "-c", "1")
    for id, headers in HEADERS.items():
        push(stack, {"task": "test.add", "id": id} | headers, "[[1, 2], {}, {}]")
    for id in HEADERS:
        assert (refused(id).state, refused(id).error_type) == (State.FAILED, "InvalidTaskError")
    assert goes_on(worker)


def test_a_foreign_message_that_no_row_can_hold_is_not_dropped(stack):
    worker = stack.worker("-c", "1")
    push(stack, {"task": "test.add", "id": "odd", "group": {"a": 1}}, "[[1, 2], {}, {}]")
    assert refused("odd").state == State.FAILED
    assert goes_on(worker)


@pytest.mark.parametrize("pool", POOLS)
def test_a_kept_body_that_cannot_be_read_fails_its_job(stack, pool):
    worker = stack.worker("-P", pool, "-c", "1")
    for id, body in {"no json": "nonsense", "no three parts": "[1]"}.items():
        headers = {"task": "test.add", "id": id, "hachi": 1}
        content = {"headers": headers, "body": body, "content-type": "application/json"}
        now = timezone.now()
        Job.objects.create(
            id=id,
            task="test.add",
            queue="celery",
            state=State.QUEUED,
            message=json.dumps(content | {"content-encoding": "utf-8"}),
            run_at=now,
            created_at=now,
            published_at=now,
        )
        push(stack, headers, body)
        assert (refused(id).state, refused(id).attempt) == (State.FAILED, 1)
    assert goes_on(worker)


def test_a_time_limit_that_is_no_number_fails_the_call_and_not_the_worker(stack):
    worker = stack.worker("-c", "1")
    result = workload.add.apply_async((1, 2), time_limit="10")
    assert "time limits" in refused(result.id).error_message
    assert goes_on(worker)


def test_an_error_that_only_the_child_knows_fails_its_job(stack):
    worker = stack.worker("-c", "1")
    result = fault_workload.fail_in_a_plugin.delay()
    job = refused(result.id)
    assert (job.state, job.error_type, job.error_message) == (State.FAILED, "Odd", "of the plugin")
    assert goes_on(worker)


def test_such_an_error_among_jobs_that_run_together_costs_none_of_them(stack):
    """Until their task is known to be short they go one by one, and then by the dozen."""
    worker = stack.worker("-c", "1")
    for _ in range(200):
        fault_workload.fail_in_a_plugin.delay()
    wait_until(lambda: not Job.objects.unfinished().exists(), 40)
    ended = Job.objects.values_list("state", "error_type", "attempt", "crashes").distinct()
    assert list(ended) == [(State.FAILED, "Odd", 1, 0)]
    assert goes_on(worker)
