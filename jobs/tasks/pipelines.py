"""Run pipelines: their chunks, and the end of each lap."""

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from jobs.engine import context
from jobs.engine.batch_actions import cancel_batch
from jobs.engine.batches import batch
from jobs.engine.bulk import Call
from jobs.engine.context import snooze
from jobs.engine.politeness import host_gate, manners_of
from jobs.errors import BatchNotFound, HachiError, JobCancelled
from jobs.models import Pipeline, PipelineItem
from jobs.operations.pipelines import cancel, claim, laps, outcomes, retry, start
from jobs.operations.pipelines.claim import Hand, Taken
from jobs.operations.pipelines.cleanup import ORIGINALS
from jobs.operations.pipelines.laps import Lap
from jobs.operations.pipelines.start import NewPipeline
from jobs.operations.pipelines.templates import template_bytes
from jobs.queries.pipelines import find_pipeline
from jobs.queries.sentences import count_of
from jobs.tasks.bounds import bounded_memory
from jobs.tasks.chunk_ledger import ChunkLedger
from jobs.tasks.destinations import open_destination, require_destination
from jobs.work import fetch
from jobs.work.pipeline import (
    ChunkPolicy,
    Destination,
    DestinationDown,
    Item,
    Originals,
    Recipe,
    StorageDestination,
    run_chunk,
)
from jobs.work.pipeline.line import host_of

THUMBNAIL_PIXELS = 320
#: A chunk begins no more items after so long; its job goes on with them when its turn comes again.
RUN_SECONDS = 300.0
#: How long a destination that does not answer is left alone: this, doubled each time, at most that.
FIRST_HOLD_SECONDS = 5.0
LONGEST_HOLD_SECONDS = 60.0


@shared_task(
    name="jobs.run_pipeline_chunk",
    soft_time_limit=900,
    time_limit=960,
    # The database or the storage of this site was away. What is wrong with an item is its own.
    autoretry_for=(OSError, OperationalError, InterfaceError),
    retry_backoff=True,
    retry_jitter=True,
    max_retries=5,
)
def run_pipeline_chunk(pipeline_id: str, lap: int, chunk: int) -> dict[str, int]:
    """Download, compose and upload what is not done of a chunk of a pipeline."""
    pipeline = find_pipeline(UUID(pipeline_id))
    if pipeline.cancelled_at:
        return {"done": 0, "failed": 0}
    try:
        recipe = Recipe.read(pipeline.recipe, template_bytes(pipeline.template))
        destination = open_destination(pipeline.destination)
    except (HachiError, FileNotFoundError) as error:
        return _fail_all(pipeline, lap, chunk, error)
    try:
        _wait_for(pipeline, destination)
        return _run(pipeline, lap, chunk, recipe, destination)
    except DestinationDown as error:
        _hold(pipeline, error)
    finally:
        destination.close()


