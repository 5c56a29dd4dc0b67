"""The processes that are alive, and the leases by which one of them acts for all."""

from datetime import datetime
from typing import Self

from django.db import models


class NodeQuerySet(models.QuerySet["Node"]):
    """The words for processes."""

    def workers(self) -> Self:
        return self.filter(kind=Node.Kind.WORKER)

    def beats(self) -> Self:
        return self.filter(kind=Node.Kind.BEAT)

    def seen_since(self, moment: datetime) -> Self:
        return self.filter(seen_at__gte=moment)

    def silent_since(self, moment: datetime) -> Self:
        return self.filter(seen_at__lt=moment)


class Node(models.Model):
    """A worker or beat process: one heartbeat row each, never one per job."""

    class Kind(models.TextChoices):
        WORKER = "worker", "worker"
        BEAT = "beat", "beat"

    #: New for every start of a process: the fence of what it writes.
    id = models.CharField(primary_key=True, max_length=100)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    #: Celery's node name, as `celery inspect` shows it.
    name = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    pool = models.CharField(max_length=40, default="", blank=True)
    concurrency = models.PositiveIntegerField(default=0)
    queues = models.CharField(max_length=1000, default="", blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)  # operations.rescue, healthz
    #: Set by a stop in progress: it takes no more jobs.
    stopping_at = models.DateTimeField(null=True, blank=True)
    #: It is alive and takes no jobs, since then (jobs.engine.worker.watch).
    deaf_since = models.DateTimeField(null=True, blank=True)
    #: By how many seconds its host's clock is ahead of the database's (or behind, below 0), if that
    #: is more than it may be (jobs.engine.worker.clock).
    clock_ahead = models.FloatField(null=True, blank=True)

    objects = NodeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Lease(models.Model):
    """A right that one process holds at a time, until it runs out."""

    name = models.CharField(primary_key=True, max_length=50)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} held by {self.holder}"
