"""A message in a worker's parent process: from its claim to the end of its attempt.

Our strategy builds this class itself, so that Celery's `create_request_cls` cannot put its own
`on_success` and `execute_using_pool` in front of ours. The callbacks come from the pool: in the
parent's event loop under prefork, in a pool thread under threads, in the main thread under solo.
They only note what happened; the ledger's thread writes it.
"""

import logging
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from billiard.einfo import ExceptionInfo
from celery import signals
from celery.concurrency.prefork import TaskPool as PreforkPool
from celery.exceptions import (
    TaskRevokedError,
    Terminated,
    TimeLimitExceeded,
    WorkerLostError,
)
from celery.utils.saferepr import saferepr
from celery.worker import state
from django.utils import timezone

from jobs.engine.broker.message import TRACKED, unpack
from jobs.engine.ends.endings import Ending, cause_of, ending_of, interrupted, out_of_time, returned
from jobs.engine.pool.attempt import Call, Outcome, run_attempt
from jobs.engine.pool.undecoded import UndecodedRequest
from jobs.engine.retries.retrying import verdict_on
from jobs.operations.cancel import NO_NEXT_IN_TIME, NOT_IN_TIME

if TYPE_CHECKING:
    from jobs.engine.worker.ledger import Ledger

logger = logging.getLogger(__name__)


