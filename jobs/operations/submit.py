"""Submit: write the rows of new jobs, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.models import Job
from jobs.models.job import DEFAULT_PRIORITY
from jobs.states import State, WaitingFor


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A job that is about to be written: what the submitter said, checked."""

    id: str
    task: str
    queue: str
    message: str
    priority: int = DEFAULT_PRIORITY
    run_at: datetime | None = None
    expires_at: datetime | None = None
    max_attempts: int | None = None
    parent: str = ""
    root: str = ""
    group: str = ""
    chord: str = ""
    schedule: str = ""
    tick: datetime | None = None
    requested_by: str = ""


def submit(drafts: Sequence[Draft], *, now: datetime) -> list[Job]:
    """Write `drafts` as jobs and return those rows that are ready to be published.

    An id that exists already is left as it is: a chain step that is submitted twice, because the
    step before it ran twice, is one job. The same holds for a tick of a schedule.
    """
    jobs = [_row(draft, now) for draft in drafts]
    Job.objects.bulk_create(jobs, ignore_conflicts=True, batch_size=500)
    return [job for job in jobs if job.state == State.QUEUED]


def _row(draft: Draft, now: datetime) -> Job:
    later = draft.run_at is not None and draft.run_at > now
    return Job(
        id=draft.id,
        task=draft.task,
        queue=draft.queue,
        priority=draft.priority,
        state=State.SCHEDULED if later else State.QUEUED,
        waiting_for=WaitingFor.TIME if later else WaitingFor.NOTHING,
        message=draft.message,
        run_at=draft.run_at or now,
        expires_at=draft.expires_at,
        max_attempts=draft.max_attempts,
        created_at=now,
        published_at=None if later else now,
        parent=draft.parent,
        root=draft.root,
        group=draft.group,
        chord=draft.chord,
        schedule=draft.schedule,
        tick=draft.tick,
        requested_by=draft.requested_by,
    )
