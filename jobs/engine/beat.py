"""Beat: turns the schedules of django-celery-beat into jobs, one for each tick.

A tick is a unique row: two beats at once, a beat that restarts, and a clock that jumps make one
job of it. The job and the schedule's last run are written in one transaction.
"""

import logging
import time
from datetime import datetime
from multiprocessing.util import Finalize
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from jobs.engine.node import default_name, new_node
from jobs.engine.ticks import aligned, due_after
from jobs.errors import DatabaseUnavailable
from jobs.models import Node
from jobs.operations.nodes import enroll, heartbeat, leave

logger = logging.getLogger(__name__)

_BEAT_SECONDS = 2.0
_PAUSE_SECONDS = 1.0


class JobEntry(ModelEntry):
    """A schedule whose intervals stand on a grid."""

    def __init__(self, model: PeriodicTask, app: Any = None) -> None:
        super().__init__(model, app=app)
        self.schedule: Any = aligned(self.schedule)

    def options_for(self, tick: datetime) -> dict[str, Any]:
        """Options of the job that stands for `tick`."""
        headers = self.options["headers"] | {"schedule": self.name, "tick": tick.isoformat()}
        options: dict[str, Any] = self.options | {"headers": headers}
        return options


class JobScheduler(DatabaseScheduler):
    """The scheduler of `celery -A config beat`."""

    Entry = JobEntry
    #: The base class would connect to Redis here, and wait for it.
    producer = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._node = new_node(Node.Kind.BEAT, default_name(), now=timezone.now())
        self._enrolled = False
        self._beaten = float("-inf")
        super().__init__(*args, **kwargs)
        Finalize(self, self._sign_off, exitpriority=10)  # once a TERM has unwound the stack

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One look at the schedules; returns the seconds until the next. Waits out the database."""
        try:
            self._beat()
            return min(float(super().tick(*args, **kwargs)), _BEAT_SECONDS)
        except (DatabaseError, InterfaceError, DatabaseUnavailable) as error:
            logger.error("The database does not answer (%s); trying again.", error)
            connection.close()
            return _PAUSE_SECONDS

    def enabled_models_qs(self) -> Any:
        """All enabled schedules.

        The base class leaves out crontabs of other hours and reads them when their hour is near:
        a daily one that was missed then runs early the next day, and again on time.
        """
        return self.Model.objects.enabled()

    def apply_entry(self, entry: JobEntry, producer: Any = None) -> None:
        """Submit the job of the tick; waits until the database takes it, so no tick is lost."""
        while True:
            try:
                self.submit(entry, now=timezone.now())
                return
            except (OperationalError, InterfaceError, DatabaseUnavailable) as error:
                logger.error("The job of %s waits for the database: %s", entry.name, error)
                connection.close()
                time.sleep(_PAUSE_SECONDS)
            except Exception:
                # One schedule with broken arguments must not stop the others.
                logger.exception("The job of schedule %s could not be submitted.", entry.name)
                return

    def submit(self, entry: JobEntry, *, now: datetime) -> None:
        """Write the job of the tick and the schedule's last run together."""
        tick = due_after(entry.schedule, entry.last_run_at, now)
        with transaction.atomic():
            self.app.send_task(entry.task, entry.args, entry.kwargs, **entry.options_for(tick))
            PeriodicTask.objects.filter(pk=entry.model.pk).update(
                last_run_at=now, total_run_count=F("total_run_count") + 1
            )

    def sync(self) -> None:
        """Nothing: `submit` has written the last runs.

        Celery calls this in its handler of TERM, perhaps in the middle of a query of this very
        thread, which would then wait for itself.
        """

    def _sign_off(self) -> None:
        try:
            leave(self._node.id)
        except (DatabaseError, InterfaceError):
            logger.warning("This beat could not sign off; its row runs out by itself.")

    def _beat(self) -> None:
        if time.monotonic() - self._beaten < _BEAT_SECONDS:
            return
        self._beaten = time.monotonic()
        now = timezone.now()
        if not (self._enrolled and heartbeat(self._node.id, now=now)):
            self._node.seen_at = now
            enroll(self._node)
            self._enrolled = True
