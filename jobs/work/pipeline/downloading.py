"""The first stage: one thread, many downloads under way."""

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from jobs.work.fetch import Fetched, Fetcher, FetchError, Moved
from jobs.work.pipeline.board import Board, Place
from jobs.work.pipeline.channel import Channel
from jobs.work.pipeline.classes import download_failed
from jobs.work.pipeline.errors import ItemFailed
from jobs.work.pipeline.failures import Failure, Stage
from jobs.work.pipeline.gate import Gate
from jobs.work.pipeline.halting import Halt
from jobs.work.pipeline.items import Item, failed
from jobs.work.pipeline.line import Line, host_of
from jobs.work.pipeline.policy import ChunkPolicy
from jobs.work.pipeline.steps import ACCEPT

#: How many items are looked at ahead, so that a slow host holds up no other; and how many may
#: wait for another try.
LOOKAHEAD = 256
MOST_WAITING = 2_000
LONGEST_NAP = 1.0
#: How often an item may be told to come later before that counts as its end here; and how long a
#: host is left alone at the most.
MOST_ASKED = 10
LONGEST_CLOSED = 600.0


@dataclass(slots=True, eq=False)
class Task:
    """An item on its way, with the bytes that the next stage needs."""

    item: Item
    host: str = ""
    tries: int = 0
    data: bytes = b""
    #: Where a redirect to another host has led it.
    moved: Moved | None = None
    #: How the tries before this one ended, and how many of them failed or were told to wait.
    error: FetchError | None = None
    failures: int = 0
    asked: int = 0
    #: The name under which the original is kept.
    original: str = ""


class Downloader:
    """Takes items in `offer`, puts what came into `out`, and failures on the board."""

    def __init__(
        self,
        policy: ChunkPolicy,
        halt: Halt,
        board: Board,
        gate: Gate | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy, self._halt, self._board, self._clock = policy, halt, board, clock
        self._line: Line[Task] = Line(policy.per_host, policy.host_interval, gate, policy.of_host)
        self._fetcher = Fetcher(
            policy.fetch, accept=ACCEPT, connections=policy.downloads * 2, tells_moves=True
        )
        self._until = float("inf")
        self._offered: deque[Task] = deque()
        self._finished = False
        halt.on_set(self.wake)

    def has_room(self) -> bool:
        """Whether more items should be offered now."""
        queued = len(self._offered) + self._line.queued
        return self.is_late() or (queued < LOOKAHEAD and self._line.waiting < MOST_WAITING)

    def is_late(self) -> bool:
        """Whether it begins nothing any more; what is offered then is left as it is."""
        return self._clock() >= self._until

    def offer(self, item: Item) -> None:
        """Take an item, from any thread."""
        self._offered.append(Task(item, host_of(item.url)))
        self.wake()

    def finish(self) -> None:
        """No more items will be offered."""
        self._finished = True
        self.wake()

    def wake(self) -> None:
        """Look around now, from any thread."""
        self._fetcher.wake()

    def close(self) -> None:
        """Close all connections. Only when `run` does not run."""
        for task in self._fetcher.close():
            self._line.left(cast("Task", task).host)

    def run(self, out: Channel[Task]) -> None:
        """Download until all that was offered has ended, or was left. Raises Halted."""
        self._until = self._clock() + self._policy.run_seconds
        try:
            while not self._is_over():
                self._halt.check()
                self._begin(out)
                for key, end in self._fetcher.poll(self._nap()):
                    self._end(cast("Task", key), end, out)
                self._make_room()
        finally:
            self.close()

    def _is_over(self) -> bool:
        # The flag first: whoever sets it has offered everything before.
        finished = self._finished
        left = len(self._offered) + self._line.queued + self._line.waiting + len(self._fetcher)
        return finished and not left

    def _nap(self) -> float:
        return min(LONGEST_NAP, self._line.nap(self._clock()))

    def _begin(self, out: Channel[Task]) -> None:
        while self._offered:
            task = self._offered.popleft()
            self._line.add(task.host, task)
        if self.is_late():
            self._leave()
        for task, wait in self._line.turned_away(self._clock(), self._policy.longest_wait):
            self._turn_away(task, wait)
        while self._may_begin(out) and (task_ := self._line.next(self._clock())) is not None:
            self._board.move(Place.WAITING, Place.DOWNLOADING)
            moved, task_.moved = task_.moved, None
            if moved is not None:
                self._fetcher.resume(task_, moved)
            else:
                task_.tries += 1
                self._fetcher.start(task_, task_.item.url)

    def _leave(self) -> None:
        """Let go of what waits. What has been tried has an end; the rest stays as it was."""
        for task in self._line.drain():
            if task.error is not None:
                self._fail(Place.WAITING, task, download_failed(task.error))

    def _turn_away(self, task: Task, wait: float) -> None:
        detail = "The server asks everybody to come later."
        error = ItemFailed(
            Stage.DOWNLOAD, Failure.BUSY, detail, worth_retrying=True, retry_after=wait
        )
        self._fail(Place.WAITING, task, error)

    def _fail(self, place: Place, task: Task, error: ItemFailed) -> None:
        self._board.end(place, failed(task.item, error, tries=task.tries))

    def _may_begin(self, out: Channel[Task]) -> bool:
        return (
            len(self._fetcher) < self._policy.downloads
            and out.has_room()
            and self._fetcher.held_bytes < self._policy.buffer_bytes // 2
        )

    def _make_room(self) -> None:
        """When much arrives at once, the youngest downloads go back to their place in the line."""
        while len(self._fetcher) > 1 and self._fetcher.held_bytes > self._policy.buffer_bytes:
            task = cast("Task", self._fetcher.drop_youngest())
            task.tries -= 1
            self._line.left(task.host)
            task.host = host_of(task.item.url)
            self._line.add(task.host, task, first=True)
            self._board.move(Place.DOWNLOADING, Place.WAITING)

    def _end(self, task: Task, end: Fetched | FetchError | Moved, out: Channel[Task]) -> None:
        self._line.left(task.host)
        if isinstance(end, Moved):
            self._board.move(Place.DOWNLOADING, Place.WAITING)
            task.host, task.moved = end.host, end
            self._line.add(task.host, task, first=True)
            return
        if isinstance(end, Fetched):
            task.data = end.body
            self._board.move(Place.DOWNLOADING, Place.DOWNLOADED)
            out.push(task, len(task.data))
        elif not self._again(task, end):
            self._fail(Place.DOWNLOADING, task, download_failed(end))

    def _again(self, task: Task, error: FetchError) -> bool:
        """Put a task back for another try, if that is worth it."""
        policy, now = self._policy, self._clock()
        if error.retry_after is not None:
            self._line.close(task.host, now, min(error.retry_after, LONGEST_CLOSED))
        if not error.retryable:
            return False
        may, wait = self._wait(task, error)
        if not may or wait > policy.longest_wait or now + wait >= self._until:
            return False
        task.error, task.host = error, host_of(task.item.url)
        self._line.add_later(task.host, task, now + wait)
        self._board.move(Place.DOWNLOADING, Place.WAITING)
        return True

    def _wait(self, task: Task, error: FetchError) -> tuple[bool, float]:
        """Whether it may be tried again, and the seconds until then."""
        if error.retry_after is not None:  # an answer that spends no try, as nobody failed
            task.asked += 1
            return task.asked <= MOST_ASKED, max(error.retry_after, self._policy.retry_seconds)
        task.failures += 1
        wait = self._policy.retry_seconds * 2 ** (task.failures - 1) * random.uniform(1, 1.25)
        return task.failures < self._policy.tries, wait
