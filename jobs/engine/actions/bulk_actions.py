"""Retry, cancel or delete all jobs that match a filter: people ask, the dispatcher does it.

A step acts on some hundred jobs and moves the cursor in one transaction; steps follow each other
for a part of each of the dispatcher's turns, so that its other work is not kept waiting.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from jobs.engine.actions.job_actions import cancel_jobs, retry_free
from jobs.engine.ids import new_id
from jobs.engine.session import has_collided, is_away, is_locked
from jobs.errors import BulkActionNotFound
from jobs.models import BulkAction
from jobs.operations import bulk
from jobs.operations.delete import delete
from jobs.queries.jobs.bulk import count_matching, step
from jobs.queries.jobs.filters import Cursor, JobFilter

logger = logging.getLogger(__name__)


class _Overtaken(Exception):
    """Somebody else has moved or ended it: what this step did is rolled back."""


def ask(verb: str, wanted: JobFilter, *, by: str) -> BulkAction:
    """Have all jobs that match now retried, cancelled or deleted; those that come later are not.

    A retry is about failed and cancelled jobs, unless the filter says "succeeded"; a cancel about
    unfinished ones; only ended ones are deleted.
    """
    now = timezone.now()
    expected = count_matching(verb, wanted, asked_at=now)
    return bulk.ask(new_id(), verb, wanted.as_json(), by=by, expected=expected, now=now)


def abort(id: str, *, by: str) -> bool:
    """Stop it where it is. False if it has ended. Raises BulkActionNotFound."""
    if bulk.abort(id, by=by, now=timezone.now()):
        return True
    if not BulkAction.objects.filter(id=id).exists():
        raise BulkActionNotFound(f"There is no bulk action {id!r}.")
    return False


def work(*, now: datetime, enough: Callable[[], bool]) -> int:
    """Go on with what is under way, a step of each in turn, until `enough`; returns the jobs."""
    concerned = 0
    waiting = deque(bulk.under_way())
    while waiting and not enough():
        id = waiting.popleft()
        number, more = _step(id, now)
        concerned += number
        if more:
            waiting.append(id)
    return concerned


def _step(id: str, now: datetime) -> tuple[int, bool]:
    """One step of one action: how many jobs it changed, and whether there is more to do."""
    try:
        with transaction.atomic():
            return _advance(id, now)
    except _Overtaken:
        return 0, False
    except Exception as error:
        if has_collided(error) or is_locked(error):
            logger.info("Bulk action %s gives way and goes on in a second.", id)
            return 0, False
        if is_away(error):
            raise
        logger.exception("Bulk action %s cannot go on.", id)
        bulk.finish(id, now=now, error=f"{type(error).__name__}: {error}")
        return 0, False


def _advance(id: str, now: datetime) -> tuple[int, bool]:
    action = bulk.take(id)
    if action is None:
        return 0, False
    wanted = JobFilter.from_json(action.wanted)
    cursor = Cursor(action.cursor_at, action.cursor_id) if action.cursor_at else None
    ids, reached, last = step(action.verb, wanted, cursor, asked_at=action.asked_at)
    done = _act(action, ids)
    place = (reached.created_at, reached.id) if reached else None
    if not bulk.move_on(action, place, matched=len(ids), done=done):
        raise _Overtaken
    if last:
        bulk.finish(id, now=now)
    return done, not last


def _act(action: BulkAction, ids: Collection[str]) -> int:
    if not ids:
        return 0
    match action.verb:
        case BulkAction.Verb.RETRY:
            return retry_free(ids, by=action.asked_by)
        case BulkAction.Verb.CANCEL:
            return cancel_jobs(ids, by=action.asked_by)
    return delete(ids)
