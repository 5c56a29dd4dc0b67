"""Whatever a job or its message brings, its request ends: slot, credit and row wait for it."""

import sys
from datetime import UTC, datetime
from types import ModuleType
from unittest.mock import Mock

import pytest
from billiard.einfo import ExceptionInfo
from celery.concurrency.solo import TaskPool as SoloPool
from celery.exceptions import TaskRevokedError

from jobs.engine.context import Report
from jobs.engine.pool.bundle import Bundle
from jobs.engine.pool.regions import Region
from jobs.engine.pool.sealed import opened, seal
from jobs.engine.worker.notes import End
from jobs.engine.worker.settlement import _tell_family
from tests.unit.jobs.engine.pool.claimed import request

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def ending_of(one):
    [(_, ending)] = [call.args for call in one.ledger.note_end.call_args_list]
    return ending


def in_pool(app):
    one = request(app)
    one.in_pool = True
    assert one.enter_pool()
    return one


@pytest.mark.parametrize("told", ["on_success", "on_failure"])
def test_an_outcome_that_makes_no_sense_ends_the_attempt(app, told):
    one = in_pool(app)
    getattr(one, told)(None)
    assert ending_of(one).kind == "fail"
    assert "made no sense" in ending_of(one).problem.message
    assert one.ledger.note_free_slot.call_count == 1


def test_a_request_that_cannot_be_handed_over_ends_and_leaves_the_pool(app):
    one = request(app)
    pool = Mock(options={})
    pool.apply_async.side_effect = TypeError("no such limit")
    with pytest.raises(TaskRevokedError):
        one.execute_using_pool(pool)
    assert "could not be handed to the pool: no such limit" in ending_of(one).problem.message
    assert one.ledger.note_free_slot.call_count == 1


def test_requests_that_cannot_be_handed_over_together_end_and_leave_their_region(app):
    members, home, pool = [request(app), request(app)], Mock(), Mock(options={})
    pool.apply_async.side_effect = TypeError("no such limit")
    with pytest.raises(TaskRevokedError):
        Bundle(members, Region(0), home).execute_using_pool(pool)
    assert [ending_of(member).kind for member in members] == ["fail", "fail"]
    assert home.bundle_closed.call_count == 1
    home.ledger.take_again.assert_called_once_with([])


def test_a_body_that_cannot_be_read_fails_its_job_and_not_its_worker(app):
    one = request(app, body="nonsense")
    one.execute_using_pool(SoloPool(app=app))
    assert ending_of(one).kind == "fail"
    _tell_family(Mock(), [End(one, ending_of(one))], {one.id: Mock()})  # as the ledger does
    assert (one.args, one.chord) == ((), None)


def failed(error):
    try:
        raise error
    except type(error):
        return ExceptionInfo()


def test_an_error_that_only_the_child_can_import_is_known_by_its_report(app, monkeypatch):
    plugin = ModuleType("loaded_there")
    exec("class Odd(Exception):\n    pass", plugin.__dict__)
    monkeypatch.setitem(sys.modules, "loaded_there", plugin)
    sealed = seal(failed(plugin.Odd("of the plugin")))
    monkeypatch.delitem(sys.modules, "loaded_there")
    one = in_pool(app)
    one.on_success((1, sealed, 0.1, Report(NOW, NOW, error_type="Odd", error_message="of it")))
    ending = ending_of(one)
    assert (ending.kind, ending.problem.type, ending.problem.message) == ("fail", "Odd", "of it")


def test_an_error_that_is_no_pickle_is_told_all_the_same():
    error = ValueError("a")
    error.more = lambda: None
    assert "cannot be read" in str(opened(seal(failed(error))).exception)


def test_an_error_that_both_know_comes_through():
    found = opened(seal(failed(ValueError("a"))))
    assert "ValueError: a" in found.traceback
