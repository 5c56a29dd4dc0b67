"""Jobs that their rows give to this worker, and that it does not know of.

Claims and ends are written without waiting for the disk. A PostgreSQL that loses its last moments
in a crash may forget that a job ended: its worker lives, so nobody would ever take it back.
"""

import logging
from datetime import datetime, timedelta

from celery import Celery
from django.db import transaction

from jobs.engine.ends.turns import give_on
from jobs.engine.worker.ledger import Ledger
from jobs.models import Job
from jobs.operations.claim import interrupt, release

logger = logging.getLogger(__name__)

#: A claim is known to the ledger within milliseconds of its commit: two looks, this far apart.
_LOOK = timedelta(seconds=5)


class Strays:
    """Looks for them every few seconds, and puts back what it has seen twice."""

    def __init__(self, app: Celery, ledger: Ledger) -> None:
        self._app = app
        self._ledger = ledger
        self._seen: set[str] = set()
        self._looked_at: datetime | None = None

    def put_back(self, now: datetime) -> int:
        """Put strays back into the queue; no attempt is spent. Returns how many there were."""
        if self._looked_at is not None and now - self._looked_at < _LOOK:
            return 0
        self._looked_at = now
        worker = self._ledger.worker
        rows = set(Job.objects.held_by(worker).values_list("id", flat=True))
        unknown = rows - set(self._ledger.held)
        strays, self._seen = unknown & self._seen, unknown
        if strays:
            logger.warning("The database has lost the end of %d jobs: they go back.", len(strays))
            with transaction.atomic():
                jobs = release(strays, worker=worker, now=now)
                jobs += interrupt(strays, worker=worker, now=now)
                give_on(self._app, jobs, now=now)
        return len(strays)
