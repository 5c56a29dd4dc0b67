"""The state of a job in a few words, for lists. Pure: a row and a moment."""

from datetime import datetime

from jobs.models import Job
from jobs.queries.sentences.spans import ago, spell, until
from jobs.states import State, WaitingFor


def note(job: Job, now: datetime) -> str:
    """What a list says beside the state."""
    if job.state == State.SCHEDULED:
        return _waits(job, now)
    if job.state == State.QUEUED:
        return f"ready for {ago(job.run_at, now)}"
    if job.state == State.RUNNING:
        return f"for {ago(job.started_at or now, now)}"
    if not job.started_at:
        return "never ran"
    return f"took {took(job)}" if job.state == State.SUCCEEDED else f"after {took(job)}"


def _waits(job: Job, now: datetime) -> str:
    if job.waiting_for == WaitingFor.LANE:
        return f"waits in lane {job.lane}"
    if job.waiting_for == WaitingFor.PAUSE:
        return "paused"
    if job.waiting_for == WaitingFor.SUCCESSOR:
        return "waits for what replaced it"
    left = until(job.run_at, now) if job.run_at > now else "a moment"
    again = job.waiting_for in (WaitingFor.RETRY, WaitingFor.CRASH)
    return f"again in {left}" if again else f"in {left}"


def took(job: Job) -> str:
    """How long the last attempt ran."""
    return spell(job.finished_at - job.started_at) if job.finished_at and job.started_at else "0 s"
