"""Garbage that this worker has met and not yet counted in the database.

The transport meets it in the main loop, which must not wait for a database; the keeper writes it
within a second.
"""

import threading
from datetime import datetime

from jobs.operations.garbage import count_garbage


class Tally:
    """How much of it came through each queue, and why the last could not be read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._met: dict[str, tuple[int, str]] = {}

    def note(self, queue: str, error: str) -> None:
        """One item more."""
        self._add(queue, 1, error)

    def write(self, now: datetime) -> None:
        """Count in the database what was noted.

        Raises:
            django.db.Error: the database is away; what is not written is kept for the next time.
        """
        for queue in list(self._met):
            with self._lock:
                number, error = self._met.pop(queue)
            try:
                count_garbage(queue, number, error=error, now=now)
            except BaseException:
                self._add(queue, number, error)
                raise

    def _add(self, queue: str, number: int, error: str) -> None:
        with self._lock:
            before, _ = self._met.get(queue, (0, ""))
            self._met[queue] = (before + number, error)


tally = Tally()
