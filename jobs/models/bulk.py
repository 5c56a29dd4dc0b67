"""Bulk actions: retry, cancel or delete all jobs that match a filter, bit by bit."""

from django.db import models
from django.db.models import Q


class BulkAction(models.Model):
    """What somebody wants done with all jobs of a filter, and how far it is.

    The dispatcher walks over the jobs by age and moves the cursor in the transaction that acts on
    them: a crash repeats nothing and leaves nothing out.
    """

    class Verb(models.TextChoices):
        RETRY = "retry", "retry"
        CANCEL = "cancel", "cancel"
        DELETE = "delete", "delete"

    #: A UUIDv7 as text, as ids of jobs are.
    id = models.CharField(primary_key=True, max_length=36)
    verb = models.CharField(max_length=6, choices=Verb.choices)
    #: jobs.queries.jobs.JobFilter as JSON.
    wanted = models.JSONField(default=dict, blank=True)
    asked_by = models.CharField(max_length=150, default="", blank=True)
    #: Jobs that were submitted later are none of its business: so it ends.
    asked_at = models.DateTimeField()
    #: How many jobs it was about when it was asked for.
    expected = models.PositiveIntegerField(default=0)
    #: Where it is: everything up to the job of this age and id is done.
    cursor_at = models.DateTimeField(null=True, blank=True)
    cursor_id = models.CharField(max_length=255, default="", blank=True)
    #: Jobs that matched when their turn came, and those of them that it has changed.
    matched = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    #: Somebody stopped it before its end.
    aborted_by = models.CharField(max_length=150, default="", blank=True)
    #: What stopped it before its end.
    error = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="bulk_verb_known", condition=Q(verb__in=("retry", "cancel", "delete"))
            ),
            models.CheckConstraint(
                name="bulk_done_of_matched", condition=Q(done__lte=models.F("matched"))
            ),
            models.CheckConstraint(
                name="bulk_stopped_is_finished",
                condition=Q(aborted_by="", error="") | Q(finished_at__isnull=False),
            ),
        ]
        indexes = [
            # operations.bulk.under_way: what the dispatcher works on.
            models.Index(
                name="bulk_under_way", fields=["asked_at"], condition=Q(finished_at__isnull=True)
            ),
            # queries.bulk: the page, newest first.
            models.Index(name="bulk_newest", fields=["-asked_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.verb} by {self.asked_by or 'code'}: {self.done} of {self.expected}"

    @property
    def skipped(self) -> int:
        """Jobs that matched and that it could not change."""
        return self.matched - self.done

    @property
    def state(self) -> str:
        """In a word."""
        if self.finished_at is None:
            return "running"
        return "stopped" if self.aborted_by else "failed" if self.error else "finished"
