"""The ends of an attempt that is no success: fail, retry, cancel, crash, interrupt."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from jobs.models import Attempt, Job
from jobs.operations.cancel import cancel_flagged
from jobs.operations.finish import FENCE
from jobs.operations.statements import update_many
from jobs.operations.unique import ENDED_KEY
from jobs.states import FINAL, State, WaitingFor


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, in the task's own words."""

    type: str
    message: str = ""
    traceback: str = ""
    #: Equal for failures of one cause.
    fingerprint: str = ""
    #: The exception as Celery's JSON, so that `AsyncResult.get()` raises the task's own.
    encoded: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How an attempt ended, and what the job is to do next."""

    id: str
    attempt: int
    started_at: datetime
    finished_at: datetime
    outcome: Attempt.Outcome
    state: State
    problem: Problem
    #: With `state` scheduled or queued: when it may run again, what it waits for, and the message
    #: to run. A queued one is to be published by the caller.
    run_at: datetime | None = None
    waiting_for: WaitingFor = WaitingFor.NOTHING
    message: str = field(default="", repr=False)
    #: With a message: where it goes and what it runs, which a retry or a replacement may change.
    task: str = ""
    queue: str = ""
    priority: int = -1
    #: Counts towards `max_crashes`.
    crashed: bool = False
    #: The task only put itself off: the attempt is not spent, and leaves no row.
    snoozed: bool = False
    #: Why there is another attempt, or none.
    verdict: str = ""

    @property
    def unspent(self) -> bool:
        """Whether the attempt does not count."""
        return self.snoozed or self.outcome == Attempt.Outcome.INTERRUPTED


@transaction.atomic
def conclude(conclusions: Sequence[Conclusion], *, worker: str) -> list[str]:
    """Write how attempts ended, with a row for each attempt.

    Returns the ids that were still this worker's. A retry of a job that somebody has asked to
    cancel ends it instead.
    """
    changed = set(_update(conclusions, worker))
    kept = [c for c in conclusions if c.id in changed]
    Attempt.objects.bulk_create([_attempt(c, worker) for c in kept if not c.snoozed])
    cancel_flagged(
        [c.id for c in kept if c.state not in FINAL],
        now=max((c.finished_at for c in kept), default=None),
    )
    return sorted(changed)


def _update(conclusions: Sequence[Conclusion], worker: str) -> list[str]:
    rows = update_many(
        columns={
            "id": "text",
            "attempt": "int",
            "started_at": "time",
            "finished_at": "time",
            "state": "text",
            "waiting_for": "text",
            "run_at": "time",
            "message": "text",
            "error_type": "text",
            "error_message": "text",
            "error_fingerprint": "text",
            "crashes": "int",
            "result": "text",
            "unspent": "int",
            "task": "text",
            "queue": "text",
            "priority": "int",
        },
        rows=[_values(c) for c in conclusions],
        set_="state = v.state, waiting_for = v.waiting_for, attempt = v.attempt - v.unspent, "
        "started_at = v.started_at, finished_at = v.finished_at, "
        "run_at = COALESCE(v.run_at, jobs_job.run_at), "
        "message = CASE WHEN v.message = '' THEN jobs_job.message ELSE v.message END, "
        "task = CASE WHEN v.task = '' THEN jobs_job.task ELSE v.task END, "
        "queue = CASE WHEN v.queue = '' THEN jobs_job.queue ELSE v.queue END, "
        "priority = CASE WHEN v.priority < 0 THEN jobs_job.priority ELSE v.priority END, "
        # Who cancelled it stands there since the request.
        "error_type = v.error_type, error_message = CASE "
        "WHEN v.state = 'cancelled' AND jobs_job.cancel_requested_at IS NOT NULL "
        "THEN jobs_job.error_message || ' ' || v.error_message "
        "WHEN v.state IN ('scheduled', 'queued') AND jobs_job.cancel_requested_at IS NOT NULL "
        "THEN jobs_job.error_message ELSE v.error_message END, "
        "error_fingerprint = v.error_fingerprint, crashes = jobs_job.crashes + v.crashes, "
        "result = v.result, "
        "published_at = CASE WHEN v.state = 'queued' THEN v.run_at ELSE jobs_job.published_at END, "
        "unique_key = CASE WHEN unique_scope = 'waiting' OR (unique_scope = 'unfinished' "
        "AND v.state IN ('failed', 'cancelled')) THEN '' ELSE unique_key END, "
        "worker = CASE WHEN v.state IN ('scheduled', 'queued') THEN '' ELSE jobs_job.worker END",
        where=FENCE,
        params=[worker],
    )
    return [id for (id,) in rows]


def _values(c: Conclusion) -> tuple[object, ...]:
    return (
        c.id,
        c.attempt,
        c.started_at,
        c.finished_at if c.state in FINAL else None,
        c.state.value,
        c.waiting_for.value,
        c.run_at,
        c.message,
        clean(c.problem.type)[:255],
        clean(c.problem.message),
        c.problem.fingerprint,
        int(c.crashed),
        c.problem.encoded,
        int(c.unspent),
        c.task,
        c.queue,
        c.priority,
    )


def _attempt(c: Conclusion, worker: str) -> Attempt:
    return Attempt(
        job_id=c.id,
        number=c.attempt,
        outcome=c.outcome,
        worker=worker,
        started_at=c.started_at,
        finished_at=c.finished_at,
        error_type=clean(c.problem.type)[:255],
        error_message=clean(c.problem.message),
        traceback=clean(c.problem.traceback),
        verdict=clean(c.verdict)[:500],
    )


def clean(text: str) -> str:
    """Text that every database takes: an error message may hold NULs and lone surrogates."""
    whole = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return whole.encode("utf-8", "replace").decode()


@transaction.atomic
def record_failures(jobs: Sequence[Job]) -> list[str]:
    """Write rows of jobs that can never run: a broken message, a step whose predecessor failed.

    A row that exists already is left as it is, but for one that waits for just this step. Returns
    the ids that have failed by it.
    """
    ids = [job.id for job in jobs]
    known = set(Job.objects.filter(id__in=ids).values_list("id", flat=True))
    Job.objects.bulk_create(jobs, ignore_conflicts=True)
    failed = [id for id in ids if id not in known]
    waiting = Job.objects.filter(state=State.SCHEDULED, waiting_for=WaitingFor.SUCCESSOR)
    for job in jobs:
        changed = waiting.filter(id=job.id).update(
            state=State.FAILED,
            waiting_for="",
            finished_at=job.finished_at,
            unique_key=ENDED_KEY,
            error_type=job.error_type,
            error_message=job.error_message,
            error_fingerprint=job.error_fingerprint,
        )
        failed += [job.id] * changed
    return failed


def refuse_queued(id: str, problem: Problem, *, now: datetime) -> bool:
    """Fail a queued job that no worker can run. False if there is none of this id."""
    queued = Job.objects.unclaimed().filter(id=id)
    return (
        queued.update(
            state=State.FAILED,
            finished_at=now,
            unique_key=ENDED_KEY,
            error_type=problem.type[:255],
            error_message=clean(problem.message),
            error_fingerprint=problem.fingerprint,
        )
        == 1
    )
