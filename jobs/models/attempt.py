"""What is kept of attempts: one row for each that did not succeed, and the log of all."""

from django.db import models
from django.db.models import Q

from jobs.models.job import Job


class Attempt(models.Model):
    """An attempt that did not succeed. A success lives on the job row alone."""

    class Outcome(models.TextChoices):
        FAILED = "failed", "failed"
        RETRIED = "retried", "failed, to be retried"
        TIMED_OUT = "timed_out", "ran into its time limit"
        CRASHED = "crashed", "its worker died"
        INTERRUPTED = "interrupted", "interrupted by a stop of its worker"
        CANCELLED = "cancelled", "cancelled while it ran"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=11, choices=Outcome.choices)
    worker = models.CharField(max_length=100, default="", blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField()
    error_type = models.CharField(max_length=255, default="", blank=True)
    error_message = models.TextField(default="", blank=True)
    traceback = models.TextField(default="", blank=True)
    #: Why another attempt came after it, or none, in a sentence.
    verdict = models.CharField(max_length=500, default="", blank=True)

    class Meta:
        ordering = ["job", "number", "id"]
        constraints = [
            models.CheckConstraint(name="attempt_counts_from_1", condition=Q(number__gte=1)),
            models.CheckConstraint(
                name="attempt_outcome_known",
                condition=Q(
                    outcome__in=(
                        "failed",
                        "retried",
                        "timed_out",
                        "crashed",
                        "interrupted",
                        "cancelled",
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.job_id}: {self.outcome}"


class LogLine(models.Model):
    """A line that a job wrote while it ran."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="log_lines")
    attempt = models.PositiveIntegerField()
    #: When that attempt began. An interrupted one and a snooze give their number to the next.
    started_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()
    level = models.CharField(max_length=8)
    text = models.TextField()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text
