import gzip
import signal
import time
from contextlib import contextmanager

import pytest

from jobs.work.fetch import FailureClass, FetchError, Policy, fetch
from tests.unit.jobs.work.servers import LONGEST_SECONDS, drip, flood, serving

QUICK = Policy(
    allow_loopback=True,
    max_bytes=100_000,
    total_seconds=0.6,
    connect_seconds=0.5,
    low_speed_bytes=0,
)
STEADY = Policy(
    allow_loopback=True,
    total_seconds=5,
    connect_seconds=0.5,
    low_speed_bytes=100,
    low_speed_seconds=1,
)
OK = b"HTTP/1.1 200 OK\r\n"


def refusal(handler, policy, path="/"):
    started = time.monotonic()
    with serving(handler) as server:
        with pytest.raises(FetchError) as caught:
            fetch(server.url(path), policy)
        # By the limits of the policy: the servers here give up later.
        assert time.monotonic() - started < LONGEST_SECONDS
    return caught.value


def test_a_silent_server_ends_at_the_deadline():
    error = refusal(lambda talk: talk.wait(), QUICK)
    assert (error.reason, error.retryable) == (FailureClass.TIMEOUT, True)


def test_headers_that_drip_end_at_the_deadline():
    error = refusal(lambda talk: drip(talk, OK, b"X: y\r\n", every=0.1), QUICK)
    assert error.reason is FailureClass.TIMEOUT


def test_a_body_that_drips_ends_at_the_deadline():
    error = refusal(lambda talk: drip(talk, OK + b"\r\n", b"x"), QUICK)
    assert error.reason is FailureClass.TIMEOUT


def test_a_body_that_drips_is_too_slow_long_before_a_long_deadline():
    error = refusal(lambda talk: drip(talk, OK + b"\r\n", b"x"), STEADY)
    assert (error.reason, error.retryable) == (FailureClass.TOO_SLOW, True)


def test_redirects_share_one_deadline():
    def handler(talk):
        talk.wait(0.25)
        talk.answer(302, headers=("Location: /",))

    assert refusal(handler, QUICK).reason is FailureClass.TIMEOUT


@pytest.mark.parametrize("head", [b"\r\n", b"Content-Length: 50000\r\nContent-Type: x\r\n\r\n"])
def test_a_body_of_the_allowed_size_is_taken(head):
    with serving(lambda talk: talk.send(OK + head + b"x" * 50_000)) as server:
        policy = Policy(allow_loopback=True, max_bytes=50_000)
        assert len(fetch(server.url(), policy).body) == 50_000


def test_one_byte_more_is_too_large():
    error = refusal(lambda talk: talk.send(OK + b"\r\n" + b"x" * 100_001), QUICK)
    assert (error.reason, error.retryable) == (FailureClass.TOO_LARGE, False)


def test_an_endless_body_is_cut_off():
    error = refusal(lambda talk: flood(talk, OK + b"\r\n", b"x" * 10_000), QUICK)
    assert error.reason is FailureClass.TOO_LARGE


def test_endless_chunks_are_cut_off():
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"2000\r\n" + b"x" * 0x2000 + b"\r\n"
    assert refusal(lambda talk: flood(talk, head, chunk), QUICK).reason is FailureClass.TOO_LARGE


def test_a_length_above_the_limit_is_refused_before_the_body():
    def handler(talk):
        talk.send(OK + b"Content-Length: 100001\r\n\r\n")
        talk.wait()

    error = refusal(handler, QUICK)
    assert error.reason is FailureClass.TOO_LARGE
    assert "says" in str(error)


def test_a_length_that_promises_too_much_is_a_broken_connection():
    error = refusal(lambda talk: talk.send(OK + b"Content-Length: 50\r\n\r\nxx"), QUICK)
    assert (error.reason, error.retryable) == (FailureClass.CONNECT, True)


def test_a_length_that_promises_too_little_is_all_that_is_read():
    with serving(lambda talk: talk.send(OK + b"Content-Length: 2\r\n\r\nabcdef")) as server:
        assert fetch(server.url(), QUICK).body == b"ab"


def test_a_server_that_hangs_up_is_a_broken_connection():
    assert refusal(lambda talk: None, QUICK).reason is FailureClass.CONNECT


def test_a_gzip_bomb_is_stopped_by_what_it_unpacks_to():
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < QUICK.max_bytes
    error = refusal(lambda t: t.answer(body=bomb, headers=("Content-Encoding: gzip",)), QUICK)
    assert error.reason is FailureClass.TOO_LARGE


def test_gzip_that_unpacks_to_nothing_is_stopped_by_what_arrives():
    head = OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\xff"
    empty_blocks = b"\0\0\0\xff\xff" * 2_000
    error = refusal(lambda talk: flood(talk, head, empty_blocks), QUICK)
    assert error.reason is FailureClass.TOO_LARGE


@pytest.mark.parametrize(
    "piece", [b"X-Filler: " + b"y" * 1_000 + b"\r\n", b"X: y\r\n", b"\r\nHTTP/1.1 103 Hints\r\n"]
)
def test_a_flood_of_headers_is_cut_off(piece):
    error = refusal(lambda talk: flood(talk, b"HTTP/1.1 103 Hints\r\n", piece), QUICK)
    assert error.reason is FailureClass.TOO_LARGE


def test_one_endless_header_is_cut_off():
    error = refusal(lambda talk: flood(talk, OK + b"X: ", b"y" * 10_000), QUICK)
    assert error.reason is FailureClass.TOO_LARGE


class TimeIsUp(BaseException):
    pass


@contextmanager
def alarm(seconds):
    def ring(*_):
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_time_limit_from_outside_gets_through_while_a_server_is_silent(capfd):
    policy = Policy(allow_loopback=True, total_seconds=60)
    started = time.monotonic()
    with serving(lambda talk: talk.wait(60)) as server, pytest.raises(TimeIsUp), alarm(0.2):
        fetch(server.url(), policy)
    assert time.monotonic() - started < 30
    assert capfd.readouterr().err == ""
