"""Batches as pages, API and commands show them: counts, causes, pace, callbacks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max

from jobs.errors import BatchNotFound
from jobs.models import Batch, BatchCallback, Job
from jobs.models.batch import Tally
from jobs.queries.sentences import count_of, spell
from jobs.states import State

_PAGE = 30
_MOST_CAUSES = 20
#: The pace is that of the last minute, read from so many jobs at most.
_PACE_SECONDS = 60
_MOST_FOR_PACE = 5_000


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as a list shows it."""

    batch: Batch
    tally: Tally

    @property
    def id(self) -> str:
        return self.batch.id

    @property
    def name(self) -> str:
        return self.batch.name or f"Batch {self.batch.id[-12:]}"

    @property
    def state(self) -> str:
        """In the words of jobs: scheduled while nothing of it has begun, and how it ended."""
        if self.batch.finished_at is not None:
            worst = "failed" if self.tally.failed else "cancelled"
            return worst if self.tally.failed or self.tally.cancelled else "succeeded"
        begun = self.tally.running or self.tally.ended
        return "running" if begun else "queued" if self.tally.queued else "scheduled"

    @property
    def percent(self) -> int:
        if self.batch.finished_at is not None:
            return 100
        return 100 * self.tally.ended // self.tally.total if self.tally.total else 0

    @property
    def note(self) -> str:
        """What there is to say of it besides its counts."""
        if self.batch.finished_at is not None:
            return f"took {spell(self.batch.finished_at - self.batch.created_at)}"
        if self.batch.cancel_requested_at is not None:
            by = f" by {self.batch.cancelled_by}" if self.batch.cancelled_by else ""
            return f"being cancelled{by}"
        return "" if self.batch.closed_at else "open: more jobs may come"

    @property
    def counted(self) -> str:
        """Its members in words."""
        tally = self.tally
        parts = [
            (tally.failed, "failed"),
            (tally.cancelled, "cancelled"),
            (tally.running, "running"),
            (tally.queued + tally.scheduled, "waiting"),
        ]
        said = ", ".join(f"{number:,} {word}" for number, word in parts if number)
        return f"{tally.succeeded:,} of {count_of(tally.total, 'job')} succeeded" + (
            f"; {said}" if said else ""
        )


@dataclass(frozen=True, slots=True)
class Cause:
    """Failures of one cause in a batch."""

    number: int
    task: str
    error_type: str
    fingerprint: str
    #: One of them, and what it said.
    example: str
    message: str


@dataclass(frozen=True, slots=True)
class CallbackRow:
    """A callback of a batch, and the job that it became."""

    event: str
    text: str
    task: str
    job_id: str
    #: The state of its job; empty before it is submitted, and when retention has taken it.
    state: str
    submitted_at: datetime | None


@dataclass(frozen=True, slots=True)
class BatchDetails:
    """Everything that a page about one batch shows."""

    row: BatchRow
    causes: Sequence[Cause]
    callbacks: Sequence[CallbackRow]
    #: Jobs that ended per second, lately; None if none did.
    rate: float | None
    time_left: str

    @property
    def batch(self) -> Batch:
        return self.row.batch

    @property
    def tally(self) -> Tally:
        return self.row.tally

    @property
    def can_cancel(self) -> bool:
        return self.batch.finished_at is None and self.batch.cancel_requested_at is None

    @property
    def pace(self) -> str:
        """How fast it goes, in words."""
        if not self.rate:
            return ""
        each = f"{self.rate:,.0f} a second" if self.rate >= 1 else f"{self.rate * 60:,.1f} a minute"
        return f"{each}, about {self.time_left} to go" if self.time_left else each


def find_batch(id: str) -> Batch:
    """The batch with this id. Raises BatchNotFound."""
    batch = Batch.objects.filter(id=id).first() if "\0" not in id else None
    if batch is None:
        raise BatchNotFound
    return batch


