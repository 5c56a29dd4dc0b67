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
TIMED = SCHEDULED & _literal("waiting_for NOT IN ('lane', 'pause', 'successor')")
#: Waits for its turn in a lane; has it.
IN_LINE = SCHEDULED & _literal("waiting_for = 'lane'")
IN_TURN = _literal("in_turn") & _literal("state IN ('scheduled', 'queued', 'running')")
#: Queued, and nobody has it.
UNCLAIMED = _literal("state = 'queued'") & _literal("worker = ''")
#: A worker has it, running or about to.
HELD = _literal("state IN ('queued', 'running')") & _literal("NOT (worker = '')")
RUNNING = HELD & _literal("state = 'running'")
FAILED = _literal("state = 'failed'")
#: Part of a tree of jobs, of a group, made by a schedule.
ROOTED = _literal("NOT (root = '')")
GROUPED = _literal("NOT (\"group\" = '')")
OF_A_SCHEDULE = _literal("NOT (schedule = '')")

#: By state, where an index helps.
OF_STATE = {State.SCHEDULED: SCHEDULED, State.RUNNING: RUNNING, State.FAILED: FAILED}
