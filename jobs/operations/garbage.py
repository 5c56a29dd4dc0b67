"""Count what came through a queue and could not be read."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from jobs.models import Garbage
from jobs.operations.conclude import clean


@transaction.atomic
def count_garbage(queue: str, number: int, *, error: str, now: datetime) -> None:
    """Add `number` items to those of `queue`; `error` says why the last could not be read."""
    name = clean(queue)[:255]
    Garbage.objects.bulk_create([Garbage(queue=name, last_at=now)], ignore_conflicts=True)
    Garbage.objects.filter(queue=name).update(
        number=F("number") + number, last_at=now, last_error=clean(error)[:500]
    )
