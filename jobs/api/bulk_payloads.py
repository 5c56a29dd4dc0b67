"""What may stand in the request for a bulk action."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs.api.payloads import typed
from jobs.api.values import invalid, printable, require_keys
from jobs.models import BulkAction
from jobs.queries.jobs import JobFilter
from jobs.states import State

KEYS = frozenset({"verb", "filter", "all"})
FILTER_KEYS = frozenset(field.name for field in fields(JobFilter))


@dataclass(frozen=True, slots=True)
class NewBulkAction:
    """A bulk action as a program asks for it."""

    verb: str
    wanted: JobFilter


def new_bulk_action(data: Mapping[str, Any]) -> NewBulkAction:
    """Check the body of POST /api/bulk-actions. Raises ApiError."""
    require_keys(data, set(KEYS))
    verb = data.get("verb")
    if not isinstance(verb, str) or verb not in BulkAction.Verb.values:
        raise invalid("verb", f"one of {', '.join(BulkAction.Verb.values)}")
    wanted = _filter(typed(data.get("filter", {}), "filter", dict, "an object"))
    everything = typed(data.get("all", False), "all", bool, "true or false")
    if (wanted == JobFilter()) != everything:
        raise invalid("filter", 'what narrows the jobs; or say "all": true for every job there is')
    return NewBulkAction(verb, wanted)


def _filter(data: Mapping[str, Any]) -> JobFilter:
    require_keys(data, set(FILTER_KEYS))
    found: dict[str, Any] = {}
    for name, value in data.items():
        if value is None:
            continue
        if name == "state":
            found[name] = _state(value)
        elif name in ("since", "until"):
            found[name] = _moment(name, value)
        else:
            found[name] = printable(value, name, 255)
    return JobFilter(**found)


def _state(value: object) -> State:
    if not isinstance(value, str) or value not in list(State):
        raise invalid("state", f"one of {', '.join(State)}")
    return State(value)


def _moment(name: str, value: object) -> datetime:
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or timezone.is_naive(found):
        raise invalid(name, "a moment with its zone, as in 2031-05-06T07:08:09Z")
    return found
