"""What came through a queue and was no message, counted: of most there is nothing more to keep."""

from django.db import models


class Garbage(models.Model):
    """Unreadable items of one queue, since the table is there."""

    queue = models.CharField(primary_key=True, max_length=255)
    number = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()
    #: Why the last one could not be read.
    last_error = models.CharField(max_length=500, default="", blank=True)

    def __str__(self) -> str:
        return f"{self.number} in {self.queue}"
