"""From which moment on the ticks of a schedule count."""

from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def begin_of(task: Any, enabled_since: datetime | None, *, count_paused: bool) -> datetime:
    """The moment after which the ticks of a PeriodicTask count.

    One that was switched off does not owe what passed meanwhile, unless `count_paused`. One that
    has never run owes nothing from before it was made, or from before its start time.
    """
    begin: datetime = task.last_run_at or _made_at(task)
    if enabled_since and not count_paused:
        begin = max(begin, enabled_since)
    if task.start_time:
        begin = max(begin, task.start_time - timedelta(microseconds=1))
    return begin


def _made_at(task: Any) -> datetime:
    if task.clocked_id:
        return _EPOCH  # made too late, it runs all the same
    made: datetime = task.date_changed or datetime.now(UTC)
    return made
