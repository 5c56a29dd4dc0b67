"""Hard time limits where no process can be killed: solo and threads.

Under prefork the pool keeps the limits: it signals its child, and kills it. A solo worker has to
end itself; a thread cannot be ended. Their soft limits are in jobs.engine.pool.alarm.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery.concurrency.prefork import TaskPool as PreforkPool
from celery.concurrency.solo import TaskPool as SoloPool
from django.utils import timezone

from jobs.engine.pool.request import JobRequest
from jobs.engine.worker.ledger import Ledger

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.25
#: The job begins elsewhere only when this process is gone for sure.
_UNTIL_GONE = timedelta(seconds=1)

_WARNINGS = {
    "solo": "The solo pool has no process to end a job in: at a hard time limit the worker itself "
    "exits with 75 and must be started again. A cancel waits until the task looks for it.",
    "other": "The %s pool cannot end a job: a hard time limit does nothing; a soft one and a "
    "cancel wait until the task calls check_cancelled(). Use prefork for jobs that may hang.",
}


def see_to_limits(pool: Any, ledger: Ledger, *, give_up: Callable[[], None]) -> None:
    """Once, at the start of a worker: say what its pool cannot keep, and watch over a solo one."""
    if isinstance(pool, SoloPool):
        logger.warning(_WARNINGS["solo"])
        SoloWatch(pool, ledger, give_up).start()
    elif not isinstance(pool, PreforkPool):
        logger.warning(_WARNINGS["other"], type(pool).__module__.rpartition(".")[2])


class SoloWatch:
    """A thread that ends a solo worker when its job has run into its hard limit."""

    def __init__(self, pool: Any, ledger: Ledger, give_up: Callable[[], None]) -> None:
        self._pool = pool
        self._ledger = ledger
        self._give_up = give_up
        self._running: JobRequest | None = None
        self._since = 0.0

    def start(self) -> None:
        """Start the thread."""
        threading.Thread(target=self.run, name="hachi-limits", daemon=True).start()

    def run(self) -> None:
        """Look until a job has run too long."""
        while not self.look(time.monotonic()):
            time.sleep(_LOOK_SECONDS)

    def look(self, now: float) -> bool:
        """Whether a job has run too long, and the worker ends. `now` is a time.monotonic()."""
        held = list(self._ledger.held.values())
        begun = (r for r in held if r.time_start is not None and not r.ended)
        running = next(begun, None)
        if running is not self._running:
            self._running, self._since = running, now
        hard = running.limits_in(self._pool)[0] if running else None
        if running is None or hard is None or now - self._since < hard:
            return False
        if not running.end_at_limit(hard, gone_at=timezone.now() + _UNTIL_GONE):
            return False
        logger.critical("A solo worker has no other way to end a job: it exits.")
        self._give_up()
        return True
