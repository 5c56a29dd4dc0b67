"""Another attempt or not: the rules of a task first, then Celery's own options.

It is decided in the pool's process, where the error still is what was raised. A hard time limit
leaves no such process: its rule is asked in the worker's parent (jobs.engine.pool.request).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, NoReturn

from celery import Task
from celery.exceptions import Retry, TaskPredicate

from jobs.engine import context
from jobs.engine.arguments import may_retry
from jobs.engine.retries.verdicts import Verdict, judge
from jobs.engine.retry_rules import On, check_attempts, check_rules, never
from jobs.errors import ClaimLost, JobCancelled

#: What ends an attempt and is no failure of the task.
_NO_FAILURES = (TaskPredicate, JobCancelled, ClaimLost)


class _Settled(BaseException):
    """Carries an error past Celery's autoretry: a rule has decided about it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


def add_rules(task: Task) -> None:
    """Put the rules of `task` around what it runs, within Celery's autoretry.

    Raises:
        InvalidRetryRule: its `retry_rules` or `max_attempts` make no sense.
    """
    task.retry_rules = check_rules(task.retry_rules, task.name)
    if task.max_attempts is not None:
        check_attempts(task.max_attempts, f"max_attempts of {task.name}")
    if not task.retry_rules:
        return
    if hasattr(task, "_orig_run"):  # what autoretry calls
        task._orig_run = _judged(task, task._orig_run)
        task.run = _let_out(task.run)
    else:
        task.run = _let_out(_judged(task, task.run))


def _judged(task: Task, run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def judged(*args: Any, **kwargs: Any) -> Any:
        try:
            return run(*args, **kwargs)
        except _NO_FAILURES:
            raise
        except Exception as error:
            if task.request.called_directly:
                raise
            verdict = verdict_on(task, task.request.id, task.request.__dict__, error)
            if verdict is None:
                name = type(error).__name__
                note(f"Not tried again: no rule and no autoretry_for takes {name}.")
                raise
            note(verdict.why)
            if verdict.wait is None:
                raise _Settled(error) from None
            _try_again(task, error, verdict.wait)

    return judged


def _let_out(run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def let_out(*args: Any, **kwargs: Any) -> Any:
        try:
            return run(*args, **kwargs)
        except _Settled as settled:
            error = settled.error
        raise error  # here, so that the error keeps the cause it came with

    return let_out


def _try_again(task: Task, error: Exception, seconds: float) -> NoReturn:
    """As `task.retry` does, without its `max_retries`: the rule has counted."""
    request = task.request
    again = task.signature_from_request(request, countdown=seconds, retries=request.retries + 1)
    if not request.is_eager:
        again.apply_async()
    raise Retry(exc=error, when=seconds, is_eager=request.is_eager, sig=again) from error


def verdict_on(
    task: Task, job: str, request: Mapping[str, Any], error: BaseException
) -> Verdict | None:
    """What the rules of `task` say of `error`; `request` are the headers of its message."""
    return judge(
        _rules(task),
        error,
        job=job,
        attempt=number_of(request),
        most=most_attempts(task, request),
    )


def number_of(request: Mapping[str, Any]) -> int:
    """The number of an attempt, since the job was submitted or a person has retried it.

    A crash or a stop of the worker is no attempt of the task's, so it does not count here.
    """
    return int(request.get("retries") or 0) + 1


def most_attempts(task: Task, request: Mapping[str, Any]) -> int | None:
    """The `max_attempts` of a call, or else of its task."""
    most: int | None = request.get("max_attempts") or getattr(task, "max_attempts", None)
    return most


def _rules(task: Task) -> Sequence[On]:
    """The rules of a task; one with a base class of its own may have none."""
    rules: Sequence[On] = getattr(task, "retry_rules", ())
    return rules


def note(why: str) -> None:
    """Keep with the running attempt why there is another one, or none."""
    attempt = context.current()
    if attempt is not None:
        attempt.report.verdict = why


def cap_of(options: Mapping[str, Any]) -> dict[str, int]:
    """The header that keeps `max_attempts` of a call.

    Raises:
        InvalidRetryRule: it is no number of attempts.
    """
    most = options.get("max_attempts")
    if most is None:
        return {}
    check_attempts(most, "max_attempts")
    return {"max_attempts": most}


def allowed_attempts(task: Task | None, headers: Mapping[str, Any]) -> int | None:
    """How many attempts a job may come to by all that is known of it; None for no end."""
    if task is None:
        return headers.get("max_attempts")
    if not may_retry(task):
        return 1
    limits = [rule.attempts for rule in _rules(task) if rule.wait is not never]
    if not _rules(task) or may_retry(task, by_rules=False):
        limits.append(None if task.max_retries is None else int(task.max_retries) + 1)
    own = None if None in limits else max((limit or 1 for limit in limits), default=1)
    both = [limit for limit in (own, most_attempts(task, headers)) if limit is not None]
    return min(both, default=None)
