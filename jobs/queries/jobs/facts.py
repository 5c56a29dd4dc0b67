"""Who is there to do the work, and what stands before a job: the facts behind its sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from jobs.models import Attempt, Job, Lane, Node
from jobs.queries.jobs import hot
from jobs.queries.jobs.pauses import active_pauses, concerning
from jobs.queries.sentences import Facts
from jobs.states import FINAL, State, WaitingFor

#: Jobs ahead are counted up to here.
_MOST_AHEAD = 1000


@dataclass(frozen=True, slots=True)
class Fleet:
    """The processes, told apart by whether they were heard of within the lease."""

    nodes: Sequence[Node]
    heard_since: datetime

    @property
    def workers(self) -> Sequence[Node]:
        return [node for node in self._alive if node.kind == Node.Kind.WORKER]

    @property
    def beats(self) -> Sequence[Node]:
        return [node for node in self._alive if node.kind == Node.Kind.BEAT]

    @property
    def slots(self) -> int:
        return sum(node.concurrency for node in self.workers)

    @property
    def _alive(self) -> Sequence[Node]:
        return [node for node in self.nodes if node.seen_at >= self.heard_since]

    def listening_to(self, queue: str) -> Sequence[Node]:
        """The workers that take jobs from `queue`."""
        return [
            node
            for node in self.workers
            if not node.stopping_at and not node.deaf_since and queue in _names(node.queues)
        ]

    def named(self, pk: str) -> Node | None:
        return next((node for node in self.nodes if node.id == pk), None)


def fleet(now: datetime) -> Fleet:
    """The processes as their heartbeats tell."""
    lease = timedelta(seconds=settings.HACHI_LEASE_SECONDS)
    return Fleet(list(Node.objects.order_by("kind", "name")), now - lease)


def facts_for(job: Job, now: datetime) -> Facts:
    """What the sentence about `job` needs; nothing is read for a job that has ended."""
    if job.state in FINAL:
        verdict = _verdict(job) if job.state == State.FAILED else ""
        return Facts(max_crashes=settings.HACHI_MAX_CRASHES, verdict=verdict)
    there = fleet(now)
    holder = there.named(job.worker)
    listeners = there.listening_to(job.queue)
    if holder:
        listeners = [holder]
    waits = job.state == State.SCHEDULED or (job.state == State.QUEUED and not job.worker)
    in_line = job.waiting_for == WaitingFor.LANE
    of_a_lane = in_line or job.waiting_for == WaitingFor.RATE
    ahead = _before(job) if in_line else _ahead(job) if waits and not job.waiting_for else 0
    return Facts(
        workers=len(there.workers),
        listeners=len(listeners),
        slots=sum(node.concurrency for node in listeners),
        busy=_busy(listeners) if job.state == State.QUEUED else 0,
        ahead=min(ahead, _MOST_AHEAD),
        ahead_is_capped=ahead > _MOST_AHEAD,
        lane=Lane.objects.filter(key=job.lane).first() if of_a_lane else None,
        taken=Job.objects.filter(hot.IN_TURN, lane=job.lane).count() if in_line else 0,
        pauses=concerning(job, active_pauses(now)) if waits else (),
        worker=holder.name if holder else "",
        silent=now - holder.seen_at if holder and holder.seen_at < there.heard_since else None,
        max_crashes=settings.HACHI_MAX_CRASHES,
        verdict=_verdict(job) if job.waiting_for == WaitingFor.RETRY else "",
    )


def _verdict(job: Job) -> str:
    """Why the last attempt was followed by another, or by none."""
    last = Attempt.objects.filter(job=job.id).order_by("-number", "-id")
    return last.values_list("verdict", flat=True).first() or ""


def _ahead(job: Job) -> int:
    before = Q(priority__gt=job.priority)
    if job.published_at:
        before |= Q(priority=job.priority, published_at__lt=job.published_at)
    waiting = Job.objects.filter(hot.UNCLAIMED, before, queue=job.queue)
    return waiting[: _MOST_AHEAD + 1].count()


def _before(job: Job) -> int:
    older = Q(created_at__lt=job.created_at) | Q(created_at=job.created_at, id__lt=job.id)
    # The outer bound is for the index, the inner ones for jobs of one microsecond.
    line = Job.objects.filter(hot.IN_LINE, older, lane=job.lane, created_at__lte=job.created_at)
    return line[: _MOST_AHEAD + 1].count()


def _busy(workers: Sequence[Node]) -> int:
    return Job.objects.filter(hot.RUNNING, worker__in=[node.id for node in workers]).count()


def _names(queues: str) -> list[str]:
    return [name.strip() for name in queues.split(",")]
