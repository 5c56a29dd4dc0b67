"""Batches: jobs that belong together, counted as one, with a job at their end."""

import json
from dataclasses import dataclass

from django.db import models
from django.db.models import Count, Q


@dataclass(frozen=True, slots=True)
class Tally:
    """How many members of a batch are in which state."""

    scheduled: int = 0
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def unfinished(self) -> int:
        return self.scheduled + self.queued + self.running

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed + self.cancelled

    @property
    def total(self) -> int:
        return self.unfinished + self.ended


class Batch(models.Model):
    """A set of jobs (`Job.batch`). It has finished once it is closed and all of them have ended.

    While it runs its counts are counted, over an index; when it finishes they are written here, so
    that they outlive the rows of its jobs. The row is locked by whoever adds a job (shared), and
    by whoever finishes it or opens it again (alone): no job can slip into a finished batch.
    """

    #: A UUIDv7 as text, as ids of jobs are.
    id = models.CharField(primary_key=True, max_length=36)
    name = models.CharField(max_length=200, default="", blank=True)
    #: Who asked: a user, "token:NAME", or empty for code.
    requested_by = models.CharField(max_length=150, default="", blank=True)
    #: A second batch with the same key is answered with the first.
    idempotency_key = models.CharField(max_length=255, default="", blank=True)
    created_at = models.DateTimeField()
    #: From here on only its own members may add to it.
    closed_at = models.DateTimeField(null=True, blank=True)
    #: Its members are being cancelled.
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.CharField(max_length=150, default="", blank=True)
    #: All members have ended. A retry of one of them takes it back.
    finished_at = models.DateTimeField(null=True, blank=True)
    #: What the members came to, written when it finishes.
    succeeded = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    #: Of a batch that was opened again: ended members whose rows were gone by then.
    gone_succeeded = models.PositiveIntegerField(default=0)
    gone_failed = models.PositiveIntegerField(default=0)
    gone_cancelled = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.CheckConstraint(
                name="batch_finished_only_when_closed",
                condition=Q(finished_at__isnull=True) | Q(closed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="batch_cancelled_only_when_closed",
                condition=Q(cancel_requested_at__isnull=True) | Q(closed_at__isnull=False),
            ),
            # operations.batches.open_batch: a second one is answered with the first.
            models.UniqueConstraint(
                name="batch_idempotency_key",
                fields=["idempotency_key"],
                condition=~Q(idempotency_key=""),
            ),
        ]
        indexes = [
            # operations.batches.ended and .cancelling: what the dispatcher looks at each second.
            models.Index(
                name="batch_unfinished",
                fields=["created_at"],
                condition=Q(finished_at__isnull=True),
            ),
            # operations.cleanup: what ended long ago.
            models.Index(
                name="batch_finished",
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
            ),
            # queries.batches: the batches page, newest first.
            models.Index(name="batch_newest", fields=["-created_at", "-id"]),
        ]

    def __str__(self) -> str:
        return self.name or self.id

    def tally(self) -> Tally:
        """Its members by state: as written if it has finished, else counted now."""
        if self.finished_at is not None:
            return Tally(succeeded=self.succeeded, failed=self.failed, cancelled=self.cancelled)
        return self.count()

    def count(self) -> Tally:
        """Its members by state, counted now, with those whose rows are gone."""
        rows = self.jobs.order_by().values_list("state").annotate(number=Count("id"))
        found = dict(rows)
        for state in ("succeeded", "failed", "cancelled"):
            found[state] = found.get(state, 0) + getattr(self, f"gone_{state}")
        return Tally(**found)


class BatchCallback(models.Model):
    """A job that is submitted when a batch ends."""

    class Event(models.TextChoices):
        FINISH = "finish", "all members have ended"
        SUCCESS = "success", "all members have succeeded"
        FAILURE = "failure", "all have ended, and some did not succeed"

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="callbacks")
    event = models.CharField(max_length=7, choices=Event.choices)
    #: Celery's signature as JSON text.
    signature = models.TextField()
    #: Set by the one process that submits it; never twice in the life of a batch.
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="batch_callback_once", fields=["batch", "event"]),
            models.CheckConstraint(
                name="batch_callback_event_known",
                condition=Q(event__in=("finish", "success", "failure")),
            ),
        ]

    def __str__(self) -> str:
        return f"on {self.event} of {self.batch_id}"

    @property
    def task(self) -> str:
        return str(json.loads(self.signature).get("task", ""))

    @property
    def job_id(self) -> str:
        """The id of its job: always the same, so that two dispatchers make one."""
        return f"{self.batch_id}-{self.event}"
