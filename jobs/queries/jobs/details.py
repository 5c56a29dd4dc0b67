"""One job with everything around it: the job page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.errors import JobNotFound
from jobs.models import Attempt, Batch, Job, LogLine, Picture
from jobs.queries.jobs.facts import facts_for
from jobs.queries.jobs.family import Family, family_of
from jobs.queries.jobs.listing import percent
from jobs.queries.jobs.messages import Shown, arguments, result
from jobs.queries.jobs.timeline import Moment, moments, spans
from jobs.queries.pictures import picture_of_job
from jobs.queries.sentences import spell, why
from jobs.states import FINAL

#: Log lines shown, the newest.
_MOST_LINES = 500


@dataclass(frozen=True, slots=True)
class JobDetails:
    """Everything that a page about one job shows."""

    job: Job
    #: Why it is where it is; and what to type, if that would help.
    why: str
    command: str
    percent: int | None
    moments: Sequence[Moment]
    waited: str
    ran: str
    #: How much of its life a job has waited, in percent, for the bar.
    waited_share: int
    args: Shown | None
    kwargs: Shown | None
    result: Shown | None
    attempts: Sequence[Attempt]
    lines: Sequence[LogLine]
    lines_cut: bool
    #: Whether they are of more than one attempt, an interrupted one and the next with its number.
    lines_of_many: bool
    family: Family
    picture: Picture | None
    worker: str
    #: What its batch is called.
    batch_name: str

    @property
    def finished(self) -> bool:
        return self.job.state in FINAL

    @property
    def can_retry(self) -> bool:
        return self.finished

    @property
    def can_cancel(self) -> bool:
        return not self.finished and self.job.cancel_requested_at is None


def job_details(pk: str, now: datetime) -> JobDetails:
    """The job with this id. Raises JobNotFound."""
    job = Job.objects.filter(id=pk).first()
    if job is None:
        raise JobNotFound
    facts = facts_for(job, now)
    args, kwargs = arguments(job)
    lines = list(job.log_lines.order_by("-at", "-id")[: _MOST_LINES + 1])
    waited, ran = spans(job, now)
    sentence, _, command = why(job, facts, now).partition("Start one: ")
    return JobDetails(
        job=job,
        why=f"{sentence}Start one:" if command else sentence,
        command=command,
        percent=percent(job),
        moments=moments(job, now),
        waited=spell(waited),
        ran=spell(ran) if job.started_at else "",
        waited_share=round(100 * waited / (waited + ran)) if waited + ran else 0,
        args=args,
        kwargs=kwargs,
        result=result(job),
        attempts=list(job.attempts.order_by("-number", "-id")),
        lines=lines[:_MOST_LINES][::-1],
        lines_cut=len(lines) > _MOST_LINES,
        lines_of_many=len({(line.attempt, line.started_at) for line in lines}) > 1,
        family=family_of(job, now),
        picture=picture_of_job(job.id),
        worker=facts.worker or job.worker,
        batch_name=_batch_name(job),
    )


def _batch_name(job: Job) -> str:
    if job.batch_id is None:
        return ""
    batch = Batch.objects.filter(id=job.batch_id).first()
    return str(batch) if batch else job.batch_id
