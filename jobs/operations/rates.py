"""Rates: at which moment a lane lets a job start."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from jobs.models import Job, Lane
from jobs.operations.statements import update_many
from jobs.states import State, WaitingFor

#: Jobs that are started later than this are late: no dispatcher was there, or it was asleep.
_LATE = timedelta(seconds=0.2)


@dataclass(slots=True)
class Limits:
    """A lane's row, without what an object of Django's costs: an end may concern hundreds."""

    key: str
    width: int
    rate_count: int | None
    rate_seconds: float | None
    next_start_at: datetime | None

    @property
    def step(self) -> timedelta | None:
        """How far starts are apart; None without a rate."""
        if self.rate_count is None or self.rate_seconds is None:
            return None
        return timedelta(seconds=self.rate_seconds / self.rate_count)

    def take_start(self, now: datetime) -> datetime:
        """When the next job may start; the one after it comes later by a step."""
        if self.step is None:
            return now
        start = max(now, self.next_start_at or now)
        self.next_start_at = start + self.step
        return start


def limits_of(lanes: Iterable[tuple[object, ...]]) -> dict[str, Limits]:
    """By key, from rows of `Limits.__slots__`."""
    return {limits.key: limits for limits in (Limits(*row) for row in lanes)}  # type: ignore[arg-type]


def note_starts(lanes: Mapping[str, Limits]) -> None:
    """Write when the rate of each lane allows the next start."""
    limited = [
        Lane(key=key, next_start_at=limits.next_start_at)
        for key, limits in lanes.items()
        if limits.step is not None
    ]
    if limited:
        Lane.objects.bulk_update(limited, ["next_start_at"], batch_size=500)


def put_off(starts: Sequence[tuple[str, datetime]]) -> None:
    """Put jobs that wait in a line down for the moment at which their lane lets them start."""
    update_many(
        columns={"id": "text", "start": "time"},
        rows=starts,
        set_="waiting_for = 'rate', run_at = v.start, in_turn = TRUE",
        where="jobs_job.id = v.id AND state = 'scheduled' AND waiting_for = 'lane'",
    )


def time_starts(*, now: datetime, limit: int = 500) -> bool:
    """See to it that jobs of lanes which are due start as their rate says. False if none is due.

    Those that keep their place and run again (a retry, a snooze or a crash is behind them) take a
    start as all others do; a lane without a rate lets them start now. And those that nobody could
    start in time do not start together: they are spaced anew.
    """
    due = Job.objects.due(now).filter(in_turn=True).order_by("run_at", "id")
    rows = list(due.values_list("id", "lane", "waiting_for", "run_at")[:limit])
    late = {lane for _, lane, why, at in rows if why == WaitingFor.RATE and now - at > _LATE}
    for lane in sorted(late):
        _space_anew(lane, now)
    if again := [(id, lane) for id, lane, why, _ in rows if why != WaitingFor.RATE]:
        _take_starts(again, now)
    return bool(rows)


@transaction.atomic
def _take_starts(jobs: Sequence[tuple[str, str]], now: datetime) -> None:
    starts = _starts(jobs, now)
    update_many(
        columns={"id": "text", "start": "time"},
        rows=[(id, starts.get(id, now)) for id, _ in jobs],
        set_="waiting_for = 'rate', run_at = v.start",
        where="jobs_job.id = v.id AND state = 'scheduled' AND in_turn "
        "AND waiting_for IN ('time', 'retry', 'crash')",
    )


@transaction.atomic
def _space_anew(lane: str, now: datetime) -> None:
    locked = Lane.objects.select_for_update(no_key=True)
    row = locked.filter(key=lane, rate_count__isnull=False)
    limits = limits_of(row.values_list(*Limits.__slots__)).get(lane)
    if limits is None or limits.step is None:
        return
    after, free = limits.next_start_at, now
    moved = []
    for id, start in _put_down(lane).order_by("run_at", "id").values_list("id", "run_at"):
        moved.append((id, max(free, start)))
        free = moved[-1][1] + limits.step
    limits.next_start_at = max(after or free, free)
    note_starts({lane: limits})
    update_many(
        columns={"id": "text", "start": "time"},
        rows=moved,
        set_="run_at = v.start",
        where="jobs_job.id = v.id AND state = 'scheduled' AND waiting_for = 'rate'",
    )


def _put_down(lane: str) -> QuerySet[Job]:
    """The jobs of `lane` that its rate makes wait."""
    return Job.objects.in_turn().filter(
        lane=lane, state=State.SCHEDULED, waiting_for=WaitingFor.RATE
    )


def hold_back(ids: Collection[str], *, now: datetime) -> None:
    """Queued jobs of lanes that are to run again at once → scheduled, where a rate says later.

    Call it in the transaction that queued them, before they are published.
    """
    queued = Job.objects.unclaimed().filter(id__in=ids, in_turn=True)
    rows = list(queued.order_by("created_at", "id").values_list("id", "lane"))
    later = [(id, start) for id, start in _starts(rows, now).items() if start > now]
    update_many(
        columns={"id": "text", "start": "time"},
        rows=later,
        set_="state = 'scheduled', waiting_for = 'rate', run_at = v.start",
        where="jobs_job.id = v.id AND state = 'queued' AND worker = ''",
    )


def _starts(jobs: Sequence[tuple[str, str]], now: datetime) -> dict[str, datetime]:
    """A start for each of `jobs` (id and lane) whose lane has a rate, taken in their order."""
    if not jobs:
        return {}
    rated = Lane.objects.filter(key__in={lane for _, lane in jobs}, rate_count__isnull=False)
    locked = rated.select_for_update(no_key=True).order_by("key")
    lanes = limits_of(locked.values_list(*Limits.__slots__))
    starts = {id: lanes[lane].take_start(now) for id, lane in jobs if lane in lanes}
    note_starts(lanes)
    return starts


def release(lane: str) -> datetime | None:
    """Jobs that the rate of `lane` makes wait go back into its line, where their age puts them.

    Returns for when the first of them was put down. The caller has locked the lane's row.
    """
    waiting = _put_down(lane)
    first = waiting.order_by("run_at").values_list("run_at", flat=True).first()
    if first is not None:
        waiting.update(waiting_for=WaitingFor.LANE, in_turn=False)
    return first
