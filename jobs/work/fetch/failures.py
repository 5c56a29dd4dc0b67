"""The ways in which a download fails, and what is worth another try."""

from enum import StrEnum
from http import HTTPStatus

from jobs.errors import WorkError


class FailureClass(StrEnum):
    """Why nothing came back: a short closed set, fit for counters and for a page."""

    BLOCKED_ADDRESS = "blocked_address"
    BAD_URL = "bad_url"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    HTTP_STATUS = "http_status"
    PROTOCOL = "protocol"


#: The same request may well succeed a little later.
PASSING = frozenset({FailureClass.CONNECT, FailureClass.TIMEOUT, FailureClass.TOO_SLOW})
PASSING_STATUSES = frozenset({408, 425, 429})


class FetchError(WorkError):
    """The download failed.

    `retryable`: another try may succeed. `retry_after`: seconds that the server asked for, as it
    said them (the caller puts its own limit). `status`: the HTTP status, if one came.
    """

    def __init__(
        self,
        reason: FailureClass,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status
        self.retry_after = retry_after

    @property
    def retryable(self) -> bool:
        if self.reason is FailureClass.HTTP_STATUS and self.status is not None:
            return self.status in PASSING_STATUSES or self.status >= 500
        return self.reason in PASSING

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross from a child process to its parent, and keywords do not survive by default.
        return _rebuilt, (self.reason, str(self), self.status, self.retry_after)


def _rebuilt(
    reason: FailureClass, message: str, status: int | None, retry_after: float | None
) -> FetchError:
    return FetchError(reason, message, status=status, retry_after=retry_after)


def bad_status(status: int, retry_after: float | None) -> FetchError:
    """The error for an answer that is neither a success nor a redirect."""
    try:
        phrase = f" ({HTTPStatus(status).phrase})"
    except ValueError:
        phrase = ""
    return FetchError(
        FailureClass.HTTP_STATUS,
        f"The server answered {status}{phrase}.",
        status=status,
        retry_after=retry_after,
    )
