"""One UPDATE for many rows, each with values of its own.

Django's `bulk_update` builds a CASE per column and row and returns nothing; the hot path needs
`UPDATE ... FROM (VALUES ...) RETURNING`, which PostgreSQL and SQLite (3.35) both have.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

#: PostgreSQL cannot tell the type of a column of NULLs or of quoted text by itself.
_CASTS = {"text": "text", "int": "integer", "time": "timestamptz", "big": "bigint"}
#: SQLite takes 32,766 parameters a statement.
_MOST_PARAMETERS = 30_000


def update_many(
    *,
    columns: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
    set_: str,
    where: str,
    params: Sequence[Any] = (),
    returning: str = "jobs_job.id",
    table: str = "jobs_job",
) -> list[tuple[Any, ...]]:
    """Update `table` from `rows` and return what `returning` names of the rows that changed.

    `columns` maps the names of the values to their kind ("text", "int", "big", "time"); `set_` and
    `where` speak of them as `v.name`. The WHERE is what makes it safe: it holds the state, the
    worker and the attempt that the caller believes in.
    """
    if not rows:
        return []
    changed: list[tuple[Any, ...]] = []
    size = max(1, _MOST_PARAMETERS // len(columns))
    for start in range(0, len(rows), size):
        changed += _update(
            columns, rows[start : start + size], set_, where, params, returning, table
        )
    return changed


def _update(
    columns: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
    set_: str,
    where: str,
    params: Sequence[Any],
    returning: str,
    table: str,
) -> list[tuple[Any, ...]]:
    marks = ", ".join(_mark(kind) for kind in columns.values())
    values = ", ".join([f"({marks})"] * len(rows))
    sql = (
        f"WITH v({', '.join(columns)}) AS (VALUES {values}) "  # noqa: S608 - names are ours
        f"UPDATE {table} SET {set_} FROM v WHERE {where} RETURNING {returning}"
    )
    flat = [_adapt(value) for row in rows for value in row]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*flat, *(_adapt(p) for p in params)])
        changed: list[tuple[Any, ...]] = cursor.fetchall()
    return changed


def _mark(kind: str) -> str:
    return f"%s::{_CASTS[kind]}" if connection.vendor == "postgresql" else "%s"


def _adapt(value: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
