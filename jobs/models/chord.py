"""A chord: a group of jobs whose end submits one more."""

from django.db import models
from django.db.models import Q


class Chord(models.Model):
    """Counts the jobs of a group that ended; the one who ends the last submits the body."""

    #: Celery's group id.
    id = models.CharField(primary_key=True, max_length=255)
    #: How many jobs belong to it; Celery tells once all of them are submitted.
    size = models.PositiveIntegerField(null=True, blank=True)
    ended = models.PositiveIntegerField(default=0)
    #: The header's results as Celery's tuple, and the body's signature: JSON text.
    header = models.TextField()
    body = models.TextField()
    created_at = models.DateTimeField()
    #: Set by the one process that submits the body.
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="chord_finished_once_all_ended",
                condition=Q(finished_at__isnull=True)
                | Q(size__isnull=False, ended__gte=models.F("size")),
            ),
        ]
        indexes = [
            # operations.cleanup: what was over long ago.
            models.Index(
                name="chord_finished",
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"chord {self.id}: {self.ended} of {self.size or '?'} ended"
