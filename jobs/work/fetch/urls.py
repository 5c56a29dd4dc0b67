"""Which URLs may be asked for, and how they are written on the wire."""

import re
from ipaddress import AddressValueError, IPv6Address
from string import punctuation
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from jobs.work.fetch.failures import FailureClass, FetchError
from jobs.work.fetch.policy import Policy

MAX_URL_CHARACTERS = 8_000
DEFAULT_PORTS = {"http": 80, "https": 443}

# Two parsers that read one URL differently are how checks get bypassed. So a URL is taken apart
# here, strictly, and put together again from the parts; libcurl never sees the original.
FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
NETLOC = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@%]+)(?::(?P<port>[0-9]{0,5}))?")
HOST = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,252}")


def acceptable(url: str, policy: Policy) -> str:
    """The URL to ask for, in ASCII and without fragment; FetchError (bad_url) otherwise."""
    if len(url) > MAX_URL_CHARACTERS:
        raise _bad("The URL is too long.")
    if FORBIDDEN.search(url):
        raise _bad("The URL has a space, a backslash or a control character in it.")
    try:
        parts = urlsplit(url)
        scheme, netloc = parts.scheme, _netloc(parts.netloc, parts.scheme, policy)
        path, query = (quote(part, safe=punctuation) for part in (parts.path, parts.query))
    except ValueError:
        raise _bad("This is not a URL.") from None
    return urlunsplit((scheme, netloc, path or "/", query, ""))


def following(url: str, location: str, policy: Policy) -> str:
    """The URL that a redirect from `url` leads to, held to the same rules."""
    try:
        return acceptable(urljoin(url, location), policy)
    except ValueError:
        raise _bad("The server redirects to something that is not a URL.") from None


def _netloc(netloc: str, scheme: str, policy: Policy) -> str:
    if scheme not in DEFAULT_PORTS:
        raise _bad("Only http and https URLs can be downloaded.")
    if "@" in netloc:
        raise _bad("A URL with a user name or password in it is not accepted.")
    match = NETLOC.fullmatch(netloc)
    if match is None:
        raise _bad("The URL has no host, or not one that exists.")
    port = int(match["port"] or DEFAULT_PORTS[scheme])
    # With loopback allowed, any port may be the right one: the check of the address knows.
    if not 0 < port < 65536 or (port not in policy.ports and not policy.allow_loopback):
        raise _bad(f"Port {port} is not open to downloads.")
    host = _host(match["host"])
    return host if port == DEFAULT_PORTS[scheme] else f"{host}:{port}"


def _host(host: str) -> str:
    if host.startswith("["):
        return f"[{_ipv6(host[1:-1])}]"
    # The codec folds full-width digits and dots as well: what it returns is what gets resolved.
    ascii_host = host.encode("idna").decode("ascii").lower()
    if not HOST.fullmatch(ascii_host):
        raise _bad("The URL has a host name that cannot exist.")
    return ascii_host


def _ipv6(text: str) -> IPv6Address:
    try:
        return IPv6Address(text)
    except AddressValueError:
        raise _bad("The URL has an IPv6 address that cannot exist.") from None


def _bad(message: str) -> FetchError:
    return FetchError(FailureClass.BAD_URL, message)
