"""The dispatcher: once a second, publish what is due and rescue what is lost.

Every worker runs it in a thread; a lease in the database lets one act at a time. As long as one
worker lives, everything heals. If none lives, there is nobody to dispatch to.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from functools import partial

import redis
from celery import Celery
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jobs.engine.actions import bulk_actions
from jobs.engine.again import atomic_again
from jobs.engine.broker.publisher import publish, publisher
from jobs.engine.ends.batch_turns import cancel_members, finish_ended
from jobs.engine.ends.turns import after_loss, give_on, let_in
from jobs.engine.session import is_away, is_locked
from jobs.models import Job, Node
from jobs.operations.cancel import expire, some_expire
from jobs.operations.lanes import lanes_with_room, line_up
from jobs.operations.nodes import silent, take_lease
from jobs.operations.pauses import end_pauses, hold, let_go
from jobs.operations.publish import (
    lost_before,
    next_due,
    publish_due,
    republish_lost,
    waiting_bells,
)
from jobs.operations.rates import time_starts
from jobs.operations.rescue import rescue
from jobs.operations.unique import end_periods

logger = logging.getLogger(__name__)

#: A message that was pushed less than this long ago may still be on its way.
_ON_ITS_WAY_SECONDS = 3.0
#: Rows of one statement, and statements of one turn.
_BATCH = 500
_MOST_BATCHES = 20
#: How much of a turn goes to bulk actions.
_BULK_SECONDS = 0.4
#: How far a turn looks ahead for what comes due before the next.
_AHEAD = timedelta(seconds=1)
#: How soon it looks again while lanes with a rate are at work: an end of a job puts the next one
#: down for a moment that nobody tells the dispatcher.
_RATED_SECONDS = 0.05
#: The shortest time between two looks.
_LEAST_SECONDS = 0.01


@dataclass(slots=True)
class Turn:
    """What one turn did."""

    due: int = 0
    republished: int = 0
    released: int = 0
    crashed: int = 0
    expired: int = 0
    held: int = 0
    resumed: int = 0
    #: Members of cancelled batches, and batches that have finished.
    cancelled: int = 0
    finished: int = 0
    #: Jobs that bulk actions have changed.
    bulk: int = 0

    def __bool__(self) -> bool:
        return any(astuple(self))


class Dispatcher:
    """Acts for all workers while it holds the lease."""

    def __init__(self, app: Celery, holder: str, *, started_at: datetime) -> None:
        self._app = app
        self._holder = holder
        #: Since when this process has seen the database without a gap.
        self._watching_since = started_at
        #: Up to which lane the last turns have looked for room.
        self._lane = ""
        #: In how many seconds it wants to `look`; None if the next turn is soon enough.
        self.next_look: float | None = None
        #: Until when lanes with a rate are taken to be at work, in monotonic seconds.
        self._rated_until = 0.0

    def lost_sight(self, now: datetime) -> None:
        """The database was away, so every heartbeat is old: give the others time to be seen."""
        self._watching_since = now

    def run_once(self, now: datetime) -> Turn | None:
        """One turn; None if another process holds the lease."""
        self.next_look = None
        lease = settings.HACHI_LEASE_SECONDS
        if not take_lease("dispatcher", holder=self._holder, now=now, seconds=lease / 3):
            return None
        turn = Turn()
        for part in (
            self._rescue_the_dead,
            self._expire,
            self._pauses,
            self._publish_due,
            self._admit,
            self._batches,
            self._republish_lost,
            self._bulk,
        ):
            self._try(part, turn, now)
        if turn:
            logger.info("Dispatched: %s", turn)
        return turn

    def look(self, now: datetime) -> None:
        """Between two turns: publish what has come due, so that it starts in time."""
        self.next_look = None
        self._try(self._publish_due, Turn(), now)

    @staticmethod
    def _try(part: Callable[[Turn, datetime], None], turn: Turn, now: datetime) -> None:
        """One part that stumbles over a row must not keep the others from theirs."""
        try:
            part(turn, now)
        except Exception as error:
            if is_locked(error):
                logger.warning("Somebody holds a row that a turn needs: later. (%s)", error)
            elif is_away(error):
                raise
            else:
                logger.exception("A part of the dispatcher's turn failed.")

    def _admit(self, turn: Turn, now: datetime) -> None:
        end_periods(now=now)
        let_in(line_up(now=now))
        lanes, self._lane = lanes_with_room(after=self._lane, now=now)
        let_in(lanes)

    def _batches(self, turn: Turn, now: datetime) -> None:
        turn.cancelled += cancel_members(self._app, now=now)
        turn.finished += finish_ended(self._app, now=now)

    def _bulk(self, turn: Turn, now: datetime) -> None:
        until = time.monotonic() + _BULK_SECONDS
        turn.bulk += bulk_actions.work(now=now, enough=lambda: time.monotonic() >= until)

    def _pauses(self, turn: Turn, now: datetime) -> None:
        end_pauses(now=now)
        turn.held += _in_batches(lambda: hold(limit=_BATCH))
        turn.resumed += _in_batches(lambda: _publish(let_go(now=now, limit=_BATCH)))

    def _publish_due(self, turn: Turn, now: datetime) -> None:
        rated = time_starts(now=now)
        due = _in_batches(lambda: _publish(publish_due(now=now, limit=_BATCH)))
        turn.due += due
        if rated:
            self._rated_until = time.monotonic() + _AHEAD.total_seconds()
        self._plan_look(now, more=due >= _BATCH * _MOST_BATCHES)

    def _plan_look(self, now: datetime, *, more: bool) -> None:
        looks = [_RATED_SECONDS] if time.monotonic() < self._rated_until else []
        if more:
            looks.append(_LEAST_SECONDS)
        if coming := next_due(after=now, before=now + _AHEAD):
            looks.append(max(_LEAST_SECONDS, (coming - timezone.now()).total_seconds()))
        self.next_look = min(looks, default=None)

    def _republish_lost(self, turn: Turn, now: datetime) -> None:
        if not settings.HACHI_RESCUE:
            return
        before = now - timedelta(seconds=_ON_ITS_WAY_SECONDS)
        bells = waiting_bells(before=before)
        if not bells:
            return
        try:
            oldest = publisher().oldest(bells)
        except redis.RedisError as error:
            logger.warning("Redis does not answer (%s); jobs wait in the database.", error)
            return
        lost = lost_before(bells, oldest, before=before)
        if lost:
            turn.republished += _in_batches(
                lambda: _publish(republish_lost(lost, now=now, limit=_BATCH))
            )

    def _rescue_the_dead(self, turn: Turn, now: datetime) -> None:
        if not settings.HACHI_RESCUE:
            return
        if now - self._watching_since < timedelta(seconds=settings.HACHI_LEASE_SECONDS):
            return
        for node in silent(since=now - timedelta(seconds=settings.HACHI_LEASE_SECONDS)):
            # One by one: a session that outlives its worker may still hold rows of one of them.
            self._try(partial(self._rescue, node), turn, now)

    def _rescue(self, node: Node, turn: Turn, now: datetime) -> None:
        reason = f"Its worker {node.name} was last heard of at {node.seen_at:%H:%M:%S} UTC."
        with transaction.atomic():
            rescued = rescue(
                node.id, max_crashes=settings.HACHI_MAX_CRASHES, reason=reason, now=now
            )
            after_loss(self._app, rescued.crashed, now=now, errbacks=True)
            give_on(self._app, rescued.released, now=now)
        released, crashed = len(rescued.released), len(rescued.crashed)
        turn.released += released
        turn.crashed += crashed
        logger.warning(
            "%s %s is gone: %d of its jobs go back, %d have crashed.",
            node.kind,
            node.name,
            released,
            crashed,
        )

    def _expire(self, turn: Turn, now: datetime) -> None:
        if some_expire(now=now):
            turn.expired += _in_batches(lambda: self._expire_some(now))

    @atomic_again
    def _expire_some(self, now: datetime) -> int:
        ids = expire(now=now, limit=_BATCH)
        after_loss(self._app, ids, now=now)
        return len(ids)


def _publish(jobs: Sequence[Job]) -> int:
    publish(jobs)
    return len(jobs)


def _in_batches(act: Callable[[], int]) -> int:
    """Repeat what is done to at most `_BATCH` rows until there are no more, or for so long."""
    number = 0
    for _ in range(_MOST_BATCHES):
        some = act()
        number += some
        if some < _BATCH:
            break
    return number
