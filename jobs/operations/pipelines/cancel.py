"""Cancel a pipeline: what waits ends at once, what runs when its chunk sees it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from jobs.models import Pipeline, PipelineItem
from jobs.operations.pipelines.laps import finish, locked

_SLICE = 5_000


def flag_cancelled(pipeline_id: UUID, *, by: str, now: datetime) -> bool:
    """Note that it is cancelled, and by whom first. False if it has ended."""
    rows = Pipeline.objects.filter(pk=pipeline_id, finished_at=None)
    rows.filter(cancelled_at=None).update(cancelled_at=now, cancelled_by=by[:150])
    return rows.exists()


def cancel_waiting(pipeline_id: UUID, *, now: datetime) -> int:
    """End what waits, in bounded slices; finish the pipeline if nothing of it runs.

    Dying in between is made up for by the end of the lap (laps.next_lap).
    """
    pipeline = Pipeline.objects.only("total").get(pk=pipeline_id)
    ended = 0
    for first in range(1, pipeline.total + 1, _SLICE):
        ended += PipelineItem.objects.filter(
            pipeline=pipeline,
            number__range=(first, first + _SLICE - 1),
            state=PipelineItem.State.WAITING,
        ).update(state=PipelineItem.State.CANCELLED, claim="", due_at=None, finished_at=now)
    finish_if_ended(pipeline_id, now=now)
    return ended


@transaction.atomic
def finish_if_ended(pipeline_id: UUID, *, now: datetime) -> bool:
    """Finish it if all its items have ended. The lock makes the last two take turns."""
    pipeline = locked(pipeline_id)
    if pipeline is None or pipeline.finished_at:
        return False
    states = (PipelineItem.State.WAITING, PipelineItem.State.RUNNING)
    if PipelineItem.objects.filter(pipeline=pipeline, state__in=states).exists():
        return False
    finish(pipeline, now=now)
    return True
