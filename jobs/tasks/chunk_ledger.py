"""What the run of a chunk writes down while it works: outcomes, thumbnails, progress."""

import logging
import time
from collections.abc import Sequence

from django.core.files.storage import default_storage
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from jobs.engine.context import check_cancelled, progress
from jobs.engine.session import is_away
from jobs.errors import ClaimLost
from jobs.models import Pipeline
from jobs.operations.pipelines import outcomes
from jobs.operations.pipelines.claim import Taken
from jobs.operations.pipelines.cleanup import THUMBNAILS
from jobs.operations.pipelines.outcomes import Noted
from jobs.work.pipeline import (
    DestinationDown,
    Flow,
    ItemFailed,
    Originals,
    Outcome,
    StorageDestination,
)

logger = logging.getLogger(__name__)

#: How long the end of a chunk waits for a database that is away, before it fails.
PATIENCE_SECONDS = 60.0
_REFUSED = (DatabaseError, InterfaceError)


class ChunkLedger:
    """Takes what `run_chunk` tells, and writes it in small groups, fenced by the claim."""

    def __init__(self, pipeline: Pipeline, taken: Taken, originals: Originals) -> None:
        self.pipeline = pipeline
        self.claim = taken.claim
        self.items = {item.number: item for item in taken.items}
        self.done = self.failed = 0
        #: Items that the run did not begin, and gave back.
        self.left = 0
        self._originals = originals
        self._thumbnails = StorageDestination(default_storage)
        self._pending: list[Noted] = []
        #: A write broke off: it may have been committed all the same.
        self._in_doubt = False

    def stop(self) -> bool:
        """Raises JobCancelled if somebody has cancelled the job. There is no other way to stop."""
        check_cancelled()
        return False

    def tell(self, ended: Sequence[Outcome], flow: Flow) -> None:
        """Write what has ended. A database that is away for a moment stops nothing."""
        self._pending += [self._noted(outcome) for outcome in ended]
        try:
            self._write()
        except _REFUSED as error:
            self._note_doubt(error)
        progress(flow.done + flow.failed, len(self.items), in_words(flow))

    def close(self) -> None:
        """Write what is left. Raises django.db.Error if the database stays away."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self._write()
                return
            except _REFUSED as error:
                self._note_doubt(error)
                if time.monotonic() > until:
                    raise
                time.sleep(1)

    def give_up(self) -> None:
        """The run ends by an error: write what is known, and let go of the rest."""
        try:
            self._write()
            outcomes.give_back(self.claim, spent_at=timezone.now())
        except (*_REFUSED, ClaimLost) as error:
            if not (isinstance(error, ClaimLost) or is_away(error)):
                raise
            logger.warning("A chunk of pipeline %s was left as it is: %s", self.pipeline.pk, error)

    def _write(self) -> None:
        if not self._pending:
            return
        # Whatever breaks off the write, a limit of time among others: it may be there all the same.
        doubt, self._in_doubt = self._in_doubt, True
        written = outcomes.note_outcomes(self._pending, claim=self.claim, now=timezone.now())
        if written < len(self._pending) and not doubt:
            raise ClaimLost
        ended, self._pending, self._in_doubt = self._pending, [], False
        for noted in ended:
            self.done += noted.outcome.done
            self.failed += not noted.outcome.done
            if noted.outcome.done:
                self._originals.forget(noted.item.url)

    def _note_doubt(self, error: Exception) -> None:
        """Raises `error` unless it means that the same may work later."""
        if not is_away(error):
            raise error
        logger.warning("Outcomes are written later, the database does not answer: %s", error)
        connection.close()

    def _noted(self, outcome: Outcome) -> Noted:
        item = self.items[outcome.item.number]
        return Noted(item, outcome, self._stored_thumbnail(item.number, outcome.thumbnail))

    def _stored_thumbnail(self, number: int, data: bytes) -> str:
        """Its name in storage; empty if there is none, or if it could not be kept."""
        if not data:
            return ""
        name = f"{THUMBNAILS}/{self.pipeline.pk}/{number:06d}.jpg"
        try:
            return self._thumbnails.put(name, data, "image/jpeg").name
        except (DestinationDown, ItemFailed) as error:
            logger.warning("A thumbnail could not be kept: %s", error)
            return ""


def in_words(flow: Flow) -> str:
    """What a chunk is doing now: 3 downloading, 1 composing, 2 uploading."""
    now = {
        "downloading": flow.downloading,
        "composing": flow.downloaded + flow.composing,
        "uploading": flow.composed + flow.uploading,
        "waiting for another try": flow.waiting,
    }
    return ", ".join(f"{number} {what}" for what, number in now.items() if number)
