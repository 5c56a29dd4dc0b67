"""What people do with pipelines: start, cancel, retry; and the job at the end of each lap."""

from contextlib import suppress
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jobs.engine.actions.batch_actions import cancel_batch
from jobs.engine.batches import batch
from jobs.engine.bulk import Call
from jobs.engine.retry_rules import backoff, on_database_away
from jobs.errors import BatchNotFound
from jobs.models import Pipeline
from jobs.operations.pipelines import cancel, laps, retry, start
from jobs.operations.pipelines.laps import Lap
from jobs.operations.pipelines.start import NewPipeline
from jobs.queries.pipelines import find_pipeline
from jobs.queries.sentences import count_of
from jobs.tasks.destinations import require_destination
from jobs.tasks.pipeline_chunks import run_pipeline_chunk


@shared_task(
    name="jobs.settle_pipeline",
    # Without it the pipeline has no end: it is tried for as long as the database is away.
    retry_rules=(on_database_away(backoff(1, 60)),),
    autoretry_for=(OSError,),
    retry_backoff=True,
    retry_backoff_max=60,
    max_retries=None,
)
def settle_pipeline(pipeline_id: str, lap: int) -> str:
    """Go on with what a lap has left of a pipeline, or finish it."""
    with transaction.atomic():
        left = laps.next_lap(
            UUID(pipeline_id), lap, most=settings.HACHI_PIPELINE_CHUNK, now=timezone.now()
        )
        if left is None:
            return "finished"
        _submit(left)
    return f"{count_of(len(left.chunks), 'chunk')} more"


def start_pipeline(wanted: NewPipeline, *, by: str) -> Pipeline:
    """Write a pipeline and submit its jobs, all or nothing; or find the one with the same key.

    Raises UnknownDestination, BadFolder, FolderTaken, TemplateGone: nothing was written.
    """
    require_destination(wanted.destination)
    with transaction.atomic():
        pipeline, chunks = start.add_pipeline(
            wanted, most=settings.HACHI_PIPELINE_CHUNK, by=by, now=timezone.now()
        )
        if chunks:
            _submit(Lap(pipeline, chunks, [None] * len(chunks)))
    return pipeline


def cancel_pipeline(pipeline_id: UUID, *, by: str) -> bool:
    """Cancel what waits, and ask what runs to stop. False if it has ended already."""
    now = timezone.now()
    if not cancel.flag_cancelled(pipeline_id, by=by, now=now):
        return False
    pipeline = find_pipeline(pipeline_id)
    with suppress(BatchNotFound):  # taken by retention: nothing of it runs
        cancel_batch(pipeline.batch, by=by)
    cancel.cancel_waiting(pipeline_id, now=now)
    return True


def retry_pipeline(
    pipeline_id: UUID,
    states: frozenset[str] = retry.FAILED,
    *,
    reason: str = "",
    download_again: bool = False,
    by: str,
) -> int:
    """Take up again what ended in one of `states`; returns how many items that is.

    They go on from the step at which they failed, or from the start if `download_again`.

    Raises:
        NotFinished, NothingToRetry: nothing was changed.
    """
    with transaction.atomic():
        again = retry.retry_items(
            pipeline_id,
            states,
            reason=reason,
            download_again=download_again,
            most=settings.HACHI_PIPELINE_CHUNK,
            now=timezone.now(),
        )
        _submit(again, by=by)
    return sum(len(chunk) for chunk in again.chunks)


def _submit(left: Lap, *, by: str = "") -> None:
    """The jobs of a lap, and the one at its end, in a batch of their own."""
    pipeline, now = left.pipeline, timezone.now()
    end = settle_pipeline.si(str(pipeline.pk), pipeline.lap)
    name = f"Pipeline {pipeline.name}"
    with batch(name, on_finish=end, requested_by=by or pipeline.requested_by) as members:
        calls: list[Call] = [
            ((str(pipeline.pk), pipeline.lap, at), {}) for at in range(len(left.chunks))
        ]
        at_once = [call for call, due in zip(calls, left.due, strict=True) if due is None]
        members.submit_many(run_pipeline_chunk, at_once)
        for (args, _), due in zip(calls, left.due, strict=True):
            if due is not None:
                wait = (due - now).total_seconds()
                members.submit(run_pipeline_chunk.s(*args), countdown=max(0.0, wait))
    Pipeline.objects.filter(pk=pipeline.pk).update(batch=members.id)
