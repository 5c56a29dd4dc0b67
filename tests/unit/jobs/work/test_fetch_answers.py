import pickle
from datetime import UTC, datetime

import pytest

from jobs.work.fetch import FailureClass, FetchError, Policy, fetch
from tests.unit.jobs.work.servers import serving

LOCAL = Policy(allow_loopback=True, total_seconds=2, connect_seconds=1, max_redirects=3)


def noon():
    return datetime(2026, 1, 1, 12, tzinfo=UTC)


def refusal(handler, policy=LOCAL):
    with serving(handler) as server, pytest.raises(FetchError) as caught:
        fetch(server.url(), policy, now=noon)
    return caught.value


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        *((status, False) for status in (206, 304, 400, 401, 403, 404, 410)),
        *((status, True) for status in (408, 425, 429, 500, 502, 503, 599)),
    ],
)
def test_an_error_status_says_whether_to_come_again(status, retryable):
    error = refusal(lambda talk: talk.answer(status, body=b"sorry"))
    assert (error.reason, error.status) == (FailureClass.HTTP_STATUS, status)
    assert (error.retryable, error.retry_after) == (retryable, None)
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (429, "120", 120.0),
        (503, "0", 0.0),
        (503, "Thu, 01 Jan 2026 12:01:30 GMT", 90.0),
        (429, "Thu, 01 Jan 2026 12:01:30 -0000", 90.0),
        (503, "Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        (503, "-5", None),
        (503, "1e3", None),
        (503, "soon", None),
        (503, "Thu, 99 Jan 2026 11:00:00 GMT", None),
        (503, "9" * 400, None),
        (503, "Thu, 01 Jan 99999999999999999999 11:00:00 GMT", None),
        (404, "120", None),
        (500, "120", None),
    ],
)
def test_retry_after_is_read_in_both_forms(status, value, seconds):
    error = refusal(lambda talk: talk.answer(status, headers=(f"Retry-After: {value}",)))
    assert error.retry_after == seconds


def test_the_body_of_an_error_is_not_waited_for():
    def handler(talk):
        talk.send(b"HTTP/1.1 404 No\r\nContent-Length: 999999999999\r\n\r\n" + b"x" * 100)
        talk.wait()

    error = refusal(handler)
    assert (error.reason, error.status) == (FailureClass.HTTP_STATUS, 404)


def test_an_error_survives_the_way_to_another_process():
    error = refusal(lambda talk: talk.answer(429, headers=("Retry-After: 7",)))
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.reason, copy.status, copy.retry_after) == (error.reason, 429, 7.0)
    assert (str(copy), copy.retryable) == (str(error), True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_reported(status):
    def handler(talk):
        if talk.path == "/":
            talk.answer(status, headers=("Location: /b?c",))
        elif talk.path == "/b?c":
            talk.answer(status, headers=("Location: /日本",))
        talk.answer(body=b"there")

    with serving(handler) as server:
        fetched = fetch(server.url(), LOCAL)
        assert fetched.body == b"there"
        assert fetched.url == server.url("/%E6%97%A5%E6%9C%AC")
        assert fetched.redirects == (server.url("/"), server.url("/b?c"))


def test_a_redirect_to_nowhere_is_an_error_status():
    assert refusal(lambda talk: talk.answer(302)).status == 302


def test_a_redirect_loop_ends():
    asked = []

    def handler(talk):
        asked.append(talk.path)
        talk.answer(302, headers=("Location: /",))

    error = refusal(handler)
    assert (error.reason, error.retryable) == (FailureClass.TOO_MANY_REDIRECTS, False)
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://10.0.0.1/", FailureClass.BLOCKED_ADDRESS),
        ("http://169.254.169.254/latest/meta-data/", FailureClass.BLOCKED_ADDRESS),
        ("http://[::ffff:10.0.0.1]/", FailureClass.BLOCKED_ADDRESS),
        ("http://rebind.example/", FailureClass.BLOCKED_ADDRESS),
        ("http://8.8.8.8:6379/", FailureClass.BLOCKED_ADDRESS),  # the port, seen at the socket
        ("file:///etc/passwd", FailureClass.BAD_URL),
        ("gopher://127.0.0.1:6379/_FLUSHALL", FailureClass.BAD_URL),
        ("http://user:secret@127.0.0.1/", FailureClass.BAD_URL),
    ],
)
def test_a_redirect_is_checked_like_the_first_url(location, reason):
    policy = Policy(allow_loopback=True, resolve=("rebind.example:80:192.168.1.1",))
    error = refusal(lambda talk: talk.answer(302, headers=(f"Location: {location}",)), policy)
    assert error.reason is reason


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"<html>no head at all</html>",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nHTTP/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding:\r\n gzip\r\n\r\nx",
    ],
)
def test_what_is_not_proper_http_is_refused_for_good(answer):
    error = refusal(lambda talk: talk.send(answer))
    assert (error.reason, error.retryable) == (FailureClass.PROTOCOL, False)


@pytest.mark.parametrize(
    "line", ["HTTP/x: y", "HTTP/1.1: 404 Not Found", "HTTP/9 : 1", "HTTP/1.1\t:x"]
)
def test_only_the_first_line_of_a_head_says_the_status(line):
    with serving(lambda talk: talk.answer(body=b"there", headers=(line, "X-Last: 1"))) as server:
        assert fetch(server.url(), LOCAL).body == b"there"


@pytest.mark.parametrize("trailer", [b"HTTP/x: y", b"HTTP/1.1 404: no", b"Location: http://a/"])
def test_what_follows_a_body_does_not_change_its_status(trailer):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(lambda talk: talk.send(head + b"1\r\nx\r\n0\r\n" + trailer + b"\r\n\r\n")) as one:
        assert fetch(one.url(), LOCAL).body == b"x"


def test_an_interim_answer_comes_before_the_real_one():
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    real = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    with serving(lambda talk: talk.send(interim + real)) as server:
        assert fetch(server.url(), LOCAL).body == b"x"
