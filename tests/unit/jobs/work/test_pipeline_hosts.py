"""What a chunk asks of hosts, and what it does when they ask for patience."""

import threading
import time

from jobs.work.pipeline import Failure, Originals
from tests.unit.jobs.work.pipeline_samples import Told, blank, folder, items_of, run_items
from tests.unit.jobs.work.servers import serving


def test_a_host_gets_no_more_than_its_share(tmp_path):
    under_way, most, lock = [0], [0], threading.Lock()

    def count(conversation):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        conversation.wait(0.1)
        with lock:
            under_way[0] -= 1
        conversation.answer(body=blank())

    told = Told()
    with serving(count) as server:
        paths = (f"/{n}" for n in range(12))
        run_items(items_of(server.url(""), *paths), folder(tmp_path), told, per_host=3)

    assert most[0] == 3
    assert len(told.outcomes) == 12


class Door:
    """A gate that lets in one at a time, and lets each wait once."""

    def __init__(self):
        self.inside = 0
        self.most = 0
        self.calls = 0
        self.entered = 0

    def enter(self, host):
        self.calls += 1
        if self.calls % 2 or self.inside:
            return 0.02
        self.inside += 1
        self.entered += 1
        self.most = max(self.most, self.inside)
        return 0.0

    def leave(self, host):
        self.inside -= 1


def test_the_gate_is_asked_before_each_download_and_told_of_its_end(tmp_path):
    door, told = Door(), Told()
    with serving(lambda conversation: conversation.answer(body=blank())) as server:
        paths = (f"/{n}" for n in range(6))
        run_items(items_of(server.url(""), *paths), folder(tmp_path), told, gate=door)

    assert (door.entered, door.inside, door.most) == (6, 0, 1)


def test_a_stop_gives_back_what_the_gate_let_in(pictures, tmp_path):
    class Open:
        inside = 0

        def enter(self, host):
            self.inside += 1
            return 0.0

        def leave(self, host):
            self.inside -= 1

    gate = Open()
    told = Told()
    told.stop = lambda: gate.inside >= 3

    run_items(items_of(pictures, *["/silent/1"] * 5), folder(tmp_path), told, gate=gate)

    assert gate.inside == 0


class RateLimit:
    """Lets in so many in a window of time, and asks everybody else for patience."""

    def __init__(self, number, seconds):
        self.number, self.seconds = number, seconds
        self.lock = threading.Lock()
        self.window = self.let_in = self.refused = 0

    def __call__(self, conversation):
        with self.lock:
            window = int(time.monotonic() / self.seconds)
            if window != self.window:
                self.window, self.let_in = window, 0
            self.let_in += 1
            over = self.let_in > self.number
            self.refused += over
        if over:
            conversation.answer(429, headers=("Retry-After: 1",))
        else:
            conversation.answer(body=blank())


def test_a_host_that_limits_its_rate_is_waited_for_and_nothing_fails(tmp_path):
    limit, told = RateLimit(20, 1.0), Told()
    with serving(limit) as server:
        paths = (f"/{n}" for n in range(100))
        flow = run_items(
            items_of(server.url(""), *paths), folder(tmp_path), told, per_host=8, tries=1
        )

    assert (flow.done, flow.failed) == (100, 0)
    # Those on their way when it closes, and those that knock first when it opens.
    assert 0 < limit.refused < 100


def test_a_host_that_asks_for_a_long_wait_is_asked_no_more(tmp_path):
    told = Told()
    with serving(lambda talk: talk.answer(429, headers=("Retry-After: 300",))) as server:
        paths = (f"/{n}" for n in range(50))
        run_items(items_of(server.url(""), *paths), folder(tmp_path), told, per_host=4)
        assert len(server.requests) <= 8

    assert set(told.failures().values()) == {Failure.BUSY}
    assert len(told.outcomes) == 50
    assert all(one.worth_retrying and 290 < one.retry_after <= 300 for one in told.outcomes)


def test_after_its_time_a_chunk_begins_nothing_more(tmp_path):
    told = Told()

    def slow(conversation):
        conversation.wait(0.3)
        conversation.answer(body=blank())

    originals = Originals(folder(tmp_path / "kept"), "batch")
    with serving(slow) as server:
        paths = (f"/{n}" for n in range(100))
        flow = run_items(
            items_of(server.url(""), *paths),
            folder(tmp_path / "out"),
            told,
            originals=originals,
            per_host=4,
            run_seconds=1.0,
        )

    assert 0 < flow.done == len(told.outcomes) < 40
    assert flow.failed == 0
    assert not flow.stopped


def test_what_failed_once_has_an_end_when_the_time_is_over(pictures, tmp_path):
    told = Told()

    flow = run_items(
        items_of(pictures, "/error/1"),
        folder(tmp_path),
        told,
        tries=9,
        retry_seconds=2,
        run_seconds=1.0,
    )

    assert (flow.failed, flow.waiting) == (1, 0)
    assert told.failures() == {0: Failure.SERVER_ERROR}
    assert told.outcomes[0].worth_retrying


def test_what_redirects_lead_to_is_asked_politely_too(tmp_path):
    under_way, most, lock = [0], [0], threading.Lock()

    def count(conversation):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        conversation.wait(0.05)
        with lock:
            under_way[0] -= 1
        conversation.answer(body=blank())

    told, door = Told(), Door()
    with serving(count) as target:
        there = target.url("")

        def away(conversation):
            conversation.answer(302, headers=(f"Location: {there}{conversation.path}",))

        with serving(away) as short:
            paths = (f"/{n}" for n in range(8))
            items = items_of(short.url("").replace("127.0.0.1", "localhost"), *paths)
            run_items(items, folder(tmp_path), told, of_host={"127.0.0.1": (2, 0.0)}, per_host=8)
            assert most[0] <= 2
            run_items(items, folder(tmp_path), told, gate=door)

    assert [one.failure for one in told.outcomes] == [None] * 16
    assert (door.entered, door.inside) == (16, 0)
