"""A whole download: one deadline over all redirects."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from jobs.work.fetch.answers import Answer
from jobs.work.fetch.failures import FailureClass, FetchError, bad_status
from jobs.work.fetch.options import Request
from jobs.work.fetch.policy import Policy
from jobs.work.fetch.transfer import Transfer
from jobs.work.fetch.urls import acceptable, following


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back: always a whole 2xx answer."""

    #: The one that answered, after redirects.
    url: str
    status: int
    #: In lower case without parameters; "" if the server did not say.
    content_type: str
    #: As the server named it, in lower case.
    charset: str | None
    #: After decompression.
    body: bytes
    #: The URLs that sent us on, in order; empty if the first one answered.
    redirects: tuple[str, ...]
    elapsed_seconds: float


def utc_now() -> datetime:
    return datetime.now(UTC)


def fetch(
    url: str,
    policy: Policy,
    *,
    accept: str | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Fetched:
    """Download `url` within `policy`, or raise FetchError.

    `accept` is the Accept header, a wish that servers may ignore. `now` is the clock against which
    a Retry-After date is read. Blocks for `policy.total_seconds` at most; safe in threads.
    """
    download = Download(url, policy, accept=accept, now=now)
    while True:
        transfer = download.next_transfer()
        transfer.run()
        fetched = download.take(transfer)
        if fetched is not None:
            return fetched


class Download:
    """A URL on its way through its redirects: which transfer comes next, and what it means.

    The clock starts with the object. Raises FetchError wherever the way ends.
    """

    def __init__(
        self,
        url: str,
        policy: Policy,
        *,
        accept: str | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        if accept is not None and not accept.isprintable():
            raise ValueError("accept must be printable characters only.")
        self._policy, self._accept, self._now = policy, accept, now
        self._started = time.monotonic()
        self._paused: float | None = None
        self._target = acceptable(url, policy)
        self._left_behind: list[str] = []

    @property
    def host(self) -> str:
        """The host that is asked next."""
        return urlsplit(self._target).hostname or ""

    def pause(self) -> None:
        """Stop the clock until the next transfer: it waits for something else than a server."""
        self._paused = time.monotonic()

    def next_transfer(self) -> Transfer:
        """The transfer to run now, with what is left of the time."""
        if self._paused is not None:
            self._started += time.monotonic() - self._paused
            self._paused = None
        seconds = self._policy.total_seconds - (time.monotonic() - self._started)
        if seconds <= 0:
            raise FetchError(FailureClass.TIMEOUT, "The download took too long.")
        return Transfer(Request(self._target, self._policy, self._accept, seconds))

    def take(self, transfer: Transfer) -> Fetched | None:
        """What a transfer that has ended brought; None if it leads on to another."""
        location = transfer.answer.location
        if location is None:
            _require_success(transfer.answer, self._now)
            elapsed = time.monotonic() - self._started
            return _fetched(self._target, transfer, tuple(self._left_behind), elapsed)
        self._left_behind.append(self._target)
        self._target = _next(self._target, location, len(self._left_behind), self._policy)
        return None


def _next(url: str, location: str, redirects: int, policy: Policy) -> str:
    if redirects > policy.max_redirects:
        message = f"The server redirects more than {policy.max_redirects} times."
        raise FetchError(FailureClass.TOO_MANY_REDIRECTS, message)
    return following(url, location, policy)


def _require_success(answer: Answer, now: Callable[[], datetime]) -> None:
    if not answer.is_success:
        raise bad_status(answer.status, answer.retry_after(now()))


def _fetched(
    url: str, transfer: Transfer, redirects: tuple[str, ...], elapsed_seconds: float
) -> Fetched:
    content_type, charset = transfer.answer.media_type
    return Fetched(
        url=url,
        status=transfer.answer.status,
        content_type=content_type,
        charset=charset,
        body=bytes(transfer.body),
        redirects=redirects,
        elapsed_seconds=elapsed_seconds,
    )
