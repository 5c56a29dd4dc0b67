"""How libcurl is told what a policy says."""

import ssl
from dataclasses import dataclass
from typing import Any

import pycurl

from jobs.work.fetch.policy import Policy

# CURLOPT_QUICK_EXIT, which pycurl has no name for: a lookup that hangs in the C library, where
# nothing can end it, is left to itself at the deadline instead of waited for.
QUICK_EXIT = 322
# A photo arrives in a few pieces instead of dozens, and each piece is a call into Python.
BUFFER_BYTES = 131_072
WEB = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS


@dataclass(frozen=True, slots=True)
class Request:
    url: str
    policy: Policy
    accept: str | None
    #: What is left of the deadline.
    seconds: float


def configure(curl: pycurl.Curl, request: Request) -> None:
    """Set everything but the callbacks."""
    for option, value in {**_manners(request), **_limits(request)}.items():
        curl.setopt(option, value)
    _trust(curl, request.policy.ca_file)


def _manners(request: Request) -> dict[int, Any]:
    return {
        pycurl.URL: request.url,
        pycurl.PROTOCOLS: WEB,
        pycurl.REDIR_PROTOCOLS: WEB,
        pycurl.FOLLOWLOCATION: 0,  # download.py follows, with the rules for URLs in between
        # The environment may name a proxy, which would do the lookups in our stead.
        pycurl.PROXY: "",
        pycurl.NOPROXY: "*",
        pycurl.NETRC: pycurl.NETRC_IGNORED,
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
        pycurl.HTTP09_ALLOWED: 0,
        pycurl.USERAGENT: request.policy.user_agent,
        pycurl.HTTPHEADER: [f"Accept: {request.accept}"] if request.accept else [],
        pycurl.ENCODING: "gzip",
        pycurl.RESOLVE: list(request.policy.resolve),
        pycurl.NOSIGNAL: 1,
        QUICK_EXIT: 1,
        pycurl.BUFFERSIZE: BUFFER_BYTES,
    }


def _limits(request: Request) -> dict[int, Any]:
    policy = request.policy
    return {
        pycurl.TIMEOUT_MS: _milliseconds(request.seconds),
        pycurl.CONNECTTIMEOUT_MS: _milliseconds(min(request.seconds, policy.connect_seconds)),
        pycurl.LOW_SPEED_LIMIT: policy.low_speed_bytes,
        pycurl.LOW_SPEED_TIME: policy.low_speed_seconds,
    }


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _trust(curl: pycurl.Curl, ca_file: str | None) -> None:
    # The wheel's libcurl looks for the certificates of another distribution; Python's own
    # OpenSSL knows where they are on this machine.
    paths = ssl.get_default_verify_paths()
    cafile = ca_file or paths.cafile
    if cafile:
        curl.setopt(pycurl.CAINFO, cafile)
    elif paths.capath:
        curl.unsetopt(pycurl.CAINFO)
    if paths.capath and ca_file is None:
        curl.setopt(pycurl.CAPATH, paths.capath)
