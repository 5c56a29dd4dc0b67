"""Heartbeats of processes, and the lease by which one of them dispatches for all."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction

from jobs.models import Lease, Node


def enroll(node: Node) -> None:
    """Write the row of a process that has just started, or was taken for dead."""
    node.save()


def heartbeat(node_id: str, *, now: datetime) -> bool:
    """Say that a process lives. False if its row is gone: others think that it is dead."""
    return Node.objects.filter(id=node_id).update(seen_at=now) == 1


def stopping(node_id: str, *, now: datetime) -> None:
    """Say that a process takes no more jobs."""
    Node.objects.filter(id=node_id).update(stopping_at=now, seen_at=now)


def note_deaf(node_id: str, *, since: datetime | None) -> None:
    """Say that a process is alive and takes no jobs, or (None) that it takes them again."""
    Node.objects.filter(id=node_id).update(deaf_since=since)


def note_clock(node_id: str, *, ahead: float | None) -> None:
    """Say by how many seconds a process's clock is ahead of the database's; None is well enough."""
    Node.objects.filter(id=node_id).update(clock_ahead=ahead)


def database_time() -> datetime | None:
    """What time it is for the database; None for one that has no clock of its own."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def leave(node_id: str) -> None:
    """Take away the row of a process that ends in order."""
    Node.objects.filter(id=node_id).delete()
    Lease.objects.filter(holder=node_id).delete()


def silent(*, since: datetime) -> Sequence[Node]:
    """Processes that have not been heard of since `since`."""
    return list(Node.objects.silent_since(since))


def take_lease(name: str, *, holder: str, now: datetime, seconds: float) -> bool:
    """Take or renew the lease `name`. True for the one who has it now."""
    until = now + timedelta(seconds=seconds)
    free = Lease.objects.filter(name=name, until__lt=now) | Lease.objects.filter(
        name=name, holder=holder
    )
    if free.update(holder=holder, until=until):
        return True
    if Lease.objects.filter(name=name).exists():
        return False
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, until=until)
    except IntegrityError:  # another process was first
        return False
    return True
