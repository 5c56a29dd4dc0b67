"""Write the rows of new jobs, and see to it that they are published after the commit."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import DatabaseError, InterfaceError, connection, transaction
from kombu.exceptions import OperationalError as KombuError

from jobs.engine import context
from jobs.engine.broker.publisher import publish_on_commit
from jobs.engine.ends.turns import let_in_on_commit
from jobs.engine.session import is_away
from jobs.engine.submit.turn_options import NO_TURN, Turn
from jobs.errors import DatabaseUnavailable, KeyOfAnotherTask, TooLateToReplace, UniqueKeyBusy
from jobs.models import Lane
from jobs.operations.batches import join
from jobs.operations.claim import existing
from jobs.operations.lanes import make_lanes
from jobs.operations.submit import Draft, Ready, have_ticked, submit
from jobs.operations.unique import (
    Holder,
    holder_of,
    holders,
    let_go_of_claimed,
    replace_waiting,
    was_replaced,
)

#: How often a unique key is asked for that changes hands in between: twice is rare already.
_MOST_ROUNDS = 50


class Unavailable(DatabaseUnavailable, KombuError):
    """DatabaseUnavailable, in the words that Celery's callers know."""


def write(drafts: Sequence[Draft], turn: Turn, *, now: datetime) -> dict[str, str]:
    """Submit `drafts`, which share `turn` and batch. Returns the job that stands for each id.

    It is another one where a unique key was taken.

    Raises:
        BatchNotFound, BatchClosed: their batch takes none.
        KeyOfAnotherTask, TooLateToReplace: the job that has their unique key cannot stand for them.
        UniqueKeyBusy: their unique key changed hands all the time.
        jobs.errors.DatabaseUnavailable: the database does not answer.
    """
    try:
        return _write_in_batch(drafts, turn, now)
    except (DatabaseError, InterfaceError) as error:
        if not is_away(error):
            raise
        if not connection.in_atomic_block:
            # Or a script that tries again would meet its dead connection for ever.
            connection.close_if_unusable_or_obsolete()
        raise Unavailable(f"{DatabaseUnavailable.sentence()} ({error})") from error


def _write_in_batch(drafts: Sequence[Draft], turn: Turn, now: datetime) -> dict[str, str]:
    batch = drafts[0].batch
    if not batch:
        return _write(drafts, turn, now)
    with transaction.atomic():
        join(batch, inside=context.inside(batch))
        return _write(drafts, turn, now)


def _write(drafts: Sequence[Draft], turn: Turn, now: datetime) -> dict[str, str]:
    if turn is NO_TURN:
        publish_on_commit(submit(drafts, now=now))
        return {draft.id: draft.id for draft in drafts}
    drafts = [_with_turn(draft, turn, now) for draft in drafts]
    with transaction.atomic():
        if turn.lane:
            make_lanes([_lane(turn, now)])
        ready, taken = _submit(drafts, turn, now)
    publish_on_commit([job for job in ready if job.id not in taken])
    if turn.lane:
        let_in_on_commit([turn.lane])
    return {draft.id: taken.get(draft.id, draft.id) for draft in drafts}


def _with_turn(draft: Draft, turn: Turn, now: datetime) -> Draft:
    return replace(
        draft,
        lane=turn.lane,
        unique_key=turn.unique_key,
        unique_scope=turn.unique_scope,
        unique_until=turn.unique_until(now),
    )


def _lane(turn: Turn, now: datetime) -> Lane:
    count, seconds = turn.rate or (None, None)
    return Lane(
        key=turn.lane,
        width=turn.width,
        rate_count=count,
        rate_seconds=seconds,
        created_at=now,
        used_at=now,
    )


def _submit(
    drafts: Sequence[Draft], turn: Turn, now: datetime
) -> tuple[Sequence[Ready], dict[str, str]]:
    """Those that are ready, and those whose key another job has, with its id.

    That job may end between the INSERT that it keeps out and the look at who it was: nobody has
    the key then, and it is tried once more. What a tick had made may have ended, too.
    """
    for _ in range(_MOST_ROUNDS):
        ready = submit(drafts, now=now)
        if not turn.unique_key:
            return ready, {}
        holder = holder_of(turn.unique_key, now=now)
        if holder is None:
            if existing([draft.id for draft in drafts]):
                return ready, {}
            if have_ticked(drafts):
                return [], {}
        elif _answers(drafts, turn, holder, now):
            return ready, {draft.id: holder.id for draft in drafts if draft.id != holder.id}
    raise UniqueKeyBusy(
        f"The unique key {turn.unique_key!r} was asked for {_MOST_ROUNDS} times, and changed hands "
        "each time. Nothing was submitted: try again."
    )


def _answers(drafts: Sequence[Draft], turn: Turn, holder: Holder, now: datetime) -> bool:
    """Whether `holder` stands for the drafts; its arguments are replaced if so asked.

    Raises:
        KeyOfAnotherTask, TooLateToReplace: it cannot.
    """
    for draft in drafts:
        if draft.id == holder.id:
            continue
        if draft.task != holder.task and not was_replaced(holder.id):
            raise KeyOfAnotherTask(
                f"The idempotency key was used for job {holder.id} of {holder.task}, "
                f"so it cannot stand for a call of {draft.task}."
            )
        if turn.replace and not replace_waiting(turn.unique_key, draft.message, now=now):
            return _gone(turn.unique_key, holder)
    return True


def _gone(key: str, holder: Holder) -> bool:
    """False if the key is free by now, for a job of its own with the new arguments."""
    if holder.scope == "waiting" and let_go_of_claimed(key):
        return False
    if holders([key]).get(key) != holder.id or holder.scope == "waiting":
        return False
    raise TooLateToReplace(
        f"Job {holder.id} has begun, so it cannot take new arguments. With "
        'unique_for="waiting" it would be followed by a new job.'
    )
