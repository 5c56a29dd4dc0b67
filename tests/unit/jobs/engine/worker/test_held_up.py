"""What the ledger puts aside: nothing is dropped, and each job's notes stay in their order."""

from types import SimpleNamespace

from jobs.engine.worker.held_up import HeldUp
from jobs.engine.worker.notes import End, Offer, Refused, Start


def job(id):
    return SimpleNamespace(id=id)


START, END, OTHER = Start(job("a"), None), End(job("a"), None), Offer(job("b"))


def test_a_later_note_of_a_job_waits_behind_the_earlier_one_and_others_do_not():
    held_up = HeldUp()
    held_up.put([START], now=0)
    assert held_up.queue_behind([OTHER, END]) == [OTHER]
    assert held_up.take(set(), now=1) == [START, END]
    assert not held_up


def test_only_what_is_free_is_taken():
    held_up = HeldUp()
    held_up.put([START, OTHER], now=0)
    assert held_up.take({"a"}, now=1) == [OTHER]
    assert held_up.ids == ["a"]


def test_it_looks_again_soon_and_then_ever_more_seldom():
    held_up = HeldUp()
    assert not held_up.is_due(1_000)
    held_up.put([START], now=0)
    assert not held_up.is_due(0.9)
    assert held_up.is_due(1)
    for _ in range(9):
        held_up.put([OTHER], now=0)
    assert not held_up.is_due(14.9)
    assert held_up.is_due(15)


def test_messages_that_were_refused_wait_for_none_but_themselves():
    held_up = HeldUp()
    first, second = Refused("x", "Bad", "It is bad."), Refused("x", "Bad", "It is bad.")
    held_up.put([first], now=0)
    assert held_up.queue_behind([second]) == [second]
