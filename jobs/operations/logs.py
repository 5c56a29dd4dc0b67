"""What running jobs tell: log lines and progress. Off the hot path, throttled by the caller."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from jobs.models import Job
from jobs.operations.conclude import clean
from jobs.operations.statements import source_of
from jobs.states import State


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a job's log."""

    at: datetime
    level: str
    text: str


def write_lines(
    job: str, attempt: int, lines: Sequence[Line], *, worker: str, started_at: datetime
) -> bool:
    """Keep log lines of an attempt, which began at `started_at`.

    False if the job is no longer this worker's, or `lines` is empty: nothing is written then.
    """
    source, values = source_of(
        {"n": "int", "at": "time", "level": "text", "text": "text"},
        [(n, line.at, line.level[:8], clean(line.text)) for n, line in enumerate(lines)],
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH v AS ({source}) "  # noqa: S608 - names are ours
            "INSERT INTO jobs_logline (job_id, attempt, started_at, at, level, text) "
            "SELECT j.id, %s, %s, v.at, v.level, v.text FROM v, jobs_job j "
            # The start of the attempt may not be written yet; and a job that has replaced itself
            # has given up its worker.
            "WHERE j.id = %s AND (j.worker = %s OR j.waiting_for = 'successor') AND "
            "(j.attempt = %s OR (j.state = 'queued' AND j.attempt = %s)) ORDER BY v.n",
            [
                *values,
                attempt,
                connection.ops.adapt_datetimefield_value(started_at),
                *(job, worker, attempt, attempt - 1),
            ],
        )
        return bool(cursor.rowcount > 0)


def write_progress(
    job: str, attempt: int, *, worker: str, done: int | None, total: int | None, message: str
) -> bool:
    """Show how far a running job is. False if it is no longer this worker's."""
    running = Job.objects.filter(id=job, worker=worker, attempt=attempt, state=State.RUNNING)
    return (
        running.update(
            progress_done=done, progress_total=total, progress_message=clean(message)[:500]
        )
        == 1
    )


def cancel_requested(job: str) -> bool:
    """Whether somebody has asked to cancel the job."""
    return Job.objects.filter(id=job, cancel_requested_at__isnull=False).exists()
