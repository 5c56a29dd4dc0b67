"""Run the chunks of pipelines: take items up, work, write down what became of them."""

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from jobs.engine import context
from jobs.engine.context import check_cancelled, snooze
from jobs.engine.politeness import Manners, host_gate, manners_by_host
from jobs.engine.retry_rules import backoff, on_database_away
from jobs.errors import HachiError, JobCancelled
from jobs.models import Pipeline
from jobs.operations.pipelines import claim, outcomes
from jobs.operations.pipelines.claim import Hand, Taken
from jobs.operations.pipelines.cleanup import ORIGINALS
from jobs.operations.pipelines.templates import template_bytes
from jobs.queries.pipelines import find_pipeline
from jobs.tasks.bounds import bounded_memory
from jobs.tasks.chunk_ledger import ChunkLedger
from jobs.tasks.destinations import open_destination
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

THUMBNAIL_PIXELS = 320
LARGE_CHUNK = 100
LOOK_SECONDS = 0.1
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
    retry_rules=(on_database_away(backoff(1), attempts=6),),
    autoretry_for=(OSError,),
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


def _policy_for(items: int, of_host: Mapping[str, Manners]) -> ChunkPolicy:
    """A large chunk must not wait for the second try of its slowest item: the next lap has it."""
    usual = chunk_policy()
    return replace(
        usual,
        tries=1 if items >= LARGE_CHUNK else usual.tries,
        of_host={host: (own.width, own.interval_seconds) for host, own in of_host.items()},
        run_seconds=RUN_SECONDS,
    )


def url_policy() -> fetch.Policy:
    """Which addresses a list may have."""
    return chunk_policy().fetch


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
    _check(destination)
    outcomes.let_go(pipeline.pk)


def _check(destination: Destination) -> None:
    """Ask the destination. Raises DestinationDown, and JobCancelled without waiting for it."""
    with ThreadPoolExecutor(1, "check") as aside:
        asked = aside.submit(destination.check)
        try:
            while not wait([asked], LOOK_SECONDS).done:
                check_cancelled()
        except BaseException:
            destination.halt()
            raise
        asked.result()


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
    for url in claim.done_before(pipeline.pk, lap, chunk, hand=hand):
        originals.forget(url)
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
    hosts = manners_by_host()
    try:
        _forget_old_downloads(ledger, originals)
        with closing(host_gate(hosts)) as gate, bounded_memory():
            run_chunk(
                [Item(row.number, row.url, row.name) for row in ledger.items.values()],
                recipe,
                destination,
                _policy_for(len(ledger.items), hosts),
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
    except SoftTimeLimitExceeded:
        # It got somewhere: what it did not come to is not to blame, and goes on later.
        ledger.close()
        if not ledger.done + ledger.failed:
            ledger.give_up()
            raise
        ledger.left = outcomes.give_back(ledger.claim)
    except BaseException:
        ledger.give_up()
        raise


def _forget_old_downloads(ledger: ChunkLedger, originals: Originals) -> None:
    """Of items that a person wants downloaded again."""
    again = [row for row in ledger.items.values() if row.download_again]
    for row in again:
        originals.forget(row.url)
    if again:
        outcomes.note_forgotten(ledger.claim)


def _hand() -> Hand | None:
    attempt = context.current()
    return Hand(attempt.id, attempt.number, attempt.worker) if attempt else None
