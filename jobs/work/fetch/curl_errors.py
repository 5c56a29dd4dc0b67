"""What libcurl's error numbers mean here."""

import pycurl

from jobs.work.fetch.failures import FailureClass, FetchError

TOO_LARGE = 100  # CURLE_TOO_LARGE, which pycurl has no name for

MEANINGS: dict[int, tuple[FailureClass, str]] = {
    pycurl.E_COULDNT_RESOLVE_HOST: (FailureClass.DNS, "The host name was not found."),
    pycurl.E_COULDNT_CONNECT: (FailureClass.CONNECT, "The server cannot be reached."),
    TOO_LARGE: (FailureClass.TOO_LARGE, "The server sends headers without end."),
    pycurl.E_URL_MALFORMAT: (FailureClass.BAD_URL, "This is not a URL."),
    pycurl.E_SSL_CACERT_BADFILE: (
        FailureClass.TLS,
        "The certificate authorities of this machine cannot be read.",
    ),
    pycurl.E_PEER_FAILED_VERIFICATION: (
        FailureClass.TLS,
        "The server's certificate is not valid for this host.",
    ),
}
TLS = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_INVALIDCERTSTATUS,
        pycurl.E_SSL_ENGINE_INITFAILED,
    }
)
# A connection that ends early passes over: a server that restarts looks exactly like this.
BROKEN_OFF = frozenset(
    {
        pycurl.E_GOT_NOTHING,
        pycurl.E_PARTIAL_FILE,
        pycurl.E_RECV_ERROR,
        pycurl.E_SEND_ERROR,
    }
)


def translated(code: int, message: str) -> FetchError:
    """The error for a libcurl error number, and for what libcurl says about it."""
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return _late(message)
    if code in TLS:
        return FetchError(FailureClass.TLS, "No secure connection to the server was possible.")
    if code in BROKEN_OFF:
        return FetchError(FailureClass.CONNECT, "The connection broke off before the end.")
    reason, sentence = MEANINGS.get(
        code, (FailureClass.PROTOCOL, "The server does not speak HTTP correctly.")
    )
    return FetchError(reason, sentence)


def _late(message: str) -> FetchError:
    # One number stands for the deadline and for the low-speed rule; only the words differ.
    if "too slow" in message:
        return FetchError(FailureClass.TOO_SLOW, "The server sends too slowly.")
    return FetchError(FailureClass.TIMEOUT, "The server took too long.")
