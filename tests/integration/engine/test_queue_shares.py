"""Queues share a consumer by weight: the transport on a real Redis, message by message."""

from collections import Counter

import pytest
import redis
from django.conf import settings
from django.utils import timezone
from kombu import Connection, Consumer, Queue

from jobs.engine.broker.message import envelope
from jobs.engine.ids import new_id
from jobs.operations.submit import Ready

WEIGHTS = {"critical": 5, "default": 3, "low": 1}


@pytest.fixture
def push():
    """Put messages into lists of their own, which are gone afterwards."""
    client, keys = redis.Redis.from_url(settings.REDIS_URL), set()

    def pushed(queue, number, priority=5):
        for _ in range(number):
            job = Ready(
                new_id(), queue, priority, '{"body": "W10=", "headers": {}}', timezone.now()
            )
            message = envelope(job)
            keys.add(message.key)
            client.lpush(message.key, message.content)

    yield pushed
    client.delete(*keys)


def take(number, queues, *, credit, weights=WEIGHTS):
    """The queue and priority of `number` messages, as a worker with this much credit gets them."""
    seen = []

    def on_message(message):
        seen.append((message.delivery_info["routing_key"], message.properties["priority"]))
        message.ack()

    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS | {"queue_weights": weights}
    with (
        Connection(
            settings.REDIS_URL,
            transport=settings.CELERY_BROKER_TRANSPORT,
            transport_options=options,
        ) as connection,
        connection.channel() as channel,
    ):
        listed = [Queue(name, routing_key=name) for name in queues]
        with Consumer(
            channel, queues=listed, on_message=on_message, accept=None, auto_declare=False
        ) as consumer:
            consumer.qos(prefetch_count=credit)
            while len(seen) < number:
                connection.drain_events(timeout=5)
    return seen[:number]


@pytest.mark.parametrize("credit", [1, 4, 64])
def test_queues_with_endless_backlogs_share_by_weight(push, credit):
    for queue in WEIGHTS:
        push(queue, 1_000)
    had = Counter(queue for queue, _ in take(900, WEIGHTS, credit=credit))
    slack = max(2, credit)
    assert abs(had["critical"] - 500) <= slack
    assert abs(had["default"] - 300) <= slack
    assert abs(had["low"] - 100) <= slack


def test_without_weights_queues_have_the_same(push):
    push("a", 300)
    push("b", 300)
    had = Counter(queue for queue, _ in take(300, ["a", "b"], credit=1, weights={}))
    assert abs(had["a"] - had["b"]) <= 2


def test_the_share_of_an_empty_queue_goes_to_the_others(push):
    push("critical", 300)
    push("low", 300)
    had = Counter(queue for queue, _ in take(240, WEIGHTS, credit=1))
    assert abs(had["critical"] - 200) <= 2


def test_nine_goes_first_within_each_queue_and_no_queue_before_another_for_it(push):
    push("critical", 50, 0)
    push("low", 50, 0)
    push("low", 50, 9)
    push("critical", 20, 9)
    seen = take(170, WEIGHTS, credit=1)
    for queue, urgent in (("critical", 20), ("low", 50)):
        priorities = [priority for name, priority in seen if name == queue]
        assert priorities == [9] * urgent + [0] * 50
    # The other's 50 urgent ones do not keep this queue from its share.
    assert Counter(queue for queue, _ in seen[:48])["critical"] >= 38
