"""Lanes: order and limits are one thing. And pauses."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Lane(models.Model):
    """A key that lets `width` of its jobs be on their way at a time, first come, first served.

    Width 1 is strict order; width n is a global limit. What a job asks for when it is submitted
    makes the row; from then on the row decides, so that a change of it is live and lasts.
    """

    key = models.CharField(primary_key=True, max_length=200)
    width = models.PositiveIntegerField(default=1)
    #: At most `rate_count` starts in `rate_seconds`, evenly spaced; null is without a limit.
    rate_count = models.PositiveIntegerField(null=True, blank=True)
    rate_seconds = models.FloatField(null=True, blank=True)
    #: When the rate allows the next start.
    next_start_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    #: When it was last known to be in use: as it was made, or as cleanup found it later. Cleanup
    #: looks at it again a retention after that.
    used_at = models.DateTimeField(db_default=Now())
    #: Who changed it last, and when; empty is as its first job made it.
    changed_by = models.CharField(max_length=150, default="", db_default="", blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="lane_lets_one_through", condition=Q(width__gte=1)),
            # IS NOT NULL in words: a condition that comes out as NULL is taken for a true one.
            models.CheckConstraint(
                name="lane_rate_is_whole",
                condition=Q(rate_count__isnull=True, rate_seconds__isnull=True)
                | Q(
                    rate_count__isnull=False,
                    rate_count__gte=1,
                    rate_seconds__isnull=False,
                    rate_seconds__gt=0,
                ),
                violation_error_message="A rate is a number of starts in a number of seconds: "
                "give both, or neither.",
            ),
        ]
        indexes = [
            # operations.cleanup: what nobody has changed, and has long not been looked at.
            models.Index(
                name="lane_unchanged", fields=["used_at"], condition=Q(changed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Pause(models.Model):
    """A queue, a task or a lane whose jobs do not start for now."""

    class Kind(models.TextChoices):
        QUEUE = "queue", "queue"
        TASK = "task", "task"
        LANE = "lane", "lane"

    kind = models.CharField(max_length=5, choices=Kind.choices)
    value = models.CharField(max_length=255)
    paused_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=500, default="", blank=True)
    created_at = models.DateTimeField()
    #: When it ends by itself; null is until somebody resumes.
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="pause_once", fields=["kind", "value"]),
            models.CheckConstraint(
                name="pause_kind_known", condition=Q(kind__in=("queue", "task", "lane"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value} paused by {self.paused_by}"