@shared_task(
    name="jobs.settle_pipeline",
    # Without it the pipeline has no end: it is tried for as long as the database is away.
    autoretry_for=(OSError, OperationalError, InterfaceError),
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
    """Write a pipeline and submit its jobs, all or nothing. Raises UnknownDestination."""
    require_destination(wanted.destination)
    with transaction.atomic():
        pipeline, chunks = start.add_pipeline(
            wanted, most=settings.HACHI_PIPELINE_CHUNK, by=by, now=timezone.now()
        )
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


def chunk_policy() -> ChunkPolicy:
    """How pictures are fetched and made, by the settings."""
    usual = ChunkPolicy()
    return replace(
        usual,
        fetch=replace(usual.fetch, allow_loopback=settings.HACHI_FETCH_ALLOW_LOOPBACK),
        tries=2,  # the laps have more of them, further apart
        per_host=settings.HACHI_PIPELINE_HOST_CONCURRENCY,
        host_interval=settings.HACHI_PIPELINE_HOST_INTERVAL,
        thumbnail_side=THUMBNAIL_PIXELS,
    )


def url_policy() -> fetch.Policy:
    """Which addresses a list may have."""
    return chunk_policy().fetch


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


def _fail_all(pipeline: Pipeline, lap: int, chunk: int, error: Exception) -> dict[str, int]:
    """Something that all pictures need is not there, and will not come by waiting."""
    detail = str(error)
    if isinstance(error, FileNotFoundError):
        detail = "The template's file is gone from the storage. Upload it again, and retry."
    now = timezone.now()
    return {"done": 0, "failed": claim.fail_chunk(pipeline.pk, lap, chunk, detail=detail, now=now)}


def _wait_for(pipeline: Pipeline, destination: Destination) -> None:
    """Put the chunk off while the destination is left alone; then ask it before all else."""
    if pipeline.held_until is None:
        return
    wait = (pipeline.held_until - timezone.now()).total_seconds()
    if wait > 0:
        snooze(wait + random.uniform(0, 2))
    destination.check()
    outcomes.let_go(pipeline.pk)


def _hold(pipeline: Pipeline, error: DestinationDown) -> NoReturn:
    """Wait, all chunks together: it is the place that fails, not one of the pictures."""
    seconds = min(FIRST_HOLD_SECONDS * 2 ** min(pipeline.held_times, 8), LONGEST_HOLD_SECONDS)
    now = timezone.now()
    outcomes.hold(pipeline.pk, str(error), now=now, until=now + timedelta(seconds=seconds))
    snooze(seconds + random.uniform(0, 2))


def _run(
    pipeline: Pipeline, lap: int, chunk: int, recipe: Recipe, destination: Destination
) -> dict[str, int]:
    hand = _hand()
    originals = Originals(StorageDestination(default_storage), f"{ORIGINALS}/{pipeline.pk}")
    groups = claim.take(pipeline.pk, lap, chunk, hand=hand, now=timezone.now())
    counts = {"done": 0, "failed": 0}
    for group in groups:
        taken: Taken | None = group
        if not group.claim:
            taken = claim.take_alone(group.items[0], hand=hand, now=timezone.now())
        if taken is not None:
            ledger = ChunkLedger(pipeline, taken, originals)
            _run_taken(ledger, recipe, destination, originals)
            counts["done"] += ledger.done
            counts["failed"] += ledger.failed
            if ledger.left:
                snooze(0.1)  # others had to wait long enough
    return counts


def _run_taken(
    ledger: ChunkLedger, recipe: Recipe, destination: Destination, originals: Originals
) -> None:
    """Run items that were taken up; whatever happens, none of them stays taken."""
    _forget_old_downloads(ledger.items.values(), originals)
    items = _for_a_while(ledger.items.values())
    hosts = manners_of({host_of(item.url) for item in ledger.items.values()})
    try:
        with closing(host_gate(hosts)) as gate, bounded_memory():
            run_chunk(
                items,
                recipe,
                destination,
                chunk_policy(),
                stop=ledger.stop,
                tell=ledger.tell,
                originals=originals,
                gate=gate,
            )
        ledger.close()
        ledger.left = outcomes.give_back(ledger.claim)
    except JobCancelled:
        ledger.close()
        outcomes.end_cancelled(ledger.claim, now=timezone.now())
        raise
    except DestinationDown:
        ledger.close()
        outcomes.give_back(ledger.claim)
        raise
    except BaseException:
        ledger.give_up()
        raise


def _forget_old_downloads(rows: Iterable[PipelineItem], originals: Originals) -> None:
    """Of items that a person wants downloaded again: their rows know of no download any more."""
    for row in rows:
        if row.lap > 1 and not row.attempt and not row.original:
            originals.forget(row.url)


def _for_a_while(rows: Iterable[PipelineItem]) -> Iterator[Item]:
    """Items to begin with, until the job has run long enough: slow hosts make slow chunks."""
    until = time.monotonic() + RUN_SECONDS
    for row in rows:
        if time.monotonic() > until:
            return
        yield Item(row.number, row.url, row.name)


def _hand() -> Hand | None:
    attempt = context.current()
    return Hand(attempt.id, attempt.number, attempt.worker) if attempt else None
