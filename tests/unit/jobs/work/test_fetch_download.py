import gzip
import socket

import pytest

from jobs.work.fetch import FailureClass, FetchError, Policy, fetch
from tests.unit.jobs.work.servers import self_signed, serving

LOCAL = Policy(allow_loopback=True, total_seconds=2, connect_seconds=1)


def refusal(url, policy=LOCAL):
    with pytest.raises(FetchError) as caught:
        fetch(url, policy)
    return caught.value


def test_a_page_comes_with_its_type_charset_and_body():
    def handler(talk):
        talk.answer(body=b"\x82\xa0", headers=('Content-Type: Text/HTML; Charset="Shift_JIS"',))

    with serving(handler) as server:
        fetched = fetch(server.url("/a"), LOCAL)
    assert (fetched.status, fetched.body) == (200, b"\x82\xa0")
    assert (fetched.content_type, fetched.charset) == ("text/html", "shift_jis")
    assert (fetched.url, fetched.redirects) == (server.url("/a"), ())
    assert 0 < fetched.elapsed_seconds < 20


def test_a_server_may_say_nothing_about_its_answer():
    with serving(lambda talk: talk.send(b"HTTP/1.1 200 OK\r\n\r\nhi")) as server:
        fetched = fetch(server.url(), LOCAL)
    assert (fetched.content_type, fetched.charset, fetched.body) == ("", None, b"hi")


def test_the_request_names_us_and_carries_nothing_else(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    policy = Policy(allow_loopback=True, user_agent="hachi-test/1", total_seconds=2)
    with serving(lambda talk: talk.answer(headers=("Set-Cookie: a=b",))) as server:
        fetch(server.url("/a?b"), policy, accept="text/html")
    lines = server.requests[0].strip().split("\r\n")
    assert lines == [
        "GET /a?b HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: hachi-test/1",
        "Accept-Encoding: gzip",
        "Accept: text/html",
    ]


def test_cookies_are_not_carried_to_the_next_url():
    def handler(talk):
        if talk.path == "/":
            talk.answer(302, headers=("Location: /next", "Set-Cookie: a=b"))
        talk.answer()

    with serving(handler) as server:
        fetch(server.url(), LOCAL)
    assert not any("cookie" in request.lower() for request in server.requests)


def test_a_wish_with_a_line_break_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="accept"):
        fetch("http://127.0.0.1/", LOCAL, accept="a\r\nHost: b")


@pytest.mark.parametrize("limit", ["max_bytes", "total_seconds", "connect_seconds"])
def test_a_limit_of_zero_is_not_a_limit(limit):
    with pytest.raises(ValueError, match=limit):
        Policy(**{limit: 0})


def test_loopback_is_refused_by_default():
    with serving(lambda talk: talk.answer()) as server:
        error = refusal(server.url(), Policy(ports=frozenset({server.port})))
    assert error.reason is FailureClass.BLOCKED_ADDRESS
    assert not error.retryable
    assert server.requests == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.1"])
def test_another_spelling_of_loopback_is_refused_as_well(host):
    with serving(lambda talk: talk.answer()) as server:
        policy = Policy(ports=frozenset({server.port}))
        error = refusal(f"http://{host}:{server.port}/", policy)
    assert error.reason is FailureClass.BLOCKED_ADDRESS
    assert server.requests == []


@pytest.mark.parametrize(
    "host",
    [
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
        *("0.0.0.0", "10.0.0.1", "169.254.169.254", "3232235521", "localhost"),
    ],
)
def test_private_hosts_are_refused_without_a_packet(host):
    assert refusal(f"http://{host}/", Policy()).reason is FailureClass.BLOCKED_ADDRESS


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "[::1]", "[fd00::1]", "169.254.1.1"])
def test_a_public_name_with_a_private_address_is_refused(address):
    policy = Policy(resolve=(f"rebind.example:80:{address}",))
    error = refusal("http://rebind.example/", policy)
    assert error.reason is FailureClass.BLOCKED_ADDRESS
    assert address not in str(error)


def test_allowing_loopback_does_not_allow_other_private_addresses():
    policy = Policy(allow_loopback=True, resolve=("rebind.example:8080:10.0.0.1",))
    error = refusal("http://rebind.example:8080/", policy)
    assert error.reason is FailureClass.BLOCKED_ADDRESS


def has_ipv6_loopback():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no IPv6 loopback")
def test_loopback_may_be_allowed_by_name_and_in_ipv6():
    with serving(lambda talk: talk.answer(body=b"six"), host="::1") as server:
        policy = Policy(allow_loopback=True, resolve=(f"six.example:{server.port}:[::1]",))
        assert fetch(server.url(), policy).body == b"six"
        assert fetch(f"http://six.example:{server.port}/", policy).body == b"six"


def test_gzip_is_decoded():
    body = gzip.compress(b"hello " * 1_000)
    with serving(lambda t: t.answer(body=body, headers=("Content-Encoding: gzip",))) as server:
        assert fetch(server.url(), LOCAL).body == b"hello " * 1_000


def test_a_name_that_does_not_exist_is_said_so():
    error = refusal("http://no-such-host.invalid/")
    assert (error.reason, error.retryable) == (FailureClass.DNS, False)


def test_a_closed_port_is_worth_another_try():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = refusal(f"http://127.0.0.1:{port}/")
    assert (error.reason, error.retryable) == (FailureClass.CONNECT, True)


def test_a_server_that_speaks_no_tls_is_told_apart():
    with serving(lambda talk: talk.answer()) as server:
        error = refusal(server.url().replace("http:", "https:"))
    assert (error.reason, error.retryable) == (FailureClass.TLS, False)


def test_a_certificate_counts_if_the_policy_trusts_it_and_only_for_its_name(tmp_path):
    context, certificate = self_signed(tmp_path, "shop.example")
    with serving(lambda talk: talk.answer(body=b"safe"), tls=context) as server:
        names = (f"shop.example:{server.port}:127.0.0.1", f"other.example:{server.port}:127.0.0.1")
        trusting = Policy(allow_loopback=True, resolve=names, ca_file=str(certificate))
        url = f"https://shop.example:{server.port}/"
        assert fetch(url, trusting).body == b"safe"
        assert refusal(url.replace("shop", "other"), trusting).reason is FailureClass.TLS
        stranger = refusal(url, Policy(allow_loopback=True, resolve=names))
    # The authorities of this machine were found, and none of them has signed it.
    assert "certificate is not valid" in str(stranger)
