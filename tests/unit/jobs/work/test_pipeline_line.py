"""The order of downloads, on a clock that the test moves."""

import pytest

from jobs.work.pipeline.line import Line, host_of


def _next_all(line, now=0.0):
    found = []
    while (thing := line.next(now)) is not None:
        found.append(thing)
    return found


def test_hosts_take_turns():
    line = Line(per_host=9, interval=0)
    for thing in ("a1", "a2", "a3", "b1", "b2"):
        line.add(thing[0], thing)

    assert _next_all(line) == ["a1", "b1", "a2", "b2", "a3"]


def test_a_host_that_is_full_holds_up_no_other():
    line = Line(per_host=1, interval=0)
    for thing in ("a1", "a2", "b1"):
        line.add(thing[0], thing)

    assert _next_all(line) == ["a1", "b1"]
    line.left("a")
    assert _next_all(line) == ["a2"]


def test_the_interval_lies_between_two_starts_at_one_host():
    line = Line(per_host=9, interval=2)
    for thing in ("a1", "a2", "b1"):
        line.add(thing[0], thing)

    assert _next_all(line, 10) == ["a1", "b1"]
    assert line.nap(10.5) == 1.5
    assert _next_all(line, 12) == ["a2"]


def test_a_host_that_asked_to_wait_is_left_alone_until_then():
    line = Line(per_host=9, interval=0)
    line.add("a", "a1")
    line.close("a", 0, 5)

    assert _next_all(line, 4.9) == []
    assert line.nap(4) == 1
    assert _next_all(line, 5) == ["a1"]


def test_what_waits_comes_before_what_is_queued_when_its_moment_has_come():
    line = Line(per_host=9, interval=0)
    line.add("a", "new")
    line.add_later("a", "again", 3)

    assert (line.queued, line.waiting, line.nap(1)) == (1, 1, 2)
    assert _next_all(line, 3) == ["again", "new"]


def test_a_gate_that_says_wait_is_asked_again_after_that():
    class Gate:
        def __init__(self):
            self.asked = []

        def enter(self, host):
            self.asked.append(host)
            return 0.0 if len(self.asked) > 1 else 4.0

        def leave(self, host):
            self.asked.append(f"left {host}")

    gate = Gate()
    line = Line(per_host=9, interval=0, gate=gate)
    line.add("a", "a1")

    assert _next_all(line, 0) == []
    assert _next_all(line, 3) == []
    assert _next_all(line, 4) == ["a1"]
    line.left("a")
    assert gate.asked == ["a", "a", "left a"]


@pytest.mark.parametrize("interval", [0, 5])
def test_hosts_that_are_done_with_are_forgotten(interval):
    line = Line(per_host=9, interval=interval)
    for moment in range(1000):
        line.add(f"host{moment}", moment)
        assert line.next(moment) == moment
        line.left(f"host{moment}")

    assert len(line._hosts) <= 1 + interval


def test_a_host_is_named_in_lower_case_and_without_port():
    assert host_of("http://EXAMPLE.com:8080/a") == "example.com"
    assert host_of("http://[bad/") == ""


def test_a_host_with_manners_of_its_own_is_asked_by_them():
    line = Line(per_host=9, interval=0, of_host={"a": (1, 0), "b": (9, 2)})
    for thing in ("a1", "a2", "b1", "b2", "c1", "c2"):
        line.add(thing[0], thing)

    assert sorted(_next_all(line)) == ["a1", "b1", "c1", "c2"]
    line.left("a")
    assert _next_all(line, 1) == ["a2"]
    assert _next_all(line, 2) == ["b2"]


def test_what_would_wait_too_long_for_its_server_is_turned_away():
    line = Line(per_host=9, interval=100)
    for thing in ("a1", "a2", "b1", "b2"):
        line.add(thing[0], thing)
    _next_all(line)
    line.close("a", 0, 60)

    assert line.turned_away(10, 30) == [("a2", 50)]
    assert line.queued == 1
    assert line.turned_away(10, 30) == []


def test_what_waits_can_be_taken_out():
    line = Line(per_host=1, interval=0)
    for thing in ("a1", "a2"):
        line.add("a", thing)
    line.add_later("a", "later", 9)

    assert sorted(line.drain()) == ["a1", "a2", "later"]
    assert (line.queued, line.waiting, _next_all(line, 10)) == (0, 0, [])
