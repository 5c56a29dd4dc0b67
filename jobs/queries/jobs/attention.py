"""What is failing, late or stuck right now: what the home page says first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from jobs.models import Garbage, Job
from jobs.queries.health import GARBAGE_TOLD
from jobs.queries.jobs import hot
from jobs.queries.jobs.facts import Fleet
from jobs.queries.sentences import ago, compared, count_of

#: A job that waits longer than this for a worker is worth a word.
_LONG_WAIT = timedelta(minutes=1)
#: A due job is published within a second or two; this is late.
_LATE = timedelta(seconds=20)
_MOST_FAILURES = 1000


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something to act on, in a sentence; `queue` or `state` say which jobs it is about."""

    text: str
    #: What to type, if that would help.
    command: str = ""
    queue: str = ""
    state: str = ""
    #: False: worth knowing, nothing is broken.
    urgent: bool = True


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures of one cause in the last hour, by their newest."""

    number: int
    capped: bool
    task: str
    cause: str
    error_type: str
    error_message: str
    newest: str
    newest_at: datetime


def alarms(there: Fleet, now: datetime, *, schedules: int) -> Sequence[Alarm]:
    """What keeps jobs from running; `schedules` is how many are enabled."""
    return [
        *_processes(there, schedules),
        *_silent(there, now),
        *_deaf(there, now),
        *_clocks(there),
        *_queues(there, now),
        *_late(now),
        *_garbage(now),
    ]


def failures(now: datetime) -> Sequence[Failures]:
    """The failures of the last hour, grouped by cause, the most frequent first."""
    newest = Job.objects.filter(hot.FAILED, finished_at__gte=now - timedelta(hours=1))
    columns = newest.order_by("-finished_at").only(
        "id", "task", "error_type", "error_message", "error_fingerprint", "finished_at"
    )
    groups: dict[tuple[str, str], list[Job]] = {}
    found = list(columns[:_MOST_FAILURES])
    for job in found:
        groups.setdefault((job.task, job.error_fingerprint or job.error_type), []).append(job)
    capped = len(found) == _MOST_FAILURES
    return sorted(
        (_failures(jobs, capped) for jobs in groups.values()), key=lambda f: f.number, reverse=True
    )


def _failures(jobs: Sequence[Job], capped: bool) -> Failures:
    newest = jobs[0]
    return Failures(
        number=len(jobs),
        capped=capped,
        task=newest.task,
        cause=newest.error_fingerprint,
        error_type=newest.error_type,
        error_message=newest.error_message.strip().partition("\n")[0][:200],
        newest=newest.id,
        newest_at=newest.finished_at or newest.created_at,
    )


def _processes(there: Fleet, schedules: int) -> Iterator[Alarm]:
    if not there.workers:
        yield Alarm("No worker is running: jobs are kept, and wait.", "celery -A config worker")
    if schedules and not there.beats:
        yield Alarm(
            f"No beat is running: {count_of(schedules, 'schedule')} cannot fire.",
            "celery -A config beat",
        )


def _silent(there: Fleet, now: datetime) -> Iterator[Alarm]:
    # Where no other of its kind lives, more than this has been said already.
    kinds = {node.kind for node in [*there.workers, *there.beats]}
    for node in there.nodes:
        if node.seen_at < there.heard_since and node.kind in kinds:
            silent = ago(node.seen_at, now)
            yield Alarm(f"{node.kind.capitalize()} {node.name} has been silent for {silent}.")


def _deaf(there: Fleet, now: datetime) -> Iterator[Alarm]:
    for node in there.workers:
        if node.deaf_since:
            yield Alarm(
                f"Worker {node.name} is alive but has taken no jobs for "
                f"{ago(node.deaf_since, now)}. It reconnects, then starts anew by itself."
            )


def _clocks(there: Fleet) -> Iterator[Alarm]:
    for node in there.nodes:  # who counts as silent may be so by its clock
        if node.clock_ahead:
            yield Alarm(
                f"The clock of worker {node.name} is {compared(node.clock_ahead)}. Beyond "
                "LEASE_SECONDS its jobs run twice: keep the clocks of all hosts in step (NTP)."
            )


def _queues(there: Fleet, now: datetime) -> Iterator[Alarm]:
    waiting = Job.objects.filter(hot.UNCLAIMED).order_by("queue").values("queue")
    for row in waiting.annotate(number=Count("*"), oldest=Min("published_at")):
        queue, number, oldest = row["queue"], row["number"], row["oldest"]
        if there.workers and not there.listening_to(queue):
            yield Alarm(
                f"No worker is listening to queue {queue}, where {count_of(number, 'job')} "
                f"{'waits' if number == 1 else 'wait'}.",
                f"celery -A config worker -Q {queue}",
                queue=queue,
                state="queued",
            )
        elif oldest and now - oldest > _LONG_WAIT:
            yield Alarm(
                f"Queue {queue} is behind: {count_of(number, 'job')} ready, "
                f"the oldest for {ago(oldest, now)}.",
                queue=queue,
                state="queued",
                urgent=False,
            )


def _late(now: datetime) -> Iterator[Alarm]:
    late = Job.objects.filter(hot.TIMED, run_at__lt=now - _LATE)
    found = late.order_by("run_at").values_list("run_at", flat=True)[:_MOST_FAILURES]
    if moments := list(found):
        yield Alarm(
            f"{count_of(len(moments), 'job')} {'is' if len(moments) == 1 else 'are'} overdue, "
            f"the first by {ago(moments[0], now)}.",
            state="scheduled",
        )


def _garbage(now: datetime) -> Iterator[Alarm]:
    for row in Garbage.objects.filter(last_at__gt=now - GARBAGE_TOLD).order_by("queue"):
        yield Alarm(
            f"Somebody puts garbage into queue {row.queue}: {count_of(row.number, 'item')} so far, "
            f"the last {ago(row.last_at, now)} ago. No job was made of it.",
            "python manage.py jobs garbage",
            urgent=False,
        )
