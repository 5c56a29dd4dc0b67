"""The end of a lap: finish, or cut what is left into chunks anew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Max, Q, QuerySet

from jobs.models import Batch, Pipeline, PipelineItem
from jobs.operations.pipelines.chunks import Chunk, cut, size_for
from jobs.operations.pipelines.claim import fail_hopeless
from jobs.operations.pipelines.hands import hands
from jobs.operations.statements import update_many

#: Items that wait for moments within so long of each other may share a chunk.
TOGETHER_SECONDS = 30.0

_UNFINISHED = (PipelineItem.State.WAITING, PipelineItem.State.RUNNING)


@dataclass(frozen=True, slots=True)
class Lap:
    """Chunks to be submitted, numbered from 0, and when each may start."""

    pipeline: Pipeline
    chunks: Sequence[Chunk]
    due: Sequence[datetime | None]


def next_lap(pipeline_id: UUID, lap: int, *, most: int, now: datetime) -> Lap | None:
    """To be called when all jobs of a lap have ended, in a transaction with the submit.

    Whatever is not done then waits for another try, or its job died for good: both go into the
    next lap. None if nothing is left, and the pipeline has finished by it, or if another call
    was first. What is left of a cancelled pipeline is cancelled.
    """
    pipeline = _locked(pipeline_id, lap)
    if pipeline is None:
        return None
    left = PipelineItem.objects.filter(pipeline=pipeline, state__in=_UNFINISHED)
    if pipeline.cancelled_at or _cancelled_with_its_batch(pipeline):
        left.update(state=PipelineItem.State.CANCELLED, claim="", finished_at=now)
    else:
        _count_unbegun(left, now)
        if left.exists():
            return _cut(pipeline, most, now)
    finish(pipeline, now=now)
    return None


def _cancelled_with_its_batch(pipeline: Pipeline) -> bool:
    """Whether somebody has cancelled the batch of the lap: that is meant for the pipeline."""
    batch = Batch.objects.filter(pk=pipeline.batch, cancel_requested_at__isnull=False).first()
    if batch is None:
        return False
    Pipeline.objects.filter(pk=pipeline.pk).update(
        cancelled_at=batch.cancel_requested_at, cancelled_by=batch.cancelled_by
    )
    return True


def _count_unbegun(left: QuerySet[PipelineItem], now: datetime) -> None:
    """What nobody has taken up although the jobs of the lap have ended: they failed before that.

    It counts as an attempt, or a pipeline that cannot begin would go on for ever. What waits for
    another try has its moment, and what a run that died had taken up has its claim.
    """
    left.filter(due_at=None, claim="").update(attempt=F("attempt") + 1)
    fail_hopeless(left, now)


def reopen(
    pipeline: Pipeline, numbers: Iterable[tuple[int, str]], *, most: int, now: datetime
) -> Lap:
    """Make a lap of items that were set to waiting. The caller has locked the pipeline."""
    rows = list(numbers)
    return _renumber(
        pipeline, cut(rows, size=size_for(len(rows), hands=hands(now), most=most)), now
    )


def finish(pipeline: Pipeline, *, now: datetime) -> None:
    """Write down that all its items have ended, and how."""
    Pipeline.objects.filter(pk=pipeline.pk).update(
        finished_at=now, held_until=None, held_reason="", held_times=0, **ended(pipeline)
    )


def ended(pipeline: Pipeline) -> dict[str, int]:
    """How many items have ended how."""
    states = ("done", "failed", "cancelled")
    return PipelineItem.objects.filter(pipeline=pipeline).aggregate(
        **{state: Count("pk", filter=Q(state=state)) for state in states}
    )


def locked(pipeline_id: UUID) -> Pipeline | None:
    """The pipeline, with a lock on its row until the transaction ends."""
    return Pipeline.objects.select_for_update(of=("self",)).filter(pk=pipeline_id).first()


def _locked(pipeline_id: UUID, lap: int) -> Pipeline | None:
    pipeline = locked(pipeline_id)
    if pipeline is None or pipeline.lap != lap or pipeline.finished_at:
        return None
    return pipeline


def _cut(pipeline: Pipeline, most: int, now: datetime) -> Lap:
    """What is due about the same time goes together: a chunk begins with the last of its items."""
    left = PipelineItem.objects.filter(pipeline=pipeline, state__in=_UNFINISHED).order_by("number")
    size = size_for(left.count(), hands=hands(now), most=most)
    together: dict[int, list[tuple[int, str]]] = {}
    for number, url, due in left.values_list("number", "url", "due_at").iterator():
        wait = (due - now).total_seconds() if due else 0.0
        together.setdefault(max(0, int(wait // TOGETHER_SECONDS)), []).append((number, url))
    chunks = [chunk for moment in sorted(together) for chunk in cut(together[moment], size=size)]
    return _renumber(pipeline, chunks, now)


def _key(pipeline: Pipeline) -> Any:
    """Its id as the driver takes it: SQLite has no type for a UUID."""
    return Pipeline._meta.pk.get_db_prep_value(pipeline.pk, connection)


def _renumber(pipeline: Pipeline, chunks: Sequence[Chunk], now: datetime) -> Lap:
    pipeline.lap += 1
    Pipeline.objects.filter(pk=pipeline.pk).update(lap=pipeline.lap, finished_at=None)
    rows = [(number, at) for at, chunk in enumerate(chunks) for number in chunk]
    update_many(
        table="jobs_pipelineitem",
        columns={"number": "int", "chunk": "int"},
        rows=rows,
        set_="chunk = v.chunk, lap = %s",
        where="pipeline_id = %s AND jobs_pipelineitem.number = v.number",
        params=[pipeline.lap, _key(pipeline)],
        returning="jobs_pipelineitem.id",
    )
    return Lap(pipeline, chunks, _due(pipeline, len(chunks), now))


def _due(pipeline: Pipeline, count: int, now: datetime) -> list[datetime | None]:
    rows = PipelineItem.objects.filter(
        pipeline=pipeline, lap=pipeline.lap, due_at__gt=now, state__in=_UNFINISHED
    )
    latest = dict(rows.order_by().values_list("chunk").annotate(latest=Max("due_at")))
    return [latest.get(chunk) for chunk in range(count)]
