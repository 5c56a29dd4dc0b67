"""The three stages over many items, side by side."""

import gc
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from jobs.work.pipeline.allocator import give_memory_back, keep_memory_flat
from jobs.work.pipeline.board import Board
from jobs.work.pipeline.channel import Channel
from jobs.work.pipeline.destination import Destination
from jobs.work.pipeline.downloading import Downloader, Task
from jobs.work.pipeline.errors import Halted
from jobs.work.pipeline.flow import Flow
from jobs.work.pipeline.gate import Gate
from jobs.work.pipeline.halting import Halt
from jobs.work.pipeline.items import Item, Outcome
from jobs.work.pipeline.originals import Originals
from jobs.work.pipeline.policy import ChunkPolicy
from jobs.work.pipeline.recipe import Recipe
from jobs.work.pipeline.stations import Composer, Finder, Finished, Keeper, Uploader, serve

#: Takes what has ended since the last call (possibly nothing), and how far the chunk is.
Tell = Callable[[Sequence[Outcome], Flow], None]
LOOK_SECONDS = 0.1
TRIM_SECONDS = 1.0


def run_chunk(
    items: Iterable[Item],
    recipe: Recipe,
    destination: Destination,
    policy: ChunkPolicy,
    *,
    stop: Callable[[], bool],
    tell: Tell,
    originals: Originals | None = None,
    gate: Gate | None = None,
) -> Flow:
    """Download, compose and upload every item; each is told exactly once, unless it was stopped.

    `items` may be any iterable, also an endless one: it is read as far ahead as there is room.
    `items`, `stop` and `tell` are called in the caller's thread only, `stop` about ten times a
    second, `tell` at least every `policy.tell_seconds` (with no outcomes if there is nothing new).
    `gate` is called in the thread that downloads.

    An item whose original is kept is not downloaded. Returns the final counts when every item has
    ended (after `policy.run_seconds`: every item that was begun), or soon after `stop` has said
    yes (then `stopped` is set). What `stop`, `tell` or `items` raise ends the chunk in the same way
    and is passed on. DestinationDown is raised after everything that had ended was told; the rest
    was not begun, or is lost, and may be run again.
    Whatever happens: when this returns, no thread, socket or temporary file of it is left, and
    the destination and the originals are closed.

    Evaluates pixels: only in processes that will not fork afterwards. The C library of the process
    is told to keep memory flat (the module `allocator`).
    """
    keep_memory_flat()
    try:
        return _Chunk(recipe, destination, policy, originals, gate).run(iter(items), stop, tell)
    finally:
        gc.collect()  # once a chunk, what lies about in circles
        give_memory_back()


class _Chunk:
    """The threads of one call, what lies between them, and how it ended."""

    def __init__(
        self,
        recipe: Recipe,
        destination: Destination,
        policy: ChunkPolicy,
        originals: Originals | None,
        gate: Gate | None,
    ) -> None:
        self._policy, self._destination, self._originals = policy, destination, originals
        self._halt, self._board = Halt(), Board()
        self._over = threading.Event()
        self._leaving = threading.Lock()
        self._left_to_upload = policy.upload_threads
        self._error: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._downloader = Downloader(policy, self._halt, self._board, gate)
        self._offer: Callable[[Item], None] = self._downloader.offer
        self._has_room = self._downloader.has_room
        self._finish: Callable[[], None] = self._downloader.finish
        self._fed = False
        self._told_at = self._trimmed_at = time.monotonic()
        self._deaf = False
        self._lay_out(recipe)

    def _lay_out(self, recipe: Recipe) -> None:
        """Connect the stages, from the last to the first."""
        policy, halt, board = self._policy, self._halt, self._board
        to_upload: Channel[Finished] = self._channel(writers=policy.compose_threads)
        to_compose: Channel[Task] = self._channel(writers=2 if self._originals else 1)
        uploader = Uploader(self._destination, policy, board, halt)
        composer = Composer(recipe, policy, board, halt, to_upload)
        for _ in range(policy.upload_threads):
            self._thread("upload", partial(serve, to_upload, uploader), self._one_less)
        for _ in range(policy.compose_threads):
            self._thread("compose", partial(serve, to_compose, composer), to_upload.leave)
        downloaded = to_compose
        if self._originals is not None:
            downloaded = self._lay_out_originals(self._originals, to_compose)
        self._thread("download", partial(self._downloader.run, downloaded), downloaded.leave)

    def _lay_out_originals(self, originals: Originals, to_compose: Channel[Task]) -> Channel[Task]:
        to_keep: Channel[Task] = self._channel()
        to_find: Channel[Item] = Channel(self._halt, most_bytes=1, most_things=64)
        finder = Finder(originals, self._downloader, self._board, self._halt, to_compose)
        self._thread(
            "keep", partial(serve, to_keep, Keeper(originals, to_compose)), to_compose.leave
        )

        def found() -> None:
            to_compose.leave()
            self._downloader.finish()

        self._thread("find", partial(serve, to_find, finder), found)
        self._offer, self._has_room, self._finish = to_find.put, to_find.has_room, to_find.leave
        return to_keep

    def _channel(self, writers: int = 1) -> Channel[Any]:
        return Channel(
            self._halt,
            most_bytes=self._policy.buffer_bytes,
            writers=writers,
            on_room=self._downloader.wake,
        )

    def _one_less(self) -> None:
        with self._leaving:
            self._left_to_upload -= 1
            if self._left_to_upload == 0:
                self._over.set()

    def _thread(self, name: str, work: Callable[[], None], leave: Callable[[], None]) -> None:
        """A thread that tells the next stage when it has ended, however it did."""

        def run() -> None:
            try:
                work()
            except Halted:
                pass
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                self._error = self._error or error
                self._halt.set()
                self._over.set()
            finally:
                leave()

        self._threads.append(threading.Thread(target=run, name=f"pipeline-{name}", daemon=True))

    def run(self, items: Iterator[Item], stop: Callable[[], bool], tell: Tell) -> Flow:
        stopped = False
        self._halt.on_set(self._destination.halt)
        if self._originals is not None:
            self._halt.on_set(self._originals.halt)
        try:
            for thread in self._threads:
                thread.start()
            while not self._over.is_set() and not (stopped := stop()):
                self._feed(items)
                self._tell(tell)
                self._trim()
                self._over.wait(LOOK_SECONDS)
        finally:
            self._end()
            self._tell(tell, last=True)
        if self._error is not None and not stopped:
            raise self._error
        return self._board.flow(stopped=stopped)

    def _feed(self, items: Iterator[Item]) -> None:
        if not self._fed and self._downloader.is_late():
            self._fed = True
            self._finish()
        while not self._fed and self._has_room() and not self._over.is_set():
            try:
                item = next(items)
            except StopIteration:
                self._fed = True
                self._finish()
                return
            self._board.enter()
            self._offer(item)

    def _tell(self, tell: Tell, *, last: bool = False) -> None:
        now = time.monotonic()
        if self._deaf or not (last or now - self._told_at >= self._policy.tell_seconds):
            return
        self._told_at, self._deaf = now, True  # a `tell` that raises is not called again
        tell(self._board.untold(), self._board.flow())
        self._deaf = False

    def _trim(self) -> None:
        now = time.monotonic()
        if now - self._trimmed_at >= TRIM_SECONDS:
            self._trimmed_at = now
            give_memory_back()

    def _end(self) -> None:
        """End the threads, if they have not ended by themselves, and close what is open."""
        self._halt.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self._downloader.close()
        self._destination.close()
        if self._originals is not None:
            self._originals.close()
