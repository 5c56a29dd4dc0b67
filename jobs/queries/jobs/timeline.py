"""The life of a job as moments with the times between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.models import Job
from jobs.queries.sentences import spell
from jobs.states import State


@dataclass(frozen=True, slots=True)
class Moment:
    """A step in the life of a job, and how long it took to come to it."""

    name: str
    at: datetime
    after: str
    #: It is still to come.
    coming: bool = False


def spans(job: Job, now: datetime) -> tuple[timedelta, timedelta]:
    """How long the job waited since it was allowed to run, and how long its last attempt ran."""
    end = job.finished_at or now
    began = job.started_at if job.state != State.SCHEDULED else None
    eligible = min(max(job.run_at, job.created_at), end)
    waited = max((began or end) - eligible, timedelta(0))
    return waited, max(end - began, timedelta(0)) if began else timedelta(0)


def moments(job: Job, now: datetime) -> Sequence[Moment]:
    """What happened to the job and what is still to come, in order."""
    steps = [
        ("Submitted", job.created_at),
        ("Due" if job.run_at > now else "Ready", _other(job.run_at, job.created_at)),
        ("Announced to workers", job.published_at if job.state != State.SCHEDULED else None),
        ("Claimed by a worker", job.claimed_at),
        (f"Attempt {job.attempt} began", job.started_at),
        ("Cancel asked", job.cancel_requested_at),
        (job.state.capitalize(), job.finished_at),
    ]
    known = sorted(((at, name) for name, at in steps if at is not None), key=lambda step: step[0])
    earlier = [known[0][0], *(at for at, _ in known)]
    return [
        Moment(name, at, spell(at - before) if at > before else "", coming=at > now)
        for (at, name), before in zip(known, earlier, strict=False)
    ]


def _other(moment: datetime, than: datetime) -> datetime | None:
    return moment if moment != than else None
