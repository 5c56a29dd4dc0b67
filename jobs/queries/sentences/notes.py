"""The state of a job in a few words, for lists. Pure: a row and a moment."""

from datetime import datetime

from jobs.models import Job
from jobs.queries.sentences.spans import ago, spell, until
from jobs.states import State, WaitingFor


def note(job: Job, now: datetime) -> str:
    """What a list says beside the state."""
    if job.state == State.SCHEDULED:
        left = until(job.run_at, now) if job.run_at > now else "a moment"
        return f"in {left}" if job.waiting_for == WaitingFor.TIME else f"again in {left}"
    if job.state == State.QUEUED:
        return f"ready for {ago(job.run_at, now)}"
    if job.state == State.RUNNING:
        return f"for {ago(job.started_at or now, now)}"
    if not job.started_at:
        return "never ran"
    return f"took {took(job)}" if job.state == State.SUCCEEDED else f"after {took(job)}"


def took(job: Job) -> str:
    """How long the last attempt ran."""
    return spell(job.finished_at - job.started_at) if job.finished_at and job.started_at else "0 s"
