import pytest

from jobs.work.fetch import FailureClass, FetchError, Policy
from jobs.work.fetch.urls import acceptable, following

POLICY = Policy()


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://Example.COM:443/A?b=C#frag", "https://example.com/A?b=C"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("http://example.com:/", "http://example.com/"),
        ("https://例え.jp/パス?q=値", "https://xn--r8jz45g.jp/%E3%83%91%E3%82%B9?q=%E5%80%A4"),
        ("http://example.com/%e3%2F+~", "http://example.com/%e3%2F+~"),
        ("http://[2606:4700:0:0::1111]/", "http://[2606:4700::1111]/"),
        ("http://127.0.0.1/", "http://127.0.0.1/"),  # refused where the socket opens
        ("http://１２７.0.0.1/", "http://127.0.0.1/"),
        ("http://a_b.example.com./", "http://a_b.example.com./"),
    ],
)
def test_an_acceptable_url_is_sent_in_ascii(url, sent):
    assert acceptable(url, POLICY) == sent


BAD_URLS = [
    "",
    "example.com",
    "//example.com/",
    "http://",
    "http:///path",
    "http:example.com",
    "file:///etc/passwd",
    "gopher://example.com/1",
    "ftp://example.com/",
    "dict://example.com:11211/",
    "javascript:alert(1)",
    "http://user@example.com/",
    "http://user:secret@example.com/",
    "http://@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    " http://example.com/",
    "http://example.com/a b",
    "http://example.com/\n",
    "http://exam\tple.com/",
    "http://example.com/\r\nHost: x",
    "http://example.com/\x00",
    "http://example.com/\x7f",
    "http://127%2e0.0.1/",
    "http://[::1",
    "http://[::1].example.com/",
    "http://[fe80::1%25eth0]/",
    "http://[12345::]/",
    "http://a..b/",
    "http://-/",
    "http://" + "a" * 64 + ".com/",
    "http://ex℀mple.com/",
    "http://example.com:0/",
    "http://example.com:22/",
    "http://example.com:8080/",
    "http://example.com:65616/",
    "http://example.com:80:80/",
    "http://example.com:-80/",
    "http://example.com:８0/",
    "http://\ud800.com/",
    "http://example.com/\ud800",
    "http://example.com/" + "a" * 8_000,
]


@pytest.mark.parametrize("url", BAD_URLS, ids=lambda url: ascii(url)[:40])
def test_any_other_url_is_refused(url):
    with pytest.raises(FetchError) as caught:
        acceptable(url, POLICY)
    assert caught.value.reason is FailureClass.BAD_URL
    assert not caught.value.retryable
    assert str(caught.value).endswith(".")


def test_a_policy_may_open_other_ports():
    assert acceptable("http://example.com:8080/", Policy(ports=frozenset({8080})))


def test_with_loopback_allowed_the_port_is_left_to_the_address_check():
    assert acceptable("http://localhost:8123/", Policy(allow_loopback=True))


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b?c", "http://example.com/b?c"),
        ("../x", "http://example.com/x"),
        ("//other.example/", "http://other.example/"),
        ("https://other.example/", "https://other.example/"),
        ("?page=2", "http://example.com/d/a?page=2"),
    ],
)
def test_a_redirect_is_read_relative_to_where_it_came_from(location, target):
    assert following("http://example.com/d/a", location, POLICY) == target


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "http://example.com:22/",
        "http://[x",
        "/a b",
    ],
)
def test_a_redirect_is_held_to_the_same_rules(location):
    with pytest.raises(FetchError) as caught:
        following("http://example.com/", location, POLICY)
    assert caught.value.reason is FailureClass.BAD_URL
