"""The running attempt, as the task sees it: progress, log, cancel. Runs in the pool's process.

The worker's parent writes rows in batches; what an attempt has to say is gathered here and goes to
the parent with its result. Only what people watch while it runs is written from this process, about
once a second: progress here, log lines by jobs.engine.job_log.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from celery.exceptions import Ignore, SoftTimeLimitExceeded
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from jobs.engine.job_log import JobLog
from jobs.errors import JobCancelled
from jobs.operations.logs import Line, cancel_requested, write_progress
from jobs.operations.submit import Draft

logger = logging.getLogger("jobs.task")
_engine_logger = logging.getLogger(__name__)

#: Seconds between two writes of progress, and between two looks for a cancel.
_THROTTLE = 1.0


@dataclass(slots=True)
class Report:
    """What the parent needs to write: the end of an attempt in the pool's process."""

    started_at: datetime
    finished_at: datetime
    #: kombu's JSON text of what the task returned.
    result: str = ""
    error_type: str = ""
    error_message: str = ""
    traceback: str = ""
    fingerprint: str = ""
    #: Why there is another attempt, or none (jobs.engine.retries.retrying).
    verdict: str = ""
    resubmission: Draft | None = None
    progress: tuple[int | None, int | None, str] | None = None
    lines: list[Line] = field(default_factory=list)
    #: Chained tasks that can never run because this one failed: id, task, and the chord that it
    #: belongs to.
    abandoned: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Attempt:
    """The attempt that this thread is running."""

    id: str
    number: int
    worker: str
    report: Report
    #: The batch that the job is a member of.
    batch: str = ""
    resubmission: Draft | None = None
    #: When the task is to learn that its soft time limit is over, as time.monotonic(); only where
    #: no signal tells it (jobs.engine.pool.alarm).
    soft_deadline: float | None = None
    #: None until it logs.
    _log: JobLog | None = None
    _wrote_progress: float = 0.0
    _looked_for_cancel: float = 0.0

    def add_line(self, line: Line) -> None:
        """Keep a log line; it is written within about a second (jobs.engine.job_log)."""
        if self._log is None:
            self._log = JobLog(self.id, self.number, self.worker, self.report.started_at)
        self._log.add(line)

    def set_progress(self, done: int | None, total: int | None, message: str) -> None:
        """Keep the newest progress, and write it about once a second."""
        done, total = _countable(done), _countable(total)
        self.report.progress = (done, total, message := str(message))
        if not self._due(self._wrote_progress) or _in_transaction():
            return
        self._wrote_progress = time.monotonic()
        with _forgiving("Progress"):
            write_progress(
                self.id, self.number, worker=self.worker, done=done, total=total, message=message
            )

    def check_cancelled(self, *, at_once: bool = False) -> None:
        """Raise JobCancelled if somebody has asked to cancel the job, or that time is over."""
        if self.soft_deadline is not None and time.monotonic() >= self.soft_deadline:
            self.soft_deadline = float("inf")  # once; the task may look again while it tidies up
            raise SoftTimeLimitExceeded
        if at_once or self._due(self._looked_for_cancel):
            self._looked_for_cancel = time.monotonic()
            asked = False
            with _forgiving("A cancel"):
                asked = cancel_requested(self.id)
            if asked:
                raise JobCancelled("The task saw the request and stopped.")

    def close(self) -> Report:
        """The report, complete but for what Celery's tracer returns."""
        self.report.finished_at = timezone.now()
        self.report.resubmission = self.resubmission
        self.report.lines = self._log.close() if self._log else []
        return self.report

    @staticmethod
    def _due(last: float) -> bool:
        return time.monotonic() - last >= _THROTTLE


@contextmanager
def _forgiving(what: str) -> Iterator[None]:
    """A database that is away must not fail the job that only wanted to be watched."""
    try:
        yield
    except (DatabaseError, InterfaceError, ValueError) as error:
        _engine_logger.warning("%s could not be read or written: %s", what, error)
        if not _in_transaction():
            connection.close()


def _countable(value: Any) -> int | None:
    """A number that a column takes; anything else is no progress."""
    if isinstance(value, int | float) and 0 <= value < 2**63:
        return int(value)
    return None


_current: ContextVar[Attempt | None] = ContextVar("hachi_attempt", default=None)


def current() -> Attempt | None:
    """The attempt that is running here, or None outside of a job."""
    return _current.get()


def enter(attempt: Attempt) -> None:
    """Make `attempt` the one that runs in this thread."""
    _current.set(attempt)


def leave() -> None:
    """Nothing runs in this thread any more."""
    _current.set(None)


#: The batch for which the engine itself submits what comes next in a canvas.
_carried_on: ContextVar[str] = ContextVar("hachi_carried_on", default="")


@contextmanager
def carrying_on(batch: str) -> Iterator[None]:
    """What is submitted here goes on with work that the batch has begun."""
    token = _carried_on.set(batch)
    try:
        yield
    finally:
        _carried_on.reset(token)


def inside(batch: str) -> bool:
    """Whether what runs here is a member of the batch."""
    attempt = current()
    return batch in (attempt.batch if attempt else "", _carried_on.get())


def _in_transaction() -> bool:
    return bool(connection.in_atomic_block)


@dataclass(frozen=True, slots=True)
class CurrentJob:
    """What a task may know of itself."""

    id: str
    #: 1 for the first attempt.
    attempt: int
    worker: str
    #: The id of its batch, or "".
    batch: str = ""


def current_job() -> CurrentJob | None:
    """The job that is running here, or None outside of a job (tests that call the function)."""
    attempt = current()
    if attempt is None:
        return None
    return CurrentJob(attempt.id, attempt.number, attempt.worker, attempt.batch)


def progress(done: int | None = None, total: int | None = None, message: str = "") -> None:
    """Say how far the job is. Call it as often as you like: about one a second is written."""
    attempt = current()
    if attempt is not None:
        attempt.set_progress(done, total, message)


def log(message: str, level: int | str = logging.INFO) -> None:
    """Write a line to the job's log. What tasks log through `logging` is kept as well."""
    number: Any = logging.getLevelName(level.upper()) if isinstance(level, str) else level
    logger.log(number, "%s", message)


class Snoozed(Ignore):
    """The task has put itself off: Celery is to keep no result of this attempt."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)  # what a pickle brings back in the parent
        self.seconds = seconds


def snooze(seconds: float) -> NoReturn:
    """End this attempt and run the job again in `seconds`. No attempt is spent."""
    raise Snoozed(seconds)


def check_cancelled() -> None:
    """Stop here if somebody has cancelled the job. Call it in loops; it looks once a second.

    Raises:
        jobs.errors.JobCancelled: let it through; the job then ends as cancelled.
        celery.exceptions.SoftTimeLimitExceeded: the soft limit is over (threads only; other pools
            raise it wherever the task is).
    """
    attempt = current()
    if attempt is not None:
        attempt.check_cancelled()
