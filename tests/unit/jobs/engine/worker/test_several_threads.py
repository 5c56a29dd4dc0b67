"""The ledger between the threads of a worker's parent: what each does in the moment of another."""

from collections import deque
from datetime import UTC, datetime
from threading import Thread
from unittest.mock import Mock

from jobs.engine.worker.keeper import Keeper
from jobs.engine.worker.ledger import Ledger
from jobs.engine.worker.limits import SoloWatch
from jobs.engine.worker.notes import Offer, Refused, Start
from jobs.engine.worker.watch import Watch

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Interrupted(Ledger):
    """Another thread frees a slot, if it can, between the reading of the count and its writing."""

    other = None

    @property
    def in_pool(self):
        before, other = self.__dict__["in_pool"], self.other
        if other:
            self.other = None
            other.start()
            other.join(0.2)
        return before

    @in_pool.setter
    def in_pool(self, value):
        self.__dict__["in_pool"] = value


def test_two_threads_that_count_at_once_lose_no_slot():
    ledger = Interrupted(None, "w", wake=Mock())
    ledger.in_pool = 3
    ledger.other = other = Thread(target=ledger.note_free_slot)
    ledger.take_slot()
    other.join(10)
    assert ledger.in_pool == 3


def test_what_is_put_in_front_while_it_is_asked_is_not_taken_for_what_was_asked_about():
    ledger = Ledger(None, "w", wake=Mock())
    ledger._won = deque(["short", "next"])

    def fits(request):
        ledger._won.appendleft("suspect")  # the ledger's thread has written its start
        return request == "short"

    assert ledger.next_won(fits) == "short"
    assert list(ledger._won) == ["suspect", "next"]


def test_what_does_not_fit_stays_the_first():
    ledger = Ledger(None, "w", wake=Mock())
    ledger._won = deque(["long", "next"])
    assert ledger.next_won(lambda _: False) is None
    assert list(ledger._won) == ["long", "next"]


def test_a_job_that_was_forgotten_and_claimed_anew_stays_held():
    ledger = Ledger(None, "w", wake=Mock())
    forgotten, anew = Mock(id="a"), Mock(id="a")
    ledger.held = {"a": anew}
    ledger._let_begin(Start(forgotten, NOW, before=True), mine=False)
    assert ledger.held == {"a": anew}


def test_a_foreign_message_that_cannot_be_claimed_becomes_a_row_that_says_so():
    ledger = Ledger(None, "w", wake=Mock())
    offered = Mock(id="a", tracked=False)
    ledger._give_up(Offer(offered), ValueError("a group that is no text"))
    [note] = ledger._gather()
    assert note == Refused(offered.message, "ValueError", "a group that is no text")
    assert ledger.next_lost() is offered


def test_a_solo_job_that_ends_at_its_limit_by_itself_does_not_end_its_worker():
    ledger, give_up = Ledger(None, "w", wake=Mock()), Mock()
    running = Mock(time_start=1.0, ended=False, limits_in=lambda _: (5, None))
    running.end_at_limit.return_value = False  # the main thread was first
    ledger.held = {"a": running}
    watch = SoloWatch(None, ledger, give_up)
    assert not watch.look(0.0)
    assert not watch.look(6.0)
    give_up.assert_not_called()


def test_a_worker_whose_ledger_has_died_exits_instead_of_idling_for_ever():
    worker, ledger = Mock(), Ledger(Mock(), "w", wake=Mock())
    ledger._thread = Thread()  # not alive
    watch = Watch(worker, seconds=10, redis_answers=lambda: True)
    keeper = Keeper(ledger, Mock(), Mock(), Mock(), watch, soon=Mock())
    keeper.turn(NOW)
    keeper.turn(NOW)
    worker.give_up.assert_called_once_with(at_once=True)


def test_a_job_that_has_just_ended_costs_no_process():
    pool, handle = Mock(), Mock()
    keeper = Keeper(Ledger(Mock(), "w", wake=Mock()), Mock(), Mock(), pool, Mock(), soon=Mock())
    keeper._kill(Mock(ended=True, _apply_result=lambda: handle))
    handle.terminate.assert_not_called()
    pool.terminate_job.assert_not_called()
