"""A message in a worker's parent process: from its claim to the end of its attempt.

Our strategy builds this class itself, so that Celery's `create_request_cls` cannot put its own
`on_success` and `execute_using_pool` in front of ours. The callbacks come from the pool: in the
parent's event loop under prefork, in a pool thread under threads, in the main thread under solo.
They only note what happened; the ledger's thread writes it.
"""

import logging
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
from jobs.engine.ends.endings import (
    Ending,
    cause_of,
    ending_of,
    interrupted,
    out_of_time,
)
from jobs.engine.pool.attempt import Call, Outcome, run_apart, run_attempt
from jobs.engine.pool.one_end import OneEndRequest, surely
from jobs.engine.pool.sealed import opened
from jobs.engine.retries.retrying import verdict_on
from jobs.operations.cancel import NO_NEXT_IN_TIME, NOT_IN_TIME

if TYPE_CHECKING:
    from jobs.engine.worker.ledger import Ledger

logger = logging.getLogger(__name__)


class JobRequest(OneEndRequest):
    """A request that belongs to a row."""

    #: The number of the coming attempt; 0 until the row is claimed.
    attempt = 0
    #: It may have killed a worker: its start is to be written before it begins.
    suspect = False
    #: Somebody wants it stopped, with the reason that is kept on the row.
    stop_reason = ""

    def __init__(self, message: Any, *, ledger: "Ledger", **options: Any) -> None:
        super().__init__(message, ledger=ledger, **options)
        self._options = options

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
        try:
            return self._hand_to(pool)
        except TaskRevokedError:
            raise
        except Exception as error:  # it must end, or its slot is gone, and the event loop with it
            logger.exception("%s[%s] could not be handed to the pool.", self.name, self.id)
            self.fail("It could not be handed to the pool", error)
            raise TaskRevokedError(self.id) from error

    def _hand_to(self, pool: Any) -> Any:
        timeout, soft_timeout = self.limits_in(pool)
        apart = isinstance(pool, PreforkPool)
        result = pool.apply_async(
            run_apart if apart else self.run_here,
            # Where no signal reaches what runs, it keeps its soft limit itself.
            args=self.call(None if apart else soft_timeout),
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

    def run_here(self, *call: Any) -> Outcome | ExceptionInfo:
        """The attempt, in a thread of this process. What is raised here, no pool would report."""
        try:
            self._make_sure()
            return run_attempt(*call)
        except Exception:  # noqa: BLE001 - a body that cannot be read, a database connection
            return ExceptionInfo()

    def _make_sure(self) -> None:
        if self.ended:
            raise TaskRevokedError(self.id)  # given back, or forgotten, on its way into the pool

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
            state.task_ready(self)

    # --- what the pool tells -----------------------------------------------------------------

    @surely
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

    @surely
    def on_success(self, outcome: Outcome | ExceptionInfo, **_: Any) -> None:
        if isinstance(outcome, ExceptionInfo):
            self.on_failure(outcome)  # the threads and solo pools report a SystemExit like this
            return
        failed, value, runtime, report = outcome
        value = opened(value) if failed else value
        took = report.finished_at - report.started_at
        self.ledger.pace.note(self.name, took.total_seconds())
        ending = ending_of(cause_of(value) if failed else None, report)
        if not self._end(ending):
            return
        if failed:
            self._tell_failure(ending, value)
        else:
            self.send_event("task-succeeded", result=value, runtime=runtime)

    @surely
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

    @surely
    def on_timeout(self, soft: bool, timeout: float) -> None:
        if soft:
            logger.warning("Soft time limit (%ss) exceeded for %s[%s]", timeout, self.name, self.id)
            return
        logger.error("Hard time limit (%ss) exceeded for %s[%s]", timeout, self.name, self.id)
        error = TimeLimitExceeded(timeout)
        if self._end(self._out_of_time(error)):
            self.send_event("task-failed", exception=saferepr(error), traceback="")

    def end_at_limit(self, limit: float, *, gone_at: datetime) -> bool:
        """End it at its hard limit, although what runs it is there until `gone_at`.

        False if it has just ended by itself.
        """
        logger.error("Hard time limit (%ss) exceeded for %s[%s]", limit, self.name, self.id)
        ending = self._out_of_time(TimeLimitExceeded(limit))
        if ending.again_at is not None:
            ending = replace(ending, again_at=max(ending.again_at, gone_at))
        return self._end(ending)

    def _out_of_time(self, error: TimeLimitExceeded) -> Ending:
        return out_of_time(error, verdict_on(self.task, self.id, self._request_dict, error))

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
