"""Celery's result backend over the rows: `AsyncResult(id).state`, `.get()`, chords, Flower.

In the pool's process it only gathers what an attempt came to; the parent writes it in batches
(jobs.engine.worker.ledger). Everywhere else it reads rows.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from celery.backends.base import Backend, SyncBackendMixin
from celery.exceptions import NotRegistered, TaskRevokedError
from celery.states import FAILURE, PENDING, RETRY, REVOKED, SUCCESS
from django.utils import timezone
from kombu.utils.json import dumps, loads

from jobs.engine import context
from jobs.engine.ends import chords, failures
from jobs.errors import TaskFailed
from jobs.models import Job
from jobs.states import CELERY_STATES, State, WaitingFor


class JobBackend(Backend, SyncBackendMixin):
    """Results are columns of the job."""

    persistent = True
    supports_autoexpire = True  # retention deletes rows: jobs.operations.cleanup
    supports_native_join = True

    def as_uri(self, include_password: bool = False) -> str:
        return "hachi://"

    # --- what Celery's tracer reports --------------------------------------------------------

    def store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: Any = None,
        request: Any = None,
        **_: Any,
    ) -> Any:
        attempt = context.current()
        if attempt is None or attempt.id != task_id:
            if state == FAILURE and not isinstance(result, NotRegistered):  # refusal.py keeps those
                self._abandon(attempt, task_id, result, request)
        elif state == SUCCESS:
            attempt.report.result = dumps(result)
        elif isinstance(result, BaseException):
            failures.describe(attempt.report, result, traceback)
            attempt.report.result = dumps(self.prepare_exception(result, "json"))
        elif isinstance(result, dict):
            attempt.set_progress(*failures.progress_in(state, result))
        return result

    def _abandon(
        self, attempt: context.Attempt | None, task_id: str, error: BaseException, request: Any
    ) -> None:
        """A chained task, or the body of a chord, can never run."""
        options = getattr(request, "options", None) or {}
        chord = (getattr(request, "group", None) or "") if "chord" in options else ""
        task = getattr(request, "task", None) or ""
        failed = failures.abandon(attempt, task_id, error, task, chord)
        chords.end_of(self.app, failed, now=timezone.now())

    def on_chord_part_return(self, request: Any, state: str, result: Any, **_: Any) -> None:
        """Nothing: the parent counts, in the transaction that ends the job."""

    # --- chords ------------------------------------------------------------------------------

    def apply_chord(self, header_result_args: Any, body: Any, **_: Any) -> None:
        chords.begin(self.app.GroupResult(*header_result_args), body, now=timezone.now())

    def set_chord_size(self, group_id: str, chord_size: int) -> None:
        chords.set_size(self.app, group_id, chord_size, now=timezone.now())

    # --- reading back ------------------------------------------------------------------------

    def _get_task_meta_for(self, task_id: str) -> dict[str, Any]:
        job = Job.objects.filter(id=task_id).first()
        return self.meta_of(job) if job else {"status": PENDING, "result": None, "task_id": task_id}

    def get_many(
        self,
        task_ids: Iterable[str],
        timeout: float | None = None,
        interval: float = 0.1,
        **options: Any,
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield results as they come, with one query for all that are missing."""
        return chords.wait_for_many(
            list(task_ids), timeout, min(interval, 0.1), self.meta_of, **options
        )

    def wait_for(
        self, task_id: str, timeout: float | None = None, interval: float = 0.1, **options: Any
    ) -> Any:
        """Poll more often than Celery's half second: reading one row costs little."""
        return super().wait_for(task_id, timeout, min(interval, 0.1), **options)

    def _forget(self, task_id: str) -> None:
        """Nothing: the history of a job is kept for its retention."""

    def meta_of(self, job: Job) -> dict[str, Any]:
        """What Celery wants to know of a job."""
        status = CELERY_STATES[State(job.state)]
        if job.state == State.SCHEDULED and job.waiting_for == WaitingFor.RETRY:
            status = RETRY
        meta: dict[str, Any] = {
            "task_id": job.id,
            "status": status,
            "result": None,
            "traceback": None,
            "date_done": job.finished_at,
            "name": job.task,
            "worker": job.worker,
            "retries": max(0, job.attempt - 1),
            "queue": job.queue,
        }
        if status == SUCCESS:
            meta["result"] = loads(job.result) if job.result else None
        elif status in (FAILURE, RETRY):
            meta["result"] = self._error_of(job)
            last = job.attempts.order_by("-id").first()
            meta["traceback"] = last.traceback if last else None
        elif status == REVOKED:
            meta["result"] = TaskRevokedError(job.error_message)
        return meta

    def _error_of(self, job: Job) -> BaseException:
        """The task's own exception where its class can be had, else ours with its words."""
        if job.result:
            error: BaseException | None = self.exception_to_python(loads(job.result))
            if error is not None:
                return error
        return TaskFailed(f"{job.error_type}: {job.error_message}")
