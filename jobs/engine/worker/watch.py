"""Alive, but takes no jobs: noticed from outside the main loop, and mended without a person.

Celery's workers are known to go on beating after a loss of Redis without ever asking it for a
message again. Two signs show that a worker takes jobs: its main loop comes by, and Redis answers
its request for messages, which it does within a second. A worker whose slots and credit are used
up need not ask; one that runs a job in its main thread (solo) cannot.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

logger = logging.getLogger(__name__)

#: A look that comes later than this proves nothing: the watch itself was held up.
_LONGEST_LOOK = 2.0
#: So many times the seconds until a worker reconnects, it gives up.
_PATIENCE = 3


class Watched(Protocol):
    """What a worker shows of itself, and what can be done to it. From any thread."""

    def standstill(self, now: float) -> str:
        """Why it takes no jobs although it could; empty if it does. `now` is time.monotonic()."""

    def reconnect(self) -> None:
        """Drop the connection to Redis and make a new one."""

    def give_up(self, *, at_once: bool) -> None:
        """Give everything back and exit, to be started again."""


class Watch:
    """Counts the seconds for which one worker has been deaf."""

    def __init__(
        self, worker: Watched, *, seconds: float, redis_answers: Callable[[], bool]
    ) -> None:
        self._worker = worker
        self._seconds = seconds
        self._redis_answers = redis_answers
        self._looked_at: float | None = None
        self._deaf = 0.0
        self._reconnected = False
        self._gave_up = False
        #: Since when the worker has been deaf, once that is sure.
        self.deaf_since: datetime | None = None

    def look(self, now: datetime, clock: float) -> None:
        """Look once; call it about once a second. `clock` is a time.monotonic().

        While Redis does not answer anybody, a worker cannot be blamed.
        """
        passed = min(clock - (self._looked_at or clock), _LONGEST_LOOK)
        self._looked_at = clock
        why = self._worker.standstill(clock)
        if not why or not self._redis_answers():
            if self._reconnected and not why:
                logger.warning("This worker takes jobs again.")
            self._deaf, self._reconnected, self.deaf_since = 0.0, self._gave_up, None
            return
        self._deaf += passed
        if self._deaf >= self._seconds and not self._reconnected:
            self._reconnected = True
            self.deaf_since = now - timedelta(seconds=self._deaf)
            logger.error("This worker is alive but takes no jobs: %s. It reconnects.", why)
            self._worker.reconnect()
        if self._deaf >= self._seconds * _PATIENCE:
            self.end(why, at_once=why == STANDS_STILL)

    def end(self, why: str, *, at_once: bool = True) -> None:
        """Have the worker exit, once."""
        if not self._gave_up:
            self._gave_up = True
            logger.critical("This worker is alive but takes no jobs: %s. It gives up.", why)
            self._worker.give_up(at_once=at_once)


STANDS_STILL = "its main loop stands still"
NO_CONNECTION = "it has no connection to Redis"
NO_ANSWER = "it has no answer from Redis"
