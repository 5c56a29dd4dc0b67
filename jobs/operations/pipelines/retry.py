"""Take up again what has ended: what failed, what was cancelled, or all of it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from jobs.errors import HachiError
from jobs.models import Pipeline, PipelineItem
from jobs.operations.pipelines.laps import Lap, locked, reopen

#: States of items that can be taken up again.
FAILED = frozenset({"failed"})
UNDONE = frozenset({"failed", "cancelled"})
ALL = frozenset({"done", "failed", "cancelled"})


class NotFinished(HachiError):
    """The pipeline has not ended yet. Wait for its end, or cancel it, and retry then."""


class NothingToRetry(HachiError):
    """There is nothing to take up again."""


def retry_items(
    pipeline_id: UUID,
    states: Collection[str],
    *,
    reason: str = "",
    download_again: bool = False,
    most: int,
    now: datetime,
) -> Lap:
    """Make a lap of the items that ended in these states, or of those that failed for `reason`.

    They go on from the step at which they failed: what was downloaded and is still kept is not
    downloaded again, unless `download_again`. Belongs into a transaction with the submit.

    Raises:
        NotFinished, NothingToRetry: nothing was changed.
    """
    pipeline = locked(pipeline_id)
    if pipeline is None:
        raise NothingToRetry("There is no such pipeline.")
    if pipeline.finished_at is None:
        raise NotFinished
    rows = PipelineItem.objects.filter(pipeline=pipeline, state__in=states)
    if reason:
        rows = rows.filter(reason=reason)
    chosen = list(rows.order_by("number").values_list("number", "url"))
    if not chosen:
        raise NothingToRetry
    if chosen and pipeline.total > PipelineItem.objects.filter(pipeline=pipeline).count():
        raise NothingToRetry("Its time is over: it is being deleted.")
    changes: dict[str, Any] = {}
    if download_again:
        changes = {"original": "", "original_bytes": None, "download_again": True}
    rows.update(
        state=PipelineItem.State.WAITING,
        stage="",
        reason="",
        detail="",
        attempt=0,
        crashes=0,
        tries=0,
        due_at=None,
        finished_at=None,
        claim="",
        **changes,
    )
    Pipeline.objects.filter(pk=pipeline.pk).update(
        finished_at=None,
        cancelled_at=None,
        cancelled_by="",
        done=0,
        failed=0,
        cancelled=0,
        keeps_originals=True,
    )
    return reopen(pipeline, chosen, most=most, now=now)
