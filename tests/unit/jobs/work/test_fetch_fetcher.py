"""Many downloads in one thread."""

import gc
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from jobs.work.fetch import FailureClass, Fetched, Fetcher, FetchError, Moved, Policy
from jobs.work.fetch.download import Download
from jobs.work.fetch.transfer import Transfer
from tests.unit.jobs.work.servers import flood, serving

DEADLINE = 30


def _policy(**changes):
    return Policy(**{"allow_loopback": True, "total_seconds": 20, **changes})


def _serve(conversation):
    path = conversation.path
    if path.startswith("/away"):
        conversation.answer(302, headers=("Location: /here",))
    elif path == "/inside":
        conversation.answer(302, headers=("Location: http://10.0.0.1/",))
    elif path == "/round":
        conversation.answer(302, headers=("Location: /round",))
    elif path == "/silent":
        conversation.wait()
    elif path == "/endless":
        flood(conversation, b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536)
    elif path == "/busy":
        conversation.answer(429, headers=("Retry-After: 7",))
    else:
        conversation.answer(body=path.encode() * 10)


@pytest.fixture
def server():
    with serving(_serve) as running:
        yield running


@pytest.fixture
def fetcher():
    running = Fetcher(_policy(max_bytes=1_000_000))
    yield running
    running.close()


def _all(fetcher):
    ended, deadline = {}, time.monotonic() + DEADLINE
    while len(fetcher) or not ended:
        assert time.monotonic() < deadline
        ended.update(fetcher.poll(0.5))
    return ended


def _sockets():
    gc.collect()
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists the folder is gone again
            found += str(descriptor.readlink()).startswith("socket:")
    return found


def test_each_download_brings_its_own_body(server, fetcher):
    for n in range(20):
        fetcher.start(n, server.url(f"/{n}"))

    ended = _all(fetcher)

    assert {n: one.body for n, one in ended.items()} == {
        n: f"/{n}".encode() * 10 for n in range(20)
    }


def test_each_failure_has_its_class_and_disturbs_no_other(server, fetcher):
    fetcher.start("bad", "ftp://example.com/")
    fetcher.start("blocked", server.url("/inside"))
    fetcher.start("round", server.url("/round"))
    fetcher.start("endless", server.url("/endless"))
    fetcher.start("busy", server.url("/busy"))
    fetcher.start("moved", server.url("/away"))

    ended = _all(fetcher)

    reasons = {key: one.reason for key, one in ended.items() if isinstance(one, FetchError)}
    assert reasons == {
        "bad": FailureClass.BAD_URL,
        "blocked": FailureClass.BLOCKED_ADDRESS,
        "round": FailureClass.TOO_MANY_REDIRECTS,
        "endless": FailureClass.TOO_LARGE,
        "busy": FailureClass.HTTP_STATUS,
    }
    assert ended["busy"].retry_after == 7
    assert isinstance(ended["moved"], Fetched)
    assert ended["moved"].redirects == (server.url("/away"),)


def test_a_silent_server_ends_at_the_deadline(server):
    fetcher = Fetcher(_policy(total_seconds=0.5))
    fetcher.start("silent", server.url("/silent"))

    started = time.monotonic()
    ended = _all(fetcher)
    fetcher.close()

    assert ended["silent"].reason is FailureClass.TIMEOUT
    assert time.monotonic() - started < 10


def test_private_addresses_are_not_reached(fetcher):
    fetcher.start("private", "http://10.1.2.3/")

    assert _all(fetcher)["private"].reason is FailureClass.BLOCKED_ADDRESS


def test_poll_returns_when_it_is_woken(fetcher):
    bell = threading.Timer(0.2, fetcher.wake)
    bell.start()
    started = time.monotonic()
    ended = fetcher.poll(DEADLINE)
    bell.join()

    assert ended == []
    assert time.monotonic() - started < DEADLINE / 2


def test_the_youngest_can_be_given_up(server, fetcher):
    fetcher.start("old", server.url("/silent"))
    fetcher.start("young", server.url("/silent"))

    assert fetcher.drop_youngest() == "young"
    assert len(fetcher) == 1


def test_closing_in_the_middle_leaves_no_socket(server):
    before = _sockets()
    fetcher = Fetcher(_policy())
    for n in range(10):
        fetcher.start(n, server.url("/silent"))
    for _ in range(5):
        fetcher.poll(0.05)
    assert len(fetcher) == 10

    fetcher.close()

    # The server's own ends of the connections are in this process too, and close when it sees it.
    deadline = time.monotonic() + DEADLINE
    while _sockets() > before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_a_failed_download_had_brought_is_freed_at_once(server, fetcher):
    gc.collect()
    gc.disable()
    try:
        fetcher.start("endless", server.url("/endless"))
        ended = _all(fetcher)
        assert ended["endless"].reason is FailureClass.TOO_LARGE

        assert [one for one in gc.get_objects() if isinstance(one, Transfer)] == []
    finally:
        gc.enable()


def test_closing_waits_for_no_lookup_that_hangs(fetcher):
    class Hanging:
        """A multi handle that has a lookup under way."""

        def __init__(self):
            self.ended = threading.Event()

        def close(self):
            self.ended.wait(DEADLINE)

    hanging = Hanging()
    real, fetcher._multi = fetcher._multi, hanging
    real.close()
    started = time.monotonic()
    fetcher.close()

    assert time.monotonic() - started < DEADLINE / 2
    hanging.ended.set()


def test_an_answer_that_nobody_thought_of_fails_alone(server, fetcher, monkeypatch):
    take = Download.take

    def stumbles(download, transfer):
        if transfer.request.url.endswith("/odd"):
            raise ZeroDivisionError
        return take(download, transfer)

    monkeypatch.setattr(Download, "take", stumbles)
    for path in ("/odd", "/1", "/2"):
        fetcher.start(path, server.url(path))

    ended = _all(fetcher)

    assert (ended["/odd"].reason, ended["/odd"].retryable) == (FailureClass.PROTOCOL, False)
    assert ended["/1"].body and ended["/2"].body


def test_a_redirect_to_another_host_is_told_and_followed_when_it_may_be(server):
    def away(conversation):
        conversation.answer(302, headers=(f"Location: {server.url('/there')}",))

    policy = _policy(resolve=("short.example:80:127.0.0.1",), total_seconds=1.5)
    with serving(away) as short:
        fetcher = Fetcher(policy, tells_moves=True)
        port = short.url().rsplit(":", 1)[1].rstrip("/")
        fetcher.start("a", f"http://localhost:{port}/")
        [(key, moved)] = _all(fetcher).items()
        assert (key, type(moved), moved.host) == ("a", Moved, "127.0.0.1")
        assert len(server.requests) == 0
        moved.download.pause()
        moved.download._started -= 1  # had it waited with its clock running, it would be over
        moved.download._paused -= 1
        fetcher.resume("a", moved)
        assert _all(fetcher)["a"].body == b"/there" * 10
        fetcher.close()
