"""What went wrong, in words that can be kept, grouped and read."""

import re
from collections.abc import Mapping
from hashlib import sha1
from typing import Any

from django.utils import timezone

from jobs.engine import context
from jobs.models import Job
from jobs.operations.conclude import Problem, clean, record_failures
from jobs.states import State

#: The places in a traceback as Python prints it.
_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line \d+, in (?P<function>.+)$', re.MULTILINE)
_LONGEST = 20_000


def describe(report: context.Report, error: BaseException, traceback: str | None) -> None:
    """Put the type, the text and the cause of `error` into `report`."""
    problem = problem_of(error, traceback)
    report.error_type = problem.type
    report.error_message = problem.message
    report.traceback = problem.traceback
    report.fingerprint = problem.fingerprint


def problem_of(error: BaseException, traceback: str | None = None) -> Problem:
    """`error` as it is kept on a row."""
    text = str(traceback or "")
    return Problem(
        type=type(error).__name__,
        message=str(error)[:_LONGEST],
        traceback=text[-_LONGEST:],
        fingerprint=fingerprint(type(error).__name__, text),
    )


def fingerprint(error_type: str, traceback: str) -> str:
    """Equal for failures of one cause: the type and the innermost place, without line numbers."""
    frames = _FRAME.findall(traceback)
    place = " ".join(frames[-1]) if frames else ""
    return sha1(f"{error_type} {place}".encode(), usedforsecurity=False).hexdigest()


def progress_in(state: str, meta: Mapping[str, Any]) -> tuple[int | None, int | None, str]:
    """`self.update_state(state="PROGRESS", meta={"current": 3, "total": 9})` as our progress."""
    done, total = meta.get("current", meta.get("done")), meta.get("total")
    message = meta.get("message") or meta.get("status") or state
    return _count(done), _count(total), str(message)


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value >= 0 else None


def abandon(
    attempt: context.Attempt | None, id: str, error: BaseException, task: str, chord: str
) -> list[str]:
    """Note that the job `id` can never run, because the one before it failed.

    Inside an attempt the parent writes it with the attempt's end; elsewhere (the body of a failed
    chord) it is written here. Returns the ids that have failed by it now.
    """
    if attempt is not None:
        attempt.report.abandoned.append((id, task, chord))
        return []
    return record_failures([never_run(id, task, problem_of(error), chord=chord)])


def never_run(
    id: str,
    task: str,
    problem: Problem,
    *,
    queue: str = "",
    message: str = "",
    root: str = "",
    chord: str = "",
) -> Job:
    """The row of a job that failed before it could run."""
    now = timezone.now()
    return Job(
        id=id[:255],
        task=clean(task)[:255] or "unknown",
        queue=clean(queue)[:100],
        state=State.FAILED,
        message=clean(message) or '{"headers": {}, "body": ""}',
        run_at=now,
        created_at=now,
        finished_at=now,
        error_type=clean(problem.type)[:255],
        error_message=clean(problem.message),
        error_fingerprint=problem.fingerprint,
        root=root,
        chord=chord,
    )
