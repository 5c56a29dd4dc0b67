"""What lies between two stages: a queue bounded by the bytes in it."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from jobs.work.pipeline.halting import Halt

T = TypeVar("T")


class Channel(Generic[T]):
    """A queue for threads. It has room while it holds fewer than `most_bytes` and `most_things`,
    so one thing larger than that still gets through, alone.

    It ends when each of its `writers` has left; readers then get None. On a halt every call
    raises Halted, and what lies in the queue is dropped.
    """

    def __init__(
        self,
        halt: Halt,
        *,
        most_bytes: int,
        most_things: int = 1_000,
        writers: int = 1,
        on_room: Callable[[], None] = lambda: None,
    ) -> None:
        self._halt = halt
        self._most_bytes, self._most_things = most_bytes, most_things
        self._writers = writers
        self._on_room = on_room
        self._things: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        halt.on_set(self._drop)

    def has_room(self) -> bool:
        """Whether `put` would not wait, as far as one can know."""
        return self._bytes < self._most_bytes and len(self._things) < self._most_things

    def put(self, thing: T, size: int = 0) -> None:
        """Add a thing of so many bytes, once there is room. Raises Halted."""
        with self._changed:
            while not self.has_room():
                self._halt.check()
                self._changed.wait()
            self._add(thing, size)

    def push(self, thing: T, size: int = 0) -> None:
        """Add a thing whether there is room or not. Raises Halted."""
        with self._changed:
            self._add(thing, size)

    def get(self) -> T | None:
        """The oldest thing, once there is one; None when no more will come. Raises Halted."""
        with self._changed:
            while not self._things:
                self._halt.check()
                if self._writers <= 0:
                    return None
                self._changed.wait()
            self._halt.check()
            was_full = not self.has_room()
            thing, size = self._things.popleft()
            self._bytes -= size
            self._changed.notify_all()
        if was_full:
            self._on_room()
        return thing

    def leave(self) -> None:
        """One of the writers puts nothing more."""
        with self._changed:
            self._writers -= 1
            self._changed.notify_all()

    def _add(self, thing: T, size: int) -> None:
        self._halt.check()
        self._things.append((thing, size))
        self._bytes += size
        self._changed.notify_all()

    def _drop(self) -> None:
        with self._changed:
            self._things.clear()
            self._bytes = 0
            self._changed.notify_all()
