"""Several threads decide about a request: it begins or is taken back, ends once, is acked once."""

import sys
import time
from functools import partial
from threading import Barrier, Thread
from unittest.mock import Mock

import pytest
from celery.worker import state

from jobs.engine.pool.request import JobRequest
from tests.unit.jobs.engine.pool.claimed import request

ROUNDS = 300


@pytest.fixture(autouse=True)
def _eager_switches():
    """Let threads take turns within a statement's time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


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


class Meanwhile:
    """A lock; what another thread does in the moment before somebody asks for it, happens then."""

    def __init__(self, lock, act):
        self.lock, self.act = lock, act
        self.locked, self.release = lock.locked, lock.release

    def acquire(self, **options):
        act, self.act = self.act, lambda: None
        act()
        return self.lock.acquire(**options)


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


@pytest.mark.parametrize("act", [JobRequest.forget, partial(JobRequest.interrupt, again_at=None)])
def test_what_goes_elsewhere_between_the_last_look_and_the_hand_over_does_not_begin(app, act):
    one = request(app)
    one._gone = Meanwhile(one._gone, partial(act, one))
    assert not one.enter_pool()
    assert one.ended


def test_what_begins_while_it_is_given_back_counts_as_begun(app):
    one = request(app)
    assert one.enter_pool()
    one._over = Meanwhile(one._over, lambda: one.on_accepted(1, time.monotonic()))
    one.interrupt(None)
    [(_, ending)] = [call.args for call in one.ledger.note_end.call_args_list]
    assert ending.kind == "interrupt"


def test_what_was_given_back_on_its_way_to_a_thread_does_not_run_there(app, monkeypatch):
    monkeypatch.setattr("jobs.engine.pool.request.run_attempt", ran := Mock())
    one = request(app)
    one.in_pool = True
    assert one.enter_pool()
    one.interrupt(None)
    one.on_success(one.run_here(*one.call()))
    ran.assert_not_called()
    assert one.ledger.note_end.call_count == one.ledger.note_free_slot.call_count == 1


def test_a_slot_is_left_once(app):
    one = request(app)
    one.in_pool = True
    at_once(one._leave_pool, one._leave_pool)
    assert one.ledger.note_free_slot.call_count == 1


def test_what_is_forgotten_leaves_celerys_books(app):
    one = request(app)
    state.requests[one.id] = one
    one.forget()
    assert one.id not in state.requests


def test_an_acknowledgement_that_meets_another_is_made_once(app):
    one = request(app)
    one._on_ack.side_effect = lambda *_: one.acknowledge()  # as another thread in that moment
    one.acknowledge()
    assert one._on_ack.call_count == 1
