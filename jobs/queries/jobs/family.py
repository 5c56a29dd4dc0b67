"""The jobs that belong together with a job: chains, groups, and what a job submitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from jobs.models import Job
from jobs.queries.jobs import hot
from jobs.queries.jobs.listing import JobRow

#: Members shown.
_MOST = 50


@dataclass(frozen=True, slots=True)
class Family:
    """The jobs that belong together with a job."""

    parent: JobRow | None
    root: JobRow | None
    children: Sequence[JobRow]
    group: Sequence[JobRow]

    def __bool__(self) -> bool:
        return bool(self.parent or self.root or self.children or self.group)


def family_of(job: Job, now: datetime) -> Family:
    """The relatives of `job`, as a list shows them."""
    tree = Job.objects.filter(hot.WITH_PARENT, parent=job.id).exclude(id=job.id)
    group = Job.objects.none()
    if job.group:
        group = Job.objects.filter(hot.GROUPED, group=job.group).exclude(id=job.id)
    ids = {job.parent, job.root} - {"", job.id}
    above = {row.id: row for row in _rows(Job.objects.filter(id__in=ids), now)} if ids else {}
    return Family(
        parent=above.get(job.parent),
        root=above.get(job.root) if job.root != job.parent else None,
        children=_rows(tree, now),
        group=_rows(group, now),
    )


def _rows(jobs: QuerySet[Job], now: datetime) -> Sequence[JobRow]:
    found = jobs.defer("message", "result").order_by("created_at", "id")[:_MOST]
    return [JobRow.of(job, now) for job in found]
