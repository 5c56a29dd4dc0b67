"""One page, one key."""

import re
from ipaddress import IPv6Address
from string import punctuation
from urllib.parse import quote, urlsplit, urlunsplit

from jobs.work.pages.failures import BadPage, PageFailure

DEFAULT_PORTS = {"http": "80", "https": "443"}
NETLOC = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@/]+)(?::(?P<port>[0-9]{0,5}))?")
PERCENT = re.compile(r"%[0-9a-fA-F]{2}")


def canonical(url: str) -> str:
    """The URL by which this page is known; BadPage (bad_url) if it is not an http(s) URL.

    Scheme and host in lower case, the host in IDNA, no default port, no fragment, "/" for an empty
    path, everything else percent-encoded. Path and query keep their order and their case: to a
    server they may mean different things.
    """
    try:
        parts = urlsplit(url.strip())
        netloc = _netloc(parts.netloc, parts.scheme)
        path, query = _encoded(parts.path), _encoded(parts.query)
    except ValueError:
        raise BadPage(PageFailure.BAD_URL, "This is not the URL of a page.") from None
    return urlunsplit((parts.scheme, netloc, path or "/", query, ""))


def _netloc(netloc: str, scheme: str) -> str:
    match = NETLOC.fullmatch(netloc)
    if scheme not in DEFAULT_PORTS or match is None:
        raise ValueError(netloc)
    host = _host(match["host"])
    port = (match["port"] or "").lstrip("0")
    return host if port in ("", DEFAULT_PORTS[scheme]) else f"{host}:{port}"


def _host(host: str) -> str:
    if host.startswith("["):
        return f"[{IPv6Address(host[1:-1])}]"
    if host.isascii():
        return host.lower()
    return host.encode("idna").decode("ascii").lower()


def _encoded(part: str) -> str:
    # "%e3" and "%E3" are the same byte; the standard writes the second.
    quoted = quote(part, safe=punctuation)
    return PERCENT.sub(lambda match: match[0].upper(), quoted)
