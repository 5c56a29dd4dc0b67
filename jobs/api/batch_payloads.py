"""What may stand in requests about batches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.api.payloads import priority, queue, text, typed
from jobs.api.turn_payloads import turn
from jobs.api.values import invalid, printable, require_keys
from jobs.engine.actions.batch_actions import Callback, Members

EVENTS = ("finish", "success", "failure")
_LANE = frozenset({"lane", "lane_width", "lane_rate"})
MEMBER_KEYS = frozenset({"task", "inputs", "queue", "priority", *_LANE})
BATCH_KEYS = MEMBER_KEYS | {
    "name",
    "open",
    "idempotency_key",
    *(f"on_{event}" for event in EVENTS),
}
CALLBACK_KEYS = frozenset({"task", "args", "kwargs", "immutable"})
MOST_INPUTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A batch as a program asks for it."""

    members: Members | None
    name: str
    open: bool
    idempotency_key: str
    callbacks: dict[str, Callback]


def new_batch(data: Mapping[str, Any]) -> NewBatch:
    """Check the body of POST /api/batches. Raises ApiError."""
    require_keys(data, set(BATCH_KEYS))
    stays_open = _boolean(data, "open")
    if "task" not in data and not stays_open:
        raise invalid("task", "given, unless the batch is to stay open")
    return NewBatch(
        members=_members(data) if "task" in data else None,
        name=printable(data["name"], "name", 200) if data.get("name") is not None else "",
        open=stays_open,
        idempotency_key=_key(data),
        callbacks={
            event: _callback(f"on_{event}", data[f"on_{event}"])
            for event in EVENTS
            if data.get(f"on_{event}") is not None
        },
    )


def new_members(data: Mapping[str, Any]) -> Members:
    """Check the body of POST /api/batches/ID/jobs. Raises ApiError."""
    require_keys(data, set(MEMBER_KEYS))
    return _members(data)


def _members(data: Mapping[str, Any]) -> Members:
    inputs = typed(data.get("inputs"), "inputs", list, "a list")
    if not 0 < len(inputs) <= MOST_INPUTS:
        raise invalid("inputs", f"a list of 1 to {MOST_INPUTS:,} inputs")
    asked = {"queue": queue(data.get("queue")), "priority": priority(data.get("priority"))}
    options = {key: value for key, value in asked.items() if value is not None}
    options |= turn({key: data[key] for key in (*_LANE, "task") if key in data})
    return Members(task=text(data, "task", 255), inputs=inputs, options=options)


def _callback(name: str, value: object) -> Callback:
    data = typed(value, name, dict, "an object with a task")
    require_keys(data, set(CALLBACK_KEYS))
    return Callback(
        task=text(data, "task", 255),
        args=typed(data.get("args", []), "args", list, "a list"),
        kwargs=typed(data.get("kwargs", {}), "kwargs", dict, "an object"),
        immutable=_boolean(data, "immutable"),
    )


def _key(data: Mapping[str, Any]) -> str:
    key = data.get("idempotency_key")
    return "" if key is None else printable(key, "idempotency_key", 200)


def _boolean(data: Mapping[str, Any], name: str) -> bool:
    return typed(data.get(name, False), name, bool, "true or false")
