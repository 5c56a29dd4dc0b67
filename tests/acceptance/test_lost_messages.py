"""Messages that vanish from a Redis that runs: found by the oldest that is left, and sent again."""

import json
from datetime import timedelta

from django.utils import timezone

from jobs.models import Job
from jobs.states import State
from tests.acceptance import workload
from tests.acceptance.stack import wait_until
from tests.acceptance.test_nothing_is_lost import all_finished, lines

_QUEUE = "slow"


def ids_in(redis):
    """The jobs whose messages wait, oldest first."""
    return [json.loads(item)["headers"]["id"] for item in redis.lrange(_QUEUE, 0, -1)][::-1]


def test_the_oldest_message_is_missed_while_newer_ones_stay(stack, tmp_path):
    stack.worker("-c", "1")  # listens elsewhere, and dispatches
    redis, path = stack.redis.client(), str(tmp_path / "ran")
    ids = [workload.append.apply_async((path, n), queue=_QUEUE).id for n in range(2)]
    # What is less than a second older than the oldest that is left may have overtaken it.
    early = Job.objects.get(id=ids[1]).published_at + timedelta(seconds=1.2)
    wait_until(lambda: timezone.now() > early)
    ids += [workload.append.apply_async((path, n), queue=_QUEUE).id for n in (2, 3)]
    assert ids_in(redis) == ids
    redis.rpop(_QUEUE, 2)
    assert ids_in(redis) == ids[2:]
    wait_until(lambda: set(ids_in(redis)) == set(ids), 20)
    stack.worker("-c", "1", "-Q", _QUEUE, name="slow")
    wait_until(all_finished)
    assert sorted(lines(tmp_path / "ran")) == ["0", "1", "2", "3"]
    assert set(Job.objects.values_list("state", "attempt")) == {(State.SUCCEEDED, 1)}


def test_messages_that_are_there_are_not_sent_again(stack):
    stack.worker("-c", "1")
    redis = stack.redis.client()
    ids = [workload.add.apply_async((n, 1), queue=_QUEUE).id for n in range(4)]
    published = dict(Job.objects.values_list("id", "published_at"))
    # Longer than a message may be on its way: the dispatcher has looked at them by then.
    later = workload.add.apply_async((1, 2), countdown=6)
    assert later.get(timeout=30) == 3
    assert ids_in(redis) == ids
    assert dict(Job.objects.filter(id__in=ids).values_list("id", "published_at")) == published


def test_a_flush_of_a_redis_that_runs_loses_nothing(stack, tmp_path):
    stack.worker("-c", "2")
    numbers = [str(n) for n in range(40)]
    for number in numbers:
        workload.slow_append.delay(str(tmp_path / "ran"), number)
    for done in (5, 15, 25):
        wait_until(lambda done=done: len(lines(tmp_path / "ran")) >= done, 40)
        stack.redis.client().flushall()
    wait_until(all_finished, 60)
    assert sorted(lines(tmp_path / "ran")) == sorted(numbers)
    assert set(Job.objects.values_list("state", "attempt")) == {(State.SUCCEEDED, 1)}
