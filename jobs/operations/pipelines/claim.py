"""Take up the items of a chunk: what is not done, for the run of one job and no other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from jobs.errors import ClaimLost
from jobs.models import Job, PipelineItem
from jobs.states import State

#: An item is taken up at most so often in a row, whatever happened.
MOST_ATTEMPTS = 6
#: From so many deaths of its process on, an item runs alone: others must not suffer by it.
SUSPECT_CRASHES = 2
#: After so many it has failed: the last of them it was alone.
MOST_CRASHES = 3
CRASHED = "The process died each time that it worked on this picture."
GIVEN_UP = "It was begun again and again, and never ended."

_UNFINISHED = (PipelineItem.State.WAITING, PipelineItem.State.RUNNING)


@dataclass(frozen=True, slots=True)
class Hand:
    """The run of a job that takes items up: id, attempt, and the node that runs it."""

    job: str
    attempt: int
    worker: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Items that are this run's; `claim` is what its writes are fenced by."""

    claim: str
    items: Sequence[PipelineItem]


def take(pipeline: UUID, lap: int, chunk: int, *, hand: Hand | None, now: datetime) -> list[Taken]:
    """Take up what is not done of a chunk: the most of it together, suspects each by itself.

    Items of a run that died are taken over; from here on, that run writes nothing. Items that were
    taken up too often have failed. Suspects are not yet claimed: call `take_alone` for each, right
    before it runs.

    Raises:
        ClaimLost: the job runs elsewhere by now.
    """
    with transaction.atomic():
        _require(hand)
        rows = _of_chunk(pipeline, lap, chunk)
        _count_deaths(rows)
        fail_hopeless(rows, now)
        items = list(rows.filter(crashes__lt=SUSPECT_CRASHES).select_for_update())
        suspects = list(rows.filter(crashes__gte=SUSPECT_CRASHES))
        claim = _claim(rows.filter(pk__in=[item.pk for item in items]), hand, now)
    groups = [Taken(claim, items)] if items else []
    return [*groups, *(Taken("", [suspect]) for suspect in suspects)]


def take_alone(item: PipelineItem, *, hand: Hand | None, now: datetime) -> Taken | None:
    """Take up a suspect. None if somebody else has, or it has ended."""
    with transaction.atomic():
        _require(hand)
        row = PipelineItem.objects.filter(pk=item.pk, claim="", state__in=_UNFINISHED)
        found = row.select_for_update().first()
        return Taken(_claim(row, hand, now), [found]) if found else None


def done_before(pipeline: UUID, lap: int, chunk: int, *, hand: Hand | None) -> list[str]:
    """The URLs that are done of a chunk whose earlier run died, perhaps before it cleared up."""
    if hand is None or _crashes_of(hand.job) < 1:
        return []
    done = PipelineItem.objects.filter(pipeline=pipeline, lap=lap, chunk=chunk, state="done")
    return list(done.values_list("url", flat=True))


def fail_chunk(pipeline: UUID, lap: int, chunk: int, *, detail: str, now: datetime) -> int:
    """Fail what is not done of a chunk that cannot even be begun; a person mends it and retries."""
    return _of_chunk(pipeline, lap, chunk).update(
        state=PipelineItem.State.FAILED,
        reason="internal",
        detail=detail[:500],
        claim="",
        due_at=None,
        finished_at=now,
    )


def _of_chunk(pipeline: UUID, lap: int, chunk: int) -> QuerySet[PipelineItem]:
    return PipelineItem.objects.filter(
        pipeline=pipeline, lap=lap, chunk=chunk, state__in=_UNFINISHED
    ).order_by("number")


def _claim(rows: QuerySet[PipelineItem], hand: Hand | None, now: datetime) -> str:
    claim = f"{_crashes_of(hand.job) if hand else 0:02}{uuid4().hex[2:]}"
    rows.update(
        state=PipelineItem.State.RUNNING,
        job=hand.job if hand else "",
        claim=claim,
        attempt=F("attempt") + 1,
        started_at=Coalesce(F("started_at"), Value(now)),
        due_at=None,
    )
    return claim


def _count_deaths(rows: QuerySet[PipelineItem]) -> None:
    """A claim that is still there was not given back: the run that had it died, or was stopped.

    A claim begins with the crashes that its job had then: if it has no more now, the worker was
    only stopped (a deploy), and no picture is to blame. Unless the process was killed because it
    took too long: then it did not even hear that it should stop, as a picture that hangs does it.
    """
    left = rows.exclude(claim="")
    for job, claim in left.order_by().values_list("job", "claim").distinct():
        stopped = job and _crashes_of(job) == int(claim[:2]) and not _ran_too_long(job)
        left.filter(claim=claim).update(
            state=PipelineItem.State.WAITING,
            claim="",
            crashes=F("crashes") if stopped else F("crashes") + 1,
        )


def _crashes_of(job: str) -> int:
    """How often a worker died while running it; -1 if its row is gone."""
    found = Job.objects.filter(pk=job).values_list("crashes", flat=True).first()
    return -1 if found is None else min(found, 99)


def _ran_too_long(job: str) -> bool:
    """Whether its process was killed at the hard limit of its time."""
    return Job.objects.filter(pk=job, state=State.FAILED, error_type="TimeLimitExceeded").exists()


def fail_hopeless(rows: QuerySet[PipelineItem], now: datetime) -> None:
    """Fail what has ended its process, or was begun, too often."""
    for found, reason, detail in (
        ({"crashes__gte": MOST_CRASHES}, "crashed", CRASHED),
        ({"attempt__gte": MOST_ATTEMPTS}, "given_up", GIVEN_UP),
    ):
        rows.filter(**found).update(
            state=PipelineItem.State.FAILED,
            reason=reason,
            detail=detail,
            finished_at=now,
        )


def _require(hand: Hand | None) -> None:
    """A run that was thought dead takes nothing up: the row of its job says who runs it now."""
    if hand is None:
        return  # outside of a job: tests that call the function
    begun = Q(state=State.RUNNING, attempt=hand.attempt)
    # The parent writes starts in batches: the row may not say yet what is running already.
    claimed = Q(state=State.QUEUED, attempt=hand.attempt - 1)
    mine = Job.objects.filter(begun | claimed, pk=hand.job, worker=hand.worker)
    if not mine.select_for_update().exists():
        raise ClaimLost
