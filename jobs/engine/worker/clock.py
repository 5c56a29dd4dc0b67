"""Whether this host's clock agrees with the database's: who lives is told by clocks.

Hosts that differ by more than a lease take each other's workers for dead. The database is the one
whose time they can all ask for; SQLite has none of its own, and no second host.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from jobs.queries.sentences import compared

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 60.0


class ClockWatch:
    """Compares the clock of one worker with the database's, at its start and once a minute."""

    def __init__(
        self,
        *,
        most: float,
        ask: Callable[[], datetime | None],
        here: Callable[[], datetime] = timezone.now,
    ) -> None:
        """`most` seconds are allowed; `ask` is the database's time, or None, and `here` is ours."""
        self._most = most
        self._ask = ask
        self._here = here
        self._looked_at: float | None = None
        #: By how many seconds it is ahead (or behind, below 0), if that is more than is allowed.
        self.ahead: float | None = None

    def look(self, clock: float) -> None:
        """Look, once a minute; call it as often as you like. `clock` is a time.monotonic().

        Raises:
            django.db.Error: the database is away; the next call asks again.
        """
        if self._looked_at is not None and clock - self._looked_at < _EVERY_SECONDS:
            return
        asked_at = self._here()
        theirs = self._ask()
        self._looked_at = clock
        if theirs is not None:
            self._judge(ahead_of(asked_at, theirs, self._here()))

    def _judge(self, ahead: float) -> None:
        if abs(ahead) > self._most:
            self.ahead = round(ahead, 1)
            logger.error(
                "The clock of this host is %s. Beyond LEASE_SECONDS live workers are taken for "
                "dead, and their jobs run twice: set it right, and keep all clocks in step (NTP).",
                compared(ahead),
            )
        elif self.ahead is not None:
            self.ahead = None
            logger.warning("The clock of this host agrees with the database's again.")


def ahead_of(asked_at: datetime, theirs: datetime, answered_at: datetime) -> float:
    """By how many seconds our clock is ahead of theirs at least, or behind (below 0).

    They looked at some moment between the question and the answer, so that a slow answer alone
    proves nothing.
    """
    if asked_at > theirs:
        return (asked_at - theirs).total_seconds()
    return min(0.0, (answered_at - theirs).total_seconds())
