"""A chord: a group of jobs whose end submits one more."""

from django.db import models
from django.db.models import Q


class Chord(models.Model):
    """Counts down as its jobs end; the one who brings it to zero submits the body."""

    #: Celery's group id.
    id = models.CharField(primary_key=True, max_length=255)
    size = models.PositiveIntegerField()
    remaining = models.IntegerField()
    #: The header's results as Celery's tuple, and the body's signature: JSON text.
    header = models.TextField()
    body = models.TextField()
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="chord_counts_down", condition=Q(remaining__gte=0)),
        ]

    def __str__(self) -> str:
        return f"chord {self.id}: {self.remaining} of {self.size} to go"