def list_batches(*, before: str = "", size: int = _PAGE) -> Sequence[BatchRow]:
    """The newest batches, or those that are older than the one with the id `before`."""
    batches = Batch.objects.order_by("-created_at", "-id")
    if before and (last := Batch.objects.filter(id=before).first()):
        batches = batches.filter(created_at__lte=last.created_at).exclude(
            created_at=last.created_at, id__gte=last.id
        )
    return rows_of(list(batches[:size]))


def rows_of(batches: Sequence[Batch]) -> Sequence[BatchRow]:
    """The batches with their counts: two queries, whatever their number."""
    counted = _counted([batch for batch in batches if batch.finished_at is None])
    return [BatchRow(batch, counted.get(batch.id) or batch.tally()) for batch in batches]


def _counted(batches: Collection[Batch]) -> dict[str, Tally]:
    found = {
        batch.id: {
            "succeeded": batch.gone_succeeded,
            "failed": batch.gone_failed,
            "cancelled": batch.gone_cancelled,
        }
        for batch in batches
    }
    members = Job.objects.filter(batch_id__in=found).order_by().values_list("batch_id", "state")
    for id, state, number in members.annotate(number=Count("id")):
        found[id][state] = found[id].get(state, 0) + number
    return {id: Tally(**counts) for id, counts in found.items()}


def batch_row(id: str) -> BatchRow:
    """One batch with its counts. Raises BatchNotFound."""
    return rows_of([find_batch(id)])[0]


def batch_details(id: str, now: datetime) -> BatchDetails:
    """One batch with everything around it. Raises BatchNotFound."""
    row = batch_row(id)
    rate = _rate(row, now)
    left = timedelta(seconds=row.tally.unfinished / rate) if rate else None
    return BatchDetails(
        row=row,
        causes=causes(id) if row.tally.failed else (),
        callbacks=_callbacks(row.batch),
        rate=rate,
        time_left=spell(left) if left and row.tally.unfinished else "",
    )


def causes(id: str) -> Sequence[Cause]:
    """The failures of a batch, grouped by cause, the most frequent first."""
    failed = Job.objects.filter(batch_id=id, state=State.FAILED).order_by()
    groups = failed.values("task", "error_type", "error_fingerprint").annotate(
        number=Count("id"), example=Max("id")
    )
    found = list(groups.order_by("-number", "task")[:_MOST_CAUSES])
    said = dict(
        Job.objects.filter(id__in=[group["example"] for group in found]).values_list(
            "id", "error_message"
        )
    )
    return [
        Cause(
            number=group["number"],
            task=group["task"],
            error_type=group["error_type"],
            fingerprint=group["error_fingerprint"],
            example=group["example"],
            message=said.get(group["example"], "").strip().partition("\n")[0][:200],
        )
        for group in found
    ]


def _rate(row: BatchRow, now: datetime) -> float | None:
    """From the jobs of all kinds that ended last: what that costs does not grow with the batch."""
    if row.batch.finished_at is not None:
        return None
    since = max(now - timedelta(seconds=_PACE_SECONDS), row.batch.created_at)
    ended = Job.objects.filter(finished_at__gte=since).order_by("-finished_at")
    latest = list(ended.values_list("finished_at", "batch_id")[:_MOST_FOR_PACE])
    mine = sum(1 for _, batch in latest if batch == row.id)
    first = latest[-1][0] if len(latest) == _MOST_FOR_PACE else since
    span = (now - (first or since)).total_seconds()
    return mine / span if mine and span > 0 else None


def _callbacks(batch: Batch) -> Sequence[CallbackRow]:
    callbacks = list(batch.callbacks.order_by("id"))
    jobs = Job.objects.filter(id__in=[callback.job_id for callback in callbacks])
    states = dict(jobs.values_list("id", "state")) if callbacks else {}
    return [
        CallbackRow(
            event=callback.event,
            text=BatchCallback.Event(callback.event).label,
            task=callback.task,
            job_id=callback.job_id,
            state=states.get(callback.job_id, ""),
            submitted_at=callback.submitted_at,
        )
        for callback in callbacks
    ]
