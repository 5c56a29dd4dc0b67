"""Fill `jobs_job` with rows that lie there: finished ones, waiting ones, and lanes.

Straight SQL, because a million rows by `.delay()` take a quarter of an hour. The rows look like
those of a small task: 500 bytes of message, a few tasks, one failure in a hundred.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

#: Rows of one INSERT.
_CHUNK = 100_000
_MESSAGE = '{"body": "[[], {}, {}]", "headers": {"task": "bench.noop", "note": "%s"}}' % ("x" * 420)
#: The columns of every row, with what stands in them: `i` counts the rows.
_COLUMNS = {
    "id": "'{prefix}-' || i",
    "task": "'bench.task' || (i % 7)",
    "queue": "'celery'",
    "priority": "5",
    "state": "'{state}'",
    "waiting_for": "'{waiting_for}'",
    "message": "'{message}'",
    "run_at": "{at}",
    "attempt": "0",
    "max_attempts": "1",
    "crashes": "0",
    "worker": "''",
    "created_at": "{at}",
    "published_at": "{at}",
    "started_at": "NULL",
    "finished_at": "NULL",
    "result": "''",
    "error_type": "''",
    "error_message": "''",
    "error_fingerprint": "''",
    "progress_message": "''",
    "parent": "''",
    "root": "'{prefix}-' || i",
    '"group"': "''",
    "chord": "''",
    "lane": "''",
    "in_turn": "FALSE",
    "unique_key": "''",
    "unique_scope": "''",
    "schedule": "''",
    "requested_by": "''",
}


def fill_finished(number: int, *, lanes: int = 0, prefix: str = "old") -> None:
    """`number` jobs that ended lately, spread over `lanes` lanes."""
    _insert(
        number,
        prefix,
        timezone.now() - timedelta(days=1),
        state="' || CASE WHEN i % 100 = 0 THEN 'failed' ELSE 'succeeded' END || '",
        error_type="CASE WHEN i % 100 = 0 THEN 'ValueError' ELSE '' END",
        attempt="1",
        worker="'w-' || (i % 4)",
        started_at="{at}",
        finished_at="{at}",
        lane=f"'lane-' || (i % {lanes})" if lanes else "''",
    )


def fill_queued(number: int, *, queues: int = 1, prefix: str = "new") -> None:
    """`number` jobs that nobody has claimed, published now."""
    _insert(
        number,
        prefix,
        timezone.now(),
        state="queued",
        queue=f"'celery' || (i % {queues})" if queues > 1 else "'celery'",
    )


def fill_delayed(number: int, *, prefix: str = "later") -> None:
    """`number` jobs that are due tomorrow."""
    _insert(
        number,
        prefix,
        timezone.now() + timedelta(days=1),
        state="scheduled",
        waiting_for="time",
        published_at="NULL",
    )


def fill_line(number: int, lanes: int, *, prefix: str = "line") -> None:
    """`number` jobs that wait in `lanes` lanes of width 1 whose first job is on its way."""
    now = timezone.now()
    line = f"'lane-' || (i % {lanes})"
    _insert(lanes, f"{prefix}-first", now, state="queued", lane=line, in_turn="TRUE")
    _insert(
        number,
        prefix,
        now,
        state="scheduled",
        waiting_for="lane",
        lane=line,
        published_at="NULL",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_lane (key, width, created_at) "
            "SELECT DISTINCT lane, 1, created_at FROM jobs_job WHERE in_turn"
        )


def settle_down() -> None:
    """What a database does by itself in time: statistics, and a look at every page."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _insert(
    number: int,
    prefix: str,
    since: datetime,
    *,
    state: str,
    waiting_for: str = "",
    **columns: str,
) -> None:
    """Write `number` rows, a hundredth of a second apart."""
    given = {"prefix": prefix, "state": state, "waiting_for": waiting_for}
    given |= {"at": _moment(since), "message": _MESSAGE}
    values = ", ".join(text.format(**given) for text in (_COLUMNS | columns).values())
    for start in range(0, number, _CHUNK):
        last = min(start + _CHUNK, number) - 1
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO jobs_job ({', '.join(_COLUMNS)}) "
                f"WITH RECURSIVE n(i) AS (SELECT {start} UNION ALL "
                f"SELECT i + 1 FROM n WHERE i < {last}) SELECT {values} FROM n"
            )


def _moment(since: datetime) -> str:
    if connection.vendor == "postgresql":
        return f"(timestamptz '{since.isoformat()}' + i * interval '10 milliseconds')"
    seconds = f"{since.timestamp():.6f} + i * 0.01"
    return f"(strftime('%Y-%m-%d %H:%M:%f000', {seconds}, 'unixepoch'))"
