"""Foreign messages that are too large or do not fit, and garbage: told and counted."""

import json

import pytest
from django.core.management import call_command

from jobs.models import Garbage, Job
from jobs.states import State
from tests.acceptance import workload
from tests.acceptance.stack import wait_until
from tests.acceptance.test_reviewed_defects import push

_LIMIT = 100_000


def refused(id):
    return wait_until(lambda: Job.objects.filter(id=id, finished_at__isnull=False).first(), 20)


@pytest.mark.parametrize("task", ["test.add", "test.nobody"])
def test_a_huge_foreign_message_becomes_a_failed_row_without_its_payload(stack, task):
    worker = stack.worker("-c", "1", MAX_MESSAGE_BYTES=str(_LIMIT))
    push(stack, {"task": task, "id": "body"}, json.dumps([["x" * _LIMIT, 1], {}, {}]))
    push(stack, {"task": task, "id": "headers", "more": "x" * _LIMIT}, "[[1, 2], {}, {}]")
    for id in ("body", "headers"):
        job = refused(id)
        assert (job.state, job.task, job.error_type) == (State.FAILED, task, "MessageTooLarge")
        assert "MAX_MESSAGE_BYTES allows 100,000" in job.error_message
        assert len(job.message) + len(job.result) < 1_000
    assert workload.add.delay(1, 2).get(timeout=20) == 3
    assert worker.runs()


def test_a_foreign_message_below_the_limit_runs(stack):
    stack.worker("-c", "1", MAX_MESSAGE_BYTES=str(_LIMIT))
    push(stack, {"task": "test.add", "id": "a"}, json.dumps([["x" * (_LIMIT // 2), "y"], {}, {}]))
    assert refused("a").state == State.SUCCEEDED


def test_a_foreign_message_with_wrong_arguments_becomes_a_failed_row(stack):
    stack.worker("-c", "1")
    push(stack, {"task": "test.add", "id": "wrong"}, "[[1], {}, {}]")
    job = refused("wrong")
    assert (job.state, job.error_type) == (State.FAILED, "TypeError")
    assert "missing 1 required positional argument" in job.error_message
    assert workload.add.delay(1, 2).get(timeout=20) == 3


def test_garbage_is_counted_in_the_database_and_shown(stack, capsys):
    first = stack.worker("-c", "1")
    for item in (b"not json", b"[1]", b"\xff\xfe"):
        stack.redis.client().lpush("celery", item)
    wait_until(lambda: Garbage.objects.filter(queue="celery", number=3).exists())
    first.kill()
    stack.redis.client().flushall()
    stack.redis.client().lpush("celery", b"{}")
    stack.worker("-c", "1", name="next")
    wait_until(lambda: Garbage.objects.filter(queue="celery", number=4).exists())
    call_command("jobs", "garbage")
    assert capsys.readouterr().out.startswith("celery\t4\t")
