import pytest

from jobs.work.pages import BadPage, PageFailure, canonical


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTP://Example.COM/Path", "http://example.com/Path"),
        ("http://example.com:80/", "http://example.com/"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com:0443/", "https://example.com/"),
        ("https://example.com:/", "https://example.com/"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("http://example.com/a#part", "http://example.com/a"),
        ("http://example.com?q=1", "http://example.com/?q=1"),
        ("http://example.com/?b=2&a=1", "http://example.com/?b=2&a=1"),
        ("https://例え.jp/", "https://xn--r8jz45g.jp/"),
        ("https://BÜCHER.example/", "https://xn--bcher-kva.example/"),
        ("http://example.com/日本?q=語", "http://example.com/%E6%97%A5%E6%9C%AC?q=%E8%AA%9E"),
        ("http://example.com/%e6%97%a5", "http://example.com/%E6%97%A5"),
        ("http://example.com/a b", "http://example.com/a%20b"),
        ("  http://example.com/\n", "http://example.com/"),
        ("http://[2606:4700:0:0::1]:80/", "http://[2606:4700::1]/"),
        ("http://10.0.0.1/", "http://10.0.0.1/"),
    ],
)
def test_one_page_has_one_key(url, key):
    assert canonical(url) == key
    assert canonical(key) == key


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.com", "/path", "http://", "mailto:a@example.com", "javascript:alert(1)"),
        *("file:///etc/passwd", "http://user@example.com/", "http://[::1", "http://[12345::]/"),
        *("http://a:b/", "http://ü..example/", "http://example.com/\ud800"),
    ],
    ids=ascii,
)
def test_what_leads_to_no_page_has_no_key(url):
    with pytest.raises(BadPage) as caught:
        canonical(url)
    assert caught.value.reason is PageFailure.BAD_URL
