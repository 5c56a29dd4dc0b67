"""Submit: write the rows of new jobs, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from jobs.models import Job
from jobs.models.job import DEFAULT_PRIORITY
from jobs.operations.statements import as_json, marks_of, source_of
from jobs.states import State, WaitingFor


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A job that is about to be written: what the submitter said, checked."""

    id: str
    task: str
    queue: str
    message: str
    priority: int = DEFAULT_PRIORITY
    run_at: datetime | None = None
    expires_at: datetime | None = None
    max_attempts: int | None = None
    parent: str = ""
    root: str = ""
    group: str = ""
    chord: str = ""
    schedule: str = ""
    tick: datetime | None = None
    requested_by: str = ""
    batch: str = ""
    lane: str = ""
    unique_key: str = ""
    unique_scope: str = ""
    unique_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """What the publisher needs of a job that is queued."""

    id: str
    queue: str
    priority: int
    message: str
    published_at: datetime | None


#: Written by hand, because it is the price of every `.delay()`: with the ORM's bulk_create it took
#: four round trips instead of one, and half a millisecond more of Python.
_GIVEN = (
    *("id", "task", "queue", "priority", "state", "waiting_for", "message", "run_at"),
    *("expires_at", "max_attempts", "created_at", "published_at", "parent", "root"),
    *("group", "chord", "schedule", "tick", "requested_by", "batch_id"),
    *("lane", "unique_key", "unique_scope", "unique_until"),
)
_AT_FIRST = {
    "attempt": "0",
    "crashes": "0",
    "worker": "''",
    "result": "''",
    "error_type": "''",
    "error_message": "''",
    "error_fingerprint": "''",
    "progress_message": "''",
    "in_turn": "FALSE",
}
_COLUMNS = ", ".join(f'"{name}"' for name in (*_GIVEN, *_AT_FIRST))
#: What is no text, for `statements.source_of`.
_KINDS = {"priority": "int", "max_attempts": "int"} | dict.fromkeys(
    ("run_at", "expires_at", "created_at", "published_at", "tick", "unique_until"), "time"
)
_TYPED = {name: _KINDS.get(name, "text") for name in _GIVEN}
_SELECTED = ", ".join([*(f'v."{name}"' for name in _GIVEN), *_AT_FIRST.values()])
_MARKS = [*(["%s"] * len(_GIVEN)), *_AT_FIRST.values()]
_CHUNK = 500


def submit(drafts: Sequence[Draft], *, now: datetime) -> list[Ready]:
    """Write `drafts` as jobs and return those that are ready to be published.

    An id that exists already is left as it is: a chain step that is submitted twice, because the
    step before it ran twice, is one job. The same holds for a tick of a schedule, and for a unique
    key: `operations.unique.holders` tells which job has it. Jobs of a lane wait for their turn:
    `operations.lanes.admit`, after the commit.
    """
    if len(drafts) <= _CHUNK:
        written = _insert(drafts, now)
    else:
        with transaction.atomic():
            chunks = range(0, len(drafts), _CHUNK)
            written = sum(_insert(drafts[start : start + _CHUNK], now) for start in chunks)
    if written < len(drafts):
        take_over(drafts, now=now)
    return [
        Ready(d.id, d.queue, d.priority, d.message, now)
        for d in drafts
        if _first_state(d, now) == (State.QUEUED, WaitingFor.NOTHING)
    ]


def take_over(drafts: Sequence[Draft], *, now: datetime) -> None:
    """Give their messages to jobs of the same ids that wait for just this.

    A job that has replaced itself by a chain or a chord is carried on by the last step of it.
    """
    waiting = Job.objects.filter(state=State.SCHEDULED, waiting_for=WaitingFor.SUCCESSOR)
    for draft in drafts:
        waiting.filter(id=draft.id).update(
            state=State.QUEUED,
            waiting_for="",
            task=draft.task,
            queue=draft.queue,
            priority=draft.priority,
            message=draft.message,
            max_attempts=draft.max_attempts,
            published_at=now,
        )


def have_ticked(drafts: Sequence[Draft]) -> bool:
    """Whether a tick of these has its job already, which another beat has made."""
    ticks = [Q(schedule=draft.schedule, tick=draft.tick) for draft in drafts if draft.tick]
    return any(Job.objects.filter(tick).exists() for tick in ticks)


def _insert(drafts: Sequence[Draft], now: datetime) -> int:
    """Insert; returns how many rows are new."""
    if not drafts:
        return 0
    rows = [_values(draft, now) for draft in drafts]
    if as_json(len(rows)):
        source, values = source_of(_TYPED, rows)
        new = f"SELECT {_SELECTED} FROM ({source}) AS v"  # noqa: S608 - names are ours
    else:  # the price of a single `.delay()`: half of what the detour over a SELECT costs
        marks, values = marks_of(rows, _MARKS)
        new = f"VALUES {marks}"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO jobs_job ({_COLUMNS}) {new} ON CONFLICT DO NOTHING", values)
        return int(cursor.rowcount)


def _first_state(draft: Draft, now: datetime) -> tuple[State, WaitingFor]:
    if draft.run_at is not None and draft.run_at > now:
        return State.SCHEDULED, WaitingFor.TIME
    if draft.lane:
        return State.SCHEDULED, WaitingFor.LANE
    return State.QUEUED, WaitingFor.NOTHING


def _values(draft: Draft, now: datetime) -> tuple[Any, ...]:
    state, waiting_for = _first_state(draft, now)
    return (
        draft.id,
        draft.task,
        draft.queue,
        draft.priority,
        state.value,
        waiting_for.value,
        draft.message,
        draft.run_at or now,
        draft.expires_at,
        draft.max_attempts,
        now,
        now if state == State.QUEUED else None,
        draft.parent,
        draft.root,
        draft.group,
        draft.chord,
        draft.schedule,
        draft.tick,
        draft.requested_by,
        draft.batch or None,
        draft.lane,
        draft.unique_key,
        draft.unique_scope,
        draft.unique_until,
    )
