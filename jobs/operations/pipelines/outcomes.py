"""Write what became of items, several in one statement, fenced by the claim of the run."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q

from jobs.models import Pipeline, PipelineItem
from jobs.operations.conclude import clean
from jobs.operations.statements import update_many
from jobs.work.pipeline import Outcome

#: So often an item is taken up for failures that may pass; each time has several tries of its own.
MOST_TRIES = 2
#: The same if its server only asks to come later.
MOST_PATIENT_TRIES = 5
FIRST_WAIT_SECONDS = 15.0
#: A server may ask for more patience than that; this is the most it gets.
LONGEST_WAIT_SECONDS = 600.0

_COLUMNS = {
    "id": "big",
    "state": "text",
    "stage": "text",
    "reason": "text",
    "detail": "text",
    "due_at": "time",
    "tries": "int",
    "original": "text",
    "original_bytes": "big",
    "output_bytes": "big",
    "width": "int",
    "height": "int",
    "thumbnail": "text",
    "finished_at": "time",
}
_FENCE = "jobs_pipelineitem.id = v.id AND claim = %s AND jobs_pipelineitem.state = 'running'"


@dataclass(frozen=True, slots=True)
class Noted:
    """What is written of an item: how it ended, and where its thumbnail was put."""

    item: PipelineItem
    outcome: Outcome
    thumbnail: str = ""


def note_outcomes(noted: Sequence[Noted], *, claim: str, now: datetime) -> int:
    """Write how items ended, or that they wait for another try. Returns how many were still ours.

    The rows of others are left alone: items that another run has taken over, or that have ended.
    """
    changed = update_many(
        table="jobs_pipelineitem",
        columns=_COLUMNS,
        rows=[_values(one, now) for one in noted],
        set_="state = v.state, stage = v.stage, reason = v.reason, detail = v.detail, "
        "due_at = v.due_at, tries = v.tries, claim = '', "
        # What is done is not needed any more, and the ledger of the chunk removes it.
        "original = CASE WHEN v.state = 'done' THEN '' WHEN v.original = '' "
        "THEN jobs_pipelineitem.original ELSE v.original END, "
        "original_bytes = COALESCE(v.original_bytes, jobs_pipelineitem.original_bytes), "
        "output_bytes = v.output_bytes, width = v.width, height = v.height, "
        "thumbnail = CASE WHEN v.thumbnail = '' THEN jobs_pipelineitem.thumbnail "
        "ELSE v.thumbnail END, finished_at = v.finished_at",
        where=_FENCE,
        params=[claim],
        returning="jobs_pipelineitem.id",
    )
    return len(changed)


def give_back(claim: str, *, spent_at: datetime | None = None) -> int:
    """Let go of what a run did not come to, as if it had never been begun.

    With `spent_at`, the moment at which the run failed, it has been: the attempt stays counted.
    """
    rows = PipelineItem.objects.filter(claim=claim, state=PipelineItem.State.RUNNING)
    return rows.update(
        state=PipelineItem.State.WAITING,
        claim="",
        attempt=F("attempt") if spent_at else F("attempt") - 1,
        due_at=spent_at,
    )


def note_forgotten(claim: str) -> None:
    """Note that nothing is kept any more of what a person wants downloaded anew."""
    PipelineItem.objects.filter(claim=claim, download_again=True).update(download_again=False)


def end_cancelled(claim: str, *, now: datetime) -> int:
    """End what a run did not come to before somebody cancelled it."""
    rows = PipelineItem.objects.filter(claim=claim, state=PipelineItem.State.RUNNING)
    return rows.update(state=PipelineItem.State.CANCELLED, claim="", finished_at=now)


def hold(pipeline: UUID, reason: str, *, now: datetime, until: datetime) -> None:
    """Note that the destination does not answer: no chunk tries it before `until`.

    Of several chunks that find it down at once, the first counts.
    """
    rows = Pipeline.objects.filter(Q(held_until=None) | Q(held_until__lte=now), pk=pipeline)
    rows.update(held_until=until, held_reason=clean(reason)[:500], held_times=F("held_times") + 1)


def let_go(pipeline: UUID) -> None:
    """Note that the destination takes files again."""
    Pipeline.objects.filter(pk=pipeline, held_until__isnull=False).update(
        held_until=None, held_reason="", held_times=0
    )


def _values(noted: Noted, now: datetime) -> tuple[object, ...]:
    outcome = noted.outcome
    state, due_at = _next(noted.item, outcome, now)
    waits = state == PipelineItem.State.WAITING
    return (
        noted.item.pk,
        state.value,
        outcome.stage.value,
        outcome.failure.value if outcome.failure else "",
        clean(outcome.detail)[:500],
        due_at,
        0 if outcome.done else noted.item.tries + 1,
        outcome.original,
        outcome.bytes_in or None,
        outcome.bytes_out or None,
        outcome.width or None,
        outcome.height or None,
        noted.thumbnail,
        None if waits else now,
    )


def _next(
    item: PipelineItem, outcome: Outcome, now: datetime
) -> tuple[PipelineItem.State, datetime | None]:
    """`item` is as it was before it was taken up: this try is not yet counted."""
    if outcome.done:
        return PipelineItem.State.DONE, None
    tried = item.tries + 1
    most = MOST_TRIES if outcome.retry_after is None else MOST_PATIENT_TRIES
    if not outcome.worth_retrying or tried >= most:
        return PipelineItem.State.FAILED, None
    wait = random.uniform(0.7, 1.0) * FIRST_WAIT_SECONDS * 4 ** (tried - 1)
    wait = min(max(wait, outcome.retry_after or 0.0), LONGEST_WAIT_SECONDS)
    return PipelineItem.State.WAITING, now + timedelta(seconds=wait)
