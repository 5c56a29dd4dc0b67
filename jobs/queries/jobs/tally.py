"""How many jobs are in which state: exact where it is cheap, bounded where it is not."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from jobs.states import State

#: Jobs that ended in the last day are counted up to here; a busy site has millions.
MOST = 10_000

# The values stand in the SQL so that SQLite, too, can use the partial indexes: see hot.py.
_UNFINISHED = """
SELECT 'scheduled', COUNT(*) FROM jobs_job
 WHERE state = 'scheduled' AND NOT (state = 'succeeded') AND NOT (state = 'queued')
   AND NOT (state = 'running')
UNION ALL
SELECT 'queued', COUNT(*) FROM jobs_job WHERE state = 'queued' AND worker = ''
UNION ALL
SELECT 'queued', COUNT(*) FROM jobs_job
 WHERE state = 'queued' AND finished_at IS NULL AND NOT (worker = '')
UNION ALL
SELECT 'running', COUNT(*) FROM jobs_job
 WHERE state = 'running' AND finished_at IS NULL AND NOT (worker = '')
"""
_FINISHED = """
SELECT state, COUNT(*)
  FROM (SELECT state FROM jobs_job WHERE finished_at >= %s ORDER BY finished_at DESC LIMIT %s) AS t
 GROUP BY state
"""
_FAILED = "SELECT COUNT(*) FROM jobs_job WHERE state = 'failed' AND finished_at >= %s"


@dataclass(frozen=True, slots=True)
class Counts:
    """Jobs by state: unfinished ones as they are, finished ones of the last 24 hours."""

    scheduled: int = 0
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    #: More jobs ended than were counted: `succeeded` and `cancelled` are lower bounds.
    bounded: bool = False

    @property
    def waiting(self) -> int:
        return self.scheduled + self.queued

    @property
    def total(self) -> int:
        return self.waiting + self.running + self.succeeded + self.failed + self.cancelled


def counts(now: datetime) -> Counts:
    """Jobs by state."""
    since = connection.ops.adapt_datetimefield_value(now - timedelta(hours=24))
    found = dict.fromkeys(State, 0)
    with connection.cursor() as cursor:
        cursor.execute(_UNFINISHED)
        for state, number in cursor.fetchall():
            found[State(state)] += number
        cursor.execute(_FINISHED, [since, MOST])
        found |= {State(state): number for state, number in cursor.fetchall()}
        bounded = found[State.SUCCEEDED] + found[State.FAILED] + found[State.CANCELLED] >= MOST
        if bounded:
            cursor.execute(_FAILED, [since])
            found[State.FAILED] = cursor.fetchone()[0]
    return Counts(**{state.value: number for state, number in found.items()}, bounded=bounded)
