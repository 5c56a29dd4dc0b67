"""What may stand in the request for a pause."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs.api.errors import ApiError
from jobs.api.values import invalid, printable, require_keys
from jobs.models import Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPause:
    """A pause as a program asks for it."""

    kind: str
    value: str
    reason: str
    until: datetime | None


def new_pause(data: Mapping[str, Any], now: datetime) -> NewPause:
    """Check the body of POST /api/pauses. Raises ApiError."""
    require_keys(data, {"kind", "value", "reason", "until"})
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in Pause.Kind.values:
        raise invalid("kind", "queue, task or lane")
    reason = data.get("reason")
    return NewPause(
        kind=kind,
        value=printable(data.get("value"), "value", 255),
        reason="" if reason in (None, "") else printable(reason, "reason", 500),
        until=_until(data.get("until"), now),
    )


def _until(value: object, now: datetime) -> datetime | None:
    if value is None:
        return None
    try:
        until = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:  # it looks like a moment, but there is none such
        until = None
    if until is None or timezone.is_naive(until) or not _comes(until, now):
        raise _no_moment()
    return until


def _comes(until: datetime, now: datetime) -> bool:
    try:
        return until > now and until.astimezone(now.tzinfo) > now
    except OverflowError:  # the last moments of the year 9999, elsewhere
        return False


def _no_moment() -> ApiError:
    return invalid("until", "a moment to come, with its zone, as in 2031-05-06T07:08:09Z")
