"""Lists of jobs: pages by keyset, without ever counting the table."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F, Func, QuerySet

from jobs.models import Job
from jobs.queries.jobs import hot
from jobs.queries.jobs.filters import Cursor, JobFilter
from jobs.queries.sentences import ago, note
from jobs.states import WaitingFor

_PAGE = 50
#: Names offered to choose from come from this many of the newest jobs.
_NAMES_FROM = 2000
_OVERDUE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as a list shows it."""

    id: str
    task: str
    queue: str
    lane: str
    state: str
    paused: bool
    note: str
    error: str
    percent: int | None
    progress: str
    attempt: int
    created_at: datetime
    run_at: datetime
    #: How long ago it ended; empty before.
    ended: str
    schedule: str
    requested_by: str
    cancel_asked: bool

    @classmethod
    def of(cls, job: Job, now: datetime) -> "JobRow":
        return cls(
            id=job.id,
            task=job.task,
            queue=job.queue,
            lane=job.lane,
            state=job.state,
            paused=job.waiting_for == WaitingFor.PAUSE,
            note=note(job, now),
            error=_error(job),
            percent=percent(job),
            progress=job.progress_message if job.state == "running" else "",
            attempt=job.attempt,
            created_at=job.created_at,
            run_at=job.run_at,
            ended=f"{ago(job.finished_at, now)} ago" if job.finished_at else "",
            schedule=job.schedule,
            requested_by=job.requested_by,
            cancel_asked=job.cancel_requested_at is not None and job.finished_at is None,
        )


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, newest first, and where the pages before and after begin."""

    rows: Sequence[JobRow]
    newer: Cursor | None
    older: Cursor | None


def percent(job: Job) -> int | None:
    """How far a running job says it is."""
    if job.state != "running" or job.progress_done is None or not job.progress_total:
        return None
    return min(100 * job.progress_done // job.progress_total, 100)


def list_jobs(
    wanted: JobFilter,
    now: datetime,
    *,
    before: Cursor | None = None,
    after: Cursor | None = None,
    size: int = _PAGE,
) -> JobPage:
    """The newest jobs of `wanted`, or those older than `before`, or those newer than `after`."""
    jobs = _light(Job.objects.filter(wanted.as_q()))
    sink = wanted.state in hot.UNSORTED
    if after:
        found = list(_sorted(jobs.filter(after.newer()), sink, newest_first=False)[: size + 1])
        more, shown = len(found) > size, found[:size][::-1]
        return _page(shown, now, newer=more, older=True)
    if before:
        jobs = jobs.filter(before.older())
    found = list(_sorted(jobs, sink)[: size + 1])
    return _page(found[:size], now, newer=before is not None, older=len(found) > size)


def newer_than(wanted: JobFilter, cursor: Cursor, *, most: int = 100) -> int:
    """How many jobs of `wanted` came after `cursor`, counted up to `most`."""
    return Job.objects.filter(wanted.as_q() & cursor.newer()).order_by()[:most].count()


def rows_of(ids: Collection[str], now: datetime) -> dict[str, JobRow]:
    """The rows with these ids, as a list shows them."""
    return {job.id: JobRow.of(job, now) for job in _light(Job.objects.filter(id__in=ids))}


def running_now(now: datetime, *, most: int = 20) -> Sequence[JobRow]:
    """What runs, the longest first."""
    jobs = _light(Job.objects.filter(hot.RUNNING)).order_by("started_at", "id")
    return [JobRow.of(job, now) for job in jobs[:most]]


def next_due(now: datetime, *, most: int = 6) -> Sequence[JobRow]:
    """What waits for its time, the soonest first. What is long overdue is an alarm."""
    timed = Job.objects.filter(hot.TIMED, run_at__gt=now - _OVERDUE)
    jobs = _light(timed).order_by("run_at", "id")
    return [JobRow.of(job, now) for job in jobs[:most]]


def recently_finished(now: datetime, *, most: int = 8) -> Sequence[JobRow]:
    """What ended last."""
    jobs = _light(Job.objects.filter(finished_at__isnull=False)).order_by("-finished_at")
    return [JobRow.of(job, now) for job in jobs[:most]]


def known_names() -> tuple[Sequence[str], Sequence[str]]:
    """Tasks and queues to choose from: those of the newest jobs."""
    newest = Job.objects.order_by("-created_at").values_list("task", "queue")[:_NAMES_FROM]
    tasks, queues = zip(*newest, strict=True) if newest else ((), ())
    return sorted(set(tasks)), sorted(set(queues))


def _light(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Without the columns that may be large."""
    return jobs.defer("message", "result")


def _sorted(jobs: QuerySet[Job], sink: bool, *, newest_first: bool = True) -> QuerySet[Job]:
    """By age. SQLite would walk the whole table by age for a rare state: "+" keeps it from that."""
    age = (
        Func(F("created_at"), template="+%(expressions)s")
        if sink and connection.vendor == "sqlite"
        else F("created_at")
    )
    return jobs.order_by(age.desc(), "-id") if newest_first else jobs.order_by(age.asc(), "id")


def _page(jobs: Sequence[Job], now: datetime, *, newer: bool, older: bool) -> JobPage:
    return JobPage(
        rows=[JobRow.of(job, now) for job in jobs],
        newer=Cursor.of(jobs[0]) if jobs and newer else None,
        older=Cursor.of(jobs[-1]) if jobs and older else None,
    )


def _error(job: Job) -> str:
    if not job.error_type:
        return ""
    first = job.error_message.strip().partition("\n")[0]
    if first and job.state == "cancelled":  # the reason says it all
        return first
    return f"{job.error_type}: {first[:160]}" if first else job.error_type
