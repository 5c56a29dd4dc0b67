"""The rows that partial indexes are for, as conditions that carry their values in the SQL.

SQLite decides on a partial index before it sees parameters, so `state = ?` never uses one; these
do. They repeat the conditions in jobs.models.job word for word, and name no table, so that they
also fit a subquery.
"""

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from jobs.states import State


def _literal(sql: str) -> Q:
    return Q(RawSQL(sql, (), output_field=BooleanField()))  # noqa: S611 - constants of this module


SCHEDULED = _literal("state = 'scheduled'")
#: Waits for its time, be it that of a delay, a retry or a rate: `run_at` says how long.
TIMED = (
    SCHEDULED
    & _literal("NOT (waiting_for = 'lane')")
    & _literal("NOT (waiting_for = 'pause')")
    & _literal("NOT (waiting_for = 'successor')")
)
#: Waits for its turn in a lane; has it.
IN_LINE = SCHEDULED & _literal("waiting_for = 'lane'")
IN_TURN = _literal("in_turn") & _literal("finished_at IS NULL")
#: Queued, and nobody has it.
UNCLAIMED = _literal("state = 'queued'") & _literal("worker = ''")
#: A worker has it, running or about to.
HELD = _literal("finished_at IS NULL") & _literal("NOT (worker = '')")
CLAIMED = HELD & _literal("state = 'queued'")
RUNNING = HELD & _literal("state = 'running'")
FAILED = _literal("state = 'failed'")
#: Submitted by another job, part of a group, failed, of a lane, made by a schedule.
WITH_PARENT = _literal("NOT (parent = '')")
GROUPED = _literal("NOT (\"group\" = '')")
WITH_CAUSE = _literal("NOT (error_fingerprint = '')")
OF_A_LANE = _literal("NOT (lane = '')")
OF_A_SCHEDULE = _literal("NOT (schedule = '')")

_FEW = (
    _literal("NOT (state = 'succeeded')")
    & _literal("NOT (state = 'queued')")
    & _literal("NOT (state = 'running')")
)
#: By state, where an index of few rows helps; `succeeded` is most of the table.
OF_STATE = {
    State.SCHEDULED: _FEW & SCHEDULED,
    # SQLite uses two indexes for an OR if each side has a term for one: hence the queue.
    State.QUEUED: (UNCLAIMED & _literal("queue >= ''")) | CLAIMED,
    State.RUNNING: RUNNING,
    State.FAILED: _FEW & FAILED,
    State.CANCELLED: _FEW & _literal("state = 'cancelled'"),
}
#: Those of them that no index brings in the order of their age.
UNSORTED = (State.QUEUED, State.RUNNING)
