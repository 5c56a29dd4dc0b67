"""Which moments have passed, at a bounded cost: a beat may have been away for years."""

from collections import deque
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from jobs.clockwork.fires import fires_after

#: Looked at from the end: most schedules have fired in the last hour, a few in years.
_LOOKS = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 40, 24 * 400, 24 * 366 * 41))
#: A grid of microseconds would be long even so.
_SHORTEST_LOOK = timedelta(seconds=2)


def latest(schedule: Any, after: datetime, now: datetime) -> datetime | None:
    """The last fire after `after` and not after `now`."""
    for span in (_SHORTEST_LOOK, *_LOOKS):
        begin = max(after, now - span)
        found = due(schedule, begin, now, most=1)
        if found:
            return found[0]
        if begin == after:
            break
    return None


def due(schedule: Any, after: datetime, now: datetime, *, most: int) -> list[datetime]:
    """The last `most` fires after `after` and not after `now`, in order."""
    step: timedelta | None = getattr(schedule, "run_every", None)
    if step and (now - after) // step > most:
        after = now - (most + 1) * step  # an interval: no need to look at them all
    passed = takewhile(lambda fire: fire.at <= now, fires_after(schedule, after))
    return [fire.at for fire in deque(passed, maxlen=most)]
