"""What all threads of a worker's parent tell the ledger; its own thread reads it."""

from datetime import datetime
from queue import SimpleQueue
from threading import Lock
from typing import Any

from jobs.engine.ends.endings import Ending
from jobs.engine.pool.request import JobRequest
from jobs.engine.worker.notes import End, Note, Offer, Refused, Start, TakenBack


class Notebook:
    """Takes notes from any thread."""

    def __init__(self) -> None:
        self._inbox: SimpleQueue[Note] = SimpleQueue()
        #: How many requests the pool has; the consumer counts up, the end of an attempt down.
        self.in_pool = 0
        self._counting = Lock()

    def take_slot(self) -> None:
        """The pool is about to get a request."""
        with self._counting:  # a count that is lost between two threads is a slot that is lost
            self.in_pool += 1

    def free_slot(self) -> None:
        """The pool is done with one."""
        with self._counting:
            self.in_pool -= 1

    def offer(self, request: JobRequest) -> None:
        """A message has come: claim its job."""
        self._inbox.put(Offer(request))

    def note_start(self, request: JobRequest, at: datetime) -> None:
        """The pool has begun an attempt."""
        self._inbox.put(Start(request, at))

    def note_start_before(self, request: JobRequest, at: datetime) -> None:
        """Write the start of an attempt, and then offer it to the pool; it keeps a slot meanwhile.

        Starts are written a few milliseconds after they happen. A job that kills its whole worker
        within that time would leave no trace and run for ever; so a job that a dead worker had
        claimed begins only once its start is in the database, where it counts as a crash.
        """
        request.suspect = False
        self.take_slot()
        self._inbox.put(Start(request, at, before=True))

    def note_end(self, request: JobRequest, ending: Ending) -> None:
        """An attempt has ended, or goes back without having begun."""
        self._inbox.put(End(request, ending))

    def note_taken_back(self, request: JobRequest, error_type: str, reason: str) -> None:
        """A claimed job must not begin any more."""
        self._inbox.put(TakenBack(request, error_type, reason))

    def note_refused(self, message: Any, error_type: str, reason: str) -> None:
        """A message that can never run becomes a failed row."""
        self._inbox.put(Refused(message, error_type, reason))
