"""Messages with a value of a kind that nobody expects there are refused.

Celery takes such a message apart in the worker's event loop, and one that it stumbles over ends the
worker. Most of a message of our own was checked when it was submitted; whether it is one, only its
sender says.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from celery.exceptions import InvalidTaskError

from jobs.engine.broker.message import moment

_LONGEST_ID = 255
_MOST_RETRIES = 1_000_000


def vet_foreign(headers: Mapping[str, Any], body: Any) -> None:
    """Look at what `vet` does not, of a message of protocol 2; `body` is decoded.

    Raises:
        celery.exceptions.InvalidTaskError: as `vet`.
    """
    for name, (is_fine, kind) in _HEADERS.items():
        if (value := headers.get(name)) is not None and not is_fine(value):
            raise InvalidTaskError(f"The message's {name} {value!r:.100} is no {kind}.")
    _vet_body(body)


def vet(headers: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
    """Look at what the ledger and the pool cannot do without, of any message.

    Raises:
        celery.exceptions.InvalidTaskError: it says what is odd; the consumer makes a failed row.
    """
    id, priority = headers.get("id"), properties.get("priority")
    if not is_id(id):
        raise InvalidTaskError(f"The message's id {id!r} is no text of 1 to 255 characters.")
    if not isinstance(priority, int | None):
        raise InvalidTaskError(f"The message's priority {priority!r} is no number.")
    # A caller of ours may have given odd ones, too.
    if (limits := headers.get("timelimit")) is not None and not _are_limits(limits):
        raise InvalidTaskError(f"The message's time limits {limits!r:.100} are no pair of seconds.")


def _vet_body(body: Any) -> None:
    if not isinstance(body, list | tuple) or len(body) != 3:
        raise InvalidTaskError("The message's body is no list of arguments, by name and callbacks.")
    args, kwargs, embed = body
    if not isinstance(args, list | tuple):
        raise InvalidTaskError(f"The message's arguments {args!r:.100} are no list.")
    if not isinstance(kwargs, Mapping):
        raise InvalidTaskError(f"The message's arguments by name {kwargs!r:.100} are no mapping.")
    if not isinstance(embed, Mapping | None):
        raise InvalidTaskError(f"The message's callbacks {embed!r:.100} are no mapping.")
    for name in ("callbacks", "errbacks", "chain"):
        if not _are_signatures((embed or {}).get(name) or []):
            raise InvalidTaskError(f"The message's {name} are no list of signatures.")
    if not _is_signature((embed or {}).get("chord") or {"task": "", "args": [], "kwargs": {}}):
        raise InvalidTaskError("The message's chord is no signature.")


def _are_signatures(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_signature, value))


def _is_signature(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("task"), str)


def is_id(value: Any) -> TypeGuard[str]:
    """Whether a row can have it for its id."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_ID


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST_RETRIES


def _is_count(value: Any) -> bool:
    return _is_whole(value) and value >= 0


def _is_time(value: Any) -> bool:
    try:
        moment(value)
    except (TypeError, ValueError):
        return False
    return isinstance(value, str)


def _are_limits(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) in (0, 2)
        and all(limit is None or _is_seconds(limit) for limit in value)
    )


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


_HEADERS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "retries": (_is_count, "number of attempts"),
    "max_attempts": (lambda value: _is_count(value) and value > 0, "number of attempts"),
    "eta": (lambda value: value == "" or _is_time(value), "time"),
    "expires": (lambda value: value == "" or _is_time(value), "time"),
    "group_index": (_is_whole, "number"),
    "replaced_task_nesting": (_is_whole, "number"),
    "ignore_result": (lambda value: isinstance(value, bool), "yes or no"),
    "stamps": (lambda value: isinstance(value, Mapping), "mapping"),
    "stamped_headers": (
        lambda value: isinstance(value, list) and all(map(_is_text, value)),
        "list of names",
    ),
    **dict.fromkeys(("group", "parent_id", "root_id"), (_is_reference, "id")),
    **dict.fromkeys(("lane", "batch"), (_is_reference, "name")),
    **dict.fromkeys(("shadow", "origin", "argsrepr", "kwargsrepr"), (_is_text, "text")),
}
