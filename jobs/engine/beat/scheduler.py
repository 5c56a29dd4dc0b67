"""Beat: turns the schedules of django-celery-beat into jobs, one for each tick.

A tick is a unique row: two beats at once, a beat that restarts, and a clock that jumps make one
job of it. The job and the schedule's last run are written in one transaction. What was missed, and
what may not overlap, is for the policy of the schedule to say (jobs.engine.beat.runs).
"""

import logging
import time
from datetime import UTC, datetime
from multiprocessing.util import Finalize
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from jobs.engine.beat.alerts import raise_alarms
from jobs.engine.beat.entry import JobEntry
from jobs.engine.beat.runs import run_due, run_waiting
from jobs.engine.beat.wall_clock import WallClock
from jobs.engine.node import default_name, new_node
from jobs.errors import DatabaseUnavailable
from jobs.models import Node
from jobs.operations import schedule_runs as runs
from jobs.operations.nodes import enroll, heartbeat, leave

logger = logging.getLogger(__name__)

_BEAT_SECONDS = 2.0
_PAUSE_SECONDS = 1.0
#: Between two looks for what did not run or did not finish.
_LOOK_SECONDS = 10.0
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class JobScheduler(DatabaseScheduler):
    """The scheduler of `celery -A config beat`."""

    Entry = JobEntry
    #: The base class would connect to Redis here, and wait for it.
    producer = None
    _last_timestamp: datetime | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._node = new_node(Node.Kind.BEAT, default_name(), now=timezone.now())
        self._enrolled = False
        self._clock = WallClock()
        self._beaten = self._looked = float("-inf")
        super().__init__(*args, **kwargs)
        Finalize(self, self._sign_off, exitpriority=10)  # once a TERM has unwound the stack

    def setup_schedule(self) -> None:
        """Read the schedules for the first time; wait for a database that is away."""
        while True:
            try:
                super().setup_schedule()
                return
            except (DatabaseError, InterfaceError, DatabaseUnavailable) as error:
                logger.error("Beat waits for the database: %s", error)
                connection.close()
                time.sleep(_PAUSE_SECONDS)

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
        return self.Model.objects.enabled().select_related("policy", "watch")

    def all_as_schedule(self) -> dict[str, JobEntry]:
        """The entries of all enabled schedules; one that makes no sense is left out."""
        try:
            # The base class would take the first change that it sees for the state it has read.
            self._last_timestamp = self._last_timestamp or self.Changes.last_change() or _LONG_AGO
            runs.note_switches(now=timezone.now())
            models = self.enabled_models()
        except (DatabaseError, InterfaceError):
            self._read_anew()  # or the change would be forgotten
            raise
        return {model.name: entry for model in models if (entry := self._entry(model))}

    def schedule_changed(self) -> bool:
        """Whether the rows were edited since they were read, also for the first time ever.

        The base class takes an edit for old news if the clock was put back before it was made.
        """
        before = self._last_timestamp
        changed = bool(super().schedule_changed())
        self._last_timestamp = self._last_timestamp or _LONG_AGO
        return changed or (before is not None and self._last_timestamp != before)

    def _read_anew(self) -> None:
        """Have the rows read and the times reckoned once more, before the next look."""
        self._initial_read, self._heap = True, None

    def _entry(self, model: PeriodicTask) -> JobEntry | None:
        try:
            return JobEntry(model, app=self.app)
        except (DatabaseError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 - one bad schedule must not stop the others
            logger.error("The schedule %s cannot be kept: %s", model.name, error)
            return None

    def apply_entry(self, entry: JobEntry, producer: Any = None) -> None:
        """Submit the job of the tick; waits until the database takes it, so no tick is lost."""
        while True:
            try:
                run_due(self.app, entry, now=timezone.now())
                return
            except (OperationalError, InterfaceError, DatabaseUnavailable) as error:
                logger.error("The job of %s waits for the database: %s", entry.name, error)
                connection.close()
                time.sleep(_PAUSE_SECONDS)
            except Exception:
                # One schedule with broken arguments must not stop the others.
                logger.exception("The job of schedule %s could not be submitted.", entry.name)
                return

    def sync(self) -> None:
        """Nothing: `run_due` has written the last runs.

        Celery calls this in its handler of TERM, perhaps in the middle of a query of this very
        thread, which would then wait for itself.
        """

    def _sign_off(self) -> None:
        try:
            leave(self._node.id)
        except (DatabaseError, InterfaceError):
            logger.warning("This beat could not sign off; its row runs out by itself.")

    def _beat(self) -> None:
        now, monotonic = timezone.now(), time.monotonic()
        jumped = self._clock.has_jumped(now.timestamp(), monotonic)
        if monotonic - self._beaten < _BEAT_SECONDS and not jumped:
            return
        self._beaten = monotonic
        if runs.forget_the_future(now) or jumped:
            # What waits for a time of the other clock would wait for hours.
            self._read_anew()
        if not (self._enrolled and heartbeat(self._node.id, now=now)):
            self._node.seen_at = now
            enroll(self._node)
            self._enrolled = True
        self._look_after_the_others(now)

    def _look_after_the_others(self, now: datetime) -> None:
        """What no tick of its own brings up: runs that wait for another, and what is not well."""
        for pk in runs.waiting():
            self._run_waiting(pk)
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
            raise_alarms(self.app, now=now)

    def _run_waiting(self, pk: int) -> None:
        model = self.enabled_models_qs().filter(pk=pk).first()
        entry = self._entry(model) if model else None
        try:
            if entry:
                run_waiting(self.app, entry)
        except (OperationalError, InterfaceError, DatabaseUnavailable):
            raise
        except Exception:
            logger.exception("The waiting run of schedule %s could not be submitted.", model)
