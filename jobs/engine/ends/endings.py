"""How an attempt ended, from what the pool and the task tell: the rules, without I/O."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from billiard.einfo import ExceptionWithTraceback
from celery.exceptions import (
    Ignore,
    Reject,
    Retry,
    SoftTimeLimitExceeded,
    Terminated,
    TimeLimitExceeded,
    WorkerLostError,
)
from django.utils import timezone

from jobs.engine.context import Report, Snoozed
from jobs.engine.ends.failures import problem_of
from jobs.engine.retries.verdicts import Verdict
from jobs.errors import JobCancelled
from jobs.models import Attempt
from jobs.operations.conclude import Conclusion, Problem
from jobs.operations.submit import Draft
from jobs.states import State, WaitingFor

Kind = Literal["succeed", "fail", "retry", "snooze", "cancel", "crash", "return", "interrupt"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended."""

    kind: Kind
    finished_at: datetime
    error: BaseException | None = None
    #: What the pool's process reported; None if it did not live to.
    report: Report | None = None
    problem: Problem | None = None
    #: What the attempt came to could not be written; this stands in its place.
    unwritable: bool = False
    #: Of an interrupted attempt: when the job may run again, if not at once.
    again_at: datetime | None = None
    #: Why there is another attempt, or none, where no process could say so.
    verdict: str = ""


def unwritable(error: Exception, why: str = "What it came to could not be written") -> Ending:
    """The ending of an attempt whose own could not be written, or come about."""
    now = timezone.now()
    text = f"{why}: {error}"
    return Ending("fail", now, error, None, Problem(type(error).__name__, text), unwritable=True)


def cause_of(exc_info: Any) -> BaseException:
    """The exception in billiard's wrapping."""
    error: BaseException = exc_info.exception
    if isinstance(error, ExceptionWithTraceback):
        error = error.exc
    return error


def ending_of(error: BaseException | None, report: Report | None, traceback: str = "") -> Ending:
    """The ending that `error` (None for a return) stands for."""
    finished_at = report.finished_at if report else timezone.now()
    if error is None and (report is None or report.resubmission is None):
        return Ending("succeed", finished_at, report=report)
    if error is None:
        # `self.retry(throw=False)`, and then it returned: Celery has sent the retry all the same.
        return Ending("retry", finished_at, report=report, problem=_ASKED_TO_RETRY)
    return Ending(
        _kind(error, report), finished_at, error, report, _problem(error, report, traceback)
    )


def returned(now: datetime) -> Ending:
    """For a request that goes back into the queue without having begun."""
    return Ending("return", now)


_ASKED_TO_RETRY = Problem(
    "Retry", "The task asked for a retry (throw=False) and returned; what it returned is not kept."
)
_INTERRUPTED = Problem(
    "Interrupted", "Its worker was stopped before it was done. It runs again; no attempt is spent."
)


def interrupted(now: datetime, again_at: datetime | None = None) -> Ending:
    """For an attempt that a stop of its worker cut short."""
    return Ending("interrupt", now, problem=_INTERRUPTED, again_at=again_at)


def out_of_time(error: TimeLimitExceeded, verdict: Verdict | None) -> Ending:
    """For an attempt that was killed at its hard time limit; `verdict` is what the rules say."""
    ending = ending_of(error, None)
    if verdict is None:
        return ending
    if verdict.wait is None:
        return replace(ending, verdict=verdict.why)
    again_at = ending.finished_at + timedelta(seconds=verdict.wait)
    return replace(ending, kind="retry", again_at=again_at, verdict=verdict.why)


def _kind(error: BaseException, report: Report | None) -> Kind:
    match error:
        case Retry():
            return "retry"
        case Snoozed():
            return "snooze"
        case Ignore() if report and report.resubmission:
            return "retry"  # self.replace()
        case Ignore() | Terminated() | JobCancelled():
            return "cancel"
        case Reject(requeue=True):
            return "return"
        case WorkerLostError() | SystemExit() | KeyboardInterrupt():
            return "crash"
    # It asked for a retry (throw=False), and then failed all the same.
    return "retry" if report and report.resubmission else "fail"


def _problem(error: BaseException, report: Report | None, traceback: str) -> Problem:
    if isinstance(error, JobCancelled):
        return Problem("Cancelled", str(error))
    if report and report.error_type:
        return Problem(
            report.error_type,
            report.error_message,
            report.traceback,
            report.fingerprint,
            report.result,
        )
    match error:
        case Ignore():
            return Problem("Ignore", "The task raised Ignore: it wanted no result to be kept.")
        case Terminated():
            return Problem("Cancelled", "The process that ran it was stopped.")
        case TimeLimitExceeded():
            text = f"It ran longer than its time limit of {error.args[0]:g} s and was stopped."
            return Problem("TimeLimitExceeded", text, fingerprint="time-limit")
    return problem_of(error, traceback)


def conclusion(id: str, attempt: int, started_at: datetime, ending: Ending) -> Conclusion:
    """The rows' view of an `ending` that is neither a success nor a crash nor a return."""
    problem = ending.problem or Problem("Unknown")
    state, outcome = {
        "fail": (State.FAILED, Attempt.Outcome.FAILED),
        "retry": (State.SCHEDULED, Attempt.Outcome.RETRIED),
        "snooze": (State.SCHEDULED, Attempt.Outcome.RETRIED),
        "cancel": (State.CANCELLED, Attempt.Outcome.CANCELLED),
        "interrupt": (State.SCHEDULED, Attempt.Outcome.INTERRUPTED),
    }[ending.kind]
    if isinstance(ending.error, TimeLimitExceeded | SoftTimeLimitExceeded):
        outcome = Attempt.Outcome.TIMED_OUT
    again = ending.report.resubmission if ending.report else None
    verdict = ending.verdict or (ending.report.verdict if ending.report else "")
    if not verdict and ending.kind == "fail":
        verdict = f"Not tried again: no rule and no autoretry_for takes {problem.type}."
    run_at, waiting_for = None, WaitingFor.NOTHING
    if state == State.SCHEDULED:
        run_at, waiting_for = _run_at(again, ending), WaitingFor.RETRY
        if ending.kind == "snooze":
            problem, waiting_for = Problem(""), WaitingFor.TIME
        elif ending.kind == "interrupt" and run_at > ending.finished_at:
            waiting_for = WaitingFor.TIME
        elif run_at <= ending.finished_at:
            state, waiting_for = State.QUEUED, WaitingFor.NOTHING
    return Conclusion(
        id=id,
        attempt=attempt,
        started_at=started_at,
        finished_at=ending.finished_at,
        outcome=outcome,
        state=state,
        problem=problem,
        run_at=run_at,
        waiting_for=waiting_for,
        **_what_to_run(again if ending.kind == "retry" else None),
        snoozed=ending.kind == "snooze",
        verdict=verdict,
    )


def _what_to_run(again: Draft | None) -> dict[str, Any]:
    if again is None:
        return {}
    return {
        "message": again.message,
        "task": again.task,
        "queue": again.queue,
        "priority": again.priority,
    }


def _run_at(again: Draft | None, ending: Ending) -> datetime:
    if ending.again_at is not None:
        return ending.again_at
    if again is not None and again.run_at is not None:
        return max(again.run_at, ending.finished_at)
    if isinstance(ending.error, Snoozed):
        return ending.finished_at + timedelta(seconds=ending.error.seconds)
    if again is None and isinstance(ending.error, Retry):
        # `raise Retry(...)` by hand: Celery's default delay.
        return ending.finished_at + timedelta(seconds=180)
    return ending.finished_at
