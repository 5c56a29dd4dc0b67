"""The stages after the download, as what a thread does with one task."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from jobs.work.images import BadImage
from jobs.work.pipeline.board import Board, Place
from jobs.work.pipeline.channel import Channel
from jobs.work.pipeline.classes import compose_failed
from jobs.work.pipeline.composition import Composed, compose
from jobs.work.pipeline.destination import Destination, Stored
from jobs.work.pipeline.downloading import Downloader, Task
from jobs.work.pipeline.errors import DestinationDown, Halted, ItemFailed, forget_frames
from jobs.work.pipeline.failures import Failure, Stage
from jobs.work.pipeline.halting import Halt
from jobs.work.pipeline.items import Item, Outcome, failed
from jobs.work.pipeline.originals import Originals
from jobs.work.pipeline.policy import ChunkPolicy
from jobs.work.pipeline.recipe import Recipe

log = logging.getLogger(__name__)
T = TypeVar("T")


class Finder:
    """Looks for a kept original before anything is downloaded."""

    def __init__(
        self,
        originals: Originals,
        downloader: Downloader,
        board: Board,
        halt: Halt,
        out: Channel[Task],
    ) -> None:
        self._originals, self._downloader, self._board = originals, downloader, board
        self._halt, self._out = halt, out

    def __call__(self, item: Item) -> None:
        data = self._originals.find(item.url)
        if data is None:
            while not self._downloader.has_room():
                self._halt.sleep(0.05)
            self._downloader.offer(item)
            return
        self._board.move(Place.WAITING, Place.DOWNLOADED)
        task = Task(item, tries=1, data=data, original=self._originals.name(item.url))
        self._out.put(task, len(data))


class Keeper:
    """Keeps what was downloaded."""

    def __init__(self, originals: Originals, out: Channel[Task]) -> None:
        self._originals, self._out = originals, out

    def __call__(self, task: Task) -> None:
        task.original = self._originals.keep(task.item.url, task.data)
        self._out.put(task, len(task.data))


class Composer:
    """Composes, within the time that one picture may take."""

    def __init__(
        self,
        recipe: Recipe,
        policy: ChunkPolicy,
        board: Board,
        halt: Halt,
        out: "Channel[Finished]",
    ) -> None:
        self._recipe, self._policy, self._board = recipe, policy, board
        self._halt, self._out = halt, out

    def __call__(self, task: Task) -> None:
        self._board.move(Place.DOWNLOADED, Place.COMPOSING)
        try:
            made = self._made(task.data)
        except ItemFailed as error:
            self._board.end(Place.COMPOSING, _failed(task, error, len(task.data)))
            forget_frames(error)
            return
        self._board.move(Place.COMPOSING, Place.COMPOSED)
        bytes_in, task.data = len(task.data), b""
        self._out.put(Finished(task, made, bytes_in), len(made.data))

    def _made(self, data: bytes) -> Composed:
        deadline = time.monotonic() + self._policy.compose_seconds

        def watch() -> None:
            self._halt.check()
            if time.monotonic() > deadline:
                detail = f"Composing took more than {self._policy.compose_seconds:g} seconds."
                raise ItemFailed(Stage.COMPOSE, Failure.TOO_SLOW, detail)

        try:
            return compose(
                data,
                self._recipe,
                limits=self._policy.limits,
                thumbnail_side=self._policy.thumbnail_side,
                watch=watch,
            )
        except BadImage as error:
            raise compose_failed(error) from error
        except (Halted, ItemFailed):
            raise
        except Exception as error:
            raise _internal(Stage.COMPOSE, error) from error


class Finished:
    """A composed picture on its way to the destination."""

    __slots__ = ("bytes_in", "made", "task")

    def __init__(self, task: Task, made: Composed, bytes_in: int) -> None:
        self.task, self.made, self.bytes_in = task, made, bytes_in


class Uploader:
    """Uploads; a destination that fails is tried again before it counts as down."""

    def __init__(
        self, destination: Destination, policy: ChunkPolicy, board: Board, halt: Halt
    ) -> None:
        self._destination, self._policy, self._board = destination, policy, board
        self._halt = halt

    def __call__(self, finished: Finished) -> None:
        self._board.move(Place.COMPOSED, Place.UPLOADING)
        try:
            stored = self._stored(finished)
        except ItemFailed as error:
            outcome = _failed(finished.task, error, finished.bytes_in)
            forget_frames(error)
        else:
            outcome = _done(finished, stored)
        self._board.end(Place.UPLOADING, outcome)

    def _stored(self, finished: Finished) -> Stored:
        name, made = finished.task.item.name, finished.made
        for tries in range(1, self._policy.upload_tries + 1):
            try:
                return self._destination.put(name, made.data, made.format.content_type)
            except DestinationDown as error:
                if not error.passes or tries == self._policy.upload_tries:
                    raise
            except (Halted, ItemFailed):
                raise
            except Exception as error:
                raise _internal(Stage.UPLOAD, error) from error
            self._halt.sleep(self._policy.retry_seconds * 2 ** (tries - 1))
        raise AssertionError("upload_tries is at least 1")


def serve(inbox: Channel[T], work: Callable[[T], None]) -> None:
    """Do the work with each thing of a channel until it ends. Raises Halted, DestinationDown."""
    while (thing := inbox.get()) is not None:
        work(thing)
        del thing  # or it would be held while waiting for the next


def _failed(task: Task, error: ItemFailed, bytes_in: int) -> Outcome:
    return failed(task.item, error, bytes_in=bytes_in, tries=task.tries, original=task.original)


def _done(finished: Finished, stored: Stored) -> Outcome:
    return Outcome(
        item=finished.task.item,
        stage=Stage.UPLOAD,
        tries=finished.task.tries,
        bytes_in=finished.bytes_in,
        bytes_out=stored.size,
        width=finished.made.width,
        height=finished.made.height,
        etag=stored.etag,
        original=finished.task.original,
        thumbnail=finished.made.thumbnail,
    )


def _internal(stage: Stage, error: Exception) -> ItemFailed:
    log.exception("An item failed in %s for a reason that nobody thought of.", stage)
    return ItemFailed(
        stage, Failure.INTERNAL, f"An error in the pipeline ({type(error).__name__})."
    )
