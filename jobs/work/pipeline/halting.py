"""One flag that everything in a chunk looks at, and that wakes whatever waits."""

import threading
from collections.abc import Callable

from jobs.work.pipeline.errors import Halted


class Halt:
    """Set once, from any thread; what was hung on it is then called, in that order."""

    def __init__(self) -> None:
        self._flag = threading.Event()
        self._calls: list[Callable[[], None]] = []

    def on_set(self, call: Callable[[], None]) -> None:
        """Call this when the flag is set. Only before the threads begin."""
        self._calls.append(call)

    def set(self) -> None:
        """Halt. A second time does nothing."""
        if not self._flag.is_set():
            self._flag.set()
            for call in self._calls:
                call()

    def is_set(self) -> bool:
        return self._flag.is_set()

    def check(self) -> None:
        """Raises Halted once the flag is set."""
        if self._flag.is_set():
            raise Halted

    def sleep(self, seconds: float) -> None:
        """Wait so long. Raises Halted as soon as the flag is set."""
        if self._flag.wait(seconds):
            raise Halted
