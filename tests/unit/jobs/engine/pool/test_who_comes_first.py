"""Several threads decide about a request: it begins or is taken back, ends once, is acked once."""

import sys
from functools import partial
from threading import Barrier, Thread
from unittest.mock import Mock

import pytest
from celery import Celery
from kombu.message import Message

from jobs.engine.pool.request import JobRequest
from jobs.engine.pool.undecoded import NOT_DECODED
from jobs.engine.worker.ledger import Ledger

ROUNDS = 300


def nothing():
    pass


@pytest.fixture
def app():
    app = Celery("test", set_as_current=False)
    app.task(name="test.nothing")(nothing)
    return app


@pytest.fixture(autouse=True)
def _eager_switches():
    """Let threads take turns within a statement's time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def request(app):
    headers = {"id": "a", "task": "test.nothing", "hachi": 1}
    message = Message(headers=headers, body="[[], {}, {}]", properties={}, delivery_info={})
    message._decoded_cache = NOT_DECODED  # as the strategy does
    made = JobRequest(
        message,
        ledger=Mock(spec=Ledger),
        on_ack=Mock(),
        app=app,
        task=app.tasks["test.nothing"],
        eventer=None,
        hostname="w",
        connection_errors=(),
        body="[[], {}, {}]",
        headers=headers,
        decoded=False,
        utc=True,
    )
    made.attempt = 1
    return made


def at_once(*actions):
    """Run each in a thread of its own, all from the same moment on; what they returned."""
    gate, results = Barrier(len(actions)), [None] * len(actions)

    def run(index, action):
        gate.wait(10)
        results[index] = action()

    threads = [Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return results


def test_a_cancel_and_the_pool_agree_on_whether_a_job_begins(app):
    for _ in range(ROUNDS):
        one = request(app)
        one.stop_reason = "by ann"
        at_once(one.revoked, one.enter_pool)
        assert one.ended
        assert one.ledger.note_taken_back.call_count == 1
        assert one._on_ack.call_count == 1


def test_what_is_given_back_does_not_begin_and_what_begins_is_not_given_back(app):
    ways = set()
    for _ in range(ROUNDS):
        one = request(app)
        begins, _ = at_once(one.enter_pool, one.give_back)
        assert begins == (one.ledger.note_end.call_count == 0)
        assert begins != one.ended
        ways.add(begins)
    assert ways  # both ways are right, and which one came is the machine's affair


def test_a_request_ends_once_however_many_say_so(app):
    for _ in range(ROUNDS):
        one = request(app)
        assert one.enter_pool()
        at_once(partial(one.interrupt, None), partial(one.interrupt, None), one.forget)
        assert one.ledger.note_end.call_count <= 1
        assert one._on_ack.call_count == 1


def test_what_the_pool_brings_back_can_be_taken_back_again(app):
    one = request(app)
    assert one.enter_pool()
    one.give_back()
    assert not one.ended
    one.come_back()
    one.give_back()
    assert one.ended
    assert not one.enter_pool()


def test_an_acknowledgement_that_meets_another_is_made_once(app):
    one = request(app)
    one._on_ack.side_effect = lambda *_: one.acknowledge()  # as another thread in that moment
    one.acknowledge()
    assert one._on_ack.call_count == 1
