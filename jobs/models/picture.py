"""Uploaded pictures and what was made of them."""

from uuid import uuid4

from django.db import models
from django.db.models import Q


class Picture(models.Model):
    """An upload, as it came."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    #: The file's name on the uploader's machine: shown, never used as a path.
    name = models.CharField(max_length=255)
    file = models.FileField(upload_to="pictures/originals", max_length=255)
    content_type = models.CharField(max_length=50)
    bytes = models.PositiveBigIntegerField()
    #: Known once a worker has read the header.
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    uploaded_by = models.CharField(max_length=150, default="", blank=True)
    created_at = models.DateTimeField(db_index=True)  # queries.pictures: newest first
    #: The job that resizes it (jobs.models.Job.id); queries.pictures looks it up by that.
    job = models.CharField(max_length=255, default="", blank=True, db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="picture_is_not_empty", condition=Q(bytes__gt=0)),
        ]

    def __str__(self) -> str:
        return self.name


class Rendition(models.Model):
    """A picture in one size."""

    picture = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="renditions")
    #: The size that was asked for, "640x480"; the picture fits inside it.
    size = models.CharField(max_length=11)
    file = models.FileField(upload_to="pictures/renditions", max_length=255)
    content_type = models.CharField(max_length=50)
    bytes = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["picture", "id"]
        constraints = [
            # A job that runs twice replaces, it never doubles (operations.pictures).
            models.UniqueConstraint(name="rendition_one_per_size", fields=["picture", "size"]),
        ]

    def __str__(self) -> str:
        return f"{self.picture_id} {self.size}"
