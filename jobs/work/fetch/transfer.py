"""One request and its answer through libcurl: no redirect, no second address, no surprise."""

import re
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import pycurl

from jobs.work.fetch.addresses import may_connect
from jobs.work.fetch.answers import Answer
from jobs.work.fetch.curl_errors import translated
from jobs.work.fetch.failures import FailureClass, FetchError
from jobs.work.fetch.options import Request, configure

MAX_HEAD_BYTES = 65_536
LENGTH = re.compile(r"[0-9]{1,18}")
STOP = 0  # "wrote nothing": libcurl gives up the transfer

# gzip saves most of a page and is decoded here, piece by piece, with the decoded bytes counted.
# Nothing else: a chain of encodings multiplies the work of every byte that arrives, so anything
# but one layer of gzip is refused before the body.
ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip"})


class Transfer:
    """Runs one `Request`; afterwards `answer` and `body` hold what came."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.answer = Answer()
        self.body = bytearray()
        self._head_bytes = 0
        self._blocked = False
        self._done = False
        self._failure: FetchError | None = None
        self._raised: BaseException | None = None
        self._sockets: list[socket.socket] = []

    def run(self) -> None:
        """Do it. FetchError for everything that went wrong before a whole answer was there."""
        curl = pycurl.Curl()
        code, message = pycurl.E_OK, ""
        try:
            self.prepare(curl)
            curl.perform()
        except pycurl.error as error:
            code, message = error.args
        finally:
            curl.close()
            self.release()
        self.settle(code, message)

    def prepare(self, curl: pycurl.Curl) -> None:
        """Set up a handle that somebody else performs; `settle` and `release` come after it."""
        configure(curl, self.request)
        self._set_callbacks(curl)

    def settle(self, code: int, message: str) -> None:
        """Raise what the handle's end means: FetchError, or nothing if a whole answer is there."""
        if code != pycurl.E_OK:
            self._judge(code, message)
        self._raise_what_was_noted()

    def release(self) -> None:
        """Close what was opened for the handle, which is closed already."""
        for opened in self._sockets:
            opened.close()
        self._sockets.clear()

    def _set_callbacks(self, curl: pycurl.Curl) -> None:
        # The progress call also lets Python deliver signals (time limits), about once a second
        # while a server is silent.
        curl.setopt(pycurl.NOPROGRESS, 0)
        curl.setopt(pycurl.XFERINFOFUNCTION, self._guarded(self._watch, 1))
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._guarded(self._open, pycurl.SOCKET_BAD))
        curl.setopt(pycurl.HEADERFUNCTION, self._guarded(self._take_head, STOP))
        curl.setopt(pycurl.WRITEFUNCTION, self._guarded(self._take_body, STOP))

    def _guarded(self, callback: Callable[..., Any], refusal: int) -> Callable[..., Any]:
        return partial(self._call, callback, refusal)

    def _call(self, callback: Callable[..., Any], refusal: int, *args: Any) -> Any:
        try:
            return callback(*args)
        except BaseException as raised:  # noqa: BLE001 - pycurl would print it and go on
            self._raised = raised
            return refusal

    def _open(self, _purpose: int, address: Any) -> Any:
        """libcurl is about to connect to a concrete address: the check that counts."""
        policy = self.request.policy
        if address.family not in (socket.AF_INET, socket.AF_INET6) or not may_connect(
            *address.addr[:2], ports=policy.ports, allow_loopback=policy.allow_loopback
        ):
            self._blocked = True
            return pycurl.SOCKET_BAD
        opened = socket.socket(address.family, address.socktype, address.protocol)
        self._sockets.append(opened)  # pycurl works on a duplicate and leaves this one to us
        return opened

    def _take_head(self, line: bytes) -> int | None:
        self._head_bytes += len(line)
        if self._head_bytes > MAX_HEAD_BYTES:
            return self._stop(FailureClass.TOO_LARGE, "The server sends headers without end.")
        self.answer.add(line)
        is_end = not line.strip()
        return self._refuse_early() if is_end and self.answer.is_success else None

    def _refuse_early(self) -> int | None:
        """What the head alone already rules out."""
        if self.answer.header("content-encoding").lower() not in ENCODINGS:
            return self._stop(FailureClass.PROTOCOL, "The answer is in an encoding not asked for.")
        length = self.answer.header("content-length")
        if LENGTH.fullmatch(length) and int(length) > self.request.policy.max_bytes:
            return self._stop(FailureClass.TOO_LARGE, "The answer says it is larger than allowed.")
        return None

    def _watch(self, _total: int, received: int, _to_send: int, _sent: int) -> int:
        # Compressed data that unpacks to nothing never gets as far as the count of the body.
        if self.answer.is_success and received > self.request.policy.max_bytes:
            self._stop(FailureClass.TOO_LARGE, "The answer is larger than allowed.")
            return 1
        return 0

    def _take_body(self, piece: bytes) -> int | None:
        if not self.answer.is_success:
            self._done = True  # nobody reads the page of a redirect or of an error
            return STOP
        if len(self.body) + len(piece) > self.request.policy.max_bytes:
            return self._stop(FailureClass.TOO_LARGE, "The answer is larger than allowed.")
        self.body += piece
        return None

    def _stop(self, reason: FailureClass, message: str) -> int:
        self._failure = FetchError(reason, message)
        return STOP

    def _judge(self, code: int, message: str) -> None:
        if self._done or self._failure or self._raised:
            return
        if self._blocked and code == pycurl.E_COULDNT_CONNECT:
            # Which address it was stays with us: it would tell strangers what our names mean.
            refusal = "The host leads to an address that is not public."
            self._failure = FetchError(FailureClass.BLOCKED_ADDRESS, refusal)
        else:
            self._failure = translated(code, message)

    def _raise_what_was_noted(self) -> None:
        # Not kept: an error that is raised knows, by its traceback, the object that raised it.
        noted, self._raised, self._failure = self._raised or self._failure, None, None
        if noted is not None:
            raise noted
