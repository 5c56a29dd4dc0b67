"""A request that ends once, whoever says so, and of which every thread thinks the same."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

from celery.worker import state
from django.utils import timezone

from jobs.engine.ends.endings import Ending, interrupted, returned, unwritable
from jobs.engine.pool.undecoded import UndecodedRequest

if TYPE_CHECKING:
    from jobs.engine.worker.ledger import Ledger

logger = logging.getLogger(__name__)


def surely(tell: Callable[..., None]) -> Callable[..., None]:
    """Whatever goes wrong in what the pool tells, it ends: a slot and a row wait for that."""

    @wraps(tell)
    def told(request: "OneEndRequest", *args: Any, **kwargs: Any) -> None:
        try:
            tell(request, *args, **kwargs)
        except Exception as error:
            logger.exception("What became of %s[%s] is not clear.", request.name, request.id)
            request.fail("What the pool told of it made no sense", error)

    return told


class OneEndRequest(UndecodedRequest):
    """Several threads decide about it: the main one hands it over, the keeper's and the stopper's
    take it back, the pool's end it. Who gets a lock first has its way, once.
    """

    #: When its attempt began, in seconds since 1970.
    time_start: float | None = None
    #: It takes one of the pool's slots.
    in_pool = False

    def __init__(self, message: Any, *, ledger: "Ledger", **options: Any) -> None:
        super().__init__(message, **options)
        self.ledger = ledger
        #: Locked for good by who hands it to the pool, or takes it back.
        self._gone = threading.Lock()
        #: By who ends it.
        self._over = threading.Lock()
        self._acked = threading.Lock()

    @property
    def ended(self) -> bool:
        """Whether its attempt has ended, or it was taken back before one began."""
        return self._over.locked()

    def give_back(self) -> None:
        """Put it back into the queue, unless it has gone into the pool. From any thread."""
        if self._gone.acquire(blocking=False):
            self._end(returned(timezone.now()))

    def fail(self, why: str, error: Exception) -> None:
        """End it with `error`, which is not the task's."""
        self._end(unwritable(error, why))

    def forget(self) -> None:
        """It is somebody else's by now, and has not begun: it does not, and nothing is written."""
        self._gone.acquire(blocking=False)  # if the pool has it already, it will not listen
        if self._over.acquire(blocking=False):
            self.acknowledge()  # or its message uses up credit for ever
            state.task_ready(self)

    def interrupt(self, again_at: datetime) -> None:
        """Cut the attempt short, if it has begun: it does not count, and the job runs again.

        The pool is about to end: what waits in it goes back as well.
        """
        self._gone.acquire(blocking=False)
        if self._close():  # before the look: what begins from now on sees that it has ended
            begun, now = self.time_start is not None, timezone.now()
            self._note(interrupted(now, again_at) if begun else returned(now))

    def _end(self, ending: Ending) -> bool:
        """Note how the attempt ended; False if that was known before."""
        if not self._close():
            return False
        self._note(ending)
        return True

    def _note(self, ending: Ending) -> None:
        self.ledger.note_end(self, ending)
        state.task_ready(self, successful=ending.error is None)

    def _leave_pool(self) -> None:
        if self.__dict__.pop("in_pool", False):  # in one step: two threads may come
            self.ledger.note_free_slot()

    def _close(self) -> bool:
        """Leave the pool; False if it has ended before. Celery's books come after ours."""
        self._leave_pool()  # also if it was forgotten while it was on its way into the pool
        if not self._over.acquire(blocking=False):
            return False
        self.acknowledge()
        return True

    def acknowledge(self) -> None:
        """Give its credit back, once: kombu takes a second time for a reason to end the worker."""
        if self._acked.acquire(blocking=False):
            super().acknowledge()
