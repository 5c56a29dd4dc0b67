"""A worker that was taken for dead forgets what it had claimed, and none of its credit or slots."""

from threading import Lock
from types import SimpleNamespace
from unittest.mock import Mock

from jobs.engine.pool.request import JobRequest
from jobs.engine.worker.ledger import Ledger
from jobs.engine.worker.notes import Start


def request(ledger, id):
    """A claimed request that has not begun."""
    made = JobRequest.__new__(JobRequest)
    made.ledger, made.acknowledge = ledger, Mock()
    made._request_dict = {"id": id}
    made.id = id
    made._gone, made._over = Lock(), Lock()
    return made


def test_what_is_forgotten_gives_its_credit_back_and_does_not_begin():
    ledger = Ledger(None, "w", wake=Mock())
    claimed = request(ledger, "a")
    ledger.held = {"a": claimed}
    ledger.forget_all()
    claimed.acknowledge.assert_called_once()
    assert claimed.ended
    assert ledger.held == {}


def test_a_forgotten_request_that_the_pool_has_leaves_its_slot_when_the_pool_is_done():
    ledger = Ledger(None, "w", wake=Mock())
    ledger.in_pool = 1
    on_its_way = request(ledger, "a")
    on_its_way.in_pool = True
    ledger.held = {"a": on_its_way}
    ledger.forget_all()
    assert not on_its_way._end(SimpleNamespace(error=None))
    assert ledger.in_pool == 0


def test_a_start_that_cannot_be_written_leaves_its_job_with_the_worker_that_runs_it():
    ledger = Ledger(None, "w", wake=Mock())
    running = Mock(id="a")
    ledger.held = {"a": running}
    ledger._give_up(Start(running, None), ValueError("a row that makes no sense"))
    assert ledger.held == {"a": running}


def test_a_job_that_is_somebody_elses_when_its_start_is_to_be_written_does_not_begin():
    ledger = Ledger(None, "w", wake=Mock())
    ledger.in_pool = 1
    suspect = request(ledger, "a")
    ledger.held = {"a": suspect}
    ledger._let_begin(Start(suspect, None, before=True), mine=False)
    assert (ledger.in_pool, ledger.held, ledger.waiting) == (0, {}, 0)
    suspect.acknowledge.assert_called_once()