class JobRequest(UndecodedRequest):
    """A request that belongs to a row."""

    #: The number of the coming attempt; 0 until the row is claimed.
    attempt = 0
    #: It may have killed a worker: its start is to be written before it begins.
    suspect = False
    #: When its attempt began, in seconds since 1970.
    time_start: float | None = None
    #: It takes one of the pool's slots.
    in_pool = False
    #: Somebody wants it stopped, with the reason that is kept on the row.
    stop_reason = ""

    def __init__(self, message: Any, *, ledger: "Ledger", **options: Any) -> None:
        super().__init__(message, **options)
        self.ledger = ledger
        self._options = options
        # Several threads decide about a request: the main one hands it over, the keeper's and the
        # stopper's take it back, the pool's end it. Who gets the lock first has its way, once.
        self._gone = threading.Lock()
        self._over = threading.Lock()
        self._acked = threading.Lock()

    @property
    def ended(self) -> bool:
        """Whether its attempt has ended, or it was taken back before one began."""
        return self._over.locked()

    @property
    def tracked(self) -> bool:
        """Whether whoever sent it wrote a row first."""
        return TRACKED in self._request_dict

    @property
    def published(self) -> float | None:
        """When this message was put into Redis, in seconds since 1970."""
        moment = self._message.properties.get("published")
        return moment if isinstance(moment, int | float) else None

    @property
    def started_at(self) -> datetime | None:
        """When the pool began the attempt."""
        return datetime.fromtimestamp(self.time_start, tz=UTC) if self.time_start else None

    def with_message(self, stored: str) -> "JobRequest":
        """The same request with the message that the row holds: this one was stale."""
        headers, body = unpack(stored)
        options = self._options | {"headers": headers, "body": body, "decoded": False}
        return JobRequest(self._message, ledger=self.ledger, **options)

    # --- into the pool -----------------------------------------------------------------------

    def execute_using_pool(self, pool: Any, **_: Any) -> Any:
        self.in_pool = True
        if not self.enter_pool():
            self._leave_pool()
            raise TaskRevokedError(self.id)
        timeout, soft_timeout = self.limits_in(pool)
        result = pool.apply_async(
            run_attempt,
            # Where no signal reaches what runs, it keeps its soft limit itself.
            args=self.call(None if isinstance(pool, PreforkPool) else soft_timeout),
            accept_callback=self.on_accepted,
            timeout_callback=self.on_timeout,
            callback=self.on_success,
            error_callback=self.on_failure,
            soft_timeout=soft_timeout,
            timeout=timeout,
            correlation_id=self.id,
        )
        self._apply_result = result and (lambda: result)
        return result

    def enter_pool(self) -> bool:
        """Whether it may begin. From a True on it does, and nobody can take it back."""
        return not self.revoked() and self._gone.acquire(blocking=False)

    def come_back(self) -> None:
        """The pool brings it back without having begun."""
        self._apply_result = None
        self._gone.release()

    def call(self, soft_limit: float | None = None) -> Call:
        """What the pool's process is to do."""
        return (
            (self.attempt, self.ledger.worker, soft_limit),
            self._type,
            self.id,
            self._request_dict,
            self._body,
            self._content_type,
            self._content_encoding,
        )

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """The hard and the soft time limit in seconds: the call's, or else the task's."""
        hard, soft = self.time_limits
        return hard or self.task.time_limit, soft or self.task.soft_time_limit

    def limits_in(self, pool: Any) -> tuple[float | None, float | None]:
        """The same, or else what the worker was started with (`--time-limit`)."""
        hard, soft = self.limits
        return hard or pool.options.get("timeout"), soft or pool.options.get("soft_timeout")

    def revoked(self) -> bool:
        """Whether it must not begin any more. Writes why, if that is news, from any thread."""
        if self.ended:
            return True
        if self.expires and datetime.now(UTC) > self.expires:
            self._take_back("Expired", NO_NEXT_IN_TIME if self.attempt > 1 else NOT_IN_TIME)
        elif self.stop_reason:
            self._take_back("Cancelled", self.stop_reason)
        elif self.id in state.revoked:
            self._take_back("Cancelled", "Revoked with `celery control revoke`.")
        return self.ended

    def _take_back(self, error_type: str, reason: str) -> None:
        if self._gone.acquire(blocking=False) and self._close():
            self.ledger.note_taken_back(self, error_type, reason)

    # --- what the pool tells -----------------------------------------------------------------

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        self.worker_pid = pid
        self.count_start(time.time() - (time.monotonic() - time_accepted))
        self.ledger.note_start(self, self.started_at or timezone.now())

    def count_start(self, at: float) -> None:
        """Celery's book-keeping for `celery inspect` and Flower. `at` is in seconds since 1970."""
        self.time_start = at
        state.active_requests.add(self)
        state.total_count[self.name] += 1
        state.all_total_count[0] += 1
        self.acknowledge()
        self.send_event("task-started")

    def on_success(self, outcome: Outcome | ExceptionInfo, **_: Any) -> None:
        if isinstance(outcome, ExceptionInfo):
            self.on_failure(outcome)  # the threads and solo pools report a SystemExit like this
            return
        failed, value, runtime, report = outcome
        took = report.finished_at - report.started_at
        self.ledger.pace.note(self.name, took.total_seconds())
        ending = ending_of(cause_of(value) if failed else None, report)
        if not self._end(ending):
            return
        if failed:
            self._tell_failure(ending, value)
        else:
            self.send_event("task-succeeded", result=value, runtime=runtime)

    def on_failure(
        self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False
    ) -> None:
        """The pool could not bring an outcome: the process died, or was told to."""
        error = cause_of(exc_info)
        ending = ending_of(error, None, traceback=str(exc_info.traceback))
        if self._was_stopped(error):
            ending = interrupted(timezone.now())
        elif isinstance(error, TimeLimitExceeded):
            ending = self._out_of_time(error)
        if self._end(ending):
            self._tell_failure(ending, exc_info)

    def _was_stopped(self, error: BaseException) -> bool:
        """Whether its process died of a stop of this worker: nobody's cancel, and no crash.

        Some runners (systemd, by default) send TERM to the children as well.
        """
        if self.stop_reason or self.id in state.revoked:
            return False
        lost = isinstance(error, WorkerLostError) and not self.ledger.taking
        return lost or isinstance(error, Terminated)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        if soft:
            logger.warning("Soft time limit (%ss) exceeded for %s[%s]", timeout, self.name, self.id)
            return
        logger.error("Hard time limit (%ss) exceeded for %s[%s]", timeout, self.name, self.id)
        error = TimeLimitExceeded(timeout)
        if self._end(self._out_of_time(error)):
            self.send_event("task-failed", exception=saferepr(error), traceback="")

    def end_at_limit(self, limit: float, *, gone_at: datetime) -> None:
        """End it at its hard limit, although what runs it is there until `gone_at`."""
        logger.error("Hard time limit (%ss) exceeded for %s[%s]", limit, self.name, self.id)
        ending = self._out_of_time(TimeLimitExceeded(limit))
        if ending.again_at is not None:
            ending = replace(ending, again_at=max(ending.again_at, gone_at))
        self._end(ending)

    def _out_of_time(self, error: TimeLimitExceeded) -> Ending:
        return out_of_time(error, verdict_on(self.task, self.id, self._request_dict, error))

    def give_back(self) -> None:
        """Put it back into the queue, unless it has gone into the pool. From any thread."""
        if self._gone.acquire(blocking=False):
            self._end(returned(timezone.now()))

    def forget(self) -> None:
        """It is somebody else's by now, and has not begun: it does not, and nothing is written."""
        if self._over.acquire(blocking=False):
            self.acknowledge()  # or its message uses up credit for ever

    def interrupt(self, again_at: datetime) -> None:
        """Cut the attempt short, if it has begun: it does not count, and the job runs again.

        The pool is about to end: what waits in it goes back as well.
        """
        begun = self.time_start is not None
        self._end(interrupted(timezone.now(), again_at) if begun else returned(timezone.now()))

    def _end(self, ending: Ending) -> bool:
        """Note how the attempt ended; False if that was known before."""
        if not self._close(successful=ending.error is None):
            return False
        self.ledger.note_end(self, ending)
        return True

    def _leave_pool(self) -> None:
        if self.in_pool:
            self.in_pool = False
            self.ledger.note_free_slot()

    def _close(self, *, successful: bool = False) -> bool:
        """Leave the pool and Celery's books; False if it has ended before."""
        self._leave_pool()  # also if it was forgotten while it was on its way into the pool
        if not self._over.acquire(blocking=False):
            return False
        state.task_ready(self, successful=successful)
        self.acknowledge()
        return True

    def acknowledge(self) -> None:
        """Give its credit back, once: kombu takes a second time for a reason to end the worker."""
        if self._acked.acquire(blocking=False):
            super().acknowledge()

    def _tell_failure(self, ending: Ending, exc_info: Any) -> None:
        """Celery's signal and event, for Flower and other listeners."""
        if ending.kind == "retry":
            self.send_event("task-retried", exception=saferepr(ending.error), traceback="")
            return
        if ending.kind == "fail" and ending.report is None:
            # The child told its own listeners; a lost child cannot.
            signals.task_failure.send(
                sender=self.task,
                task_id=self.id,
                exception=ending.error,
                args=self.args,
                kwargs=self.kwargs,
                traceback=exc_info.traceback,
                einfo=exc_info,
            )
        self.send_event(
            "task-failed", exception=saferepr(ending.error), traceback=str(exc_info.traceback)
        )
