"""How many can work at a time: the children of all workers that live."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Sum

from jobs.models import Node

#: What is assumed while no worker is up.
UNKNOWN = 4


def hands(now: datetime) -> int:
    """The jobs that all workers together can run at a time."""
    since = now - timedelta(seconds=settings.HACHI_LEASE_SECONDS)
    alive = Node.objects.workers().seen_since(since).filter(stopping_at=None)
    return alive.aggregate(found=Sum("concurrency"))["found"] or UNKNOWN
