"""Which download may begin next: polite to each host, and no host holds up another."""

import heapq
import itertools
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from jobs.work.pipeline.gate import Gate

T = TypeVar("T")


@dataclass(slots=True)
class _Host(Generic[T]):
    name: str
    queue: deque[T] = field(default_factory=deque)
    under_way: int = 0
    #: Nothing begins there before this moment.
    closed_until: float = 0.0
    #: The same, as far as the server itself asked for it.
    asked_until: float = 0.0


class Line(Generic[T]):
    """Things to download, by host. Moments are seconds of one clock that the caller reads.

    `per_host` at a time from one host, and so many seconds between two starts there; `of_host`
    has both for hosts that want something else.
    """

    def __init__(
        self,
        per_host: int,
        interval: float,
        gate: Gate | None = None,
        of_host: Mapping[str, tuple[int, float]] | None = None,
    ) -> None:
        self._usual, self._gate, self._of_host = (per_host, interval), gate, of_host or {}
        self._hosts: OrderedDict[str, _Host[T]] = OrderedDict()
        self._later: list[tuple[float, int, str, T]] = []
        self._order = itertools.count()
        self._queued = 0

    @property
    def queued(self) -> int:
        """How many wait for their turn."""
        return self._queued

    @property
    def waiting(self) -> int:
        """How many wait for their moment."""
        return len(self._later)

    def add(self, host: str, thing: T, *, first: bool = False) -> None:
        """Queue a thing behind (or before) the others of its host."""
        queue = self._host(host).queue
        queue.appendleft(thing) if first else queue.append(thing)
        self._queued += 1

    def add_later(self, host: str, thing: T, moment: float) -> None:
        """Queue a thing when this moment has come."""
        heapq.heappush(self._later, (moment, next(self._order), host, thing))

    def close(self, host: str, now: float, seconds: float) -> None:
        """A server asks for so much patience: begin nothing there, and tell the other chunks."""
        known = self._host(host)
        known.closed_until = max(known.closed_until, now + seconds)
        known.asked_until = max(known.asked_until, now + seconds)
        if self._gate is not None:
            self._gate.shut(host, seconds)

    def turned_away(self, now: float, longest: float) -> list[tuple[T, float]]:
        """Take out what would wait longer than `longest` because its server asked for it.

        Returns each with the seconds that it would wait.
        """
        found = []
        for host in self._hosts.values():
            wait = host.asked_until - now
            if host.queue and wait > longest:
                found += [(thing, wait) for thing in host.queue]
                self._queued -= len(host.queue)
                host.queue.clear()
        return found

    def drain(self) -> list[T]:
        """Take out all that waits, for its turn or for its moment."""
        things = [thing for _, _, _, thing in self._later]
        for host in self._hosts.values():
            things += host.queue
            host.queue.clear()
        self._later.clear()
        self._queued = 0
        return things

    def next(self, now: float) -> T | None:
        """The thing to begin now, or None. Its host has one more under way until `left`."""
        self._admit(now)
        for host in list(self._hosts.values()):
            if not host.queue and not host.under_way and host.closed_until <= now:
                del self._hosts[host.name]
            elif host.queue and self._opens(host, now):
                host.under_way += 1
                host.closed_until = max(host.closed_until, now + self._limits(host)[1])
                self._hosts.move_to_end(host.name)
                self._queued -= 1
                return host.queue.popleft()
        return None

    def left(self, host: str) -> None:
        """A download from this host has ended."""
        known = self._host(host)
        known.under_way -= 1
        if self._gate is not None:
            self._gate.leave(host)

    def nap(self, now: float) -> float:
        """Seconds until something may begin merely because time has passed; inf if nothing."""
        moments = [self._later[0][0]] if self._later else []
        moments += [
            host.closed_until
            for host in self._hosts.values()
            if host.queue and host.under_way < self._limits(host)[0] and host.closed_until > now
        ]
        return max(0.0, min(moments) - now) if moments else float("inf")

    def _host(self, name: str) -> _Host[T]:
        if name not in self._hosts:
            self._hosts[name] = _Host(name)
        return self._hosts[name]

    def _admit(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            _, _, host, thing = heapq.heappop(self._later)
            self.add(host, thing, first=True)

    def _limits(self, host: _Host[T]) -> tuple[int, float]:
        return self._of_host.get(host.name, self._usual)

    def _opens(self, host: _Host[T], now: float) -> bool:
        width, interval = self._limits(host)
        if host.under_way >= width or host.closed_until > now:
            return False
        host.closed_until = 0.0
        wait = self._gate.enter(host.name) if self._gate is not None else 0.0
        if wait > 0:
            host.closed_until = now + wait
        if wait > interval:  # more than its turn takes: another chunk was asked for patience
            host.asked_until = host.closed_until
        return wait <= 0


def host_of(url: str) -> str:
    """The host that politeness counts by; "" for what is no URL."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
