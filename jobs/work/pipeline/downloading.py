"""The first stage: one thread, many downloads under way."""

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from jobs.work.fetch import Fetched, Fetcher, FetchError
from jobs.work.pipeline.board import Board, Place
from jobs.work.pipeline.channel import Channel
from jobs.work.pipeline.classes import download_failed
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


@dataclass(slots=True, eq=False)
class Task:
    """An item on its way, with the bytes that the next stage needs."""

    item: Item
    host: str = ""
    tries: int = 0
    data: bytes = b""
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
        self._line: Line[Task] = Line(policy.per_host, policy.host_interval, gate)
        self._fetcher = Fetcher(policy.fetch, accept=ACCEPT, connections=policy.downloads * 2)
        self._offered: deque[Task] = deque()
        self._finished = False
        halt.on_set(self.wake)

    def has_room(self) -> bool:
        """Whether more items should be offered now."""
        queued = len(self._offered) + self._line.queued
        return queued < LOOKAHEAD and self._line.waiting < MOST_WAITING

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
        """Download until all that was offered has ended. Raises Halted."""
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
        while self._may_begin(out) and (task_ := self._line.next(self._clock())) is not None:
            task_.tries += 1
            self._board.move(Place.WAITING, Place.DOWNLOADING)
            self._fetcher.start(task_, task_.item.url)

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
            self._line.add(task.host, task, first=True)
            self._board.move(Place.DOWNLOADING, Place.WAITING)

    def _end(self, task: Task, end: Fetched | FetchError, out: Channel[Task]) -> None:
        self._line.left(task.host)
        if isinstance(end, Fetched):
            task.data = end.body
            self._board.move(Place.DOWNLOADING, Place.DOWNLOADED)
            out.push(task, len(task.data))
        elif not self._again(task, end):
            outcome = failed(task.item, download_failed(end), tries=task.tries)
            self._board.end(Place.DOWNLOADING, outcome)

    def _again(self, task: Task, error: FetchError) -> bool:
        """Put a task back for another try, if that is worth it."""
        policy = self._policy
        wait = policy.retry_seconds * 2 ** (task.tries - 1) * random.uniform(1, 1.25)
        if error.retry_after is not None:
            wait = max(wait, error.retry_after)
        if not error.retryable or task.tries >= policy.tries or wait > policy.longest_wait:
            return False
        moment = self._clock() + wait
        if error.retry_after is not None:
            self._line.close(task.host, moment)
        self._line.add_later(task.host, task, moment)
        self._board.move(Place.DOWNLOADING, Place.WAITING)
        return True
