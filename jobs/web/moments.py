"""A moment in an address: where a list goes on."""

from datetime import datetime

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime


def moment(query: QueryDict) -> datetime | None:
    """The moment `before`; None if there is none that can be read."""
    try:
        found = parse_datetime(query.get("before", ""))
    except ValueError:
        return None
    return found if found and timezone.is_aware(found) else None
