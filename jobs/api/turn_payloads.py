"""Order, limits and uniqueness, as a program asks for them: submit.turn_options in JSON."""

import re
from collections.abc import Mapping
from typing import Any

from celery import current_app

from jobs.api.values import invalid, printable, require_keys
from jobs.engine.submit.turn_options import rate_of

#: What each of these is worth nothing without.
_NEEDS = {
    "lane_width": "lane",
    "lane_rate": "lane",
    "unique_for": "unique",
    "on_conflict": "unique",
}
KEYS = frozenset({*_NEEDS, *_NEEDS.values(), "idempotency_key"})

_WIDEST = 10_000
_RATE = re.compile(r"[1-9][0-9]{0,5}/[smh]")
_LONGEST_SECONDS = 10 * 365 * 86_400


def turn(data: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the call that `data` asks for. Raises ApiError."""
    asked = {key: data[key] for key in sorted(KEYS) if data.get(key) is not None}
    for key, value in asked.items():
        _CHECKS[key](key, value)
    for key, other in _NEEDS.items():
        if key in asked and other not in asked and not _has_by_itself(data.get("task"), other):
            raise invalid(key, f"together with {other}")
    if "unique" in asked and "idempotency_key" in asked:
        raise invalid("idempotency_key", "alone: a job has one key, and this one is unique already")
    return asked


def limits(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the body of PATCH /api/lanes/KEY changes; a rate of null is none. Raises ApiError."""
    require_keys(data, {"width", "rate"})
    if not data:
        raise invalid("width", "given, or rate: there is nothing to change")
    changes = dict(data)
    if "width" in data:
        _width("width", data["width"])
    if "rate" in data and data["rate"] is not None:
        _rate("rate", data["rate"])
        changes["rate"] = rate_of(data["rate"])
    return changes


def of_caller(asked: Mapping[str, Any], by: str) -> dict[str, Any]:
    """The same, with an idempotency key that no other caller has."""
    key = asked.get("idempotency_key")
    return dict(asked) | ({"idempotency_key": f"{by}/{key}"} if key else {})


def _has_by_itself(name: object, option: str) -> bool:
    """Whether the task asks for it in all its calls."""
    task = current_app.tasks.get(name) if isinstance(name, str) else None
    return bool(getattr(task, option, None))


def _key(name: str, value: object) -> None:
    printable(value, name, 200)


def _width(name: str, value: object) -> None:
    # bool is an int in Python.
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _WIDEST:
        raise invalid(name, f"a whole number from 1 to {_WIDEST:,}")


def _rate(name: str, value: object) -> None:
    if not isinstance(value, str) or not _RATE.fullmatch(value):
        raise invalid(name, 'a number of starts per second, minute or hour, as in "10/s", "5/h"')


def _unique(name: str, value: object) -> None:
    if not isinstance(value, bool):
        _key(name, value)


def _unique_for(name: str, value: object) -> None:
    if value in ("waiting", "unfinished"):
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value <= _LONGEST_SECONDS:  # type: ignore[operator]  # a number
        raise invalid(name, '"waiting", "unfinished" or a number of seconds (up to ten years)')


def _on_conflict(name: str, value: object) -> None:
    if value not in ("first", "replace"):
        raise invalid(name, '"first" or "replace"')


_CHECKS = {
    "lane": _key,
    "lane_width": _width,
    "lane_rate": _rate,
    "unique": _unique,
    "unique_for": _unique_for,
    "on_conflict": _on_conflict,
    "idempotency_key": _key,
}
