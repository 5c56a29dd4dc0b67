"""Foreign messages each of whose headers has a value of a kind that nobody expects there."""

import json

import pytest

from jobs.models import Job
from tests.acceptance import workload
from tests.acceptance.stack import wait_until
from tests.acceptance.test_reviewed_defects import push

#: Headers and properties that Celery or Hachi reads.
HEADERS = (
    *("timelimit", "retries", "expires", "eta", "group", "group_index", "parent_id", "root_id"),
    *("shadow", "origin", "argsrepr", "kwargsrepr", "stamps", "stamped_headers", "ignore_result"),
    *("replaced_task_nesting", "lang", "meth", "lane", "max_attempts", "unique", "batch"),
    *("requested_by", "schedule", "tick", "stop_reason", "delivery_info"),
)
PROPERTIES = ("priority", "published", "reply_to", "correlation_id", "delivery_info")
ODD = ("text", "", -1, 1e300, True, None, [], ["a", "b"], {}, {"a": []}, [None, [1]])
#: Embedded in the body.
EMBEDDED = ("callbacks", "errbacks", "chain", "chord")


@pytest.mark.parametrize("pool", ["prefork", "solo", "threads"])
def test_a_message_with_an_odd_header_stops_no_worker_and_is_not_forgotten(stack, pool):
    worker = stack.worker("-P", pool, "-c", "2")
    ids = [*_odd_headers(stack), *_odd_properties(stack), *_odd_bodies(stack)]
    assert workload.add.delay(1, 1).get(timeout=120) == 2
    assert worker.runs(), worker.text()[-3000:]
    assert workload.add.delay(2, 2).get(timeout=60) == 4
    # Those that make sense to Celery run; of the others each is a failed row.
    wait_until(lambda: Job.objects.filter(id__in=ids, finished_at=None).count() == 0, 60)
    assert worker.runs(), worker.text()[-3000:]
    assert set(Job.objects.filter(id__in=ids).values_list("id", flat=True)) == set(ids)


@pytest.mark.parametrize("pool", ["prefork", "solo", "threads"])
def test_a_message_that_says_it_is_ours_and_has_an_odd_id_stops_no_worker(stack, pool):
    worker = stack.worker("-P", pool, "-c", "1")
    for value in ODD:
        push(stack, {"task": "test.add", "id": value, "hachi": 1}, "[[1, 2], {}, {}]")
    nameless = len([value for value in ODD if not isinstance(value, str) or not value])
    refused = Job.objects.filter(task="test.add", error_type="InvalidTaskError")
    wait_until(lambda: refused.count() == nameless, 30)
    assert workload.add.delay(2, 2).get(timeout=30) == 4
    assert worker.runs(), worker.text()[-3000:]


def _odd_headers(stack):
    for name in HEADERS:
        for number, value in enumerate(ODD):
            id = f"{name}-{number}"
            push(stack, {"task": "test.add", "id": id, name: value}, "[[1, 2], {}, {}]")
            yield id


def _odd_properties(stack):
    for name in PROPERTIES:
        for number, value in enumerate(ODD):
            id = f"property-{name}-{number}"
            headers = {"task": "test.add", "id": id}
            push(stack, headers, "[[1, 2], {}, {}]", **{name: value})
            yield id


def _odd_bodies(stack):
    for number, value in enumerate(ODD):
        for name in EMBEDDED:
            id = f"embedded-{name}-{number}"
            push(stack, {"task": "test.add", "id": id}, json.dumps([[1, 2], {}, {name: value}]))
            yield id
        for place in range(3):
            body = [[1, 2], {}, {}]
            body[place] = value
            id = f"body-{place}-{number}"
            push(stack, {"task": "test.add", "id": id}, json.dumps(body))
            yield id
        push(stack, {"task": "test.add", "id": f"whole-{number}"}, json.dumps(value))
        yield f"whole-{number}"
