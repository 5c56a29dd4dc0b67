"""The queue between stages: bounded, ended by its writers, and dropped by a halt."""

import threading

import pytest

from jobs.work.pipeline import Halted
from jobs.work.pipeline.channel import Channel
from jobs.work.pipeline.halting import Halt

DEADLINE = 30


def _channel(**changes):
    return Channel(Halt(), **{"most_bytes": 100, **changes})


def _in_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_things_come_out_in_the_order_they_went_in():
    channel = _channel()
    for n in range(3):
        channel.put(n, 10)
    channel.leave()

    assert [channel.get() for _ in range(4)] == [0, 1, 2, None]


def test_it_ends_when_the_last_writer_has_left():
    channel = _channel(writers=2)
    channel.leave()
    channel.put("late")
    channel.leave()

    assert [channel.get(), channel.get()] == ["late", None]


@pytest.mark.parametrize("bound", [{"most_bytes": 20}, {"most_things": 2}])
def test_put_waits_for_room(bound):
    channel = _channel(**bound)
    channel.put("a", 10)
    channel.put("b", 10)
    assert not channel.has_room()

    put = threading.Event()
    thread = _in_thread(lambda: (channel.put("c", 10), put.set()))
    assert not put.wait(0.2)
    channel.get()
    assert put.wait(DEADLINE)
    thread.join()


def test_a_thing_that_is_larger_than_the_bound_gets_through_alone():
    channel = _channel(most_bytes=10)
    channel.put("large", 1000)

    assert not channel.has_room()
    assert channel.get() == "large"
    assert channel.has_room()


def test_whoever_waits_for_room_is_called():
    called = []
    channel = _channel(most_bytes=10, on_room=lambda: called.append(1))
    channel.push("a", 10)
    channel.push("b", 10)
    channel.get()
    channel.get()

    assert called == [1, 1]


@pytest.mark.parametrize("call", [lambda channel: channel.get(), lambda channel: channel.put("b")])
def test_a_halt_wakes_whoever_waits(call):
    halt = Halt()
    full_or_empty = Channel(halt, most_bytes=1)
    if "put" in call.__code__.co_names:
        full_or_empty.put("a", 1)
    raised = threading.Event()

    def wait():
        try:
            call(full_or_empty)
        except Halted:
            raised.set()

    thread = _in_thread(wait)
    assert not raised.wait(0.2)
    halt.set()
    assert raised.wait(DEADLINE)
    thread.join()


def test_nothing_comes_out_after_a_halt():
    halt = Halt()
    channel = Channel(halt, most_bytes=100)
    channel.put("a", 1)
    halt.set()

    with pytest.raises(Halted):
        channel.get()
    with pytest.raises(Halted):
        channel.push("b")


def test_a_sleep_ends_with_the_halt():
    halt = Halt()
    bell = threading.Timer(0.1, halt.set)
    bell.start()

    with pytest.raises(Halted):
        halt.sleep(DEADLINE)
    bell.join()
