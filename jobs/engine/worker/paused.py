"""Claimed jobs that are paused since: the keeper notes them, the consumer gives them back."""

from collections import deque
from collections.abc import Callable

from jobs.engine.pool.request import JobRequest


class Paused:
    """What is to go back, from the keeper's thread to the one that hands requests to the pool.

    Only there nothing can begin in the moment in which it is given back.
    """

    def __init__(self, *, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._noted: deque[JobRequest] = deque()

    def note(self, request: JobRequest) -> None:
        """From any thread: a pause concerns this one."""
        self._noted.append(request)
        self._wake()

    def give_back(self) -> None:
        """Give back what has not gone into the pool meanwhile."""
        while self._noted:
            request = self._noted.popleft()
            if not request.in_pool and not request.bundled:
                request.give_back()
