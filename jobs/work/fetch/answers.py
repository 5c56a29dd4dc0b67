"""The head of an HTTP answer: what the server says about what it sends."""

import re
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

SECONDS = re.compile(r"[0-9]{1,9}")
STATUS_LINE = re.compile(r"HTTP/[0-9](?:\.[0-9])? ([0-9]{3})(?: .*)?")
REDIRECTS = frozenset({301, 302, 303, 307, 308})
ASKED_TO_WAIT = frozenset({429, 503})


class Answer:
    """Status and headers, collected line by line as libcurl hands them over."""

    def __init__(self) -> None:
        self.status = 0
        self._headers: list[tuple[str, str]] = []
        self._in_head = False

    def add(self, line: bytes) -> None:
        """Take one line of the head. A status line starts anew: 1xx answers come first.

        Only the first line of a head is one; whatever else looks like it is a header, or one of
        the trailers that may follow a body.
        """
        text = line.decode("latin-1").rstrip("\r\n")
        may_begin = not self._in_head and self.status < 200
        status = STATUS_LINE.fullmatch(text) if may_begin else None
        self._in_head = bool(text.strip())
        if status is not None:
            self.status, self._headers = int(status[1]), []
        elif text[:1] in (" ", "\t") and self._headers:
            name, value = self._headers[-1]
            self._headers[-1] = (name, f"{value} {text.strip()}")
        elif ":" in text:
            name, _, value = text.partition(":")
            self._headers.append((name.strip().lower(), value.strip()))

    def header(self, name: str) -> str:
        """All values of this header, joined with commas as HTTP has it; "" if absent."""
        return ", ".join(value for key, value in self._headers if key == name)

    @property
    def is_success(self) -> bool:
        # 206 is part of a file that we never asked a part of.
        return 200 <= self.status < 300 and self.status != 206

    @property
    def location(self) -> str | None:
        """Where a redirect leads. Servers send UTF-8 here, whatever the standard says."""
        values = [value for key, value in self._headers if key == "location"]
        if self.status not in REDIRECTS or not values:
            return None
        try:
            return values[0].encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            return values[0]

    @property
    def media_type(self) -> tuple[str, str | None]:
        """The type without parameters ("" if none was sent) and the charset that goes with it."""
        message = Message()
        message["content-type"] = self.header("content-type").split(",")[0]
        if not self.header("content-type"):
            return "", None
        charset = message.get_param("charset")
        named = charset.strip().lower() if isinstance(charset, str) else ""
        return message["content-type"].split(";")[0].strip().lower(), named or None

    def retry_after(self, now: datetime) -> float | None:
        """Seconds to wait, from either form of Retry-After; None if not said or not readable."""
        text = self.header("retry-after")
        if self.status not in ASKED_TO_WAIT or not text:
            return None
        if SECONDS.fullmatch(text):
            return float(text)
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        # A date in the "-0000" form comes back without a zone; HTTP knows no zone but UTC.
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
