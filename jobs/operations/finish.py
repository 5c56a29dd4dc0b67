"""Start and finish, in batches, fenced by worker and attempt.

A worker that was thought dead and wakes up finds no row that matches: it writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.operations.statements import update_many
from jobs.operations.unique import KEY_ONCE_BEGUN, KEY_ONCE_ENDED

#: The start of an attempt may not be written yet when it ends: then the end writes both.
FENCE = (
    "jobs_job.id = v.id AND jobs_job.worker = %s AND ("
    "(jobs_job.state = 'running' AND jobs_job.attempt = v.attempt) OR "
    "(jobs_job.state = 'queued' AND jobs_job.attempt = v.attempt - 1))"
)


@dataclass(frozen=True, slots=True)
class Start:
    """An attempt that a worker process has begun."""

    id: str
    attempt: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Success:
    """An attempt that returned. `result` is kombu's JSON text."""

    id: str
    attempt: int
    started_at: datetime
    finished_at: datetime
    result: str


def start(starts: Sequence[Start], *, worker: str) -> list[str]:
    """Queued and claimed → running. Returns the ids that were still this worker's."""
    rows = update_many(
        columns={"id": "text", "attempt": "int", "started_at": "time"},
        rows=[(s.id, s.attempt, s.started_at) for s in starts],
        set_="state = 'running', attempt = v.attempt, started_at = v.started_at, "
        "progress_done = NULL, progress_total = NULL, progress_message = '', " + KEY_ONCE_BEGUN,
        where="jobs_job.id = v.id AND jobs_job.worker = %s "
        "AND jobs_job.state = 'queued' AND jobs_job.attempt = v.attempt - 1",
        params=[worker],
    )
    return [id for (id,) in rows]


def succeed(successes: Sequence[Success], *, worker: str) -> list[str]:
    """Running → succeeded. Returns the ids that were still this worker's."""
    rows = update_many(
        columns={
            "id": "text",
            "attempt": "int",
            "started_at": "time",
            "finished_at": "time",
            "result": "text",
        },
        rows=[(s.id, s.attempt, s.started_at, s.finished_at, s.result) for s in successes],
        set_="state = 'succeeded', attempt = v.attempt, started_at = v.started_at, "
        "finished_at = v.finished_at, result = v.result, "
        "error_type = '', error_message = '', error_fingerprint = '', " + KEY_ONCE_ENDED,
        where=FENCE,
        params=[worker],
    )
    return [id for (id,) in rows]
