"""What running jobs tell: log lines and progress. Off the hot path, throttled by the caller."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.models import Job, LogLine
from jobs.operations.conclude import clean
from jobs.states import State


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a job's log."""

    at: datetime
    level: str
    text: str


def write_lines(job: str, attempt: int, lines: Sequence[Line]) -> None:
    """Keep log lines of a job that has a row."""
    LogLine.objects.bulk_create(
        [
            LogLine(job_id=job, attempt=attempt, at=li.at, level=li.level[:8], text=clean(li.text))
            for li in lines
        ]
    )


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
