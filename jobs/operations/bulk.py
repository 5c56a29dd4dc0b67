"""Bulk actions: ask, move on, abort, finish."""

from datetime import datetime
from typing import Any

from django.db import transaction

from jobs.models import BulkAction


def ask(
    id: str, verb: str, wanted: dict[str, Any], *, by: str, expected: int, now: datetime
) -> BulkAction:
    """Write down what is to be done with all jobs of a filter; the dispatcher does it."""
    return BulkAction.objects.create(
        id=id, verb=verb, wanted=wanted, asked_by=by[:150], expected=expected, asked_at=now
    )


def under_way() -> list[str]:
    """What has not come to its end, the oldest first."""
    unfinished = BulkAction.objects.filter(finished_at=None).order_by("asked_at", "id")
    return list(unfinished.values_list("id", flat=True))


def take(id: str) -> BulkAction | None:
    """The action, locked for a step of it; None if another process is at it, or it has ended."""
    free = BulkAction.objects.select_for_update(skip_locked=True)
    return free.filter(id=id, finished_at=None).first()


def move_on(
    action: BulkAction, cursor: tuple[datetime, str] | None, *, matched: int, done: int
) -> bool:
    """Note what a step has come to, in its transaction. False if somebody else moved it."""
    where = BulkAction.objects.filter(
        id=action.id, finished_at=None, cursor_at=action.cursor_at, cursor_id=action.cursor_id
    )
    at, id = cursor or (action.cursor_at, action.cursor_id)
    return (
        where.update(
            cursor_at=at, cursor_id=id, matched=action.matched + matched, done=action.done + done
        )
        == 1
    )


def finish(id: str, *, now: datetime, error: str = "") -> bool:
    """It has come to its end, or cannot go on because of `error`."""
    unfinished = BulkAction.objects.filter(id=id, finished_at=None)
    return unfinished.update(finished_at=now, error=error) == 1


@transaction.atomic
def abort(id: str, *, by: str, now: datetime) -> bool:
    """Stop it where it is; what is done stays done. False if it has ended."""
    unfinished = BulkAction.objects.filter(id=id, finished_at=None)
    return unfinished.update(finished_at=now, aborted_by=(by or "code")[:150]) == 1
