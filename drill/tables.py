"""Two plain tables in the scratch database: what was submitted, and what jobs have done.

They are no models, so that an installation that never drills has neither tables nor migrations.
"""

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from drill.records import Effect

_NUMBER = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgresql": "BIGSERIAL PRIMARY KEY",
}
_CREATE = (
    "CREATE TABLE drill_submission (key TEXT PRIMARY KEY, line TEXT NOT NULL)",
    "CREATE TABLE drill_effect (number {number}, job TEXT NOT NULL, key TEXT NOT NULL, "
    "at DOUBLE PRECISION NOT NULL)",
    "CREATE INDEX drill_effect_by_job ON drill_effect (job)",
)


def create() -> None:
    """Make the tables."""
    with connection.cursor() as cursor:
        for statement in _CREATE:
            cursor.execute(statement.format(number=_NUMBER[connection.vendor]))


def note_submission(line: Mapping[str, Any]) -> None:
    """Note a call in the transaction that submits it: it is there if and only if that commits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO drill_submission (key, line) VALUES (%s, %s)",
            [line["key"], json.dumps(line)],
        )


def write_effect(job: str, key: str) -> None:
    """What a job of the drill does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO drill_effect (job, key, at) VALUES (%s, %s, %s)", [job, key, time.time()]
        )


def submissions() -> list[dict[str, Any]]:
    """The lines of all calls that were committed."""
    return [json.loads(line) for (line,) in _rows("SELECT line FROM drill_submission")]


def effects() -> list[Effect]:
    """Everything that jobs have done, in the order of the writes."""
    rows = _rows("SELECT number, job, key, at FROM drill_effect ORDER BY number")
    return [Effect(number, job, key, at, _tick(key)) for number, job, key, at in rows]


def ticks() -> dict[str, float]:
    """The tick of each job that has run for one, as its row said then."""
    rows = _rows("SELECT job, key FROM drill_effect WHERE key LIKE 'drill.tick@%'")
    return {job: tick for job, key in rows if (tick := _tick(key)) is not None}


def _tick(key: str) -> float | None:
    _, at, tick = key.partition("@")
    return datetime.fromisoformat(tick).timestamp() if at and tick else None


def counts() -> tuple[int, int]:
    """How many calls were committed, and how many jobs have had an effect."""
    (submitted,) = _rows("SELECT count(*) FROM drill_submission")[0]
    (run,) = _rows("SELECT count(DISTINCT job) FROM drill_effect")[0]
    return submitted, run


def jobs_with_effect() -> set[str]:
    """The ids of the jobs that have done what they are for."""
    return {job for (job,) in _rows("SELECT DISTINCT job FROM drill_effect")}


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
