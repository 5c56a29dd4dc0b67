"""Many downloads at a time in one thread, by the same rules as a single one."""

import logging
import selectors
import socket
import threading
import time
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pycurl

from jobs.work.fetch.download import Download, Fetched
from jobs.work.fetch.failures import FailureClass, FetchError
from jobs.work.fetch.policy import Policy
from jobs.work.fetch.transfer import Transfer

log = logging.getLogger(__name__)

CLOSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Moved:
    """A redirect to another host. `Fetcher.resume` follows it, once somebody says so."""

    download: Download

    @property
    def host(self) -> str:
        """Where it leads."""
        return self.download.host


Ended = tuple[Hashable, Fetched | FetchError | Moved]

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
EVENTS = {pycurl.POLL_IN: READ, pycurl.POLL_OUT: WRITE, pycurl.POLL_INOUT: READ | WRITE}


@dataclass(slots=True)
class _UnderWay:
    download: Download
    transfer: Transfer


class Fetcher:
    """Downloads under way, and the connections that they share and use again.

    Everything but `wake` belongs to one thread. What `poll` returns is not held here any more.
    With `tells_moves` a redirect to another host is not followed but returned as `Moved`, for a
    caller who counts what each host is asked.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        accept: str | None = None,
        connections: int = 32,
        tells_moves: bool = False,
    ) -> None:
        self._policy, self._accept, self._tells_moves = policy, accept, tells_moves
        self._under_way: dict[Hashable, _UnderWay] = {}
        self._curls: dict[pycurl.Curl, Hashable] = {}
        self._ended: list[Ended] = []
        self._due: float | None = None
        self._closed = False
        self._selector = selectors.DefaultSelector()
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        self._selector.register(self._bell, READ)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._note_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._note_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, connections)

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._under_way)

    @property
    def held_bytes(self) -> int:
        """What the downloads under way have brought so far."""
        return sum(len(one.transfer.body) for one in self._under_way.values())

    def start(self, key: Hashable, url: str) -> None:
        """Begin a download; what is wrong with the URL is told by the next `poll`."""
        try:
            download = Download(url, self._policy, accept=self._accept)
            self._begin(key, download)
        except FetchError as error:
            self._fail(key, error)

    def resume(self, key: Hashable, moved: Moved) -> None:
        """Follow a redirect that `poll` returned. The time until now does not count."""
        try:
            self._begin(key, moved.download)
        except FetchError as error:
            self._fail(key, error)

    def poll(self, seconds: float) -> list[Ended]:
        """Let the downloads go on for at most so long; returns those that ended, with the end."""
        if not self._ended:
            self._wait(seconds)
        ended, self._ended = self._ended, []
        return ended

    def wake(self) -> None:
        """Make `poll` return, from any thread."""
        with suppress(BlockingIOError, OSError):
            self._rope.send(b"!")

    def drop_youngest(self) -> Hashable:
        """Give up the download that was begun last; returns its key."""
        key = next(reversed(self._under_way))
        curl = next(curl for curl, owner in self._curls.items() if owner == key)
        self._release(curl)
        return key

    def close(self) -> list[Hashable]:
        """Give up what is under way, close every connection; returns the keys of the given up."""
        if self._closed:
            return []
        self._closed = True
        keys = list(self._under_way)
        for curl in list(self._curls):
            self._release(curl)
        self._close_multi()
        self._selector.close()
        self._bell.close()
        self._rope.close()
        return keys

    def _close_multi(self) -> None:
        # Closing waits for lookups that hang in the C library, where nothing can end them, and
        # pycurl has no name for the option that says not to. Nobody else need wait for them.
        closing = threading.Thread(target=self._multi.close, name="fetcher-close", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)

    def _begin(self, key: Hashable, download: Download) -> None:
        transfer = download.next_transfer()
        curl = pycurl.Curl()
        try:
            transfer.prepare(curl)
        except BaseException:
            curl.close()
            raise
        self._curls[curl] = key
        self._under_way[key] = _UnderWay(download, transfer)
        self._multi.add_handle(curl)

    def _release(self, curl: pycurl.Curl) -> _UnderWay:
        one = self._under_way.pop(self._curls.pop(curl))
        self._multi.remove_handle(curl)
        curl.close()
        one.transfer.release()
        return one

    # libcurl says which sockets it waits for, and until when; both may change in any call to it.

    def _note_socket(self, event: int, descriptor: int, _multi: Any, _data: Any) -> None:
        if event == pycurl.POLL_REMOVE:
            with suppress(KeyError, ValueError):
                self._selector.unregister(descriptor)
            return
        try:
            self._selector.modify(descriptor, EVENTS[event])
        except KeyError:
            self._selector.register(descriptor, EVENTS[event])

    def _note_timer(self, milliseconds: int) -> None:
        self._due = time.monotonic() + milliseconds / 1000 if milliseconds >= 0 else None

    def _wait(self, seconds: float) -> None:
        if self._due is not None:
            seconds = min(seconds, max(0.0, self._due - time.monotonic()))
        for ready, events in self._selector.select(seconds):
            if ready.fileobj is self._bell:
                self._bell.recv(4096)
            else:
                mask = (pycurl.CSELECT_IN if events & READ else 0) | (
                    pycurl.CSELECT_OUT if events & WRITE else 0
                )
                self._multi.socket_action(ready.fd, mask)
        if self._due is not None and self._due <= time.monotonic():
            self._due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._collect()

    def _collect(self) -> None:
        remaining = 1
        while remaining:
            remaining, well, badly = self._multi.info_read()
            for curl in well:
                self._end(curl, pycurl.E_OK, "")
            for curl, code, message in badly:
                self._end(curl, code, message)

    def _end(self, curl: pycurl.Curl, code: int, message: str) -> None:
        key = self._curls[curl]
        one = self._release(curl)
        try:
            one.transfer.settle(code, message)
            asked = one.download.host
            fetched = one.download.take(one.transfer)
            if fetched is not None:
                self._ended.append((key, fetched))
            elif self._tells_moves and one.download.host != asked:
                one.download.pause()
                self._ended.append((key, Moved(one.download)))
            else:
                self._begin(key, one.download)
        except FetchError as error:
            self._fail(key, error)
        except Exception:
            # Of what a server may send nobody has thought of everything, and its neighbours here
            # have nothing to do with it.
            log.exception("A download ended in a way that nobody thought of.")
            self._fail(key, FetchError(FailureClass.PROTOCOL, "The answer cannot be understood."))

    def _fail(self, key: Hashable, error: FetchError) -> None:
        # The transfer knows its error, and the error's traceback the transfer with its body:
        # without this the bodies of failed downloads lie about until the next full collection.
        self._ended.append((key, error.with_traceback(None)))
