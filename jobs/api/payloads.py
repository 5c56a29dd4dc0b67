"""What may stand in a request: every key, its type and its range."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from celery import current_app

from jobs.api.turn_payloads import KEYS as TURN
from jobs.api.turn_payloads import turn
from jobs.api.values import invalid, require_keys
from jobs.queries.health import worker_queues

TEN_YEARS = 10 * 365 * 86_400
QUEUE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job as a program asks for it."""

    task: str
    args: list[Any]
    kwargs: dict[str, Any]
    countdown: float | None
    queue: str | None
    priority: int | None
    #: Lane and uniqueness: jobs.engine.submit.turn_options.
    turn: dict[str, Any]


def new_job(data: Mapping[str, Any]) -> NewJob:
    """Check the body of POST /api/jobs. Raises ApiError."""
    require_keys(data, {"task", "args", "kwargs", "countdown", "queue", "priority", *TURN})
    return NewJob(
        task=text(data, "task", 255),
        args=typed(data.get("args", []), "args", list, "a list"),
        kwargs=typed(data.get("kwargs", {}), "kwargs", dict, "an object"),
        countdown=_countdown(data.get("countdown")),
        queue=queue(data.get("queue")),
        priority=priority(data.get("priority")),
        turn=turn(data),
    )


def page_url(data: Mapping[str, Any]) -> str:
    """Check the body of POST /index. Raises ApiError."""
    require_keys(data, {"url"})
    return text(data, "url", 8_000)


def text(data: Mapping[str, Any], name: str, most: int) -> str:
    """A text that must be there. Raises ApiError."""
    value = data.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise invalid(name, f"a text of 1 to {most:,} characters")
    return value


def typed(value: object, name: str, kind: type[Value], words: str) -> Value:
    """A value of a kind. Raises ApiError."""
    if not isinstance(value, kind):
        raise invalid(name, words)
    return value


def _countdown(value: object) -> float | None:
    if value is None:
        return None
    # bool is an int in Python, and 1e999 is read as infinity: both end here.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= TEN_YEARS:
        raise invalid("countdown", f"seconds from 0 to {TEN_YEARS:,} (ten years)")
    return float(value)


def priority(value: object) -> int | None:
    """0 to 9. Raises ApiError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 9:
        raise invalid("priority", "a whole number from 0 to 9, where 9 goes first")
    return value


def queue(value: object) -> str | None:
    """A queue that somebody works on. Raises ApiError."""
    if value is None:
        return None
    if not isinstance(value, str) or not QUEUE_NAME.fullmatch(value):
        raise invalid("queue", "the name of a queue: letters, digits, and . _ -")
    known = _known_queues()
    if value not in known:
        raise invalid("queue", f"a queue that somebody works on: {', '.join(sorted(known))}")
    return value


def _known_queues() -> set[str]:
    """Configured, asked for by a task, or listened to: a job elsewhere would wait for ever."""
    named = {task.queue for task in current_app.tasks.values() if getattr(task, "queue", None)}
    return {current_app.conf.task_default_queue, *current_app.amqp.queues} | named | worker_queues()
