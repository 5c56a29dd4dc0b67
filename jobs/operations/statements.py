"""One statement for many rows, each with values of its own.

Django's `bulk_update` builds a CASE per column and row and returns nothing; the hot path needs
`UPDATE ... FROM v RETURNING`, which PostgreSQL and SQLite (3.35) both have. PostgreSQL gets many
values as one JSON text: psycopg takes a statement with thousands of marks apart in Python, and that
was a tenth of a worker's time. Of a few rows the JSON would cost more than the marks. SQLite binds
them in C, and JSON would cut its texts at a NUL.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

#: What PostgreSQL makes of the JSON.
_TYPES = {"text": "text", "int": "integer", "time": "timestamptz", "big": "bigint"}
#: Up to here, marks are quicker than JSON.
_FEW_ROWS = 4
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
    source, values = source_of(columns, rows)
    sql = (
        f"WITH v AS ({source}) "  # noqa: S608 - names are ours
        f"UPDATE {table} SET {set_} FROM v WHERE {where} RETURNING {returning}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, *(_adapt(p) for p in params)])
        changed: list[tuple[Any, ...]] = cursor.fetchall()
    return changed


def source_of(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """A SELECT of `rows` with the names of `columns`, and its parameters."""
    if as_json(len(rows)):
        typed = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in columns.items())
        objects = [dict(zip(columns, row, strict=True)) for row in rows]
        text = json.dumps(objects, default=datetime.isoformat, check_circular=False)
        return f"SELECT * FROM json_to_recordset(%s::json) AS t({typed})", [text]  # noqa: S608
    names = ", ".join(f'column{n} AS "{name}"' for n, name in enumerate(columns, start=1))
    marks, values = marks_of(rows, [_mark(kind) for kind in columns.values()])
    return f"SELECT {names} FROM (VALUES {marks}) AS t", values  # noqa: S608 - names are ours


def unlocked(rows: QuerySet[Any]) -> QuerySet[Any]:
    """`rows`, locked, without those that another process is changing: the next turn has them."""
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(skip_locked=True)
    return rows


def as_json(number: int) -> bool:
    """Whether so many rows go to the database as one JSON text."""
    return connection.vendor == "postgresql" and number > _FEW_ROWS


def marks_of(rows: Sequence[Sequence[Any]], marks: Sequence[str]) -> tuple[str, list[Any]]:
    """What follows VALUES: `marks` for each of `rows`, and the parameters."""
    row = f"({', '.join(marks)})"
    return ", ".join([row] * len(rows)), [_adapt(value) for row in rows for value in row]


def _mark(kind: str) -> str:
    """PostgreSQL must be told what a NULL is."""
    return f"%s::{_TYPES[kind]}" if connection.vendor == "postgresql" else "%s"


def among(ids: Collection[str]) -> tuple[str, list[Any]]:
    """What follows `id` in a WHERE to name `ids`, and its parameters."""
    if as_json(len(ids)):
        return "= ANY(ARRAY(SELECT json_array_elements_text(%s::json)))", [json.dumps(sorted(ids))]
    return f"IN ({', '.join(['%s'] * len(ids))})", sorted(ids)


def _adapt(value: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
