"""The cast: the processes of a drill, each started again when it ends, as a supervisor would."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from drill.plan import Kind, Shape
from drill.records import Hit
from scripts.processes import RedisServer, Running

_CELERY = (sys.executable, "-m", "celery", "-A", "config", "--quiet")

#: Lines of the log of one that has ended by itself.
_LAST_WORDS = 12


class Member:
    """A process of the cast and its successors."""

    def __init__(self, name: str, command: Callable[[int], tuple[str, ...]]) -> None:
        self.name = name
        #: The command line, from how often it was started before.
        self._command = command
        self.starts = 0
        self.running: Running | None = None
        #: Ended with exit code 0, as it should: it has done what it had to.
        self.done = False
        #: Not to be started again: a stop is under way.
        self.resting = False
        #: The one whose end is somebody's doing, so that it takes nobody by surprise.
        self._doomed: Running | None = None
        #: Trees whose head is dead and whose children may live.
        self._headless: list[Running] = []

    def start(self, environment: Mapping[str, str], folder: Path) -> None:
        """Start it, or its successor."""
        name = f"{self.name.replace(' ', '-')}.{self.starts}"
        self.running = Running(name, self._command(self.starts), environment, folder)
        self.starts += 1

    def look(self) -> bool:
        """Whether it has ended and is missed."""
        if self.running is None or self.running.runs():
            return False
        self.done = self.done or self.running.process.returncode == 0
        return not self.resting

    @property
    def ended_by_itself(self) -> bool:
        """Of one that has ended: whether nobody had hit it."""
        return self.running is not self._doomed

    def last_words(self) -> str:
        """The exit code of one that has ended, and how its log ends: why it did."""
        if self.running is None:
            return ""
        lines = self.running.text().split("\n")
        said = [line for line in lines if line.strip()][-_LAST_WORDS:]
        return "\n".join([f"exit code {self.running.process.returncode}", *said])

    def tree(self) -> frozenset[int]:
        """Its living processes."""
        return frozenset(self.running.tree()) if self.running else frozenset()

    def children(self) -> list[int]:
        """The processes in which its jobs run."""
        if self.running is None:
            return []
        head = self.running.pid
        return sorted(pid for pid, parent in self.running.tree().items() if parent == head)

    def kill(self) -> None:
        """kill -9 of the tree."""
        if self.running is not None and self.running.runs():
            self._doomed = self.running
            self.running.kill()

    def stop(self) -> None:
        """TERM to the parent, as a deploy does."""
        if self.running is not None and self.running.runs():
            self._doomed = self.running
            self.running.signal(signal.SIGTERM)

    def behead(self) -> None:
        """kill -9 of the parent alone."""
        if self.running is not None and self.running.runs():
            self._doomed = self.running
            self._headless.append(self.running)
            self.running.signal(signal.SIGKILL)
            self.running.process.wait()

    def send(self, number: int) -> None:
        """A signal to every process of the tree."""
        if self.running is not None and self.running.runs():
            with suppress(ProcessLookupError):
                os.killpg(self.running.pid, number)

    def bury(self) -> None:
        """End everything that is left of it."""
        self.resting = True
        self.send(signal.SIGCONT)
        self.kill()
        for tree in self._headless:
            for pid in tree.tree():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


class Cast:
    """Everybody who takes part."""

    def __init__(
        self, shape: Shape, environment: Mapping[str, str], folder: Path, redis: RedisServer
    ) -> None:
        self._environment = environment
        self._folder = folder
        self.redis = redis
        self.workers = [
            Member(f"worker {n} ({pool})", _worker(n, pool)) for n, pool in enumerate(shape.pools)
        ]
        self.beats = [Member(f"beat {n}", _beat) for n in range(shape.beats)]
        self.submitters: list[Member] = []

    def everybody(self) -> Iterator[Member]:
        """The members, submitters first: so they are to be stopped."""
        yield from (*self.submitters, *self.beats, *self.workers)

    def start(self, members: list[Member]) -> None:
        """Start some of the cast."""
        for member in members:
            member.start(self._environment, self._folder)

    def keep(self) -> list[Hit]:
        """Start again who has ended and is missed; returns those whom nobody had hit."""
        surprises = []
        for member in self.everybody():
            if not member.look() or (member.done and member in self.submitters):
                continue
            if member.ended_by_itself and member.running is not None:
                pids = member.tree() | {member.running.pid}
                words = member.last_words()
                surprises.append(Hit(time.time(), Kind.BY_ITSELF, member.name, pids, words=words))
            member.start(self._environment, self._folder)
        return surprises

    def thaw(self) -> None:
        """Let everybody go on."""
        self.redis.thaw()
        for member in self.everybody():
            member.send(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """TERM to everybody, and nobody is started again."""
        for member in self.everybody():
            member.resting = True
            member.stop()

    def running(self) -> list[str]:
        """Who has not ended."""
        return [m.name for m in self.everybody() if m.running is not None and m.running.runs()]

    def close(self) -> None:
        """End everybody for sure."""
        for member in self.everybody():
            member.bury()
        self.redis.kill()


def _worker(number: int, pool: str) -> Callable[[int], tuple[str, ...]]:
    slots = {"prefork": "2", "threads": "4"}.get(pool, "1")
    options = ("-P", pool, "-c", slots, "-I", "drill.workload", "--hostname", f"drill{number}@%h")
    return lambda _starts: (*_CELERY, "worker", *options)


def _beat(_starts: int) -> tuple[str, ...]:
    return (*_CELERY, "beat")
