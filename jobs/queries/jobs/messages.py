"""The arguments and the result of a job, as text for people."""

import json
from dataclasses import dataclass
from typing import Any

from jobs.models import Job

#: More than this is cut on a page.
_MOST_CHARACTERS = 20_000
_SHORT = 60


@dataclass(frozen=True, slots=True)
class Shown:
    """A value written out, and whether its end is missing."""

    text: str
    cut: bool = False


def arguments(job: Job) -> tuple[Shown | None, Shown | None]:
    """The positional and the named arguments of the call; None where there are none."""
    try:
        args, kwargs, *_ = json.loads(json.loads(job.message)["body"])
    except (ValueError, TypeError, KeyError):
        return Shown("This message cannot be read.", cut=False), None
    return (
        _written(args) if args else None,
        _written(kwargs) if kwargs else None,
    )


def result(job: Job) -> Shown | None:
    """What the task returned; None if it returned nothing."""
    return written_result(job.result)


def written_result(text: str) -> Shown | None:
    """What the row keeps as a result, which may be cut; None for nothing."""
    if text in ("", "null"):
        return None
    try:
        return _written(json.loads(text))
    except ValueError:
        return _cut(text)


def _written(value: Any) -> Shown:
    """On one line if that is short."""
    plain = _plain(value)
    line = json.dumps(plain, ensure_ascii=False)
    short = len(line) <= _SHORT
    return Shown(line) if short else _cut(json.dumps(plain, indent=2, ensure_ascii=False))


def _cut(text: str) -> Shown:
    return Shown(text[:_MOST_CHARACTERS], cut=len(text) > _MOST_CHARACTERS)


def _plain(value: Any) -> Any:
    """Without kombu's wrapping: a date is shown as it is written, not as what it was made of."""
    if isinstance(value, dict):
        if value.keys() == {"__type__", "__value__"}:
            return _plain(value["__value__"])
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
